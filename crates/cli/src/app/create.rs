//! `app create`.

use clap::Args;
use serde_json::{Value, json};
use types::{Application, names};

use super::spec_flags::{Chosen, SpecFlags};
use super::{AppName, NamespaceOption, fetch};
use crate::client::Client;
use crate::error::Error;

/// What `app create` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app create guestbook --repo https://github.com/argoproj/argocd-example-apps \\\n    --path guestbook --dest-server https://kubernetes.default.svc --dest-namespace default\n  argosy app create -f application.yaml --upsert"
)]
pub(super) struct CreateOptions {
    /// The application's name.
    #[arg(value_name = "APPNAME")]
    name: Option<String>,
    /// The application's name, for scripts that give it as a flag.
    #[arg(long = "name", hide = true, conflicts_with = "name")]
    flag_name: Option<String>,
    /// A file or URL with Applications, in YAML or JSON; `-` for standard input. Flags win over what they say.
    #[arg(short, long)]
    file: Option<String>,
    /// Change the application when it exists already.
    #[arg(long)]
    upsert: bool,
    /// Delete its objects together with it.
    #[arg(long)]
    set_finalizer: bool,
    /// A label, as KEY=VALUE (may be repeated).
    #[arg(short, long)]
    label: Vec<String>,
    /// An annotation, as KEY=VALUE (may be repeated).
    #[arg(long)]
    annotations: Vec<String>,
    /// Check the spec before it is stored (the default).
    #[arg(long = "validate", default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    validate: bool,
    #[command(flatten)]
    spec: SpecFlags,
    #[command(flatten)]
    namespace: NamespaceOption,
}

pub(crate) async fn create(options: &CreateOptions, client: &Client) -> Result<(), Error> {
    let applications = match &options.file {
        Some(file) => read_applications(file).await?,
        None => vec![Application::default()],
    };
    if options.name().is_some() && applications.len() > 1 {
        return Err(Error::Usage(
            "a name can be given for one application only, but the file has several".into(),
        ));
    }
    for mut application in applications {
        complete(&mut application, options).await?;
        let app = AppName::of(&application);
        let existing = match fetch(client, &app, "").await {
            Ok(existing) => Some(existing),
            Err(error) if error.is_absent() => None,
            Err(error) => return Err(error),
        };
        let body = serde_json::to_value(&application).map_err(|error| Error::Format(error.to_string()))?;
        let query = [("upsert", options.upsert.to_string()), ("validate", options.validate.to_string())];
        let created: Value =
            client.call(reqwest::Method::POST, "/api/v1/applications", &query, Some(&body)).await?;
        let outcome = match existing {
            None => "created",
            Some(existing) if json!(existing.spec) == created["spec"] => "unchanged",
            Some(_) => "updated",
        };
        println!("application '{}' {outcome}", app.name);
    }
    Ok(())
}

impl CreateOptions {
    fn name(&self) -> Option<&String> {
        self.name.as_ref().or(self.flag_name.as_ref())
    }
}

async fn complete(application: &mut Application, options: &CreateOptions) -> Result<(), Error> {
    names::API_VERSION.clone_into(&mut application.api_version);
    "Application".clone_into(&mut application.kind);
    if let Some(name) = options.name() {
        let named = AppName::parse(name, &options.namespace);
        application.metadata.name = named.name;
        if !named.namespace.is_empty() {
            application.metadata.namespace = named.namespace;
        }
    }
    if let Some(namespace) = &options.namespace.app_namespace {
        application.metadata.namespace.clone_from(namespace);
    }
    if application.metadata.name.is_empty() {
        return Err(Error::Usage("name the application, or give a file that does".into()));
    }
    application.metadata.labels.extend(pairs("--label", &options.label)?);
    application.metadata.annotations.extend(pairs("--annotations", &options.annotations)?);
    if options.set_finalizer
        && !application.metadata.finalizers.iter().any(|name| name == names::FINALIZER_RESOURCES)
    {
        application.metadata.finalizers.push(names::FINALIZER_RESOURCES.to_owned());
    }
    // With several sources the file has said it all.
    let source = application.spec.sources.is_empty().then_some(Chosen::Only);
    options.spec.apply(&mut application.spec, source).await
}

fn pairs(flag: &str, texts: &[String]) -> Result<Vec<(String, String)>, Error> {
    texts
        .iter()
        .map(|text| {
            let (key, value) = text
                .split_once('=')
                .ok_or_else(|| Error::Usage(format!("{flag} {text:?}: expected KEY=VALUE")))?;
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

async fn read_applications(file: &str) -> Result<Vec<Application>, Error> {
    let failed = |reason: String| Error::Usage(format!("{file}: {reason}"));
    let text = crate::read::text(file).await?;
    let documents = goyaml::documents(&text).map_err(|error| failed(error.to_string()))?;
    let applications: Vec<Application> = documents
        .into_iter()
        .filter(|document| !document.value.is_null())
        .map(|document| {
            let line = document.line;
            serde_json::from_value(document.value).map_err(|error| failed(format!("line {line}: {error}")))
        })
        .collect::<Result<_, _>>()?;
    if applications.is_empty() {
        return Err(failed("there is no Application in it".to_owned()));
    }
    Ok(applications)
}
