//! Service, Ingress and PersistentVolumeClaim: objects that somebody else has to bind to something.

use object::Object;
use serde::Deserialize;
use serde_json::Value;

use super::{or_default, read};
use crate::{HealthCode, HealthStatus};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bound {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Spec {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    phase: String,
    #[serde(deserialize_with = "or_default")]
    load_balancer: LoadBalancer,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    #[serde(deserialize_with = "or_default")]
    ingress: Vec<Value>,
}

pub(super) fn service(object: &Object) -> Result<HealthStatus, String> {
    let Bound { spec, status } = read(object, &["v1"])?;
    let waiting = spec.kind == "LoadBalancer" && status.load_balancer.ingress.is_empty();
    Ok(HealthStatus::new(if waiting { HealthCode::Progressing } else { HealthCode::Healthy }, ""))
}

pub(super) fn ingress(object: &Object) -> Result<HealthStatus, String> {
    let ingress = object.get(&["status", "loadBalancer", "ingress"]).and_then(Value::as_array);
    let bound = ingress.is_some_and(|ingress| !ingress.is_empty());
    Ok(HealthStatus::new(if bound { HealthCode::Healthy } else { HealthCode::Progressing }, ""))
}

pub(super) fn volume_claim(object: &Object) -> Result<HealthStatus, String> {
    let Bound { status, .. } = read(object, &["v1"])?;
    let code = match status.phase.as_str() {
        "Bound" => HealthCode::Healthy,
        "Pending" => HealthCode::Progressing,
        "Lost" => HealthCode::Degraded,
        _ => HealthCode::Unknown,
    };
    Ok(HealthStatus::new(code, ""))
}
