//! What the first start leaves in the control plane's namespace: the administrator's password, the key that signs
//! sessions, and the project that applications without one belong to.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cluster::{ControlPlane, Patch};
use jiff::Timestamp;
use object::Object;
use serde_json::{Map, Value, json};
use types::{
    AppProject, AppProjectSpec, ApplicationDestination, ClusterResourceRestrictionItem, Time, names,
};

use crate::error::Error;
use crate::session::login;

/// The letters of the first password.
const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
/// The length of the first password.
const PASSWORD_LENGTH: usize = 16;

/// Writes what is missing. What is there is left alone.
pub(crate) async fn prepare(control: &ControlPlane) -> Result<(), Error> {
    let mut missing = Map::new();
    let mut initial_password = None;
    let exists = control
        .get_secret(names::SECRET)
        .await
        .map_err(|error| failed(&format!("read Secret {}", names::SECRET), &error.to_string()))?;
    let held = |key: &str| {
        exists.as_ref().is_some_and(|secret| {
            let data = secret.as_value();
            data.get("data")
                .and_then(|data| data.get(key))
                .and_then(Value::as_str)
                .is_some_and(|text| !text.is_empty())
        })
    };
    let administrator = control.settings().accounts.contains_key("admin");
    if administrator && !held("admin.password") {
        let password = random_password();
        let hash = login::hash(&password)
            .await
            .map_err(|status| failed("make the administrator's password", &status.message))?;
        missing.insert("admin.password".to_owned(), BASE64.encode(hash).into());
        initial_password = Some(password);
    }
    if administrator && !held("admin.passwordMtime") {
        let now = Time(Timestamp::now()).to_string();
        missing.insert("admin.passwordMtime".to_owned(), BASE64.encode(now).into());
    }
    if !held("server.secretkey") {
        let key = BASE64.encode(rand::random::<[u8; 32]>());
        missing.insert("server.secretkey".to_owned(), BASE64.encode(key).into());
    }
    if let Some(password) = initial_password {
        write(control, names::INITIAL_ADMIN_SECRET, json!({"password": BASE64.encode(password)})).await?;
    }
    if !missing.is_empty() {
        write(control, names::SECRET, Value::Object(missing)).await?;
    }
    default_project(control).await
}

fn failed(attempt: &str, reason: &str) -> Error {
    Error::ControlPlane { attempt: attempt.to_owned(), reason: reason.to_owned() }
}

/// Adds values to the Secret that holds what the server has made for itself.
pub(crate) async fn remember(control: &ControlPlane, values: &[(&str, &str)]) -> Result<(), Error> {
    let data = values.iter().map(|(key, value)| ((*key).to_owned(), BASE64.encode(value).into()));
    write(control, names::SECRET, Value::Object(data.collect())).await
}

/// Creates a Secret, or adds data to it when it exists.
async fn write(control: &ControlPlane, name: &str, data: Value) -> Result<(), Error> {
    let attempt = format!("write Secret {}/{name}", control.namespace());
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": control.namespace(),
            "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"},
        },
        "type": "Opaque",
        "data": data,
    });
    let secret = Object::from_value(secret).map_err(|error| failed(&attempt, &error.to_string()))?;
    match control.create_secret(&secret).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_already_exists() => control
            .patch_secret(name, &Patch::Merge(json!({"data": data})))
            .await
            .map(|_| ())
            .map_err(|error| failed(&attempt, &error.to_string())),
        Err(error) => Err(failed(&attempt, &error.to_string())),
    }
}

async fn default_project(control: &ControlPlane) -> Result<(), Error> {
    if control.project("default").is_some() {
        return Ok(());
    }
    let mut project = AppProject::default();
    project.metadata.name = "default".to_owned();
    project.spec = AppProjectSpec {
        source_repos: vec!["*".to_owned()],
        destinations: vec![ApplicationDestination {
            server: "*".to_owned(),
            namespace: "*".to_owned(),
            ..ApplicationDestination::default()
        }],
        cluster_resource_whitelist: vec![ClusterResourceRestrictionItem {
            group: "*".to_owned(),
            kind: "*".to_owned(),
            ..ClusterResourceRestrictionItem::default()
        }],
        ..AppProjectSpec::default()
    };
    match control.create_project(&project).await {
        Ok(_) => Ok(()),
        Err(error) if error.is_already_exists() => Ok(()),
        Err(error) => Err(failed("create project default", &error.to_string())),
    }
}

fn random_password() -> String {
    (0..PASSWORD_LENGTH)
        .map(|_| {
            let index = rand::random_range(0..LETTERS.len());
            char::from(LETTERS.get(index).copied().unwrap_or(b'0'))
        })
        .collect()
}
