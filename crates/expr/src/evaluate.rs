//! The value of a tree.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use crate::error::Error;
use crate::functions::{self, Function, kind, member};
use crate::parse::{Node, Operator, Part};

/// Parts that may be evaluated, those of predicates for each element.
const MAX_STEPS: usize = 100_000;
/// Values that may be made, with long texts counted as several.
const MAX_COPIED: usize = 1_000_000;
/// Elements of a list that is made by `..`.
const MAX_RANGE: i64 = 10_000;
/// The longest text that is put together, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// The memory of one regular expression, in bytes.
const MAX_PATTERN: usize = 1 << 20;

pub(crate) fn evaluate(root: &Node, names: &Map<String, Value>) -> Result<Value, Error> {
    let mut run = Run { names, elements: Vec::new(), steps: 0, copied: 0 };
    match run.value(root) {
        Ok(value) => Ok(value.into_owned()),
        Err(Stop::Error(error)) => Err(error),
        Err(Stop::Nothing) => Ok(Value::Null),
    }
}

/// Why a part has no value.
enum Stop {
    Error(Error),
    /// A chain ended at something that is not there.
    Nothing,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

type Found<'a> = Result<Cow<'a, Value>, Stop>;

struct Run<'a> {
    names: &'a Map<String, Value>,
    /// The elements that the predicates around are asked about, the innermost last.
    elements: Vec<Value>,
    steps: usize,
    copied: usize,
}

static NIL: Value = Value::Null;

impl<'a> Run<'a> {
    fn value(&mut self, node: &'a Node) -> Found<'a> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(
                Error::new(node.at, format!("the expression takes more than {MAX_STEPS} steps")).into()
            );
        }
        let fails = |message: String| Stop::Error(Error::new(node.at, message));
        Ok(match &node.part {
            Part::Literal(value) => Cow::Borrowed(value),
            Part::Name(name) => Cow::Borrowed(self.names.get(name).unwrap_or(&NIL)),
            Part::Element => {
                let element = self.elements.pop().unwrap_or_default();
                let copy = self.copy(&element, node.at);
                self.elements.push(element);
                Cow::Owned(copy?)
            }
            Part::List(items) => {
                let items: Result<Vec<Value>, Stop> = items.iter().map(|item| self.owned(item)).collect();
                Cow::Owned(Value::Array(items?))
            }
            Part::Map(entries) => {
                let mut fields = Map::new();
                for (key, value) in entries {
                    let name = self.value(key)?;
                    let name = name.as_str().ok_or_else(|| fails("a key of a map is a string".to_owned()))?;
                    let name = name.to_owned();
                    fields.insert(name, self.owned(value)?);
                }
                Cow::Owned(Value::Object(fields))
            }
            Part::Member { of, key, optional } => {
                let of = self.value(of)?;
                if *optional && of.is_null() {
                    return Err(Stop::Nothing);
                }
                let key = self.value(key)?;
                match of {
                    Cow::Borrowed(of) => Cow::Borrowed(member(of, &key).map_err(fails)?.unwrap_or(&NIL)),
                    Cow::Owned(of) => {
                        Cow::Owned(member(&of, &key).map_err(fails)?.cloned().unwrap_or_default())
                    }
                }
            }
            Part::Chain(chain) => match self.value(chain) {
                Err(Stop::Nothing) => Cow::Borrowed(&NIL),
                other => return other,
            },
            Part::Not(inner) => Cow::Owned((!self.truth(inner)?).into()),
            Part::Negative(inner) => {
                let value = self.value(inner)?;
                let negative = match (value.as_i64(), value.as_f64()) {
                    (Some(whole), _) => whole.checked_neg().map(Value::from),
                    (None, Some(number)) => Some((-number).into()),
                    (None, None) => None,
                };
                Cow::Owned(negative.ok_or_else(|| fails(format!("{} has no negative", kind(&value))))?)
            }
            Part::Binary { operator, left, right } => self.binary(*operator, left, right, node.at)?,
            Part::Choice { condition, then, otherwise } => {
                if self.truth(condition)? {
                    self.value(then)?
                } else {
                    self.value(otherwise)?
                }
            }
            Part::Call { function, arguments } => match (function.has_predicate(), &arguments[..]) {
                (true, [list, predicate]) => Cow::Owned(self.each(*function, list, predicate, node.at)?),
                _ => {
                    let mut values = Vec::new();
                    for argument in arguments {
                        values.push(self.owned(argument)?);
                    }
                    let answer = match (function, &values[..]) {
                        (Function::Count, [Value::Array(items)]) => {
                            Ok(items.iter().filter(|item| **item == Value::Bool(true)).count().into())
                        }
                        _ => functions::call(*function, &values),
                    };
                    let answer = answer.map_err(fails)?;
                    self.made(&answer, node.at)?;
                    Cow::Owned(answer)
                }
            },
        })
    }

    /// The value for keeps.
    fn owned(&mut self, node: &'a Node) -> Result<Value, Stop> {
        match self.value(node)? {
            Cow::Owned(value) => Ok(value),
            Cow::Borrowed(value) => self.copy(value, node.at),
        }
    }

    /// A copy, as long as there have not been too many.
    fn copy(&mut self, value: &Value, at: usize) -> Result<Value, Stop> {
        self.made(value, at)?;
        Ok(value.clone())
    }

    /// Counts a value that is made.
    fn made(&mut self, value: &Value, at: usize) -> Result<(), Stop> {
        self.copied = self.copied.saturating_add(size(value));
        if self.copied > MAX_COPIED {
            return Err(Error::new(at, "the expression makes too many or too large values").into());
        }
        Ok(())
    }

    fn truth(&mut self, node: &'a Node) -> Result<bool, Stop> {
        match &*self.value(node)? {
            Value::Bool(answer) => Ok(*answer),
            other => {
                let message = format!("{} is neither true nor false", kind(other));
                Err(Error::new(node.at, message).into())
            }
        }
    }

    /// The functions with a predicate.
    fn each(
        &mut self,
        function: Function,
        list: &'a Node,
        predicate: &'a Node,
        at: usize,
    ) -> Result<Value, Stop> {
        let Value::Array(items) = self.owned(list)? else {
            return Err(Error::new(at, "the first argument is no list").into());
        };
        let (mut held, mut kept) = (0_usize, Vec::new());
        let total = items.len();
        for item in items {
            let element = self.copy(&item, at)?;
            self.elements.push(element);
            let answer = if function == Function::Map {
                self.owned(predicate).map(|value| kept.push(value))
            } else {
                self.truth(predicate).map(|holds| {
                    held += usize::from(holds);
                    if holds && function == Function::Filter {
                        kept.push(item);
                    }
                })
            };
            self.elements.pop();
            answer?;
        }
        Ok(match function {
            Function::All => (held == total).into(),
            Function::Any => (held > 0).into(),
            Function::None => (held == 0).into(),
            Function::One => (held == 1).into(),
            Function::Count => held.into(),
            _ => Value::Array(kept),
        })
    }

    fn binary(&mut self, operator: Operator, left: &'a Node, right: &'a Node, at: usize) -> Found<'a> {
        match operator {
            Operator::And => return Ok(Cow::Owned((self.truth(left)? && self.truth(right)?).into())),
            Operator::Or => return Ok(Cow::Owned((self.truth(left)? || self.truth(right)?).into())),
            Operator::OrElse => {
                return match self.value(left) {
                    Ok(value) if !value.is_null() => Ok(value),
                    Ok(_) | Err(Stop::Nothing) => self.value(right),
                    Err(error) => Err(error),
                };
            }
            _ => {}
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let answer = operate(operator, &left, &right).map_err(|message| Error::new(at, message))?;
        self.made(&answer, at)?;
        Ok(Cow::Owned(answer))
    }
}

