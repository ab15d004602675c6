//! The syntax tree, ready to execute: variables are slots and functions are resolved. It stays in memory for as long as
//! its chart is in use, so that lists are of exactly their length.
//!
//! Neighbors: `mod.rs` builds it, `show.rs` prints it back for errors, `../exec` runs it.

use std::ops::Range;
use std::sync::Arc;

use crate::functions::Function;
use crate::value::Value;

/// The place of a node: where it starts in the text, and a number that finds the node again for an error's text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u32,
    pub(crate) id: u32,
}

/// One template: a whole text or one `define` of it.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) name: Arc<str>,
    pub(crate) source: Arc<Source>,
    pub(crate) body: Box<[Node]>,
    /// The number of variables alive at once, `$` included.
    pub(crate) slots: usize,
}

/// A parsed text, shared by the templates it defines.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
}

impl Template {
    /// Whether there is nothing but white space, which does not replace an earlier definition.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.iter().all(|node| match node {
            Node::Text(range) => self.source.text[range.clone()].trim().is_empty(),
            _ => false,
        })
    }
}

#[derive(Debug)]
pub(crate) enum Node {
    Text(Range<usize>),
    Action(Pipe, Place),
    /// The branches of if, else if, ... and the last else.
    If {
        branches: Box<[Branch]>,
        otherwise: Box<[Node]>,
    },
    /// The same for with.
    With {
        branches: Box<[Branch]>,
        otherwise: Box<[Node]>,
    },
    Range(Box<Loop>),
    Template {
        place: Place,
        name: Arc<str>,
        quoted: Arc<str>,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) place: Place,
    pub(crate) pipe: Pipe,
    pub(crate) body: Box<[Node]>,
}

#[derive(Debug)]
pub(crate) struct Loop {
    pub(crate) place: Place,
    pub(crate) pipe: Pipe,
    pub(crate) body: Box<[Node]>,
    pub(crate) otherwise: Box<[Node]>,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) place: Place,
    pub(crate) variables: Box<[Variable]>,
    /// `=` instead of `:=`.
    pub(crate) assign: bool,
    pub(crate) commands: Box<[Command]>,
}

impl Pipe {
    /// Whether it names a value rather than calling a function for one.
    pub(crate) fn names_a_value(&self) -> bool {
        match self.commands.last().map(|command| &*command.operands) {
            Some([operand]) => match &operand.term {
                Term::Function(_) => false,
                Term::Pipe(pipe) => pipe.names_a_value(),
                _ => true,
            },
            _ => false,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub(crate) name: Arc<str>,
    pub(crate) slot: usize,
}

#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) place: Place,
    pub(crate) operands: Box<[Operand]>,
}

#[derive(Debug)]
pub(crate) struct Operand {
    pub(crate) place: Place,
    pub(crate) term: Term,
}

#[derive(Debug)]
pub(crate) enum Term {
    Dot,
    Nil,
    Bool(bool),
    Number(Box<Number>),
    /// The value and the text with its quotes.
    String(Value, Arc<str>),
    Field(Box<[Arc<str>]>),
    Variable(Variable, Box<[Arc<str>]>),
    Function(Arc<Function>),
    Pipe(Box<Pipe>),
    Chain(Box<Operand>, Box<[Arc<str>]>),
}

/// A number literal, under every type that can represent it exactly, as Go's untyped constants are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Number {
    pub(crate) text: Arc<str>,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
    /// The value where no type is asked for; `None` when an `int` can't hold it.
    pub(crate) ideal: Option<Value>,
}

impl Number {
    /// Settles [`Number::ideal`]: the syntax of the literal decides its type.
    pub(crate) fn settle(mut self) -> Number {
        let rune = self.text.starts_with('\'');
        let lower = self.text.to_ascii_lowercase();
        let hex_int = lower.len() > 2 && lower.starts_with("0x") && !lower.contains('p');
        self.ideal = match (self.complex, self.float, self.int) {
            (Some((real, imaginary)), ..) => Some(Value::Complex(real, imaginary)),
            (_, Some(float), _) if !rune && !hex_int && lower.contains(['.', 'e', 'p']) => {
                Some(Value::Float(float))
            }
            (_, _, Some(int)) => Some(Value::Int(int)),
            _ => None,
        };
        self
    }
}
