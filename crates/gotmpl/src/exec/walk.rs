//! Runs the nodes of a template: text, actions, branches, loops, calls of other templates.

use super::{Held, State, Stop};
use crate::parse::UNDEFINED;
use crate::parse::ast::{Branch, Loop, Node, Pipe};
use crate::print::{print_to, printed};
use crate::value::{List, ListType, Value};

/// Whether a loop goes on after a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Break,
    Continue,
}

impl State {
    pub(super) fn walk(&mut self, nodes: &[Node], dot: &Held) -> Result<Flow, Stop> {
        for node in nodes {
            self.step()?;
            let flow = match node {
                Node::Text(range) => {
                    self.text(range.clone())?;
                    Flow::On
                }
                Node::Action(pipe, place) => {
                    self.at(*place);
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.variables.is_empty() {
                        self.at(*place);
                        self.write(&value, pipe.names_a_value())?;
                    }
                    Flow::On
                }
                Node::If { branches, otherwise } => self.walk_branches(branches, otherwise, dot, false)?,
                Node::With { branches, otherwise } => self.walk_branches(branches, otherwise, dot, true)?,
                Node::Range(range) => self.walk_range(range, dot)?,
                Node::Template { place, name, quoted, pipe } => {
                    self.at(*place);
                    let Some(template) = self.find(name) else {
                        return Err(self.stop(format!("template {quoted} not defined")));
                    };
                    let data = match pipe {
                        Some(pipe) => self.pipeline(dot, pipe)?,
                        None => Value::Nil,
                    };
                    self.enter(&template, &Held::plain(data))?;
                    Flow::On
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn text(&mut self, range: std::ops::Range<usize>) -> Result<(), Stop> {
        self.charge_limit(range.len()).map_err(|limit| self.stop_limit(limit))?;
        if let Some(template) = &self.template {
            self.output.push_str(&template.source.text[range]);
        }
        Ok(())
    }

    fn write(&mut self, value: &Value, in_place: bool) -> Result<(), Stop> {
        let before = self.output.len();
        match value {
            Value::String(text) => self.output.push_str(text),
            Value::Nil => self.output.push_str("<no value>"),
            Value::Object(object) if in_place => self.output.push_str(&object.print_in_place()),
            _ => print_to(&mut self.output, value),
        }
        let written = self.output.len() - before;
        self.charge_limit(written).map_err(|limit| self.stop_limit(limit))
    }

    fn walk_branches(
        &mut self,
        branches: &[Branch],
        otherwise: &[Node],
        dot: &Held,
        with: bool,
    ) -> Result<Flow, Stop> {
        for branch in branches {
            self.at(branch.place);
            let value = self.pipeline(dot, &branch.pipe)?;
            if value.truth() {
                return if with {
                    self.walk(&branch.body, &Held::plain(value))
                } else {
                    self.walk(&branch.body, dot)
                };
            }
        }
        self.walk(otherwise, dot)
    }

    fn walk_range(&mut self, range: &Loop, dot: &Held) -> Result<Flow, Stop> {
        self.at(range.place);
        let over = self.pipeline(dot, &range.pipe)?;
        let count = match over {
            Value::Int(number) | Value::Int64(number) | Value::Duration(number) => Some(number),
            Value::Uint8(number) => Some(i64::from(number)),
            Value::Uint64(number) => Some(i64::try_from(number).unwrap_or(i64::MAX)),
            _ => None,
        };
        let mut turns = 0u64;
        if let Some(count) = count {
            if range.pipe.variables.len() > 1 {
                let over = printed(&over);
                return Err(self.stop(format!("can't use {over} to iterate over more than one variable")));
            }
            for number in 0..count {
                turns += 1;
                let element = Held::plain(match over {
                    Value::Int64(_) => Value::Int64(number),
                    Value::Uint8(_) => Value::Uint8(u8::try_from(number).unwrap_or(u8::MAX)),
                    Value::Uint64(_) => Value::Uint64(number.unsigned_abs()),
                    Value::Duration(_) => Value::Duration(number),
                    _ => Value::Int(number),
                });
                if !self.turn(range, || Value::Nil, &element)? {
                    return Ok(Flow::On);
                }
            }
            return if turns > 0 { Ok(Flow::On) } else { self.walk(&range.otherwise, dot) };
        }
        match &over {
            Value::Nil => {}
            Value::List(list) => return self.walk_list(range, list, dot),
            Value::Bytes(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    turns += 1;
                    if !self.turn(range, || index_value(index), &Held::plain(Value::Uint8(*byte)))? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::Map(map) => {
                let interface = map.map_type() == crate::value::MapType::Any;
                for (key, value) in map.entries() {
                    turns += 1;
                    if !self.turn(range, || Value::String(key), &Held { value, interface })? {
                        return Ok(Flow::On);
                    }
                }
            }
            Value::Object(object) if object.entries().is_some() => {
                for (key, value) in object.entries().unwrap_or_default() {
                    turns += 1;
                    if !self.turn(range, || key, &Held::plain(value))? {
                        return Ok(Flow::On);
                    }
                }
            }
            _ => {
                let over = printed(&over);
                return Err(self.stop(format!("range can't iterate over {over}")));
            }
        }
        if turns > 0 { Ok(Flow::On) } else { self.walk(&range.otherwise, dot) }
    }

    fn walk_list(&mut self, range: &Loop, list: &List, dot: &Held) -> Result<Flow, Stop> {
        if list.is_empty() {
            return self.walk(&range.otherwise, dot);
        }
        let interface = list.list_type() == ListType::Any;
        for (index, value) in list.iter().enumerate() {
            let element = Held { value: value.clone(), interface };
            if !self.turn(range, || index_value(index), &element)? {
                break;
            }
        }
        Ok(Flow::On)
    }

    /// One turn of a loop; false when it was the last.
    fn turn(&mut self, range: &Loop, index: impl FnOnce() -> Value, element: &Held) -> Result<bool, Stop> {
        self.step()?;
        self.assign_turn(&range.pipe, index, element)?;
        Ok(self.walk(&range.body, element)? != Flow::Break)
    }

    fn assign_turn(
        &mut self,
        pipe: &Pipe,
        index: impl FnOnce() -> Value,
        element: &Held,
    ) -> Result<(), Stop> {
        match &*pipe.variables {
            [] => Ok(()),
            [only] => self.assign(only.slot, &only.name, element.clone()),
            [first, second, ..] => {
                self.assign(first.slot, &first.name, Held::plain(index()))?;
                self.assign(second.slot, &second.name, element.clone())
            }
        }
    }

    pub(super) fn assign(&mut self, slot: usize, name: &str, value: Held) -> Result<(), Stop> {
        if slot == UNDEFINED {
            return Err(self.stop(format!("undefined variable: {name}")));
        }
        let at = self.frame + slot;
        self.slots[at] = value;
        Ok(())
    }
}

fn index_value(index: usize) -> Value {
    Value::Int(i64::try_from(index).unwrap_or(i64::MAX))
}
