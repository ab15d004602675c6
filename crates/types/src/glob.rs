//! Glob patterns as Argo CD's policies and projects use them (the dialect of the `gobwas/glob` library).
//!
//! | pattern | matches |
//! |---|---|
//! | `*` | any text without a separator |
//! | `**` | any text |
//! | `?` | one character that is no separator |
//! | `[abc]`, `[a-z]`, `[!a-z]` | one character of (or not of) the set |
//! | `{a,b*}` | any of the alternatives |
//! | `\x` | `x` itself |
//!
//! Matching is done with a memo over (token, position), so that no pattern can make it exponential.

use std::collections::HashSet;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
    separators: Vec<char>,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bad pattern {pattern:?}: {reason}")]
pub struct GlobError {
    /// The text.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Literal(char),
    One,
    Any,
    AnyAndSeparators,
    Set { negated: bool, ranges: Vec<(char, char)> },
    Alternatives(Vec<Vec<Token>>),
}

/// Alternatives inside alternatives deeper than this are refused.
const MAX_DEPTH: usize = 16;

impl Glob {
    /// Compiles a pattern; `*` and `?` do not match `separators`.
    ///
    /// # Errors
    /// When a bracket or brace is not closed, a set is empty, or braces nest too deeply.
    pub fn new(pattern: &str, separators: &[char]) -> Result<Self, GlobError> {
        let characters: Vec<char> = pattern.chars().collect();
        let mut position = 0;
        let tokens = parse(&characters, &mut position, 0)
            .map_err(|reason| GlobError { pattern: pattern.to_owned(), reason })?;
        Ok(Self { tokens, separators: separators.to_vec() })
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        let characters: Vec<char> = text.chars().collect();
        match_here(&self.tokens, &characters, &self.separators)
    }
}

/// Whether `text` matches `pattern` without separators: `*` matches everything. A bad pattern matches nothing.
pub fn matches(pattern: &str, text: &str) -> bool {
    pattern == "*" || pattern == text || Glob::new(pattern, &[]).is_ok_and(|glob| glob.matches(text))
}

/// As [`matches`], but `*` and `?` stop at `separator`.
pub fn matches_with_separator(pattern: &str, text: &str, separator: char) -> bool {
    pattern == text || Glob::new(pattern, &[separator]).is_ok_and(|glob| glob.matches(text))
}

fn parse(pattern: &[char], position: &mut usize, depth: usize) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    while let Some(&character) = pattern.get(*position) {
        match character {
            '*' if pattern.get(*position + 1) == Some(&'*') => {
                *position += 1;
                tokens.push(Token::AnyAndSeparators);
            }
            '*' => tokens.push(Token::Any),
            '?' => tokens.push(Token::One),
            '[' => tokens.push(parse_set(pattern, position)?),
            '{' if depth == MAX_DEPTH => return Err("alternatives are nested too deeply"),
            '{' => tokens.push(parse_alternatives(pattern, position, depth)?),
            '}' | ',' if depth > 0 => return Ok(tokens),
            '\\' => {
                *position += 1;
                tokens.push(Token::Literal(*pattern.get(*position).ok_or("it ends with a backslash")?));
            }
            other => tokens.push(Token::Literal(other)),
        }
        *position += 1;
    }
    if depth > 0 { Err("a brace is not closed") } else { Ok(tokens) }
}

/// Reads `{a,b}`; leaves the position on the closing brace.
fn parse_alternatives(pattern: &[char], position: &mut usize, depth: usize) -> Result<Token, &'static str> {
    let mut alternatives = Vec::new();
    loop {
        *position += 1;
        alternatives.push(parse(pattern, position, depth + 1)?);
        if pattern.get(*position) == Some(&'}') {
            return Ok(Token::Alternatives(alternatives));
        }
    }
}

