//! HorizontalPodAutoscaler.

use object::Object;

use super::{Condition, Conditioned, read};
use crate::HealthStatus;

/// The oldest served version keeps its conditions here, as JSON.
const CONDITIONS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/conditions";

/// Conditions with these reasons mean that scaling does not work.
const DEGRADED: [(&str, &[&str]); 2] = [
    ("AbleToScale", &["FailedGetScale", "FailedUpdateScale"]),
    (
        "ScalingActive",
        &[
            "FailedGetResourceMetric",
            "FailedGetObjectMetric",
            "FailedGetPodsMetric",
            "FailedGetExternalMetric",
            "FailedComputeMetricsReplicas",
            "InvalidSelector",
        ],
    ),
];

pub(super) fn autoscaler(object: &Object) -> Result<HealthStatus, String> {
    let conditions = if object.version() == "v1" {
        match object.annotation(CONDITIONS_ANNOTATION).filter(|text| !text.is_empty()) {
            None => Vec::new(),
            Some(text) => serde_json::from_str::<Vec<Condition>>(text)
                .map_err(|error| format!("failed to read annotation {CONDITIONS_ANNOTATION}: {error}"))?,
        }
    } else {
        let Conditioned { status } = read(object, &["v2"])?;
        status.conditions
    };
    let degraded = |condition: &&Condition| {
        DEGRADED
            .iter()
            .any(|(kind, reasons)| condition.kind == *kind && reasons.contains(&condition.reason.as_str()))
    };
    if let Some(condition) = conditions.iter().find(degraded) {
        return Ok(HealthStatus::degraded(&condition.message));
    }
    let able = |condition: &&Condition| {
        matches!(condition.kind.as_str(), "AbleToScale" | "ScalingLimited") && condition.status == "True"
    };
    Ok(match conditions.iter().find(able) {
        Some(condition) => HealthStatus::healthy(&condition.message),
        None => HealthStatus::progressing("Waiting to Autoscale"),
    })
}
