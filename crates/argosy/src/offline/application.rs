//! `argosy render -f application.yaml`: an Application's manifests as the control plane makes them: out of its
//! repositories, with its options, all sources.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use render::{RenderError, RenderOptions, RenderRequest, Rendered, Renderer};
use serde_json::Value;
use types::{AppKey, Application};

use super::{manifest, network};

/// The namespace of the control plane, in which an Application's tracking name is its bare name.
const CONTROL_NAMESPACE: &str = "argocd";

/// Prints the manifests of the Applications in a file.
///
/// # Errors
/// What is wrong with each of those that cannot be rendered: the others' manifests alone might be taken for all.
pub(super) async fn render(file: &Path, options: &super::RenderOptions) -> Result<String> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let applications = applications_in(&text).map_err(|reason| anyhow!("{shown}: {reason}"))?;
    if applications.is_empty() {
        bail!("{shown}: there is no Application (argoproj.io/v1alpha1) in it");
    }
    let renderer = renderer()?;
    let (mut output, mut failures) = (String::new(), Vec::new());
    for application in &applications {
        match render_one(application, &renderer, options).await {
            Ok(rendered) if options.explain => output.push_str(&explained(application, &rendered)),
            Ok(rendered) => {
                for desired in &rendered.objects {
                    output.push_str(&manifest(&desired.file, desired.object.as_value()));
                }
            }
            Err(error) => failures.push(format!("application {}: {error:#}", application.metadata.name)),
        }
    }
    if !failures.is_empty() {
        bail!("{}", failures.join("\n"));
    }
    Ok(output)
}

async fn render_one(
    application: &Application,
    renderer: &Renderer,
    options: &super::RenderOptions,
) -> Result<Rendered> {
    let mut request = request(application, options.kube_version.as_deref())?;
    // One revision is meant for all sources, several for one each.
    for (index, revision) in request.revisions.iter_mut().enumerate() {
        *revision = match options.revision.as_slice() {
            [] => None,
            [all] => Some(all.clone()),
            each => each.get(index).cloned(),
        };
    }
    request.refresh_revisions = true;
    renderer.render(request).await.map_err(told)
}

/// A renderer whose mirrors are this machine's cache.
pub(crate) fn renderer() -> Result<Renderer> {
    Ok(Renderer::new(network::sources(&network::cache_directory())?, RenderOptions::default()))
}

/// The Applications among the documents of a text.
pub(super) fn applications_in(text: &str) -> Result<Vec<Application>, String> {
    let mut found = Vec::new();
    for document in goyaml::documents(text).map_err(|error| error.to_string())? {
        let is_one = document.value["kind"] == "Application"
            && document.value["apiVersion"]
                .as_str()
                .is_some_and(|version| version.starts_with("argoproj.io/"));
        if is_one {
            found.push(
                application(document.value).map_err(|error| format!("line {}: {error}", document.line))?,
            );
        }
    }
    Ok(found)
}

fn application(value: Value) -> Result<Application, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// What is asked of the renderer.
pub(super) fn request(application: &Application, kube_version: Option<&str>) -> Result<RenderRequest> {
    let spec = &application.spec;
    let sources = spec.effective_sources();
    let name = &application.metadata.name;
    if sources.is_empty() {
        bail!("it has no source");
    }
    let namespace = match application.metadata.namespace.as_str() {
        "" => CONTROL_NAMESPACE,
        namespace => namespace,
    };
    let app = AppKey::new(namespace, name.as_str());
    let mut request = RenderRequest::new(app, sources);
    request.instance = request.app.instance_name(CONTROL_NAMESPACE);
    request.project.clone_from(&spec.project);
    request.destination_namespace.clone_from(&spec.destination.namespace);
    request.kube_version = kube_version.unwrap_or_default().to_owned();
    request.credentials = Arc::new(network::credentials());
    Ok(request)
}

/// An error, and what cannot be otherwise without a control plane.
pub(super) fn told(error: RenderError) -> anyhow::Error {
    let inner = match &error {
        RenderError::OneOf { error, .. } => error,
        error => error,
    };
    let is_plugin = matches!(inner, RenderError::Plugin { .. });
    let error = anyhow::Error::new(error);
    if is_plugin {
        anyhow!("{error:#} (config management plugins run beside the control plane, and are not asked here)")
    } else {
        error
    }
}

/// Why the manifests are what they are, source by source.
fn explained(application: &Application, rendered: &Rendered) -> String {
    let mut text = format!("application {}\n", application.metadata.name);
    for (number, source) in (1..).zip(&rendered.sources) {
        text.push_str(&format!("source {number}: revision {}", source.revision));
        if !source.source_type.is_empty() {
            text.push_str(&format!(", {}", source.source_type));
        }
        text.push('\n');
        for line in source.explain.to_string().lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text.push_str(&format!("{} objects\n", rendered.objects.len()));
    text
}
