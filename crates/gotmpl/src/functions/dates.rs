//! sprig's functions on dates. The clock and the local zone are the environment's.

use std::sync::Arc;

use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::dates::{Time, ZERO_SECONDS, Zone, duration_text, parse_duration, round_duration};
use crate::exec::State;
use crate::value::{Type, Value};

const TEXT_ANY: Signature = Signature::fixed(&[Type::String, Type::Any]);

fn now(state: &State) -> Time {
    let (seconds, nanoseconds) = state.environment().now();
    Time { seconds, nanoseconds, zone: local(state) }
}

fn local(state: &State) -> Zone {
    Zone::find(state.environment().zone()).unwrap_or(Zone::Utc)
}

/// The time that a value means: a time, or seconds since 1970; anything else means now.
fn time_of(state: &State, value: &Value) -> Time {
    match value {
        Value::Time(time) => (**time).clone(),
        Value::Int(seconds) | Value::Int64(seconds) => {
            Time { seconds: *seconds, nanoseconds: 0, zone: local(state) }
        }
        _ => now(state),
    }
}

fn format(state: &State, layout: &str, value: &Value, zone: Option<&str>) -> FunctionResult {
    let zone = match zone {
        None | Some("Local") => local(state),
        Some(name) => Zone::find(name).unwrap_or(Zone::Utc),
    };
    Ok(Value::from(time_of(state, value).in_zone(zone).format(layout)))
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("now", Signature::fixed(&[]), |state, _| Ok(Value::Time(Arc::new(now(state)))));
    functions.register("date", TEXT_ANY, |state, pair| format(state, &text_of(&pair[0]), &pair[1], None));
    for name in ["dateInZone", "date_in_zone"] {
        functions.register(name, Signature::fixed(&[Type::String, Type::Any, Type::String]), |state, all| {
            format(state, &text_of(&all[0]), &all[1], Some(&text_of(&all[2])))
        });
    }
    functions.register("htmlDate", Signature::fixed(&[Type::Any]), |state, one| {
        format(state, "2006-01-02", &one[0], None)
    });
    functions.register("htmlDateInZone", Signature::fixed(&[Type::Any, Type::String]), |state, pair| {
        format(state, "2006-01-02", &pair[0], Some(&text_of(&pair[1])))
    });
    for (name, must) in
        [("dateModify", false), ("date_modify", false), ("mustDateModify", true), ("must_date_modify", true)]
    {
        functions.register(name, Signature::fixed(&[Type::String, Type::Time]), move |_, pair| {
            let Value::Time(time) = &pair[1] else { return Ok(pair[1].clone()) };
            match parse_duration(&text_of(&pair[0])) {
                Ok(nanoseconds) => Ok(Value::Time(Arc::new(time.plus(nanoseconds)))),
                Err(error) if must => Err(FunctionError::from(error.to_string())),
                Err(_) => Ok(pair[1].clone()),
            }
        });
    }
    for (name, must) in [("toDate", false), ("mustToDate", true)] {
        functions.register(name, Signature::fixed(&[Type::String, Type::String]), move |state, pair| {
            let local = local(state);
            match Time::parse(&text_of(&pair[0]), &text_of(&pair[1]), &local) {
                Ok(time) => Ok(Value::Time(Arc::new(time))),
                Err(error) if must => Err(FunctionError::from(error.to_string())),
                Err(_) => Ok(Value::Time(Arc::new(Time::utc(ZERO_SECONDS, 0)))),
            }
        });
    }
    functions.register("unixEpoch", Signature::fixed(&[Type::Time]), |_, one| {
        let Value::Time(time) = &one[0] else { return Ok(Value::Nil) };
        Ok(Value::from(time.seconds.to_string()))
    });
    durations(functions);
}

fn durations(functions: &mut Functions) {
    let one = Signature::fixed(&[Type::Any]);
    functions.register("ago", one.clone(), |state, one| {
        let passed = now(state).since(&time_of(state, &one[0]));
        Ok(Value::from(duration_text(round_duration(passed, 1_000_000_000))))
    });
    functions.register("duration", one.clone(), |_, one| {
        let seconds = match &one[0] {
            Value::String(text) => text.parse().unwrap_or(0),
            Value::Int64(number) => *number,
            _ => 0i64,
        };
        Ok(Value::from(duration_text(seconds.wrapping_mul(1_000_000_000))))
    });
    functions.register("durationRound", one, |state, one| {
        let nanoseconds = match &one[0] {
            Value::String(text) => parse_duration(text).unwrap_or(0),
            Value::Int64(number) => *number,
            Value::Time(time) => now(state).since(time),
            _ => 0,
        };
        Ok(Value::from(rounded(nanoseconds.unsigned_abs())))
    });
}

/// The largest unit that the duration exceeds, and how many of it.
fn rounded(nanoseconds: u64) -> String {
    const HOUR: u64 = 3_600_000_000_000;
    let units = [
        (365 * 24 * HOUR, "y"),
        (30 * 24 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3_600, "s"),
    ];
    match units.iter().find(|(unit, _)| nanoseconds > *unit) {
        Some((unit, name)) => format!("{}{name}", nanoseconds / unit),
        None => "0s".to_owned(),
    }
}
