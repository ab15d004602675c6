//! From the JSON of an object to its [`LiveObject`]. Only the metadata is read for kinds of which nothing else
//! matters; a tree of values is built only when health, details or the content need it, and dropped at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use health::{HealthCode, HealthStatus};
use object::{Object, Packed};
use serde::Deserialize;
use serde_json::value::RawValue;
use types::settings::ResourceSettings;
use types::tracking::{Tracking, TrackingId, TrackingMethod};

use super::details::Details;
use super::intern::Interner;
use super::object::{LiveKind, LiveObject, Owner, Uid};
use crate::details;

/// What decides about the record of an object besides the object. A change of any of it means reading everything
/// again.
pub(crate) struct Rules {
    pub(crate) tracking: Tracking,
    pub(crate) resources: ResourceSettings,
    /// Whether contents keep `managedFields`.
    pub(crate) managed_fields: bool,
}

impl health::Overrides for Rules {
    fn health_script(&self, group: &str, kind: &str) -> Option<health::Script<'_>> {
        let key = if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") };
        let exact = self.resources.overrides.get(&key).filter(|rule| !rule.health_lua.is_empty());
        let rule = exact.or_else(|| {
            let candidates =
                self.resources.overrides.iter().filter(|(pattern, rule)| {
                    !rule.health_lua.is_empty() && types::glob::matches(pattern, &key)
                });
            candidates.map(|(_, rule)| rule).next()
        })?;
        Some(health::Script { source: &rule.health_lua, open_libraries: rule.use_open_libs })
    }
}

/// Decodes the objects of one kind.
pub(crate) struct Decoder {
    kind: Arc<LiveKind>,
    group: Arc<str>,
    rules: Arc<Rules>,
    interner: Arc<Interner>,
    /// Whether more than the metadata of every object is needed.
    whole: bool,
    /// Whether these are CustomResourceDefinitions whose health no script tells.
    is_definition: bool,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(default)]
    revision: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    uid: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    resource_version: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    creation_timestamp: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    deletion_timestamp: Option<Cow<'a, str>>,
    #[serde(default)]
    owner_references: Option<Vec<OwnerReference>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OwnerReference {
    #[serde(default)]
    api_version: String,
    kind: String,
    name: String,
    #[serde(default)]
    uid: String,
}

/// The identity of an object, as much as is needed to drop it.
#[derive(Deserialize)]
pub(crate) struct Identity {
    pub(crate) metadata: types::ObjectMeta,
}

impl Decoder {
    pub(crate) fn new(kind: LiveKind, rules: Arc<Rules>, interner: Arc<Interner>) -> Self {
        let is_definition = &*kind.kind == "CustomResourceDefinition"
            && &*kind.group == "apiextensions.k8s.io"
            && health::Overrides::health_script(&*rules, &kind.group, &kind.kind).is_none();
        let whole = details::wanted(&kind.group, &kind.kind)
            || !rules.resources.custom_labels.is_empty()
            || health::has_rule(&kind.group, &kind.kind, &*rules);
        let group = interner.get(&kind.group);
        Decoder { kind: Arc::new(kind), group, rules, interner, whole, is_definition }
    }

    /// Reads an object.
    pub(crate) fn decode(&self, json: &[u8]) -> Result<LiveObject, serde_json::Error> {
        let Head { metadata, revision } = serde_json::from_slice(json)?;
        let no_entries = BTreeMap::new();
        let annotations = metadata.annotations.as_ref().unwrap_or(&no_entries);
        let labels = metadata.labels.as_ref().unwrap_or(&no_entries);
        let owners = self.owners(&metadata, annotations, json);
        let instance = if owners.is_empty() { self.instance(labels, annotations) } else { None };
        let keep = instance.is_some();
        let linked = annotations.keys().any(|key| key.starts_with(details::LINK_PREFIX));

        let (mut health, mut details, mut content) = (None, Details::None, None);
        if self.whole || keep || linked {
            let text = self.text(json, keep)?;
            if self.whole || linked {
                let object: Object = serde_json::from_slice(&text)?;
                health = health::of(&object, &*self.rules).unwrap_or_else(|error| Some(error.status()));
                details = details::read(&object, &self.rules.resources, &self.interner);
            } else if metadata.deletion_timestamp.is_some() {
                health = Some(pending_deletion());
            }
            content = keep.then(|| Packed::new(text));
        } else if metadata.deletion_timestamp.is_some() {
            health = Some(pending_deletion());
        }

        Ok(LiveObject {
            kind: self.kind.clone(),
            namespace: self.interner.get(metadata.namespace.as_deref().unwrap_or_default()),
            name: metadata.name.as_ref().into(),
            uid: Uid::new(metadata.uid.as_deref().unwrap_or_default()),
            resource_version: metadata.resource_version.as_deref().unwrap_or_default().into(),
            created: metadata
                .creation_timestamp
                .and_then(|text| text.parse::<jiff::Timestamp>().ok())
                .map(jiff::Timestamp::as_second),
            deleting: metadata.deletion_timestamp.is_some(),
            owners,
            instance,
            health: health.map(|health| (health.code, self.interner.get(&health.message))),
            revision: revision_of(annotations).or(revision).filter(|revision| *revision > 0),
            details,
            content,
        })
    }

