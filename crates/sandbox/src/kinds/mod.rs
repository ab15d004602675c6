//! What the API serves: one [`Kind`] per group, version and resource, built-in ones from `builtin.txt`, custom ones
//! from CustomResourceDefinitions (`crate::crd`). [`KindTable`] finds them by path or by kind and lists them for
//! discovery (`crate::discovery`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::crd::CustomVersion;

const BUILTIN: &str = include_str!("builtin.txt");

/// All verbs of an ordinary resource, in the order that discovery lists them.
pub(crate) const ALL_VERBS: &[&str] =
    &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// One served version of one resource.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) list_kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) namespaced: bool,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) verbs: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
    /// Where the objects are kept: versions of one resource share a collection.
    pub(crate) collection: Arc<str>,
    /// The `apiVersion` objects are kept in.
    pub(crate) storage_api_version: String,
    /// Schema, columns and subresource paths of a custom resource; `None` for built-in kinds.
    pub(crate) custom: Option<Arc<CustomVersion>>,
}

/// A subresource such as `status` or `scale`.
#[derive(Debug, Clone)]
pub(crate) struct Subresource {
    pub(crate) name: String,
    /// Group and version of the answered kind where they differ from the resource's own.
    pub(crate) group_version: Option<(String, String)>,
    pub(crate) kind: String,
    pub(crate) verbs: Vec<String>,
}

impl Kind {
    /// `apps/v1`, or `v1` for the core group.
    pub(crate) fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// `deployments.apps`, or `pods` for the core group.
    pub(crate) fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    pub(crate) fn has_verb(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    pub(crate) fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|sub| sub.name == name)
    }

    pub(crate) fn has_status_subresource(&self) -> bool {
        self.subresource("status").is_some()
    }

    /// A text that differs when the kind's schema does.
    pub(crate) fn schema_fingerprint(&self) -> String {
        let schema = self.custom.as_ref().and_then(|custom| custom.schema.as_ref());
        format!("{}{}", self.kind, schema.map(ToString::to_string).unwrap_or_default())
    }

    /// True for `(group, kind)`.
    pub(crate) fn is(&self, group: &str, kind: &str) -> bool {
        self.group == group && self.kind == kind
    }

    /// The key of an object in its collection; the order of keys is the order of lists.
    pub(crate) fn key(&self, namespace: &str, name: &str) -> String {
        if self.namespaced { format!("{namespace}/{name}") } else { name.to_owned() }
    }
}

/// `group/version`, or the version alone for the core group.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// The group of an `apiVersion`, empty for the core group.
pub(crate) fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Everything served at one moment. Replaced as a whole when a CustomResourceDefinition changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct KindTable {
    by_path: HashMap<(String, String, String), Arc<Kind>>,
    /// Groups in the order of discovery, each with its versions, preferred first, each with its kinds by plural.
    groups: Vec<(String, Vec<VersionKinds>)>,
}

#[derive(Debug, Clone)]
pub(crate) struct VersionKinds {
    pub(crate) version: String,
    pub(crate) kinds: BTreeMap<String, Arc<Kind>>,
}

impl KindTable {
    /// The built-in kinds.
    pub(crate) fn builtin() -> Self {
        let mut table = KindTable::default();
        for kind in BUILTIN.lines().filter_map(parse_line) {
            table.insert(Arc::new(kind));
        }
        table
    }

    pub(crate) fn insert(&mut self, kind: Arc<Kind>) {
        let index = match self.groups.iter().position(|(name, _)| *name == kind.group) {
            Some(index) => index,
            None => {
                self.groups.push((kind.group.clone(), Vec::new()));
                self.groups.len() - 1
            }
        };
        if let Some((_, versions)) = self.groups.get_mut(index) {
            let position = match versions.iter().position(|v| v.version == kind.version) {
                Some(position) => position,
                None => {
                    versions.push(VersionKinds { version: kind.version.clone(), kinds: BTreeMap::new() });
                    if kind.custom.is_some() {
                        versions.sort_by(|a, b| {
                            version_rank(&b.version)
                                .cmp(&version_rank(&a.version))
                                .then_with(|| a.version.cmp(&b.version))
                        });
                    }
                    versions.iter().position(|v| v.version == kind.version).unwrap_or(0)
                }
            };
            if let Some(version) = versions.get_mut(position) {
                version.kinds.insert(kind.plural.clone(), kind.clone());
            }
        }
        self.by_path.insert((kind.group.clone(), kind.version.clone(), kind.plural.clone()), kind);
    }

    pub(crate) fn find(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        self.by_path.get(&(group.to_owned(), version.to_owned(), plural.to_owned())).cloned()
    }

