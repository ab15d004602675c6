//! What anybody on the network may send to the API server.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use server::readers::{self, Requests};
use types::{Application, ApplicationSource};

use crate::bundle;

/// Every secret is this.
const SECRET: &str = "c4nary-s3cret";

fn requests() -> &'static Requests {
    static REQUESTS: OnceLock<Requests> = OnceLock::new();
    REQUESTS.get_or_init(|| Requests::new().unwrap_or_else(|error| panic!("{error}")))
}

fn headers(text: &str) -> Vec<(&str, &str)> {
    text.lines().filter_map(|line| line.split_once(": ")).collect()
}

fn applications(text: &str) -> Vec<Arc<Application>> {
    let of_line = |line: &str| {
        let (repository, revision) = line.split_once(' ').unwrap_or((line, ""));
        let mut application = Application::default();
        application.metadata.name = "web".into();
        application.metadata.namespace = "argocd".into();
        let paths = "argocd.argoproj.io/manifest-generate-paths";
        application.metadata.annotations.insert(paths.into(), ".;/shared;../*/x".into());
        application.spec.source = Some(ApplicationSource {
            repo_url: repository.to_owned(),
            target_revision: revision.to_owned(),
            path: "apps/web".into(),
            ..ApplicationSource::default()
        });
        Arc::new(application)
    };
    text.lines().take(8).map(of_line).collect()
}

/// A webhook: headers, body, and the applications that there are (`REPOSITORY REVISION` a line).
pub(super) fn webhook(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let headers = headers(bundle::text_of(&files, "headers"));
    let body = bundle::text_of(&files, "body").as_bytes();
    let applications = applications(bundle::text_of(&files, "applications"));
    let open = readers::webhook(&headers, body, &|_| None, &applications);
    if let Ok(touched) = &open {
        assert!(touched.len() <= applications.len(), "{touched:?}");
    }
    if !text.contains(SECRET) {
        let closed = readers::webhook(&headers, body, &|_| Some(SECRET.to_owned()), &applications);
        assert!(closed.is_err(), "believed without the secret: {closed:?}");
    }
    let _ = readers::presented_token(&headers);
}

/// A request of gRPC: the first byte chooses the method, the rest is the body.
pub(super) fn grpc(data: &[u8]) {
    let Some((choice, rest)) = data.split_first() else { return };
    let methods = requests().methods();
    let method = &methods[usize::from(*choice) % methods.len()];
    let framed = |message: &[u8]| {
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
        [&[0][..], &length, message].concat()
    };
    let _ = requests().grpc(method, rest);
    let Some(Ok(read)) = requests().grpc(method, &framed(rest)) else { return };
    // What was read can be written, and then stays what it is.
    let Some(written) = requests().to_grpc(method, &read) else { return };
    let Some(Ok(again)) = requests().grpc(method, &written) else {
        panic!("{method}: {read}\nwas written as {written:?}, which cannot be read");
    };
    let written = requests().to_grpc(method, &again);
    let third = written.and_then(|written| requests().grpc(method, &written));
    assert_eq!(third, Some(Ok(again)), "{method}: {read}");
}

/// A request of REST: verb, path and query in the first lines, then the body.
pub(super) fn rest(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut parts = text.splitn(4, '\n');
    let mut part = || parts.next().unwrap_or_default();
    let (verb, path, query, body) = (part(), part(), part(), part());
    if let Some(Ok(read)) = requests().rest(verb, path, query, body.as_bytes()) {
        assert!(read.is_object(), "{read}");
        let once = requests().selected(query, read);
        assert_eq!(requests().selected(query, once.clone()), once, "fields={query}");
    }
    // The selection is made of replies of any form.
    if let Ok(reply) = serde_json::from_str::<Value>(body) {
        let _ = requests().selected(query, reply);
    }
}

/// Selectors of labels as the API and Kubernetes take them, one a line, and labels (`KEY=VALUE` a line).
pub(super) fn selectors(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let labels: BTreeMap<String, String> = bundle::text_of(&files, "labels")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    let object = serde_json::to_value(&labels).unwrap_or_default();
    for line in bundle::text_of(&files, "").lines().take(8) {
        let ours = readers::label_selector(line, &labels);
        let theirs = sandbox::readers::label_selector(line, &object);
        // What Kubernetes understands, the API understands in the same way. It compares no numbers, though.
        if let (Ok(ours), Ok(theirs)) = (&ours, &theirs)
            && !line.contains(['<', '>'])
        {
            assert_eq!(ours, theirs, "{line:?} of {object}");
        }
        if !line.contains(['(', '<', '>', ',']) {
            assert_eq!(theirs.is_ok(), ours.is_ok() && theirs.is_ok(), "{line:?}: {ours:?}");
        }
        let _ = sandbox::readers::field_selector(line, &["spec.nodeName", "status.phase"]);
    }
    for (key, value) in &labels {
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
        if !key.is_empty() && plain(key) && plain(value) && !value.contains('/') {
            for selector in [format!("{key}={value}"), format!("{key} in (x,{value})"), key.clone()] {
                assert_eq!(sandbox::readers::label_selector(&selector, &object), Ok(true), "{selector}");
                assert_eq!(readers::label_selector(&selector, &labels), Ok(true), "{selector}");
            }
            let without = format!("{key}!={value}");
            assert_eq!(sandbox::readers::label_selector(&without, &object), Ok(false), "{without}");
        }
    }
    let (path, query) = bundle::text_of(&files, "request").split_once('?').unwrap_or_default();
    let _ = sandbox::readers::request(path, query);
}

/// A body in Kubernetes' protobuf encoding. The envelope goes around what does not begin with it.
pub(super) fn protobuf(data: &[u8]) {
    let _ = sandbox::readers::protobuf(data);
    let Some((choice, rest)) = data.split_first() else { return };
    let kinds = [("v1", "Pod"), ("apps/v1", "Deployment"), ("v1", "Namespace"), ("v1", "DeleteOptions")];
    let (version, kind) = kinds[usize::from(*choice) % kinds.len()];
    // runtime.Unknown: the type (1) with version (1) and kind (2), then the raw bytes (2).
    let field = |number: u8, content: &[u8]| {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend_from_slice(content);
        bytes
    };
    let type_meta = [field(1, version.as_bytes()), field(2, kind.as_bytes())].concat();
    let body = [b"k8s\0".to_vec(), field(1, &type_meta), field(2, rest)].concat();
    if let Ok(read) = sandbox::readers::protobuf(&body) {
        assert_eq!(read["kind"], kind, "{read}");
    }
}
