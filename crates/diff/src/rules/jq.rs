//! jq rules: finds what an expression points to and removes it.
//!
//! The engine only answers paths; removing is done here, because the engine's `del` differs from the one that users
//! know. An expression that fails, takes too long or points to the whole object removes nothing.

use std::cell::Cell;
use std::cmp::Ordering;

use jaq_core::load::{Arena, File, Loader, parse};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use super::budget::{Budget, Budgeted, LIBRARY, Origin, checkpoint, definition, steps_for, term};
use crate::Error;

const MAX_EXPRESSION: usize = 4096;
const MAX_NESTING: usize = 64;
/// A chain of operators is a tree as deep as the chain is long, and every pass over it takes native stack per level.
const MAX_OPERATORS: usize = 100;
const MAX_PATHS: usize = 100_000;

/// What reads the world outside the object, stops the process or would not pass checkpoints.
const DENIED: [&str; 16] = [
    "halt",
    "halt_error",
    "stderr",
    "stderr_empty",
    "debug",
    "debug_empty",
    "input",
    "inputs",
    "input_filename",
    "input_line_number",
    "env",
    "now",
    "localtime",
    "strflocaltime",
    "mktime",
    "range",
];

/// A compiled expression.
pub(super) struct JqPath {
    filter: Filter<Budgeted>,
}

impl std::fmt::Debug for JqPath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JqPath")
    }
}

impl JqPath {
    pub(super) fn compile(expression: &str) -> Result<Self, Error> {
        let fail =
            |reason: &str| Error::Rule { expression: expression.to_owned(), reason: reason.to_owned() };
        if expression.len() > MAX_EXPRESSION {
            return Err(fail("it is too long"));
        }
        if nesting(expression) > MAX_NESTING {
            return Err(fail("it is nested too deeply"));
        }
        if operators(expression) > MAX_OPERATORS {
            return Err(fail("it has too many operators"));
        }
        let rule =
            parse(expression, |parser| parser.term()).ok_or_else(|| fail("it is not a jq expression"))?;
        let rule = term(rule, Origin::Rule).map_err(|reason| fail(&reason))?;
        let own = parse(LIBRARY, |parser| parser.defs()).unwrap_or_default();
        let library = own
            .into_iter()
            .chain(jaq_core::defs())
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .filter(|def| !DENIED.contains(&def.name) || (def.name == "range"))
            .map(|def| definition(def, Origin::Library))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|reason| fail(&reason))?;
        let rule = parse::Def { name: "argosy_rule", args: Vec::new(), body: rule };
        let arena = Arena::default();
        let modules = Loader::new(library.into_iter().chain([rule]))
            .load(&arena, File { code: "path(argosy_rule)", path: () })
            .map_err(|_| fail("it is not a jq expression"))?;
        let natives = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let natives = natives.filter(|(name, _, _)| !DENIED.contains(name)).chain([checkpoint()]);
        let filter = Compiler::default().with_funs(natives).compile(modules).map_err(|errors| {
            let undefined: Vec<&str> =
                errors.iter().flat_map(|(_, errors)| errors).map(|(name, _)| *name).collect();
            fail(&format!("{} is not defined", undefined.join(", ")))
        })?;
        Ok(JqPath { filter })
    }

    /// Removes everything that the expression points to.
    pub(super) fn remove(&self, object: &mut Value) {
        let Some(mut paths) = self.paths(object) else { return };
        if paths.iter().any(Vec::is_empty) {
            return;
        }
        // From the end, so that the positions of list items stay true.
        paths.sort_by(|left, right| compare(right, left));
        paths.dedup();
        for path in paths {
            remove_path(object, &path);
        }
    }

    fn paths(&self, object: &Value) -> Option<Vec<Vec<Value>>> {
        let input = read::parse_single(object.to_string().as_bytes()).ok()?;
        let steps = Cell::new(steps_for(object));
        let context = Ctx::<Budgeted>::new(Budget { table: &self.filter.lut, steps: &steps }, Vars::new([]));
        let mut paths = Vec::new();
        for output in self.filter.id.run((context, input)).map(unwrap_valr) {
            let output: Val = output.ok()?;
            let path: Vec<Value> = serde_json::from_str(&output.to_string()).ok()?;
            paths.extend(resolve(object, &path));
            if paths.len() > MAX_PATHS {
                return None;
            }
        }
        // `try` hides the error of a spent budget.
        (steps.get() > 0).then_some(paths)
    }
}

