//! Decisions by table: policy, subject and request on one line each.

use super::*;
use crate::project::{AppProjectSpec, ProjectRole};

fn policy(csv: &str, default_role: &str, regex: bool) -> Policy {
    let settings = PolicySettings {
        csv: csv.to_owned(),
        default_role: default_role.to_owned(),
        regex,
        ..PolicySettings::default()
    };
    Policy::new(&settings).unwrap()
}

fn subject(text: &str) -> Subject {
    let mut parts = text.split('+');
    let name = parts.next().unwrap_or_default().to_owned();
    Subject { name, groups: parts.map(str::to_owned).collect() }
}

/// Each case is `subject+group resource action object -> yes|no`; `-` stands for the empty subject or object.
fn check(policy: &Policy, cases: &str) {
    for case in cases.lines().map(str::trim).filter(|case| !case.is_empty()) {
        let (request, expected) = case.split_once(" -> ").unwrap();
        let words: Vec<String> = request.split_whitespace().map(|word| word.replace('-', "")).collect();
        let [name, resource, action, object] = words.as_slice() else { panic!("{case}") };
        let answer = policy.for_subject(&subject(name)).allows(resource, action, object);
        assert_eq!(if answer { "yes" } else { "no" }, expected, "{case}");
    }
}

#[test]
fn the_built_in_roles() {
    check(
        &policy("g, bob, role:readonly", "", false),
        "
        admin applications delete default/guestbook -> yes
        admin applications update/apps/Deployment/x/y default/guestbook -> yes
        admin extensions invoke metrics -> no
        admin certificates get - -> yes
        bob applications get default/guestbook -> yes
        bob applications get default/ns/guestbook -> yes
        bob applications sync default/guestbook -> no
        bob logs get default/guestbook -> yes
        bob exec create default/guestbook -> no
        eve applications get default/guestbook -> no
        - applications get default/guestbook -> no
        ",
    );
}

#[test]
fn layers_and_denials() {
    let csv = r#"
        # alice is denied in her own layer, but the default role is asked first
        p, alice, applications, *, */*, allow
        p, alice, applications, delete, prod/*, deny
        p, team, applications, sync, */*, allow
        p, "a, b", applications, get, */*, allow
        p, ungrouped, applications, get, */*, allow
        g, team-x, team
        g, "a, b", role:nothing
        p, , projects, get, open, allow
    "#
    .replace("team-x", "teamx");
    check(
        &policy(&csv, "", false),
        "
        alice applications delete dev/a -> yes
        alice applications delete prod/a -> no
        carl+teamx applications sync prod/a -> yes
        carl+team applications sync prod/a -> no
        carl+ungrouped applications get prod/a -> no
        carl projects get open -> yes
        - projects get open -> yes
        ",
    );
    check(&policy(&csv, "role:admin", false), "alice applications delete prod/a -> yes");
    let quoted = Subject { name: "carl".into(), groups: vec!["a, b".into()] };
    assert!(policy(&csv, "", false).for_subject(&quoted).allows("applications", "get", "x/y"));
}

#[test]
fn update_of_an_application_does_not_cover_its_objects() {
    check(
        &policy(
            "p, dev, applications, update, */*, allow\np, ops, applications, update/*, */*, allow",
            "",
            false,
        ),
        "
        dev applications update default/a -> yes
        dev applications update/apps/Deployment/n/x default/a -> no
        ops applications update default/a -> no
        ops applications update/apps/Deployment/n/x default/a -> yes
        ",
    );
}

#[test]
fn regular_expressions_are_unanchored_and_break_the_built_in_roles() {
    check(
        &policy("p, dev, applications, get, team.*/, allow", "", true),
        "
        dev applications get myteam1/a -> yes
        dev applications get other/a -> no
        admin applications get default/a -> no
        ",
    );
}

#[test]
fn cycles_of_roles_end() {
    check(&policy("g, a, b\ng, b, a\np, b, projects, get, *, allow", "", false), "a projects get x -> yes");
}

#[test]
fn bad_lines_are_named() {
    let error = |csv: &str| {
        Policy::new(&PolicySettings { csv: csv.to_owned(), ..PolicySettings::default() })
            .unwrap_err()
            .to_string()
    };
    assert_eq!(error("\np, a, b"), "policy line 2: \"p, a, b\" has 3 columns, but a \"p\" line has 6");
    assert_eq!(error("x, a"), "policy line 1: \"x, a\" begins with neither p nor g");
    assert_eq!(
        error("p, a, b, c, d, maybe"),
        "policy line 1: the effect \"maybe\" is neither allow nor deny"
    );
}

#[test]
fn roles_of_a_project() {
    let mut project = AppProject::default();
    project.metadata.name = "shop".into();
    let role = |policy: &str| ProjectRole {
        name: "dev".into(),
        policies: vec![policy.to_owned()],
        groups: vec!["shoppers".into()],
        ..ProjectRole::default()
    };
    project.spec = AppProjectSpec {
        roles: vec![role("p, proj:shop:dev, applications, sync, shop/*, allow")],
        ..AppProjectSpec::default()
    };
    let installation = policy("", "", false);
    check(
        &installation.with_project(&project),
        "
        proj:shop:dev applications sync shop/a -> yes
        proj:shop:dev projects get shop -> yes
        proj:shop:dev applications sync other/a -> no
        zoe+shoppers applications sync shop/a -> yes
        zoe applications sync shop/a -> no
        ",
    );
    project.spec.roles = vec![role("p, broken")];
    check(&installation.with_project(&project), "proj:shop:dev projects get shop -> no");
    assert_eq!(project_of("applications", "shop/a"), Some("shop"));
    assert_eq!(project_of("clusters", "https://x"), Some("https:"));
    assert_eq!(project_of("accounts", "admin"), None);
}
