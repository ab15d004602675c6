//! Tokens to a tree, by the precedence of operators.

use serde_json::Value;

use crate::error::Error;
use crate::functions::Function;
use crate::lex::{Placed, Token};

/// Deeper trees are refused.
const MAX_DEPTH: usize = 64;

/// A part of an expression with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: usize,
    pub(crate) part: Part,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Literal(Value),
    Name(String),
    /// `#`, the element that a predicate is asked about.
    Element,
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// A member or an index; optional ones (`?.`) are nil where there is nothing.
    Member {
        of: Box<Node>,
        key: Box<Node>,
        optional: bool,
    },
    /// What `?.` guards: the rest of the chain is nil, too, when the guarded part is.
    Chain(Box<Node>),
    Not(Box<Node>),
    Negative(Box<Node>),
    Binary {
        operator: Operator,
        left: Box<Node>,
        right: Box<Node>,
    },
    Choice {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Box<Node>,
    },
    Call {
        function: Function,
        arguments: Vec<Node>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Plus,
    Minus,
    Times,
    Divided,
    Modulo,
    Power,
    OrElse,
}

/// The weight of `not` and of a sign before a value.
const NOT: u8 = 50;
const SIGN: u8 = 90;

/// An operator by its token, with how strongly it binds.
fn operator(token: &Token) -> Option<(Operator, u8)> {
    use Operator as O;
    let text = match token {
        Token::Name(name) => name.as_str(),
        Token::Sign(sign) => sign,
        Token::Literal(_) | Token::End => return None,
    };
    Some(match text {
        "or" | "||" => (O::Or, 10),
        "and" | "&&" => (O::And, 15),
        "==" => (O::Equal, 20),
        "!=" => (O::Different, 20),
        "<" => (O::Less, 20),
        "<=" => (O::LessOrEqual, 20),
        ">" => (O::Greater, 20),
        ">=" => (O::GreaterOrEqual, 20),
        "in" => (O::In, 20),
        "matches" => (O::Matches, 20),
        "contains" => (O::Contains, 20),
        "startsWith" => (O::StartsWith, 20),
        "endsWith" => (O::EndsWith, 20),
        ".." => (O::Range, 25),
        "+" => (O::Plus, 30),
        "-" => (O::Minus, 30),
        "*" => (O::Times, 60),
        "/" => (O::Divided, 60),
        "%" => (O::Modulo, 60),
        "**" | "^" => (O::Power, 100),
        "??" => (O::OrElse, 200),
        _ => return None,
    })
}

pub(crate) fn parse(tokens: &[Placed]) -> Result<Node, Error> {
    let mut parser = Parser { tokens, next: 0, depth: 0, predicates: 0 };
    let root = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(root),
        other => Err(parser.unexpected(&other.clone())),
    }
}

