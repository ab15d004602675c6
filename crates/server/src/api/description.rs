//! The API described in the language of OpenAPI 2: what `/swagger.json` serves and clients are generated from.

use serde_json::{Map, Value, json};

use super::definition::{Api, Body, Count, Emit, Field, Kind, Method, Special};
use super::template::Segment;

/// Describes the whole API.
pub(crate) fn describe(api: &Api) -> Value {
    let mut paths = Map::new();
    for method in &api.methods {
        for binding in &method.bindings {
            let path: Vec<String> = binding
                .template
                .segments
                .iter()
                .map(|segment| match segment {
                    Segment::Literal(text) => text.clone(),
                    Segment::Variable(name) | Segment::Rest(name) => format!("{{{name}}}"),
                })
                .collect();
            let operations = paths.entry(format!("/{}", path.join("/"))).or_insert_with(|| json!({}));
            let verb = binding.verb.as_str().to_ascii_lowercase();
            // The first method of a route is the one that answers it.
            if operations.get(&verb).is_none() {
                let operation = operation(api, method, &binding.template.segments, binding.body.as_ref());
                if let Value::Object(operations) = operations {
                    operations.insert(verb, operation);
                }
            }
        }
    }
    let mut definitions = Map::new();
    for message in &api.messages {
        definitions.insert(message.name.clone(), schema(api, &message.fields));
    }
    json!({
        "swagger": "2.0",
        "info": {
            "title": "Argosy API",
            "description": "The API of Argo CD, as Argosy serves it.",
            "version": env!("CARGO_PKG_VERSION"),
        },
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": paths,
        "definitions": definitions,
    })
}

fn operation(api: &Api, method: &Method, segments: &[Segment], body: Option<&Body>) -> Value {
    let mut parameters = Vec::new();
    let mut bound = Vec::new();
    for segment in segments {
        if let Segment::Variable(name) | Segment::Rest(name) = segment {
            bound.push(name.clone());
            parameters.push(json!({"name": name, "in": "path", "required": true, "type": "string"}));
        }
    }
    let request = api.message(method.request);
    match body {
        Some(Body::Whole) => parameters.push(json!({
            "name": "body", "in": "body", "required": true, "schema": reference(&request.name),
        })),
        Some(Body::Field(name)) => {
            bound.push(name.clone());
            let schema = request.field(name).map_or_else(|| json!({}), |field| field_schema(api, field));
            parameters.push(json!({"name": "body", "in": "body", "required": true, "schema": schema}));
        }
        None => {}
    }
    if body != Some(&Body::Whole) {
        query_parameters(api, method.request, "", &bound, &mut parameters);
    }
    let response = reference(&api.message(method.response).name);
    let response = if method.server_streaming {
        json!({
            "type": "object",
            "description": "One line of a stream.",
            "properties": {"result": response, "error": {"type": "object"}},
        })
    } else {
        response
    };
    json!({
        "tags": [method.service.rsplit('.').next().unwrap_or_default()],
        "operationId": format!("{}_{}", method.service.rsplit('.').next().unwrap_or_default(), method.name),
        "parameters": parameters,
        "responses": {"200": {"description": "The answer.", "schema": response}},
        "x-streaming": method.server_streaming,
    })
}

fn query_parameters(api: &Api, message: usize, prefix: &str, bound: &[String], parameters: &mut Vec<Value>) {
    for field in &api.message(message).fields {
        let name = format!("{prefix}{}", field.name);
        if bound.contains(&name) || field.count == Count::Map {
            continue;
        }
        match field.kind {
            Kind::Message(index) if field.count == Count::One && prefix.is_empty() => {
                query_parameters(api, index, &format!("{name}."), bound, parameters);
            }
            Kind::Message(_) => {}
            _ => {
                let mut parameter = field_schema(api, field);
                if let Value::Object(parameter) = &mut parameter {
                    parameter.insert("name".to_owned(), name.into());
                    parameter.insert("in".to_owned(), "query".into());
                    parameter.insert("required".to_owned(), false.into());
                    if field.count == Count::List {
                        parameter.insert("collectionFormat".to_owned(), "multi".into());
                    }
                }
                parameters.push(parameter);
            }
        }
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/definitions/{name}")})
}

fn schema(api: &Api, fields: &[Field]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    collect(api, fields, &mut properties, &mut required);
    let mut schema = json!({"type": "object", "properties": properties});
    if let (Value::Object(schema), false) = (&mut schema, required.is_empty()) {
        schema.insert("required".to_owned(), required.into());
    }
    schema
}

fn collect(api: &Api, fields: &[Field], properties: &mut Map<String, Value>, required: &mut Vec<Value>) {
    for field in fields {
        if let (true, Kind::Message(index)) = (field.inline, field.kind) {
            collect(api, &api.message(index).fields, properties, required);
            continue;
        }
        let structure = matches!(field.kind, Kind::Message(_)) && field.count == Count::One;
        let always = field.emit == Emit::Always && !field.optional && field.count == Count::One;
        if field.required || always || (structure && !field.optional && field.emit != Emit::NonZero) {
            required.push(field.json.clone().into());
        }
        properties.insert(field.json.clone(), field_schema(api, field));
    }
}

fn field_schema(api: &Api, field: &Field) -> Value {
    let one = match field.kind {
        Kind::String => json!({"type": "string"}),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Int32 => json!({"type": "integer", "format": "int32"}),
        Kind::Int64 => json!({"type": "integer", "format": "int64"}),
        Kind::Bytes => json!({"type": "string", "format": "byte"}),
        Kind::Special(Special::Time | Special::MicroTime) => json!({"type": "string", "format": "date-time"}),
        Kind::Special(Special::IntOrString) => json!({"x-int-or-string": true}),
        Kind::Special(Special::RawJson) => json!({"type": "object"}),
        Kind::Message(_) if field.yaml => json!({"type": "string"}),
        Kind::Message(index) if field.wrapped => match api.message(index).fields.first() {
            Some(only) => return field_schema(api, only),
            None => json!({"type": "object"}),
        },
        Kind::Message(index) => reference(&api.message(index).name),
    };
    match field.count {
        Count::One => one,
        Count::List => json!({"type": "array", "items": one}),
        Count::Map => json!({"type": "object", "additionalProperties": one}),
    }
}
