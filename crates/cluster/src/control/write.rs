//! Writing to the control plane's cluster. What a write answers is in the tables before the call returns.

use std::sync::Arc;

use http::Method;
use object::Object;
use serde_json::Value;
use types::{AppKey, AppProject, Application, ApplicationSet};

use super::derived::Kind;
use super::{ControlPlane, Record, table};
use crate::request::Call;
use crate::resource::ApiResource;
use crate::{DeleteOptions, Error, Patch};

impl ControlPlane {
    /// Creates a record; its metadata names the namespace.
    ///
    /// # Errors
    /// As the API server answers, [`Error::is_already_exists`] among others.
    pub async fn create<T: Record>(&self, record: &T) -> Result<Arc<T>, Error> {
        let Prepared { action, path, body } = Prepared::creation(record)?;
        self.send(Call::with_body(Method::POST, &action, &path, body)).await
    }

    /// Replaces a record. With a `resourceVersion` in its metadata it is only replaced if nobody changed it since
    /// ([`Error::is_conflict`]).
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn replace<T: Record>(&self, record: &T) -> Result<Arc<T>, Error> {
        let Prepared { action, path, body } = Prepared::replacement(record)?;
        self.send(Call::with_body(Method::PUT, &action, &path, body)).await
    }

    /// Changes parts of a record.
    ///
    /// # Errors
    /// As the API server answers; a failed `test` of a JSON patch is code 422.
    pub async fn patch<T: Record>(&self, key: &AppKey, patch: &Patch) -> Result<Arc<T>, Error> {
        let path = table::resource::<T>().object_path(&key.namespace, &key.name);
        self.patch_at(key, &path, patch).await
    }

    async fn patch_at<T: Record>(&self, key: &AppKey, path: &str, patch: &Patch) -> Result<Arc<T>, Error> {
        let action = action::<T>("patch", &key.namespace, &key.name);
        let mut call = Call::with_body(Method::PATCH, &action, path, patch.body());
        call.content_type = patch.content_type();
        self.send(call).await
    }

