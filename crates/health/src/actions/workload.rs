//! Deployment, StatefulSet, DaemonSet: restart, scale, pause and resume.

use object::Object;
use serde_json::Value;

use super::{Action, ActionError, Effect, Invocation, Offer, offer, patched};

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

pub(super) fn offers(object: &Object) -> Vec<Offer> {
    let mut offers = vec![offer("restart", "", "fa fa-fw fa-redo", true, restart)];
    if object.kind() == "Deployment" {
        let paused = object.get(&["spec", "paused"]).and_then(Value::as_bool).unwrap_or_default();
        offers.push(offer("pause", "", "fa fa-fw fa-pause-circle", !paused, pause));
        offers.push(offer("resume", "", "fa fa-fw fa-play-circle", paused, resume));
    }
    if object.kind() != "DaemonSet" {
        let action = Action {
            name: "scale".to_owned(),
            parameters: vec!["replicas".to_owned()],
            icon_class: "fa fa-fw fa-balance-scale".to_owned(),
            ..Action::default()
        };
        offers.push(Offer { action, run: scale });
    }
    offers
}

fn restart(object: &Object, invocation: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        object.set(
            &["spec", "template", "metadata", "annotations", RESTARTED_AT],
            Value::from(invocation.now.as_str()),
        );
    })
}

fn pause(object: &Object, _: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        object.set(&["spec", "paused"], Value::from(true));
    })
}

fn resume(object: &Object, _: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        object.set(&["spec", "paused"], Value::from(false));
    })
}

fn scale(object: &Object, invocation: &Invocation) -> Result<Vec<Effect>, ActionError> {
    let replicas = invocation.parameters.get("replicas").and_then(|text| text.trim().parse::<u32>().ok());
    let replicas = replicas.ok_or_else(|| ActionError::Parameter {
        action: "scale".to_owned(),
        parameter: "replicas".to_owned(),
        reason: "must be a whole number that is not negative",
    })?;
    patched(object, |object| {
        object.set(&["spec", "replicas"], Value::from(replicas));
    })
}
