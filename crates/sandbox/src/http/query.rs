//! The query parameters of a request, read once. Neighbors: `path.rs` reads the path, the engine uses both.

use crate::status::{ApiError, ApiResult};

use super::path::percent_decode;

/// How strictly unknown and duplicate fields are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldValidation {
    Ignore,
    #[default]
    Warn,
    Strict,
}

/// All parameters the API understands; others are ignored, as Kubernetes does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query {
    pub(crate) label_selector: String,
    pub(crate) field_selector: String,
    pub(crate) limit: Option<usize>,
    pub(crate) continue_token: String,
    pub(crate) resource_version: String,
    pub(crate) resource_version_match: String,
    pub(crate) watch: bool,
    pub(crate) allow_watch_bookmarks: bool,
    pub(crate) send_initial_events: Option<bool>,
    pub(crate) timeout_seconds: Option<u64>,
    pub(crate) dry_run: bool,
    pub(crate) field_manager: String,
    pub(crate) field_validation: FieldValidation,
    pub(crate) force: bool,
    pub(crate) propagation_policy: Option<String>,
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) orphan_dependents: Option<bool>,
    pub(crate) include_object: Option<String>,
    pub(crate) container: String,
    pub(crate) follow: bool,
    pub(crate) previous: bool,
    pub(crate) timestamps: bool,
    pub(crate) tail_lines: Option<usize>,
    pub(crate) since_seconds: Option<i64>,
    pub(crate) since_time: String,
    pub(crate) limit_bytes: Option<usize>,
}

impl Query {
    pub(crate) fn parse(text: &str) -> ApiResult<Query> {
        let mut query = Query::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode(&value.replace('+', " "));
            query.set(&percent_decode(name), value)?;
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: String) -> ApiResult<()> {
        match name {
            "labelSelector" => self.label_selector = value,
            "fieldSelector" => self.field_selector = value,
            "limit" => self.limit = number(name, &value)?.filter(|limit| *limit > 0),
            "continue" => self.continue_token = value,
            "resourceVersion" => self.resource_version = value,
            "resourceVersionMatch" => self.resource_version_match = value,
            "watch" => self.watch = boolean(&value),
            "allowWatchBookmarks" => self.allow_watch_bookmarks = boolean(&value),
            "sendInitialEvents" => self.send_initial_events = Some(boolean(&value)),
            "timeoutSeconds" => self.timeout_seconds = number(name, &value)?,
            "dryRun" => match value.as_str() {
                "All" => self.dry_run = true,
                "" => {}
                other => {
                    return Err(ApiError::bad_request(format!(
                        "dryRun: Unsupported value: {other:?}: supported values: \"All\""
                    )));
                }
            },
            "fieldManager" => self.field_manager = value,
            "fieldValidation" => {
                self.field_validation = match value.as_str() {
                    "Strict" => FieldValidation::Strict,
                    "Ignore" => FieldValidation::Ignore,
                    "Warn" | "" => FieldValidation::Warn,
                    other => {
                        return Err(ApiError::bad_request(format!(
                            "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
                        )));
                    }
                }
            }
            "force" => self.force = boolean(&value),
            "propagationPolicy" => self.propagation_policy = Some(value).filter(|policy| !policy.is_empty()),
            "gracePeriodSeconds" => self.grace_period_seconds = number(name, &value)?,
            "orphanDependents" => self.orphan_dependents = Some(boolean(&value)),
            "includeObject" => self.include_object = Some(value),
            "container" => self.container = value,
            "follow" => self.follow = boolean(&value),
            "previous" => self.previous = boolean(&value),
            "timestamps" => self.timestamps = boolean(&value),
            "tailLines" => self.tail_lines = number(name, &value)?,
            "sinceSeconds" => self.since_seconds = number(name, &value)?,
            "sinceTime" => self.since_time = value,
            "limitBytes" => self.limit_bytes = number(name, &value)?,
            _ => {}
        }
        Ok(())
    }
}

fn boolean(value: &str) -> bool {
    !matches!(value, "false" | "0" | "False" | "FALSE" | "f" | "F")
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> ApiResult<Option<T>> {
    if value.is_empty() {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|_| {
        ApiError::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax ({name})"))
    })
}
