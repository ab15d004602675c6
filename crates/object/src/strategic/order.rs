//! Where the items of a merged list go.
//!
//! Items the patch speaks of follow the patch's order, the others the server's order; the two rows are then zipped so
//! that a server item stands before a patch item only if the server had it so.

use std::collections::HashMap;

use serde_json::Value;

use super::identity;

/// Positions of items by identity.
pub(super) struct Positions(HashMap<String, usize>);

impl Positions {
    pub(super) fn of(list: &[Value], merge_key: &str) -> Self {
        let mut positions = HashMap::with_capacity(list.len());
        for (index, item) in list.iter().enumerate() {
            if let Some(identity) = identity(item, merge_key) {
                positions.entry(identity).or_insert(index);
            }
        }
        Positions(positions)
    }

    pub(super) fn insert(&mut self, identity: String, position: usize) {
        self.0.insert(identity, position);
    }

    pub(super) fn get(&self, item: &Value, merge_key: &str) -> Option<usize> {
        self.0.get(&identity(item, merge_key)?).copied()
    }
}

/// Sorts items by the order of another list, keeping the mutual order of those that it does not name, at the front.
pub(super) fn sort_by(list: &mut [Value], order: &[Value], merge_key: &str) {
    let positions = Positions::of(order, merge_key);
    list.sort_by_key(|item| positions.get(item, merge_key).map_or(-1, |position| position as i64));
}

/// Arranges a merged list: `patch_order` names the items of the patch in their order, `server` is the list before.
pub(super) fn arrange(
    merged: Vec<Value>,
    patch_order: &[Value],
    server: &[Value],
    merge_key: &str,
) -> Vec<Value> {
    let in_patch = Positions::of(patch_order, merge_key);
    let in_server = Positions::of(server, merge_key);
    let (mut patched, mut server_only): (Vec<Value>, Vec<Value>) =
        merged.into_iter().partition(|item| in_patch.get(item, merge_key).is_some());
    sort_by(&mut patched, patch_order, merge_key);
    sort_by(&mut server_only, server, merge_key);
    let mut result = Vec::with_capacity(patched.len() + server_only.len());
    let mut patched = patched.into_iter().peekable();
    for item in server_only {
        let position = in_server.get(&item, merge_key);
        while let Some(next) = patched.peek() {
            let server_first = match (position, in_server.get(next, merge_key)) {
                (Some(server), Some(patch)) => server < patch,
                _ => false,
            };
            if server_first {
                break;
            }
            result.extend(patched.next());
        }
        result.push(item);
    }
    result.extend(patched);
    result
}
