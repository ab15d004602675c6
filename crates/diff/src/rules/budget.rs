//! Bounds what a jq expression may cost.
//!
//! The jq engine has no limits of its own, so the expression and jq's library are rewritten before they are compiled:
//! every call, path and generator passes a checkpoint that counts steps and refuses large values. Definitions that call
//! themselves are refused, because each level of such a recursion takes native stack; the library's own loops remain.

use std::cell::Cell;

use jaq_core::box_iter::box_once;
use jaq_core::data::HasLut;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::native::{Fun, v};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};
use jaq_core::{DataT, Error as JqError, Exn, Lut, Native};
use jaq_json::Val;
use serde_json::Value;

/// What every expression may spend, and what it may spend more for each value in the object. A step costs well under a
/// microsecond, so that an object of ten thousand values has about a second.
const BASE_STEPS: u64 = 50_000;
const STEPS_PER_VALUE: u64 = 100;
/// No value on the way may have more characters or items.
const MAX_SIZE: usize = 1 << 20;
/// Not a name that anybody can write in jq.
const CHECKPOINT: &str = "budget checkpoint";
/// Replaces the engine's multiplication, which repeats strings.
const MULTIPLY: &str = "argosy_multiply";

/// What the rewriting needs besides jq's library; `range` is here because the engine's own does not pass checkpoints.
pub(super) const LIBRARY: &str = r#"
def argosy_multiply(l; r):
  l as $l | r as $r
  | if ($l >= "" and $l < []) or ($r >= "" and $r < []) then [] | .a else $l * $r end;
def range($from; $to; $by):
  def rec: if ($by > 0 and . < $to) or ($by < 0 and . > $to) then ., (. + $by | rec) else {}[] as $x | . end;
  $from | rec;
"#;

/// The engine's data: nothing but the steps that are left.
pub(super) struct Budgeted;

/// See [`Budgeted`].
#[derive(Clone)]
pub(super) struct Budget<'a> {
    pub(super) table: &'a Lut<Budgeted>,
    pub(super) steps: &'a Cell<u64>,
}

impl DataT for Budgeted {
    type V<'a> = Val;
    type Data<'a> = Budget<'a>;
}

impl<'a> HasLut<'a, Budgeted> for Budget<'a> {
    fn lut(&self) -> &'a Lut<Budgeted> {
        self.table
    }
}

/// The checkpoint as the engine calls it: hands its input on, or fails.
pub(super) fn checkpoint() -> Fun<Budgeted> {
    let native = Native::<Budgeted>::new(|cv| box_once(spend(cv.0.data().steps, &cv.1).map(|()| cv.1)))
        .with_paths(|cv| box_once(spend(cv.0.data().steps, &cv.1.0).map(|()| cv.1)))
        .with_update(|cv, update| match spend(cv.0.data().steps, &cv.1) {
            Ok(()) => update(cv.1),
            Err(error) => box_once(Err(error)),
        });
    (CHECKPOINT, v(0), native)
}

fn spend<'a>(steps: &Cell<u64>, value: &Val) -> Result<(), Exn<'a, Val>> {
    let size = match value {
        Val::TStr(text) | Val::BStr(text) => text.len(),
        Val::Arr(list) => list.len(),
        Val::Obj(map) => map.len(),
        _ => 0,
    };
    let left = if size > MAX_SIZE { 0 } else { steps.get().saturating_sub(1) };
    steps.set(left);
    if left == 0 { Err(Exn::from(JqError::str("the expression takes too long"))) } else { Ok(()) }
}

/// Whose code is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// jq's own library: checkpoints before calls only, which keeps its loops from growing the stack.
    Library,
    /// The expression of a rule.
    Rule,
}

/// The steps that an expression may take on an object.
pub(super) fn steps_for(object: &Value) -> u64 {
    fn values(value: &Value) -> u64 {
        1 + match value {
            Value::Object(map) => map.values().map(values).sum(),
            Value::Array(list) => list.iter().map(values).sum(),
            _ => 0,
        }
    }
    BASE_STEPS + STEPS_PER_VALUE * values(object)
}

