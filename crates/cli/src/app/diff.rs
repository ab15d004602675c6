//! `app diff`.

use std::process::Command;

use clap::{ArgAction, Args};
use serde_json::Value;
use types::{Application, ResourceDiff};

use super::comparison::differences;
use super::local::{LocalFlags, rendered_by_server, rendered_here};
use super::resources::ManagedResources;
use super::revision::RevisionFlags;
use super::{AppName, NamespaceOption, fetch};
use crate::client::Client;
use crate::error::Error;
use crate::local_files::LocalFiles;
use crate::output::normal_diff;

/// What stands for the repository when local files are rendered here.
pub(super) const LOCAL_ROOT: &str = "/";

/// What `app diff` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code 0: no difference; 1 (or --diff-exit-code): some; 2: not one application is named; 20: an error.\n\nExamples:\n  argosy app diff guestbook\n  argosy app diff guestbook --revision v2\n  argosy app diff guestbook --local ./guestbook\n  KUBECTL_EXTERNAL_DIFF='diff -u' argosy app diff guestbook"
)]
pub(super) struct DiffOptions {
    /// The application, as NAME or NAMESPACE/NAME.
    #[arg(value_name = "APPNAME")]
    names: Vec<String>,
    #[command(flatten)]
    namespace: NamespaceOption,
    /// Compare with Git first.
    #[arg(long)]
    refresh: bool,
    /// Compare with Git first, without any cache.
    #[arg(long)]
    hard_refresh: bool,
    #[command(flatten)]
    revision: RevisionFlags,
    #[command(flatten)]
    local: LocalFlags,
    /// With --local: send the files of DIR, as the whole repository, to the server and let it render them.
    #[arg(long, requires = "local")]
    server_side_generate: bool,
    /// With --server-side-generate: the names of the files that are sent (may be repeated).
    #[arg(long, value_name = "PATTERN", default_values = ["*.yaml", "*.yml", "*.json"])]
    local_include: Vec<String>,
    /// Whether a difference makes the exit code other than 0.
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    exit_code: bool,
    /// The exit code for a difference.
    #[arg(long, default_value_t = 1)]
    diff_exit_code: u8,
    /// Accepted for scripts written for argocd: jq paths have a budget of their own.
    #[arg(long, hide = true)]
    ignore_normalizer_jq_execution_timeout: Option<String>,
}

pub(crate) async fn diff(
    options: &DiffOptions,
    client: &Client,
    files: &dyn LocalFiles,
) -> Result<(), Error> {
    let [name] = &options.names[..] else {
        let message = format!("name one application, not {}", options.names.len());
        return Err(Error::Arguments(message));
    };
    let app = AppName::parse(name, &options.namespace);
    let refresh = match (options.hard_refresh, options.refresh) {
        (true, _) => "hard",
        (false, true) => "normal",
        (false, false) => "",
    };
    let application = fetch(client, &app, refresh).await?;
    let local = if options.server_side_generate {
        let include = &options.local_include;
        rendered_by_server(&options.local, include, files, client, &app, &application).await?
    } else {
        rendered_here(&options.local, LOCAL_ROOT, files, client, &application).await?
    };
    let differs = print_differences(client, &app, &application, &options.revision, local).await?;
    if differs && options.exit_code {
        return Err(Error::Different(options.diff_exit_code));
    }
    Ok(())
}

/// Prints how live objects differ from these manifests, from Git at other revisions if some are named, or from Git as the
/// server has compared them; answers whether any does.
pub(super) async fn print_differences(
    client: &Client,
    app: &AppName,
    application: &Application,
    revision: &RevisionFlags,
    manifests: Option<Vec<String>>,
) -> Result<bool, Error> {
    let manifests = match manifests {
        None if !revision.is_empty() => Some(revision.manifests(client, app, application).await?),
        given => given,
    };
    if let Some(manifests) = manifests {
        let found = differences(client, app, application, &manifests).await?;
        for difference in &found {
            println!("\n===== {} ======", difference.title);
            print_difference(&difference.name, &yaml(&difference.live), &yaml(&difference.wanted))?;
        }
        return Ok(!found.is_empty());
    }
    let answer: ManagedResources = client.get(&app.path("/managed-resources"), &app.query()).await?;
    let mut differs = false;
    for resource in answer.items.unwrap_or_default() {
        let Some((live, desired)) = sides(&resource) else { continue };
        differs = true;
        println!(
            "\n===== {}/{} {}/{} ======",
            resource.group, resource.kind, resource.namespace, resource.name
        );
        print_difference(&resource.name, &live, &desired)?;
    }
    Ok(differs)
}

/// The two sides of a difference as YAML, or `None` when there is none. Hooks and Secrets are left out: hooks are not
/// compared, and of Secrets only masks are known here.
fn sides(resource: &ResourceDiff) -> Option<(String, String)> {
    if resource.hook || (resource.group.is_empty() && resource.kind == "Secret") {
        return None;
    }
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let target = parse(&resource.target_state);
    let (live, desired) = match (parse(&resource.live_state).is_null(), target.is_null()) {
        (true, true) => return None,
        (true, false) => (Value::Null, target),
        (false, true) => (parse(&resource.normalized_live_state), Value::Null),
        (false, false) => (parse(&resource.normalized_live_state), parse(&resource.predicted_live_state)),
    };
    if live == desired {
        return None;
    }
    Some((yaml(&live), yaml(&desired)))
}

/// An object as it is shown; nothing for one that is not there.
fn yaml(value: &Value) -> String {
    if value.is_null() { String::new() } else { goyaml::to_string(value) }
}

fn print_difference(name: &str, live: &str, desired: &str) -> Result<(), Error> {
    let program = std::env::var("KUBECTL_EXTERNAL_DIFF").unwrap_or_default();
    let mut words = program.split_whitespace();
    let Some(program) = words.next() else {
        print!("{}", normal_diff(live, desired));
        return Ok(());
    };
    let failed = |reason: String| Error::Usage(format!("KUBECTL_EXTERNAL_DIFF: {program}: {reason}"));
    let folder = std::env::temp_dir().join(format!("argosy-diff-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
    let (live_file, desired_file) = (folder.join(format!("{name}-live.yaml")), folder.join(name));
    let result = std::fs::write(&live_file, live)
        .and_then(|()| std::fs::write(&desired_file, desired))
        .and_then(|()| Command::new(program).args(words).arg(&live_file).arg(&desired_file).status());
    std::fs::remove_dir_all(&folder).ok();
    // Such programs end with 1 when there is a difference, which there is.
    match result {
        Ok(status) if status.code().is_some_and(|code| code <= 1) => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_shown() {
        let sides_of = |value: Value| sides(&serde_json::from_value(value).unwrap());
        let same = json!({"kind": "Service", "name": "a", "liveState": "{}", "targetState": "{}",
            "normalizedLiveState": "{\"a\":1}", "predictedLiveState": "{\"a\":1}"});
        assert_eq!(sides_of(same), None);
        let missing =
            json!({"kind": "Service", "name": "a", "liveState": "null", "targetState": "{\"a\":1}"});
        assert_eq!(sides_of(missing), Some((String::new(), "a: 1\n".into())));
        let secret = json!({"kind": "Secret", "name": "a", "liveState": "null", "targetState": "{\"a\":1}"});
        assert_eq!(sides_of(secret), None);
    }
}
