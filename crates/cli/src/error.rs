//! What can go wrong in a verb, and the exit code that says so.

/// Why a verb did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arguments do not fit together, or name something that is not there.
    #[error("{0}")]
    Usage(String),
    /// Not as many arguments as the verb takes.
    #[error("{0}")]
    Arguments(String),
    /// Local files cannot be read or rendered.
    #[error("{0}")]
    Local(String),
    /// No server is known.
    #[error("no server is known: log in with `argosy login SERVER`, or give --server and --auth-token")]
    NoServer,
    /// The server cannot be reached.
    #[error("cannot reach {server}: {reason}")]
    Connect {
        /// The server's address.
        server: String,
        /// What happened, and what to try.
        reason: String,
    },
    /// The server refused.
    #[error("{message}")]
    Api {
        /// The gRPC code of the answer.
        code: i64,
        /// What the server said.
        message: String,
    },
    /// A condition that was waited for did not come in time.
    #[error("{0}")]
    Timeout(String),
    /// An application became Degraded while its health was waited for.
    #[error("{0}")]
    Degraded(String),
    /// An operation ended, but not well. What happened is printed already.
    #[error("{0}")]
    Operation(String),
    /// A difference was found; nothing is to be said about it.
    #[error("different")]
    Different(u8),
    /// The local configuration cannot be read or written.
    #[error("{path}: {reason}")]
    Config {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An answer or a file does not have the form that it must have.
    #[error("{0}")]
    Format(String),
}

impl Error {
    /// The exit code of the process.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::NoServer
            | Self::Connect { .. }
            | Self::Operation(_)
            | Self::Config { .. }
            | Self::Format(_) => 1,
            Self::Arguments(_) => 2,
            Self::Local(_) | Self::Api { .. } | Self::Timeout(_) | Self::Degraded(_) => 20,
            Self::Different(code) => *code,
        }
    }

    /// What to print, if anything.
    pub fn message(&self) -> Option<String> {
        (!matches!(self, Self::Different(_))).then(|| self.to_string())
    }

    /// Whether the server said that the thing does not exist, or that we may not know.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Api { code: 5 | 7, .. })
    }
}
