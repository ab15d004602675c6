//! How a sandbox behaves: the pace of its simulated workloads and how much history it keeps.

use std::time::Duration;

/// Settings of a [`Sandbox`](crate::Sandbox). The default suits a demo; [`Options::fast`] suits tests.
#[derive(Debug, Clone)]
pub struct Options {
    /// From a Pod's start until its containers are ready.
    pub pod_ready_delay: Duration,
    /// From a Job's Pod becoming ready until it has finished.
    pub job_duration: Duration,
    /// From the deletion of a Pod until it is gone (a real kubelet takes up to the grace period).
    pub pod_stop_delay: Duration,
    /// Simulate workloads (Deployments, Pods, Jobs, Services, claims …). Garbage collection, namespaces and
    /// CustomResourceDefinitions work without it.
    pub simulate_workloads: bool,
    /// How many changes each resource remembers for watches; older resourceVersions get 410 Gone.
    pub history_window: usize,
    /// How often a watch that allows bookmarks gets one.
    pub bookmark_interval: Duration,
    /// How long a watch lasts when the client doesn't say.
    pub watch_timeout: Duration,
    /// The names of the simulated nodes.
    pub nodes: Vec<String>,
    /// The largest request body, in bytes.
    pub max_body_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            pod_ready_delay: Duration::from_millis(1500),
            job_duration: Duration::from_secs(2),
            pod_stop_delay: Duration::from_millis(500),
            simulate_workloads: true,
            history_window: 8192,
            bookmark_interval: Duration::from_secs(60),
            watch_timeout: Duration::from_secs(45 * 60),
            nodes: vec!["sandbox-1".into()],
            max_body_bytes: 3 * 1024 * 1024,
        }
    }
}

impl Options {
    /// Workloads that are ready almost at once.
    pub fn fast() -> Self {
        Options {
            pod_ready_delay: Duration::from_millis(20),
            job_duration: Duration::from_millis(20),
            pod_stop_delay: Duration::from_millis(10),
            ..Options::default()
        }
    }
}
