//! `kubectl replace` and `kubectl create`, and the update of CRDs and namespaces, which are never replaced.

use http::Method;
use object::Object;
use serde_json::Value;

use super::{Applied, DryRun, Outcome, Work};
use crate::Error;
use crate::request::JSON;

impl Work<'_> {
    pub(super) async fn replace(&self) -> Result<Applied, Error> {
        let Some(live) = self.target.get(&self.key).await? else {
            return self.create(self.object).await;
        };
        let kind = self.object.kind();
        if matches!(kind, "CustomResourceDefinition" | "Namespace") {
            return self.put(&live, Outcome::Updated).await;
        }
        if self.options.dry_run == DryRun::Client {
            return Ok(self.done(self.object.clone(), Outcome::Replaced));
        }
        if self.options.force && self.options.dry_run == DryRun::None {
            return self.recreate(self.object).await;
        }
        self.put(&live, Outcome::Replaced).await
    }

    async fn put(&self, live: &Object, outcome: Outcome) -> Result<Applied, Error> {
        if self.options.dry_run == DryRun::Client {
            return Ok(self.done(self.object.clone(), outcome));
        }
        let mut object = self.object.clone();
        object.set(&["metadata", "resourceVersion"], Value::from(live.resource_version()));
        let replaced = self.send(Method::PUT, &self.path(), JSON, object.to_json().into_bytes()).await?;
        Ok(self.done(replaced, outcome))
    }
}
