//! Sync windows: which are active, and what they permit.

use super::*;

fn window(kind: &str, schedule: &str, duration: &str) -> SyncWindow {
    SyncWindow {
        kind: kind.into(),
        schedule: schedule.into(),
        duration: duration.into(),
        applications: vec!["*".into()],
        ..SyncWindow::default()
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn windows_open_and_close() {
    // (schedule, duration, zone, now, open)
    for (schedule, duration, zone, now, open) in [
        ("0 10 * * *", "1h", "", "2026-11-21T09:59:59Z", false),
        ("0 10 * * *", "1h", "", "2026-11-21T10:00:01Z", true),
        ("0 10 * * *", "1h", "", "2026-11-21T10:59:59Z", true),
        ("0 10 * * *", "1h", "", "2026-11-21T11:00:01Z", false),
        ("0 10 * * *", "1h", "Europe/Berlin", "2026-11-21T09:30:00Z", true),
        ("0 10 * * *", "1h", "Europe/Berlin", "2026-11-21T10:30:00Z", false),
        ("0 10 * * *", "1h", "No/Where", "2026-11-21T10:30:00Z", true),
        ("0 22 * * *", "4h", "", "2026-11-21T01:00:00Z", true),
        ("* * * * *", "1h", "", "2026-11-21T01:00:00Z", true),
        ("0 0 * * 1", "24h", "", "2026-11-21T01:00:00Z", false),
        ("0 0 * * SAT", "24h", "", "2026-11-21T01:00:00Z", true),
        ("@daily", "2h", "", "2026-11-21T01:00:00Z", true),
        ("@daily", "2h", "", "2026-11-21T03:00:00Z", false),
        ("30 23 31 12 *", "1h", "", "2027-01-01T00:10:00Z", true),
        ("0 0 29 2 *", "1h", "", "2026-11-21T01:00:00Z", false),
    ] {
        let window = SyncWindow { time_zone: zone.into(), ..window("allow", schedule, duration) };
        assert_eq!(is_active(&window, at(now)), Ok(open), "{schedule} {duration} {zone} at {now}");
    }
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let now = at("2026-11-21T10:00:00Z");
    for (schedule, duration) in [
        ("0 10 * *", "1h"),
        ("x", "1h"),
        ("0 0 10 * * *", "1h"),
        ("0 10 * * * 2026", "1h"),
        ("0 10 * * *", "soon"),
    ] {
        assert!(is_active(&window("allow", schedule, duration), now).is_err(), "{schedule} {duration}");
    }
}

/// They are refused at once: to look for the time in all years took seconds of every reconciliation.
#[test]
fn a_time_that_never_comes_is_an_error() {
    let now = at("2026-11-21T10:00:00Z");
    for schedule in ["0 0 31 2 *", ", 22 * * 1-5"] {
        let error = is_active(&window("allow", schedule, "1h"), now).unwrap_err().to_string();
        let expected = format!("cannot parse schedule '{schedule}': no such time comes in 5 years");
        assert_eq!(error, expected);
    }
}

#[test]
fn matching_by_lists() {
    let subject =
        WindowSubject { application: "web", namespace: "prod", server: "https://one", cluster: "one" };
    let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>();
    for (applications, clusters, namespaces, and_operator, wanted) in [
        (&["web"][..], &[][..], &[][..], false, true),
        (&["api"], &["one"], &[], false, true),
        (&["api"], &["one"], &[], true, false),
        (&["w*"], &["https://*"], &["prod"], true, true),
        (&["w*"], &["https://*"], &["dev"], true, false),
        (&[], &[], &["dev"], false, false),
        (&[], &[], &[], false, false),
        (&[], &[], &[], true, false),
    ] {
        let window = SyncWindow {
            applications: list(applications),
            clusters: list(clusters),
            namespaces: list(namespaces),
            and_operator,
            ..SyncWindow::default()
        };
        assert_eq!(applies(&window, &subject), wanted, "{window:?}");
    }
}

#[test]
fn who_may_sync_when() {
    let open = "* * * * *";
    let shut = "0 3 * * *";
    let make = |kind: &str, schedule: &str, manual_sync: bool, sync_overrun: bool| SyncWindow {
        manual_sync,
        sync_overrun,
        ..window(kind, schedule, "1h")
    };
    let now = at("2026-11-21T10:00:00Z");
    // (windows, automated may, manual may)
    let cases: Vec<(Vec<SyncWindow>, bool, bool)> = vec![
        (vec![], true, true),
        (vec![make("deny", open, false, false)], false, false),
        (vec![make("deny", open, true, false)], false, true),
        (vec![make("deny", open, true, false), make("deny", open, false, false)], false, false),
        (vec![make("deny", open, false, false), make("allow", open, false, false)], false, false),
        (vec![make("allow", open, false, false)], true, true),
        (vec![make("allow", shut, false, false)], false, false),
        (vec![make("allow", shut, true, false)], false, true),
        (vec![make("allow", shut, true, false), make("allow", shut, false, false)], false, false),
        (vec![make("deny", shut, false, false)], true, true),
        (vec![make("deny", shut, false, false), make("allow", shut, false, false)], false, false),
    ];
    for (windows, automated, manual) in cases {
        let windows: Vec<&SyncWindow> = windows.iter().collect();
        assert_eq!(can_sync(&windows, false, None, now), Ok(automated), "automated {windows:?}");
        assert_eq!(can_sync(&windows, true, None, now), Ok(manual), "manual {windows:?}");
    }
}

#[test]
fn what_began_in_time_may_overrun() {
    let overrun =
        |kind: &str, schedule: &str| SyncWindow { sync_overrun: true, ..window(kind, schedule, "1h") };
    let now = at("2026-11-21T10:30:00Z");
    let (before, long_before) = (at("2026-11-21T09:30:00Z"), at("2026-11-21T02:30:00Z"));
    for (windows, started_at, wanted) in [
        (vec![overrun("deny", "0 10 * * *")], Some(before), true),
        (vec![overrun("deny", "0 10 * * *")], None, false),
        (vec![window("deny", "0 10 * * *", "1h")], Some(before), false),
        (vec![overrun("deny", "0 10 * * *"), window("deny", "0 10 * * *", "1h")], Some(before), false),
        (vec![overrun("allow", "0 9 * * *")], Some(before), true),
        (vec![overrun("allow", "0 9 * * *")], Some(long_before), false),
    ] {
        let windows: Vec<&SyncWindow> = windows.iter().collect();
        assert_eq!(can_sync(&windows, false, started_at, now), Ok(wanted), "{windows:?}");
    }
}

#[test]
fn validation_names_what_is_wrong() {
    let now = at("2026-11-21T10:00:00Z");
    let good = window("allow", "0 10 * * *", "1h");
    assert_eq!(validate(std::slice::from_ref(&good), now), Ok(()));
    let twice = [good.clone(), SyncWindow { manual_sync: true, ..good.clone() }];
    let long = SyncWindow { description: "d".repeat(256), ..good.clone() };
    for (windows, text) in [
        (vec![window("maybe", "0 10 * * *", "1h")], "kind 'maybe' mismatch: can only be allow or deny"),
        (vec![window("deny", "0 10 * * *", "x")], "cannot parse duration 'x'"),
        (
            vec![SyncWindow { applications: vec![], ..good }],
            "window 'allow:0 10 * * *:1h' requires one of application, cluster or namespace",
        ),
        (vec![long], "description must not exceed 255 characters"),
        (twice.to_vec(), "window 'allow:0 10 * * *:1h' already exists, update or edit it"),
    ] {
        assert_eq!(validate(&windows, now).unwrap_err().to_string(), text);
    }
}
