//! Sync windows: when a project lets its applications be synced. The time is an argument.

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use types::SyncWindow;

use crate::retry::parse_duration;

/// How far a schedule is looked ahead.
const SEARCHED_YEARS: i16 = 5;
/// Longest accepted description of a window.
const MAX_DESCRIPTION: usize = 255;

/// A window that cannot be evaluated; it blocks every sync that it applies to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The schedule is no five-field cron expression.
    #[error("cannot parse schedule '{schedule}': {reason}")]
    Schedule {
        /// The schedule.
        schedule: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The duration is no Go duration.
    #[error("cannot parse duration '{0}'")]
    Duration(String),
    /// The kind is neither allow nor deny.
    #[error("kind '{0}' mismatch: can only be allow or deny")]
    Kind(String),
    /// The description is too long.
    #[error("description must not exceed {MAX_DESCRIPTION} characters")]
    Description,
    /// Nothing that the window would apply to.
    #[error("window '{kind}:{schedule}:{duration}' requires one of application, cluster or namespace")]
    MatchesNothing {
        /// `allow` or `deny`.
        kind: String,
        /// The schedule.
        schedule: String,
        /// The duration.
        duration: String,
    },
    /// The same window twice.
    #[error("window '{kind}:{schedule}:{duration}' already exists, update or edit it")]
    Duplicate {
        /// `allow` or `deny`.
        kind: String,
        /// The schedule.
        schedule: String,
        /// The duration.
        duration: String,
    },
}

/// What a window is matched against.
#[derive(Debug, Clone, Copy)]
pub struct WindowSubject<'a> {
    /// The application's name.
    pub application: &'a str,
    /// The namespace it is deployed to.
    pub namespace: &'a str,
    /// The URL of the cluster it is deployed to.
    pub server: &'a str,
    /// The name of that cluster, empty when unknown.
    pub cluster: &'a str,
}

/// Whether a window applies to an application.
pub fn applies(window: &SyncWindow, subject: &WindowSubject<'_>) -> bool {
    let any = |patterns: &[String], texts: &[&str]| {
        patterns
            .iter()
            .any(|pattern| texts.iter().any(|text| !text.is_empty() && types::glob::matches(pattern, text)))
    };
    let lists = [
        (&window.applications, any(&window.applications, &[subject.application])),
        (&window.clusters, any(&window.clusters, &[subject.cluster, subject.server])),
        (&window.namespaces, any(&window.namespaces, &[subject.namespace])),
    ];
    let mut given = lists.iter().filter(|(patterns, _)| !patterns.is_empty()).peekable();
    given.peek().is_some()
        && if window.and_operator { given.all(|(_, hit)| *hit) } else { given.any(|(_, hit)| *hit) }
}

/// Whether a window is open at a moment.
///
/// # Errors
/// When its schedule or duration cannot be read.
pub fn is_active(window: &SyncWindow, now: Timestamp) -> Result<bool, WindowError> {
    let length =
        parse_duration(&window.duration).ok_or_else(|| WindowError::Duration(window.duration.clone()))?;
    let schedule_error = |reason: String| WindowError::Schedule { schedule: window.schedule.clone(), reason };
    // The schedule is read on a clock that is shifted by the zone's offset of this very moment, as Argo CD does; a
    // change to or from summer time inside the window therefore moves its other end.
    let zone = TimeZone::get(&window.time_zone).unwrap_or(TimeZone::UTC);
    let offset = SignedDuration::from_secs(i64::from(zone.to_offset(now).seconds()));
    let shifted = now.saturating_add(offset).unwrap_or(now);
    let begin = shifted.saturating_sub(length).unwrap_or(shifted).to_zoned(TimeZone::UTC);
    let schedule = read_schedule(&window.schedule, begin.year()).map_err(schedule_error)?;
    let next = schedule.find_next_occurrence(&begin, false).map_err(|error| {
        schedule_error(match error {
            CronError::TimeSearchLimitExceeded => format!("no such time comes in {SEARCHED_YEARS} years"),
            error => error.to_string(),
        })
    })?;
    Ok(next.timestamp() < shifted)
}

