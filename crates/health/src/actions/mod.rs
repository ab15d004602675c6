//! Resource actions: what can be done to an object beyond changing its manifest, such as restarting a Deployment.
//!
//! An action is a value: [`run`] answers which objects are to be created or patched, and somebody else does it. The
//! built-in actions are in `workload.rs`, `batch.rs`, `rollout.rs` and `flux.rs`.

mod batch;
mod flux;
mod rollout;
mod workload;

use std::collections::BTreeMap;

use object::Object;

/// An action that an object offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// Its name, such as `restart`.
    pub name: &'static str,
    /// Whether it makes no sense in the object's present state.
    pub disabled: bool,
    /// The names of its parameters.
    pub parameters: &'static [&'static str],
    /// What it is called in a user interface; empty for its name.
    pub display_name: &'static str,
    /// The class of its icon; empty for none.
    pub icon_class: &'static str,
}

/// What an action is to do to one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The object is made from the live one by this change: the object as it is to be.
    Patch(Object),
    /// This object is created.
    Create(Object),
}

/// When and with what an action is run. It is told the time so that it needs no clock.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// Now, in RFC 3339 with whole seconds and `Z`.
    pub now: String,
    /// Now, in seconds since 1970.
    pub seconds: i64,
    /// The values of the parameters.
    pub parameters: BTreeMap<String, String>,
}

/// Why an action was not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The kind has no such action.
    #[error("{kind} has no action {action:?}; it has: {known}")]
    Unknown {
        /// The kind, as `apps/Deployment`.
        kind: String,
        /// The action that was asked for.
        action: String,
        /// The actions that there are.
        known: String,
    },
    /// A parameter is missing or not what it must be.
    #[error("action {action}: parameter {parameter}: {reason}")]
    Parameter {
        /// The action.
        action: String,
        /// The parameter.
        parameter: String,
        /// What it must be.
        reason: &'static str,
    },
}

type Run = fn(&Object, &Invocation) -> Result<Vec<Effect>, ActionError>;

/// An action together with how it is run.
struct Offer {
    action: Action,
    run: Run,
}

fn offer(
    name: &'static str,
    display_name: &'static str,
    icon_class: &'static str,
    enabled: bool,
    run: Run,
) -> Offer {
    Offer { action: Action { name, disabled: !enabled, parameters: &[], display_name, icon_class }, run }
}

/// An action that is only a change of the object.
fn patched(object: &Object, change: impl FnOnce(&mut Object)) -> Result<Vec<Effect>, ActionError> {
    let mut object = object.clone();
    change(&mut object);
    Ok(vec![Effect::Patch(object)])
}

fn offers(object: &Object) -> Vec<Offer> {
    let (group, kind) = (object.group(), object.kind());
    match (group, kind) {
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet") => workload::offers(object),
        ("batch", "CronJob" | "Job") => batch::offers(object),
        ("argoproj.io", _) => rollout::offers(object),
        (group, _) if group.ends_with(".toolkit.fluxcd.io") => flux::offers(object),
        _ => Vec::new(),
    }
}

/// The actions that a live object offers.
pub fn discover(object: &Object) -> Vec<Action> {
    offers(object).into_iter().map(|offer| offer.action).collect()
}

/// What an action is to do. Disabled actions can be run all the same.
///
/// # Errors
/// When the kind has no such action, or a parameter is wrong.
pub fn run(object: &Object, action: &str, invocation: &Invocation) -> Result<Vec<Effect>, ActionError> {
    let offers = offers(object);
    match offers.iter().find(|offer| offer.action.name == action) {
        Some(offer) => (offer.run)(object, invocation),
        None => Err(ActionError::Unknown {
            kind: object.group_kind().to_string(),
            action: action.to_owned(),
            known: offers.iter().map(|offer| offer.action.name).collect::<Vec<_>>().join(", "),
        }),
    }
}