/// How many values there are in a value.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 64,
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn operate(operator: Operator, left: &Value, right: &Value) -> Result<Value, String> {
    use Operator as O;
    let wrong = || format!("{} and {} do not go together here", kind(left), kind(right));
    let texts = || left.as_str().zip(right.as_str()).ok_or_else(wrong);
    let is = |wanted: fn(Ordering) -> bool| order(left, right).map(wanted).map(Value::from).ok_or_else(wrong);
    match operator {
        O::Equal => Ok(equal(left, right).into()),
        O::Different => Ok((!equal(left, right)).into()),
        O::Less => is(Ordering::is_lt),
        O::LessOrEqual => is(Ordering::is_le),
        O::Greater => is(Ordering::is_gt),
        O::GreaterOrEqual => is(Ordering::is_ge),
        O::In | O::NotIn => {
            let found = match right {
                Value::Null => false,
                Value::Array(items) => items.iter().any(|item| equal(left, item)),
                Value::Object(fields) => left.as_str().is_some_and(|name| fields.contains_key(name)),
                _ => return Err(wrong()),
            };
            Ok((found == (operator == O::In)).into())
        }
        O::Matches => {
            let (text, pattern) = texts()?;
            let pattern = regex::RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build();
            Ok(pattern.map_err(|error| error.to_string())?.is_match(text).into())
        }
        O::Contains => texts().map(|(text, part)| text.contains(part).into()),
        O::StartsWith => texts().map(|(text, part)| text.starts_with(part).into()),
        O::EndsWith => texts().map(|(text, part)| text.ends_with(part).into()),
        O::Range => {
            let (from, to) = left.as_i64().zip(right.as_i64()).ok_or_else(wrong)?;
            if to.saturating_sub(from) >= MAX_RANGE {
                return Err(format!("a range has at most {MAX_RANGE} elements"));
            }
            Ok((from..=to).map(Value::from).collect())
        }
        O::Plus if left.is_string() && right.is_string() => {
            let (left, right) = texts()?;
            if left.len() + right.len() > MAX_TEXT {
                return Err(format!("a text may not grow beyond {MAX_TEXT} bytes"));
            }
            Ok(format!("{left}{right}").into())
        }
        _ => arithmetic(operator, left, right).unwrap_or_else(|| Err(wrong())),
    }
}

/// Arithmetic; `None` for what are no numbers.
fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Option<Result<Value, String>> {
    let out_of_range = || "the result is no number that can be told".to_owned();
    let whole = left.as_i64().zip(right.as_i64());
    if let Some((left, right)) = whole {
        let result = match operator {
            Operator::Plus => left.checked_add(right),
            Operator::Minus => left.checked_sub(right),
            Operator::Times => left.checked_mul(right),
            Operator::Modulo => left.checked_rem(right),
            _ => None,
        };
        match operator {
            Operator::Plus | Operator::Minus | Operator::Times | Operator::Modulo => {
                return Some(result.map(Value::from).ok_or_else(out_of_range));
            }
            _ => {}
        }
    }
    let (left, right) = left.as_f64().zip(right.as_f64())?;
    let result = match operator {
        Operator::Plus => left + right,
        Operator::Minus => left - right,
        Operator::Times => left * right,
        Operator::Divided => left / right,
        Operator::Power => left.powf(right),
        _ => return None,
    };
    Some(Number::from_f64(result).map(Value::Number).ok_or_else(out_of_range))
}

/// Equality; numbers are equal by value, whatever they are written like.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}
