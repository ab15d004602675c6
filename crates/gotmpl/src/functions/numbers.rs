//! sprig's arithmetic. Integers wrap as in Go; the functions ending in f compute in decimal, so that 0.1 and 0.2 give 0.3.

use std::num::{IntErrorKind, ParseIntError};

use super::arguments::int_of;
use super::cast::{to_float, to_int};
use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::exec::State;
use crate::print::printed;
use crate::value::{List, ListType, Type, Value};

const ONE: Signature = Signature::fixed(&[Type::Any]);
const TWO: Signature = Signature::fixed(&[Type::Any, Type::Any]);
const MORE: Signature = Signature::variadic(&[Type::Any], Type::Any);
const ALL: Signature = Signature::variadic(&[], Type::Any);

pub(super) fn register(functions: &mut Functions) {
    functions.register("int", ONE, |_, one| Ok(Value::Int(to_int(&one[0]))));
    functions.register("int64", ONE, |_, one| Ok(Value::Int64(to_int(&one[0]))));
    functions.register("float64", ONE, |_, one| Ok(Value::Float(to_float(&one[0]))));
    functions.register("atoi", Signature::fixed(&[Type::String]), |_, one| {
        // What is too large for Go is as large as can be.
        Ok(Value::Int(text_of(&one[0]).parse().unwrap_or_else(|error: ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => i64::MAX,
            IntErrorKind::NegOverflow => i64::MIN,
            _ => 0,
        })))
    });
    functions.register("toDecimal", ONE, |_, one| {
        Ok(Value::Int64(i64::from_str_radix(&printed(&one[0]), 8).unwrap_or(0)))
    });
    integers(functions);
    floats(functions);
    sequences(functions);
}

fn fold(all: &[Value], join: fn(i64, i64) -> i64) -> Value {
    Value::Int64(all.iter().map(to_int).reduce(join).unwrap_or(0))
}

fn divide(pair: &[Value], divide: fn(i64, i64) -> i64) -> FunctionResult {
    match to_int(&pair[1]) {
        0 => Err("runtime error: integer divide by zero".into()),
        divisor => Ok(Value::Int64(divide(to_int(&pair[0]), divisor))),
    }
}

fn integers(functions: &mut Functions) {
    functions.register("add", ALL, |_, all| Ok(fold(all, i64::wrapping_add)));
    functions.register("add1", ONE, |_, one| Ok(Value::Int64(to_int(&one[0]).wrapping_add(1))));
    functions.register("sub", TWO, |_, pair| Ok(fold(pair, i64::wrapping_sub)));
    functions.register("mul", MORE, |_, all| Ok(fold(all, i64::wrapping_mul)));
    functions.register("div", TWO, |_, pair| divide(pair, i64::wrapping_div));
    functions.register("mod", TWO, |_, pair| divide(pair, i64::wrapping_rem));
    functions.register("max", MORE, |_, all| Ok(fold(all, i64::max)));
    functions.register("biggest", MORE, |_, all| Ok(fold(all, i64::max)));
    functions.register("min", MORE, |_, all| Ok(fold(all, i64::min)));
    functions.register("randInt", Signature::fixed(&[Type::Int, Type::Int]), |state, pair| {
        let (low, high) = (int_of(&pair[0]), int_of(&pair[1]));
        let span = high.wrapping_sub(low);
        if span <= 0 {
            return Err("invalid argument to Intn".into());
        }
        let drawn = super::random::below(state, span.unsigned_abs());
        Ok(Value::Int(low.wrapping_add(drawn as i64)))
    });
}

/// A decimal number: `digits` times ten to the `exponent`.
#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    exponent: i32,
}

impl Decimal {
    fn new(number: f64) -> Option<Decimal> {
        if !number.is_finite() {
            return None;
        }
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let digits = mantissa.replace('.', "").parse().ok()?;
        Some(Decimal { digits, exponent: exponent.parse::<i32>().ok()? - i32::try_from(decimals).ok()? })
    }

    fn scaled(self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent - exponent).ok()?;
        self.digits.checked_mul(10i128.checked_pow(power)?)
    }

    fn add(self, other: Decimal, sign: i128) -> Option<Decimal> {
        let exponent = self.exponent.min(other.exponent);
        let digits = self.scaled(exponent)?.checked_add(other.scaled(exponent)?.checked_mul(sign)?)?;
        Some(Decimal { digits, exponent })
    }

    fn multiply(self, other: Decimal) -> Option<Decimal> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Decimal { digits, exponent: self.exponent + other.exponent })
    }

    /// Rounded to 16 decimals, halves away from zero.
    fn divide(self, other: Decimal) -> Option<Decimal> {
        let shift = self.exponent - other.exponent + 16;
        let (mut numerator, mut denominator) = (self.digits, other.digits);
        match u32::try_from(shift) {
            Ok(shift) => numerator = numerator.checked_mul(10i128.checked_pow(shift)?)?,
            Err(_) => denominator = denominator.checked_mul(10i128.checked_pow(shift.unsigned_abs())?)?,
        }
        let quotient = numerator.checked_div(denominator)?;
        let remainder = numerator.checked_rem(denominator)?;
        let up = remainder.unsigned_abs().checked_mul(2)? >= denominator.unsigned_abs();
        let sign = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
        Some(Decimal { digits: quotient + if up { sign } else { 0 }, exponent: -16 })
    }

    fn to_float(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(0.0)
    }
}

