//! What the API server has been asked, by its own count.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// The counter of answered requests; watches are counted when they end, and so not here.
const COUNTER: &str = "apiserver_request_total{";
/// Kinds that only the control plane's own components write while nothing happens.
const BACKGROUND: &[&str] = &["leases", "nodes"];

/// The CPU time that the API server has used.
const CPU: &str = "process_cpu_seconds_total ";

/// The API server is quiet when it uses less than this share of a processor,
const QUIET_SHARE: f64 = 0.1;
/// for this long.
const QUIET_FOR: Duration = Duration::from_secs(2);
/// The longest that this is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the API server has done with what came before: its own start, and the schemas of new
/// CustomResourceDefinitions. What is measured next would pay for it, and what is measured after that would not.
pub(crate) async fn quiet(client: &kube::Client) -> Result<()> {
    let start = Instant::now();
    let mut before = Requests::of(client).await?.cpu;
    while start.elapsed() < PATIENCE {
        tokio::time::sleep(QUIET_FOR).await;
        let now = Requests::of(client).await?.cpu;
        if now - before < QUIET_SHARE * QUIET_FOR.as_secs_f64() {
            return Ok(());
        }
        before = now;
    }
    anyhow::bail!("the API server is not quiet after {} s", PATIENCE.as_secs())
}

/// How many requests were answered, by verb and resource (`POST configmaps`), and what that took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    counts: BTreeMap<String, u64>,
    /// CPU seconds of the API server.
    pub(crate) cpu: f64,
}

impl Requests {
    /// Those so far; none when the API server does not count.
    pub(crate) async fn of(client: &kube::Client) -> Result<Self> {
        let request = http::Request::get("/metrics").body(Vec::new()).context("making a request")?;
        let Ok(text) = client.request_text(request).await else { return Ok(Self::default()) };
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> Self {
        let mut requests = Self::default();
        for line in text.lines() {
            if let Some(seconds) = line.strip_prefix(CPU) {
                requests.cpu = seconds.trim().parse().unwrap_or_default();
            }
            let Some((labels, count)) = line.strip_prefix(COUNTER).and_then(|line| line.rsplit_once("} "))
            else {
                continue;
            };
            let label = |name: &str| {
                let (_, rest) = labels.split_once(&format!("{name}=\""))?;
                rest.split_once('"').map(|(value, _)| value)
            };
            let (Some(verb), Some(resource)) = (label("verb"), label("resource")) else { continue };
            if resource.is_empty() || verb == "WATCH" || BACKGROUND.contains(&resource) {
                continue;
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of requests")]
            let count = count.trim().parse::<f64>().unwrap_or_default() as u64;
            *requests.counts.entry(format!("{verb} {resource}")).or_default() += count;
        }
        requests
    }

    /// Those since `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let more = self.counts.iter().map(|(name, count)| {
            (name.clone(), count.saturating_sub(earlier.counts.get(name).copied().unwrap_or_default()))
        });
        Self { counts: more.filter(|(_, count)| *count > 0).collect(), cpu: self.cpu - earlier.cpu }
    }

    /// All of them.
    pub(crate) fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// In words, for each of `applications`; what is less than one for twenty of them is left out.
    pub(crate) fn each(&self, applications: usize) -> String {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let each = |count: u64| count as f64 / applications.max(1) as f64;
        let mut parts: Vec<(&String, f64)> =
            self.counts.iter().map(|(name, count)| (name, each(*count))).collect();
        parts.retain(|(_, each)| *each >= 0.05);
        parts.sort_by(|left, right| right.1.total_cmp(&left.1));
        let parts: Vec<String> = parts.iter().map(|(name, each)| format!("{each:.1} {name}")).collect();
        format!("{:.1} ({})", each(self.total()), parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read() {
        let text = "\
            # TYPE apiserver_request_total counter\n\
            apiserver_request_total{code=\"201\",dry_run=\"\",group=\"\",resource=\"configmaps\",scope=\"resource\",verb=\"POST\",version=\"v1\"} 12\n\
            apiserver_request_total{code=\"409\",dry_run=\"\",group=\"\",resource=\"configmaps\",scope=\"resource\",verb=\"POST\",version=\"v1\"} 1\n\
            apiserver_request_total{code=\"200\",resource=\"leases\",verb=\"PUT\"} 99\n\
            apiserver_request_total{code=\"200\",resource=\"pods\",verb=\"WATCH\"} 5\n\
            apiserver_request_total{code=\"200\",resource=\"applications\",verb=\"PATCH\"} 2e+01\n";
        let requests = Requests::parse(text);
        assert_eq!(requests.total(), 33);
        assert_eq!(requests.each(10), "3.3 (2.0 PATCH applications, 1.3 POST configmaps)");
        assert_eq!(requests.since(&requests).total(), 0);
    }
}
