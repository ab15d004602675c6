//! Leader election by a Kubernetes Lease: of several replicas exactly one does the work, and another takes over when
//! it is gone.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use object::Object;
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::Error;
use crate::control::ControlPlane;
use crate::request::{Api, Call};
use crate::resource::ApiResource;

/// Which lease, for whom, and for how long.
#[derive(Debug, Clone)]
pub struct LeaseOptions {
    /// The lease's name, in the control plane's namespace.
    pub name: String,
    /// Who asks for it: unique among the replicas, such as the Pod's name.
    pub identity: String,
    /// How long the lease is good for without renewal. Clocks of replicas may differ: only durations are measured.
    pub duration: Duration,
    /// How often it is renewed, or asked for.
    pub renew: Duration,
}

impl LeaseOptions {
    /// The usual times: 15 s, renewed every 3 s.
    pub fn new(name: impl Into<String>, identity: impl Into<String>) -> Self {
        LeaseOptions {
            name: name.into(),
            identity: identity.into(),
            duration: Duration::from_secs(15),
            renew: Duration::from_secs(3),
        }
    }
}

/// A running election. When it is dropped, the lease is no longer renewed, and others get it when it has run out.
pub struct Election {
    leads: watch::Receiver<bool>,
    task: AbortHandle,
    candidate: Arc<Candidate>,
}

struct Candidate {
    api: Api,
    path: String,
    collection: String,
    options: LeaseOptions,
}

/// What was seen of somebody else's lease: which renewal, and since when by our own clock.
struct Seen {
    renewal: (String, String),
    since: Instant,
}

impl Election {
    /// Starts asking for the lease.
    pub fn start(control: &ControlPlane, options: LeaseOptions) -> Self {
        let leases =
            ApiResource { group: "coordination.k8s.io".to_owned(), ..ApiResource::core("Lease", "leases") };
        let candidate = Arc::new(Candidate {
            api: control.api().clone(),
            path: leases.object_path(control.namespace(), &options.name),
            collection: leases.collection_path(Some(control.namespace())),
            options,
        });
        let (sender, leads) = watch::channel(false);
        let task = tokio::spawn(candidate.clone().run(sender)).abort_handle();
        Election { leads, task, candidate }
    }

    /// Whether we are the leader now.
    pub fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    /// Follows whether we are the leader. It becomes false before anybody else can become leader.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.leads.clone()
    }

    /// Gives the lease up, so that another replica need not wait until it has run out.
    pub async fn release(self) {
        self.task.abort();
        if self.leads() {
            let released = self.candidate.release();
            if let Err(error) = released.await {
                tracing::debug!(%error, "the lease could not be given up; it runs out by itself");
            }
        }
    }
}

impl Drop for Election {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Candidate {
    async fn run(self: Arc<Self>, leads: watch::Sender<bool>) {
        let mut seen: Option<Seen> = None;
        let mut renewed: Option<Instant> = None;
        loop {
            // An answer that takes longer than the lease lasts is no answer.
            let started = Instant::now();
            let limit = self.options.duration.mul_f64(0.6);
            match tokio::time::timeout(limit, self.attempt(&mut seen)).await {
                Ok(Ok(true)) => renewed = Some(started),
                Ok(Ok(false)) => renewed = None,
                Ok(Err(error)) => {
                    tracing::warn!(lease = self.options.name, %error, "the lease cannot be renewed");
                }
                Err(_) => tracing::warn!(lease = self.options.name, "renewing the lease takes too long"),
            }
            // We stop a little before others may start.
            let good = |since: Instant| since.elapsed() < self.options.duration.mul_f64(0.8);
            leads.send_if_modified(|leads| {
                let now = renewed.is_some_and(good);
                std::mem::replace(leads, now) != now
            });
            let pause = self.options.renew.mul_f64(rand::rng().random_range(0.8..1.2));
            match renewed {
                // Wake up in time to stop.
                Some(since) => {
                    let end = since + self.options.duration.mul_f64(0.8);
                    tokio::time::sleep_until(end.min(Instant::now() + pause)).await;
                }
                None => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Tries to get or keep the lease. Answers whether it is ours.
    async fn attempt(&self, seen: &mut Option<Seen>) -> Result<bool, Error> {
        let action = format!("get the lease {}", self.options.name);
        let lease: Object = match self.api.json(Call::get(&action, &self.path)).await {
            Ok(lease) => lease,
            Err(error) if error.is_not_found() => return self.create().await,
            Err(error) => return Err(error),
        };
        let text = |field: &str| lease.get_str(&["spec", field]).unwrap_or_default().to_owned();
        let holder = text("holderIdentity");
        if holder != self.options.identity && !holder.is_empty() {
            let renewal = (holder, text("renewTime"));
            let lasts = lease.get(&["spec", "leaseDurationSeconds"]).and_then(Value::as_u64).unwrap_or(15);
            match seen {
                Some(seen) if seen.renewal == renewal => {
                    if seen.since.elapsed() < Duration::from_secs(lasts) {
                        return Ok(false);
                    }
                }
                _ => {
                    *seen = Some(Seen { renewal, since: Instant::now() });
                    return Ok(false);
                }
            }
        }
        self.take(lease).await
    }

    fn now() -> Value {
        Value::from(jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
    }

    async fn create(&self) -> Result<bool, Error> {
        let action = format!("create the lease {}", self.options.name);
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.options.name},
            "spec": {
                "holderIdentity": self.options.identity,
                "leaseDurationSeconds": self.options.duration.as_secs(),
                "acquireTime": Self::now(),
                "renewTime": Self::now(),
                "leaseTransitions": 0,
            },
        });
        let call = Call::with_body(Method::POST, &action, &self.collection, lease.to_string().into_bytes());
        Self::won(self.api.bytes(call).await)
    }

    /// Writes ourselves into the lease as we read it; if anybody else has written since, we have lost.
    async fn take(&self, mut lease: Object) -> Result<bool, Error> {
        if lease.get_str(&["spec", "holderIdentity"]) != Some(&self.options.identity) {
            let transitions =
                lease.get(&["spec", "leaseTransitions"]).and_then(Value::as_i64).unwrap_or_default();
            lease.set(&["spec", "leaseTransitions"], Value::from(transitions + 1));
            lease.set(&["spec", "acquireTime"], Self::now());
            lease.set(&["spec", "holderIdentity"], Value::from(self.options.identity.as_str()));
        }
        lease.set(&["spec", "leaseDurationSeconds"], Value::from(self.options.duration.as_secs()));
        lease.set(&["spec", "renewTime"], Self::now());
        self.put(&lease).await
    }

    async fn release(&self) -> Result<(), Error> {
        let action = format!("get the lease {}", self.options.name);
        let mut lease: Object = self.api.json(Call::get(&action, &self.path)).await?;
        if lease.get_str(&["spec", "holderIdentity"]) == Some(&self.options.identity) {
            lease.set(&["spec", "holderIdentity"], Value::from(""));
            self.put(&lease).await?;
        }
        Ok(())
    }

    async fn put(&self, lease: &Object) -> Result<bool, Error> {
        let action = format!("renew the lease {}", self.options.name);
        let call = Call::with_body(Method::PUT, &action, &self.path, lease.to_json().into_bytes());
        Self::won(self.api.bytes(call).await)
    }

    fn won<T>(answer: Result<T, Error>) -> Result<bool, Error> {
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() || error.is_already_exists() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
