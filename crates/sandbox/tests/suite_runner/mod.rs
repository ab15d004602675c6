//! Tells stories to servers and compares their answers. `normal.rs` removes what differs each time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a step that fails ends the test"
)]

mod normal;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::Body;
use sandbox::{Options, Sandbox, ServerHandle};
use serde_json::{Value, json};

/// A file of the suite.
pub(crate) struct Story {
    name: String,
    steps: Vec<Value>,
    answers: PathBuf,
}

/// A server under test.
pub(crate) struct Server {
    client: kube::Client,
    kubeconfig: PathBuf,
    _sandbox: Option<(Sandbox, ServerHandle, tempfile::TempDir)>,
}

impl Server {
    /// A fresh sandbox.
    pub(crate) async fn sandbox(story: &Story) -> Server {
        // Without nodes nothing runs: the controllers can be compared with those of a cluster that has none.
        let simulate_workloads = story.name == "workloads";
        let sandbox = Sandbox::start(Options { simulate_workloads, nodes: Vec::new(), ..Options::fast() });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = sandbox.serve(listener).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let kubeconfig = directory.path().join("kubeconfig");
        std::fs::write(&kubeconfig, sandbox.kubeconfig(&server.url())).unwrap();
        let client = kube::Client::new(sandbox.service(), "default");
        Server { client, kubeconfig, _sandbox: Some((sandbox, server, directory)) }
    }

    /// The server of `ARGOSY_REAL_API`.
    pub(crate) async fn real() -> Option<Server> {
        let given = std::env::var("ARGOSY_REAL_API").ok()?;
        let kubeconfig = if given.starts_with("http") {
            let token = std::env::var("ARGOSY_REAL_API_TOKEN").unwrap_or_default();
            let path = std::env::temp_dir().join(format!("argosy-suite-{}.kubeconfig", std::process::id()));
            let config = json!({
                "apiVersion": "v1", "kind": "Config", "current-context": "real",
                "clusters": [{"name": "real", "cluster": {"server": given, "insecure-skip-tls-verify": true}}],
                "users": [{"name": "real", "user": {"token": token}}],
                "contexts": [{"name": "real", "context": {"cluster": "real", "user": "real"}}],
            });
            std::fs::write(&path, config.to_string()).unwrap();
            path
        } else {
            PathBuf::from(given)
        };
        let config = kube::config::Kubeconfig::read_from(&kubeconfig).unwrap();
        let mut config = kube::Config::from_custom_kubeconfig(config, &Default::default()).await.unwrap();
        // An answer that asks for a retry is an answer here.
        config.default_retry = false;
        let client = kube::Client::try_from(config).unwrap();
        Some(Server { client, kubeconfig, _sandbox: None })
    }

    /// One step: a request, a watch or a kubectl command; its normalized answer.
    async fn ask(&self, step: &Value, captured: &mut BTreeMap<String, String>) -> Value {
        if let Some(command) = step["kubectl"].as_str() {
            return self.kubectl(&fill(command, captured), step).await;
        }
        let line = fill(step["do"].as_str().expect("a step has `do` or `kubectl`"), captured);
        let (method, path) = line.split_once(' ').unwrap();
        let watch = method == "WATCH";
        let mut request = http::Request::builder().method(if watch { "GET" } else { method }).uri(path);
        let content_type = step["type"].as_str().unwrap_or("application/json");
        request = request.header("content-type", content_type).header("user-agent", "suite/1.0");
        request = request.header("accept", step["accept"].as_str().unwrap_or("application/json"));
        let body = match &step["body"] {
            Value::Null => Vec::new(),
            Value::String(text) => fill(text, captured).into_bytes(),
            value => fill(&value.to_string(), captured).into_bytes(),
        };
        let response = self.client.send(request.body(Body::from(body)).unwrap()).await;
        let response = match response {
            Ok(response) => response,
            Err(error) => return json!({ "error": error.to_string() }),
        };
        let (parts, body) = response.into_parts();
        let bytes = tokio::time::timeout(Duration::from_secs(30), body.collect())
            .await
            .map(|collected| collected.map(|c| c.to_bytes()).unwrap_or_default())
            .unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let (Some(captures), Ok(value)) =
            (step["capture"].as_object(), serde_json::from_str::<Value>(&text))
        {
            for (name, pointer) in captures {
                let found = value.pointer(pointer.as_str().unwrap_or_default()).cloned().unwrap_or_default();
                let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
                captured.insert(name.clone(), found);
            }
        }
        let mut answer = json!({ "code": parts.status.as_u16() });
        let warnings: Vec<&str> =
            parts.headers.get_all("warning").iter().filter_map(|w| w.to_str().ok()).collect();
        if !warnings.is_empty() {
            answer["warnings"] = json!(warnings);
        }
        if watch && parts.status == 200 {
            answer["events"] = normal::events(&text);
        } else {
            answer["body"] = normal::body(&text);
        }
        for pointer in step["ignore"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            normal::remove(&mut answer, pointer);
        }
        if let Some(list) = step["sort"].as_str().and_then(|pointer| answer["body"].pointer_mut(pointer))
            && let Some(list) = list.as_array_mut()
        {
            list.sort_by_key(|entry| entry["type"].as_str().unwrap_or_default().to_owned());
        }
        if let Some(only) = step["only"].as_array() {
            let picked: serde_json::Map<String, Value> = only
                .iter()
                .filter_map(Value::as_str)
                .map(|pointer| {
                    (pointer.to_owned(), answer["body"].pointer(pointer).cloned().unwrap_or_default())
                })
                .collect();
            answer["body"] = Value::Object(picked);
        }
        answer
    }

