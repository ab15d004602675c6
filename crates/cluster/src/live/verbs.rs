//! Single objects of a cluster: get, create, patch, delete, logs and events. Applying is in `apply/`.

use bytes::Bytes;
use futures::Stream;
use http::Method;
use object::{Object, ObjectKey};
use serde::Deserialize;

use super::{Inner, LiveCluster};
use crate::request::{Api, Call};
use crate::resource::{ApiResource, segment};
use crate::{DeleteOptions, Error, Patch};

/// Which part of a container's log is read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogOptions {
    /// The container; empty for the only one.
    pub container: String,
    /// Whether to go on with what is logged from now on.
    pub follow: bool,
    /// Only so many lines from the end.
    pub tail_lines: Option<i64>,
    /// Only what was logged in so many seconds.
    pub since_seconds: Option<i64>,
    /// Only what was logged since this time (RFC 3339); empty for all.
    pub since_time: String,
    /// Whether each line begins with its time.
    pub timestamps: bool,
    /// The log of the container's previous run.
    pub previous: bool,
}

impl LogOptions {
    fn query(&self) -> String {
        let mut query = Vec::new();
        for (name, value) in [("container", &self.container), ("sinceTime", &self.since_time)] {
            if !value.is_empty() {
                query.push(format!("{name}={}", segment(value)));
            }
        }
        for (name, value) in [("tailLines", self.tail_lines), ("sinceSeconds", self.since_seconds)] {
            query.extend(value.map(|value| format!("{name}={value}")));
        }
        for (name, value) in
            [("follow", self.follow), ("timestamps", self.timestamps), ("previous", self.previous)]
        {
            if value {
                query.push(format!("{name}=true"));
            }
        }
        query.join("&")
    }
}

/// A connection together with how a kind is served.
pub(crate) struct Target {
    pub(crate) api: Api,
    pub(crate) resource: ApiResource,
}

impl Inner {
    pub(crate) async fn target(&self, key: &ObjectKey, version: &str) -> Result<Target, Error> {
        let api = self.connected().await?;
        let resource = self.resource(&key.group_kind(), version).await?;
        Ok(Target { api, resource })
    }
}

impl Target {
    pub(crate) fn path(&self, key: &ObjectKey) -> String {
        self.resource.object_path(&key.namespace, &key.name)
    }

    pub(crate) async fn get(&self, key: &ObjectKey) -> Result<Option<Object>, Error> {
        let action = format!("get {key}");
        match self.api.json(Call::get(&action, &self.path(key))).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn delete(&self, key: &ObjectKey, options: &DeleteOptions) -> Result<(), Error> {
        let action = format!("delete {key}");
        let api = self.api.acting_as(&options.impersonate);
        api.bytes(Call::with_body(Method::DELETE, &action, &self.path(key), options.body())).await?;
        Ok(())
    }
}

impl LiveCluster {
    /// Reads an object from the API server, in the version preferred or in another one; `None` when there is none.
    ///
    /// # Errors
    /// [`Error::UnknownKind`] when the kind is not served, and what the API server answers.
    pub async fn get(&self, key: &ObjectKey, version: Option<&str>) -> Result<Option<Object>, Error> {
        self.inner.target(key, version.unwrap_or_default()).await?.get(key).await
    }

    /// Lists all objects of a kind from the API server, in a namespace or, when that is empty, everywhere.
    ///
    /// # Errors
    /// As [`LiveCluster::get`].
    pub async fn list(&self, kind: &object::GroupKind, namespace: &str) -> Result<Vec<Object>, Error> {
        let resource = self.inner.resource(kind, "").await?;
        let mut objects = list(&self.inner.connected().await?, &resource, namespace, "").await?;
        for object in &mut objects {
            object.set(&["apiVersion"], resource.api_version().into());
            object.set(&["kind"], resource.kind.clone().into());
        }
        Ok(objects)
    }

