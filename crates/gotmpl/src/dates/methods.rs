//! The methods that templates call on times and durations: `now.Year`, `(now).Format "2006"`.

use std::any::Any;
use std::sync::Arc;

use super::layout::{MONTHS, WEEKDAYS};
use super::{Time, ZERO_SECONDS, Zone, days_from_civil, duration_text};
use crate::exec::State;
use crate::functions::{FunctionError, FunctionResult, Signature, text_of};
use crate::value::{Object, Type, Value};

const NONE: Signature = Signature::fixed(&[]);

/// A number that prints as a name: `time.Month` and `time.Weekday`.
pub(crate) struct Named {
    type_name: &'static str,
    pub(crate) number: i64,
    name: &'static str,
}

impl Object for Named {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        "int"
    }

    fn truth(&self) -> bool {
        self.number != 0
    }

    fn method(&self, name: &str) -> Option<&Signature> {
        (name == "String").then_some(&NONE)
    }

    fn call(&self, _: &str, _: &[Value], _: &mut State) -> FunctionResult {
        Ok(Value::string(self.name))
    }

    fn print(&self) -> String {
        self.name.to_owned()
    }

    fn to_data(&self) -> Value {
        Value::Int(self.number)
    }

    fn equal(&self, other: &dyn Object) -> bool {
        other.type_name() == self.type_name
            && other.as_any().downcast_ref::<Named>().is_some_and(|other| other.number == self.number)
    }
}

/// The parameters of a method of a time or duration.
pub(crate) fn method(value: &Value, name: &str) -> Option<Signature> {
    let time = matches!(value, Value::Time(_));
    Some(match name {
        "String" => NONE,
        "Unix" | "UnixNano" | "UnixMilli" | "UnixMicro" | "Year" | "Month" | "Day" | "Hour" | "Minute"
        | "Second" | "Nanosecond" | "Weekday" | "YearDay" | "IsZero" | "UTC" | "Local"
            if time =>
        {
            NONE
        }
        "Format" if time => Signature::fixed(&[Type::String]),
        "Add" | "Truncate" | "Round" if time => Signature::fixed(&[Type::Duration]),
        "AddDate" if time => Signature::fixed(&[Type::Int, Type::Int, Type::Int]),
        "Sub" | "Before" | "After" | "Equal" | "Compare" if time => Signature::fixed(&[Type::Time]),
        "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds" | "Abs"
            if !time =>
        {
            NONE
        }
        "Truncate" | "Round" if !time => Signature::fixed(&[Type::Duration]),
        _ => return None,
    })
}

/// Calls a method that [`method`] knows.
pub(crate) fn call(value: &Value, name: &str, arguments: &[Value]) -> FunctionResult {
    match value {
        Value::Time(time) => call_time(time, name, arguments),
        Value::Duration(nanoseconds) => call_duration(*nanoseconds, name, arguments),
        _ => Err(FunctionError::from(format!("no method {name}"))),
    }
}

fn time_value(time: Time) -> Value {
    Value::Time(Arc::new(time))
}

