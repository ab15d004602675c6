//! `version.VersionService`: the client's first question.

use serde_json::{Value, json};

use crate::call::{Answer, Call, Door, Handlers, Reply};
use crate::status::Status;

/// The release of Argo CD whose API this is. Clients compare it with their own.
const COMPATIBLE: &str = "v3.6.0";

pub(super) fn register(handlers: &mut Handlers) {
    handlers.add("version.VersionService/Version", Door::Open, |call| async move { version(&call) });
}

fn version(call: &Call) -> Result<Reply, Status> {
    let own = format!("{COMPATIBLE}+argosy.{}", env!("CARGO_PKG_VERSION"));
    // Strangers aren't told more: a page that sees more without a session takes authentication to be switched off.
    let value: Value = if call.caller.identity().is_none() {
        json!({"Version": own})
    } else {
        json!({
            "Version": own,
            "Compiler": "rustc",
            "Platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
            "GoVersion": "none",
            "GitTreeState": "clean",
            "KustomizeVersion": "built in",
            "HelmVersion": "built in",
            "KubectlVersion": "built in",
            "JsonnetVersion": "built in",
            "ExtraBuildInfo": concat!("Argosy ", env!("CARGO_PKG_VERSION")),
        })
    };
    Ok(Reply { answer: Answer::One(value), token: None, renewed: false })
}