/// Reads `[…]`; leaves the position on the closing bracket.
fn parse_set(pattern: &[char], position: &mut usize) -> Result<Token, &'static str> {
    *position += 1;
    let negated = pattern.get(*position) == Some(&'!');
    if negated {
        *position += 1;
    }
    let mut ranges = Vec::new();
    loop {
        match pattern.get(*position) {
            None => return Err("a bracket is not closed"),
            Some(']') if ranges.is_empty() => return Err("a set is empty"),
            Some(']') => return Ok(Token::Set { negated, ranges }),
            Some(&first) => {
                let last = pattern.get(*position + 2).copied().filter(|last| *last != ']');
                match (pattern.get(*position + 1), last) {
                    (Some('-'), Some(last)) => {
                        ranges.push((first, last));
                        *position += 3;
                    }
                    _ => {
                        ranges.push((first, first));
                        *position += 1;
                    }
                }
            }
        }
    }
}

/// Whether `tokens` match all of `text`: the set of positions reachable after each token is carried along, so the
/// cost is tokens × text at the most.
fn match_here(tokens: &[Token], text: &[char], separators: &[char]) -> bool {
    advance(tokens, HashSet::from([0]), text, separators).contains(&text.len())
}

fn advance(tokens: &[Token], start: HashSet<usize>, text: &[char], separators: &[char]) -> HashSet<usize> {
    let mut positions = start;
    for token in tokens {
        let mut next = HashSet::new();
        match token {
            Token::Alternatives(alternatives) => {
                for alternative in alternatives {
                    next.extend(advance(alternative, positions.clone(), text, separators));
                }
            }
            Token::Any | Token::AnyAndSeparators => {
                for &position in &positions {
                    let mut end = position;
                    // A position that is already reached has carried on from there.
                    while next.insert(end) && end < text.len() {
                        if matches!(token, Token::Any) && separators.contains(&text[end]) {
                            break;
                        }
                        end += 1;
                    }
                }
            }
            single => {
                for &position in &positions {
                    if text.get(position).is_some_and(|&character| single.accepts(character, separators)) {
                        next.insert(position + 1);
                    }
                }
            }
        }
        if next.is_empty() {
            return next;
        }
        positions = next;
    }
    positions
}

impl Token {
    fn accepts(&self, character: char, separators: &[char]) -> bool {
        match self {
            Self::Literal(literal) => *literal == character,
            Self::One => !separators.contains(&character),
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&character)) != *negated
            }
            Self::Any | Self::AnyAndSeparators | Self::Alternatives(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_policies() {
        for (pattern, text, plain, by_slash) in [
            ("*", "a/b", true, false),
            ("**", "a/b", true, true),
            ("a/*", "a/b", true, true),
            ("a/*", "a/b/c", true, false),
            ("a/**", "a/b/c", true, true),
            ("https://github.com/*/repo", "https://github.com/org/repo", true, true),
            ("team-?", "team-a", true, true),
            ("team-?", "team-", false, false),
            ("[a-c]x", "bx", true, true),
            ("[!a-c]x", "bx", false, false),
            ("[!a-c]x", "dx", true, true),
            ("{dev,prod-*}/x", "prod-eu/x", true, true),
            ("{dev,prod-*}/x", "stage/x", false, false),
            (r"\*", "*", true, true),
            (r"\*", "a", false, false),
            ("", "", true, true),
            ("a", "", false, false),
            ("*.example.com", "a.b.example.com", true, true),
        ] {
            assert_eq!(matches(pattern, text), plain, "{pattern:?} {text:?}");
            assert_eq!(matches_with_separator(pattern, text, '/'), by_slash, "{pattern:?} {text:?} by /");
        }
    }

    #[test]
    fn bad_patterns_are_named() {
        for pattern in ["[a", "[]", "{a,b", "a\\", &"{".repeat(40)] {
            assert!(Glob::new(pattern, &[]).is_err(), "{pattern:?}");
            assert!(!matches(pattern, "a"), "{pattern:?}");
        }
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(4000).replace('a', "ab")));
    }
}
