//! Whether a repository can be reached with what is known of it, as its connection state tells.

use types::Repository;

use crate::access::{Access, Auth};
use crate::fresh::Freshness;
use crate::{Error, Sources, url};

impl Sources {
    /// Asks the repository of a record for the least that proves it usable: the references of a Git repository, the index
    /// of a Helm repository, the API of a registry.
    ///
    /// # Errors
    /// What the connection state is to tell.
    pub async fn probe(&self, record: &Repository, access: &Access) -> Result<(), Error> {
        let place = record.repo.as_str();
        let oci = place.starts_with("oci://") || record.r#type == "oci";
        if oci {
            return self.oci().ping(place, access).await;
        }
        if record.r#type != "helm" {
            return self.git().references(place, access, Freshness::Now).await.map(|_| ());
        }
        if !record.enable_oci {
            return self.helm().index(place, access, Freshness::Now).await.map(|_| ());
        }
        if place.contains("://") {
            return Err(Error::Configuration {
                repository: url::without_credentials(place),
                reason: "OCI Helm repository URL should include hostname and port only".to_owned(),
            });
        }
        // Without credentials there is nothing to try: what a registry shows depends on the chart.
        match access.auth {
            Auth::Anonymous => Ok(()),
            _ => self.oci().ping(place, access).await,
        }
    }
}
