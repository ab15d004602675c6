//! Job and CronJob.

use object::Object;
use serde_json::Value;

use super::{Conditioned, read};
use crate::HealthStatus;

pub(super) fn job(object: &Object) -> Result<HealthStatus, String> {
    let Conditioned { status } = read(object, &["v1"])?;
    let (mut failed, mut complete, mut suspended) = (None, false, false);
    let mut message = String::new();
    for condition in status.conditions {
        match condition.kind.as_str() {
            "Failed" => {
                complete = true;
                failed = Some(condition.message);
            }
            "Complete" => {
                complete = true;
                message = condition.message;
            }
            "Suspended" => {
                complete = true;
                message = condition.message;
                suspended |= condition.status == "True";
            }
            _ => {}
        }
    }
    Ok(match failed {
        _ if !complete => HealthStatus::progressing(""),
        Some(message) => HealthStatus::degraded(message),
        None if suspended => HealthStatus::suspended(message),
        None => HealthStatus::healthy(message),
    })
}

/// Never fails: a CronJob of any version is looked at field by field.
pub(super) fn cron_job(object: &Object) -> Result<HealthStatus, String> {
    if object.get(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true) {
        return Ok(HealthStatus::healthy("CronJob is Suspended"));
    }
    let Some(status) = object.get(&["status"]).filter(|status| status.is_object()) else {
        return Ok(HealthStatus::progressing("Waiting for CronJob"));
    };
    let time = |field: &str| status.get(field).and_then(Value::as_str);
    let Some(scheduled) = time("lastScheduleTime") else {
        return Ok(HealthStatus::healthy("CronJob has not been scheduled yet"));
    };
    let Some(succeeded) = time("lastSuccessfulTime") else {
        return Ok(HealthStatus::healthy("The CronJob never completed successfully. It may not be healthy"));
    };
    if status.get("active").and_then(Value::as_array).is_some_and(|active| !active.is_empty()) {
        return Ok(HealthStatus::healthy(
            "The job is running. Its last execution may not have been successful",
        ));
    }
    // Times are written in one form and zone, so that their texts sort as the times do.
    if succeeded < scheduled {
        return Ok(HealthStatus::degraded("CronJob has not completed its last execution successfully"));
    }
    Ok(HealthStatus::healthy("CronJob has completed its last execution successfully"))
}
