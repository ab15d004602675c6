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
        reached(&self.parts, vec![0], &characters, &mut 0).last() == Some(&characters.len())
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
                    let end = pattern.get(*at).copied();
                    *at += usize::from(end.is_some());
                    // Braces that nobody closes end with the pattern.
                    if end != Some(',') {
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
    let negated = pattern.get(*at) == Some(&'!');
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

impl Part {
    /// Whether a character fits a part that stands for one.
    fn accepts(&self, c: char) -> bool {
        match self {
            Self::Literal(literal) => *literal == c,
            Self::One => c != '/',
            Self::Class { ranges, negated } => {
                c != '/' && ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *negated
            }
            Self::Some | Self::All | Self::Either(_) => false,
        }
    }

    /// How far a star reaches from a place.
    fn end(&self, path: &[char], place: usize) -> usize {
        let slash = path.iter().skip(place).position(|c| *c == '/').filter(|_| *self == Self::Some);
        slash.map_or(path.len(), |length| place + length)
    }
}

/// The places of the path that are reached when `parts` are passed from any of `begin`, in order and each once.
///
/// All places are carried along at the same time: no pattern makes it try again, and a long one doesn't nest.
fn reached(parts: &[Part], begin: Vec<usize>, path: &[char], steps: &mut usize) -> Vec<usize> {
    let mut places = begin;
    for part in parts {
        *steps = steps.saturating_add(places.len());
        if places.is_empty() || *steps > MAX_STEPS {
            return Vec::new();
        }
        places = match part {
            Part::Some | Part::All => {
                let mut next: Vec<usize> = Vec::new();
                for place in places {
                    // A place that an earlier one has reached goes no further than that one.
                    if next.last().is_none_or(|last| *last < place) {
                        next.extend(place..=part.end(path, place));
                    }
                }
                *steps = steps.saturating_add(next.len());
                next
            }
            Part::Either(choices) => {
                let mut next: Vec<usize> =
                    choices.iter().flat_map(|choice| reached(choice, places.clone(), path, steps)).collect();
                next.sort_unstable();
                next.dedup();
                next
            }
            single => {
                let fits = |place: &usize| path.get(*place).is_some_and(|c| single.accepts(*c));
                places.into_iter().filter(fits).map(|place| place + 1).collect()
            }
        };
    }
    places
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
            ("**/c", "a/b/c", true),
            ("a*/*c", "ab/bc", true),
            ("a*/*c", "ab/b/c", false),
            ("{,a,a/b}/{*,**}", "a/b/c", true),
            ("*", "", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(Glob::parse(pattern).unwrap().matches(path), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn broken_patterns_are_none() {
        for pattern in ["[a", "a\\", "[]"] {
            assert_eq!(Glob::parse(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn hostile_patterns_end() {
        let pattern = "**a".repeat(30);
        assert!(!Glob::parse(&pattern).unwrap().matches(&format!("{}b", "a".repeat(200))));
        // Neither does a long one nest.
        for pattern in ["a", "?", "*", "**", "{a,b}", "[a]"] {
            let _ = Glob::parse(&pattern.repeat(300_000)).unwrap().matches(&"a".repeat(300_000));
        }
    }
}
