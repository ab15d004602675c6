//! Kubernetes' events of a record.

use http::Request;
use serde_json::{Value, json};

use crate::status::{Code, Status};

/// The events about the object with this namespace, name and uid, on the cluster of `client`.
pub(super) async fn of_record(
    client: &kube::Client,
    namespace: &str,
    name: &str,
    uid: &str,
) -> Result<Value, Status> {
    let mut selector = format!("involvedObject.name={name},involvedObject.namespace={namespace}");
    if !uid.is_empty() {
        selector.push_str(&format!(",involvedObject.uid={uid}"));
    }
    let escaped = selector.replace(',', "%2C").replace('=', "%3D");
    let path = format!("/api/v1/namespaces/{namespace}/events?fieldSelector={escaped}&limit=500");
    let request = Request::get(path).body(Vec::new()).map_err(|error| Status::internal(error.to_string()))?;
    let list: Value = client.request(request).await.map_err(|error| failed(&error))?;
    let items = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(json!({"metadata": list.get("metadata").cloned().unwrap_or_else(|| json!({})), "items": items}))
}

fn failed(error: &kube::Error) -> Status {
    match error {
        kube::Error::Api(status) => {
            Status::new(Code::of_kubernetes(status.code, &status.reason), status.message.clone())
        }
        other => Status::unavailable(format!("cannot list events: {other}")),
    }
}
