//! Prints nodes back as Go does in the `at <...>` of an error, and finds the node of an error by its number.

use std::fmt::{Display, Formatter, Result};

use super::ast::{Branch, Command, Node, Operand, Pipe, Place, Template, Term};

struct Joined<'n, T>(&'n [T], &'static str);

impl<T: Display> Display for Joined<'_, T> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        for (at, item) in self.0.iter().enumerate() {
            if at > 0 {
                formatter.write_str(self.1)?;
            }
            write!(formatter, "{item}")?;
        }
        Ok(())
    }
}

impl Display for Pipe {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        for (at, variable) in self.variables.iter().enumerate() {
            if at > 0 {
                formatter.write_str(", ")?;
            }
            formatter.write_str(&variable.name)?;
        }
        if !self.variables.is_empty() {
            formatter.write_str(if self.assign { " = " } else { " := " })?;
        }
        Joined(&self.commands, " | ").fmt(formatter)
    }
}

impl Display for Command {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        Joined(&self.operands, " ").fmt(formatter)
    }
}

impl Display for Operand {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        match &self.term {
            Term::Dot => formatter.write_str("."),
            Term::Nil => formatter.write_str("nil"),
            Term::Bool(truth) => write!(formatter, "{truth}"),
            Term::Number(number) => formatter.write_str(&number.text),
            Term::String(_, literal) => formatter.write_str(literal),
            Term::Field(names) => names.iter().try_for_each(|name| write!(formatter, ".{name}")),
            Term::Variable(variable, names) => {
                formatter.write_str(&variable.name)?;
                names.iter().try_for_each(|name| write!(formatter, ".{name}"))
            }
            Term::Function(function) => formatter.write_str(&function.name),
            Term::Pipe(pipe) => write!(formatter, "({pipe})"),
            Term::Chain(inner, names) => {
                write!(formatter, "{inner}")?;
                names.iter().try_for_each(|name| write!(formatter, ".{name}"))
            }
        }
    }
}

impl Template {
    /// The text of the node with this number.
    pub(crate) fn show(&self, place: Place) -> String {
        in_nodes(&self.body, place.id).unwrap_or_default()
    }
}

fn in_nodes(nodes: &[Node], id: u32) -> Option<String> {
    nodes.iter().find_map(|node| in_node(node, id))
}

fn in_node(node: &Node, id: u32) -> Option<String> {
    match node {
        Node::Text(_) | Node::Break | Node::Continue => None,
        Node::Action(pipe, place) if place.id == id => Some(format!("{{{{{pipe}}}}}")),
        Node::Action(pipe, _) => in_pipe(pipe, id),
        Node::If { branches, otherwise } => in_branches("if", branches, otherwise, id),
        Node::With { branches, otherwise } => in_branches("with", branches, otherwise, id),
        Node::Range(range) if range.place.id == id => Some(format!("range {}", range.pipe)),
        Node::Range(range) => in_pipe(&range.pipe, id)
            .or_else(|| in_nodes(&range.body, id))
            .or_else(|| in_nodes(&range.otherwise, id)),
        Node::Template { place, quoted, pipe, .. } => {
            if place.id == id {
                let data = pipe.as_ref().map(|pipe| format!(" {pipe}")).unwrap_or_default();
                return Some(format!("{{{{template {quoted}{data}}}}}"));
            }
            pipe.as_ref().and_then(|pipe| in_pipe(pipe, id))
        }
    }
}

fn in_branches(keyword: &str, branches: &[Branch], otherwise: &[Node], id: u32) -> Option<String> {
    branches
        .iter()
        .find_map(|branch| {
            if branch.place.id == id {
                return Some(format!("{keyword} {}", branch.pipe));
            }
            in_pipe(&branch.pipe, id).or_else(|| in_nodes(&branch.body, id))
        })
        .or_else(|| in_nodes(otherwise, id))
}

fn in_pipe(pipe: &Pipe, id: u32) -> Option<String> {
    if pipe.place.id == id {
        return Some(pipe.to_string());
    }
    pipe.commands.iter().find_map(|command| {
        if command.place.id == id {
            return Some(command.to_string());
        }
        command.operands.iter().find_map(|operand| in_operand(operand, id))
    })
}

fn in_operand(operand: &Operand, id: u32) -> Option<String> {
    if operand.place.id == id {
        return Some(match &operand.term {
            // The parentheses belong to what is around the pipeline.
            Term::Pipe(pipe) => pipe.to_string(),
            _ => operand.to_string(),
        });
    }
    match &operand.term {
        Term::Pipe(pipe) => in_pipe(pipe, id),
        Term::Chain(inner, _) => in_operand(inner, id),
        _ => None,
    }
}
