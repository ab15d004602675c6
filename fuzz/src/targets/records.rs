//! What users keep in the cluster: settings, Secrets, custom resources, tracking marks.

use std::collections::BTreeMap;

use serde_json::Value;
use types::settings::Settings;
use types::tracking::{Tracking, TrackingId, TrackingMethod};
use types::{AppKey, AppProject, Application, ApplicationSet, Cluster, RepoCreds, Repository, SecretSource};

use crate::bundle;

/// ConfigMaps and Secrets: `-- NAME/KEY --`.
pub(super) fn settings(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut config_maps: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut secrets: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
    for file in bundle::files(text) {
        let Some((object, key)) = file.name.split_once('/') else { continue };
        let content = file.text.strip_suffix('\n').unwrap_or(file.text);
        if object == "argocd-secret" {
            secrets.entry(object.into()).or_default().insert(key.into(), content.into());
        } else {
            config_maps.entry(object.into()).or_default().insert(key.into(), content.into());
        }
    }
    let (settings, problems) = Settings::parse(&config_maps, &secrets);
    for problem in &problems {
        assert!(!problem.to_string().is_empty() && !problem.key.is_empty(), "a problem that names nothing");
    }
    let _ = types::rbac::Policy::new(&settings.policy);
    let _ = settings.resources.filter.includes("apps", "Deployment", "https://a");
    for key in ["admin.password", "server.secretkey", "a"] {
        let _ = settings.secret(key);
    }
}

/// The data of a labeled Secret: `-- KEY --`. Values never come out in an error.
pub(super) fn secrets(data: &[u8]) {
    const PASSWORD: &str = "hunter2-c4nary";
    let Some(text) = super::text_of(data) else { return };
    let mut fields: BTreeMap<String, Vec<u8>> = bundle::files(text)
        .iter()
        .map(|file| (file.name.to_owned(), file.text.strip_suffix('\n').unwrap_or(file.text).into()))
        .collect();
    for key in ["password", "bearerToken", "sshPrivateKey", "githubAppPrivateKey"] {
        fields.insert(key.to_owned(), PASSWORD.into());
    }
    let url = fields.get("url").map(|url| String::from_utf8_lossy(url).into_owned()).unwrap_or_default();
    let nothing = BTreeMap::new();
    let source = SecretSource {
        namespace: "argocd",
        name: "x",
        labels: &nothing,
        annotations: &nothing,
        data: &fields,
    };
    let shown = [
        format!("{:?}", Repository::from_secret(&source)),
        format!("{:?}", RepoCreds::from_secret(&source)),
        format!("{:?}", Cluster::from_secret(&source)),
    ];
    for shown in shown {
        assert!(!shown.contains(PASSWORD), "a password is shown: {shown}");
    }
    let normal = types::normalize_repository_url(&url);
    assert_eq!(types::normalize_repository_url(&format!(" {url} ")), normal, "white space around {url:?}");
    assert!(!normal.contains(|c: char| c.is_ascii_uppercase()), "{url:?} became {normal:?}");
}

fn comes_back<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &Value,
) {
    let Ok(read) = serde_json::from_value::<T>(value.clone()) else { return };
    let written =
        serde_json::to_value(&read).unwrap_or_else(|error| panic!("{read:?} cannot be written: {error}"));
    match serde_json::from_value::<T>(written.clone()) {
        Ok(again) => assert_eq!(again, read, "{value}\nwas written as {written}"),
        Err(error) => panic!("{value}\nwas written as {written}, which cannot be read: {error}"),
    }
}

/// Custom resources, and the marks on objects that belong to an application.
pub(super) fn resources(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let value = goyaml::from_str(bundle::text_of(&files, "")).unwrap_or_default();
    comes_back::<Application>(&value);
    comes_back::<AppProject>(&value);
    comes_back::<ApplicationSet>(&value);
    if let Some(id) = TrackingId::parse(bundle::text_of(&files, "id").trim_end_matches('\n')) {
        let shown = id.to_string();
        assert_eq!(TrackingId::parse(&shown).as_ref(), Some(&id), "{shown}");
        let key = AppKey::from_instance_name(&id.instance, "argocd");
        let again = AppKey::from_instance_name(&key.instance_name("argocd"), "argocd");
        assert_eq!(again, key, "{}", id.instance);
    }
    let Ok(mut object) = object::Object::from_value(value) else { return };
    for method in [TrackingMethod::Annotation, TrackingMethod::Label, TrackingMethod::AnnotationAndLabel] {
        let tracking =
            Tracking { method, label: "app.kubernetes.io/instance".into(), installation_id: String::new() };
        let _ = tracking.instance_of(&object);
        tracking.mark(&mut object, "web", "place");
    }
    let _ = (
        sync::hook_types(&object),
        sync::hook_phases(&object),
        sync::delete_policies(&object),
        sync::wave(&object),
    );
    let _ = (sync::images(&object), sync::is_ignored_hook(&object));
}
