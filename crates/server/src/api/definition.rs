//! The definition of the API as data. The files in `api/` are written in a small language of lines:
//!
//! ```text
//! # a comment
//! service application.ApplicationService
//!   rpc List application.ApplicationQuery -> v1alpha1.ApplicationList
//!     GET /api/v1/applications
//!   rpc Watch application.ApplicationQuery -> stream v1alpha1.ApplicationWatchEvent
//!     GET /api/v1/stream/applications
//!
//! message v1alpha1.Info
//!   1 name string always
//!
//! scalar meta.Time time
//! ```
//!
//! A field is `number name type flags`. Types are `string`, `bool`, `int32`, `int64`, `bytes` or a message, with
//! `[]T` for lists, `map[string]T` for maps and `?T` where absence and zero differ. The flags:
//!
//! | flag | meaning |
//! |---|---|
//! | `required` | always on the wire and in JSON, even when zero |
//! | `always` | always in JSON; `null` for an absent list, map or pointer |
//! | `nonzero` | dropped from JSON when zero, also where a plain structure would be written |
//! | `inline` | a field of its own on the wire, but its members belong to the enclosing JSON object |
//! | `json=K` | the key in JSON, when it isn't the name |
//! | `oneof=G` | at most one field of the group is set |
//! | `wrapped` | JSON holds the only field of the message instead of the message |
//! | `yaml` | JSON holds the message as YAML text |
//!
//! A message (not `?`) is always written, as it is a plain structure. Names of packages matter only in services.
//! `parse` reads the language.

use std::collections::HashMap;

use super::template::Template;
use crate::error::Error;

/// Types whose JSON doesn't follow their fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    /// Seconds and nanoseconds; RFC 3339 with whole seconds.
    Time,
    /// Seconds and nanoseconds; RFC 3339 with six digits after the point.
    MicroTime,
    /// A number or a text.
    IntOrString,
    /// Any JSON, as bytes in field 1.
    RawJson,
}

/// The type of one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Bool,
    Int32,
    Int64,
    Bytes,
    /// An index into [`Api::messages`].
    Message(usize),
    Special(Special),
}

/// How many values a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    One,
    List,
    /// A map with keys of type string.
    Map,
}

/// When a key is written to JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emit {
    NonEmpty,
    Always,
    NonZero,
}

/// One field of a message.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) number: u32,
    pub(crate) name: String,
    pub(crate) json: String,
    pub(crate) kind: Kind,
    pub(crate) count: Count,
    /// Whether absence and zero differ.
    pub(crate) optional: bool,
    pub(crate) required: bool,
    pub(crate) emit: Emit,
    pub(crate) inline: bool,
    pub(crate) wrapped: bool,
    pub(crate) yaml: bool,
}

/// One message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

impl Message {
    /// The field that a client's key means: case doesn't matter.
    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.json == key).or_else(|| {
            self.fields
                .iter()
                .find(|field| field.json.eq_ignore_ascii_case(key) || field.name.eq_ignore_ascii_case(key))
        })
    }
}

/// What an HTTP body means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// The whole request message.
    Whole,
    /// One field of it.
    Field(String),
}

/// One HTTP route of a method.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) verb: http::Method,
    pub(crate) template: Template,
    pub(crate) body: Option<Body>,
}

/// One method of a service.
#[derive(Debug, Clone)]
pub(crate) struct Method {
    /// The service with its package.
    pub(crate) service: String,
    pub(crate) name: String,
    /// Indexes into [`Api::messages`].
    pub(crate) request: usize,
    pub(crate) response: usize,
    pub(crate) client_streaming: bool,
    pub(crate) server_streaming: bool,
    pub(crate) bindings: Vec<Binding>,
}

impl Method {
    /// `application.ApplicationService/List`: how handlers are registered.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.service, self.name)
    }
}

/// The whole API.
#[derive(Debug, Default)]
pub(crate) struct Api {
    pub(crate) messages: Vec<Message>,
    pub(crate) methods: Vec<Method>,
    pub(super) by_name: HashMap<String, usize>,
}

/// The definition's files, in the order in which their routes are tried.
const FILES: &[(&str, &str)] = &[
    ("account.api", include_str!("../../api/account.api")),
    ("application.api", include_str!("../../api/application.api")),
    ("applicationset.api", include_str!("../../api/applicationset.api")),
    ("certificate.api", include_str!("../../api/certificate.api")),
    ("cluster.api", include_str!("../../api/cluster.api")),
    ("gpgkey.api", include_str!("../../api/gpgkey.api")),
    ("notification.api", include_str!("../../api/notification.api")),
    ("project.api", include_str!("../../api/project.api")),
    ("repocreds.api", include_str!("../../api/repocreds.api")),
    ("repository.api", include_str!("../../api/repository.api")),
    ("session.api", include_str!("../../api/session.api")),
    ("settings.api", include_str!("../../api/settings.api")),
    ("version.api", include_str!("../../api/version.api")),
    ("kubernetes.api", include_str!("../../api/kubernetes.api")),
    ("v1alpha1_application.api", include_str!("../../api/v1alpha1_application.api")),
    ("v1alpha1_applicationset.api", include_str!("../../api/v1alpha1_applicationset.api")),
    ("v1alpha1_records.api", include_str!("../../api/v1alpha1_records.api")),
];

impl Api {
    /// Reads the built-in definition.
    pub(crate) fn load() -> Result<Self, Error> {
        super::parse::files(FILES)
    }

    /// The method that a gRPC path such as `/version.VersionService/Version` names.
    pub(crate) fn method(&self, path: &str) -> Option<&Method> {
        self.by_name.get(path.strip_prefix('/').unwrap_or(path)).and_then(|index| self.methods.get(*index))
    }

    /// A message by index; an index that isn't there stands for an empty message.
    pub(crate) fn message(&self, index: usize) -> &Message {
        static EMPTY: Message = Message { name: String::new(), fields: Vec::new() };
        self.messages.get(index).unwrap_or(&EMPTY)
    }
}
