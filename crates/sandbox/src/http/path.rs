//! What a request's path names: a resource, an object, a subresource, or one of the documents about the API.
//! Neighbors: `query.rs` reads what follows the `?`, `mod.rs` dispatches.

/// The parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Version,
    /// `/api`
    CoreVersions,
    /// `/apis`
    Groups,
    /// `/apis/GROUP`
    Group(String),
    /// `/api/v1` or `/apis/GROUP/VERSION`
    Resources {
        group: String,
        version: String,
    },
    OpenApiV2,
    /// `/openapi/v3`
    OpenApiV3Index,
    /// `/openapi/v3/apis/apps/v1`, without the prefix
    OpenApiV3(String),
    /// `/healthz`, `/livez`, `/readyz`
    Health,
    Resource(ResourcePath),
    Unknown,
}

/// A collection, an object or a subresource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ResourcePath {
    pub(crate) group: String,
    pub(crate) version: String,
    /// Empty for cluster-scoped resources and for lists over all namespaces.
    pub(crate) namespace: String,
    pub(crate) plural: String,
    /// Empty for a collection.
    pub(crate) name: String,
    /// Empty for the object itself; anything after a proxy's subresource is dropped.
    pub(crate) subresource: String,
    /// The path had the old `/watch/` prefix.
    pub(crate) legacy_watch: bool,
}

/// Parses an absolute, still percent-encoded path.
pub(crate) fn parse(path: &str) -> Target {
    let segments: Vec<String> =
        path.split('/').filter(|segment| !segment.is_empty()).map(percent_decode).collect();
    let words: Vec<&str> = segments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["version"] => Target::Version,
        ["healthz" | "livez" | "readyz", ..] => Target::Health,
        ["openapi", "v2"] => Target::OpenApiV2,
        ["openapi", "v3"] => Target::OpenApiV3Index,
        ["openapi", "v3", rest @ ..] => Target::OpenApiV3(rest.join("/")),
        ["api"] => Target::CoreVersions,
        ["apis"] => Target::Groups,
        ["apis", group] => Target::Group((*group).to_owned()),
        ["api", version] => Target::Resources { group: String::new(), version: (*version).to_owned() },
        ["apis", group, version] => {
            Target::Resources { group: (*group).to_owned(), version: (*version).to_owned() }
        }
        ["api", version, rest @ ..] => resource("", version, rest),
        ["apis", group, version, rest @ ..] => resource(group, version, rest),
        _ => Target::Unknown,
    }
}

fn resource(group: &str, version: &str, rest: &[&str]) -> Target {
    let mut path =
        ResourcePath { group: group.to_owned(), version: version.to_owned(), ..ResourcePath::default() };
    let rest = match rest {
        ["watch", rest @ ..] if !rest.is_empty() => {
            path.legacy_watch = true;
            rest
        }
        rest => rest,
    };
    // A namespace is both an object and a scope: what follows its name decides.
    let rest = match rest {
        ["namespaces", _] | ["namespaces", _, "status" | "finalize"] => rest,
        ["namespaces", namespace, rest @ ..] => {
            path.namespace = (*namespace).to_owned();
            rest
        }
        rest => rest,
    };
    let mut words = rest.iter().map(|word| (*word).to_owned());
    let Some(plural) = words.next() else { return Target::Unknown };
    path.plural = plural;
    path.name = words.next().unwrap_or_default();
    path.subresource = words.next().unwrap_or_default();
    Target::Resource(path)
}

/// Decodes `%41`; what isn't valid stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let hex = (byte == b'%').then(|| text.get(index + 1..index + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                index += 3;
            }
            None => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str) -> (String, String, String, String) {
        match parse(path) {
            Target::Resource(r) => (r.namespace, r.plural, r.name, r.subresource),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn resources() {
        let expect = |a: &str, b: &str, c: &str, d: &str| (a.into(), b.into(), c.into(), d.into());
        assert_eq!(check("/api/v1/pods"), expect("", "pods", "", ""));
        assert_eq!(check("/api/v1/namespaces/a/pods/x/log"), expect("a", "pods", "x", "log"));
        assert_eq!(check("/api/v1/namespaces/a"), expect("", "namespaces", "a", ""));
        assert_eq!(check("/api/v1/namespaces/a/status"), expect("", "namespaces", "a", "status"));
        assert_eq!(check("/apis/apps/v1/namespaces/a/deployments"), expect("a", "deployments", "", ""));
        assert_eq!(check("/apis/g/v1/things/a%3Ab"), expect("", "things", "a:b", ""));
    }
}