type Exact = fn(Decimal, Decimal) -> Option<Decimal>;

/// Computes in decimal; numbers too long for that fall back to binary floats.
fn decimal(first: f64, rest: &[Value], exact: Exact, rough: fn(f64, f64) -> f64) -> FunctionResult {
    let mut all = std::iter::once(first).chain(rest.iter().map(to_float));
    if let Some(number) = all.find(|number| !number.is_finite()) {
        return Err(format!("Cannot create a Decimal from {}", crate::print::float_text(number)).into());
    }
    let computed = rest.iter().try_fold(Decimal::new(first), |total, next| {
        total.and_then(|total| exact(total, Decimal::new(to_float(next))?)).map(Some)
    });
    Ok(Value::Float(match computed.flatten() {
        Some(total) => total.to_float(),
        None => rest.iter().map(to_float).fold(first, rough),
    }))
}

fn floats(functions: &mut Functions) {
    let add: Exact = |a, b| a.add(b, 1);
    functions.register("add1f", ONE, move |_, one| {
        decimal(to_float(&one[0]), &[Value::Int(1)], add, |a, b| a + b)
    });
    functions.register("addf", ALL, move |_, all| decimal(0.0, all, add, |a, b| a + b));
    functions.register("subf", MORE, |_, all| {
        decimal(to_float(&all[0]), &all[1..], |a, b| a.add(b, -1), |a, b| a - b)
    });
    functions.register("mulf", MORE, |_, all| {
        decimal(to_float(&all[0]), &all[1..], Decimal::multiply, |a, b| a * b)
    });
    functions.register("divf", MORE, |_, all| {
        if all[1..].iter().any(|divisor| to_float(divisor) == 0.0) {
            return Err("decimal division by 0".into());
        }
        decimal(to_float(&all[0]), &all[1..], Decimal::divide, |a, b| a / b)
    });
    functions.register("maxf", MORE, |_, all| {
        Ok(Value::Float(all.iter().map(to_float).reduce(f64::max).unwrap_or(0.0)))
    });
    functions.register("minf", MORE, |_, all| {
        Ok(Value::Float(all.iter().map(to_float).reduce(f64::min).unwrap_or(0.0)))
    });
    functions.register("floor", ONE, |_, one| Ok(Value::Float(to_float(&one[0]).floor())));
    functions.register("ceil", ONE, |_, one| Ok(Value::Float(to_float(&one[0]).ceil())));
    functions.register("round", Signature::variadic(&[Type::Any, Type::Int], Type::Float), |_, arguments| {
        let round_on = arguments.get(2).map_or(0.5, to_float);
        let power = 10f64.powf(int_of(&arguments[1]) as f64);
        let shifted = power * to_float(&arguments[0]);
        let rounded = if shifted.fract() >= round_on { shifted.ceil() } else { shifted.floor() };
        Ok(Value::Float(rounded / power))
    });
}

/// The numbers from start towards stop, which is left out.
fn steps(state: &mut State, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, FunctionError> {
    let distance = stop.saturating_sub(start);
    if step == 0 || (distance < 0) != (step < 0) || distance == 0 {
        return Ok(Vec::new());
    }
    let count = distance.unsigned_abs().div_ceil(step.unsigned_abs());
    state.charge(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(size_of::<Value>()))?;
    Ok((0..count as i64).map(|at| start.wrapping_add(at.wrapping_mul(step))).collect())
}

fn int_list(numbers: Vec<i64>) -> Value {
    Value::List(List::typed(ListType::Int, numbers.into_iter().map(Value::Int).collect()))
}

fn sequences(functions: &mut Functions) {
    functions.register("until", Signature::fixed(&[Type::Int]), |state, one| {
        let count = int_of(&one[0]);
        Ok(int_list(steps(state, 0, count, if count < 0 { -1 } else { 1 })?))
    });
    functions.register("untilStep", Signature::fixed(&[Type::Int, Type::Int, Type::Int]), |state, all| {
        Ok(int_list(steps(state, int_of(&all[0]), int_of(&all[1]), int_of(&all[2]))?))
    });
    functions.register("seq", Signature::variadic(&[], Type::Int), |state, all| {
        let numbers: Vec<i64> = all.iter().map(int_of).collect();
        let (start, step, end) = match numbers.as_slice() {
            [end] => (1, None, *end),
            [start, end] => (*start, None, *end),
            [start, step, end] => (*start, Some(*step), *end),
            _ => return Ok(Value::string("")),
        };
        let direction = if end < start { -1 } else { 1 };
        if end < start && step.is_some_and(|step| step > 0) {
            return Ok(Value::string(""));
        }
        let stop = end.saturating_add(direction);
        let numbers = steps(state, start, stop, step.unwrap_or(direction))?;
        Ok(Value::from(numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(" ")))
    });
}
