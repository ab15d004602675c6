//! `urlParse` and `urlJoin`, by Go's package net/url.

use std::fmt::Write;

use super::arguments::map_of;
use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::print::quoted;
use crate::value::{Map, Type, Value};

/// The parts of a URL, decoded as Go holds them.
#[derive(Default)]
struct Url {
    scheme: String,
    opaque: String,
    userinfo: Option<String>,
    host: String,
    path: String,
    query: String,
    fragment: String,
}

fn unescape(text: &str) -> Result<String, String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let digits = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            let Some(byte) = digits else {
                let shown: String = text[at..].chars().take(3).collect();
                return Err(format!("invalid URL escape {}", quoted(&shown)));
            };
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn escape(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

const IN_USERINFO: &str = "$&+,;=";
const IN_PATH: &str = "$&+,/:;=@";
const IN_FRAGMENT: &str = "$&+,/:;=?@!()*";

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

/// Parses a URL; an error is the text that is wrong and why.
fn parse(text: &str) -> Result<Url, (&str, String)> {
    let (main, fragment) = text.split_once('#').unwrap_or((text, ""));
    let url = parse_main(main).map_err(|reason| (main, reason))?;
    let fragment = unescape(fragment).map_err(|reason| (text, reason))?;
    Ok(Url { fragment, ..url })
}

fn parse_main(text: &str) -> Result<Url, String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    url.query = query.to_owned();
    if !rest.starts_with('/') {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_owned();
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if let Some(authority) =
        rest.strip_prefix("//").filter(|_| !rest.starts_with("///") || !url.scheme.is_empty())
    {
        let end = authority.find('/').unwrap_or(authority.len());
        path = &authority[end..];
        let authority = &authority[..end];
        let (userinfo, host) = match authority.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, authority),
        };
        if let Some(userinfo) = userinfo {
            let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
            if !userinfo.bytes().all(valid) {
                return Err("net/url: invalid userinfo".to_owned());
            }
            let shown = match userinfo.split_once(':') {
                Some((user, password)) => {
                    let (user, password) = (unescape(user)?, unescape(password)?);
                    format!("{}:{}", escape(&user, IN_USERINFO), escape(&password, IN_USERINFO))
                }
                None => escape(&unescape(userinfo)?, IN_USERINFO),
            };
            url.userinfo = Some(shown);
        }
        url.host = host_of(host)?;
    }
    url.path = unescape(path)?;
    Ok(url)
}

fn host_of(host: &str) -> Result<String, String> {
    let after_address = host.rfind(']').map_or(host, |at| &host[at + 1..]);
    if let Some((_, port)) =
        after_address.rsplit_once(':').filter(|(_, port)| !port.bytes().all(|b| b.is_ascii_digit()))
    {
        return Err(format!("invalid port {} after host", quoted(&format!(":{port}"))));
    }
    if host.contains(' ') {
        return Err("invalid character \" \" in host name".to_owned());
    }
    unescape(host)
}

fn hostname(host: &str) -> &str {
    if let Some(address) = host.strip_prefix('[') {
        return address.split(']').next().unwrap_or(address);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn url_parse(text: &str) -> FunctionResult {
    let url = parse(text).map_err(|(text, reason)| {
        FunctionError::from(format!("unable to parse url: parse {}: {reason}", quoted(text)))
    })?;
    let name = hostname(&url.host).to_owned();
    Ok(Value::map([
        ("scheme", Value::from(url.scheme)),
        ("host", Value::from(url.host)),
        ("hostname", Value::from(name)),
        ("path", Value::from(url.path)),
        ("query", Value::from(url.query)),
        ("opaque", Value::from(url.opaque)),
        ("fragment", Value::from(url.fragment)),
        ("userinfo", Value::from(url.userinfo.unwrap_or_default())),
    ]))
}

fn part(map: &Map, key: &str) -> Result<String, FunctionError> {
    match map.get(key) {
        None => Ok(String::new()),
        Some(value @ (Value::String(_) | Value::Binary(_))) => Ok(text_of(&value).into_owned()),
        Some(Value::Nil) => Err(super::lists::NIL_DEREFERENCE.into()),
        Some(other) => Err(FunctionError::from(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind_name()
        ))),
    }
}

fn url_join(map: &Map) -> FunctionResult {
    let [scheme, host, path, query, opaque, fragment, userinfo] =
        ["scheme", "host", "path", "query", "opaque", "fragment", "userinfo"].map(|key| part(map, key));
    let (scheme, host, path, userinfo) = (scheme?, host?, path?, userinfo?);
    let opaque = opaque?;
    let whole = format!("proto://{userinfo}@host");
    let user = match userinfo.is_empty() {
        true => None,
        false => parse(&whole).map(|url| url.userinfo).map_err(|(_, reason)| {
            let message = format!("unable to parse userinfo in dict: parse {}: {reason}", quoted(&whole));
            FunctionError::from(message)
        })?,
    };
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(&scheme);
        out.push(':');
    }
    if opaque.is_empty() {
        if let Some(user) = user {
            out.push_str("//");
            out.push_str(&user);
            out.push('@');
            out.push_str(&escape(&host, "!$&'()*+,;=:[]<>\""));
        } else if !scheme.is_empty() || !host.is_empty() {
            if !host.is_empty() || !path.is_empty() {
                out.push_str("//");
            }
            out.push_str(&escape(&host, "!$&'()*+,;=:[]<>\""));
        }
        let path = escape(&path, IN_PATH);
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        if out.is_empty() && path.split('/').next().is_some_and(|first| first.contains(':')) {
            out.push_str("./");
        }
        out.push_str(&path);
    } else {
        out.push_str(&opaque);
    }
    let (query, fragment) = (query?, fragment?);
    if !query.is_empty() {
        out.push('?');
        out.push_str(&query);
    }
    if !fragment.is_empty() {
        out.push('#');
        out.push_str(&escape(&fragment, IN_FRAGMENT));
    }
    Ok(Value::from(out))
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("urlParse", Signature::fixed(&[Type::String]), |_, one| url_parse(&text_of(&one[0])));
    functions.register("urlJoin", Signature::fixed(&[Type::Map]), |_, one| url_join(&map_of(&one[0])));
}
