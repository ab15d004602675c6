//! What the containers of an application print, merged by time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use bytes::Bytes;
use cluster::LogOptions;
use futures::StreamExt;
use futures::stream::{BoxStream, SelectAll};
use serde_json::{Value, json};
use types::{Application, ResourceNode};

use super::resources::{live, tree};
use super::{denied, find};
use crate::call::{Call, Handlers, Replies};
use crate::status::Status;

/// Pods whose logs are shown together, unless `server.maxPodLogsToRender` says otherwise.
const MAX_PODS: usize = 10;
/// Longer lines are cut.
const MAX_LINE: usize = 1 << 20;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.stream("application.ApplicationService/PodLogs", read);
}

/// One line of one pod.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    /// As the kubelet wrote it: RFC 3339 with nanoseconds, which sorts as text within one zone.
    time: String,
    pod: String,
    content: String,
}

/// The lines of one pod, or why they cannot be read any further.
type Lines = BoxStream<'static, Result<Line, Status>>;

async fn read(call: Call) -> Result<Replies, Status> {
    let application = find(&call, "name", "get").await?;
    let object = call.core.object_of(&application);
    if !call.caller.allows("logs", "get", &object) {
        return Err(denied());
    }
    let pods = pods(&call, &application).await?;
    let settings = call.core.control.settings();
    let most =
        settings.config("server.maxPodLogsToRender").and_then(|text| text.parse().ok()).unwrap_or(MAX_PODS);
    if pods.len() > most {
        return Err(Status::invalid(format!(
            "max pods to view logs are reached. Please provide more granular query ({} pods, at most {most})",
            pods.len()
        )));
    }
    let cluster = live(&call, &application)?;
    let options = LogOptions {
        container: call.text("container").to_owned(),
        follow: call.flag("follow") == Some(true),
        tail_lines: call.number("tailLines").filter(|lines| *lines > 0),
        since_seconds: call.number("sinceSeconds").filter(|seconds| *seconds > 0),
        since_time: call.text("sinceTime").to_owned(),
        timestamps: true,
        previous: call.flag("previous") == Some(true),
    };
    let mut streams = Vec::new();
    for pod in &pods {
        let held = &pod.resource_ref;
        let chunks = cluster.logs(&held.namespace, &held.name, &options).await?;
        streams.push(lines(chunks.map(|chunk| chunk.map_err(Status::from)).boxed(), held.name.clone()));
    }
    let filter = Filter::of(&call);
    let until = call.text("untilTime").to_owned();
    let merged: Lines = if options.follow {
        // What comes from now on is told when it comes.
        SelectAll::from_iter(streams).boxed()
    } else {
        sorted(streams).await
    };
    let wanted = merged.filter(move |line| {
        let keep = match line {
            Ok(line) => filter.matches(&line.content) && (until.is_empty() || line.time <= until),
            Err(_) => true,
        };
        futures::future::ready(keep)
    });
    let last = json!({
        "content": "", "last": true, "timeStamp": jiff::Timestamp::now().to_string(), "timeStampStr": "", "podName": "",
    });
    Ok(wanted.map(|line| line.map(|line| entry(&line))).chain(futures::stream::iter([Ok(last)])).boxed())
}

fn entry(line: &Line) -> Value {
    json!({
        "content": line.content,
        "timeStamp": line.time.parse::<jiff::Timestamp>().map(|time| format!("{time:.0}")).unwrap_or_default(),
        "timeStampStr": line.time,
        "last": false,
        "podName": line.pod,
    })
}

/// The pods that a request is about: one by name, those below one object, or all of the application.
async fn pods(call: &Call, application: &Application) -> Result<Vec<ResourceNode>, Status> {
    let nodes = tree(call, application).await?.nodes;
    let is_pod = |node: &ResourceNode| node.resource_ref.kind == "Pod" && node.resource_ref.group.is_empty();
    let namespace = call.text("namespace");
    let pod = call.text("podName");
    let (kind, group, name) = (call.text("kind"), call.text("group"), call.text("resourceName"));
    let roots: Vec<String> = nodes
        .iter()
        .filter(|node| {
            let held = &node.resource_ref;
            (kind.is_empty() || held.kind == kind)
                && (kind.is_empty() || held.group == group)
                && (name.is_empty() || held.name == name)
                && (namespace.is_empty() || held.namespace == namespace)
        })
        .map(|node| node.resource_ref.uid.clone())
        .collect();
    let selected: Vec<ResourceNode> = nodes
        .iter()
        .filter(|node| is_pod(node))
        .filter(|node| namespace.is_empty() || node.resource_ref.namespace == namespace)
        .filter(|node| pod.is_empty() || node.resource_ref.name == pod)
        .filter(|node| !pod.is_empty() || is_below(node, &nodes, &roots))
        .cloned()
        .collect();
    if selected.is_empty() && !pod.is_empty() {
        return Err(Status::invalid(format!(
            "pod {pod} not found as part of application {}",
            application.metadata.name
        )));
    }
    Ok(selected)
}

