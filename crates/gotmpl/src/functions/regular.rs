//! sprig's regular expressions. Go and the regex crate share RE2's way of matching; the patterns differ in details, which
//! `pattern.rs` evens out.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use regex::{NoExpand, Regex, RegexBuilder};

use super::arguments::{int_of, string_list};
use super::pattern::translate;
use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::exec::State;
use crate::print::quoted;
use crate::value::{List, ListType, Type, Value};

/// Compiled expressions by their Go text. All executions with the same functions share them.
#[derive(Default)]
pub(crate) struct RegexCache(RwLock<HashMap<Arc<str>, Compiled>>);

type Compiled = Result<Regex, String>;

/// Expressions to keep, and how large a program may be to be kept: together some megabytes.
const MAX_KEPT: usize = 256;
const SMALL_PROGRAM: usize = 64 << 10;

/// No compiled program may be larger, as Go bounds repetitions.
const LARGE_PROGRAM: usize = 4 << 20;

fn compile(translated: &str, size: usize) -> Result<Regex, regex::Error> {
    RegexBuilder::new(translated).size_limit(size).dfa_size_limit(4 * size).build()
}

impl State {
    fn regex(&mut self, pattern: &str) -> Result<Regex, FunctionError> {
        let functions = self.set().functions().clone();
        if let Some(known) = functions.regexes().0.read().get(pattern) {
            return known.clone().map_err(FunctionError::from);
        }
        self.charge(pattern.len().saturating_mul(16))?;
        let compiled = match translate(pattern).map_err(|error| error.to_string()) {
            Err(message) => Err(message),
            Ok(translated) => match compile(&translated, SMALL_PROGRAM) {
                Ok(regex) => Ok(regex),
                Err(regex::Error::CompiledTooBig(_)) => {
                    self.charge(LARGE_PROGRAM)?;
                    return compile(&translated, LARGE_PROGRAM).map_err(|_| {
                        format!("error parsing regexp: expression too large: `{pattern}`").into()
                    });
                }
                // What Go would take; the last line says what is wrong.
                Err(error) => {
                    let text = error.to_string();
                    let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
                    Err(format!("error parsing regexp: {reason}: `{pattern}`"))
                }
            },
        };
        let mut kept = functions.regexes().0.write();
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        if pattern.len() < SMALL_PROGRAM {
            kept.insert(pattern.into(), compiled.clone());
        }
        compiled.map_err(FunctionError::from)
    }
}

/// A pattern in an error, in backquotes if they can hold it.
fn shown(pattern: &str) -> String {
    if pattern.contains('`') || pattern.chars().any(|c| c.is_control() && c != '\t') {
        return quoted(pattern);
    }
    format!("`{pattern}`")
}

const TEXT: Signature = Signature::fixed(&[Type::String, Type::String]);
const REPLACE: Signature = Signature::fixed(&[Type::String, Type::String, Type::String]);
const COUNTED: Signature = Signature::fixed(&[Type::String, Type::String, Type::Int]);

/// Registers a function and its `must` form, which words a bad pattern without the prefix of a panic.
fn both(
    functions: &mut Functions,
    name: &str,
    signature: Signature,
    body: fn(&mut State, &Regex, &[Value]) -> FunctionResult,
) {
    let run = move |state: &mut State, arguments: &[Value], panics: bool| {
        let pattern = text_of(&arguments[0]);
        let regex = state.regex(&pattern).map_err(|error| {
            if panics && error.limit.is_none() {
                error.context(&format!("regexp: Compile({})", shown(&pattern)))
            } else {
                error
            }
        })?;
        body(state, &regex, arguments)
    };
    functions.register(name, signature.clone(), move |state, arguments| run(state, arguments, true));
    functions.register(&format!("mustR{}", &name[1..]), signature, move |state, arguments| {
        run(state, arguments, false)
    });
}

pub(super) fn register(functions: &mut Functions) {
    both(functions, "regexMatch", TEXT, |_, regex, all| Ok(Value::Bool(regex.is_match(&text_of(&all[1])))));
    functions.register("regexMatch", TEXT, |state, all| {
        let matches = state.regex(&text_of(&all[0])).is_ok_and(|regex| regex.is_match(&text_of(&all[1])));
        Ok(Value::Bool(matches))
    });
    both(functions, "regexFind", TEXT, |_, regex, all| {
        Ok(Value::from(regex.find(&text_of(&all[1])).map_or("", |found| found.as_str())))
    });
    both(functions, "regexFindAll", COUNTED, |_, regex, all| {
        let most = usize::try_from(int_of(&all[2])).unwrap_or(usize::MAX);
        let text = text_of(&all[1]);
        let found: Vec<String> =
            regex.find_iter(&text).take(most).map(|found| found.as_str().to_owned()).collect();
        Ok(if found.is_empty() { Value::List(List::nil(ListType::String)) } else { string_list(found) })
    });
    both(functions, "regexReplaceAll", REPLACE, |state, regex, all| {
        let (text, replacement) = (text_of(&all[1]), text_of(&all[2]));
        charge_replacements(state, regex, &text, &replacement)?;
        Ok(Value::from(&*regex.replace_all(&text, &*replacement)))
    });
    both(functions, "regexReplaceAllLiteral", REPLACE, |state, regex, all| {
        let (text, replacement) = (text_of(&all[1]), text_of(&all[2]));
        charge_replacements(state, regex, &text, &replacement)?;
        Ok(Value::from(&*regex.replace_all(&text, NoExpand(&replacement))))
    });
    both(functions, "regexSplit", COUNTED, |_, regex, all| {
        Ok(split(regex, &text_of(&all[1]), int_of(&all[2])))
    });
    functions.register("regexQuoteMeta", Signature::fixed(&[Type::String]), |_, one| {
        let mut out = String::new();
        for c in text_of(&one[0]).chars() {
            if r"\.+*?()|[]{}^$".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        Ok(Value::from(out))
    });
}

/// Short texts can't grow much; long ones are measured before they are built.
fn charge_replacements(
    state: &mut State,
    regex: &Regex,
    text: &str,
    replacement: &str,
) -> Result<(), FunctionError> {
    const SMALL: usize = 1 << 20;
    if text.len().saturating_mul(replacement.len() + 1) < SMALL {
        return Ok(());
    }
    let longest = if replacement.contains('$') {
        replacement.len().saturating_mul(text.len())
    } else {
        replacement.len()
    };
    let found = regex.find_iter(text).count();
    state.charge(found.saturating_mul(longest))
}

fn split(regex: &Regex, text: &str, most: i64) -> Value {
    if most == 0 {
        return Value::List(List::nil(ListType::String));
    }
    if text.is_empty() && !regex.as_str().is_empty() {
        return string_list(vec![String::new()]);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut parts: Vec<String> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for found in regex.find_iter(text).take(most) {
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(text[start..end].to_owned());
        }
        start = found.end();
    }
    if end != text.len() {
        parts.push(text[start..].to_owned());
    }
    string_list(parts)
}
