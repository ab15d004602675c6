//! [`Scope`]: which namespaces one watch covers.

use regex::Regex;

/// Which namespaces one watch covers.
#[derive(Debug, Clone)]
pub(super) enum Scope {
    /// One namespace.
    Namespace(String),
    /// The whole cluster, of which only namespaces that match count.
    Matching(Vec<Pattern>),
}

/// A glob, or a regular expression between slashes.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Glob(String),
    Regex(Regex),
}

impl Pattern {
    fn new(text: &str) -> Self {
        text.strip_prefix('/')
            .and_then(|rest| rest.strip_suffix('/'))
            .and_then(|expression| Regex::new(expression).ok())
            .map_or_else(|| Pattern::Glob(text.to_owned()), Pattern::Regex)
    }

    fn matches(&self, namespace: &str) -> bool {
        match self {
            Pattern::Glob(glob) => types::glob::matches(glob, namespace),
            Pattern::Regex(regex) => regex.is_match(namespace),
        }
    }
}

impl Scope {
    pub(super) fn namespace(name: &str) -> Self {
        Scope::Namespace(name.to_owned())
    }

    /// The watches needed for the control plane's namespace and further ones. One pattern among them is enough to
    /// need a watch of the whole cluster, which then serves all.
    pub(super) fn of(namespace: &str, further: &[String]) -> Vec<Self> {
        let is_pattern = |text: &String| text.contains(['*', '?', '[', '{', '/']);
        let mut all = vec![namespace.to_owned()];
        all.extend(further.iter().filter(|text| !text.is_empty()).cloned());
        if further.iter().any(is_pattern) {
            return vec![Scope::Matching(all.iter().map(|text| Pattern::new(text)).collect())];
        }
        all.sort();
        all.dedup();
        all.into_iter().map(Scope::Namespace).collect()
    }

    /// The namespace in the watch's path; `None` for the whole cluster.
    pub(super) fn path_namespace(&self) -> Option<&str> {
        match self {
            Scope::Namespace(name) => Some(name),
            Scope::Matching(_) => None,
        }
    }

    pub(super) fn covers(&self, namespace: &str) -> bool {
        match self {
            Scope::Namespace(name) => name == namespace,
            Scope::Matching(patterns) => patterns.iter().any(|pattern| pattern.matches(namespace)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_watched_one_by_one_and_patterns_by_one_watch() {
        let names = Scope::of("argocd", &["team-a".into(), "argocd".into(), String::new()]);
        assert_eq!(
            names.iter().map(Scope::path_namespace).collect::<Vec<_>>(),
            [Some("argocd"), Some("team-a")]
        );
        let patterns = Scope::of("argocd", &["team-*".into(), "/^x[0-9]+$/".into()]);
        let [scope] = &patterns[..] else { panic!("{patterns:?}") };
        assert_eq!(scope.path_namespace(), None);
        for (namespace, covered) in
            [("argocd", true), ("team-b", true), ("x12", true), ("x", false), ("prod", false)]
        {
            assert_eq!(scope.covers(namespace), covered, "{namespace}");
        }
    }
}