struct Parser<'a> {
    tokens: &'a [Placed],
    next: usize,
    depth: usize,
    /// In how many predicates this is.
    predicates: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |placed| &placed.token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |placed| placed.at)
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn takes(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), Error> {
        if self.takes(sign) {
            return Ok(());
        }
        let found = self.peek().clone();
        Err(Error::new(self.at(), format!("expected {sign:?}, not {}", shown(&found))))
    }

    fn unexpected(&self, token: &Token) -> Error {
        Error::new(self.at(), format!("unexpected {}", shown(token)))
    }

    fn expression(&mut self) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(self.at(), format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let at = self.at();
        let mut node = self.binary(0)?;
        while self.takes("|") {
            node = self.piped(node)?;
        }
        if self.takes("?") {
            let then = self.expression()?;
            self.expect(":")?;
            let otherwise = self.expression()?;
            let part = Part::Choice {
                condition: Box::new(node),
                then: Box::new(then),
                otherwise: Box::new(otherwise),
            };
            node = Node { at, part };
        }
        self.depth -= 1;
        Ok(node)
    }

    /// `value | name(…)`: a call with the value as the first argument.
    fn piped(&mut self, value: Node) -> Result<Node, Error> {
        let at = self.at();
        match self.take() {
            Token::Name(name) => self.call(&name, at, Some(value)),
            other => Err(Error::new(at, format!("after | comes a function, not {}", shown(&other)))),
        }
    }

    fn binary(&mut self, weight: u8) -> Result<Node, Error> {
        let mut left = self.unary()?;
        loop {
            let at = self.at();
            let is_negated = matches!(self.peek(), Token::Name(name) if name == "not");
            let found = if is_negated {
                self.tokens.get(self.next + 1).and_then(|placed| operator(&placed.token))
            } else {
                operator(self.peek())
            };
            let Some((operator, binds)) = found else { return Ok(left) };
            if binds < weight || (is_negated && binds != 20) {
                return Ok(left);
            }
            self.next += 1 + usize::from(is_negated);
            let right =
                if operator == Operator::Power { self.binary(binds)? } else { self.binary(binds + 1)? };
            let (operator, negated) = match (operator, is_negated) {
                (Operator::In, true) => (Operator::NotIn, false),
                other => other,
            };
            let part = Part::Binary { operator, left: Box::new(left), right: Box::new(right) };
            left = Node { at, part };
            if negated {
                left = Node { at, part: Part::Not(Box::new(left)) };
            }
        }
    }

    fn unary(&mut self) -> Result<Node, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(self.at(), format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let at = self.at();
        let node = match self.peek() {
            Token::Name(name) if name == "not" => {
                self.next += 1;
                Node { at, part: Part::Not(Box::new(self.binary(NOT)?)) }
            }
            Token::Sign("!") => {
                self.next += 1;
                Node { at, part: Part::Not(Box::new(self.binary(NOT)?)) }
            }
            Token::Sign("-") => {
                self.next += 1;
                Node { at, part: Part::Negative(Box::new(self.binary(SIGN)?)) }
            }
            Token::Sign("+") => {
                self.next += 1;
                self.binary(SIGN)?
            }
            _ => {
                let value = self.value()?;
                self.members(value)?
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn value(&mut self) -> Result<Node, Error> {
        let at = self.at();
        let part = match self.take() {
            Token::Literal(value) => Part::Literal(value),
            Token::Sign("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => Part::List(self.list("]")?),
            Token::Sign("{") => Part::Map(self.map()?),
            Token::Sign("#") if self.predicates > 0 => Part::Element,
            // A member of the element.
            Token::Sign(".") if self.predicates > 0 => {
                self.next -= 1;
                Part::Element
            }
            Token::Name(name) => match name.as_str() {
                "nil" => Part::Literal(Value::Null),
                "true" => Part::Literal(true.into()),
                "false" => Part::Literal(false.into()),
                "let" => {
                    return Err(Error::new(at, "let is not supported: write the value where it is used"));
                }
                _ if matches!(self.peek(), Token::Sign("(")) => return self.call(&name, at, None),
                _ => Part::Name(name),
            },
            other => {
                self.next -= 1;
                return Err(self.unexpected(&other));
            }
        };
        Ok(Node { at, part })
    }

    /// The members and indexes that follow a value.
    fn members(&mut self, mut value: Node) -> Result<Node, Error> {
        let mut is_chain = false;
        loop {
            let at = self.at();
            let optional = matches!(self.peek(), Token::Sign("?."));
            if optional || matches!(self.peek(), Token::Sign(".")) {
                self.next += 1;
                is_chain |= optional;
                if optional && self.takes("[") {
                    value = self.index(value, at, true)?;
                    continue;
                }
                let Token::Name(name) = self.take() else {
                    self.next -= 1;
                    return Err(Error::new(self.at(), "after the dot comes a name"));
                };
                if matches!(self.peek(), Token::Sign("(")) {
                    return Err(Error::new(at, format!("the method {name} is not supported")));
                }
                let key = Node { at, part: Part::Literal(name.into()) };
                let part = Part::Member { of: Box::new(value), key: Box::new(key), optional };
                value = Node { at, part };
            } else if self.takes("[") {
                value = self.index(value, at, false)?;
            } else if is_chain {
                return Ok(Node { at: value.at, part: Part::Chain(Box::new(value)) });
            } else {
                return Ok(value);
            }
        }
    }

    fn index(&mut self, of: Node, at: usize, optional: bool) -> Result<Node, Error> {
        if matches!(self.peek(), Token::Sign(":")) {
            return Err(Error::new(at, "slices ([from:to]) are not supported"));
        }
        let key = self.expression()?;
        if matches!(self.peek(), Token::Sign(":")) {
            return Err(Error::new(at, "slices ([from:to]) are not supported"));
        }
        self.expect("]")?;
        Ok(Node { at, part: Part::Member { of: Box::new(of), key: Box::new(key), optional } })
    }

    fn list(&mut self, end: &str) -> Result<Vec<Node>, Error> {
        let mut items = Vec::new();
        while !self.takes(end) {
            if !items.is_empty() {
                self.expect(",")?;
                if self.takes(end) {
                    break;
                }
            }
            items.push(self.expression()?);
        }
        Ok(items)
    }

    fn map(&mut self) -> Result<Vec<(Node, Node)>, Error> {
        let mut entries = Vec::new();
        while !self.takes("}") {
            if !entries.is_empty() {
                self.expect(",")?;
                if self.takes("}") {
                    break;
                }
            }
            let at = self.at();
            let key = match self.take() {
                Token::Name(name) => Node { at, part: Part::Literal(name.into()) },
                Token::Literal(Value::String(text)) => Node { at, part: Part::Literal(text.into()) },
                Token::Sign("(") => {
                    let key = self.expression()?;
                    self.expect(")")?;
                    key
                }
                other => return Err(Error::new(at, format!("{} is no key of a map", shown(&other)))),
            };
            self.expect(":")?;
            entries.push((key, self.expression()?));
        }
        Ok(entries)
    }

    fn call(&mut self, name: &str, at: usize, first: Option<Node>) -> Result<Node, Error> {
        let function = Function::named(name)
            .ok_or_else(|| Error::new(at, format!("the function {name} is not supported")))?;
        self.expect("(")?;
        let mut arguments: Vec<Node> = first.into_iter().collect();
        let mut is_first = true;
        while !self.takes(")") {
            if !is_first {
                self.expect(",")?;
            }
            is_first = false;
            let takes_predicate = function.has_predicate() && arguments.len() == 1;
            arguments.push(if takes_predicate { self.predicate()? } else { self.expression()? });
        }
        let expected = function.arguments();
        if !expected.contains(&arguments.len()) {
            let message = format!("{name} takes {expected:?} arguments, not {}", arguments.len());
            return Err(Error::new(at, message));
        }
        let call = Node { at, part: Part::Call { function, arguments } };
        self.members(call)
    }

    /// What a predicate asks of `#`, in braces or not.
    fn predicate(&mut self) -> Result<Node, Error> {
        self.predicates += 1;
        let braced = self.takes("{");
        let node = self.expression()?;
        if braced {
            self.expect("}")?;
        }
        self.predicates -= 1;
        Ok(node)
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Literal(value) => value.to_string(),
        Token::Name(name) => format!("{name:?}"),
        Token::Sign(sign) => format!("{sign:?}"),
        Token::End => "the end".to_owned(),
    }
}
