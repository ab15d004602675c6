//! The session's cookie. A token that is too long for one cookie is spread over several: `argocd.token=2:first`,
//! `argocd.token-1=rest`.

use http::{HeaderMap, HeaderValue, header};

/// The name of the (first) cookie.
pub(crate) const NAME: &str = "argocd.token";
/// The longest cookie, name and attributes included, that all browsers keep.
const MAX_LENGTH: usize = 4093;
/// The most cookies that a token is spread over.
const MAX_COUNT: usize = 20;

/// The token in a request's cookies.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    let cookies: Vec<(&str, &str)> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect();
    let find = |name: &str| cookies.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let first = find(NAME).filter(|value| !value.is_empty())?;
    let Some((count, part)) = first.split_once(':') else { return Some(first.to_owned()) };
    let count: usize = count.parse().ok().filter(|count| *count <= MAX_COUNT)?;
    let mut token = part.to_owned();
    for index in 1..count {
        token.push_str(find(&format!("{NAME}-{index}"))?);
    }
    Some(token)
}

/// The `Set-Cookie` values that keep a token; `None` when it is too long for all of them.
pub(crate) fn set(token: &str, path: &str, secure: bool) -> Option<Vec<HeaderValue>> {
    let flags = format!("; path={path}; SameSite=lax; httpOnly{}", if secure { "; Secure" } else { "" });
    // The longest name and count that can come before a part.
    let room = MAX_LENGTH.checked_sub(NAME.len() + 8 + flags.len())?;
    let parts: Vec<&str> =
        token.as_bytes().chunks(room).map(|part| std::str::from_utf8(part).unwrap_or_default()).collect();
    if parts.len() > MAX_COUNT {
        return None;
    }
    let cookie = |(index, part): (usize, &&str)| {
        let text = match (index, parts.len()) {
            (0, 1) => format!("{NAME}={part}{flags}"),
            (0, count) => format!("{NAME}={count}:{part}{flags}"),
            (index, _) => format!("{NAME}-{index}={part}{flags}"),
        };
        HeaderValue::from_str(&text).ok()
    };
    parts.iter().enumerate().map(cookie).collect()
}

/// The `Set-Cookie` values that make a browser forget the token's cookies.
pub(crate) fn clear(headers: &HeaderMap, path: &str) -> Vec<HeaderValue> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(name, _)| {
            name.strip_prefix(NAME).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
        .filter_map(|(name, _)| {
            HeaderValue::from_str(&format!("{name}=; path={path}; SameSite=lax; httpOnly; Max-Age=0")).ok()
        })
        .collect()
}
