//! What a render is for: the release and its options.

use std::sync::Arc;

use gotmpl::{Environment, Functions, Limits, Options, State, TemplateSet, Value};

use crate::error::Error;
use crate::values::Nulls;

/// Whose behavior charts meet, where Helm's major versions differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavor {
    /// Helm 3, as its last minor versions behave.
    Helm3,
    /// Helm 4, which Argo CD renders with, whatever version an application names.
    #[default]
    Helm4,
}

impl Flavor {
    pub(crate) fn nulls(self) -> Nulls {
        match self {
            Self::Helm3 => Nulls::RemoveOldWay,
            Self::Helm4 => Nulls::Remove,
        }
    }
}

/// A release to render a chart for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in Helm")]
pub struct Release {
    /// Whose behavior is wanted.
    pub flavor: Flavor,
    /// Its name, at most 53 characters of a DNS name.
    pub name: String,
    /// Its namespace; empty is `default`.
    pub namespace: String,
    /// Its number, from 1.
    pub revision: i64,
    /// Whether charts see an upgrade instead of an installation.
    pub is_upgrade: bool,
    /// The cluster's version; without one [`crate::DEFAULT_KUBE_VERSION`].
    pub kube_version: Option<String>,
    /// APIs of the cluster besides [`crate::DEFAULT_API_VERSIONS`]: `group/version` and `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// Whether the manifests in `crds/` are part of the output.
    pub include_crds: bool,
    /// Whether hooks that are tests are left out.
    pub skip_tests: bool,
    /// Whether all hooks are left out.
    pub no_hooks: bool,
    /// Whether values aren't held against the charts' schemas.
    pub skip_schema_validation: bool,
}

impl Release {
    /// A first installation with nothing special.
    pub fn new(name: &str, namespace: &str) -> Self {
        Self {
            flavor: Flavor::default(),
            name: name.into(),
            namespace: namespace.into(),
            revision: 1,
            is_upgrade: false,
            kube_version: None,
            api_versions: Vec::new(),
            include_crds: false,
            skip_tests: false,
            no_hooks: false,
            skip_schema_validation: false,
        }
    }

    pub(crate) fn effective_namespace(&self) -> &str {
        if self.namespace.is_empty() { "default" } else { &self.namespace }
    }

    pub(crate) fn check_name(&self) -> Result<(), Error> {
        let label = |label: &str| {
            let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            !label.is_empty()
                && label.bytes().all(allowed)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if self.name.len() <= 53 && self.name.split('.').all(label) {
            Ok(())
        } else {
            Err(Error::ReleaseName(self.name.clone()))
        }
    }

    /// Makes a release name of a template: Argo CD hands every name over as one.
    ///
    /// # Errors
    /// The text is no template, or its execution stopped.
    pub fn name_from_template(text: &str, environment: Arc<dyn Environment>) -> Result<String, Error> {
        if !text.contains("{{") {
            return Ok(text.to_string());
        }
        let failed =
            |error: gotmpl::Error| Error::Template { message: error.to_string(), limit: error.limit() };
        let mut set = TemplateSet::new("name-template", Arc::new(Functions::sprig()), Options::default());
        set.parse("name-template", text).map_err(failed)?;
        let mut state = State::new(Arc::new(set), environment, Limits::default());
        state.execute("name-template", &Value::Nil).map_err(failed)
    }
}
