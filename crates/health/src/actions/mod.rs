//! Resource actions: what can be done to an object beyond changing its manifest, such as restarting a Deployment.
//!
//! An action is a value: [`run`] answers which objects are to be created or patched, and somebody else does it. The
//! built-in actions are in `workload.rs`, `batch.rs`, `rollout.rs` and `flux.rs`; settings can add their own, or put them
//! in place of those ([`Customization`]), as Lua texts.

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
    pub name: String,
    /// Whether it makes no sense in the object's present state.
    pub disabled: bool,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// What it is called in a user interface; empty for its name.
    pub display_name: String,
    /// The class of its icon; empty for none.
    pub icon_class: String,
}

/// The actions of a kind as the settings give them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customization {
    /// The Lua text that tells which actions an object (`obj`) offers: a table by names, with `disabled`, `displayName`,
    /// `iconClass` and `params` for each.
    pub discovery: String,
    /// The Lua texts of the actions by name, with `obj` and `actionParams`. They return the object as it is to be, or a
    /// list of `{operation = "create" or "patch", resource = …}`.
    pub definitions: BTreeMap<String, String>,
    /// Whether the built-in actions are offered, too.
    pub with_builtin: bool,
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
    /// A script of the settings could not be run to its end, or answered something that it may not.
    #[error("the script {script} of resource.customizations.actions for {kind} failed: {message}")]
    Script {
        /// The kind, as `apps/Deployment`.
        kind: String,
        /// The action's name, or `discovery.lua`.
        script: String,
        /// What is wrong.
        message: String,
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
    let action = Action {
        name: name.to_owned(),
        disabled: !enabled,
        parameters: Vec::new(),
        display_name: display_name.to_owned(),
        icon_class: icon_class.to_owned(),
    };
    Offer { action, run }
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

/// The actions that a live object offers: those of the settings for its kind, and the built-in ones that these leave.
///
/// # Errors
/// When the script that tells the settings' actions fails.
pub fn discover(object: &Object, custom: Option<&Customization>) -> Result<Vec<Action>, ActionError> {
    let mut actions = match custom {
        Some(custom) => discovered(object, custom)?,
        None => Vec::new(),
    };
    if custom.is_none_or(|custom| custom.with_builtin) {
        for Offer { action, .. } in offers(object) {
            if !actions.iter().any(|known| known.name == action.name) {
                actions.push(action);
            }
        }
    }
    Ok(actions)
}

/// What an action is to do: one of the settings', or else a built-in one. Disabled actions can be run all the same.
///
/// # Errors
/// When the kind has no such action, a parameter is wrong, or a script fails.
pub fn run(
    object: &Object,
    action: &str,
    invocation: &Invocation,
    custom: Option<&Customization>,
) -> Result<Vec<Effect>, ActionError> {
    if let Some(source) = custom.and_then(|custom| custom.definitions.get(action)) {
        return scripted(object, action, source, invocation);
    }
    let offers = offers(object);
    match offers.iter().find(|offer| offer.action.name == action) {
        Some(offer) => (offer.run)(object, invocation),
        None => Err(ActionError::Unknown {
            kind: object.group_kind().to_string(),
            action: action.to_owned(),
            known: offers.iter().map(|offer| offer.action.name.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}

fn discovered(object: &Object, custom: &Customization) -> Result<Vec<Action>, ActionError> {
    crate::lua::actions(&custom.discovery, object).map_err(|message| failed(object, "discovery.lua", message))
}

fn scripted(
    object: &Object,
    action: &str,
    source: &str,
    invocation: &Invocation,
) -> Result<Vec<Effect>, ActionError> {
    crate::lua::effects(source, object, &invocation.parameters)
        .map_err(|message| failed(object, action, message))
}

fn failed(object: &Object, script: &str, message: String) -> ActionError {
    ActionError::Script { kind: object.group_kind().to_string(), script: script.to_owned(), message }
}
