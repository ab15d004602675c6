//! Refusals as Kubernetes words them: every error of the API is a `Status` object (`meta/v1`). The engine returns
//! [`ApiError`]; `http` turns it into a response. Messages follow those of the real API server, since clients and
//! people match on them.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;

/// The result of every engine operation.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

/// A refusal: the parts of a `Status` with `status: Failure`.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
}

/// One problem with one field, as the `causes` of an `Invalid` status list them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

impl FieldError {
    pub(crate) fn required(field: impl Into<String>, detail: &str) -> Self {
        let message =
            if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        FieldError { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// `value` is printed as Go's `%q` for strings and as JSON for everything else.
    pub(crate) fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        FieldError {
            field: field.into(),
            reason: "FieldValueInvalid",
            message: format!("Invalid value: {value}: {detail}"),
        }
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        FieldError {
            field: field.into(),
            reason: "FieldValueForbidden",
            message: format!("Forbidden: {detail}"),
        }
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        FieldError {
            field: field.into(),
            reason: "FieldValueDuplicate",
            message: format!("Duplicate value: {value}"),
        }
    }

    pub(crate) fn unsupported(field: impl Into<String>, value: &Value, supported: &[&str]) -> Self {
        let list = supported.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        FieldError {
            field: field.into(),
            reason: "FieldValueNotSupported",
            message: format!("Unsupported value: {value}: supported values: {list}"),
        }
    }
}

impl ApiError {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        ApiError { code, reason, message: message.into(), details: None }
    }

