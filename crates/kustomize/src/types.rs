//! What a build knows of kinds: the built-in shapes, or those of an API description that a kustomization brings.
//!
//! The reference tool has one set for a whole build: the root's own description, else the first that a base brings;
//! and it keeps what it has read by then.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde_json::Value;

use crate::error::Error;
use crate::file::Kustomization;
use crate::identity::has_known_scope;
use crate::place::Place;
use crate::resource::Resource;
use crate::shapes::Shapes;

/// The kinds that a build knows.
#[derive(Default)]
pub(crate) struct Types {
    own: RefCell<Option<Arc<Shapes>>>,
    /// Whether somebody has decided which description holds.
    is_decided: Cell<bool>,
    /// Whether the built-in description has been looked at.
    is_builtin_read: Cell<bool>,
}

impl Types {
    /// Takes the description that a kustomization names, unless another one holds already.
    pub(crate) fn decide(&self, kustomization: &Kustomization, place: &Place<'_>) -> Result<(), Error> {
        let failed = |message: String| place.failed("openapi", message);
        let (path, version) = (kustomization.openapi.get("path"), kustomization.openapi.get("version"));
        let document = path.map(|path| place.text(path)).transpose()?;
        if self.is_decided.get() {
            return Ok(());
        }
        match (document, version) {
            (Some(_), Some(_)) => {
                Err(failed("builtin version and custom schema provided, cannot use both".to_owned()))
            }
            (Some(document), None) => {
                let document = goyaml::from_str(&document).map_err(|error| failed(error.to_string()))?;
                let definitions = document.get("definitions").and_then(Value::as_object);
                let beside_builtin = self.is_builtin_read.get();
                let shapes =
                    definitions.map(|definitions| Shapes::from_definitions(definitions, beside_builtin));
                *self.own.borrow_mut() = Some(Arc::new(shapes.unwrap_or_default()));
                self.is_decided.set(true);
                Ok(())
            }
            (None, Some(version)) if version == "v1.21.2" => {
                self.is_decided.set(true);
                Ok(())
            }
            (None, Some(version)) if !version.is_empty() => {
                Err(failed(format!("the specified OpenAPI version is not built in: {version}")))
            }
            (None, _) => Ok(()),
        }
    }

    /// Notes objects that have come in: of kinds whose scope nobody knows by heart, the description is asked.
    pub(crate) fn note(&self, resources: &[Resource]) {
        if !self.is_decided.get() && !self.is_builtin_read.get() {
            let is_unknown =
                |resource: &Resource| !has_known_scope(resource.group(), resource.version(), resource.kind());
            self.is_builtin_read.set(resources.iter().any(is_unknown));
        }
    }

    /// The shapes, for merging.
    pub(crate) fn with<T>(&self, use_shapes: impl FnOnce(&Shapes) -> T) -> T {
        let own = self.own.borrow().clone();
        match own {
            Some(own) => use_shapes(&own),
            None => {
                self.is_builtin_read.set(true);
                use_shapes(Shapes::builtin())
            }
        }
    }
}
