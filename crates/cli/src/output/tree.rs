//! Resource trees, drawn with lines.

use std::collections::{HashMap, HashSet};

use types::ResourceNode;

/// One line of a tree: the drawing with the object's name, and the node.
#[derive(Debug)]
pub struct TreeRow<'a> {
    /// The lines of the tree, then `Kind/name`.
    pub text: String,
    /// The object.
    pub node: &'a ResourceNode,
}

fn identity(kind: &str, group: &str, namespace: &str, name: &str, uid: &str) -> String {
    if uid.is_empty() { format!("{group}/{kind}/{namespace}/{name}") } else { uid.to_owned() }
}

fn id(node: &ResourceNode) -> String {
    let reference = &node.resource_ref;
    identity(&reference.kind, &reference.group, &reference.namespace, &reference.name, &reference.uid)
}

/// The nodes below each other as their parents say; each node once, rings cut.
pub fn tree_lines(nodes: &[ResourceNode]) -> Vec<TreeRow<'_>> {
    let known: HashSet<String> = nodes.iter().map(id).collect();
    let mut children: HashMap<String, Vec<&ResourceNode>> = HashMap::new();
    let mut roots = Vec::new();
    for node in nodes {
        let parent = node
            .parent_refs
            .iter()
            .map(|parent| identity(&parent.kind, &parent.group, &parent.namespace, &parent.name, &parent.uid))
            .find(|parent| known.contains(parent));
        match parent {
            Some(parent) => children.entry(parent).or_default().push(node),
            None => roots.push(node),
        }
    }
    let order = |list: &mut Vec<&ResourceNode>| {
        list.sort_by_key(|node| (node.resource_ref.kind.clone(), node.resource_ref.name.clone()));
    };
    order(&mut roots);
    children.values_mut().for_each(order);
    let mut rows = Vec::new();
    let mut seen = HashSet::new();
    // A stack instead of recursion: depth is whatever the cluster says.
    let mut ahead: Vec<(&ResourceNode, String, &str, &str)> =
        roots.iter().rev().map(|node| (*node, String::new(), "", "")).collect();
    while let Some((node, prefix, branch, below)) = ahead.pop() {
        let key = id(node);
        if !seen.insert(key.clone()) {
            continue;
        }
        let reference = &node.resource_ref;
        rows.push(TreeRow { text: format!("{prefix}{branch}{}/{}", reference.kind, reference.name), node });
        let list = children.get(&key).map(Vec::as_slice).unwrap_or_default();
        for (place, child) in list.iter().enumerate().rev() {
            let is_last = place + 1 == list.len();
            let (branch, next) = if is_last { ("└─", "  ") } else { ("├─", "│ ") };
            ahead.push((child, format!("{prefix}{below}"), branch, next));
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn children_stand_below_their_parents() {
        let nodes: Vec<ResourceNode> = serde_json::from_value(json!([
            {"kind": "Service", "name": "web", "uid": "s"},
            {"kind": "Deployment", "group": "apps", "name": "web", "uid": "d"},
            {"kind": "ReplicaSet", "group": "apps", "name": "web-1", "uid": "r", "parentRefs": [{"uid": "d"}]},
            {"kind": "Pod", "name": "web-1-b", "uid": "p2", "parentRefs": [{"uid": "r"}]},
            {"kind": "Pod", "name": "web-1-a", "uid": "p1", "parentRefs": [{"uid": "r"}]},
            {"kind": "ReplicaSet", "group": "apps", "name": "web-0", "uid": "r0", "parentRefs": [{"uid": "d"}]},
        ]))
        .unwrap();
        let drawn: String = tree_lines(&nodes).iter().map(|row| format!("{}\n", row.text)).collect();
        expect![[r#"
            Deployment/web
            ├─ReplicaSet/web-0
            └─ReplicaSet/web-1
              ├─Pod/web-1-a
              └─Pod/web-1-b
            Service/web
        "#]]
        .assert_eq(&drawn);
    }
}
