//! Version constraints: `>=1.2 <2 || ~3.1`, `^1.2.3`, `1.x`, `1.2 - 1.4`.

use std::cmp::Ordering;

use super::{SemverError, Version, compare_prerelease, is_identifiers};

/// A condition on versions: alternatives of comparisons that must all hold.
#[derive(Debug, Clone)]
pub struct Constraint {
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone)]
struct Alternative {
    comparisons: Vec<Comparison>,
    /// Whether a comparison names a pre-release, so that pre-releases may satisfy the alternative.
    prerelease: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    TildeOrEqual,
    NotEqual,
    Greater,
    Less,
    GreaterEqual,
    LessEqual,
    Tilde,
    Caret,
}

#[derive(Debug, Clone)]
struct Comparison {
    operator: Operator,
    version: Version,
    /// Something was left out or a wildcard.
    dirty: bool,
    minor_dirty: bool,
    patch_dirty: bool,
}

/// Reads a constraint from left to right.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn spaces(&mut self) -> bool {
        let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        let moved = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        moved
    }

    fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn operator(&mut self) -> Operator {
        const OPERATORS: [(&str, Operator); 11] = [
            ("!=", Operator::NotEqual),
            (">=", Operator::GreaterEqual),
            ("=>", Operator::GreaterEqual),
            ("<=", Operator::LessEqual),
            ("=<", Operator::LessEqual),
            ("~>", Operator::Tilde),
            ("~", Operator::Tilde),
            ("^", Operator::Caret),
            (">", Operator::Greater),
            ("<", Operator::Less),
            ("=", Operator::TildeOrEqual),
        ];
        let found = OPERATORS.iter().find(|(sign, _)| self.take(sign));
        found.map_or(Operator::TildeOrEqual, |(_, operator)| *operator)
    }

    /// The text of a version, wildcards allowed.
    fn version(&mut self) -> Option<&'t str> {
        let text = self.rest;
        let segment =
            |text: &str| text.bytes().take_while(|b| b.is_ascii_digit() || b"|xX*".contains(b)).count();
        let mut at = usize::from(text.starts_with('v'));
        let first = segment(&text[at..]);
        if first == 0 {
            return None;
        }
        at += first;
        for _ in 0..2 {
            let more = text[at..].strip_prefix('.').map_or(0, segment);
            if more == 0 {
                break;
            }
            at += 1 + more;
        }
        for sign in ['-', '+'] {
            if let Some(rest) = text[at..].strip_prefix(sign) {
                let length =
                    rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || b"-.".contains(b)).count();
                // Only as much as forms identifiers: a trailing dot doesn't belong to it.
                let identifiers = rest[..length].split_inclusive('.').take_while(|part| *part != ".");
                let used: usize = identifiers.map(str::len).sum();
                let used = rest[..used].trim_end_matches('.').len();
                if used > 0 && is_identifiers(&rest[..used]) {
                    at += 1 + used;
                }
            }
        }
        self.rest = &text[at..];
        Some(&text[..at])
    }
}

fn is_wildcard(part: &str) -> bool {
    matches!(part, "x" | "X" | "*")
}

impl Constraint {
    /// Reads a constraint.
    ///
    /// # Errors
    /// The text is no constraint.
    pub fn parse(text: &str) -> Result<Constraint, SemverError> {
        let rewritten = rewrite_ranges(text);
        let alternatives = rewritten.split("||").map(alternative).collect::<Result<_, _>>()?;
        Ok(Constraint { alternatives })
    }

    /// Whether the version satisfies the constraint.
    #[must_use]
    pub fn check(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|alternative| {
            alternative.comparisons.iter().all(|comparison| {
                (version.prerelease.is_empty() || alternative.prerelease) && comparison.holds(version)
            })
        })
    }

    /// Whether the version satisfies the constraint when pre-releases count like releases.
    #[must_use]
    pub fn check_with_prereleases(&self, version: &Version) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| alternative.comparisons.iter().all(|one| one.holds(version)))
    }
}

/// `1.2 - 1.4` means from the first to the second.
fn rewrite_ranges(text: &str) -> String {
    let mut out = String::new();
    let mut reader = Reader { rest: text };
    while !reader.rest.is_empty() {
        let before = reader.rest;
        let low = reader.version();
        let range = low.and_then(|low| {
            let spaced = reader.spaces();
            let dash = spaced && reader.take("-") && reader.spaces();
            reader.rest = if dash { reader.rest } else { before };
            if dash { Some((low, reader.version()?)) } else { None }
        });
        match range {
            Some((low, high)) => {
                out.push_str(&format!(">= {low}, <= {high} "));
                reader.spaces();
            }
            None => {
                reader.rest = before;
                let length = match reader.version() {
                    Some(version) => version.len(),
                    None => before.chars().next().map_or(1, char::len_utf8),
                };
                out.push_str(&before[..length]);
                reader.rest = &before[length..];
            }
        }
    }
    out
}

