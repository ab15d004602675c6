//! `app logs`: what the containers of an application print.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Target;
use crate::client::Client;
use crate::error::Error;

/// What `app logs` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app logs guestbook --tail 100\n  argosy app logs guestbook --kind Deployment --name web -f\n  argosy app logs guestbook --filter error --match-case"
)]
pub(super) struct LogsOptions {
    #[command(flatten)]
    target: Target,
    /// The API group of the objects whose pods are meant.
    #[arg(long, default_value = "")]
    group: String,
    /// The kind of the objects whose pods are meant.
    #[arg(long, default_value = "")]
    kind: String,
    /// The namespace of the objects whose pods are meant.
    #[arg(long, default_value = "")]
    namespace: String,
    /// The name of the object whose pods are meant.
    #[arg(id = "object", long = "name", value_name = "NAME", default_value = "")]
    name: String,
    /// The container; the only or first one when not given.
    #[arg(short, long, default_value = "")]
    container: String,
    /// Go on with what is printed from now on.
    #[arg(short, long)]
    follow: bool,
    /// Only the last lines, so many of each pod.
    #[arg(long, default_value_t = 0)]
    tail: u64,
    /// Only what was printed in the last seconds.
    #[arg(long, default_value_t = 0)]
    since_seconds: u64,
    /// Only what was printed before this time (RFC 3339).
    #[arg(long, default_value = "")]
    until_time: String,
    /// Only lines with this text; with a leading `!` those without it.
    #[arg(long, default_value = "")]
    filter: String,
    /// Tell capital and small letters apart.
    #[arg(short, long)]
    match_case: bool,
    /// Those of the containers that ran before.
    #[arg(short, long)]
    previous: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    content: String,
    pod_name: String,
    time_stamp_str: String,
    last: bool,
}

/// How much earlier than the last line a stream begins that is opened again: clocks differ.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// The pause before it.
const PAUSE: Duration = Duration::from_secs(1);

/// The time of the last line of each pod.
#[derive(Default)]
struct Seen {
    last: HashMap<String, Timestamp>,
    /// Those of the streams before this one.
    before: HashMap<String, Timestamp>,
}

impl Seen {
    /// Whether a line was not there before the stream was opened again. Lines of a pod come in the order of their times.
    fn is_news(&mut self, entry: &Entry) -> bool {
        let Ok(time) = entry.time_stamp_str.parse::<Timestamp>() else { return true };
        if self.before.get(&entry.pod_name).is_some_and(|last| *last >= time) {
            return false;
        }
        self.last.insert(entry.pod_name.clone(), time);
        true
    }

    /// Takes that the stream is opened again.
    fn again(&mut self) {
        self.before.clone_from(&self.last);
    }

    /// The age of the oldest line from which on a new stream has to tell, in seconds; `None` before the first line.
    fn since(&self, now: Timestamp) -> Option<u64> {
        let oldest = self.last.values().min()?;
        let age = now.duration_since(*oldest).max(SignedDuration::ZERO) + OVERLAP;
        u64::try_from(age.as_secs()).ok()
    }
}

pub(crate) async fn logs(options: &LogsOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let path = app.path("/logs");
    let query = |tail: u64, since_seconds: u64| {
        let mut query = app.query();
        let number = |value: u64| if value == 0 { String::new() } else { value.to_string() };
        let flag = |value: bool| if value { "true".to_owned() } else { String::new() };
        query.extend([
            ("group", options.group.clone()),
            ("kind", options.kind.clone()),
            ("namespace", options.namespace.clone()),
            ("resourceName", options.name.clone()),
            ("container", options.container.clone()),
            ("follow", flag(options.follow)),
            ("tailLines", number(tail)),
            ("sinceSeconds", number(since_seconds)),
            ("untilTime", options.until_time.clone()),
            ("filter", options.filter.clone()),
            ("matchCase", flag(options.match_case)),
            ("previous", flag(options.previous)),
        ]);
        query
    };
    let mut seen = Seen::default();
    let mut request = query(options.tail, options.since_seconds);
    loop {
        let print = |entry: Entry| {
            if entry.last {
                return Some(());
            }
            if seen.is_news(&entry) {
                println!("{}", entry.content);
            }
            None
        };
        if client.follow_once(&path, &request, print).await?.is_some() {
            return Ok(());
        }
        if !options.follow {
            return Err(Error::Format("the logs ended before their end; is the pod still there?".into()));
        }
        tokio::time::sleep(PAUSE).await;
        // What was asked for at first is there; from now on it is whatever comes after that.
        if let Some(since) = seen.since(Timestamp::now()) {
            request = query(0, since);
        }
        seen.again();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_opened_again_prints_no_line_twice() {
        let at = |second: u8, pod: &str| Entry {
            time_stamp_str: format!("2026-01-01T00:00:{second:02}.5Z"),
            pod_name: pod.to_owned(),
            ..Entry::default()
        };
        let mut seen = Seen::default();
        assert_eq!(seen.since(Timestamp::now()), None);
        assert!(seen.is_news(&at(1, "a")) && seen.is_news(&at(3, "a")) && seen.is_news(&at(2, "b")));
        assert!(seen.is_news(&at(3, "a")), "two lines of one moment");
        seen.again();
        assert!(!seen.is_news(&at(1, "a")) && !seen.is_news(&at(3, "a")) && !seen.is_news(&at(2, "b")));
        assert!(seen.is_news(&at(3, "b")) && seen.is_news(&at(1, "new")) && seen.is_news(&at(4, "a")));
        assert!(seen.is_news(&Entry::default()), "without a time it is told");

        let now = "2026-01-01T00:00:11.5Z".parse().unwrap();
        assert_eq!(seen.since(now), Some(70));
        assert_eq!(seen.since("2025-01-01T00:00:00Z".parse().unwrap()), Some(60), "a clock that is behind");
    }
}
