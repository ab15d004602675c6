//! What the ConfigMaps say, and what they cannot say.

use super::*;

fn settings(config: &[(&str, &str)]) -> (Settings, Vec<Problem>) {
    let data = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings::parse(&BTreeMap::from([(names::CONFIG_MAP.to_owned(), data)]), &Secrets::new())
}

#[test]
fn absent_objects_give_the_documented_defaults() {
    let (settings, problems) = Settings::parse(&ConfigMaps::new(), &Secrets::new());
    assert_eq!(problems, []);
    assert_eq!(settings.session_duration.as_secs(), 86_400);
    assert_eq!(settings.reconciliation, Reconciliation::default());
    assert_eq!(settings.tracking, Tracking::default());
    assert!(settings.in_cluster && !settings.anonymous && settings.accounts["admin"].login);
    assert_eq!(settings.policy.scopes, ["groups"]);
    assert!(settings.resources.filter.includes("apps", "Deployment", "https://a"));
    assert!(!settings.resources.filter.includes("", "Event", "https://a"));
    assert!(!settings.resources.filter.includes("coordination.k8s.io", "Lease", "https://a"));
}

#[test]
fn a_bad_value_is_named_and_its_default_used() {
    let (settings, problems) = settings(&[
        ("timeout.reconciliation", "soon"),
        ("admin.enabled", "perhaps"),
        ("resource.exclusions", "- apiGroups: ["),
        ("resource.customizations.health.a_b_c", "x"),
        ("resource.customizations.wealth.apps_Deployment", "x"),
        ("accounts.bot", "apiKey, fly"),
    ]);
    let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "admin.enabled",
            "accounts.bot",
            "resource.customizations.health.a_b_c",
            "resource.customizations.wealth.apps_Deployment",
            "resource.exclusions",
            "timeout.reconciliation",
        ]
    );
    assert_eq!(settings.reconciliation.refresh.unwrap().as_secs(), 120);
    assert!(settings.accounts["admin"].enabled && settings.accounts["bot"].api_key);
}

#[test]
fn overrides_come_in_two_forms_and_the_split_form_wins() {
    let (settings, problems) = settings(&[
        (
            "resource.customizations",
            "apps/Deployment:\n  health.lua: old\n  ignoreDifferences: |\n    jsonPointers: [/spec/replicas]\n",
        ),
        ("resource.customizations.health.apps_Deployment", "new"),
        (
            "resource.customizations.ignoreDifferences.all",
            "managedFieldsManagers: [kube-controller-manager]\n",
        ),
        ("resource.customizations.ignoreResourceUpdates.ConfigMap", "jqPathExpressions: ['.data']\n"),
        ("resource.compareoptions", "ignoreResourceStatusField: crd\n"),
    ]);
    assert_eq!(problems, []);
    let deployment = &settings.resources.overrides["apps/Deployment"];
    assert_eq!(deployment.health_lua, "new");
    assert_eq!(deployment.ignore_differences.json_pointers, ["/spec/replicas"]);
    assert_eq!(settings.resources.overrides_for("apps", "Deployment").count(), 2);
    assert_eq!(settings.resources.overrides_for("", "ConfigMap").count(), 2);
    assert_eq!(settings.resources.overrides_for("", "Secret").count(), 1);
    assert_eq!(settings.resources.compare.status_rule, StatusRule::CustomResourceDefinitions);
}

#[test]
fn the_filter_excludes_first_and_includes_by_cluster() {
    let (settings, _) = settings(&[
        ("resource.exclusions", "- apiGroups: ['*.example.com']\n  kinds: ['*']\n"),
        ("resource.inclusions", "- apiGroups: [apps]\n  clusters: ['https://small*']\n"),
    ]);
    let filter = &settings.resources.filter;
    for (group, kind, cluster, included) in [
        ("apps", "Deployment", "https://small-1", true),
        ("", "Service", "https://small-1", false),
        ("", "Service", "https://large", true),
        ("a.example.com", "Thing", "https://large", false),
    ] {
        assert_eq!(filter.includes(group, kind, cluster), included, "{group} {kind} {cluster}");
    }
}

#[test]
fn accounts_take_passwords_and_tokens_from_the_secret() {
    let config = BTreeMap::from([("accounts.ci".to_owned(), "apiKey".to_owned())]);
    let secret = BTreeMap::from([
        ("admin.password".to_owned(), b"$2a$10$x\n".to_vec()),
        ("admin.passwordMtime".to_owned(), b"2026-01-02T03:04:05Z".to_vec()),
        ("accounts.ci.tokens".to_owned(), br#"[{"id":"a","iat":1}]"#.to_vec()),
        ("webhook.github.secret".to_owned(), b"$shared".to_vec()),
        ("shared".to_owned(), b"s3cret".to_vec()),
    ]);
    let (settings, problems) = Settings::parse(
        &BTreeMap::from([(names::CONFIG_MAP.to_owned(), config)]),
        &BTreeMap::from([(names::SECRET.to_owned(), secret)]),
    );
    assert_eq!(problems, []);
    assert_eq!(settings.accounts["admin"].password_hash.as_ref().unwrap().expose(), "$2a$10$x");
    assert_eq!(settings.accounts["admin"].password_mtime.unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert_eq!(settings.accounts["ci"].tokens[0].id, "a");
    assert_eq!(settings.secret("webhook.github.secret").unwrap().expose(), "s3cret");
    assert!(!format!("{settings:?}").contains("s3cret"));
}

#[test]
fn policies_are_joined_in_byte_order() {
    let data = BTreeMap::from([
        ("policy.b.csv".to_owned(), "b".to_owned()),
        ("policy.csv".to_owned(), "first".to_owned()),
        ("policy.a.csv".to_owned(), "a".to_owned()),
        ("scopes".to_owned(), "[groups, email]".to_owned()),
        ("policy.matchMode".to_owned(), "regex".to_owned()),
    ]);
    let (settings, _) =
        Settings::parse(&BTreeMap::from([(names::RBAC_CONFIG_MAP.to_owned(), data)]), &Secrets::new());
    assert_eq!(settings.policy.csv, "first\na\nb");
    assert_eq!(settings.policy.scopes, ["groups", "email"]);
    assert!(settings.policy.regex);
}
