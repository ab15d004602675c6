//! What can go wrong when talking to a cluster, for people (what was attempted, where, what to do) and for programs
//! ([`Error::code`], [`Error::is_not_found`] and their siblings).

use std::time::Duration;

use object::GroupKind;

/// What was attempted on which cluster, and why it failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The API server refused.
    #[error("cannot {action} on {server}: {message} (HTTP {code}{})", suffix(.reason))]
    Api {
        /// What was attempted, as `apply apps/Deployment:prod/web`.
        action: String,
        /// The cluster's URL.
        server: String,
        /// The HTTP status.
        code: u16,
        /// The API server's reason, such as `NotFound`; may be empty.
        reason: String,
        /// The API server's own words.
        message: String,
    },
    /// No answer: the connection could not be made or broke.
    #[error("cannot {action}: the API server {server} is not reachable: {message}")]
    Unreachable {
        /// What was attempted.
        action: String,
        /// The cluster's URL.
        server: String,
        /// The transport's words.
        message: String,
    },
    /// No answer in time.
    #[error("cannot {action}: the API server {server} did not answer within {} s", .after.as_secs_f32())]
    Deadline {
        /// What was attempted.
        action: String,
        /// The cluster's URL.
        server: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// An answer that is not what the Kubernetes API promises, or larger than what is accepted.
    #[error("cannot {action} on {server}: the answer is not usable: {message}")]
    Answer {
        /// What was attempted.
        action: String,
        /// The cluster's URL.
        server: String,
        /// What is wrong with it.
        message: String,
    },
    /// The cluster does not serve this kind.
    #[error("{server} has no resource of kind {kind}{}: install its CustomResourceDefinition or correct apiVersion and kind", version_suffix(.version))]
    UnknownKind {
        /// The group and kind that was asked for.
        kind: GroupKind,
        /// The version that was asked for, empty for any.
        version: String,
        /// The cluster's URL.
        server: String,
    },
    /// The cluster's connection settings cannot be used.
    #[error("cannot connect to {server}: {message}")]
    Connect {
        /// The cluster's URL.
        server: String,
        /// What is wrong, and where it is configured.
        message: String,
    },
    /// An object that cannot be sent as it is.
    #[error("cannot {action}: {message}")]
    Invalid {
        /// What was attempted.
        action: String,
        /// What is wrong with it.
        message: String,
    },
    /// The cluster was dropped from the registry, or its settings changed; resolve it again.
    #[error(
        "the connection to {server} was closed because its settings changed; resolve the destination again"
    )]
    Closed {
        /// The cluster's URL.
        server: String,
    },
}

fn suffix(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" {reason}") }
}

fn version_suffix(version: &str) -> String {
    if version.is_empty() { String::new() } else { format!(" in version {version}") }
}

impl Error {
    /// The HTTP status of a refusal, 0 for all other errors.
    pub fn code(&self) -> u16 {
        match self {
            Error::Api { code, .. } => *code,
            _ => 0,
        }
    }

    /// The API server's reason of a refusal, such as `AlreadyExists`; empty for all other errors.
    pub fn reason(&self) -> &str {
        match self {
            Error::Api { reason, .. } => reason,
            _ => "",
        }
    }

    /// The API server's own words without what was attempted where; the whole text for all other errors.
    pub fn api_message(&self) -> String {
        match self {
            Error::Api { message, .. } => message.clone(),
            other => other.to_string(),
        }
    }

    /// The object or the kind does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// Somebody else changed the object first.
    pub fn is_conflict(&self) -> bool {
        self.code() == 409 && self.reason() != "AlreadyExists"
    }

    /// A JSON patch does not fit what is there: a value that it tests is another one by now. The API server says so in general
    /// words, which it has for nothing else that a well-formed patch can meet.
    pub fn is_failed_test(&self) -> bool {
        self.code() == 422
            && self.api_message().contains("the server rejected our request due to an error in our request")
    }

    /// An object of that name exists.
    pub fn is_already_exists(&self) -> bool {
        self.code() == 409 && self.reason() == "AlreadyExists"
    }

    /// Credentials are valid but not allowed to do this.
    pub fn is_forbidden(&self) -> bool {
        self.code() == 403
    }

    /// The version asked for is no longer known to the server.
    pub fn is_gone(&self) -> bool {
        self.code() == 410 || self.reason() == "Expired" || self.reason() == "Gone"
    }

    /// Whether trying again later, without changing anything, can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Unreachable { .. } | Error::Deadline { .. } | Error::Closed { .. } => true,
            Error::Api { code, .. } => matches!(code, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }
}

/// Why an application's destination is no cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// Neither server nor name is given.
    #[error("the destination names no cluster: set destination.server or destination.name")]
    Missing,
    /// Both are given.
    #[error("the destination has both a server ({server}) and a name ({name}): keep one of them")]
    Both {
        /// `destination.server`.
        server: String,
        /// `destination.name`.
        name: String,
    },
    /// No cluster has this URL.
    #[error(
        "there is no cluster with server {server}: add it (argocd cluster add), or correct destination.server"
    )]
    UnknownServer {
        /// `destination.server`.
        server: String,
    },
    /// No cluster has this name.
    #[error("there is no cluster named {name}: add it (argocd cluster add), or correct destination.name")]
    UnknownName {
        /// `destination.name`.
        name: String,
    },
    /// Several clusters have this name.
    #[error("there are {count} clusters named {name}: use destination.server instead")]
    Ambiguous {
        /// `destination.name`.
        name: String,
        /// How many.
        count: usize,
    },
}
