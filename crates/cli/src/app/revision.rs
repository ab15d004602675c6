//! An application at other revisions than its own: which are asked for, and what the server renders them to.

use clap::Args;
use types::Application;

use super::AppName;
use super::local::Manifests;
use super::spec_flags::{Chosen, choose};
use crate::client::Client;
use crate::error::Error;

/// Which revisions are meant.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RevisionFlags {
    /// A revision other than the target revision.
    #[arg(long, default_value = "")]
    pub(super) revision: String,
    /// The revisions of some of several sources (may be repeated, with --source-positions or --source-names).
    #[arg(long)]
    pub(super) revisions: Vec<String>,
    /// The positions of the sources that --revisions are for, counted from 1.
    #[arg(long, value_delimiter = ',')]
    source_positions: Vec<i64>,
    /// The names of the sources that --revisions are for.
    #[arg(long)]
    source_names: Vec<String>,
}

impl RevisionFlags {
    /// Whether no revision was named.
    pub(super) fn is_empty(&self) -> bool {
        self.revision.is_empty() && self.revisions.is_empty()
    }

    /// The positions of the sources that `--revisions` are for, given as such or by the sources' names.
    pub(super) fn positions(&self, application: &Application) -> Result<Vec<i64>, Error> {
        let mut positions = self.source_positions.clone();
        for name in &self.source_names {
            match choose(&application.spec, None, Some(name))? {
                Chosen::At(index) => {
                    positions.push(i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1));
                }
                Chosen::Only => {
                    return Err(Error::Usage("--source-names: the application has only one source".into()));
                }
            }
        }
        if positions.len() != self.revisions.len() {
            return Err(Error::Usage(
                "--revisions need as many --source-positions or --source-names as there are revisions".into(),
            ));
        }
        Ok(positions)
    }

    /// The manifests at these revisions.
    pub(super) async fn manifests(
        &self,
        client: &Client,
        app: &AppName,
        application: &Application,
    ) -> Result<Vec<String>, Error> {
        let mut query = app.query();
        query.push(("revision", self.revision.clone()));
        query.extend(self.revisions.iter().map(|revision| ("revisions", revision.clone())));
        let positions = if self.revisions.is_empty() { Vec::new() } else { self.positions(application)? };
        query.extend(positions.iter().map(|position| ("sourcePositions", position.to_string())));
        let answer: Manifests = client.get(&app.path("/manifests"), &query).await?;
        Ok(answer.manifests.unwrap_or_default())
    }
}
