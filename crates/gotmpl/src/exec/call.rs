//! Calls functions: counts and checks the arguments as Go does, then runs the body.

use smallvec::SmallVec;

use super::{Held, State, Stop};
use crate::functions::{Body, Function, FunctionError, Signature};
use crate::parse::ast::{Operand, Place, Term};
use crate::value::{Type, Value};

/// Nearly all calls have at most four arguments.
pub(super) type Arguments = SmallVec<[Value; 4]>;

impl State {
    /// Calls a function; `place` is that of the whole command, where Go reports what the function itself says.
    pub(super) fn call(
        &mut self,
        dot: &Held,
        function: &Function,
        place: Place,
        arguments: &[Operand],
        last: Option<Value>,
    ) -> Result<Held, Stop> {
        let body = match &function.body {
            Body::And => return self.connective(dot, function, arguments, last, false),
            Body::Or => return self.connective(dot, function, arguments, last, true),
            Body::Invoke => return self.invoke(dot, function, place, arguments, last),
            Body::Call(body) => body,
        };
        let values = self.arguments(dot, &function.signature, &function.name, arguments, last)?;
        self.work(&values)?;
        match body(self, &values).and_then(|value| self.charge_result(value)) {
            Ok(value) => Ok(Held::plain(value)),
            Err(error) => {
                self.at(place);
                Err(self.stop_call(&function.name, error))
            }
        }
    }

    /// `call`: calls a host object that is a function. Templates can't make functions themselves.
    fn invoke(
        &mut self,
        dot: &Held,
        function: &Function,
        place: Place,
        operands: &[Operand],
        last: Option<Value>,
    ) -> Result<Held, Stop> {
        let values = self.arguments(dot, &function.signature, &function.name, operands, last)?;
        let result = match values.split_first() {
            Some((Value::Object(object), rest)) if object.kind() == "func" => object.call("", rest, self),
            Some((Value::Nil, _)) | None => Err("call of nil".into()),
            Some((other, _)) => {
                let named = match (operands.first().map(|operand| (operand, &operand.term)), other) {
                    (Some((_, Term::Pipe(pipe))), _) => pipe.to_string(),
                    (Some((operand, _)), _) => operand.to_string(),
                    (None, Value::String(text)) => text.to_string(),
                    (None, other) => format!("<{} Value>", other.type_name()),
                };
                Err(FunctionError::from(format!("non-function {named} of type {}", other.type_name())))
            }
        };
        result.map(Held::plain).map_err(|error| {
            self.at(place);
            self.stop_call(&function.name, error)
        })
    }

    /// Takes the size of the arguments off the steps: a function over a long list is more work than one over a number.
    fn work(&mut self, values: &[Value]) -> Result<(), Stop> {
        const BYTES_A_STEP: usize = 64;
        let mut size = 0usize;
        for value in values {
            size += match value {
                Value::String(text) => text.len(),
                Value::Binary(bytes) | Value::Bytes(bytes) => bytes.len(),
                Value::List(list) => list.len().saturating_mul(8),
                Value::Map(map) => map.len().saturating_mul(8),
                _ => 0,
            };
        }
        self.steps(size / BYTES_A_STEP)
    }

    /// Takes the size of a result off the budget, so that doubling a text in a loop ends.
    fn charge_result(&mut self, value: Value) -> Result<Value, FunctionError> {
        let size = match &value {
            Value::String(text) => text.len(),
            Value::Binary(bytes) | Value::Bytes(bytes) => bytes.len(),
            Value::List(list) => list.len().saturating_mul(8),
            _ => return Ok(value),
        };
        self.charge(size)?;
        Ok(value)
    }

    /// `and` and `or`: the first operand that decides, else the last; later operands aren't evaluated.
    fn connective(
        &mut self,
        dot: &Held,
        function: &Function,
        arguments: &[Operand],
        last: Option<Value>,
        decisive: bool,
    ) -> Result<Held, Stop> {
        if arguments.is_empty() && last.is_none() {
            return Err(self.wrong_count(&function.name, &function.signature, 0, 0));
        }
        let mut value = Value::Nil;
        for operand in arguments {
            value = self.argument(dot, Type::Any, operand)?;
            if value.truth() == decisive {
                return Ok(Held::plain(value));
            }
        }
        Ok(Held::plain(last.unwrap_or(value)))
    }

    fn wrong_count(&self, name: &str, signature: &Signature, written: usize, total: usize) -> Stop {
        let fixed = signature.parameters.len();
        self.stop(match signature.variadic {
            Some(_) => format!("wrong number of args for {name}: want at least {fixed} got {written}"),
            None => format!("wrong number of args for {name}: want {fixed} got {total}"),
        })
    }

    pub(super) fn arguments(
        &mut self,
        dot: &Held,
        signature: &Signature,
        name: &str,
        operands: &[Operand],
        last: Option<Value>,
    ) -> Result<Arguments, Stop> {
        let fixed = signature.parameters.len();
        let total = operands.len() + usize::from(last.is_some());
        let fits = if signature.variadic.is_some() { total >= fixed } else { total == fixed };
        if !fits {
            return Err(self.wrong_count(name, signature, operands.len(), total));
        }
        let wanted =
            |at: usize| signature.parameters.get(at).copied().or(signature.variadic).unwrap_or(Type::Any);
        let mut values = Arguments::with_capacity(total);
        for (at, operand) in operands.iter().enumerate() {
            let value = self.argument(dot, wanted(at), operand)?;
            values.push(value);
        }
        if let Some(last) = last {
            let value = self.fit(Held::plain(last), wanted(operands.len()))?;
            values.push(value);
        }
        Ok(values)
    }
}
