//! From a one-file commit, announced as a forge would, to the changed object; and the renders that it costs.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kube::api::DynamicObject;
use serde_json::Value;

use crate::load::{DESTINATION, Load};
use crate::report;
use crate::setting::{CONTROL, Setting};
use crate::usage::Usage;
use crate::watch::{self, Watch};

/// How long late renders are waited for after a change has arrived.
const SETTLE: Duration = Duration::from_millis(500);
/// A step through the applications that meets a different one each round.
const STRIDE: usize = 37;
/// The counter in `/metrics`.
const RENDERS: &str = "argosy_renders_total";

/// Measures and prints.
pub(crate) async fn measure(load: &Load, kind: tests::Kind, rounds: usize) -> Result<()> {
    report::commit_head(load, kind, rounds);
    let setting = Setting::start(load, kind).await?;
    let mut applications =
        Watch::start(setting.world.client(), "argoproj.io/v1alpha1", "Application", CONTROL);
    let (created, good) = tokio::join!(
        setting.create_applications(load),
        watch::until_good(&mut applications, load.count, Instant::now())
    );
    created?;
    good?;
    drop(applications);
    tokio::time::sleep(SETTLE * 6).await;

    let mut objects = Watch::start(setting.world.client(), "v1", "ConfigMap", DESTINATION);
    let before = Usage::of(setting.argosy.id())?;
    let mut measured = report::Commits::default();
    for round in 1..=rounds {
        let index = round * STRIDE % load.count;
        let value = format!("round-{round}");
        let (path, text) = load.change(index, &value);
        let renders = renders(&setting).await?;
        let commit = setting.git.commit(&[(&path, &text)]);
        let start = Instant::now();
        setting.argosy.push_event(&setting.git.url(), &commit, &[&path]).await;
        while !shows(&objects.next().await?, &Load::settings_name(index), &value) {}
        measured.took.push(start.elapsed().as_secs_f64());
        tokio::time::sleep(SETTLE).await;
        measured.renders.push(self::renders(&setting).await? - renders);
    }
    measured.cpu = Usage::of(setting.argosy.id())?.cpu - before.cpu;
    report::commits(load, &measured);
    Ok(())
}

fn shows(object: &DynamicObject, name: &str, value: &str) -> bool {
    object.metadata.name.as_deref() == Some(name)
        && object.data.pointer("/data/setting").and_then(Value::as_str) == Some(value)
}

/// How many renders argosy has made so far, by its own count.
async fn renders(setting: &Setting) -> Result<u64> {
    let url = &setting.metrics;
    let text = reqwest::get(url).await?.error_for_status()?.text().await?;
    text.lines()
        .find_map(|line| line.strip_prefix(RENDERS)?.trim().parse().ok())
        .with_context(|| format!("{url} has no {RENDERS}"))
}
