//! The build variables (`ARGOCD_APP_…`) and their substitution, which notes what is used: a render that never asked
//! for the commit does not depend on it.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// The build variables of one source.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    values: BTreeMap<&'static str, String>,
    used: Mutex<BTreeMap<&'static str, String>>,
}

/// What the variables are made of.
pub(crate) struct Facts<'a> {
    pub(crate) instance: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) project: &'a str,
    pub(crate) revision: &'a str,
    pub(crate) repository: &'a str,
    pub(crate) path: &'a str,
    pub(crate) target_revision: &'a str,
}

#[cfg(test)]
impl Facts<'static> {
    /// Those of some application, for tests.
    pub(crate) fn example() -> Self {
        Self {
            instance: "web",
            namespace: "shop",
            project: "default",
            revision: "0123456789abcdef",
            repository: "https://example.com/r",
            path: "apps/web",
            target_revision: "main",
        }
    }
}

impl Variables {
    pub(crate) fn new(facts: &Facts<'_>) -> Self {
        let first = |count: usize| facts.revision.chars().take(count).collect::<String>();
        let values = BTreeMap::from([
            ("ARGOCD_APP_NAME", facts.instance.to_owned()),
            ("ARGOCD_APP_NAMESPACE", facts.namespace.to_owned()),
            ("ARGOCD_APP_PROJECT_NAME", facts.project.to_owned()),
            ("ARGOCD_APP_REVISION", facts.revision.to_owned()),
            ("ARGOCD_APP_REVISION_SHORT", first(7)),
            ("ARGOCD_APP_REVISION_SHORT_8", first(8)),
            ("ARGOCD_APP_SOURCE_REPO_URL", facts.repository.to_owned()),
            ("ARGOCD_APP_SOURCE_PATH", facts.path.to_owned()),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", facts.target_revision.to_owned()),
        ]);
        Self { values, used: Mutex::default() }
    }

    /// The variables used so far, with their values.
    pub(crate) fn used(&self) -> BTreeMap<&'static str, String> {
        self.used.lock().clone()
    }

    /// All variables with their values, for a tool that may use any of them.
    pub(crate) fn all(&self) -> BTreeMap<&'static str, String> {
        self.used.lock().clone_from(&self.values);
        self.values.clone()
    }

    /// The value of a variable, without noting its use.
    pub(crate) fn peek(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn value(&self, name: &str) -> &str {
        match self.values.get_key_value(name) {
            Some((name, value)) => {
                self.used.lock().insert(name, value.clone());
                value
            }
            None => "",
        }
    }

    /// Replaces `$NAME` and `${NAME}` as Go's `os.Expand` does: unknown names become empty, `$$` becomes `$`.
    pub(crate) fn expand(&self, text: &str) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            expanded.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, length) = name_at(after);
            match name {
                // A lone dollar sign stays, and so does what follows it.
                Some("") if length == 0 => expanded.push('$'),
                Some("$") => expanded.push('$'),
                Some(name) => expanded.push_str(self.value(name)),
                // Malformed braces swallow what they cover.
                None => {}
            }
            rest = &after[length..];
        }
        expanded.push_str(rest);
        expanded
    }
}

fn is_special(character: char) -> bool {
    matches!(character, '*' | '#' | '$' | '@' | '!' | '?' | '-' | '0'..='9')
}

fn is_name(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// The name that a text starts with after a dollar sign, and the bytes it takes; no name for malformed braces.
fn name_at(text: &str) -> (Option<&str>, usize) {
    let Some(first) = text.chars().next() else { return (Some(""), 0) };
    if first == '{' {
        let inner = &text[1..];
        let special = inner.chars().next().filter(|character| is_special(*character));
        if special.is_some() && inner[1..].starts_with('}') {
            return (Some(&inner[..1]), 3);
        }
        return match inner.find('}') {
            Some(0) => (None, 2),
            Some(end) => (Some(&inner[..end]), end + 2),
            None => (None, 1),
        };
    }
    if is_special(first) {
        return (Some(&text[..1]), 1);
    }
    let length = text.find(|character| !is_name(character)).unwrap_or(text.len());
    (Some(&text[..length]), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substitution_is_gos() {
        let variables = Variables::new(&Facts::example());
        for (text, expected) in [
            ("plain", "plain"),
            ("$ARGOCD_APP_NAME-x", "web-x"),
            ("${ARGOCD_APP_NAME}x", "webx"),
            ("$ARGOCD_APP_REVISION_SHORT", "0123456"),
            ("$$", "$"),
            ("$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME"),
            ("$UNKNOWN.", "."),
            ("$HOME", ""),
            ("a$", "a$"),
            ("$.b", "$.b"),
            ("$1x", "x"),
            ("${1}", ""),
            ("${}x", "x"),
            ("${open", "open"),
        ] {
            assert_eq!(variables.expand(text), expected, "{text}");
        }
        let used: Vec<_> = variables.used().into_keys().collect();
        assert_eq!(
            used,
            ["ARGOCD_APP_NAME", "ARGOCD_APP_REVISION_SHORT"],
            "a dollar sign of its own uses nothing"
        );
    }
}
