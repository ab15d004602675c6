//! `.helmignore`: which files of a chart's folder are left out. One pattern a line, close to but not the same as
//! `.gitignore`.

use crate::matching;

/// The patterns of a chart.
#[derive(Debug, Clone)]
pub(crate) struct Ignore {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    pattern: String,
    negated: bool,
    directories_only: bool,
    whole_path: bool,
}

impl Ignore {
    /// Reads the patterns; hidden files right in `templates/` are always left out.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Vec::new();
        for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let pattern = line.trim();
            if pattern.is_empty() || pattern.starts_with('#') {
                continue;
            }
            let place = number + 1;
            if pattern.contains("**") {
                return Err(format!("line {place}: double-star (**) syntax is not supported"));
            }
            if !matching::is_pattern(pattern) {
                return Err(format!("line {place}: syntax error in pattern {pattern:?}"));
            }
            rules.push(Rule::new(pattern));
        }
        rules.push(Rule::new("templates/.?*"));
        Ok(Self { rules })
    }

    /// Whether the file or folder at `path` (relative to the chart) is left out.
    pub(crate) fn ignores(&self, path: &str, is_directory: bool) -> bool {
        for rule in &self.rules {
            if rule.negated {
                // Helm's meaning: whatever does not match is left out.
                if (rule.directories_only && !is_directory) || !rule.matches(path) {
                    return true;
                }
            } else if (is_directory || !rule.directories_only) && rule.matches(path) {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn new(pattern: &str) -> Self {
        let (negated, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |rest| (true, rest));
        let (directories_only, pattern) =
            pattern.strip_suffix('/').map_or((false, pattern), |rest| (true, rest));
        let (rooted, pattern) = pattern.strip_prefix('/').map_or((false, pattern), |rest| (true, rest));
        let whole_path = rooted || pattern.contains('/');
        Self { pattern: pattern.into(), negated, directories_only, whole_path }
    }

    fn matches(&self, path: &str) -> bool {
        let subject = if self.whole_path { path } else { path.rsplit('/').next().unwrap_or(path) };
        matching::matches(&self.pattern, subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_helm() {
        let text = "# comment\n*.bak\n/root.txt\nconf/skip/\ntemp?\n[ab].lst\ndocs/*.md\n\\#x\n";
        let ignore = Ignore::parse(text).unwrap();
        for (path, directory, ignored) in [
            ("x.bak", false, true),
            ("conf/y.bak", false, true),
            ("root.txt", false, true),
            ("conf/root.txt", false, false),
            ("conf/skip", true, true),
            ("conf/skip", false, false),
            ("temp1", false, true),
            ("temp12", false, false),
            ("a.lst", false, true),
            ("c.lst", false, false),
            ("docs/r.md", false, true),
            ("docs/sub/r.md", false, false),
            ("#x", false, true),
            ("templates/.hidden", false, true),
            ("templates/sub/.hidden", false, false),
            (".hidden", false, false),
        ] {
            assert_eq!(ignore.ignores(path, directory), ignored, "{path}");
        }
    }

    #[test]
    fn a_negated_pattern_leaves_out_everything_else() {
        let ignore = Ignore::parse("!*.yaml").unwrap();
        assert!(!ignore.ignores("values.yaml", false));
        assert!(ignore.ignores("readme.md", false));
    }

    #[test]
    fn patterns_that_cannot_be_meant_are_refused() {
        assert!(Ignore::parse("a/**/b").is_err());
        assert!(Ignore::parse("[a").is_err());
        assert!(Ignore::parse("a\\").is_err());
    }
}