    /// Creates an object.
    ///
    /// # Errors
    /// As the API server answers, [`Error::is_already_exists`] among others.
    pub async fn create(&self, object: &Object, dry_run: bool) -> Result<Object, Error> {
        let key = object.key();
        let Target { api, resource } = self.inner.target(&key, object.version()).await?;
        let action = format!("create {key}");
        let manager = types::names::FIELD_MANAGER;
        let mut path = format!("{}?fieldManager={manager}", resource.collection_path(object.namespace()));
        if dry_run {
            path.push_str("&dryRun=All");
        }
        api.json(Call::with_body(Method::POST, &action, &path, object.to_json().into_bytes())).await
    }

    /// Changes parts of an object, or of one of its subresources such as `status`; an empty subresource is the object.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn patch(&self, key: &ObjectKey, patch: &Patch, subresource: &str) -> Result<Object, Error> {
        let target = self.inner.target(key, "").await?;
        let action = format!("patch {key}");
        let mut path = target.path(key);
        if !subresource.is_empty() {
            path = format!("{path}/{}", segment(subresource));
        }
        path.push_str("?fieldManager=");
        path.push_str(types::names::FIELD_MANAGER);
        let mut call = Call::with_body(Method::PATCH, &action, &path, patch.body());
        call.content_type = patch.content_type();
        target.api.json(call).await
    }

    /// Asks for the deletion of an object. One that is not there is an error ([`Error::is_not_found`]).
    ///
    /// # Errors
    /// As the API server answers; with a `uid` in the options, [`Error::is_conflict`] when another object has the name.
    pub async fn delete(&self, key: &ObjectKey, options: &DeleteOptions) -> Result<(), Error> {
        self.inner.target(key, "").await?.delete(key, options).await
    }

    /// Reads the log of a container as chunks of text. Drop the stream to stop.
    ///
    /// # Errors
    /// As the API server answers, such as code 400 while the container is being created.
    pub async fn logs(
        &self,
        namespace: &str,
        pod: &str,
        options: &LogOptions,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let api = self.inner.connected().await?;
        let action = format!("read the log of Pod:{namespace}/{pod}");
        let object = ApiResource::core("Pod", "pods").object_path(namespace, pod);
        let path = format!("{object}/log?{}", options.query());
        let mut call = Call::get(&action, &path);
        call.accept = "*/*";
        api.chunks(call).await
    }

    /// The events about an object, as the API server has them. With a uid, only those about that very object.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn events(&self, key: &ObjectKey, uid: &str) -> Result<Vec<Object>, Error> {
        let api = self.inner.connected().await?;
        let mut selector = format!("involvedObject.name={},involvedObject.kind={}", key.name, key.kind);
        if !key.namespace.is_empty() {
            selector.push_str(&format!(",involvedObject.namespace={}", key.namespace));
        }
        if !uid.is_empty() {
            selector.push_str(&format!(",involvedObject.uid={uid}"));
        }
        // Events about cluster-scoped objects are in the namespace `default`; they are found by their reference.
        let query = format!("fieldSelector={}", segment(&selector));
        list(&api, &ApiResource::core("Event", "events"), &key.namespace, &query).await
    }
}

/// A page of a list.
#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    metadata: types::ListMeta,
    #[serde(default)]
    items: Option<Vec<Object>>,
}

async fn list(api: &Api, resource: &ApiResource, namespace: &str, query: &str) -> Result<Vec<Object>, Error> {
    let action = format!("list {}", resource.group_kind());
    let collection = resource.collection_path(Some(namespace));
    let (mut objects, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("{collection}?limit=500&continue={}&{query}", segment(&token));
        let page: Page = api.json(Call::get(&action, &path)).await?;
        objects.extend(page.items.unwrap_or_default());
        if page.metadata.continue_token.is_empty() {
            return Ok(objects);
        }
        token = page.metadata.continue_token;
    }
}
