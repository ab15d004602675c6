//! What an installation needs in its cluster: the CustomResourceDefinitions, a namespace, the default project, the
//! ConfigMaps and the Secrets. What users have is never overwritten.

mod objects;

use std::io::Read as _;

use http::Method;
use object::{Object, ObjectKey};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::Error;
use crate::request::{Api, Call, RequestLimits};
use crate::resource::ApiResource;
use types::names;

/// The definitions: structure only, as compressed JSON.
const DEFINITIONS: [(&str, &[u8]); 3] = [
    ("Application", include_bytes!("crds/application.json.gz")),
    ("AppProject", include_bytes!("crds/appproject.json.gz")),
    ("ApplicationSet", include_bytes!("crds/applicationset.json.gz")),
];

/// The cost of password hashes.
const BCRYPT_COST: u32 = 10;

/// What an installation did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installed {
    /// The objects that were created.
    pub created: Vec<ObjectKey>,
    /// The CustomResourceDefinitions that were there and are up to date now.
    pub updated: Vec<ObjectKey>,
    /// The objects that were there and were left alone.
    pub kept: Vec<ObjectKey>,
}

/// The CustomResourceDefinitions of Application, AppProject and ApplicationSet.
///
/// # Errors
/// When the program is damaged.
pub fn definitions() -> Result<Vec<Object>, Error> {
    DEFINITIONS
        .iter()
        .map(|(kind, compressed)| {
            let damaged = |message: String| Error::Invalid {
                action: format!("read the definition of {kind}"),
                message,
            };
            let mut text = String::new();
            flate2::read::GzDecoder::new(*compressed)
                .read_to_string(&mut text)
                .map_err(|error| damaged(error.to_string()))?;
            serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))
        })
        .collect()
}

/// Installs everything that is missing. CustomResourceDefinitions are brought up to date; all other objects that are
/// there stay as they are. Without a password for the administrator, a random one is made and kept in
/// `argocd-initial-admin-secret`, as Argo CD does.
///
/// # Errors
/// What the API server answers, and [`Error::Invalid`] for a password that cannot be hashed.
pub async fn apply_all(
    client: kube::Client,
    namespace: &str,
    admin_password: Option<&str>,
) -> Result<Installed, Error> {
    let api = Api::new(client, names::IN_CLUSTER_SERVER, &RequestLimits::default());
    let mut installed = Installed::default();
    apply_definitions(&api, &mut installed).await?;
    let install = Install { api: &api, namespace };
    install.ensure(&objects::namespace(namespace), &mut installed).await?;
    for config_map in objects::config_maps() {
        install.ensure(&config_map, &mut installed).await?;
    }
    install.ensure_secrets(admin_password, &mut installed).await?;
    // The definition may be a moment old.
    let project = objects::default_project();
    for attempt in 0.. {
        match install.ensure(&project, &mut installed).await {
            Err(error) if error.is_not_found() && attempt < 50 => {
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            other => {
                other?;
                break;
            }
        }
    }
    Ok(installed)
}

/// Installs only the CustomResourceDefinitions, by server-side apply.
async fn apply_definitions(api: &Api, installed: &mut Installed) -> Result<(), Error> {
    let resource = ApiResource {
        group: "apiextensions.k8s.io".to_owned(),
        namespaced: false,
        ..ApiResource::core("CustomResourceDefinition", "customresourcedefinitions")
    };
    for definition in definitions()? {
        let key = definition.key();
        let action = format!("install {key}");
        let path = resource.object_path("", definition.name());
        let existed = match api.bytes(Call::get(&action, &path)).await {
            Ok(_) => true,
            Err(error) if error.is_not_found() => false,
            Err(error) => return Err(error),
        };
        let path = format!("{path}?fieldManager={}&force=true", names::FIELD_MANAGER);
        let mut call = Call::with_body(Method::PATCH, &action, &path, definition.to_json().into_bytes());
        call.content_type = "application/apply-patch+yaml";
        api.bytes(call).await?;
        if existed { &mut installed.updated } else { &mut installed.created }.push(key);
    }
    Ok(())
}

struct Install<'a> {
    api: &'a Api,
    namespace: &'a str,
}