/// Rewrites a definition.
pub(super) fn definition(def: Def<&str>, origin: Origin) -> Result<Def<&str>, String> {
    if origin == Origin::Rule && calls(&def.body, def.name, def.args.len()) {
        return Err(format!("the definition of {} calls itself", def.name));
    }
    Ok(Def { name: def.name, args: def.args, body: term(def.body, origin)? })
}

/// Rewrites a term. Each shape has a function of its own, which keeps the stack that a level takes small.
pub(super) fn term(shape: Term<&str>, origin: Origin) -> Result<Term<&str>, String> {
    match shape {
        simple @ (Term::Id | Term::Num(_) | Term::Break(_) | Term::Var(_)) => Ok(simple),
        Term::Recurse => Ok(before(Term::Recurse)),
        Term::Str(format, parts) => string(format, parts, origin),
        Term::Arr(items) => Ok(Term::Arr(optional(items, origin)?)),
        Term::Obj(entries) => entries_of(entries, origin),
        Term::Neg(inner) => Ok(Term::Neg(boxed(inner, origin)?)),
        Term::BinOp(left, op, right) => operation(left, op, right, origin),
        Term::Label(name, inner) => Ok(Term::Label(name, boxed(inner, origin)?)),
        Term::Fold(name, source, pattern, arguments) => {
            Ok(Term::Fold(name, boxed(source, origin)?, pattern, all(arguments, origin)?))
        }
        Term::TryCatch(inner, catch) => Ok(Term::TryCatch(boxed(inner, origin)?, optional(catch, origin)?)),
        Term::IfThenElse(branches, otherwise) => branches_of(branches, otherwise, origin),
        Term::Def(definitions, inner) => {
            let definitions =
                definitions.into_iter().map(|def| definition(def, origin)).collect::<Result<_, _>>()?;
            Ok(Term::Def(definitions, boxed(inner, origin)?))
        }
        Term::Call(name, arguments) => Ok(after(before(Term::Call(name, all(arguments, origin)?)), origin)),
        Term::Path(inner, path) => path_of(inner, path, origin),
    }
}

#[expect(clippy::boxed_local, reason = "the engine's terms come boxed")]
fn boxed(inner: Box<Term<&str>>, origin: Origin) -> Result<Box<Term<&str>>, String> {
    term(*inner, origin).map(Box::new)
}

fn optional(inner: Option<Box<Term<&str>>>, origin: Origin) -> Result<Option<Box<Term<&str>>>, String> {
    inner.map(|inner| boxed(inner, origin)).transpose()
}

fn all(terms: Vec<Term<&str>>, origin: Origin) -> Result<Vec<Term<&str>>, String> {
    terms.into_iter().map(|inner| term(inner, origin)).collect()
}

fn string<'s>(
    format: Option<&'s str>,
    parts: Vec<StrPart<&'s str, Term<&'s str>>>,
    origin: Origin,
) -> Result<Term<&'s str>, String> {
    let rewrite = |part| match part {
        StrPart::Term(inner) => term(inner, origin).map(StrPart::Term),
        other => Ok(other),
    };
    let parts = parts.into_iter().map(rewrite).collect::<Result<_, _>>()?;
    Ok(after(Term::Str(format, parts), origin))
}

fn entries_of<'s>(
    entries: Vec<(Term<&'s str>, Option<Term<&'s str>>)>,
    origin: Origin,
) -> Result<Term<&'s str>, String> {
    let rewrite = |(key, value): (Term<&'s str>, Option<Term<&'s str>>)| {
        Ok((term(key, origin)?, value.map(|value| term(value, origin)).transpose()?))
    };
    entries.into_iter().map(rewrite).collect::<Result<_, String>>().map(Term::Obj)
}

fn operation<'s>(
    left: Box<Term<&'s str>>,
    op: BinaryOp<&'s str>,
    right: Box<Term<&'s str>>,
    origin: Origin,
) -> Result<Term<&'s str>, String> {
    let (left, right) = (boxed(left, origin)?, boxed(right, origin)?);
    match op {
        BinaryOp::Math(Math::Mul) if origin == Origin::Rule => {
            Ok(before(Term::Call(MULTIPLY, vec![*left, *right])))
        }
        BinaryOp::UpdateMath(Math::Mul) if origin == Origin::Rule => {
            Err("multiplying in place is not allowed in an ignore rule".to_owned())
        }
        BinaryOp::Math(_) | BinaryOp::UpdateMath(_) => Ok(after(Term::BinOp(left, op, right), origin)),
        _ => Ok(Term::BinOp(left, op, right)),
    }
}

