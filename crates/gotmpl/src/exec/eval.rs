//! Evaluates pipelines, operands and chains of fields.

use std::sync::Arc;

use super::{Held, State, Stop};
use crate::options::MissingKey;
use crate::parse::UNDEFINED;
use crate::parse::ast::{Command, Operand, Pipe, Term, Variable};
use crate::print::quoted;
use crate::value::{MapType, Type, Value};

/// The way of nearly all chains: from key to key of maps that have them all.
fn through_maps(start: &Held, names: &[Arc<str>]) -> Option<Held> {
    match &start.value {
        Value::Map(map) => map.at_path(names).map(Held::in_interface),
        _ => None,
    }
}

impl State {
    /// The value of a pipeline, after setting the variables that it declares.
    pub(super) fn pipeline(&mut self, dot: &Held, pipe: &Pipe) -> Result<Value, Stop> {
        self.at(pipe.place);
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(dot, command, value.take())?.value);
        }
        let value = value.unwrap_or_default();
        for variable in &pipe.variables {
            self.assign(variable.slot, &variable.name, Held::plain(value.clone()))?;
        }
        Ok(value)
    }

    /// A command; `last` is the value of the command before it in the pipeline.
    fn command(&mut self, dot: &Held, command: &Command, last: Option<Value>) -> Result<Held, Stop> {
        self.step()?;
        let Some((first, rest)) = command.operands.split_first() else { return Ok(Held::default()) };
        match &first.term {
            Term::Field(names) => {
                self.at(first.place);
                self.chain(dot, dot, first, names, rest, last)
            }
            Term::Chain(inner, names) => {
                let receiver = self.chain_start(dot, first, inner)?;
                self.chain(dot, &receiver, first, names, rest, last)
            }
            Term::Function(function) => {
                self.at(first.place);
                self.call(dot, function, command.place, rest, last)
            }
            Term::Variable(variable, names) => {
                self.at(first.place);
                if rest.is_empty() && last.is_none() {
                    return self.variable_chain(dot, first, variable, names);
                }
                let value = self.variable(variable)?.clone();
                if names.is_empty() {
                    self.no_arguments(first, rest, last.as_ref())?;
                    return Ok(value);
                }
                self.chain(dot, &value, first, names, rest, last)
            }
            Term::Pipe(pipe) => {
                self.no_arguments(first, rest, last.as_ref())?;
                Ok(Held::plain(self.pipeline(dot, pipe)?))
            }
            Term::Nil => {
                self.at(first.place);
                self.no_arguments(first, rest, last.as_ref())?;
                Err(self.stop("nil is not a command"))
            }
            Term::Dot => {
                self.at(first.place);
                self.no_arguments(first, rest, last.as_ref())?;
                Ok(dot.clone())
            }
            Term::Bool(_) | Term::Number(_) | Term::String(..) => {
                self.at(first.place);
                self.no_arguments(first, rest, last.as_ref())?;
                self.literal(first).map(Held::plain)
            }
        }
    }

    fn no_arguments(&self, first: &Operand, rest: &[Operand], last: Option<&Value>) -> Result<(), Stop> {
        if rest.is_empty() && last.is_none() {
            return Ok(());
        }
        let shown = match &first.term {
            Term::Pipe(pipe) => pipe.to_string(),
            _ => first.to_string(),
        };
        Err(self.stop(format!("can't give argument to non-function {shown}")))
    }

    /// A literal where no type is asked for.
    fn literal(&mut self, operand: &Operand) -> Result<Value, Stop> {
        self.at(operand.place);
        match &operand.term {
            Term::Bool(truth) => Ok(Value::Bool(*truth)),
            Term::String(value, _) => Ok(value.clone()),
            Term::Number(number) => match &number.ideal {
                Some(value) => Ok(value.clone()),
                None => Err(self.stop(format!("{} overflows int", number.text))),
            },
            _ => Err(self.stop(format!("can't evaluate command {}", quoted(&operand.to_string())))),
        }
    }

    fn variable(&self, variable: &Variable) -> Result<&Held, Stop> {
        if variable.slot == UNDEFINED {
            return Err(self.stop(format!("undefined variable: {}", variable.name)));
        }
        Ok(&self.slots[self.frame + variable.slot])
    }

    /// A variable and the fields behind it, without arguments.
    fn variable_chain(
        &mut self,
        dot: &Held,
        node: &Operand,
        variable: &Variable,
        names: &[Arc<str>],
    ) -> Result<Held, Stop> {
        let start = self.variable(variable)?;
        if names.is_empty() {
            return Ok(start.clone());
        }
        if let Some(found) = through_maps(start, names) {
            return Ok(found);
        }
        let start = start.clone();
        self.chain(dot, &start, node, names, &[], None)
    }

    fn chain_start(&mut self, dot: &Held, chain: &Operand, inner: &Operand) -> Result<Held, Stop> {
        self.at(chain.place);
        if matches!(inner.term, Term::Nil) {
            return Err(self.stop(format!("indirection through explicit nil in {chain}")));
        }
        self.at(inner.place);
        self.untyped(dot, inner)
    }

    /// An operand as it is, without a type asked for.
    fn untyped(&mut self, dot: &Held, operand: &Operand) -> Result<Held, Stop> {
        match &operand.term {
            Term::Dot => Ok(dot.clone()),
            Term::Nil => Ok(Held::default()),
            Term::Field(names) => {
                self.at(operand.place);
                self.chain(dot, dot, operand, names, &[], None)
            }
            Term::Variable(variable, names) => {
                self.at(operand.place);
                self.variable_chain(dot, operand, variable, names)
            }
            Term::Pipe(pipe) => Ok(Held::plain(self.pipeline(dot, pipe)?)),
            Term::Function(function) => {
                self.at(operand.place);
                self.call(dot, function, operand.place, &[], None)
            }
            Term::Chain(inner, names) => {
                let receiver = self.chain_start(dot, operand, inner)?;
                self.chain(dot, &receiver, operand, names, &[], None)
            }
            Term::Bool(_) | Term::Number(_) | Term::String(..) => self.literal(operand).map(Held::plain),
        }
    }

    /// An argument for a parameter of the given type.
    pub(super) fn argument(&mut self, dot: &Held, wanted: Type, operand: &Operand) -> Result<Value, Stop> {
        self.at(operand.place);
        match &operand.term {
            Term::Nil if wanted.can_be_nil() => Ok(Value::Nil),
            Term::Nil => Err(self.stop(format!("cannot assign nil to {}", wanted.name()))),
            Term::Bool(_) | Term::Number(_) | Term::String(..) => self.typed_literal(wanted, operand),
            _ => {
                let held = self.untyped(dot, operand)?;
                self.fit(held, wanted)
            }
        }
    }

    fn typed_literal(&mut self, wanted: Type, operand: &Operand) -> Result<Value, Stop> {
        let (value, expected) = match (wanted, &operand.term) {
            (Type::Any, _) => return self.literal(operand),
            (Type::Bool, Term::Bool(truth)) => (Some(Value::Bool(*truth)), "bool"),
            (Type::Bool, _) => (None, "bool"),
            (Type::String, Term::String(value, _)) => (Some(value.clone()), "string"),
            (Type::String, _) => (None, "string"),
            (Type::Int, Term::Number(number)) => (number.int.map(Value::Int), "integer"),
            (Type::Int64, Term::Number(number)) => (number.int.map(Value::Int64), "integer"),
            (Type::Duration, Term::Number(number)) => (number.int.map(Value::Duration), "integer"),
            (Type::Int | Type::Int64 | Type::Duration, _) => (None, "integer"),
            (Type::Float, Term::Number(number)) => (number.float.map(Value::Float), "float"),
            (Type::Float, _) => (None, "float"),
            _ => {
                return Err(self.stop(format!("can't handle {operand} for arg of type {}", wanted.name())));
            }
        };
        value.ok_or_else(|| self.stop(format!("expected {expected}; found {operand}")))
    }

    /// Checks that a value can be passed for a parameter of the given type.
    pub(super) fn fit(&self, held: Held, wanted: Type) -> Result<Value, Stop> {
        if wanted == Type::Any {
            return Ok(held.value);
        }
        if held.value.is_nil() {
            if !held.interface {
                if wanted.can_be_nil() {
                    return Ok(Value::Nil);
                }
                return Err(self.stop(format!("invalid value; expected {}", wanted.name())));
            }
        } else if wanted.accepts(&held.value) {
            return Ok(held.value);
        }
        let got = if held.value.is_nil() { "interface {}" } else { held.value.type_name() };
        Err(self.stop(format!("wrong type for value; expected {}; got {got}", wanted.name())))
    }

    /// Follows `.a.b.c`; the arguments are for the last one, if it is a method.
    fn chain(
        &mut self,
        dot: &Held,
        start: &Held,
        node: &Operand,
        names: &[Arc<str>],
        arguments: &[Operand],
        last: Option<Value>,
    ) -> Result<Held, Stop> {
        if arguments.is_empty()
            && last.is_none()
            && let Some(found) = through_maps(start, names)
        {
            return Ok(found);
        }
        let Some((final_name, leading)) = names.split_last() else { return Ok(start.clone()) };
        let mut receiver = None;
        for name in leading {
            receiver = Some(self.field(dot, receiver.as_ref().unwrap_or(start), node, name, &[], None)?);
        }
        self.field(dot, receiver.as_ref().unwrap_or(start), node, final_name, arguments, last)
    }

    fn field(
        &mut self,
        dot: &Held,
        receiver: &Held,
        node: &Operand,
        name: &Arc<str>,
        arguments: &[Operand],
        last: Option<Value>,
    ) -> Result<Held, Stop> {
        let has_arguments = !arguments.is_empty() || last.is_some();
        let missing_key = self.set.options().missing_key;
        match &receiver.value {
            Value::Map(map) => {
                if let Some(method) = map.method(name) {
                    let values = self.arguments(dot, &method.signature, name, arguments, last)?;
                    return match (method.body)(map, &values, self) {
                        Ok(value) => Ok(Held::plain(value)),
                        Err(error) => {
                            self.at(node.place);
                            Err(self.stop_call(name, error))
                        }
                    };
                }
                if has_arguments {
                    return Err(self.stop(format!("{name} is not a method but has arguments")));
                }
                let interface = map.map_type() == MapType::Any;
                match (map.get(name), missing_key) {
                    (Some(value), _) => Ok(Held { value, interface }),
                    (None, MissingKey::Default) => Ok(Held::default()),
                    (None, MissingKey::Zero) if interface => Ok(Held::in_interface(Value::Nil)),
                    (None, MissingKey::Zero) => Ok(Held::plain(Value::string(""))),
                    (None, MissingKey::Error) => {
                        Err(self.stop(format!("map has no entry for key {}", quoted(name))))
                    }
                }
            }
            Value::Nil if receiver.interface => {
                Err(self.stop(format!("nil pointer evaluating interface {{}}.{name}")))
            }
            Value::Nil if missing_key == MissingKey::Error => {
                Err(self.stop(format!("nil data; no entry for key {}", quoted(name))))
            }
            Value::Nil => Ok(Held::default()),
            Value::Object(object) => {
                if let Some(signature) = object.method(name) {
                    let signature = signature.clone();
                    let object = object.clone();
                    let values = self.arguments(dot, &signature, name, arguments, last)?;
                    let result = object.call(name, &values, self);
                    return match result {
                        Ok(value) => Ok(Held::plain(value)),
                        Err(error) => {
                            self.at(node.place);
                            Err(self.stop_call(name, error))
                        }
                    };
                }
                if has_arguments {
                    return Err(self.stop(format!("{name} has arguments but cannot be invoked as function")));
                }
                match object.field(name) {
                    Some(value) => Ok(Held::plain(value)),
                    None if object.kind() == "map" => Ok(Held::in_interface(Value::Nil)),
                    None => Err(self.no_field(receiver, name)),
                }
            }
            Value::Time(_) | Value::Duration(_) => {
                let Some(signature) = crate::dates::method(&receiver.value, name) else {
                    return Err(self.no_field(receiver, name));
                };
                let values = self.arguments(dot, &signature, name, arguments, last)?;
                match crate::dates::call(&receiver.value, name, &values) {
                    Ok(value) => Ok(Held::plain(value)),
                    Err(error) => {
                        self.at(node.place);
                        Err(self.stop_call(name, error))
                    }
                }
            }
            _ => Err(self.no_field(receiver, name)),
        }
    }

    fn no_field(&self, receiver: &Held, name: &str) -> Stop {
        let type_name = if receiver.interface { "interface {}" } else { receiver.value.type_name() };
        self.stop(format!("can't evaluate field {name} in type {type_name}"))
    }
}
