//! An application's health from the health of its objects.

use object::ObjectKey;

/// The most objects that a message names.
const NAMED: usize = 3;

/// Codes from best to worst; a code that is not named is worse than all.
const ORDER: &[&str] = &["Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"];

/// What the aggregate takes from one object.
#[derive(Debug, Clone)]
pub struct Contribution<'a> {
    /// Which object.
    pub key: &'a ObjectKey,
    /// Whether it is in the cluster.
    pub is_live: bool,
    /// Its health code; empty when its kind has none.
    pub status: &'a str,
}

/// How bad a code is.
pub fn severity(status: &str) -> usize {
    if status.is_empty() { 0 } else { ORDER.iter().position(|known| *known == status).unwrap_or(ORDER.len()) }
}

/// The worst health, and which objects have it. Missing objects count only when there is none at all.
pub fn aggregate<'a>(objects: impl Iterator<Item = Contribution<'a>>) -> (String, String) {
    let mut worst = "Healthy";
    let mut culprits: Vec<&ObjectKey> = Vec::new();
    let (mut expected, mut live) = (0_usize, 0_usize);
    for object in objects {
        expected += 1;
        if !object.is_live {
            continue;
        }
        live += 1;
        let child = object.key.group == types::names::GROUP && object.key.kind == "Application";
        if child && matches!(object.status, "Missing" | "Unknown") {
            continue;
        }
        if severity(object.status) > severity(worst) {
            worst = object.status;
            culprits.clear();
        }
        if worst != "Healthy" && object.status == worst {
            culprits.push(object.key);
        }
    }
    if expected > 0 && live == 0 && severity("Missing") > severity(worst) {
        return ("Missing".to_owned(), String::new());
    }
    (worst.to_owned(), message(&culprits))
}

fn message(culprits: &[&ObjectKey]) -> String {
    let name = |key: &ObjectKey| {
        let join = |left: &str, right: &str| {
            if left.is_empty() { right.to_owned() } else { format!("{left}/{right}") }
        };
        format!("{}:{}", join(&key.group, &key.kind), join(&key.namespace, &key.name))
    };
    let named: Vec<String> = culprits.iter().take(NAMED).map(|key| name(key)).collect();
    match (named.split_last(), culprits.len().saturating_sub(NAMED)) {
        (None, _) => String::new(),
        (Some(_), more) if more > 0 => format!("Caused by {} and {more} more", named.join(", ")),
        (Some((last, [])), _) => format!("Caused by {last}"),
        (Some((last, rest)), _) => format!("Caused by {} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(objects: &[(&str, &str)], status: &str, message: &str) {
        let keys: Vec<ObjectKey> = objects
            .iter()
            .map(|(kind, _)| {
                let group = if *kind == "Application" { "argoproj.io" } else { "apps" };
                ObjectKey::new(group, *kind, "prod", "a")
            })
            .collect();
        let contributions = objects.iter().zip(&keys).map(|((_, status), key)| Contribution {
            key,
            is_live: *status != "-",
            status: if *status == "-" { "" } else { status },
        });
        assert_eq!(aggregate(contributions), (status.to_owned(), message.to_owned()), "{objects:?}");
    }

    #[test]
    fn the_worst_wins() {
        check(&[], "Healthy", "");
        check(&[("A", ""), ("B", "Healthy")], "Healthy", "");
        check(&[("A", "Suspended"), ("B", "Progressing")], "Progressing", "Caused by apps/B:prod/a");
        check(
            &[("A", "Degraded"), ("B", "Missing"), ("C", "Degraded")],
            "Degraded",
            "Caused by apps/A:prod/a and apps/C:prod/a",
        );
        check(
            &[("A", "Unknown"), ("B", "Unknown"), ("C", "Unknown"), ("D", "Unknown"), ("E", "Degraded")],
            "Unknown",
            "Caused by apps/A:prod/a, apps/B:prod/a, apps/C:prod/a and 1 more",
        );
    }

    #[test]
    fn missing_objects_count_when_none_is_live() {
        check(&[("A", "-"), ("B", "Healthy")], "Healthy", "");
        check(&[("A", "-"), ("B", "-")], "Missing", "");
    }

    #[test]
    fn children_that_are_not_there_yet_do_not_count() {
        check(&[("Application", "Missing"), ("Application", "Unknown")], "Healthy", "");
        check(&[("Application", "Degraded")], "Degraded", "Caused by argoproj.io/Application:prod/a");
    }
}