fn branches_of<'s>(
    branches: Vec<(Term<&'s str>, Term<&'s str>)>,
    otherwise: Option<Box<Term<&'s str>>>,
    origin: Origin,
) -> Result<Term<&'s str>, String> {
    let rewrite = |(condition, then)| Ok((term(condition, origin)?, term(then, origin)?));
    let branches = branches.into_iter().map(rewrite).collect::<Result<_, String>>()?;
    Ok(Term::IfThenElse(branches, optional(otherwise, origin)?))
}

fn path_of<'s>(
    inner: Box<Term<&'s str>>,
    path: Path<Term<&'s str>>,
    origin: Origin,
) -> Result<Term<&'s str>, String> {
    let step = |part| match part {
        Part::Index(index) => term(index, origin).map(Part::Index),
        Part::Range(from, to) => {
            let bound = |bound: Option<Term<&'s str>>| bound.map(|bound| term(bound, origin)).transpose();
            Ok(Part::Range(bound(from)?, bound(to)?))
        }
    };
    let rewrite = |(part, optional)| Ok((step(part)?, optional));
    let parts = path.0.into_iter().map(rewrite).collect::<Result<_, String>>()?;
    Ok(before(Term::Path(boxed(inner, origin)?, Path(parts))))
}

fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

fn before(term: Term<&str>) -> Term<&str> {
    pipe(Term::Call(CHECKPOINT, Vec::new()), term)
}

/// Looks at the size of what a rule made; a library function is looked at by the call in the rule.
fn after(term: Term<&str>, origin: Origin) -> Term<&str> {
    if origin == Origin::Rule { pipe(term, Term::Call(CHECKPOINT, Vec::new())) } else { term }
}

/// Whether a term calls a filter of this name and number of arguments anywhere.
fn calls(term: &Term<&str>, name: &str, arity: usize) -> bool {
    let within = |term: &Term<&str>| calls(term, name, arity);
    match term {
        Term::Call(called, arguments) => {
            (*called == name && arguments.len() == arity) || arguments.iter().any(within)
        }
        Term::Str(_, parts) => parts.iter().any(|part| matches!(part, StrPart::Term(inner) if within(inner))),
        Term::Arr(inner) => inner.as_deref().is_some_and(within),
        Term::Obj(entries) => {
            entries.iter().any(|(key, value)| within(key) || value.as_ref().is_some_and(within))
        }
        Term::Neg(inner) | Term::Label(_, inner) => within(inner),
        Term::BinOp(left, op, right) => {
            within(left)
                || within(right)
                || matches!(op, BinaryOp::Pipe(Some(pattern)) if in_pattern(pattern, &within))
        }
        Term::Fold(_, source, pattern, arguments) => {
            within(source) || in_pattern(pattern, &within) || arguments.iter().any(within)
        }
        Term::TryCatch(inner, catch) => within(inner) || catch.as_deref().is_some_and(within),
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().any(|(condition, then)| within(condition) || within(then))
                || otherwise.as_deref().is_some_and(within)
        }
        Term::Def(definitions, inner) => definitions.iter().any(|def| within(&def.body)) || within(inner),
        Term::Path(inner, path) => {
            within(inner)
                || path.0.iter().any(|(part, _)| match part {
                    Part::Index(index) => within(index),
                    Part::Range(from, to) => from.iter().chain(to).any(within),
                })
        }
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => false,
    }
}

fn in_pattern(pattern: &Pattern<&str>, within: &impl Fn(&Term<&str>) -> bool) -> bool {
    match pattern {
        Pattern::Var(_) => false,
        Pattern::Arr(patterns) => patterns.iter().any(|pattern| in_pattern(pattern, within)),
        Pattern::Obj(entries) => {
            entries.iter().any(|(key, pattern)| within(key) || in_pattern(pattern, within))
        }
    }
}
