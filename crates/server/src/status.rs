//! How a request can fail: gRPC's status codes, which HTTP statuses follow from.

use http::StatusCode;

/// gRPC's status codes, but for `Ok` and those that nothing here ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

impl Code {
    /// The HTTP status that stands for the code.
    pub(crate) const fn http(self) -> StatusCode {
        match self {
            Self::Unknown | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidArgument | Self::FailedPrecondition => StatusCode::BAD_REQUEST,
            Self::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::AlreadyExists | Self::Aborted => StatusCode::CONFLICT,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
            Self::Unimplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
        }
    }

    /// The number on the wire.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The code of an answer of Kubernetes, by its HTTP status and reason.
    pub(crate) fn of_kubernetes(status: u16, reason: &str) -> Self {
        match reason {
            "NotFound" => Self::NotFound,
            "AlreadyExists" => Self::AlreadyExists,
            "Invalid" => Self::InvalidArgument,
            "MethodNotSupported" => Self::Unimplemented,
            "ServiceUnavailable" | "ServerTimeout" => Self::Unavailable,
            "BadRequest" => Self::FailedPrecondition,
            "Unauthorized" => Self::Unauthenticated,
            "Forbidden" => Self::PermissionDenied,
            "Timeout" => Self::DeadlineExceeded,
            "Conflict" => Self::Aborted,
            "TooManyRequests" => Self::ResourceExhausted,
            "InternalError" => Self::Internal,
            _ => match status {
                404 => Self::NotFound,
                409 => Self::Aborted,
                403 => Self::PermissionDenied,
                401 => Self::Unauthenticated,
                422 => Self::InvalidArgument,
                429 => Self::ResourceExhausted,
                _ => Self::Unknown,
            },
        }
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Status {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Status {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, message)
    }

    pub(crate) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, message)
    }

    pub(crate) fn precondition(message: impl Into<String>) -> Self {
        Self::new(Code::FailedPrecondition, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message)
    }
}

impl From<cluster::Error> for Status {
    fn from(error: cluster::Error) -> Self {
        match &error {
            cluster::Error::Api { code, reason, .. } => {
                Self::new(Code::of_kubernetes(*code, reason), error.api_message())
            }
            cluster::Error::Unreachable { .. } | cluster::Error::Closed { .. } => {
                Self::unavailable(error.to_string())
            }
            cluster::Error::Deadline { .. } => Self::new(Code::DeadlineExceeded, error.to_string()),
            cluster::Error::Invalid { .. } => Self::invalid(error.to_string()),
            cluster::Error::UnknownKind { .. } => Self::not_found(error.to_string()),
            _ => Self::new(Code::Unknown, error.to_string()),
        }
    }
}