    /// Asks for deletion. A record with finalizers stays, marked, until they are gone; the tables follow the watch.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn delete<T: Record>(&self, key: &AppKey, options: &DeleteOptions) -> Result<(), Error> {
        let path = table::resource::<T>().object_path(&key.namespace, &key.name);
        let action = action::<T>("delete", &key.namespace, &key.name);
        let call = Call::with_body(Method::DELETE, &action, &path, options.body());
        let answer = self.inner.shared.api.bytes(call).await?;
        // The answer is the marked record when finalizers hold it. Without them it is the last state of a record that
        // is gone, which the watch tells of.
        if let Ok(mut record) = serde_json::from_slice::<T>(&answer)
            && record.metadata().deletion_timestamp.is_some()
            && !record.metadata().finalizers.is_empty()
        {
            record.normalize();
            T::table(&self.inner.shared).written(record);
        }
        Ok(())
    }

    /// One Application, asked of the API server: somebody may have created it a moment ago, which the watch has not told
    /// yet. `None` when there is none in the namespaces that are followed.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn look_up_application(&self, key: &AppKey) -> Result<Option<Arc<Application>>, Error> {
        if !self.inner.scopes.iter().any(|scope| scope.covers(&key.namespace)) {
            return Ok(None);
        }
        let path = table::resource::<Application>().object_path(&key.namespace, &key.name);
        let action = action::<Application>("get", &key.namespace, &key.name);
        match self.send(Call::get(&action, &path)).await {
            Ok(application) => Ok(Some(application)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn send<T: Record>(&self, call: Call<'_>) -> Result<Arc<T>, Error> {
        let mut record: T = self.inner.shared.api.json(call).await?;
        record.normalize();
        Ok(T::table(&self.inner.shared).written(record))
    }

    /// [`ControlPlane::create`] for an Application.
    ///
    /// # Errors
    /// As there.
    pub async fn create_application(&self, application: &Application) -> Result<Arc<Application>, Error> {
        self.create(application).await
    }

    /// [`ControlPlane::replace`] for an Application.
    ///
    /// # Errors
    /// As there.
    pub async fn replace_application(&self, application: &Application) -> Result<Arc<Application>, Error> {
        self.replace(application).await
    }

    /// [`ControlPlane::patch`] for an Application; its status is patched the same way.
    ///
    /// # Errors
    /// As there.
    pub async fn patch_application(&self, key: &AppKey, patch: &Patch) -> Result<Arc<Application>, Error> {
        self.patch(key, patch).await
    }

    /// [`ControlPlane::delete`] for an Application.
    ///
    /// # Errors
    /// As there.
    pub async fn delete_application(&self, key: &AppKey, options: &DeleteOptions) -> Result<(), Error> {
        self.delete::<Application>(key, options).await
    }

    /// [`ControlPlane::create`] for an AppProject, in the control plane's namespace.
    ///
    /// # Errors
    /// As there.
    pub async fn create_project(&self, project: &AppProject) -> Result<Arc<AppProject>, Error> {
        let Prepared { action, path, body } = Prepared::creation(&self.own(project))?;
        self.send(Call::with_body(Method::POST, &action, &path, body)).await
    }

    /// [`ControlPlane::replace`] for an AppProject, in the control plane's namespace.
    ///
    /// # Errors
    /// As there.
    pub async fn replace_project(&self, project: &AppProject) -> Result<Arc<AppProject>, Error> {
        let Prepared { action, path, body } = Prepared::replacement(&self.own(project))?;
        self.send(Call::with_body(Method::PUT, &action, &path, body)).await
    }

    /// The project in the control plane's namespace, where all projects are.
    fn own(&self, project: &AppProject) -> AppProject {
        let mut project = project.clone();
        self.namespace().clone_into(&mut project.metadata.namespace);
        project
    }

    /// [`ControlPlane::patch`] for an AppProject.
    ///
    /// # Errors
    /// As there.
    pub async fn patch_project(&self, name: &str, patch: &Patch) -> Result<Arc<AppProject>, Error> {
        self.patch(&AppKey::new(self.namespace(), name), patch).await
    }

    /// [`ControlPlane::delete`] for an AppProject.
    ///
    /// # Errors
    /// As there.
    pub async fn delete_project(&self, name: &str) -> Result<(), Error> {
        self.delete::<AppProject>(&AppKey::new(self.namespace(), name), &DeleteOptions::background()).await
    }

    /// Changes the status of an ApplicationSet, which has a path of its own.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn patch_application_set_status(
        &self,
        key: &AppKey,
        patch: &Patch,
    ) -> Result<Arc<ApplicationSet>, Error> {
        let path = table::resource::<ApplicationSet>().object_path(&key.namespace, &key.name);
        self.patch_at(key, &format!("{path}/status"), patch).await
    }

    /// Reads a Secret of the control plane's namespace from the API server; `None` when there is none.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn get_secret(&self, name: &str) -> Result<Option<Object>, Error> {
        self.get_object(Kind::Secret, name).await
    }

    /// Reads a ConfigMap of the control plane's namespace from the API server; `None` when there is none.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn get_config_map(&self, name: &str) -> Result<Option<Object>, Error> {
        self.get_object(Kind::ConfigMap, name).await
    }

    /// Creates a Secret in the control plane's namespace.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn create_secret(&self, secret: &Object) -> Result<Object, Error> {
        self.create_object(Kind::Secret, secret).await
    }

    /// Creates a ConfigMap in the control plane's namespace.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn create_config_map(&self, config_map: &Object) -> Result<Object, Error> {
        self.create_object(Kind::ConfigMap, config_map).await
    }

    /// Changes parts of a Secret; settings derived from it are current when this returns.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn patch_secret(&self, name: &str, patch: &Patch) -> Result<Object, Error> {
        self.patch_object(Kind::Secret, name, patch).await
    }

    /// Changes parts of a ConfigMap; settings derived from it are current when this returns.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn patch_config_map(&self, name: &str, patch: &Patch) -> Result<Object, Error> {
        self.patch_object(Kind::ConfigMap, name, patch).await
    }

    /// Deletes a Secret.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn delete_secret(&self, name: &str) -> Result<(), Error> {
        let action = format!("delete Secret:{}/{name}", self.namespace());
        let path = Kind::Secret.resource().object_path(self.namespace(), name);
        let body = DeleteOptions::background().body();
        self.inner.shared.api.bytes(Call::with_body(Method::DELETE, &action, &path, body)).await?;
        self.inner.shared.take_deleted_object(Kind::Secret, name);
        Ok(())
    }

    /// Records a Kubernetes event about an object of the control plane; the object is a complete `v1` Event.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn create_event(&self, event: &Object) -> Result<(), Error> {
        let namespace = event.namespace().unwrap_or(self.namespace());
        let path = ApiResource::core("Event", "events").collection_path(Some(namespace));
        let action = format!("record event {namespace}/{}", event.name());
        let body = event.to_json().into_bytes();
        self.inner.shared.api.bytes(Call::with_body(Method::POST, &action, &path, body)).await?;
        Ok(())
    }

    async fn get_object(&self, kind: Kind, name: &str) -> Result<Option<Object>, Error> {
        let resource = kind.resource();
        let action = format!("get {}:{}/{name}", resource.kind, self.namespace());
        let path = resource.object_path(self.namespace(), name);
        match self.inner.shared.api.json(Call::get(&action, &path)).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn create_object(&self, kind: Kind, object: &Object) -> Result<Object, Error> {
        let resource = kind.resource();
        let action = format!("create {}:{}/{}", resource.kind, self.namespace(), object.name());
        let path = resource.collection_path(Some(self.namespace()));
        let call = Call::with_body(Method::POST, &action, &path, object.to_json().into_bytes());
        self.send_object(kind, call).await
    }

    async fn patch_object(&self, kind: Kind, name: &str, patch: &Patch) -> Result<Object, Error> {
        let resource = kind.resource();
        let action = format!("patch {}:{}/{name}", resource.kind, self.namespace());
        let path = resource.object_path(self.namespace(), name);
        let mut call = Call::with_body(Method::PATCH, &action, &path, patch.body());
        call.content_type = patch.content_type();
        self.send_object(kind, call).await
    }

    async fn send_object(&self, kind: Kind, call: Call<'_>) -> Result<Object, Error> {
        let action = call.action;
        let answer = self.inner.shared.api.bytes(call).await?;
        self.inner.shared.take_written_object(kind, &answer);
        let value: Value =
            serde_json::from_slice(&answer).map_err(|error| self.api().answer(action, &error.to_string()))?;
        Object::from_value(value).map_err(|error| self.api().answer(action, &error.to_string()))
    }
}

fn action<T: Record>(verb: &str, namespace: &str, name: &str) -> String {
    format!("{verb} {}:{namespace}/{name}", T::KIND)
}

/// A record as it is sent. Records are large: those who wait for the answer hold only this.
struct Prepared {
    action: String,
    path: String,
    body: Vec<u8>,
}

impl Prepared {
    fn creation<T: Record>(record: &T) -> Result<Self, Error> {
        let path = table::resource::<T>().collection_path(Some(&record.metadata().namespace));
        Self::new("create", path, record)
    }

    fn replacement<T: Record>(record: &T) -> Result<Self, Error> {
        let metadata = record.metadata();
        let path = table::resource::<T>().object_path(&metadata.namespace, &metadata.name);
        Self::new("replace", path, record)
    }

    fn new<T: Record>(verb: &str, path: String, record: &T) -> Result<Self, Error> {
        let mut record = record.clone();
        record.normalize();
        let action = action::<T>(verb, &record.metadata().namespace, &record.metadata().name);
        match serde_json::to_vec(&record) {
            Ok(body) => Ok(Prepared { action, path, body }),
            Err(error) => Err(Error::Invalid { action, message: error.to_string() }),
        }
    }
}