    /// The object as it is looked at and kept: with its type, which lists leave out, and without what nobody looks at.
    /// Nothing of it is taken apart for that.
    fn text(&self, json: &[u8], keep: bool) -> Result<Vec<u8>, serde_json::Error> {
        let mut fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(json)?;
        if self.is_definition && !keep {
            // The schemas of a definition are larger than all else in a cluster, and say nothing of its health.
            fields.remove("spec");
        }
        let mut text = Vec::with_capacity(json.len() + 64);
        let (api_version, kind) = (self.api_version(), &*self.kind.kind);
        text.extend_from_slice(b"{\"apiVersion\":");
        serde_json::to_writer(&mut text, &api_version)?;
        text.extend_from_slice(b",\"kind\":");
        serde_json::to_writer(&mut text, kind)?;
        for (name, value) in &fields {
            match &**name {
                "apiVersion" | "kind" => {}
                "metadata" if !(keep && self.rules.managed_fields) => {
                    let mut metadata: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get())?;
                    metadata.remove("managedFields");
                    text.extend_from_slice(b",\"metadata\":");
                    serde_json::to_writer(&mut text, &metadata)?;
                }
                name => {
                    text.push(b',');
                    serde_json::to_writer(&mut text, name)?;
                    text.push(b':');
                    text.extend_from_slice(value.get().as_bytes());
                }
            }
        }
        text.push(b'}');
        Ok(text)
    }

    fn api_version(&self) -> String {
        object::GroupVersionKind::new(&*self.kind.group, &*self.kind.version, &*self.kind.kind).api_version()
    }

    fn instance(
        &self,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
    ) -> Option<Arc<str>> {
        let Tracking { method, label, installation_id } = &self.rules.tracking;
        let installation = annotations.get(types::names::ANNOTATION_INSTALLATION_ID);
        if !installation_id.is_empty() && installation != Some(installation_id) {
            return None;
        }
        match method {
            TrackingMethod::Label => labels.get(label).map(|instance| self.interner.get(instance)),
            TrackingMethod::Annotation | TrackingMethod::AnnotationAndLabel => {
                let id = TrackingId::parse(annotations.get(types::names::ANNOTATION_TRACKING_ID)?)?;
                Some(self.interner.get(&id.instance))
            }
        }
        .filter(|instance| !instance.is_empty())
    }

    /// Owner references, and the owners that some kinds have without saying so.
    fn owners(
        &self,
        metadata: &Metadata<'_>,
        annotations: &BTreeMap<String, String>,
        json: &[u8],
    ) -> Box<[Owner]> {
        let owner = |uid: &str, group: &str, kind: &str, name: &str| Owner {
            uid: (!uid.is_empty()).then(|| Uid::new(uid)),
            group: self.interner.get(group),
            kind: self.interner.get(kind),
            name: self.interner.get(name),
        };
        let references = metadata.owner_references.as_deref().unwrap_or_default();
        let mut owners: Vec<Owner> = references
            .iter()
            .map(|reference| {
                let group = reference.api_version.rsplit_once('/').map_or("", |(group, _)| group);
                owner(&reference.uid, group, &reference.kind, &reference.name)
            })
            .collect();
        match (&*self.group, &*self.kind.kind) {
            ("", "Endpoints") if owners.is_empty() => owners.push(owner("", "", "Service", &metadata.name)),
            ("operators.coreos.com", "ClusterServiceVersion") => {
                if let Some(name) = annotations.get("olm.operatorGroup") {
                    owners.push(owner("", "operators.coreos.com", "OperatorGroup", name));
                }
            }
            ("", "Secret") => {
                let account = annotations.get("kubernetes.io/service-account.name");
                let uid = annotations.get("kubernetes.io/service-account.uid");
                if let (Some(account), Some(uid)) = (account, uid)
                    && is_token(json)
                {
                    owners.push(owner(uid, "", "ServiceAccount", account));
                }
            }
            _ => {}
        }
        owners.into_boxed_slice()
    }
}

fn pending_deletion() -> HealthStatus {
    HealthStatus::new(HealthCode::Progressing, "Pending deletion")
}

/// Whether a Secret is the token of a service account.
fn is_token(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(default, rename = "type", borrow)]
        kind: Cow<'a, str>,
    }
    serde_json::from_slice::<Typed<'_>>(json)
        .is_ok_and(|typed| typed.kind == "kubernetes.io/service-account-token")
}

fn revision_of(annotations: &BTreeMap<String, String>) -> Option<i64> {
    ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"]
        .into_iter()
        .find_map(|key| annotations.get(key))
        .and_then(|text| text.parse().ok())
}
