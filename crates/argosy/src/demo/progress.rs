//! Shows how the applications come along: a table that is redrawn on a terminal, and lines elsewhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};

use cli::output::Table;
use cluster::{ControlEvent, ControlPlane};
use types::Application;

/// How an application stands, in the words that are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    sync: String,
    health: String,
    operation: String,
    message: String,
}

impl Standing {
    fn of(application: &Application) -> Self {
        let status = &application.status;
        let or_dash = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
        let state = status.operation_state.as_ref();
        let error = status.conditions.iter().find(|condition| condition.r#type.ends_with("Error"));
        let message = match error {
            Some(condition) => format!("{}: {}", condition.r#type, condition.message),
            None => state.map(|state| state.message.clone()).unwrap_or_default(),
        };
        Self {
            sync: or_dash(&status.sync.status),
            health: or_dash(&status.health.status),
            operation: or_dash(state.map(|state| state.phase.as_str()).unwrap_or_default()),
            message: message.lines().next().unwrap_or_default().to_owned(),
        }
    }

    fn is_done(&self) -> bool {
        self.sync == "Synced" && self.health == "Healthy" && self.operation != "Running"
    }
}

/// Follows the applications until all are Synced and Healthy and no operation runs.
pub(super) async fn until_all_done(control: &ControlPlane, names: &[&str]) {
    let mut events = control.subscribe();
    let mut shown = BTreeMap::new();
    let redraw = std::io::stdout().is_terminal();
    loop {
        let current: BTreeMap<String, Standing> = control
            .applications()
            .iter()
            .map(|application| (application.metadata.name.clone(), Standing::of(application)))
            .collect();
        if redraw {
            draw(&current, shown.len());
        } else {
            print_changed(&shown, &current);
        }
        if names.iter().all(|name| current.get(*name).is_some_and(Standing::is_done)) {
            return;
        }
        shown = current;
        // A receiver that was too slow only missed what the next look shows anyway.
        if let Err(tokio::sync::broadcast::error::RecvError::Closed) = events.recv().await {
            return;
        }
    }
}

/// Prints a line for each change of an application, for ever.
pub(super) async fn print_changes(control: &ControlPlane) {
    let mut events = control.subscribe();
    let mut shown: BTreeMap<String, Standing> = control
        .applications()
        .iter()
        .map(|application| (application.metadata.name.clone(), Standing::of(application)))
        .collect();
    loop {
        match events.recv().await {
            Ok(ControlEvent::Application(_, application)) => {
                let name = application.metadata.name.clone();
                let standing = Standing::of(&application);
                if shown.get(&name) != Some(&standing) {
                    println!("{}", line(&name, &standing));
                    shown.insert(name, standing);
                }
            }
            Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
        }
    }
}

fn line(name: &str, standing: &Standing) -> String {
    let Standing { sync, health, operation, message } = standing;
    format!("{name:<10} {sync:<10} {health:<12} {operation:<10} {message}").trim_end().to_owned()
}

fn print_changed(before: &BTreeMap<String, Standing>, current: &BTreeMap<String, Standing>) {
    for (name, standing) in current {
        if before.get(name) != Some(standing) {
            println!("{}", line(name, standing));
        }
    }
}

fn draw(current: &BTreeMap<String, Standing>, shown: usize) {
    let mut table = Table::new(&["NAME", "SYNC", "HEALTH", "OPERATION", "MESSAGE"]);
    for (name, standing) in current {
        // A line that wraps would break the redrawing.
        let message: String = standing.message.chars().take(60).collect();
        table.push([
            name.clone(),
            standing.sync.clone(),
            standing.health.clone(),
            standing.operation.clone(),
            message,
        ]);
    }
    let mut text = String::new();
    if shown > 0 {
        // Up over the rows and the header, then clear to the end.
        text.push_str(&format!("\x1b[{}A\x1b[J", shown + 1));
    }
    text.push_str(&table.to_string());
    print!("{text}");
    std::io::stdout().flush().ok();
}
