//! [`Discovery`]: which kinds a cluster serves, in which versions. Asked in one aggregated request where the server
//! knows how, else group by group.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use object::{GroupKind, GroupVersionKind};
use serde::Deserialize;

use crate::Error;
use crate::request::{Api, Call};
use crate::resource::ApiResource;

/// Asks for the aggregated form, and takes the old one from servers that do not know it.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
     application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/// The kinds that a cluster serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Discovery {
    /// The versions of each kind, the preferred one first.
    kinds: HashMap<GroupKind, Vec<ApiResource>>,
    /// Groups whose document was missing or old. Absence of a kind proves nothing there.
    pub(crate) doubtful: BTreeSet<String>,
    /// `v1`, `apps/v1`, `apps/v1/Deployment`, …, sorted.
    pub(crate) api_versions: Arc<[String]>,
}

impl Discovery {
    pub(crate) async fn fetch(api: &Api) -> Result<Self, Error> {
        let mut groups = Vec::new();
        let mut doubtful = BTreeSet::new();
        for path in ["/api", "/apis"] {
            let action = format!("discover the kinds below {path}");
            let mut call = Call::get(&action, path);
            call.accept = AGGREGATED;
            match api.json::<Answer>(call).await? {
                Answer { items: Some(items), .. } => groups.extend(items.into_iter().map(Group::from)),
                Answer { versions: Some(versions), .. } => {
                    let versions = versions.into_iter().map(|version| (format!("/api/{version}"), version));
                    let group = legacy_group(api, String::new(), versions.collect(), &mut doubtful).await?;
                    groups.push(group);
                }
                Answer { groups: Some(listed), .. } => {
                    for group in listed {
                        let mut versions: Vec<String> =
                            group.versions.into_iter().map(|version| version.version).collect();
                        if let Some(preferred) = group.preferred_version {
                            versions.sort_by_key(|version| *version != preferred.version);
                        }
                        let paths = versions
                            .into_iter()
                            .map(|version| (format!("/apis/{}/{version}", group.name), version))
                            .collect();
                        groups.push(legacy_group(api, group.name, paths, &mut doubtful).await?);
                    }
                }
                Answer { .. } => return Err(api.answer(&action, "it lists neither groups nor versions")),
            }
        }
        Ok(Self::new(groups, doubtful))
    }

    fn new(groups: Vec<Group>, mut doubtful: BTreeSet<String>) -> Self {
        let mut kinds: HashMap<GroupKind, Vec<ApiResource>> = HashMap::new();
        let mut api_versions = BTreeSet::new();
        for group in groups {
            for version in group.versions {
                if version.stale {
                    doubtful.insert(group.name.clone());
                }
                let gvk = GroupVersionKind::new(&group.name, &version.name, "");
                api_versions.insert(gvk.api_version());
                for resource in version.resources {
                    api_versions.insert(format!("{}/{}", gvk.api_version(), resource.kind));
                    let versions = kinds.entry(resource.group_kind()).or_default();
                    if !versions.iter().any(|known| known.version == resource.version) {
                        versions.push(resource);
                    }
                }
            }
        }
        Discovery { kinds, doubtful, api_versions: api_versions.into_iter().collect() }
    }

    /// The preferred version of a kind, or the one that is asked for.
    pub(crate) fn resource(&self, kind: &GroupKind, version: &str) -> Option<&ApiResource> {
        let versions = self.kinds.get(kind)?;
        if version.is_empty() {
            versions.first()
        } else {
            versions.iter().find(|resource| resource.version == version)
        }
    }

    /// The kinds whose objects can be listed and watched, in the version preferred.
    pub(crate) fn watchable(&self) -> impl Iterator<Item = &ApiResource> {
        self.kinds.values().filter_map(|versions| {
            versions.iter().find(|resource| resource.can("list") && resource.can("watch"))
        })
    }

    /// All kinds in their preferred versions, sorted.
    pub(crate) fn all(&self) -> Vec<ApiResource> {
        let sorted: BTreeMap<&GroupKind, &ApiResource> =
            self.kinds.iter().filter_map(|(kind, versions)| Some((kind, versions.first()?))).collect();
        sorted.into_values().cloned().collect()
    }

    /// How many versions of groups are served.
    pub(crate) fn api_count(&self) -> usize {
        self.api_versions.iter().filter(|text| !text.rsplit('/').next().is_some_and(starts_upper)).count()
    }
}

fn starts_upper(text: &str) -> bool {
    text.starts_with(|character: char| character.is_ascii_uppercase())
}

struct Group {
    name: String,
    versions: Vec<Version>,
}

struct Version {
    name: String,
    stale: bool,
    resources: Vec<ApiResource>,
}

/// Any of the three answers: aggregated, versions of the core group, groups.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    items: Option<Vec<AggregatedGroup>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    groups: Option<Vec<LegacyGroup>>,
}

#[derive(Deserialize)]
struct AggregatedGroup {
    #[serde(default)]
    metadata: types::ObjectMeta,
    #[serde(default)]
    versions: Vec<AggregatedVersion>,
}

#[derive(Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    freshness: String,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    #[serde(default)]
    response_kind: Option<ResponseKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl From<AggregatedGroup> for Group {
    fn from(group: AggregatedGroup) -> Self {
        let name = group.metadata.name;
        let versions = group.versions.into_iter().map(|version| Version {
            stale: version.freshness == "Stale",
            resources: version
                .resources
                .into_iter()
                .filter_map(|resource| {
                    let kind = resource.response_kind?.kind;
                    (!kind.is_empty()).then(|| ApiResource {
                        group: name.clone(),
                        version: version.version.clone(),
                        kind,
                        plural: resource.resource,
                        namespaced: resource.scope == "Namespaced",
                        verbs: resource.verbs,
                    })
                })
                .collect(),
            name: version.version,
        });
        let versions = versions.collect();
        Group { versions, name }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LegacyGroup {
    name: String,
    #[serde(default)]
    versions: Vec<LegacyVersion>,
    #[serde(default)]
    preferred_version: Option<LegacyVersion>,
}

#[derive(Deserialize)]
struct LegacyVersion {
    version: String,
}

#[derive(Deserialize)]
struct LegacyResources {
    #[serde(default)]
    resources: Vec<LegacyResource>,
}

#[derive(Deserialize)]
struct LegacyResource {
    name: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    verbs: Vec<String>,
}

/// Reads the versions of a group one by one. One that cannot be read makes the group doubtful, unless the server
/// cannot be reached at all.
async fn legacy_group(
    api: &Api,
    name: String,
    paths: Vec<(String, String)>,
    doubtful: &mut BTreeSet<String>,
) -> Result<Group, Error> {
    let mut versions = Vec::new();
    for (path, version) in paths {
        let action = format!("discover the kinds below {path}");
        match api.json::<LegacyResources>(Call::get(&action, &path)).await {
            Ok(listed) => {
                let resources = listed.resources.into_iter().filter(|resource| !resource.name.contains('/'));
                let resources = resources.map(|resource| ApiResource {
                    group: name.clone(),
                    version: version.clone(),
                    kind: resource.kind,
                    plural: resource.name,
                    namespaced: resource.namespaced,
                    verbs: resource.verbs,
                });
                versions.push(Version { stale: false, resources: resources.collect(), name: version });
            }
            Err(error) if error.code() != 0 => {
                tracing::warn!(%error, "the kinds of one group version stay as they were");
                doubtful.insert(name.clone());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Group { name, versions })
}
