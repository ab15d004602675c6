//! APIService, CustomResourceDefinition and PodDisruptionBudget.

use object::Object;

use super::{Conditioned, read};
use crate::{HealthCode, HealthStatus};

pub(super) fn api_service(object: &Object) -> Result<HealthStatus, String> {
    let Conditioned { status } = read(object, &["v1", "v1beta1"])?;
    let available = status.conditions.into_iter().find(|condition| condition.kind == "Available");
    Ok(match available {
        None => HealthStatus::progressing("Waiting to be processed"),
        Some(condition) => {
            let code = if condition.status == "True" { HealthCode::Healthy } else { HealthCode::Progressing };
            HealthStatus::new(code, format!("{}: {}", condition.reason, condition.message))
        }
    })
}

pub(super) fn custom_resource_definition(object: &Object) -> Result<HealthStatus, String> {
    let Conditioned { status } = read(object, &[])?;
    if status.conditions.is_empty() {
        return Ok(HealthStatus::progressing("Status conditions not found"));
    }
    let mut established = false;
    for condition in &status.conditions {
        let message = &condition.message;
        match (condition.kind.as_str(), condition.status.as_str()) {
            ("Terminating", "True") => {
                return Ok(HealthStatus::progressing(format!("CRD is terminating: {message}")));
            }
            ("NamesAccepted", "False") => {
                return Ok(HealthStatus::degraded(format!("CRD names have not been accepted: {message}")));
            }
            ("NonStructuralSchema", "True") => {
                return Ok(HealthStatus::degraded(format!("Schema violations found: {message}")));
            }
            ("Established", "True") => established = true,
            ("Established", _) if condition.reason == "Installing" => {
                return Ok(HealthStatus::progressing("CRD is being installed"));
            }
            _ => {}
        }
    }
    Ok(if established {
        HealthStatus::healthy("CRD is healthy")
    } else {
        HealthStatus::degraded("CRD is not established")
    })
}

pub(super) fn disruption_budget(object: &Object) -> Result<HealthStatus, String> {
    let Conditioned { status } = read(object, &[])?;
    let Some(last) = status.conditions.last() else {
        return Ok(HealthStatus::progressing("Waiting for status"));
    };
    let blocked = status
        .conditions
        .iter()
        .any(|condition| condition.status == "False" && condition.reason != "InsufficientPods");
    let code = if blocked { HealthCode::Degraded } else { HealthCode::Healthy };
    Ok(HealthStatus::new(code, format!("PodDisruptionBudget has {}", last.reason)))
}
