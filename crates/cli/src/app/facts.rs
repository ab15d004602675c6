//! What the server says of its installation that clients which render or compare by themselves need to know.

use std::collections::BTreeMap;

use serde::Deserialize;
use types::settings::ResourceOverride;

use crate::client::Client;
use crate::error::Error;

/// The settings, as far as they matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServerSettings {
    pub(super) app_label_key: String,
    pub(super) tracking_method: String,
    #[serde(rename = "installationID")]
    pub(super) installation_id: String,
    controller_namespace: String,
    /// The overrides of kinds, with the rule for `/status` among them.
    pub(super) resource_overrides: BTreeMap<String, ResourceOverride>,
    pub(super) kustomize_options: KustomizeOptions,
    pub(super) kustomize_versions: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KustomizeOptions {
    #[serde(rename = "BuildOptions")]
    pub(super) build_options: String,
}

impl ServerSettings {
    pub(super) async fn fetch(client: &Client) -> Result<Self, Error> {
        client.get("/api/v1/settings", &[]).await
    }

    /// The namespace of the control plane.
    pub(super) fn control_namespace<'a>(&'a self, client: &'a Client) -> &'a str {
        match self.controller_namespace.as_str() {
            "" => client.core_namespace().unwrap_or("argocd"),
            namespace => namespace,
        }
    }
}
