//! From the first Application applied until all are Synced and Healthy.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::load::Load;
use crate::report::{self, Details, Row};
use crate::requests::Requests;
use crate::setting::{CONTROL, Setting};
use crate::usage::Usage;
use crate::{floor, requests, watch};

/// Nothing new for so long means that all is done.
const QUIET: Duration = Duration::from_secs(2);
/// Requests of the control plane's own components in that time.
const STRAY: u64 = 8;
/// The longest that the end is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures and prints.
pub(crate) async fn measure(load: &Load, kind: tests::Kind) -> Result<()> {
    report::sync_head(load, kind);
    let setting = Setting::start(load, kind).await?;
    let mut applications =
        watch::Watch::start(setting.world.client(), "argoproj.io/v1alpha1", "Application", CONTROL);
    let process = setting.argosy.id();
    requests::quiet(setting.world.client()).await?;
    let (idle, asked) = (Usage::of(process)?, Requests::of(setting.world.client()).await?);
    let start = Instant::now();
    let (created, progress) = tokio::join!(
        setting.create_applications(load),
        watch::until_good(&mut applications, load.count, start)
    );
    created?;
    let progress = match progress {
        Ok(progress) => progress,
        Err(error) => return Err(error.context(report::tail(&setting.argosy.log()))),
    };
    let after = Usage::of(process)?;
    drop(applications);
    // What nobody waits for, such as Kubernetes Events, comes after.
    let rest = settle(setting.world.client(), &asked).await?;
    let settled = Usage::of(process)?;
    // Before the floor: an argosy that looks on would be measured with it.
    let Setting { world, git, argosy, .. } = setting;
    let listings = git.listings();
    drop(argosy);
    let argosy = Row {
        synced: progress.synced.as_secs_f64(),
        healthy: Some(progress.healthy.as_secs_f64()),
        cpu: after.cpu - idle.cpu,
        peak: Some(settled.peak),
    };
    let floor = floor::measure(&world, load).await?;
    report::sync(load, kind, &argosy, &floor, listings);
    report::details(load, &Details { idle, settled, rest, floor: &floor });
    Ok(())
}

/// Waits until the API server is asked nothing new for a while; answers what it was asked since `asked`.
async fn settle(client: &kube::Client, asked: &Requests) -> Result<Requests> {
    let start = Instant::now();
    let mut last = Requests::of(client).await?.since(asked);
    loop {
        tokio::time::sleep(QUIET).await;
        let now = Requests::of(client).await?.since(asked);
        // A look at the counters is a request itself, though not one of a resource.
        if now.total() <= last.total() + STRAY || start.elapsed() > PATIENCE {
            return Ok(now);
        }
        last = now;
    }
}
