//! Reads the language of the definition, which `definition` tells.

use std::collections::HashMap;

use super::definition::{Api, Binding, Body, Count, Emit, Field, Kind, Message, Method, Special};
use super::template::Template;
use crate::error::Error;

/// A field whose type is still a name.
struct Unresolved {
    message: usize,
    field: usize,
    kind: String,
    place: String,
}

#[derive(Default)]
struct Parser {
    api: Api,
    names: HashMap<String, usize>,
    specials: HashMap<String, Special>,
    fields: Vec<Unresolved>,
    /// Request and response names of methods, with the place of the line.
    methods: Vec<(String, String, String)>,
    service: String,
    in_message: Option<usize>,
}

/// Reads files of definitions.
pub(super) fn files(files: &[(&str, &str)]) -> Result<Api, Error> {
    let mut parser = Parser::default();
    for (file, text) in files {
        for (index, line) in text.lines().enumerate() {
            let place = format!("{file}:{}", index + 1);
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first().is_some_and(|word| !word.starts_with('#')) {
                parser.line(&words, &place).map_err(|reason| Error::Definition { place, reason })?;
            }
        }
    }
    parser.finish()
}

impl Parser {
    fn line(&mut self, words: &[&str], place: &str) -> Result<(), String> {
        match words {
            ["message", name] => {
                self.in_message = Some(self.api.messages.len());
                if self.names.insert((*name).to_owned(), self.api.messages.len()).is_some() {
                    return Err(format!("message {name} is defined twice"));
                }
                self.api.messages.push(Message { name: (*name).to_owned(), fields: Vec::new() });
            }
            ["scalar", name, special] => {
                let special = match *special {
                    "time" => Special::Time,
                    "microtime" => Special::MicroTime,
                    "int_or_string" => Special::IntOrString,
                    "raw_json" => Special::RawJson,
                    other => return Err(format!("unknown scalar {other}")),
                };
                self.specials.insert((*name).to_owned(), special);
            }
            ["service", name] => {
                self.service = (*name).to_owned();
                self.in_message = None;
            }
            ["rpc", rest @ ..] => self.method(rest, place)?,
            [verb @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE"), path, rest @ ..] => {
                self.binding(verb, path, rest)?;
            }
            [number, name, kind, flags @ ..] => self.field([number, name, kind], flags, place)?,
            _ => return Err(format!("cannot read {words:?}")),
        }
        Ok(())
    }

    fn method(&mut self, words: &[&str], place: &str) -> Result<(), String> {
        let (name, rest) = words.split_first().ok_or("a method needs a name")?;
        let (client_streaming, rest) = strip_stream(rest);
        let [request, "->", rest @ ..] = rest else {
            return Err("a method is written NAME REQUEST -> RESPONSE".to_owned());
        };
        let (server_streaming, rest) = strip_stream(rest);
        let [response] = rest else {
            return Err("a method has one response".to_owned());
        };
        self.methods.push(((*request).to_owned(), (*response).to_owned(), place.to_owned()));
        self.api.methods.push(Method {
            service: self.service.clone(),
            name: (*name).to_owned(),
            request: 0,
            response: 0,
            client_streaming,
            server_streaming,
            bindings: Vec::new(),
        });
        Ok(())
    }

    fn binding(&mut self, verb: &str, path: &str, rest: &[&str]) -> Result<(), String> {
        let body = match rest {
            [] => None,
            ["body=*"] => Some(Body::Whole),
            [body] => Some(Body::Field(body.strip_prefix("body=").ok_or("expected body=")?.to_owned())),
            _ => return Err("too many words after the path".to_owned()),
        };
        let verb = verb.parse().map_err(|_| format!("{verb} is no HTTP verb"))?;
        let method = self.api.methods.last_mut().ok_or("a route without a method")?;
        method.bindings.push(Binding { verb, template: Template::parse(path)?, body });
        Ok(())
    }

    fn field(&mut self, head: [&str; 3], flags: &[&str], place: &str) -> Result<(), String> {
        let [number, name, kind] = head;
        let index = self.in_message.ok_or("a field outside a message")?;
        let message = self.api.messages.get_mut(index).ok_or("a field outside a message")?;
        let (count, kind) = if let Some(kind) = kind.strip_prefix("[]") {
            (Count::List, kind)
        } else if let Some(kind) = kind.strip_prefix("map[string]") {
            (Count::Map, kind)
        } else {
            (Count::One, kind)
        };
        let mut field = Field {
            number: number.parse().map_err(|_| format!("{number} is no field number"))?,
            name: name.to_owned(),
            json: name.to_owned(),
            kind: Kind::String,
            count,
            optional: kind.starts_with('?'),
            required: false,
            emit: Emit::NonEmpty,
            inline: false,
            wrapped: false,
            yaml: false,
        };
        for flag in flags {
            match *flag {
                "required" => field.required = true,
                "always" => field.emit = Emit::Always,
                "nonzero" => field.emit = Emit::NonZero,
                "inline" => field.inline = true,
                "wrapped" => field.wrapped = true,
                "yaml" => field.yaml = true,
                other => match other.split_once('=') {
                    Some(("json", key)) => field.json = key.to_owned(),
                    Some(("oneof", _)) => field.optional = true,
                    _ => return Err(format!("unknown flag {other}")),
                },
            }
        }
        self.fields.push(Unresolved {
            message: index,
            field: message.fields.len(),
            kind: kind.trim_start_matches('?').to_owned(),
            place: place.to_owned(),
        });
        message.fields.push(field);
        Ok(())
    }

    fn finish(mut self) -> Result<Api, Error> {
        let unknown = |place: &str, name: &str| Error::Definition {
            place: place.to_owned(),
            reason: format!("{name} is defined nowhere"),
        };
        for unresolved in &self.fields {
            let kind = match unresolved.kind.as_str() {
                "string" => Kind::String,
                "bool" => Kind::Bool,
                "int32" => Kind::Int32,
                "int64" => Kind::Int64,
                "bytes" => Kind::Bytes,
                name => match (self.specials.get(name), self.names.get(name)) {
                    (Some(special), _) => Kind::Special(*special),
                    (None, Some(index)) => Kind::Message(*index),
                    (None, None) => return Err(unknown(&unresolved.place, name)),
                },
            };
            let message = self.api.messages.get_mut(unresolved.message);
            if let Some(field) = message.and_then(|message| message.fields.get_mut(unresolved.field)) {
                field.kind = kind;
            }
        }
        for (index, (request, response, place)) in self.methods.iter().enumerate() {
            let find = |name: &String| self.names.get(name).copied().ok_or_else(|| unknown(place, name));
            let (request, response) = (find(request)?, find(response)?);
            if let Some(method) = self.api.methods.get_mut(index) {
                method.request = request;
                method.response = response;
                self.api.by_name.insert(method.full_name(), index);
            }
        }
        Ok(self.api)
    }
}

fn strip_stream<'a, 'b>(words: &'a [&'b str]) -> (bool, &'a [&'b str]) {
    match words {
        ["stream", rest @ ..] => (true, rest),
        _ => (false, words),
    }
}
