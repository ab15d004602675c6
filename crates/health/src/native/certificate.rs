//! Certificate of cert-manager.

use object::Object;

use super::{Conditioned, read};
use crate::HealthStatus;

pub(super) fn certificate(object: &Object) -> Result<HealthStatus, String> {
    let Conditioned { status } = read(object, &[])?;
    let issuing =
        status.conditions.iter().find(|condition| condition.kind == "Issuing" && condition.status == "True");
    if let Some(condition) = issuing {
        return Ok(HealthStatus::progressing(&condition.message));
    }
    for condition in status.conditions.iter().filter(|condition| condition.kind == "Ready") {
        match condition.status.as_str() {
            "False" => return Ok(HealthStatus::degraded(&condition.message)),
            "True" => return Ok(HealthStatus::healthy(&condition.message)),
            _ => {}
        }
    }
    Ok(HealthStatus::progressing("Waiting for certificate"))
}
