//! Following an operation: rows for what changes, and the summary at the end.

use std::collections::BTreeMap;

use types::Application;

use crate::output::Table;

/// What is shown of one object while an operation runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Row {
    group: String,
    kind: String,
    namespace: String,
    name: String,
    status: String,
    health: String,
    hook: String,
    message: String,
}

pub(super) type Rows = BTreeMap<(String, String, String, String), Row>;

/// The objects of an application as they stand, with what the last operation did to them.
pub(super) fn rows(application: &Application) -> Rows {
    let mut rows = Rows::new();
    for resource in &application.status.resources {
        let key = (
            resource.group.clone(),
            resource.kind.clone(),
            resource.namespace.clone(),
            resource.name.clone(),
        );
        rows.insert(
            key,
            Row {
                group: resource.group.clone(),
                kind: resource.kind.clone(),
                namespace: resource.namespace.clone(),
                name: resource.name.clone(),
                status: resource.status.clone(),
                health: resource.health.as_ref().map(|health| health.status.clone()).unwrap_or_default(),
                ..Row::default()
            },
        );
    }
    let result = application.status.operation_state.as_ref().and_then(|state| state.sync_result.as_ref());
    for result in result.map(|result| result.resources.as_slice()).unwrap_or_default() {
        let key = (result.group.clone(), result.kind.clone(), result.namespace.clone(), result.name.clone());
        let row = rows.entry(key).or_insert_with(|| Row {
            group: result.group.clone(),
            kind: result.kind.clone(),
            namespace: result.namespace.clone(),
            name: result.name.clone(),
            status: result.status.clone(),
            ..Row::default()
        });
        row.hook.clone_from(&result.hook_type);
        row.message.clone_from(&result.message);
        if !result.hook_type.is_empty() {
            row.status.clone_from(&result.hook_phase);
        }
    }
    rows
}

/// Prints the rows that differ from what was printed before.
#[derive(Debug, Default)]
pub(super) struct Progress {
    shown: Rows,
    has_header: bool,
}

impl Progress {
    /// Prints what has changed since the last call.
    pub(super) fn show(&mut self, application: &Application) {
        if !self.has_header {
            self.has_header = true;
            println!("{}", columns("TIMESTAMP", &header_row()));
        }
        let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let current = rows(application);
        for (key, row) in &current {
            if self.shown.get(key) != Some(row) {
                println!("{}", columns(&now, row));
            }
        }
        self.shown = current;
    }
}

fn header_row() -> Row {
    let text = |text: &str| text.to_owned();
    Row {
        group: text("GROUP"),
        kind: text("KIND"),
        namespace: text("NAMESPACE"),
        name: text("NAME"),
        status: text("STATUS"),
        health: text("HEALTH"),
        hook: text("HOOK"),
        message: text("MESSAGE"),
    }
}

/// Live rows cannot be aligned to what has not been printed yet, so the columns have fixed widths.
fn columns(time: &str, row: &Row) -> String {
    let Row { group, kind, namespace, name, status, health, hook, message } = row;
    let line = format!(
        "{time:<25}  {group:>5}  {kind:>11}  {namespace:>10}  {name:<20}  {status:<9}  {health:<11}  {hook:<8}  {message}"
    );
    line.trim_end().to_owned()
}

/// The table of objects after a blank line; nothing when there are none.
pub(super) fn resource_table(application: &Application) -> String {
    let rows = rows(application);
    if rows.is_empty() {
        return String::new();
    }
    let mut table =
        Table::new(&["GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"]);
    for Row { group, kind, namespace, name, status, health, hook, message } in rows.into_values() {
        table.push([group, kind, namespace, name, status, health, hook, message]);
    }
    format!("\n{table}")
}

/// The facts of the last operation, one a line, after a blank line.
pub(super) fn operation_summary(application: &Application) -> String {
    let Some(state) = &application.status.operation_state else { return String::new() };
    let mut text = "\n".to_owned();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<20}{value}\n"));
    line("Operation:", "Sync");
    if let Some(result) = &state.sync_result {
        let revision =
            if result.revision.is_empty() { result.revisions.join(", ") } else { result.revision.clone() };
        line("Sync Revision:", &revision);
    }
    line("Phase:", &state.phase);
    line("Start:", &state.started_at.map(|time| time.to_string()).unwrap_or_default());
    if let (Some(started), Some(finished)) = (state.started_at, state.finished_at) {
        line("Finished:", &finished.to_string());
        line("Duration:", &format!("{}s", finished.0.as_second() - started.0.as_second()));
    }
    line("Message:", &state.message);
    text
}

/// Whether the operation is over and the application was compared after it.
pub(super) fn operation_is_over(application: &Application) -> bool {
    if application.operation.is_some() {
        return false;
    }
    let Some(state) = &application.status.operation_state else { return true };
    // Nothing has changed that would have to be compared.
    let only_tried = state.operation.sync.as_ref().is_some_and(|sync| sync.dry_run);
    match (state.finished_at, application.status.reconciled_at) {
        (Some(_), _) if only_tried => true,
        (Some(finished), Some(reconciled)) => reconciled >= finished,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn application(value: serde_json::Value) -> Application {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn an_operation_is_over_only_after_the_next_comparison() {
        let state = |operation: bool, finished: Option<&str>, reconciled: &str| {
            let mut value = json!({"status": {"reconciledAt": reconciled, "operationState": {
                "phase": "Succeeded", "startedAt": "2026-01-01T00:00:00Z", "finishedAt": finished}}});
            if operation {
                value["operation"] = json!({});
            }
            operation_is_over(&application(value))
        };
        let (early, late) = ("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z");
        assert!(!state(true, Some(early), late), "an operation is waiting");
        assert!(!state(false, None, late), "it is running");
        assert!(!state(false, Some(late), early), "it was not compared since");
        assert!(state(false, Some(early), late));
        assert!(state(false, Some(late), late));
        let tried = json!({"status": {"operationState": {"phase": "Succeeded", "startedAt": early, "finishedAt": early,
            "operation": {"sync": {"dryRun": true}}}}});
        assert!(operation_is_over(&application(tried)), "a dry run changes nothing");
        assert!(operation_is_over(&application(json!({}))), "nothing ever ran");
    }

    #[test]
    fn hooks_show_their_phase() {
        let application = application(json!({"status": {
            "resources": [{"kind": "Service", "name": "web", "namespace": "x", "status": "Synced"}],
            "operationState": {"phase": "Running", "syncResult": {"resources": [
                {"kind": "Service", "name": "web", "namespace": "x", "status": "Synced", "message": "service/web created"},
                {"group": "batch", "kind": "Job", "name": "migrate", "namespace": "x", "hookType": "PreSync",
                 "hookPhase": "Running"},
            ]}},
        }}));
        let rows: Vec<_> = rows(&application)
            .into_values()
            .map(|row| (row.kind, row.status, row.hook, row.message))
            .collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            rows,
            [
                (text("Service"), text("Synced"), text(""), text("service/web created")),
                (text("Job"), text("Running"), text("PreSync"), text("")),
            ]
        );
    }
}
