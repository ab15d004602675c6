//! Versions and constraints on them, by which tags, charts and OCI artifacts are chosen.

use gotmpl::semver::{Constraint, Version};

/// Whether the text is a version by itself (`1.2.3`, `v1.2`, `1`), rather than a constraint.
pub(crate) fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}

/// The highest of the candidates that satisfies the constraint; the first of equal ones. Candidates that are no
/// versions are passed over, and a text that is no constraint is satisfied by none.
pub(crate) fn highest<'a>(constraint: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let constraint = Constraint::parse(constraint).ok()?;
    let mut best: Option<(Version, &str)> = None;
    for candidate in candidates {
        let Ok(version) = Version::parse(candidate) else { continue };
        let better = best.as_ref().is_none_or(|(known, _)| version.compare(known).is_gt());
        if better && constraint.check(&version) {
            best = Some((version, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_that_fits_wins() {
        let versions = ["0.9.0", "v1.2.0", "1.10.0", "1.2.0+build", "2.0.0-rc.1", "latest"];
        for (constraint, expected) in [
            ("1.x", Some("1.10.0")),
            ("~1.2", Some("v1.2.0")),
            ("*", Some("1.10.0")),
            (">=2.0.0-0", Some("2.0.0-rc.1")),
            ("<1 || >3", Some("0.9.0")),
            ("0.8 - 1.3", Some("v1.2.0")),
            ("3.x", None),
            ("main", None),
        ] {
            assert_eq!(highest(constraint, versions.into_iter()), expected, "{constraint}");
        }
        assert!(is_version("v1.2") && is_version("1") && !is_version("1.x") && !is_version("main"));
    }
}
