//! [`Details`]: what the resource tree shows of some kinds beyond identity and health, kept compactly. Read from
//! objects in `tree/`.

use std::sync::Arc;

use types::{InfoItem, ResourceNetworkingInfo};

/// What is kept beyond the metadata; nothing for most objects.
#[derive(Default)]
pub(crate) enum Details {
    #[default]
    None,
    Pod(Box<PodDetails>),
    Node(Box<NodeDetails>),
    /// The name prefixes of the volume claims that a StatefulSet makes: `<template>-<name>-`.
    StatefulSet(Box<[Box<str>]>),
    Other(Box<OtherDetails>),
}

/// A Pod.
#[derive(Default)]
pub(crate) struct PodDetails {
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) node: Option<Arc<str>>,
    pub(crate) ready: u32,
    pub(crate) containers: u32,
    pub(crate) restarts: u32,
    /// Finished Pods use nothing.
    pub(crate) finished: bool,
    pub(crate) requests: Resources,
    pub(crate) images: Box<[Arc<str>]>,
    pub(crate) labels: Box<[(Arc<str>, Arc<str>)]>,
    pub(crate) links: Box<[Arc<str>]>,
}

/// Amounts in thousandths of a core or a byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Resources {
    pub(crate) cpu: i64,
    pub(crate) memory: i64,
    pub(crate) storage: i64,
}

/// A Node.
#[derive(Default)]
pub(crate) struct NodeDetails {
    pub(crate) capacity: Resources,
    /// `status.nodeInfo`, as JSON.
    pub(crate) system_info: Option<Box<str>>,
    pub(crate) labels: Vec<(Arc<str>, Arc<str>)>,
}

/// Any other kind that has something to show.
#[derive(Default)]
pub(crate) struct OtherDetails {
    pub(crate) info: Vec<InfoItem>,
    pub(crate) networking: Option<ResourceNetworkingInfo>,
}

impl Resources {
    pub(crate) fn plus(self, other: Self) -> Self {
        Resources {
            cpu: self.cpu.saturating_add(other.cpu),
            memory: self.memory.saturating_add(other.memory),
            storage: self.storage.saturating_add(other.storage),
        }
    }

    pub(crate) fn at_least(self, other: Self) -> Self {
        Resources {
            cpu: self.cpu.max(other.cpu),
            memory: self.memory.max(other.memory),
            storage: self.storage.max(other.storage),
        }
    }
}

impl Details {
    pub(super) fn images(&self) -> Vec<String> {
        match self {
            Details::Pod(pod) => pod.images.iter().map(|image| image.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}
