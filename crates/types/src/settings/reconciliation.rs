//! When applications are refreshed, healed, retried and given up.

use std::time::Duration;

use super::{Reader, parse};

/// The timing of the control loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconciliation {
    /// How long a comparison is good for without any other reason to repeat it; `None` for ever.
    pub refresh: Option<Duration>,
    /// The most that is added to `refresh` by chance, so that applications do not refresh all at once.
    pub jitter: Duration,
    /// How long a rendering is good for even when nothing has changed; `None` for ever.
    pub hard_refresh: Option<Duration>,
    /// How long errors of a repository are kept from the status of an application that was fine before.
    pub repository_error_grace: Duration,
    /// The delay before the first self-heal attempt; zero turns the backoff off.
    pub self_heal_initial: Duration,
    /// The delay when the backoff is off.
    pub self_heal_constant: Duration,
    /// What the self-heal delay is multiplied with after each attempt.
    pub self_heal_factor: u32,
    /// The longest self-heal delay.
    pub self_heal_cap: Duration,
    /// How long a sync may take; `None` for ever.
    pub sync_timeout: Option<Duration>,
    /// Applications refreshed at the same time.
    pub status_processors: usize,
    /// Operations run at the same time.
    pub operation_processors: usize,
    /// Whether comparisons ask the API server for a dry run.
    pub server_side_diff: bool,
    /// Whether the health of each resource is written into `status.resources`.
    pub persist_resource_health: bool,
    /// Further namespaces (globs or `/regex/`) whose Applications are processed.
    pub application_namespaces: Vec<String>,
}

impl Default for Reconciliation {
    fn default() -> Self {
        Self {
            refresh: Some(Duration::from_secs(120)),
            jitter: Duration::from_secs(60),
            hard_refresh: None,
            repository_error_grace: Duration::from_secs(180),
            self_heal_initial: Duration::from_secs(2),
            self_heal_constant: Duration::ZERO,
            self_heal_factor: 3,
            self_heal_cap: Duration::from_secs(300),
            sync_timeout: None,
            status_processors: 20,
            operation_processors: 10,
            server_side_diff: false,
            persist_resource_health: false,
            application_namespaces: Vec::new(),
        }
    }
}

fn unless_zero(duration: Duration) -> Option<Duration> {
    (!duration.is_zero()).then_some(duration)
}

pub(super) fn parse_config(reader: &mut Reader<'_>) -> Reconciliation {
    let defaults = Reconciliation::default();
    let refresh = reader.duration("timeout.reconciliation", Duration::from_secs(120));
    let jitter = reader.duration("timeout.reconciliation.jitter", defaults.jitter);
    Reconciliation {
        refresh: unless_zero(refresh),
        jitter,
        hard_refresh: unless_zero(reader.duration("timeout.hard.reconciliation", Duration::ZERO)),
        repository_error_grace: refresh + jitter,
        ..defaults
    }
}

pub(super) fn parse_parameters(reader: &mut Reader<'_>, settings: &mut Reconciliation) {
    let mut number = |key: &str| {
        let text = reader.get(key).filter(|text| !text.is_empty())?.to_owned();
        let number = text.parse::<u32>().ok();
        if number.is_none() {
            reader.problem(key, format!("{text:?} is no whole number; the default is used"));
        }
        number
    };
    let seconds = |number: Option<u32>| number.map(|seconds| Duration::from_secs(seconds.into()));
    if let Some(delay) = seconds(number("controller.self.heal.timeout.seconds")) {
        settings.self_heal_constant = delay;
    }
    if let Some(delay) = seconds(number("controller.self.heal.backoff.timeout.seconds")) {
        settings.self_heal_initial = delay;
    }
    if let Some(factor) = number("controller.self.heal.backoff.factor") {
        settings.self_heal_factor = factor;
    }
    if let Some(cap) = seconds(number("controller.self.heal.backoff.cap.seconds")) {
        settings.self_heal_cap = cap;
    }
    if let Some(timeout) = seconds(number("controller.sync.timeout.seconds")) {
        settings.sync_timeout = unless_zero(timeout);
    }
    if let Some(count) = number("controller.status.processors").filter(|count| *count > 0) {
        settings.status_processors = count as usize;
    }
    if let Some(count) = number("controller.operation.processors").filter(|count| *count > 0) {
        settings.operation_processors = count as usize;
    }
    settings.repository_error_grace =
        reader.duration("controller.repo.error.grace.period.seconds", settings.repository_error_grace);
    settings.server_side_diff = reader.strict_bool("controller.diff.server.side", false);
    settings.persist_resource_health = reader.strict_bool("controller.resource.health.persist", false);
    settings.application_namespaces = parse::list(reader.get("application.namespaces").unwrap_or_default());
}