fn is_below(node: &ResourceNode, nodes: &[ResourceNode], roots: &[String]) -> bool {
    let mut pending = VecDeque::from([node]);
    let mut steps = 0;
    while let Some(node) = pending.pop_front() {
        steps += 1;
        if roots.contains(&node.resource_ref.uid) {
            return true;
        }
        if steps > nodes.len() {
            return false;
        }
        for parent in &node.parent_refs {
            pending.extend(nodes.iter().find(|candidate| candidate.resource_ref.uid == parent.uid));
        }
    }
    false
}

/// Which lines are told.
struct Filter {
    text: String,
    inverted: bool,
    exact_case: bool,
}

impl Filter {
    fn of(call: &Call) -> Self {
        let text = call.text("filter");
        let (inverted, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let exact_case = call.flag("matchCase") == Some(true);
        let text = if exact_case { text.to_owned() } else { text.to_lowercase() };
        Self { text, inverted, exact_case }
    }

    fn matches(&self, content: &str) -> bool {
        if self.text.is_empty() {
            return true;
        }
        let found = if self.exact_case {
            content.contains(&self.text)
        } else {
            content.to_lowercase().contains(&self.text)
        };
        found != self.inverted
    }
}

/// Cuts chunks into lines.
fn lines(chunks: BoxStream<'static, Result<Bytes, Status>>, pod: String) -> Lines {
    let state = (chunks, Vec::<u8>::new(), VecDeque::<Line>::new(), pod, false);
    futures::stream::unfold(state, |(mut chunks, mut rest, mut ready, pod, mut ended)| async move {
        loop {
            if let Some(line) = ready.pop_front() {
                return Some((Ok(line), (chunks, rest, ready, pod, ended)));
            }
            if ended {
                return None;
            }
            match chunks.next().await {
                Some(Ok(chunk)) => {
                    rest.extend_from_slice(&chunk);
                    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                        let line: Vec<u8> = rest.drain(..=end).collect();
                        ready.push_back(parse(&line, &pod));
                    }
                    if rest.len() > MAX_LINE {
                        ready.push_back(parse(&std::mem::take(&mut rest), &pod));
                    }
                }
                Some(Err(status)) => return Some((Err(status), (chunks, rest, ready, pod, true))),
                None => {
                    ended = true;
                    if !rest.is_empty() {
                        ready.push_back(parse(&std::mem::take(&mut rest), &pod));
                    }
                }
            }
        }
    })
    .boxed()
}

fn parse(bytes: &[u8], pod: &str) -> Line {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\n', '\r']);
    let (time, content) = match text.split_once(' ') {
        Some((time, content)) if time.parse::<jiff::Timestamp>().is_ok() => (time, content),
        _ => ("", text),
    };
    Line { time: time.to_owned(), pod: pod.to_owned(), content: content.to_owned() }
}

/// Merges streams that are each in the order of time.
async fn sorted(mut streams: Vec<Lines>) -> Lines {
    let mut heads = BinaryHeap::new();
    let mut failed = None;
    for (index, stream) in streams.iter_mut().enumerate() {
        match stream.next().await {
            Some(Ok(line)) => heads.push(Reverse((line, index))),
            Some(Err(status)) => failed = Some(status),
            None => {}
        }
    }
    futures::stream::unfold((streams, heads, failed), |(mut streams, mut heads, failed)| async move {
        if let Some(status) = failed {
            return Some((Err(status), (Vec::new(), BinaryHeap::new(), None)));
        }
        let Reverse((line, index)) = heads.pop()?;
        let mut failed = None;
        if let Some(stream) = streams.get_mut(index) {
            match stream.next().await {
                Some(Ok(next)) => heads.push(Reverse((next, index))),
                Some(Err(status)) => failed = Some(status),
                None => {}
            }
        }
        Some((Ok(line), (streams, heads, failed)))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_cut_and_merged_by_time() {
        let chunks = |texts: &[&str]| {
            let chunks: Vec<Result<Bytes, Status>> =
                texts.iter().map(|text| Ok(Bytes::from((*text).to_owned()))).collect();
            futures::stream::iter(chunks).boxed()
        };
        let first = chunks(&[
            "2026-01-01T00:00:01Z on",
            "e\n2026-01-01T00:00:03Z three\n",
            "2026-01-01T00:00:05Z five",
        ]);
        let second = chunks(&["2026-01-01T00:00:02Z two\nno time\n"]);
        let merged = sorted(vec![lines(first, "a".into()), lines(second, "b".into())]).await;
        let told: Vec<String> = merged
            .map(|line| line.map(|line| format!("{} {}", line.pod, line.content)).unwrap())
            .collect()
            .await;
        assert_eq!(told, ["a one", "b two", "b no time", "a three", "a five"]);
    }

    #[test]
    fn filters() {
        let filter = |text: &str, exact_case| {
            let (inverted, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
            Filter { text: text.to_owned(), inverted, exact_case }
        };
        assert!(filter("error", false).matches("An Error"));
        assert!(!filter("error", true).matches("An Error"));
        assert!(!filter("!error", false).matches("An Error"));
        assert!(filter("", true).matches("anything"));
    }
}