    async fn kubectl(&self, command: &str, step: &Value) -> Value {
        if !kubectl_is_here() {
            return Value::Null;
        }
        let mut process = tokio::process::Command::new("kubectl");
        process.env("KUBECONFIG", &self.kubeconfig).args(words(command));
        process.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        process.stderr(std::process::Stdio::piped());
        let mut child = process.spawn().unwrap();
        let input = match &step["stdin"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            value => value.to_string(),
        };
        if let Some(mut stdin) = child.stdin.take() {
            use tokio::io::AsyncWriteExt as _;
            stdin.write_all(input.as_bytes()).await.unwrap();
        }
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| normal::text(&String::from_utf8_lossy(bytes));
        json!({"exit": output.status.code(), "stdout": text(&output.stdout), "stderr": text(&output.stderr)})
    }
}

/// True when kubectl can be run.
pub(crate) fn kubectl_is_here() -> bool {
    static HERE: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *HERE.get_or_init(|| {
        let here = std::process::Command::new("kubectl")
            .args(["version", "--client"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !here {
            println!("skipped: kubectl is not on PATH, so the steps that run it are left out");
        }
        here
    })
}

/// Splits a command line; single quotes keep blanks.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn fill(text: &str, captured: &BTreeMap<String, String>) -> String {
    captured.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value))
}

/// All stories, by name; `ARGOSY_SUITE` picks one.
pub(crate) fn stories() -> Vec<Story> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/suite");
    let only = std::env::var("ARGOSY_SUITE").ok();
    let mut stories: Vec<Story> = std::fs::read_dir(directory)
        .unwrap()
        .filter_map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name()?.to_str()?.strip_suffix(".yaml")?.to_owned();
            if only.as_ref().is_some_and(|only| *only != name) {
                return None;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let value = goyaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let steps = value.as_array().unwrap_or_else(|| panic!("{name}: a story is a list")).clone();
            Some(Story { name, steps, answers: path.with_extension("answers.json") })
        })
        .collect();
    stories.sort_by(|a, b| a.name.cmp(&b.name));
    stories
}

fn title(step: &Value) -> &str {
    step["title"].as_str().or(step["do"].as_str()).or(step["kubectl"].as_str()).unwrap_or("?")
}

/// Records a server's answers.
pub(crate) async fn record(story: &Story, server: &Server) {
    let mut captured = BTreeMap::new();
    let mut answers = Vec::new();
    for step in &story.steps {
        wait(step).await;
        let answer = server.ask(step, &mut captured).await;
        answers.push(json!({"step": title(step), "answer": answer}));
    }
    let text = serde_json::to_string_pretty(&answers).unwrap();
    std::fs::write(&story.answers, text + "\n").unwrap();
}

/// Compares a server's answers with the recorded ones; the differences.
pub(crate) async fn check(story: &Story, server: &Server) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(&story.answers) else {
        return vec![format!("{}: no recorded answers", story.name)];
    };
    let recorded: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut captured = BTreeMap::new();
    let mut failures = Vec::new();
    if recorded.len() != story.steps.len() {
        failures.push(format!("{}: {} steps but {} answers", story.name, story.steps.len(), recorded.len()));
    }
    for (step, recorded) in story.steps.iter().zip(&recorded) {
        let mut answer = server.ask(step, &mut captured).await;
        // Controllers take their time.
        for _ in 0..wait_attempts(step) {
            if answer == recorded["answer"] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            answer = server.ask(step, &mut captured).await;
        }
        if step["kubectl"].is_string() && !kubectl_is_here() {
            continue;
        }
        if answer != recorded["answer"] {
            let mut text = format!("--- {}: {}", story.name, title(step));
            differences(&mut text, "", &recorded["answer"], &answer);
            failures.push(text);
        }
    }
    failures
}

fn wait_attempts(step: &Value) -> usize {
    if step["wait"].is_null() { 0 } else { 100 }
}

async fn wait(step: &Value) {
    if let Some(milliseconds) = step["wait"].as_u64() {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

fn differences(text: &mut String, path: &str, expected: &Value, found: &Value) {
    match (expected, found) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(text, &format!("{path}/{key}"), a, b),
                    (Some(a), None) => writeln!(text, "\n  {path}/{key}: missing {a}").unwrap(),
                    (None, Some(b)) => writeln!(text, "\n  {path}/{key}: surplus {b}").unwrap(),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                differences(text, &format!("{path}/{index}"), a, b);
            }
        }
        (a, b) if a == b => {}
        (Value::String(a), Value::String(b)) if a.contains('\n') || b.contains('\n') => {
            writeln!(text, "\n  {path}: expected\n{a}\n  found\n{b}").unwrap();
        }
        (a, b) => writeln!(text, "\n  {path}: expected {a}\n  {path}: found    {b}").unwrap(),
    }
}
