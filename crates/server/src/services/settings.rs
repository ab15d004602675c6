//! `cluster.SettingsService`: what clients and the web page need to know before and after logging in.

use serde_json::{Map, Value, json};
use types::settings::resources::IgnoreFields;
use types::settings::{ResourceSettings, Settings, StatusRule};
use types::tracking::TrackingMethod;

use crate::call::{Answer, Call, Door, Handlers, Reply};

/// The rule for new passwords, unless `passwordPattern` says otherwise.
pub(super) const PASSWORD_PATTERN: &str = "^.{8,32}$";

pub(super) fn register(handlers: &mut Handlers) {
    handlers.add("cluster.SettingsService/Get", Door::Open, |call| async move {
        Ok(Reply { answer: Answer::One(get(&call)), token: None, renewed: false })
    });
    handlers.unary("cluster.SettingsService/GetPlugins", |_| async move { Ok(json!({})) });
}

fn get(call: &Call) -> Value {
    let settings = call.core.control.settings();
    let text = |key: &str| settings.config(key).unwrap_or_default();
    let flag = |key: &str| text(key) == "true";
    let parameter = |key: &str| settings.parameter(key).unwrap_or_default();
    let mut value = json!({
        "url": settings.url,
        "additionalUrls": list(text("additionalUrls")),
        "appLabelKey": settings.tracking.label,
        "trackingMethod": match settings.tracking.method {
            TrackingMethod::Annotation => "annotation",
            TrackingMethod::Label => "label",
            TrackingMethod::AnnotationAndLabel => "annotation+label",
        },
        "installationID": settings.tracking.installation_id,
        "statusBadgeEnabled": flag("statusbadge.enabled"),
        "statusBadgeRootUrl": text("statusbadge.url"),
        "googleAnalytics": {
            "trackingID": text("ga.trackingid"),
            "anonymizeUsers": text("ga.anonymizeusers") != "false",
        },
        "kustomizeOptions": {"BuildOptions": settings.rendering.kustomize_build_options},
        "help": {"chatUrl": text("help.chatUrl"), "chatText": chat_text(&settings)},
        "userLoginsDisabled": !settings.accounts.values().any(|account| account.login),
        "execEnabled": flag("exec.enabled"),
        "appsInAnyNamespaceEnabled": !parameter("application.namespaces").is_empty(),
        "impersonationEnabled": settings.impersonation,
        "hydratorEnabled": parameter("hydrator.enabled") == "true",
        "syncWithReplaceAllowed": parameter("server.sync.replace.allowed") != "false",
        "uiCssURL": text("ui.cssurl"),
        "uiLoginButtonText": text("ui.loginButtonText"),
    });
    if let (Value::Object(members), Some(_)) = (&mut value, call.caller.identity()) {
        members.extend(for_members(call, &settings));
    }
    value
}

/// What only those with a session are told.
fn for_members(call: &Call, settings: &Settings) -> Map<String, Value> {
    let text = |key: &str| settings.config(key).unwrap_or_default();
    let pattern = Some(text("passwordPattern")).filter(|pattern| !pattern.is_empty());
    let mut members = Map::new();
    members.insert("passwordPattern".to_owned(), pattern.unwrap_or(PASSWORD_PATTERN).into());
    members.insert("resourceOverrides".to_owned(), overrides(&settings.resources));
    members.insert("controllerNamespace".to_owned(), call.core.control.namespace().into());
    members.insert("uiBannerContent".to_owned(), text("ui.bannercontent").into());
    members.insert("uiBannerURL".to_owned(), text("ui.bannerurl").into());
    members.insert("uiBannerPermanent".to_owned(), (text("ui.bannerpermanent") == "true").into());
    members.insert("uiBannerPosition".to_owned(), text("ui.bannerposition").into());
    members
}

/// The overrides of kinds as clients that compare by themselves need them: with the rule for `/status` among them.
fn overrides(resources: &ResourceSettings) -> Value {
    let mut all = resources.overrides.clone();
    let with_status = match resources.compare.status_rule {
        StatusRule::All => Some("*/*"),
        StatusRule::CustomResourceDefinitions => Some("apiextensions.k8s.io/CustomResourceDefinition"),
        StatusRule::Off => None,
    };
    if let Some(key) = with_status {
        let pointers = &mut all.entry(key.to_owned()).or_default().ignore_differences.json_pointers;
        pointers.push("/status".to_owned());
    }
    let fields = |fields: &IgnoreFields| {
        goyaml::to_string(&json!({
            "jsonPointers": fields.json_pointers,
            "jqPathExpressions": fields.jq_path_expressions,
            "managedFieldsManagers": fields.managed_fields_managers,
        }))
    };
    let written = all.iter().map(|(key, rule)| {
        let known: Vec<Value> = rule
            .known_type_fields
            .iter()
            .map(|known| json!({"field": known.field, "type": known.type_name}))
            .collect();
        let value = json!({
            "health.lua": rule.health_lua,
            "health.lua.useOpenLibs": rule.use_open_libs,
            "actions": rule.actions,
            "ignoreDifferences": fields(&rule.ignore_differences),
            "ignoreResourceUpdates": fields(&rule.ignore_resource_updates),
            "knownTypeFields": known,
        });
        (key.clone(), value)
    });
    Value::Object(written.collect())
}

fn chat_text(settings: &Settings) -> &str {
    match (settings.config("help.chatUrl"), settings.config("help.chatText")) {
        (Some(url), None) if !url.is_empty() => "Chat now!",
        (_, text) => text.unwrap_or_default(),
    }
}

/// A list written in YAML.
fn list(text: &str) -> Value {
    goyaml::from_str(text).ok().filter(Value::is_array).unwrap_or(Value::Null)
}
