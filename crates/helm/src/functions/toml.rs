//! `toToml` and `fromToml`. Written as the TOML library that Helm uses does it: plain keys first, then tables, sorted,
//! indented by two spaces a level.

use std::sync::Arc;

use gotmpl::{FunctionError, Functions, Time, Value, Zone, text_of};

use super::{ANY, TEXT, error_map, first};

const MAX_DEPTH: usize = 200;

struct Writer {
    out: String,
}

fn is_table(value: &Value) -> bool {
    match value {
        Value::Map(_) => true,
        Value::List(list) => !list.is_empty() && list.iter().all(|item| matches!(item, Value::Map(_))),
        _ => false,
    }
}

fn key_text(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if bare { key.to_string() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn float(value: f64) -> String {
    let text = goyaml::format_general(value);
    match text.as_str() {
        ".nan" => "nan".into(),
        ".inf" => "inf".into(),
        "-.inf" => "-inf".into(),
        _ if text.contains(['.', 'e']) => text,
        _ => format!("{text}.0"),
    }
}

impl Writer {
    fn new_line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, depth: usize) {
        self.out.extend(std::iter::repeat_n("  ", depth.saturating_sub(1)));
    }

    fn table(&mut self, path: &[String], value: &Value) -> Result<(), String> {
        if path.len() > MAX_DEPTH {
            return Err("toml: nested too deeply".into());
        }
        let Value::Map(map) = value else { return Ok(()) };
        let mut entries = map.entries();
        entries.retain(|(_, value)| !value.is_nil());
        let (tables, plain): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, value)| is_table(value));
        for (key, value) in plain {
            self.indent(path.len() + 1);
            self.out.push_str(&key_text(&key));
            self.out.push_str(" = ");
            self.element(&value, 0)?;
            self.new_line();
        }
        for (key, value) in tables {
            let path: Vec<String> = path.iter().cloned().chain([key_text(&key)]).collect();
            self.tables(&path, &value)?;
        }
        Ok(())
    }

    /// `[path]`, or `[[path]]` for each of a list.
    fn tables(&mut self, path: &[String], value: &Value) -> Result<(), String> {
        let name = path.join(".");
        if let Value::List(list) = value {
            for item in list.iter() {
                self.new_line();
                self.indent(path.len());
                self.out.push_str(&format!("[[{name}]]\n"));
                self.table(path, item)?;
            }
            return Ok(());
        }
        if path.len() == 1 {
            self.new_line();
        }
        self.indent(path.len());
        self.out.push_str(&format!("[{name}]\n"));
        self.table(path, value)
    }

    fn element(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("toml: nested too deeply".into());
        }
        match value {
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Int(value) | Value::Int64(value) => {
                self.out.push_str(&value.to_string());
            }
            Value::Uint8(value) => self.out.push_str(&value.to_string()),
            Value::Uint64(value) => self.out.push_str(&value.to_string()),
            Value::Float(value) => self.out.push_str(&float(*value)),
            Value::List(list) => {
                self.out.push('[');
                for (at, item) in list.iter().enumerate() {
                    if item.is_nil() {
                        return Err("toml: cannot encode array with nil element".into());
                    }
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => {
                self.out.push('{');
                let entries = map.entries().into_iter().filter(|(_, item)| !item.is_nil());
                let (tables, plain): (Vec<_>, Vec<_>) = entries.partition(|(_, value)| is_table(value));
                for (at, (key, item)) in plain.into_iter().chain(tables).enumerate() {
                    if at > 0 {
                        self.out.push_str(", ");
                    }
                    self.out.push_str(&format!("{} = ", key_text(&key)));
                    self.element(&item, depth + 1)?;
                }
                self.out.push('}');
            }
            Value::Object(object) => self.element(&object.to_data(), depth + 1)?,
            Value::Complex(..) => return Err("toml: unsupported type: complex128".into()),
            other => self.out.push_str(&quoted(&other.to_string())),
        }
        Ok(())
    }
}

fn write(value: &Value) -> Result<String, String> {
    let data = match value {
        Value::Object(object) => object.to_data(),
        other => other.clone(),
    };
    let mut writer = Writer { out: String::new() };
    match data {
        Value::Map(_) => writer.table(&[], &data)?,
        Value::Nil => return Err("toml: cannot encode a nil value".into()),
        _ if is_table(&data) => return Err("toml: top-level values must be Go maps or structs".into()),
        // Not a TOML document, but charts write single values with it.
        _ => writer.element(&data, 0)?,
    }
    Ok(writer.out)
}

/// A date, a time or both; what has no zone is in one that is named after what is there.
fn time(value: &toml::value::Datetime) -> Value {
    let (layout, zone) = match (value.date, value.time, value.offset) {
        (Some(_), Some(_), Some(_)) => ("2006-01-02T15:04:05.999999999Z07:00", "UTC"),
        (Some(_), Some(_), None) => ("2006-01-02T15:04:05.999999999", "datetime-local"),
        (Some(_), None, _) => ("2006-01-02", "date-local"),
        _ => ("15:04:05.999999999", "time-local"),
    };
    let local = if zone == "UTC" { Zone::Utc } else { Zone::Fixed(zone.into(), 0) };
    let text = value.to_string();
    Time::parse(layout, &text, &local).map_or(Value::from(text), |time| Value::Time(Arc::new(time)))
}

fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text),
        toml::Value::Integer(value) => Value::Int64(value),
        toml::Value::Float(value) => Value::Float(value),
        toml::Value::Boolean(value) => Value::Bool(value),
        toml::Value::Datetime(value) => time(&value),
        toml::Value::Array(items) => Value::list(items.into_iter().map(from_toml)),
        toml::Value::Table(table) => from_table(table),
    }
}

fn from_table(table: toml::Table) -> Value {
    Value::map(table.into_iter().map(|(key, value)| (Arc::<str>::from(key), from_toml(value))))
}

pub(super) fn register(functions: &mut Functions) {
    // Go's library panics on nothing at all.
    const NOTHING: &str = "reflect: call of reflect.Value.Type on zero Value";
    functions.register("toToml", ANY, |state, arguments| {
        if first(arguments).is_nil() {
            return Err(NOTHING.into());
        }
        state.charge_value(first(arguments))?;
        Ok(Value::from(write(first(arguments)).unwrap_or_else(|message| message)))
    });
    functions.register("mustToToml", ANY, |state, arguments| {
        if first(arguments).is_nil() {
            return Err(NOTHING.into());
        }
        state.charge_value(first(arguments))?;
        write(first(arguments)).map(Value::from).map_err(FunctionError::from)
    });
    functions.register("fromToml", TEXT, |state, arguments| {
        match text_of(first(arguments)).parse::<toml::Table>() {
            Ok(table) => {
                let value = from_table(table);
                state.charge_value(&value).map(|()| value)
            }
            Err(error) => error_map(format!("toml: {}", error.message())),
        }
    });
}
