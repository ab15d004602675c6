//! The patterns of `.Files.Glob`: `*` within a folder, `**` across folders, `?`, `[…]`, `{a,b}`.

/// A pattern that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(char),
    /// Any one character but `/`.
    One,
    /// Any characters but `/`.
    Some,
    /// Any characters.
    All,
    Class {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    Either(Vec<Vec<Part>>),
}

/// Steps after which a match is given up; patterns and names in charts need a handful.
const MAX_STEPS: usize = 1_000_000;

impl Glob {
    /// Reads a pattern; `None` if it is none.
    pub(crate) fn parse(pattern: &str) -> Option<Self> {
        let characters: Vec<char> = pattern.chars().collect();
        let mut at = 0;
        let parts = parse(&characters, &mut at, 0)?;
        (at == characters.len()).then_some(Self { parts })
    }

    /// Whether the whole path fits.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let characters: Vec<char> = path.chars().collect();
        let mut steps = 0;
        let parts: Vec<&Part> = self.parts.iter().collect();
        matches(&parts, &characters, &mut steps)
    }
}

fn parse(pattern: &[char], at: &mut usize, depth: usize) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    while let Some(c) = pattern.get(*at).copied() {
        match c {
            ',' | '}' if depth > 0 => break,
            _ => *at += 1,
        }
        parts.push(match c {
            '*' if pattern.get(*at) == Some(&'*') => {
                *at += 1;
                Part::All
            }
            '*' => Part::Some,
            '?' => Part::One,
            '\\' => {
                let literal = *pattern.get(*at)?;
                *at += 1;
                Part::Literal(literal)
            }
            '[' => class(pattern, at)?,
            '{' => {
                if depth > 16 {
                    return None;
                }
                let mut choices = Vec::new();
                loop {
                    choices.push(parse(pattern, at, depth + 1)?);
                    let end = *pattern.get(*at)?;
                    *at += 1;
                    if end == '}' {
                        break Part::Either(choices);
                    }
                }
            }
            literal => Part::Literal(literal),
        });
    }
    Some(parts)
}

fn class(pattern: &[char], at: &mut usize) -> Option<Part> {
    let negated = matches!(pattern.get(*at), Some('!' | '^'));
    *at += usize::from(negated);
    let mut ranges = Vec::new();
    loop {
        let mut low = *pattern.get(*at)?;
        *at += 1;
        if low == ']' {
            break;
        }
        if low == '\\' {
            low = *pattern.get(*at)?;
            *at += 1;
        }
        let mut high = low;
        if pattern.get(*at) == Some(&'-') && pattern.get(*at + 1).is_some_and(|c| *c != ']') {
            high = *pattern.get(*at + 1)?;
            *at += 2;
        }
        ranges.push((low, high));
    }
    (!ranges.is_empty()).then_some(Part::Class { ranges, negated })
}

fn matches(parts: &[&Part], path: &[char], steps: &mut usize) -> bool {
    *steps += 1;
    if *steps > MAX_STEPS {
        return false;
    }
    let Some((part, rest)) = parts.split_first() else { return path.is_empty() };
    match part {
        Part::Literal(c) => path.first() == Some(c) && matches(rest, &path[1..], steps),
        Part::One => path.first().is_some_and(|c| *c != '/') && matches(rest, &path[1..], steps),
        Part::Class { ranges, negated } => {
            let Some(c) = path.first() else { return false };
            let found = ranges.iter().any(|(low, high)| (low..=high).contains(&c));
            *c != '/' && found != *negated && matches(rest, &path[1..], steps)
        }
        Part::Some | Part::All => {
            let limit = match part {
                Part::Some => path.iter().position(|c| *c == '/').unwrap_or(path.len()),
                _ => path.len(),
            };
            (0..=limit).any(|length| matches(rest, &path[length..], steps))
        }
        Part::Either(choices) => choices.iter().any(|choice| {
            let joined: Vec<&Part> = choice.iter().chain(rest.iter().copied()).collect();
            matches(&joined, path, steps)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, fits) in [
            ("*", "a.txt", true),
            ("*", "dir/a.txt", false),
            ("**", "dir/sub/a.txt", true),
            ("conf/*.conf", "conf/a.conf", true),
            ("conf/**.conf", "conf/deep/x/c.conf", true),
            ("conf/*", "conf/deep/x", false),
            ("files/{a,b}.*", "files/b.txt", true),
            ("files/{a,b}.*", "files/c.txt", false),
            ("file?.[!a-c]", "file1.d", true),
            ("file?.[!a-c]", "file1.b", false),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().matches(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn broken_patterns_are_none() {
        for pattern in ["[a", "{a,b", "a\\", "[]"] {
            assert_eq!(Glob::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = "**a".repeat(30);
        assert!(!Glob::parse(&pattern).unwrap().matches(&format!("{}b", "a".repeat(200))));
    }
}