/// An upper bound of the operators; those inside of strings count too, because strings can hold expressions.
fn operators(expression: &str) -> usize {
    let is_sign = |c: char| "|,+-*/%=<>!?;:".contains(c);
    // `==` is one operator, and so is any other run of signs that the language has.
    let signs = expression.split(|c| !is_sign(c)).map(|run| run.len().div_ceil(2)).sum::<usize>();
    signs
        + ["and", "or", "reduce", "foreach", "label"]
            .iter()
            .map(|word| expression.matches(word).count())
            .sum::<usize>()
}

fn nesting(expression: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for c in expression.chars() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    // Keywords nest as brackets do.
    deepest
        + expression.matches("if").count()
        + expression.matches("-").count() / 8
        + expression.matches("try").count()
}

/// A path with negative indexes and slices turned into positions that exist; a slice may become many paths, a path to
/// nothing becomes none.
fn resolve(object: &Value, path: &[Value]) -> Vec<Vec<Value>> {
    let mut found = vec![(Vec::new(), object)];
    for step in path {
        let mut next = Vec::new();
        for (prefix, value) in found {
            let mut push = |step: Value, value| {
                let mut path: Vec<Value> = prefix.clone();
                path.push(step);
                next.push((path, value));
            };
            match (value, step) {
                (Value::Object(map), Value::String(name)) => {
                    if let Some(value) = map.get(name) {
                        push(step.clone(), value);
                    }
                }
                (Value::Array(list), Value::Number(index)) => {
                    let index = position(index.as_f64().unwrap_or_default(), list.len());
                    if let Some((index, value)) = index.and_then(|index| Some((index, list.get(index)?))) {
                        push(Value::from(index), value);
                    }
                }
                (Value::Array(list), Value::Object(slice)) => {
                    let bound = |name: &str, default: usize| match slice.get(name).and_then(Value::as_f64) {
                        Some(bound) => position(bound, list.len()).unwrap_or(0).min(list.len()),
                        None => default,
                    };
                    let (start, end) = (bound("start", 0), bound("end", list.len()));
                    for (index, value) in list.iter().enumerate().take(end).skip(start) {
                        push(Value::from(index), value);
                    }
                }
                _ => {}
            }
        }
        found = next;
    }
    found.into_iter().map(|(path, _)| path).collect()
}

fn position(index: f64, length: usize) -> Option<usize> {
    let index = index.floor();
    let index = if index < 0.0 { index + length as f64 } else { index };
    (0.0..=1e9).contains(&index).then_some(index as usize)
}

fn compare(left: &[Value], right: &[Value]) -> Ordering {
    for (left, right) in left.iter().zip(right) {
        let order = match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.as_u64().cmp(&right.as_u64()),
            (Value::String(left), Value::String(right)) => left.cmp(right),
            (Value::Number(_), _) => Ordering::Less,
            _ => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

fn remove_path(object: &mut Value, path: &[Value]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(object, |value, step| match (value, step) {
        (Value::Object(map), Value::String(name)) => map.get_mut(name),
        (Value::Array(list), Value::Number(index)) => list.get_mut(index.as_u64()? as usize),
        _ => None,
    });
    match (parent, last) {
        (Some(Value::Object(map)), Value::String(name)) => {
            map.remove(name);
        }
        (Some(Value::Array(list)), Value::Number(index)) => {
            if let Some(index) = index.as_u64().filter(|index| (*index as usize) < list.len()) {
                list.remove(index as usize);
            }
        }
        _ => {}
    }
}
