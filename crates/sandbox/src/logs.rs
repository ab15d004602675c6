//! Logs of simulated Pods: a few lines per container that follow from the Pod itself, the same each time they are
//! read. `follow` goes on with a line at a time until the Pod is gone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::engine::{Engine, Reply};
use crate::http::body::ResponseBody;
use crate::http::query::Query;
use crate::status::{ApiError, ApiResult};
use crate::workloads::{LogStyle, log_style};

/// A serving container says something this often.
const BEAT: i64 = 5;
/// The oldest lines that are still told.
const KEPT: i64 = 500;

struct Line {
    time: Timestamp,
    text: String,
}

/// `GET …/pods/NAME/log`
pub(crate) fn read(engine: &Arc<Engine>, namespace: &str, name: &str, query: &Query) -> ApiResult<Reply> {
    let pods = engine.builtin("", "pods")?;
    let record = engine.find(&pods, namespace, name)?;
    let pod = record.value();
    let container = choose(&pod, name, &query.container)?;
    let container_name = container["name"].as_str().unwrap_or_default().to_owned();
    let started = started(&pod);
    let style = log_style(&pod, &container);
    if query.previous && !matches!(style, LogStyle::Task { code: 1.., .. }) {
        return Err(ApiError::bad_request(format!(
            "previous terminated container {container_name:?} in pod {name:?} not found"
        )));
    }
    if let LogStyle::NotStarted(why) = style {
        return Err(ApiError::bad_request(format!(
            "container {container_name:?} in pod {name:?} is waiting to start: {why}"
        )));
    }
    let now = Timestamp::now();
    let mut lines = lines(&container, &style, started, now);
    let since = query.since_seconds.map(|seconds| now - SignedDuration::from_secs(seconds.max(0)));
    let since = since.or_else(|| query.since_time.parse().ok());
    if let Some(since) = since {
        lines.retain(|line| line.time >= since);
    }
    if let Some(tail) = query.tail_lines {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let mut text: String = lines.iter().map(|line| print(line, query.timestamps)).collect();
    if let Some(limit) = query.limit_bytes {
        text = String::from_utf8_lossy(text.as_bytes().get(..limit).unwrap_or(text.as_bytes())).into_owned();
    }
    let body = if query.follow && style == LogStyle::Serving {
        follow(engine.clone(), record.key.clone(), started, query.timestamps, text)
    } else {
        ResponseBody::full(text)
    };
    Ok(Reply { code: 200, content_type: "text/plain", body, warnings: Vec::new() })
}

fn choose(pod: &Value, name: &str, wanted: &str) -> ApiResult<Value> {
    let list = |part: &str| pod["spec"][part].as_array().cloned().unwrap_or_default();
    let (containers, init) = (list("containers"), list("initContainers"));
    if wanted.is_empty() {
        return match containers.as_slice() {
            [one] => Ok(one.clone()),
            many => {
                let names = |list: &[Value]| {
                    list.iter().filter_map(|c| c["name"].as_str()).collect::<Vec<_>>().join(" ")
                };
                let mut message = format!(
                    "a container name must be specified for pod {name}, choose one of: [{}]",
                    names(many)
                );
                if !init.is_empty() {
                    message.push_str(&format!(" or one of the init containers: [{}]", names(&init)));
                }
                Err(ApiError::bad_request(message))
            }
        };
    }
    containers
        .into_iter()
        .chain(init)
        .find(|container| container["name"] == wanted)
        .ok_or_else(|| ApiError::bad_request(format!("container {wanted} is not valid for pod {name}")))
}

fn started(pod: &Value) -> Timestamp {
    pod["status"]["startTime"]
        .as_str()
        .or_else(|| pod["metadata"]["creationTimestamp"].as_str())
        .and_then(|text| text.parse().ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

fn lines(container: &Value, style: &LogStyle, started: Timestamp, now: Timestamp) -> Vec<Line> {
    let image = container["image"].as_str().unwrap_or_default();
    let name = container["name"].as_str().unwrap_or_default();
    let mut lines =
        vec![Line { time: started, text: format!("starting {name} from image {image} (simulated)") }];
    match style {
        LogStyle::Task { output, code } => {
            lines.extend(output.iter().map(|text| Line { time: started, text: text.clone() }));
            if *code != 0 {
                lines.push(Line { time: started, text: format!("exiting with code {code}") });
            }
        }
        _ => {
            let beats = now.duration_since(started).as_secs() / BEAT;
            lines.extend((beats.saturating_sub(KEPT).max(0)..beats).map(|beat| heartbeat(started, beat)));
        }
    }
    lines
}

fn heartbeat(started: Timestamp, beat: i64) -> Line {
    let time = started.checked_add(SignedDuration::from_secs((beat + 1) * BEAT)).unwrap_or(started);
    Line { time, text: format!("GET /healthz 200 {}ms", 1 + beat * 7 % 23) }
}

fn print(line: &Line, timestamps: bool) -> String {
    if timestamps {
        format!("{} {}\n", line.time.strftime("%Y-%m-%dT%H:%M:%S.%9fZ"), line.text)
    } else {
        format!("{}\n", line.text)
    }
}

fn follow(
    engine: Arc<Engine>,
    key: Arc<str>,
    started: Timestamp,
    timestamps: bool,
    first: String,
) -> ResponseBody {
    let beat = Timestamp::now().duration_since(started).as_secs() / BEAT;
    let pieces = stream::unfold((Some(first), beat), move |(first, beat)| {
        let (engine, key) = (engine.clone(), key.clone());
        async move {
            if let Some(first) = first {
                return Some((Ok(Bytes::from(first)), (None, beat)));
            }
            let line = heartbeat(started, beat);
            loop {
                let left = line.time.duration_since(Timestamp::now());
                engine.store.get("/pods", &key)?;
                if left.as_millis() <= 0 {
                    return Some((Ok(Bytes::from(print(&line, timestamps))), (None, beat + 1)));
                }
                // In small steps, so that the stream ends soon after the Pod.
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                    () = engine.shutdown.cancelled() => return None,
                }
            }
        }
    });
    ResponseBody::stream(pieces)
}
