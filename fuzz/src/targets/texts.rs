//! Small languages in short texts: versions, times, durations, quantities, JSON.

use gotmpl::semver::{Constraint, Version};
use gotmpl::{Time, Zone, duration_text, json, parse_duration};
use object::{Duration, IntOrString, Quantity, timestamp};
use serde_json::Value;

/// A constraint in the first line, versions in the others.
pub(super) fn versions(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut lines = text.lines().take(20);
    let constraint = lines.next().and_then(|line| Constraint::parse(line).ok());
    let versions: Vec<Version> = lines.filter_map(|line| Version::parse(line).ok()).collect();
    for version in &versions {
        let shown = version.to_string();
        match Version::parse(&shown) {
            Ok(again) => assert!(
                again.compare(version).is_eq() && again.to_string() == shown,
                "{shown} became {again}"
            ),
            Err(error) => panic!("{shown} is a version, but cannot be read: {error}"),
        }
        let _ = Version::parse_strict(&shown);
        if let Some(constraint) = &constraint {
            let plain = constraint.check(version);
            assert!(
                !plain || constraint.check_with_prereleases(version),
                "{shown} fits without prereleases only"
            );
        }
        for other in &versions {
            assert_eq!(version.compare(other), other.compare(version).reverse(), "{version} and {other}");
        }
    }
}

/// A condition in the first line, the names that it sees in the others.
pub(super) fn expression(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let (condition, names) = text.split_once('\n').unwrap_or((text, ""));
    let names = goyaml::from_str(names).ok().and_then(|names: Value| names.as_object().cloned());
    let names = names.unwrap_or_default();
    let Ok(expression) = expr::Expression::parse(condition) else { return };
    assert_eq!(
        expression.evaluate(&names),
        expression.evaluate(&names),
        "it depends on more than it is given"
    );
    let _ = expression.holds(&names);
}

/// A layout in the first line, a zone in the second, a time in the third, a duration in the fourth.
pub(super) fn times(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default();
    let (layout, zone, time, duration) = (line(), line(), line(), line());
    let zone = Zone::find(zone);
    let utc = Zone::find("UTC");
    if let Some(zone) = zone.or(utc)
        && let Ok(time) = Time::parse(layout, time, &zone)
    {
        let _ = (time.format(layout), time.rfc3339(), time.to_string());
        let later = time.in_zone(zone.clone()).plus(parse_duration(duration).unwrap_or(1));
        let _ = (later.since(&time), later.format(layout), later.to_string());
    }
    if let Ok(nanoseconds) = parse_duration(duration) {
        let shown = duration_text(nanoseconds);
        assert_eq!(parse_duration(&shown).ok(), Some(nanoseconds), "{duration} was shown as {shown}");
    }
}

/// JSON as Go reads and writes it.
pub(super) fn json(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let Ok(value) = json::from_json(text) else { return };
    for pretty in [false, true] {
        let style = json::Style { pretty, ..json::Style::default() };
        let Ok(written) = json::to_json(&value, style) else { continue };
        match json::from_json(&written) {
            Ok(read) => assert!(read.deep_equal(&value), "{text}\nbecame {written}"),
            Err(error) => panic!("{text}\nwas written as {written}, which is no JSON: {error}"),
        }
    }
}

/// Quantities, durations and times of Kubernetes, one a line.
pub(super) fn scalars(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut last: Option<Quantity> = None;
    for line in text.lines().take(20) {
        if let Ok(quantity) = Quantity::parse(line) {
            let shown = quantity.to_string();
            match Quantity::parse(&shown) {
                Ok(again) => {
                    assert!(again.compare(&quantity).is_eq(), "{line} was shown as {shown}");
                    assert_eq!(again.to_string(), shown, "the canonical form of {line}");
                }
                Err(error) => panic!("{line} was shown as {shown}: {error}"),
            }
            let _ = (quantity.value(), quantity.milli_value(), quantity.as_f64(), quantity.is_zero());
            if let Some(last) = &last {
                let _ = last.checked_add(&quantity);
                assert_eq!(
                    last.compare(&quantity),
                    quantity.compare(last).reverse(),
                    "{last} and {quantity}"
                );
            }
            last = Some(quantity);
        }
        if let Ok(duration) = Duration::parse(line) {
            let shown = duration.to_string();
            assert_eq!(Duration::parse(&shown).ok(), Some(duration), "{line} was shown as {shown}");
            let _ = (duration.to_std(), duration.seconds());
        }
        if let Ok(time) = timestamp::parse(line) {
            let shown = timestamp::format_microseconds(time);
            assert!(timestamp::parse(&shown).is_ok(), "{line} was shown as {shown}");
            let _ = timestamp::format_seconds(time);
        }
        let scaled =
            IntOrString::from_value(&Value::from(line)).and_then(|share| share.scaled(i64::MAX, true));
        let _ = scaled;
    }
}
