//! How simulated containers turn out, read from their image and command, so that a demo can show trouble on purpose:
//!
//! | image tag or command                  | what happens                                                     |
//! |---------------------------------------|------------------------------------------------------------------|
//! | `:does-not-exist`                     | the image can't be pulled: `ErrImagePull`, `ImagePullBackOff`    |
//! | `:crashes`, or a command with `exit N`| in a long-running Pod: `CrashLoopBackOff`; else it fails with N  |
//! | `:never-ready`                        | runs, but its readiness probe never succeeds                     |
//! | a command with `sleep N`              | in a Pod that runs to completion: it takes N seconds (60 at most)|

use std::time::Duration;

use serde_json::Value;

/// What becomes of a Pod.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fate {
    /// Ready after a while, and stays so.
    Runs,
    /// An image can't be pulled; the container and its image.
    NoImage(String),
    /// A container exits with this code as soon as it has started.
    Exits(i64),
    /// Runs, never ready.
    NeverReady,
}

/// What becomes of a Pod, by its containers; trouble in any of them is the Pod's.
pub(super) fn fate(pod: &Value) -> Fate {
    let containers = ["initContainers", "containers"]
        .into_iter()
        .flat_map(|list| pod["spec"][list].as_array().into_iter().flatten());
    let mut fate = Fate::Runs;
    for container in containers {
        let image = container["image"].as_str().unwrap_or_default();
        match image.rsplit(':').next().unwrap_or_default() {
            "does-not-exist" => return Fate::NoImage(image.to_owned()),
            "crashes" => fate = Fate::Exits(1),
            "never-ready" if fate == Fate::Runs => fate = Fate::NeverReady,
            _ => {}
        }
        if let Some(code) = number_after(&command(container), "exit").filter(|code| *code != 0) {
            fate = Fate::Exits(code);
        }
    }
    fate
}

/// How long the containers of a Pod work that runs to completion.
pub(super) fn working_time(pod: &Value, default: Duration) -> Duration {
    let longest = pod["spec"]["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|container| number_after(&command(container), "sleep"))
        .max();
    match longest.and_then(|seconds| u64::try_from(seconds).ok()) {
        Some(seconds) => Duration::from_secs(seconds.min(60)),
        None => default,
    }
}

/// How a Pod's log looks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LogStyle {
    /// A server that answers requests.
    Serving,
    /// A task that says what its command prints and ends.
    Task { output: Vec<String>, code: i64 },
    /// A container that was never started.
    NotStarted(&'static str),
}

/// How a container's log looks.
pub(crate) fn log_style(pod: &Value, container: &Value) -> LogStyle {
    match fate(pod) {
        Fate::NoImage(_) => LogStyle::NotStarted("trying and failing to pull image"),
        Fate::Exits(code) => LogStyle::Task { output: printed(container), code },
        _ if pod["status"]["phase"] == "Pending" => LogStyle::NotStarted("ContainerCreating"),
        _ if runs_to_completion(pod) => LogStyle::Task { output: printed(container), code: 0 },
        _ => LogStyle::Serving,
    }
}

pub(super) fn runs_to_completion(pod: &Value) -> bool {
    matches!(pod["spec"]["restartPolicy"].as_str(), Some("Never" | "OnFailure"))
}

fn command(container: &Value) -> String {
    ["command", "args"]
        .into_iter()
        .flat_map(|part| container[part].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

/// What `echo` in a command would print.
fn printed(container: &Value) -> Vec<String> {
    command(container)
        .split([';', '\n', '&', '|'])
        .filter_map(|part| part.trim().split_once("echo "))
        .map(|(_, text)| text.trim().trim_matches(['"', '\'']).to_owned())
        .collect()
}

/// The number that follows a word in a command.
fn number_after(command: &str, word: &str) -> Option<i64> {
    let mut words =
        command.split(|c: char| c.is_whitespace() || ";&|()\"'".contains(c)).filter(|w| !w.is_empty());
    while let Some(found) = words.next() {
        if found == word {
            return words.next()?.parse().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fates_by_image_and_command() {
        for (container, expected) in [
            (json!({"image": "nginx:1.25"}), Fate::Runs),
            (json!({"image": "nginx:does-not-exist"}), Fate::NoImage("nginx:does-not-exist".into())),
            (json!({"image": "app:crashes"}), Fate::Exits(1)),
            (json!({"image": "app:never-ready"}), Fate::NeverReady),
            (json!({"image": "busybox", "command": ["sh", "-c", "echo no; exit 3"]}), Fate::Exits(3)),
            (json!({"image": "busybox", "command": ["sh", "-c", "exit 0"]}), Fate::Runs),
        ] {
            assert_eq!(fate(&json!({"spec": {"containers": [container]}})), expected, "{container}");
        }
    }

    #[test]
    fn sleep_makes_a_task_longer() {
        let pod = json!({"spec": {"containers": [{"command": ["sh", "-c", "sleep 5 && echo done"]}]}});
        assert_eq!(working_time(&pod, Duration::ZERO), Duration::from_secs(5));
        assert_eq!(printed(&pod["spec"]["containers"][0]), ["done"]);
    }
}