fn call_time(time: &Time, name: &str, arguments: &[Value]) -> FunctionResult {
    let civil = time.civil();
    let int = |number: u32| Value::Int(i64::from(number));
    let argument = arguments.first();
    let nanoseconds = i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds);
    let epoch = |unit: i128| Value::Int64(nanoseconds.div_euclid(unit) as i64);
    let other = match argument {
        Some(Value::Time(other)) => {
            Some((time.seconds, time.nanoseconds).cmp(&(other.seconds, other.nanoseconds)))
        }
        _ => None,
    };
    Ok(match name {
        "String" => Value::from(time.to_string()),
        "Unix" => Value::Int64(time.seconds),
        "UnixNano" => epoch(1),
        "UnixMicro" => epoch(1_000),
        "UnixMilli" => epoch(1_000_000),
        "Year" => Value::Int(civil.year),
        "Month" => {
            let name = MONTHS[(civil.month as usize + 11) % 12];
            Value::object(Named { type_name: "time.Month", number: i64::from(civil.month), name })
        }
        "Weekday" => {
            let name = WEEKDAYS[civil.weekday as usize % 7];
            Value::object(Named { type_name: "time.Weekday", number: i64::from(civil.weekday), name })
        }
        "Day" => int(civil.day),
        "Hour" => int(civil.hour),
        "Minute" => int(civil.minute),
        "Second" => int(civil.second),
        "Nanosecond" => int(time.nanoseconds),
        "YearDay" => int(civil.year_day),
        "IsZero" => Value::Bool(time.seconds == ZERO_SECONDS && time.nanoseconds == 0),
        "UTC" | "Local" => time_value(time.in_zone(Zone::Utc)),
        "Format" => Value::from(time.format(&argument.map(text_of).unwrap_or_default())),
        "Add" => time_value(time.plus(argument.and_then(Value::as_int).unwrap_or(0))),
        "Sub" => match argument {
            Some(Value::Time(other)) => Value::Duration(time.since(other)),
            _ => Value::Duration(0),
        },
        "Before" => Value::Bool(other.is_some_and(std::cmp::Ordering::is_lt)),
        "After" => Value::Bool(other.is_some_and(std::cmp::Ordering::is_gt)),
        "Equal" => Value::Bool(other.is_some_and(std::cmp::Ordering::is_eq)),
        "Compare" => Value::Int(other.map_or(0, |order| order as i64)),
        "Truncate" | "Round" => round_time(time, name, argument.and_then(Value::as_int).unwrap_or(0)),
        _ => {
            let [years, months, days] =
                [0, 1, 2].map(|at| arguments.get(at).and_then(Value::as_int).unwrap_or(0));
            // Far more than any date; keeps the calendar's arithmetic from overflowing.
            let bounded = |number: i64| number.clamp(-1_000_000_000, 1_000_000_000);
            let date = days_from_civil(
                civil.year + bounded(years),
                i64::from(civil.month) + bounded(months),
                i64::from(civil.day) + bounded(days),
            );
            let before = days_from_civil(civil.year, i64::from(civil.month), i64::from(civil.day));
            let seconds = time.seconds.saturating_add((date - before).saturating_mul(86_400));
            time_value(Time { seconds, ..time.clone() })
        }
    })
}

fn round_time(time: &Time, name: &str, unit: i64) -> Value {
    if unit <= 0 {
        return time_value(time.clone());
    }
    // Go counts multiples from the zero time.
    let total =
        (i128::from(time.seconds) - i128::from(ZERO_SECONDS)) * 1_000_000_000 + i128::from(time.nanoseconds);
    let over = total.rem_euclid(i128::from(unit)) as i64;
    let up = name == "Round" && over >= unit - over;
    time_value(time.plus(if up { unit - over } else { -over }))
}

/// A duration rounded to a multiple, halves away from zero.
pub(crate) fn round_duration(nanoseconds: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return nanoseconds;
    }
    let over = nanoseconds % unit;
    if over.unsigned_abs() * 2 < unit.unsigned_abs() {
        return nanoseconds - over;
    }
    let step = if nanoseconds < 0 { -unit } else { unit };
    (nanoseconds - over).saturating_add(step)
}

fn call_duration(nanoseconds: i64, name: &str, arguments: &[Value]) -> FunctionResult {
    let unit = arguments.first().and_then(Value::as_int).unwrap_or(0);
    let float = |unit: i64| {
        // The whole part first, as Go does, so that large durations keep their precision.
        Value::Float((nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64)
    };
    Ok(match name {
        "Hours" => float(3_600_000_000_000),
        "Minutes" => float(60_000_000_000),
        "Seconds" => float(1_000_000_000),
        "Milliseconds" => Value::Int64(nanoseconds / 1_000_000),
        "Microseconds" => Value::Int64(nanoseconds / 1_000),
        "Nanoseconds" => Value::Int64(nanoseconds),
        "Abs" => Value::Duration(nanoseconds.saturating_abs()),
        "Truncate" if unit > 0 => Value::Duration(nanoseconds - nanoseconds % unit),
        "Round" => Value::Duration(round_duration(nanoseconds, unit)),
        "Truncate" => Value::Duration(nanoseconds),
        _ => Value::from(duration_text(nanoseconds)),
    })
}