impl Install<'_> {
    /// Where objects of a kind are created.
    fn collection(&self, object: &Object) -> String {
        let resource = match object.kind() {
            "Namespace" => ApiResource { namespaced: false, ..ApiResource::core("Namespace", "namespaces") },
            "ConfigMap" => ApiResource::core("ConfigMap", "configmaps"),
            "Secret" => ApiResource::core("Secret", "secrets"),
            _ => ApiResource::argo("AppProject", "appprojects"),
        };
        resource.collection_path(Some(self.namespace))
    }

    /// Creates an object, unless one of that name is there.
    async fn ensure(&self, object: &Object, installed: &mut Installed) -> Result<(), Error> {
        let mut key = object.key();
        if object.kind() != "Namespace" {
            self.namespace.clone_into(&mut key.namespace);
        }
        let action = format!("create {key}");
        let path = format!("{}?fieldManager={}", self.collection(object), names::FIELD_MANAGER);
        match self
            .api
            .bytes(Call::with_body(Method::POST, &action, &path, object.to_json().into_bytes()))
            .await
        {
            Ok(_) => installed.created.push(key),
            Err(error) if error.is_already_exists() => installed.kept.push(key),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Fills in what `argocd-secret` lacks: the key that signs sessions, and the administrator's password.
    async fn ensure_secrets(
        &self,
        admin_password: Option<&str>,
        installed: &mut Installed,
    ) -> Result<(), Error> {
        self.ensure(&objects::secret(names::SECRET), installed).await?;
        let action = format!("get Secret:{}/{}", self.namespace, names::SECRET);
        let path = ApiResource::core("Secret", "secrets").object_path(self.namespace, names::SECRET);
        let live: Object = self.api.json(Call::get(&action, &path)).await?;
        let lacks = |key: &str| live.get(&["data", key]).and_then(Value::as_str).is_none_or(str::is_empty);
        let mut entries = serde_json::Map::new();
        if lacks("server.secretkey") {
            let bytes: [u8; 32] = rand::rng().random();
            use base64::Engine as _;
            let key = base64::engine::general_purpose::STANDARD.encode(bytes);
            entries.insert("server.secretkey".to_owned(), Value::from(key));
        }
        if lacks("admin.password") {
            let password = match admin_password {
                Some(password) => password.to_owned(),
                None => {
                    let made = random_password();
                    let mut initial = objects::secret(names::INITIAL_ADMIN_SECRET);
                    initial.set(&["stringData"], json!({"password": made}));
                    let before = installed.created.len();
                    self.ensure(&initial, installed).await?;
                    if installed.created.len() > before { made } else { self.initial_password(made).await? }
                }
            };
            entries.insert("admin.password".to_owned(), Value::from(hash(password).await?));
            let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            entries.insert("admin.passwordMtime".to_owned(), Value::from(now));
        }
        if entries.is_empty() {
            return Ok(());
        }
        // The version makes sure that nobody has set a password meanwhile.
        let patch = json!({"metadata": {"resourceVersion": live.resource_version()}, "stringData": entries});
        let action = format!("fill in Secret:{}/{}", self.namespace, names::SECRET);
        let mut call = Call::with_body(Method::PATCH, &action, &path, patch.to_string().into_bytes());
        call.content_type = "application/merge-patch+json";
        self.api.bytes(call).await?;
        Ok(())
    }

    /// The password that an earlier, interrupted installation made.
    async fn initial_password(&self, otherwise: String) -> Result<String, Error> {
        use base64::Engine as _;
        let action = format!("get Secret:{}/{}", self.namespace, names::INITIAL_ADMIN_SECRET);
        let path =
            ApiResource::core("Secret", "secrets").object_path(self.namespace, names::INITIAL_ADMIN_SECRET);
        let initial: Object = self.api.json(Call::get(&action, &path)).await?;
        let known = initial.get_str(&["data", "password"]);
        let known = known.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
        Ok(known.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(otherwise))
    }
}

fn random_password() -> String {
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
    let mut random = rand::rng();
    (0..16).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// Hashes a password, which takes its time.
async fn hash(password: String) -> Result<String, Error> {
    let fail =
        |message: String| Error::Invalid { action: "hash the administrator's password".to_owned(), message };
    tokio::task::spawn_blocking(move || bcrypt::hash(password, BCRYPT_COST))
        .await
        .map_err(|error| fail(error.to_string()))?
        .map_err(|error| fail(error.to_string()))
}
