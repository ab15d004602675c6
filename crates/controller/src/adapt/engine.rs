//! Rendering, by crate `render`.

use std::sync::Arc;

use cluster::ControlPlane;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use render::{RenderError, RenderRequest, Renderer};
use source::Credentials;

use super::integrity::Keys;
use crate::ports::{DesiredObject, Engine, RenderAsk, Rendering as Rendered, Trouble, TroubleKind};

pub(super) struct Rendering {
    control: ControlPlane,
    renderer: Renderer,
    credentials: Mutex<Option<Arc<Credentials>>>,
    keys: Keys,
}

impl Rendering {
    pub(super) fn new(control: ControlPlane, renderer: Renderer) -> Self {
        Self { control, renderer, credentials: Mutex::default(), keys: Keys::default() }
    }

    /// The credentials as they are now; made anew only when something they are made of has changed.
    fn credentials(&self) -> Arc<Credentials> {
        let settings = self.control.settings();
        let (repositories, templates) = (self.control.repositories(), self.control.repository_credentials());
        let mut known = self.credentials.lock();
        if let Some(known) = known.as_ref()
            && Arc::ptr_eq(&known.repositories, &repositories)
            && Arc::ptr_eq(&known.templates, &templates)
            && *known.certificates == settings.tls_certificates
            && *known.known_hosts == *settings.ssh_known_hosts
        {
            return Arc::clone(known);
        }
        let fresh = Arc::new(credentials(&self.control));
        *known = Some(Arc::clone(&fresh));
        fresh
    }
}

/// How repositories are reached, as the control plane's records say now.
pub fn credentials(control: &ControlPlane) -> Credentials {
    let settings = control.settings();
    Credentials {
        repositories: control.repositories(),
        templates: control.repository_credentials(),
        certificates: Arc::new(settings.tls_certificates.clone()),
        known_hosts: settings.ssh_known_hosts.as_str().into(),
    }
}

impl Engine for Rendering {
    fn render(&self, ask: RenderAsk) -> BoxFuture<'_, Result<Rendered, Trouble>> {
        async move {
            let settings = self.control.settings();
            let key = ask.app.key();
            let request = RenderRequest {
                instance: key.instance_name(self.control.namespace()),
                app: key,
                project: ask.app.spec.project_name().to_owned(),
                integrity: self.keys.integrity(&self.control, ask.app.spec.project_name(), &ask.sources),
                sources: ask.sources,
                revisions: ask.revisions,
                files: ask.files,
                destination_namespace: ask.app.spec.destination.namespace.clone(),
                kube_version: ask.kube_version,
                api_versions: ask.api_versions,
                tracking: settings.tracking.clone(),
                credentials: self.credentials(),
                settings: settings.rendering.clone(),
                manifest_generate_paths: ask
                    .app
                    .metadata
                    .annotations
                    .get(types::names::ANNOTATION_MANIFEST_GENERATE_PATHS)
                    .cloned()
                    .unwrap_or_default(),
                refresh_revisions: ask.refresh_revisions,
                no_cache: ask.no_cache,
            };
            let rendered = self.renderer.render(request).await.map_err(|error| {
                let kind = if error.is_transient() { TroubleKind::Transient } else { TroubleKind::Permanent };
                let text = match &error {
                    RenderError::Integrity { .. } => error.to_string(),
                    _ => format!("failed to generate manifests: {error}"),
                };
                Trouble::new(kind, text)
            })?;
            let objects = rendered
                .objects
                .into_iter()
                .map(|desired| DesiredObject { object: desired.object, hash: desired.hash });
            Ok(Rendered {
                objects: objects.collect(),
                revisions: rendered.sources.iter().map(|source| source.revision.clone()).collect(),
                source_types: rendered.sources.iter().map(|source| source.source_type.to_owned()).collect(),
            })
        }
        .boxed()
    }
}
