//! The task behind a [`LiveCluster`](super::LiveCluster): connect, discover, and keep one watch a kind for exactly
//! the kinds that are served.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rand::RngExt as _;
use serde::Deserialize;

use super::Inner;
use super::state::{Phase, now};
use crate::Error;
use crate::connect::Connector;
use crate::discovery::Discovery;
use crate::request::{Api, Call};
use crate::resource::ApiResource;

/// New kinds are looked for so often even when nothing announces them.
const REDISCOVER: Duration = Duration::from_secs(600);
/// Discovery is a little behind the CRDs that it tells of, so it is asked again after these delays.
const SETTLE: [Duration; 4] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8)];
/// The first minor version of Kubernetes whose watches can begin with a list.
const STREAMING_SINCE: u32 = 32;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Version {
    git_version: String,
    minor: String,
}

/// Runs until the cluster is closed or dropped.
pub(super) async fn run(inner: Weak<Inner>, connector: Connector) {
    let mut failures = 0_u32;
    loop {
        let Some(strong) = inner.upgrade() else { return };
        match connect(&strong, &connector).await {
            Ok(()) => break,
            Err(error) => {
                strong.trouble(&error);
                drop(strong);
                let base = Duration::from_millis(500) * (1 << failures.min(6));
                let delay = base.mul_f64(rand::rng().random_range(0.5..1.5));
                tokio::time::sleep(delay).await;
                failures = failures.saturating_add(1);
            }
        }
    }
    loop {
        let Some(strong) = inner.upgrade() else { return };
        let _ = tokio::time::timeout(REDISCOVER, strong.rediscover.notified()).await;
        let mut step = 0;
        while let Some(delay) = SETTLE.get(step) {
            // What is announced meanwhile is not left to the end of the longer delays.
            step += 1;
            if step > 1 && tokio::time::timeout(*delay, strong.rediscover.notified()).await.is_ok() {
                step = 1;
            }
            if step == 1 {
                tokio::time::sleep(SETTLE[0]).await;
            }
            if let Err(error) = strong.discover().await {
                // The watches go on with the kinds that are known.
                tracing::warn!(server = strong.blueprint.server, %error, "kinds stay as they are");
            }
        }
    }
}

async fn connect(inner: &Arc<Inner>, connector: &Connector) -> Result<(), Error> {
    let client = connector.connect().await?;
    let api = Api::new(client, &inner.blueprint.server, &inner.blueprint.limits);
    let version: Version = api.json(Call::get("read the version of Kubernetes", "/version")).await?;
    let minor = version.minor.trim_end_matches(|digit: char| !digit.is_ascii_digit());
    inner
        .streaming
        .store(minor.parse::<u32>().is_ok_and(|minor| minor >= STREAMING_SINCE), Ordering::Relaxed);
    inner.version.store(Arc::new(version.git_version));
    inner.api.send_replace(Some(api));
    inner.state.send_modify(|state| {
        state.phase = Phase::Syncing;
        state.trouble = None;
        state.since = now();
    });
    inner.discover().await?;
    inner.assess();
    Ok(())
}

impl Inner {
    /// Looks at which kinds are served, starts watches for new ones and stops those of kinds that are gone.
    async fn discover(self: &Arc<Self>) -> Result<(), Error> {
        let Some(api) = self.api.borrow().clone() else { return Ok(()) };
        let discovery = Discovery::fetch(&api).await?;
        let wanted: Vec<ApiResource> =
            discovery.watchable().filter(|resource| self.watches(resource)).cloned().collect();
        let served: HashSet<_> = wanted.iter().map(ApiResource::group_kind).collect();
        let (gone, new) = {
            let kinds = self.kinds.lock();
            // A group whose document could not be read now may still be served.
            let gone: Vec<_> = kinds
                .keys()
                .filter(|kind| !served.contains(kind) && !discovery.doubtful.contains(&kind.group))
                .cloned()
                .collect();
            let new: Vec<_> = wanted
                .into_iter()
                .filter(|resource| {
                    kinds.get(&resource.group_kind()).is_none_or(|known| known.resource != *resource)
                })
                .collect();
            (gone, new)
        };
        self.discovery.store(Arc::new(discovery));
        for kind in gone {
            tracing::info!(server = self.blueprint.server, %kind, "no longer served");
            self.stop_kind(&kind);
        }
        for resource in new {
            self.start_kind(&resource);
        }
        Ok(())
    }

    fn watches(&self, resource: &ApiResource) -> bool {
        let in_scope =
            resource.namespaced || self.blueprint.namespaces.is_empty() || self.blueprint.cluster_resources;
        in_scope && self.includes(&resource.group_kind())
    }

    fn trouble(&self, error: &Error) {
        let message = error.to_string();
        self.state.send_if_modified(|state| {
            let changed = state.trouble.as_ref() != Some(&message);
            if changed {
                tracing::warn!(server = self.blueprint.server, "{message}");
                state.trouble = Some(message);
                state.since = now();
            }
            changed
        });
    }

    /// Looks at all kinds, and says how the cluster stands.
    pub(super) fn assess(&self) {
        let (settled, trouble) = {
            let kinds = self.kinds.lock();
            let settled = !kinds.is_empty() && kinds.values().all(super::kind::KindState::is_settled);
            (settled, kinds.values().find_map(|kind| kind.lost().map(str::to_owned)))
        };
        self.state.send_if_modified(|state| {
            let phase = match state.phase {
                Phase::Syncing if settled => Phase::Synced,
                other => other,
            };
            let changed = phase != state.phase || trouble.is_some() != state.trouble.is_some();
            if changed {
                if let Some(trouble) = &trouble {
                    tracing::warn!(server = self.blueprint.server, "{trouble}");
                }
                if phase == Phase::Synced && state.synced_at.is_none() {
                    state.synced_at = Some(now());
                }
                state.phase = phase;
                state.trouble = trouble;
                state.since = now();
            }
            changed
        });
    }
}
