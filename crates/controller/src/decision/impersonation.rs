//! As whom the objects of an application are changed.

use types::settings::Settings;
use types::{AppProject, Application, glob};

/// Characters that no account name has, but patterns have.
const NOT_IN_NAMES: [char; 7] = ['!', '*', '[', ']', '{', '}', '/'];

/// The user that changes the application's objects: empty for the controller itself.
///
/// # Errors
/// The text of why an operation cannot be carried out.
pub fn user(
    app: &Application,
    project: &AppProject,
    server: &str,
    settings: &Settings,
) -> Result<String, String> {
    if !settings.impersonation {
        return Ok(String::new());
    }
    let namespace = &app.spec.destination.namespace;
    let fail = |reason: String| Err(format!("failed to derive service account to impersonate: {reason}"));
    for entry in &project.spec.destination_service_accounts {
        for pattern in [&entry.server, &entry.namespace] {
            if let Err(error) = glob::Glob::new(pattern, &[]) {
                return fail(error.to_string());
            }
        }
        if !glob::matches(&entry.server, server) || !glob::matches(&entry.namespace, namespace) {
            continue;
        }
        let account = entry.default_service_account.trim();
        if account.is_empty() || account.contains(NOT_IN_NAMES) {
            return fail(format!("default service account {account:?} is no name"));
        }
        let (account_namespace, name) = match account.split_once(':') {
            Some((namespace, name)) => (namespace, name),
            None if namespace.is_empty() => (app.metadata.namespace.as_str(), account),
            None => (namespace.as_str(), account),
        };
        return Ok(format!("system:serviceaccount:{account_namespace}:{name}"));
    }
    if settings.impersonation_enforced {
        return Err(format!(
            "no matching service account found for destination server {server} and namespace {namespace}"
        ));
    }
    Ok(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ApplicationDestinationServiceAccount;

    #[test]
    fn the_first_match_wins() {
        let mut app = Application::default();
        app.metadata.namespace = "argocd".into();
        let mut project = AppProject::default();
        for (server, namespace, account) in [
            ("https://one", "prod", "deployer"),
            ("https://one", "team-*", "teams:deployer"),
            ("https://two", "*", "bad/name"),
            ("https://three", "*", "fallback"),
        ] {
            project.spec.destination_service_accounts.push(ApplicationDestinationServiceAccount {
                server: server.into(),
                namespace: namespace.into(),
                default_service_account: account.into(),
            });
        }
        let mut settings = Settings::default();
        (settings.impersonation, settings.impersonation_enforced) = (true, true);
        for (server, namespace, wanted) in [
            ("https://one", "prod", Ok("system:serviceaccount:prod:deployer")),
            ("https://one", "team-a", Ok("system:serviceaccount:teams:deployer")),
            (
                "https://two",
                "a",
                Err(
                    "failed to derive service account to impersonate: default service account \"bad/name\" is no name",
                ),
            ),
            ("https://three", "", Ok("system:serviceaccount:argocd:fallback")),
            (
                "https://one",
                "dev",
                Err("no matching service account found for destination server https://one and namespace dev"),
            ),
        ] {
            app.spec.destination.namespace = namespace.into();
            let found = user(&app, &project, server, &settings);
            assert_eq!(found.as_deref().map_err(String::as_str), wanted, "{server} {namespace}");
        }
        settings.impersonation_enforced = false;
        app.spec.destination.namespace = "dev".into();
        assert_eq!(user(&app, &project, "https://one", &settings), Ok(String::new()));
        settings.impersonation = false;
        app.spec.destination.namespace = "prod".into();
        assert_eq!(user(&app, &project, "https://one", &settings), Ok(String::new()));
    }
}