    fn about(mut self, kind: &Kind, name: &str) -> Self {
        let mut details = Map::new();
        if !name.is_empty() {
            details.insert("name".into(), name.into());
        }
        if !kind.group.is_empty() {
            details.insert("group".into(), kind.group.clone().into());
        }
        details.insert("kind".into(), kind.plural.clone().into());
        self.details = Some(Value::Object(details));
        self
    }

    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {name:?} not found", kind.qualified())).about(kind, name)
    }

    pub(crate) fn no_such_resource() -> Self {
        let mut error = Self::new(404, "NotFound", "the server could not find the requested resource");
        error.details = Some(json!({}));
        error
    }

    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} {name:?} already exists", kind.qualified()))
            .about(kind, name)
    }

    /// A lost race, or a precondition that doesn't hold.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(
            409,
            "Conflict",
            format!("Operation cannot be fulfilled on {} {name:?}: {why}", kind.qualified()),
        )
        .about(kind, name)
    }

    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        Self::conflict(
            kind,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// Server-side apply met fields that other managers own; one cause a field.
    pub(crate) fn apply_conflict(message: String, causes: &[(String, String)]) -> Self {
        let mut error = Self::new(409, "Conflict", message);
        let causes: Vec<Value> = causes
            .iter()
            .map(|(field, message)| json!({"reason": "FieldManagerConflict", "message": message, "field": field}))
            .collect();
        error.details = Some(json!({ "causes": causes }));
        error
    }

    pub(crate) fn invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Self {
        let qualified =
            if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) };
        let mut lines: Vec<String> = errors.iter().map(FieldError::line).collect();
        lines.dedup();
        let text = match lines.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let mut error = Self::new(422, "Invalid", format!("{qualified} {name:?} is invalid: {text}"));
        let causes: Vec<Value> = errors
            .iter()
            .map(|e| json!({"reason": e.reason, "message": e.message, "field": e.field}))
            .collect();
        let mut details = Map::new();
        if !name.is_empty() {
            details.insert("name".into(), name.into());
        }
        if !kind.group.is_empty() {
            details.insert("group".into(), kind.group.clone().into());
        }
        details.insert("kind".into(), kind.kind.clone().into());
        details.insert("causes".into(), causes.into());
        error.details = Some(Value::Object(details));
        error
    }

    /// Custom resources are updated only on top of a known version. The real API server names the resource here, not
    /// the kind.
    pub(crate) fn version_required(kind: &Kind, name: &str) -> Self {
        let problem = "Invalid value: 0: must be specified for an update";
        let field = "metadata.resourceVersion";
        Self::new(422, "Invalid", format!("{} {name:?} is invalid: {field}: {problem}", kind.qualified()))
            .about(kind, name)
            .with_cause("FieldValueInvalid", problem, field)
    }

    /// A precondition of a deletion that doesn't hold. The real API server names the kind here, not the resource.
    pub(crate) fn deletion_conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let qualified =
            if kind.group.is_empty() { kind.kind.clone() } else { format!("{}.{}", kind.kind, kind.group) };
        let mut error = Self::new(
            409,
            "Conflict",
            format!("Operation cannot be fulfilled on {qualified} {name:?}: {why}"),
        )
        .about(kind, name);
        if let Some(details) = error.details.as_mut() {
            details["kind"] = kind.kind.clone().into();
        }
        error
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// A bad combination of query parameters of a patch.
    pub(crate) fn invalid_options(field: &str, detail: &str) -> Self {
        let mut error = Self::new(
            422,
            "Invalid",
            format!("PatchOptions.meta.k8s.io \"\" is invalid: {field}: Required value: {detail}"),
        );
        error.details = Some(json!({
            "group": "meta.k8s.io",
            "kind": "PatchOptions",
            "causes": [{"reason": "FieldValueRequired", "message": format!("Required value: {detail}"), "field": field}],
        }));
        error
    }

    /// A bad combination of query parameters of a list or watch.
    pub(crate) fn invalid_list_options(field: &str, problem: &str) -> Self {
        let mut error =
            Self::new(422, "Invalid", format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: {problem}"));
        let reason =
            if problem.starts_with("Forbidden") { "FieldValueForbidden" } else { "FieldValueNotSupported" };
        error.details = Some(json!({
            "group": "meta.k8s.io",
            "kind": "ListOptions",
            "causes": [{"reason": reason, "message": problem, "field": field}],
        }));
        error
    }

    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        Self::new(403, "Forbidden", format!("{} {name:?} is forbidden: {why}", kind.qualified()))
            .about(kind, name)
    }

    pub(crate) fn with_cause(mut self, reason: &str, message: &str, field: &str) -> Self {
        let details = self.details.get_or_insert_with(|| json!({}));
        if let Some(details) = details.as_object_mut() {
            details.insert("causes".into(), json!([{"reason": reason, "message": message, "field": field}]));
        }
        self
    }

    pub(crate) fn method_not_allowed() -> Self {
        let mut error = Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        error.details = Some(json!({}));
        error
    }

    pub(crate) fn not_acceptable(accepted: &str) -> Self {
        let mut error = Self::new(
            406,
            "NotAcceptable",
            format!("406: Not Acceptable\n\nAvailable representations: {accepted}"),
        );
        error.details = Some(json!({}));
        error
    }

    pub(crate) fn unsupported_media_type(accepted: &str) -> Self {
        Self::new(
            415,
            "UnsupportedMediaType",
            format!(
                "the body of the request was in an unknown format - accepted media types include: {accepted}"
            ),
        )
    }

    /// A patch of a content type that no patch has.
    pub(crate) fn unknown_patch_type() -> Self {
        let mut error = Self::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        error.details = Some(json!({}));
        error
    }

    /// The history this needs is no longer kept.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// A resourceVersion from the future: the client should retry.
    pub(crate) fn too_large_resource_version(asked: u64, current: u64) -> Self {
        let mut error = Self::new(
            504,
            "Timeout",
            format!("Timeout: Too large resource version: {asked}, current: {current}"),
        );
        error.details = Some(json!({
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        }));
        error
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    /// A message that Kubernetes gives without its usual preface.
    pub(crate) fn internal_exact(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// A patch that doesn't fit the object it is for.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        let mut error = Self::new(422, "Invalid", message);
        error.details = Some(json!({}));
        error
    }

    /// What the sandbox deliberately lacks, refused by name.
    pub(crate) fn not_in_sandbox(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the Argosy sandbox doesn't do {what}"))
    }

    /// An error a test asked for.
    pub(crate) fn injected(code: u16) -> Self {
        let (reason, message) = match code {
            409 => (
                "Conflict",
                "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version and try again",
            ),
            410 => ("Expired", "The resourceVersion for the provided list is too old."),
            403 => ("Forbidden", "injected: forbidden"),
            401 => ("Unauthorized", "Unauthorized"),
            404 => ("NotFound", "the server could not find the requested resource"),
            429 => (
                "TooManyRequests",
                "The server has received too many requests and has asked us to try again later",
            ),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
            504 => ("Timeout", "injected: the request timed out"),
            _ => ("InternalError", "Internal error occurred: injected"),
        };
        Self::new(code, reason, message)
    }

    /// The `Status` object.
    pub(crate) fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if let (false, Some(status)) = (self.reason.is_empty(), status.as_object_mut()) {
            status.insert("reason".into(), self.reason.into());
        }
        if let (Some(details), Some(status)) = (&self.details, status.as_object_mut()) {
            status.insert("details".into(), details.clone());
        }
        status
    }
}

impl FieldError {
    fn line(&self) -> String {
        if self.field.is_empty() { self.message.clone() } else { format!("{}: {}", self.field, self.message) }
    }
}

/// The answer to a deletion that left nothing behind.
pub(crate) fn deleted(kind: &Kind, name: &str, uid: &str) -> Value {
    let mut details = Map::new();
    details.insert("name".into(), name.into());
    if !kind.group.is_empty() {
        details.insert("group".into(), kind.group.clone().into());
    }
    details.insert("kind".into(), kind.plural.clone().into());
    details.insert("uid".into(), uid.into());
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
