//! sprig's regular expressions. Go and the regex crate share RE2's way of matching; the patterns differ in details, which
//! `translate` evens out: Perl classes and word boundaries are ASCII in Go, and `\Q...\E`, octal escapes and stray
//! braces are allowed.

use std::collections::HashMap;
use std::sync::Arc;

use regex::{NoExpand, Regex, RegexBuilder};

use super::arguments::{int_of, string_list};
use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::exec::State;
use crate::value::{List, ListType, Type, Value};

/// Compiled expressions by their Go text, one cache a state.
#[derive(Default)]
pub(crate) struct RegexCache {
    compiled: HashMap<Arc<str>, Result<Regex, String>>,
}

impl State {
    fn regex(&mut self, pattern: &str) -> Result<Regex, FunctionError> {
        if let Some(known) = self.regexes.compiled.get(pattern) {
            return known.clone().map_err(FunctionError::from);
        }
        self.charge(pattern.len().saturating_mul(16))?;
        // A compiled program is charged against a bound of its own, as Go bounds repetitions.
        let compiled = RegexBuilder::new(&translate(pattern)).size_limit(4 << 20).build().map_err(|error| {
            let reason = reason(&error);
            format!("error parsing regexp: {reason}: `{pattern}`")
        });
        self.regexes.compiled.insert(pattern.into(), compiled.clone());
        compiled.map_err(FunctionError::from)
    }
}

/// Go's words for the most frequent mistakes.
fn reason(error: &regex::Error) -> String {
    let regex::Error::Syntax(text) = error else { return "expression too large".to_owned() };
    let own = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
    match own {
        "unclosed group" => "missing closing )".to_owned(),
        "unopened group" => "unexpected )".to_owned(),
        "unclosed character class" => "missing closing ]".to_owned(),
        "repetition operator missing expression" => "missing argument to repetition operator".to_owned(),
        "unrecognized escape sequence" => "invalid escape sequence".to_owned(),
        _ if own.starts_with("invalid character class range") => "invalid character class range".to_owned(),
        _ => own.to_owned(),
    }
}

/// A Go pattern as the regex crate wants it.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    // The depth of a bracketed class: in it, an opening bracket is a literal in Go.
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        match c {
            '\\' => {
                rest = escape(after, in_class, &mut out);
                continue;
            }
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                rest = after;
                if let Some(negated) = rest.strip_prefix('^') {
                    out.push('^');
                    rest = negated;
                }
                // A bracket that closes at once is a literal.
                if let Some(literal) = rest.strip_prefix(']') {
                    out.push_str("\\]");
                    rest = literal;
                }
                continue;
            }
            '[' => match after.strip_prefix(':').and_then(|name| name.find(":]")) {
                Some(end) => {
                    out.push_str(&rest[..end + 4]);
                    rest = &rest[end + 4..];
                    continue;
                }
                None => out.push_str("\\["),
            },
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(c);
            }
            // Two hyphens in a row would be a set difference.
            '-' if in_class && (after.starts_with('-') || out.ends_with('-')) => out.push_str("\\-"),
            '{' if !in_class && !is_repetition(rest) => out.push_str("\\{"),
            _ => out.push(c),
        }
        rest = after;
    }
    out
}

/// Whether `{2}`, `{2,}` or `{2,3}` stands here; any other brace is a literal in Go.
fn is_repetition(text: &str) -> bool {
    let Some((inner, _)) = text[1..].split_once('}') else { return false };
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

/// What stands behind a backslash; returns the rest of the pattern.
fn escape<'p>(after: &'p str, in_class: bool, out: &mut String) -> &'p str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return after;
    };
    let rest = &after[c.len_utf8()..];
    let class = match c {
        'd' => "0-9",
        's' => r"\t\n\x0c\r ",
        'w' => "0-9A-Za-z_",
        'D' => "^0-9",
        'S' => r"^\t\n\x0c\r ",
        'W' => "^0-9A-Za-z_",
        _ => "",
    };
    if !class.is_empty() {
        if in_class && !class.starts_with('^') {
            out.push_str(class);
            // Behind a class a hyphen is itself: there is no range that could begin with a class.
            if let Some(behind) = rest.strip_prefix('-') {
                out.push_str(r"\-");
                return behind;
            }
        } else {
            out.push('[');
            out.push_str(class);
            out.push(']');
        }
        return rest;
    }
    match c {
        'b' if !in_class => out.push_str(r"(?-u:\b)"),
        'B' if !in_class => out.push_str(r"(?-u:\B)"),
        'Q' => {
            let end = rest.find("\\E").unwrap_or(rest.len());
            out.push_str(&regex::escape(&rest[..end]));
            return rest.get(end + 2..).unwrap_or("");
        }
        '0' | '1'..='7' if c == '0' || rest.starts_with(|digit: char| ('0'..='7').contains(&digit)) => {
            let digits = 1 + rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
            let number = u32::from_str_radix(&after[..digits], 8).unwrap_or(0);
            out.push_str(&format!("\\x{{{number:x}}}"));
            return &after[digits..];
        }
        _ if c.is_ascii_punctuation() => out.push_str(&regex::escape(&c.to_string())),
        _ => {
            out.push('\\');
            out.push(c);
        }
    }
    rest
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
                error.context(&format!("regexp: Compile(`{pattern}`)"))
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
