//! Slash-separated paths, by Go's package path. Templates always see a Unix system.

use super::{Functions, Signature, text_of};
use crate::value::{Type, Value};

fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if rooted => {}
                _ => parts.push(".."),
            },
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn base(path: &str) -> String {
    if path.is_empty() {
        return ".".to_owned();
    }
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some(last) if !last.is_empty() => last.to_owned(),
        _ => "/".to_owned(),
    }
}

fn directory(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rfind('.').map_or_else(String::new, |at| name[at..].to_owned())
}

pub(super) fn register(functions: &mut Functions) {
    let one = Signature::fixed(&[Type::String]);
    type Convert = fn(&str) -> String;
    let texts: [([&str; 2], Convert); 4] = [
        (["base", "osBase"], base),
        (["dir", "osDir"], directory),
        (["clean", "osClean"], clean),
        (["ext", "osExt"], extension),
    ];
    for (names, convert) in texts {
        for name in names {
            functions.register(name, one.clone(), move |_, one| Ok(Value::from(convert(&text_of(&one[0])))));
        }
    }
    for name in ["isAbs", "osIsAbs"] {
        functions.register(name, one.clone(), |_, one| Ok(Value::Bool(text_of(&one[0]).starts_with('/'))));
    }
}
