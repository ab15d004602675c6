//! [`LiveObject`]: what is kept of one live object. Made in `decode.rs`, kept in `store.rs`.

use std::fmt;
use std::sync::Arc;

use health::{HealthCode, HealthStatus};
use object::{GroupKind, Object, ObjectKey, Packed};
use types::Time;

use super::details::Details;

/// A live object, compactly: identity, owners, health and what the resource tree shows. The full content is kept only
/// for objects that an application tracks, as JSON without `managedFields`, and decoded when it is asked for.
pub struct LiveObject {
    pub(super) kind: Arc<LiveKind>,
    pub(super) namespace: Arc<str>,
    pub(super) name: Box<str>,
    pub(super) uid: Uid,
    pub(super) resource_version: Box<str>,
    /// Seconds since 1970.
    pub(super) created: Option<i64>,
    pub(super) deleting: bool,
    pub(super) owners: Box<[Owner]>,
    pub(super) instance: Option<Arc<str>>,
    pub(super) health: Option<(HealthCode, Arc<str>)>,
    pub(super) revision: Option<i64>,
    pub(super) details: Details,
    pub(super) content: Option<Packed>,
}

/// A kind as it is served, shared by all its objects.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct LiveKind {
    pub(crate) group: Box<str>,
    pub(crate) version: Box<str>,
    pub(crate) kind: Box<str>,
}

/// The uid of an object: nearly always a UUID, for which 16 bytes are enough.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Uid {
    Uuid([u8; 16]),
    Text(Box<str>),
}

impl Uid {
    pub(crate) fn new(text: &str) -> Self {
        Self::uuid(text).map_or_else(|| Uid::Text(text.into()), Uid::Uuid)
    }

    /// The bytes of a UUID in its usual lower-case form.
    fn uuid(text: &str) -> Option<[u8; 16]> {
        let digits = text.as_bytes();
        if digits.len() != 36 || [8, 13, 18, 23].iter().any(|place| digits[*place] != b'-') {
            return None;
        }
        let mut bytes = [0_u8; 16];
        let mut count = 0;
        for digit in digits.iter().filter(|digit| **digit != b'-') {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *bytes.get_mut(count / 2)? |= if count % 2 == 0 { value << 4 } else { value };
            count += 1;
        }
        (count == 32).then_some(bytes)
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uid::Text(text) => formatter.write_str(text),
            Uid::Uuid(bytes) => {
                for (place, byte) in bytes.iter().enumerate() {
                    if matches!(place, 4 | 6 | 8 | 10) {
                        formatter.write_str("-")?;
                    }
                    write!(formatter, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

/// An owner of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The owner's uid; without it the owner is found by kind and name.
    pub(crate) uid: Option<Uid>,
    pub(crate) group: Arc<str>,
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl LiveObject {
    /// Group, kind, namespace and name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(&*self.kind.group, &*self.kind.kind, &*self.namespace, &*self.name)
    }

    /// Group and kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&*self.kind.group, &*self.kind.kind)
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        &self.kind.group
    }

    /// The API version that the object was read in.
    pub fn version(&self) -> &str {
        &self.kind.version
    }

    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind.kind
    }

    /// The namespace, empty for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The uid.
    pub fn uid(&self) -> String {
        self.uid.to_string()
    }

    /// The version of the stored object.
    pub fn resource_version(&self) -> &str {
        &self.resource_version
    }

    /// When it was created.
    pub fn created_at(&self) -> Option<Time> {
        self.created.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok()).map(Time)
    }

    /// Whether deletion was asked for.
    pub fn is_deleting(&self) -> bool {
        self.deleting
    }

    /// Whether anything owns it, by reference or by inference.
    pub fn has_owners(&self) -> bool {
        !self.owners.is_empty()
    }

    /// The application instance that the object says it belongs to. Only objects without owners say so: what others
    /// carry was copied from their owners.
    pub fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    /// Its health; `None` when its kind has none.
    pub fn health(&self) -> Option<HealthStatus> {
        self.health.as_ref().map(|(code, message)| HealthStatus::new(*code, &**message))
    }

    /// The images of its containers, for Pods.
    pub fn images(&self) -> Vec<String> {
        self.details.images()
    }

    pub(crate) fn owners(&self) -> &[Owner] {
        &self.owners
    }

    pub(crate) fn details(&self) -> &Details {
        &self.details
    }

    pub(crate) fn revision(&self) -> Option<i64> {
        self.revision
    }

    /// Whether the full content is kept.
    pub fn has_content(&self) -> bool {
        self.content.is_some()
    }

    /// The object as it is in the cluster, without `managedFields`; `None` when its content is not kept (it is not
    /// tracked). `LiveCluster::get` reads any object from the API server.
    pub fn full(&self) -> Option<Object> {
        let read = self.content.as_ref()?.read(|text| serde_json::from_slice(text));
        read.and_then(|read| read.map_err(|error| error.to_string()))
            .inspect_err(|error| tracing::error!(object = %self.key(), %error, "kept content cannot be read"))
            .ok()
    }
}

impl fmt::Debug for LiveObject {
    /// Without the content: it may be of a Secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "LiveObject({} uid={} version={})", self.key(), self.uid, self.resource_version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_survive() {
        for text in [
            "0c6a2f7e-5f0a-4d41-9a3b-0123456789ab",
            "0C6A2F7E-5F0A-4D41-9A3B-0123456789AB",
            "0c6a2f7e5f0a4d419a3b0123456789ab",
            "0c6a2f7e-5f0a-4d41-9a3b-0123456789-b",
            "",
            "x",
        ] {
            assert_eq!(Uid::new(text).to_string(), text);
        }
        assert!(matches!(Uid::new("0c6a2f7e-5f0a-4d41-9a3b-0123456789ab"), Uid::Uuid(_)));
    }
}