/// Reads five fields, or a name such as `@daily`. For a time that never comes, such as February 31, all years that there
/// are would be gone through: so seconds and the years that count are written around the fields.
fn read_schedule(schedule: &str, year: i16) -> Result<Cron, String> {
    let parser = CronParser::builder().sloppy_ranges(true);
    let parsed = if schedule.trim_start().starts_with('@') {
        parser.seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(schedule)
    } else {
        let fields = schedule.split_whitespace().count();
        if fields != 5 {
            return Err(format!("it has {fields} fields; minute, hour, day, month and weekday are wanted"));
        }
        let last = year.saturating_add(SEARCHED_YEARS);
        let whole = format!("0 {schedule} {year}-{last}");
        parser.seconds(Seconds::Required).year(Year::Required).build().parse(&whole)
    };
    parsed.map_err(|error| error.to_string())
}

/// What the windows of an application say at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    windows: usize,
    active_allow: usize,
    active_deny: usize,
    active_deny_manual: usize,
    active_deny_overrun: usize,
    inactive_allow: usize,
    inactive_allow_manual: usize,
    inactive_allow_overrun: usize,
}

fn tally(windows: &[&SyncWindow], now: Timestamp) -> Result<Tally, WindowError> {
    let mut tally = Tally { windows: windows.len(), ..Tally::default() };
    for window in windows {
        let active = is_active(window, now)?;
        let (manual, overrun) = (usize::from(window.manual_sync), usize::from(window.sync_overrun));
        match (window.kind.as_str(), active) {
            ("deny", true) => {
                tally.active_deny += 1;
                tally.active_deny_manual += manual;
                tally.active_deny_overrun += overrun;
            }
            ("allow", true) => tally.active_allow += 1,
            ("allow", false) => {
                tally.inactive_allow += 1;
                tally.inactive_allow_manual += manual;
                tally.inactive_allow_overrun += overrun;
            }
            ("deny", false) => {}
            (kind, _) => return Err(WindowError::Kind(kind.to_owned())),
        }
    }
    Ok(tally)
}

/// The windows among a project's that apply to an application.
pub fn matching<'a>(windows: &'a [SyncWindow], subject: &WindowSubject<'_>) -> Vec<&'a SyncWindow> {
    windows.iter().filter(|window| applies(window, subject)).collect()
}

/// Whether an application with these (already matching) windows may be synced now. `started_at` is when the
/// operation started, `None` when it is only about to.
///
/// # Errors
/// When a window cannot be evaluated; the sync is then blocked.
pub fn can_sync(
    windows: &[&SyncWindow],
    manual: bool,
    started_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, WindowError> {
    if windows.is_empty() {
        return Ok(true);
    }
    let tally = tally(windows, now)?;
    // Overrunning is for what was permitted when it began; whether it had begun overrunning then plays no part.
    let was_permitted = |needed: bool| match started_at {
        Some(started_at) if needed => can_sync(windows, manual, None, started_at),
        _ => Ok(false),
    };
    if tally.active_deny > 0 {
        return if manual && tally.active_deny_manual == tally.active_deny {
            Ok(true)
        } else {
            was_permitted(tally.active_deny_overrun == tally.active_deny)
        };
    }
    if tally.active_allow > 0 || tally.inactive_allow == 0 {
        return Ok(true);
    }
    if manual && tally.inactive_allow_manual == tally.inactive_allow {
        return Ok(true);
    }
    was_permitted(tally.inactive_allow_overrun == tally.inactive_allow)
}

/// Checks the windows of a project before they are stored.
///
/// # Errors
/// The first thing that is wrong with one of them.
pub fn validate(windows: &[SyncWindow], now: Timestamp) -> Result<(), WindowError> {
    let identity = |window: &SyncWindow| SyncWindow {
        manual_sync: false,
        sync_overrun: false,
        description: String::new(),
        ..window.clone()
    };
    for (index, window) in windows.iter().enumerate() {
        let (kind, schedule, duration) =
            (window.kind.clone(), window.schedule.clone(), window.duration.clone());
        if kind != "allow" && kind != "deny" {
            return Err(WindowError::Kind(kind));
        }
        is_active(window, now)?;
        if window.description.chars().count() > MAX_DESCRIPTION {
            return Err(WindowError::Description);
        }
        if window.applications.is_empty() && window.clusters.is_empty() && window.namespaces.is_empty() {
            return Err(WindowError::MatchesNothing { kind, schedule, duration });
        }
        if windows[..index].iter().any(|other| identity(other) == identity(window)) {
            return Err(WindowError::Duplicate { kind, schedule, duration });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