    pub(crate) fn group(&self, name: &str) -> Option<&[VersionKinds]> {
        self.groups.iter().find(|(group, _)| group == name).map(|(_, versions)| versions.as_slice())
    }

    /// The kinds of one version.
    pub(crate) fn resources_of(&self, group: &str, version: &str) -> Option<&VersionKinds> {
        self.group(group)?.iter().find(|served| served.version == version)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = (&str, &[VersionKinds])> {
        self.groups.iter().map(|(name, versions)| (name.as_str(), versions.as_slice()))
    }

    /// Every kind once per collection, in its preferred version.
    pub(crate) fn collections(&self) -> impl Iterator<Item = &Arc<Kind>> {
        let mut seen = std::collections::HashSet::new();
        self.groups
            .iter()
            .flat_map(|(_, versions)| versions)
            .flat_map(|version| version.kinds.values())
            .filter(move |kind| kind.has_verb("list") && seen.insert(kind.collection.clone()))
    }
}

/// Orders versions as Kubernetes prefers them: GA over beta over alpha, higher numbers first, other names last.
fn version_rank(version: &str) -> (u8, u64, u64) {
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let Ok(major) = rest.get(..digits).unwrap_or("").parse::<u64>() else { return (0, 0, 0) };
    match rest.get(digits..).unwrap_or("") {
        "" => (3, major, 0),
        tail => {
            let (stage, number) = match (tail.strip_prefix("beta"), tail.strip_prefix("alpha")) {
                (Some(number), _) => (2, number),
                (_, Some(number)) => (1, number),
                _ => return (0, 0, 0),
            };
            number.parse().map_or((0, 0, 0), |minor| (stage, major, minor))
        }
    }
}

fn parse_line(line: &str) -> Option<Kind> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split_whitespace();
    let mut word = || words.next();
    let group = dash(word()?);
    let version = word()?.to_owned();
    let kind = word()?.to_owned();
    let plural = word()?.to_owned();
    let singular = word()?.to_owned();
    let namespaced = word()? == "N";
    let short_names = comma_list(word()?);
    let categories = comma_list(word()?);
    let verbs = match word()? {
        "*" => ALL_VERBS.iter().map(|verb| (*verb).to_owned()).collect(),
        list => comma_list(list),
    };
    let subresources = words.filter_map(parse_subresource).collect();
    // Both event APIs show the same objects, and both autoscaling versions; the first is how they are kept.
    let (store_group, store_version) = match (group.as_str(), kind.as_str()) {
        ("events.k8s.io", "Event") => ("", "v1"),
        ("autoscaling", _) => ("autoscaling", "v2"),
        _ => (group.as_str(), version.as_str()),
    };
    Some(Kind {
        collection: Arc::from(format!("{store_group}/{plural}")),
        storage_api_version: api_version(store_group, store_version),
        list_kind: format!("{kind}List"),
        group,
        version,
        kind,
        plural,
        singular,
        namespaced,
        short_names,
        categories,
        verbs,
        subresources,
        custom: None,
    })
}

fn parse_subresource(word: &str) -> Option<Subresource> {
    let (name, rest) = word.split_once(':')?;
    let (kind, verbs) = rest.split_once('=')?;
    let mut parts = kind.rsplitn(3, '/');
    let kind = parts.next()?.to_owned();
    let version = parts.next();
    let group = parts.next();
    Some(Subresource {
        name: name.to_owned(),
        group_version: group.zip(version).map(|(g, v)| (g.to_owned(), v.to_owned())),
        kind,
        verbs: comma_list(verbs),
    })
}

fn dash(word: &str) -> String {
    if word == "-" { String::new() } else { word.to_owned() }
}

fn comma_list(word: &str) -> Vec<String> {
    if word == "-" { Vec::new() } else { word.split(',').map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtin_table_knows_versions_and_subresources() {
        let table = KindTable::builtin();
        let deployment = table.find("apps", "v1", "deployments").unwrap();
        assert_eq!(deployment.collection.as_ref(), "apps/deployments");
        assert_eq!(
            deployment.subresource("scale").unwrap().group_version,
            Some(("autoscaling".into(), "v1".into()))
        );
        let core = table.find("", "v1", "events").unwrap();
        let events = table.find("events.k8s.io", "v1", "events").unwrap();
        assert_eq!(core.collection, events.collection);
        assert!(!table.find("", "v1", "namespaces").unwrap().has_verb("deletecollection"));
    }

    #[test]
    fn versions_are_ranked_as_kubernetes_does() {
        let mut versions = vec!["v1alpha1", "v2", "foo", "v1", "v10beta3", "v2beta1"];
        versions.sort_by_key(|v| std::cmp::Reverse(version_rank(v)));
        assert_eq!(versions, ["v2", "v1", "v10beta3", "v2beta1", "v1alpha1", "foo"]);
    }
}