fn alternative(text: &str) -> Result<Alternative, SemverError> {
    let improper = || SemverError::Constraint(text.to_owned());
    let mut reader = Reader { rest: text };
    let mut comparisons = Vec::new();
    loop {
        reader.spaces();
        let operator = reader.operator();
        reader.spaces();
        let version = reader.version().ok_or_else(improper)?;
        comparisons.push(Comparison::new(operator, version)?);
        let spaced = reader.spaces();
        if reader.rest.is_empty() {
            break;
        }
        if !reader.take(",") && !spaced {
            return Err(improper());
        }
    }
    let prerelease = comparisons.iter().any(|comparison| !comparison.version.prerelease.is_empty());
    Ok(Alternative { comparisons, prerelease })
}

impl Comparison {
    fn new(operator: Operator, text: &str) -> Result<Comparison, SemverError> {
        let (rest, metadata) = text.split_once('+').map_or((text, ""), |(rest, metadata)| (rest, metadata));
        let _ = metadata;
        let (numbers, prerelease) = match rest.split_once('-') {
            Some((numbers, prerelease)) => (numbers, format!("-{prerelease}")),
            None => (rest, String::new()),
        };
        let parts: Vec<&str> = numbers.trim_start_matches('v').split('.').collect();
        let open = |index: usize| parts.get(index).is_none_or(|part| is_wildcard(part));
        let (minor_dirty, patch_dirty);
        let normal = if open(0) {
            (minor_dirty, patch_dirty) = (false, false);
            format!("0.0.0{prerelease}")
        } else if open(1) {
            (minor_dirty, patch_dirty) = (true, false);
            format!("{}.0.0{prerelease}", parts[0])
        } else if open(2) {
            (minor_dirty, patch_dirty) = (false, true);
            format!("{}.{}.0{prerelease}", parts[0], parts[1])
        } else {
            (minor_dirty, patch_dirty) = (false, false);
            rest.to_owned()
        };
        let dirty = open(0) || open(1) || open(2);
        let version = Version::parse(&normal).map_err(|_| SemverError::ConstraintVersion)?;
        Ok(Comparison { operator, version, dirty, minor_dirty, patch_dirty })
    }

    fn holds(&self, version: &Version) -> bool {
        let wanted = &self.version;
        let order = version.compare(wanted);
        match self.operator {
            Operator::TildeOrEqual if self.dirty => self.tilde(version),
            Operator::TildeOrEqual => order == Ordering::Equal,
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
            Operator::NotEqual => self.not_equal(version),
            Operator::Less => order == Ordering::Less,
            Operator::GreaterEqual => order != Ordering::Less,
            Operator::Greater if !self.dirty => order == Ordering::Greater,
            Operator::Greater => match version.major.cmp(&wanted.major) {
                Ordering::Equal if self.minor_dirty => false,
                Ordering::Equal if self.patch_dirty => version.minor > wanted.minor,
                Ordering::Equal => order == Ordering::Greater,
                major => major == Ordering::Greater,
            },
            Operator::LessEqual if !self.dirty => order != Ordering::Greater,
            Operator::LessEqual => {
                version.major < wanted.major
                    || (version.major == wanted.major && (self.minor_dirty || version.minor <= wanted.minor))
            }
        }
    }

    fn not_equal(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if self.dirty {
            if version.major != wanted.major {
                return true;
            }
            if self.minor_dirty {
                return false;
            }
            if version.minor != wanted.minor {
                return true;
            }
            if self.patch_dirty {
                return compare_prerelease(&version.prerelease, &wanted.prerelease).is_ne();
            }
        }
        version.compare(wanted).is_ne()
    }

    fn tilde(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted) == Ordering::Less {
            return false;
        }
        // Nothing but a wildcard, or 0.0.0 itself, allows everything above it.
        let zero = (wanted.major, wanted.minor, wanted.patch) == (0, 0, 0);
        if zero && !self.minor_dirty && !self.patch_dirty {
            return true;
        }
        version.major == wanted.major && (version.minor == wanted.minor || self.minor_dirty)
    }

    fn caret(&self, version: &Version) -> bool {
        let wanted = &self.version;
        if version.compare(wanted) == Ordering::Less {
            return false;
        }
        if wanted.major > 0 || self.minor_dirty {
            return version.major == wanted.major;
        }
        if version.major > 0 {
            return false;
        }
        if wanted.minor > 0 || self.patch_dirty {
            return version.minor == wanted.minor;
        }
        version.minor == 0 && version.patch == wanted.patch
    }
}
