//! The live clusters, one port for each connection.

use std::collections::HashMap;
use std::sync::Arc;

use cluster::{Clusters, ControlPlane, DestinationError, LiveCluster};
use parking_lot::Mutex;
use types::ApplicationDestination;

use super::target::LiveTarget;
use crate::ports::{Fleet, Target};

pub(super) struct LiveFleet {
    control: ControlPlane,
    clusters: Clusters,
    /// The port of each connection: the same connection always has the same one.
    ports: Mutex<HashMap<String, Arc<LiveTarget>>>,
}

impl LiveFleet {
    pub(super) fn new(control: ControlPlane, clusters: Clusters) -> Self {
        Self { control, clusters, ports: Mutex::default() }
    }

    fn port(&self, live: Arc<LiveCluster>) -> Arc<LiveTarget> {
        let mut ports = self.ports.lock();
        if let Some(known) = ports.get(live.server()).filter(|known| known.is_of(&live)) {
            return Arc::clone(known);
        }
        let port = Arc::new(LiveTarget::new(self.control.clone(), live));
        ports.insert(port.server().to_owned(), Arc::clone(&port));
        port
    }
}

impl Fleet for LiveFleet {
    fn resolve(&self, destination: &ApplicationDestination) -> Result<Arc<dyn Target>, String> {
        match self.clusters.resolve(destination) {
            Ok(live) => Ok(self.port(live)),
            Err(error) => Err(words(&error)),
        }
    }
}

/// The words that Argo CD's users know for destinations that are no cluster.
fn words(error: &DestinationError) -> String {
    match error {
        DestinationError::Both { server, name } => {
            format!("application destination can't have both name and server defined: {name} {server}")
        }
        DestinationError::UnknownName { name } => format!("there are no clusters with this name: {name}"),
        DestinationError::Ambiguous { name, count } => {
            format!("there are {count} clusters with the same name: [{name}]")
        }
        DestinationError::Missing => "Destination server missing from app spec".to_owned(),
        other => other.to_string(),
    }
}
