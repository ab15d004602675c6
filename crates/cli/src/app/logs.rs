//! `app logs`: what the containers of an application print.

use clap::Args;
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
#[serde(default)]
struct Entry {
    content: String,
    last: bool,
}

pub(crate) async fn logs(options: &LogsOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
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
        ("tailLines", number(options.tail)),
        ("sinceSeconds", number(options.since_seconds)),
        ("untilTime", options.until_time.clone()),
        ("filter", options.filter.clone()),
        ("matchCase", flag(options.match_case)),
        ("previous", flag(options.previous)),
    ]);
    let path = app.path("/logs");
    let print = |entry: Entry| {
        if entry.last {
            return Some(());
        }
        println!("{}", entry.content);
        None
    };
    if options.follow {
        return client.follow(&path, &query, print).await;
    }
    let ended = client.follow_once(&path, &query, print).await?;
    ended.ok_or_else(|| Error::Format("the logs ended before their end; is the pod still there?".into()))
}
