//! From the first Application applied until all are Synced and Healthy.

use std::time::Instant;

use anyhow::Result;

use crate::load::Load;
use crate::report::{self, Row};
use crate::setting::{CONTROL, Setting};
use crate::usage::Usage;
use crate::{floor, watch};

/// Measures and prints.
pub(crate) async fn measure(load: &Load, kind: tests::Kind) -> Result<()> {
    report::sync_head(load, kind);
    let setting = Setting::start(load, kind).await?;
    let mut applications =
        watch::Watch::start(setting.world.client(), "argoproj.io/v1alpha1", "Application", CONTROL);
    let process = setting.argosy.id();
    let before = Usage::of(process)?;
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
    // Before the floor: an argosy that looks on would be measured with it.
    let Setting { world, git, argosy, .. } = setting;
    let listings = git.listings();
    drop(argosy);
    let argosy = Row {
        synced: progress.synced.as_secs_f64(),
        healthy: Some(progress.healthy.as_secs_f64()),
        cpu: after.cpu - before.cpu,
        peak: Some(after.peak),
    };
    let floor = floor::measure(&world, load).await?;
    report::sync(load, kind, &argosy, &floor, listings);
    Ok(())
}
