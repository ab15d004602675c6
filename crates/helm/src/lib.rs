//! Helm charts rendered to documents, in this process: what `helm template` of Helm 4.3 makes of a chart, byte for
//! byte.
//!
//! ```text
//!  Tree or .tgz ──▶ Chart ─┐
//!                          ├─ dependencies ─▶ values ─▶ schema ─▶ templates ─▶ Rendered
//!  Values ─────────────────┘  (enabled?)     (merged)                          (documents in order)
//!  Release, clock and randomness
//! ```
//!
//! The crate is pure: it reads charts through [`tree::Tree`] or from bytes, and has no cluster, no network, no clock and
//! no randomness of its own. A [`Chart`] never changes and can be shared by any number of renders, which also share its
//! parsed templates.
//!
//! ```
//! use std::sync::Arc;
//! use helm::{Budget, Chart, Release, Values};
//! use tree::{MemoryTree, TreePath};
//!
//! let mut files = MemoryTree::new();
//! files.insert_text("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0")?;
//! files.insert_text("values.yaml", "replicas: 1")?;
//! files.insert_text("templates/web.yaml", "kind: Deployment\nreplicas: {{ .Values.replicas }}")?;
//!
//! let budget = Budget::default();
//! let chart = Chart::load(&files, &TreePath::root(), &budget)?;
//! let values = Values { set: vec!["replicas=3".into()], ..Values::default() };
//! let values = values.merge(&|path| Err(format!("{path}: no such file")))?;
//! let environment = Arc::new(gotmpl::FixedEnvironment::new(0, 0));
//! let rendered = helm::render(&chart, &values, &Release::new("shop", "prod"), &budget, environment)?;
//! assert_eq!(rendered.documents[0].value["replicas"], 3);
//! assert_eq!(&*rendered.documents[0].source, "web/templates/web.yaml");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where Helm's major versions differ, [`Flavor`] chooses. [`print()`] makes what the command line prints, [`render()`] the
//! documents of an application.
//!
//! Deliberately absent: fetching charts and dependencies (see the `source` crate), repositories, `lookup` of live
//! objects and `getHostByName` (both find nothing, as offline in Helm), installing, plugins and post-renderers.

mod budget;
mod capabilities;
mod chart;
mod common_values;
mod context;
mod dependencies;
mod error;
mod functions;
mod glob;
mod matching;
mod objects;
mod output;
mod release;
mod render;
mod schema;
mod show_only;
mod trace;
mod values;
mod version;

pub use budget::Budget;
pub use capabilities::{DEFAULT_API_VERSIONS, DEFAULT_KUBE_VERSION, HELM_VERSION};
pub use chart::{Chart, ChartFile, Dependency, ImportValues, Maintainer, Metadata, Template};
pub use error::Error;
pub use output::{Document, Hook, Rendered, Role};
pub use release::{Flavor, Release};
pub use render::{print, render};
pub use values::{Data, Table, Values, ValuesFile};
