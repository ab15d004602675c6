//! Semantic versions and version constraints as Helm and sprig understand them: lenient parsing, and the rule that a
//! pre-release satisfies a constraint only if the constraint names one.
//!
//! Neighbor: `constraint.rs`. The module stands alone, for everything that has to read versions as Go tools do.

mod constraint;

use std::cmp::Ordering;

pub use constraint::Constraint;

/// Why a text is no version or no constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SemverError {
    /// Not a version at all.
    #[error("invalid semantic version")]
    Invalid,
    /// A strict version must not be empty.
    #[error("version string empty")]
    Empty,
    /// A part of a strict version isn't a number.
    #[error("invalid characters in version")]
    Characters,
    /// A number with a leading zero.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// A number too large.
    #[error("error parsing version segment: strconv.ParseUint: parsing {0:?}: value out of range")]
    Overflow(String),
    /// A pre-release part is empty or a number with a leading zero.
    #[error("invalid prerelease string")]
    Prerelease,
    /// A part of the build metadata is empty.
    #[error("invalid metadata string")]
    Metadata,
    /// Not a constraint.
    #[error("improper constraint: {}", crate::print::quoted(.0))]
    Constraint(String),
    /// A constraint whose version can't be read.
    #[error("constraint parser error")]
    ConstraintVersion,
}

/// A semantic version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second number, 0 when left out.
    pub minor: u64,
    /// The third number, 0 when left out.
    pub patch: u64,
    /// What follows the hyphen; empty for a release.
    pub prerelease: String,
    /// What follows the plus sign.
    pub metadata: String,
    /// The text as it was given.
    pub original: String,
}

fn is_identifiers(text: &str) -> bool {
    text.split('.')
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
}

fn number(text: &str) -> Result<u64, SemverError> {
    text.parse().map_err(|_| SemverError::Overflow(text.to_owned()))
}

/// Numbers in a pre-release have no leading zeros.
fn check_prerelease(text: &str) -> Result<(), SemverError> {
    let zero = |part: &str| {
        part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if text.split('.').any(zero) { Err(SemverError::LeadingZero) } else { Ok(()) }
}

impl Version {
    /// Reads a version leniently: an optional `v`, minor and patch optional, leading zeros allowed.
    ///
    /// # Errors
    /// The text is no version.
    pub fn parse(text: &str) -> Result<Version, SemverError> {
        let (rest, metadata) = match text.split_once('+') {
            Some((rest, metadata)) if is_identifiers(metadata) => (rest, metadata),
            Some(_) => return Err(SemverError::Invalid),
            None => (text, ""),
        };
        let (numbers, prerelease) = match rest.split_once('-') {
            Some((numbers, prerelease)) if is_identifiers(prerelease) => (numbers, prerelease),
            Some(_) => return Err(SemverError::Invalid),
            None => (rest, ""),
        };
        let parts: Vec<&str> = numbers.strip_prefix('v').unwrap_or(numbers).split('.').collect();
        let digits = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if parts.len() > 3 || !parts.iter().all(digits) {
            return Err(SemverError::Invalid);
        }
        let at = |index: usize| parts.get(index).map_or(Ok(0), |part| number(part));
        let version = Version {
            major: at(0)?,
            minor: at(1)?,
            patch: at(2)?,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        };
        check_prerelease(prerelease)?;
        Ok(version)
    }

    /// Reads a version by the letter of the standard: three numbers, no `v`, no leading zeros.
    ///
    /// # Errors
    /// The text is no such version.
    pub fn parse_strict(text: &str) -> Result<Version, SemverError> {
        if text.is_empty() {
            return Err(SemverError::Empty);
        }
        let parts: Vec<&str> = text.splitn(3, '.').collect();
        let [major, minor, rest] = parts.as_slice() else { return Err(SemverError::Invalid) };
        let (rest, metadata) =
            rest.split_once('+').map_or((*rest, None), |(rest, metadata)| (rest, Some(metadata)));
        if metadata.is_some_and(|metadata| !is_identifiers(metadata)) {
            return Err(SemverError::Metadata);
        }
        let (patch, prerelease) =
            rest.split_once('-').map_or((rest, None), |(patch, pre)| (patch, Some(pre)));
        if prerelease.is_some_and(|prerelease| !is_identifiers(prerelease)) {
            return Err(SemverError::Prerelease);
        }
        check_prerelease(prerelease.unwrap_or_default())?;
        for part in [major, minor, patch] {
            if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(SemverError::Characters);
            }
            if part.len() > 1 && part.starts_with('0') {
                return Err(SemverError::LeadingZero);
            }
        }
        Ok(Version {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }
}

impl std::fmt::Display for Version {
    /// The normal form: three numbers, no `v`.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(formatter, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(formatter, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl Version {
    /// The order of precedence; build metadata and the original text don't count.
    #[must_use]
    pub fn compare(&self, other: &Version) -> Ordering {
        (self.major, self.minor, self.patch)
            .cmp(&(other.major, other.minor, other.patch))
            .then_with(|| compare_prerelease(&self.prerelease, &other.prerelease))
    }
}

/// A release comes after its pre-releases; numbers come before words.
fn compare_prerelease(left: &str, right: &str) -> Ordering {
    match (left.is_empty(), right.is_empty()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        _ => {}
    }
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let (a, b) = match (left.next(), right.next()) {
            (Some(a), Some(b)) => (a, b),
            (a, b) => return a.is_some().cmp(&b.is_some()),
        };
        let order = match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            _ => a.cmp(b),
        };
        if order.is_ne() {
            return order;
        }
    }
}
