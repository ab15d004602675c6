//! Paths of HTTP bindings: `/api/v1/applications/{name}/resource`, `{subresource=**}` for the rest of the path.

/// One part of a path between slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// One part, bound to a field (dotted for nested fields).
    Variable(String),
    /// All remaining parts, perhaps none.
    Rest(String),
}

/// A parsed path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    /// The path as it was written.
    pub(crate) text: String,
}

/// The services whose last path part may hold escaped slashes, as server URLs and repository URLs do.
const RAW_PREFIXES: &[&str] = &["/api/v1/clusters", "/api/v1/repositories", "/api/v1/repocreds"];

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let path = text.strip_prefix('/').ok_or("a path begins with a slash")?;
        let segments = path
            .split('/')
            .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => Segment::Literal(part.to_owned()),
                Some(variable) => match variable.strip_suffix("=**") {
                    Some(variable) => Segment::Rest(variable.to_owned()),
                    None => Segment::Variable(variable.to_owned()),
                },
            })
            .collect();
        Ok(Self { segments, text: text.to_owned() })
    }

    /// The variables of a path that matches, decoded, by field. `None` when it doesn't match.
    pub(crate) fn matches(&self, path: &str) -> Option<Vec<(String, String)>> {
        let raw = RAW_PREFIXES.iter().any(|prefix| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        // Elsewhere an escaped slash separates like a plain one.
        let decoded = if raw { path.to_owned() } else { percent_decode(path) };
        let mut parts = decoded.strip_prefix('/')?.split('/').peekable();
        let mut variables = Vec::new();
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => {
                    if parts.next()? != literal {
                        return None;
                    }
                }
                Segment::Variable(name) => {
                    let part = parts.next()?;
                    // What follows the last colon of a path would be a custom verb, and no route has one.
                    if part.is_empty() || (parts.peek().is_none() && part.contains(':')) {
                        return None;
                    }
                    variables.push((name.clone(), if raw { query_unescape(part) } else { part.to_owned() }));
                }
                Segment::Rest(name) => {
                    let rest: Vec<&str> = parts.by_ref().collect();
                    variables.push((name.clone(), rest.join("/")));
                }
            }
        }
        parts.next().is_none().then_some(variables)
    }
}

/// Decodes `%XX`; anything that isn't valid stays as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let digits = (byte == b'%').then(|| bytes.get(index + 1..index + 3)).flatten();
        let value = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(value) => {
                out.push(value);
                index += 3;
            }
            None => {
                out.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Decodes a query value: as [`percent_decode`], and a plus is a blank.
pub(crate) fn query_unescape(text: &str) -> String {
    percent_decode(&text.replace('+', " "))
}

/// The pairs of a query string, decoded.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (query_unescape(key), query_unescape(value))
        })
        .collect()
}
