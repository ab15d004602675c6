//! The real outside: crates `cluster`, `render` and `diff` behind the ports.

mod comparer;
mod engine;
mod fleet;
mod integrity;
mod store;
mod target;

pub use engine::credentials;
pub use integrity::integrity;

use std::sync::Arc;

use cluster::{Clusters, ControlPlane};
use render::Renderer;

use crate::controller::{Controller, Handle};
use crate::core::ControllerOptions;
use crate::ports::{Engine, Outside, Trouble, TroubleKind};

impl Controller {
    /// Starts the loop. Needs to be called inside a Tokio runtime.
    pub fn start(
        control: ControlPlane,
        clusters: Clusters,
        renderer: Renderer,
        options: ControllerOptions,
    ) -> Handle {
        Self::start_with(Outside::real(control, clusters, renderer), options)
    }
}

impl Outside {
    /// Real records, clusters and renderings.
    pub fn real(control: ControlPlane, clusters: Clusters, renderer: Renderer) -> Self {
        let engine = Arc::new(engine::Rendering::new(control.clone(), renderer));
        Self::live(control, clusters, engine)
    }

    /// Real records and clusters, with any renderer.
    pub fn live(control: ControlPlane, clusters: Clusters, engine: Arc<dyn Engine>) -> Self {
        Self {
            store: Arc::new(store::Records::new(control.clone())),
            fleet: Arc::new(fleet::LiveFleet::new(control, clusters)),
            engine,
            comparers: Arc::new(comparer::Differ),
        }
    }
}

/// The failure of a request to a cluster.
fn trouble(error: &cluster::Error) -> Trouble {
    let kind = if error.is_not_found() {
        TroubleKind::NotFound
    } else if error.is_conflict() {
        TroubleKind::Conflict
    } else if error.code() == 413 {
        TroubleKind::TooLarge
    } else if error.is_transient() {
        TroubleKind::Transient
    } else {
        TroubleKind::Permanent
    };
    Trouble::new(kind, error.to_string())
}
