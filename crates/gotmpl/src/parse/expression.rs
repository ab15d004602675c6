//! Reads what stands inside an action: pipelines, commands, operands. Neighbor: `mod.rs` reads the blocks around it.

use std::sync::Arc;

use super::ast::{Command, Operand, Pipe, Term, Variable};
use super::lexer::Kind;
use super::{Parsed, Parser, cut, number, unquote};
use crate::print::quoted;

impl<'p> Parser<'p> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        self.check_depth()?;
        let offset = self.peek_word().offset;
        let place = self.place(offset);
        let (names, assign) = self.declarations(context)?;
        let hidden = self.scope.pending.len();
        self.scope.pending.extend(names.iter().cloned());
        let commands = self.commands(context, end)?;
        self.scope.pending.truncate(hidden);
        let variables = names
            .into_iter()
            .map(|name| {
                let slot = match self.scope.find(&name) {
                    Some((_, slot)) if assign => slot,
                    // Go finds the missing variable only on execution.
                    None if assign => self.scope.assign_undefined(name.clone()),
                    _ => self.scope.declare(name.clone()),
                };
                Variable { name, slot }
            })
            .collect();
        Ok(Pipe { place, variables, assign, commands })
    }

    /// The variables on the left of `:=` or `=`, and which of the two it was.
    fn declarations(&mut self, context: &str) -> Parsed<(Vec<Arc<str>>, bool)> {
        let mut names: Vec<Arc<str>> = Vec::new();
        loop {
            let variable = self.peek_word();
            if variable.kind != Kind::Variable {
                return Ok((names, false));
            }
            let before = self.next;
            self.next_word();
            let next = self.peek_word();
            // A field behind the variable belongs to an operand, not to a declaration.
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.next_word();
                    names.push(self.name(variable.text));
                    return Ok((names, next.kind == Kind::Assign));
                }
                Kind::Char if next.text == "," => {
                    self.next_word();
                    names.push(self.name(variable.text));
                    if context != "range" || names.len() >= 2 {
                        return Err(format!("too many declarations in {context}"));
                    }
                    let after = self.peek_word().kind;
                    if !matches!(after, Kind::Variable | Kind::RightDelimiter | Kind::RightParen) {
                        return Err("range can only initialize variables".to_owned());
                    }
                }
                _ => {
                    self.next = before;
                    return Ok((names, false));
                }
            }
        }
    }

    fn commands(&mut self, context: &str, end: Kind) -> Parsed<Box<[Command]>> {
        let from = self.commands.len();
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.next -= 1;
                    let command = self.command()?;
                    self.commands.push(command);
                }
                _ => return Err(self.unexpected(&token, context)),
            }
        }
        let commands = cut(&mut self.commands, from);
        if commands.is_empty() {
            return Err(format!("missing value for {context}"));
        }
        for (at, command) in commands.iter().enumerate().skip(1) {
            if let Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::String(..)) =
                command.operands.first().map(|operand| &operand.term)
            {
                return Err(format!("non executable command in pipeline stage {}", at + 1));
            }
        }
        Ok(commands)
    }

    fn command(&mut self) -> Parsed<Command> {
        let offset = self.peek_word().offset;
        let place = self.place(offset);
        let from = self.operands.len();
        loop {
            self.peek_word();
            if let Some(operand) = self.operand()? {
                self.operands.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelimiter | Kind::RightParen => {
                    self.next -= 1;
                    break;
                }
                Kind::Pipe => break,
                _ => return Err(self.unexpected(&token, "operand")),
            }
        }
        let operands = cut(&mut self.operands, from);
        if operands.is_empty() {
            return Err("empty command".to_owned());
        }
        Ok(Command { place, operands })
    }

    /// A term with the fields behind it; `None` when the next token starts no operand.
    fn operand(&mut self) -> Parsed<Option<Operand>> {
        let Some(mut operand) = self.term()? else { return Ok(None) };
        let first = self.peek();
        if first.kind != Kind::Field {
            return Ok(Some(operand));
        }
        let mut fields = match &mut operand.term {
            Term::Field(names) | Term::Variable(_, names) => std::mem::take(names).into_vec(),
            _ => Vec::new(),
        };
        while self.peek().kind == Kind::Field {
            let text = &self.next().text[1..];
            fields.push(self.name(text));
        }
        let fields = fields.into_boxed_slice();
        // Go places a chain at its second link.
        let place = self.place(first.offset);
        match &mut operand.term {
            Term::Field(names) | Term::Variable(_, names) => {
                *names = fields;
                operand.place = place;
                Ok(Some(operand))
            }
            Term::Bool(_) | Term::String(..) | Term::Number(_) | Term::Nil | Term::Dot => {
                Err(format!("unexpected . after term {}", quoted(&operand.to_string())))
            }
            _ => Ok(Some(Operand { place, term: Term::Chain(Box::new(operand), fields) })),
        }
    }

    fn term(&mut self) -> Parsed<Option<Operand>> {
        let token = self.next_word();
        let term = match token.kind {
            Kind::Identifier => match self.functions.get(token.text) {
                Some(function) => Term::Function(function),
                None => return Err(format!("function {} not defined", quoted(token.text))),
            },
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                let found = self.scope.find(token.text);
                let (name, slot) =
                    found.ok_or_else(|| format!("undefined variable {}", quoted(token.text)))?;
                Term::Variable(Variable { name, slot }, Box::default())
            }
            Kind::Field => Term::Field(Box::new([self.name(&token.text[1..])])),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::CharConstant => Term::Number(Box::new(number::character(token.text)?.settle())),
            Kind::Complex => Term::Number(Box::new(number::complex(token.text)?.settle())),
            Kind::Number => Term::Number(Box::new(number::number(token.text)?.settle())),
            Kind::LeftParen => {
                Term::Pipe(Box::new(self.pipeline("parenthesized pipeline", Kind::RightParen)?))
            }
            Kind::String | Kind::RawString => {
                let value = unquote::unquote(token.text).ok_or("invalid syntax")?;
                Term::String(value, token.text.into())
            }
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        let offset = match &term {
            Term::Pipe(pipe) => pipe.place.offset,
            _ => token.offset,
        };
        let place = self.place(offset);
        Ok(Some(Operand { place, term }))
    }
}
