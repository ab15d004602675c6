//! Executes templates. `walk.rs` runs blocks, `eval.rs` pipelines and fields, `call.rs` functions; this file holds the
//! state they share and what host functions can do with it.

mod call;
mod eval;
mod walk;

use std::any::Any;
use std::sync::Arc;

use crate::environment::Environment;
use crate::error::{Error, ExecuteError};
use crate::functions::FunctionError;
use crate::limits::{Limit, Limits, stack_position};
use crate::parse::ast::{Place, Template};
use crate::set::TemplateSet;
use crate::value::Value;

/// A value during evaluation. Go tells a value from an interface that holds it, and its error texts show that; `nil` in
/// an interface (a key with a nil value) and no value at all (the result of a pipeline) act differently.
#[derive(Clone, Default)]
pub(crate) struct Held {
    pub(crate) value: Value,
    pub(crate) interface: bool,
}

impl Held {
    pub(crate) fn plain(value: Value) -> Held {
        Held { value, interface: false }
    }

    pub(crate) fn in_interface(value: Value) -> Held {
        Held { value, interface: true }
    }
}

/// Stops the execution.
pub(crate) type Stop = Box<ExecuteError>;

/// One execution of templates of a set: variables, output, budget, and what host functions keep between calls.
///
/// A state executes any number of templates one after the other, and functions called by a template get the same
/// state to execute further ones.
pub struct State {
    set: Arc<TemplateSet>,
    /// Definitions made by texts being executed, innermost last; they hide those of the set.
    layers: Vec<Vec<Arc<Template>>>,
    environment: Arc<dyn Environment>,
    limits: Limits,
    steps_left: u64,
    bytes_left: u64,
    output: String,
    slots: Vec<Held>,
    frame: usize,
    template: Option<Arc<Template>>,
    place: Place,
    depth: usize,
    stack_top: usize,
    host: Option<Box<dyn Any + Send>>,
}

impl State {
    /// A state to execute the templates of `set`.
    #[must_use]
    pub fn new(set: Arc<TemplateSet>, environment: Arc<dyn Environment>, limits: Limits) -> State {
        State {
            set,
            layers: Vec::new(),
            environment,
            steps_left: limits.steps,
            bytes_left: limits.bytes,
            limits,
            output: String::new(),
            slots: Vec::new(),
            frame: 0,
            template: None,
            place: Place::default(),
            depth: 0,
            stack_top: 0,
            host: None,
        }
    }

    /// The same state with data of the host, which its functions reach by [`State::host`].
    #[must_use]
    pub fn with_host<T: Any + Send>(mut self, host: T) -> State {
        self.host = Some(Box::new(host));
        self
    }

    /// The host's data, if it is of type `T`.
    pub fn host<T: Any>(&mut self) -> Option<&mut T> {
        self.host.as_mut()?.downcast_mut()
    }

    /// The set whose templates are executed.
    #[must_use]
    pub fn set(&self) -> &Arc<TemplateSet> {
        &self.set
    }

    /// The clock and the source of randomness.
    #[must_use]
    pub fn environment(&self) -> &Arc<dyn Environment> {
        &self.environment
    }

    /// How many templates are being executed within each other.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The name of the template being executed.
    #[must_use]
    pub fn template_name(&self) -> Option<&Arc<str>> {
        self.template.as_ref().map(|template| &template.name)
    }

    /// Whether a template of that name is defined here.
    #[must_use]
    pub fn is_defined(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Executes the named template with `data` as `.` and `$`, and returns its output.
    ///
    /// # Errors
    /// No such template, or its execution stopped.
    pub fn execute(&mut self, name: &str, data: &Value) -> Result<String, Error> {
        let template = self.named(name)?;
        self.run(&template, data, str::to_owned)
    }

    /// Like [`State::execute`], for functions that give the output as their value: it is copied once only.
    ///
    /// # Errors
    /// No such template, or its execution stopped.
    pub fn include(&mut self, name: &str, data: &Value) -> Result<Value, Error> {
        let template = self.named(name)?;
        self.run(&template, data, |output| Value::string(output))
    }

    fn named(&self, name: &str) -> Result<Arc<Template>, Error> {
        let missing = || Error::NoTemplate { name: name.into(), root: self.set.name().clone() };
        self.find(name).ok_or_else(missing)
    }

    /// Parses `text` under `name` and executes it. All templates of the set can be called; templates that the text
    /// defines are visible only while it executes.
    ///
    /// # Errors
    /// The text is no template, or its execution stopped.
    pub fn execute_text(&mut self, name: &Arc<str>, text: &Arc<str>, data: &Value) -> Result<Value, Error> {
        // Most texts out of values are no templates at all.
        if !text.contains("{{") {
            self.charge_limit(text.len()).map_err(|limit| Error::Execute(self.stop_limit(limit)))?;
            return Ok(Value::String(text.clone()));
        }
        let templates = self.set.functions().parsed(name, text)?;
        let Some(main) = templates.iter().find(|template| template.name == *name) else {
            return Err(Error::NoTemplate { name: name.clone(), root: self.set.name().clone() });
        };
        let mut layer = Vec::with_capacity(templates.len());
        for template in templates.iter() {
            if !template.is_empty() || self.find(&template.name).is_none() {
                layer.push(template.clone());
            }
        }
        self.layers.push(layer);
        let result = self.run(main, data, |output| Value::string(output));
        self.layers.pop();
        result
    }

    /// Takes `bytes` off the budget of generated text. Functions call it before they build something whose size the
    /// template chooses.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn charge(&mut self, bytes: usize) -> Result<(), FunctionError> {
        self.charge_limit(bytes).map_err(FunctionError::from)
    }

    pub(crate) fn charge_limit(&mut self, bytes: usize) -> Result<(), Limit> {
        match self.bytes_left.checked_sub(bytes as u64) {
            Some(left) => {
                self.bytes_left = left;
                Ok(())
            }
            None => {
                self.bytes_left = 0;
                Err(Limit::Bytes(self.limits.bytes))
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<Template>> {
        let mut layered = self.layers.iter().rev().flatten();
        layered.find(|template| &*template.name == name).or_else(|| self.set.find(name)).cloned()
    }

    /// Executes a template behind the output so far, takes what it wrote away again and hands it to `finish`.
    fn run<R>(
        &mut self,
        template: &Arc<Template>,
        data: &Value,
        finish: impl FnOnce(&str) -> R,
    ) -> Result<R, Error> {
        if self.depth == 0 {
            self.stack_top = stack_position();
        }
        let start = self.output.len();
        let result = self.enter(template, &Held::plain(data.clone()));
        let output = result.map(|()| finish(&self.output[start..]));
        self.output.truncate(start);
        output.map_err(Error::Execute)
    }

    /// Executes a template in a frame of its own, writing to the current output.
    pub(crate) fn enter(&mut self, template: &Arc<Template>, dot: &Held) -> Result<(), Stop> {
        if self.depth >= self.limits.depth {
            return Err(self.stop_limit(Limit::Depth(self.limits.depth)));
        }
        if self.stack_top.abs_diff(stack_position()) > self.limits.stack_bytes {
            return Err(self.stop_limit(Limit::Stack(self.limits.stack_bytes)));
        }
        let saved = (self.frame, self.place, self.template.replace(template.clone()));
        self.frame = self.slots.len();
        self.slots.resize(self.frame + template.slots, Held::default());
        self.slots[self.frame] = dot.clone();
        self.depth += 1;
        let result = self.walk(&template.body, dot);
        self.depth -= 1;
        self.slots.truncate(self.frame);
        (self.frame, self.place, self.template) = saved;
        result.map(|_| ())
    }

    fn at(&mut self, place: Place) {
        self.place = place;
    }

    #[inline]
    fn step(&mut self) -> Result<(), Stop> {
        self.steps(1)
    }

    #[inline]
    fn steps(&mut self, count: usize) -> Result<(), Stop> {
        match self.steps_left.checked_sub(count as u64) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => Err(self.stop_limit(Limit::Steps(self.limits.steps))),
        }
    }

    /// The error for the current place.
    #[cold]
    fn stop(&self, message: impl Into<String>) -> Stop {
        let mut error = ExecuteError {
            template: "".into(),
            parse_name: self.set.name().clone(),
            line: 0,
            column: 0,
            context: String::new(),
            message: message.into(),
            function: None,
            cause: None,
            limit: None,
        };
        if let Some(template) = &self.template {
            let before = &template.source.text[..self.place.offset as usize];
            error.template = template.name.clone();
            error.parse_name = template.source.name.clone();
            error.line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
            error.column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
            error.context = template.show(self.place);
        }
        Box::new(error)
    }

    #[cold]
    fn stop_limit(&self, limit: Limit) -> Stop {
        let mut stop = self.stop(limit.to_string());
        stop.limit = Some(limit);
        stop
    }

    #[cold]
    fn stop_call(&self, name: &str, error: FunctionError) -> Stop {
        let mut stop = self.stop(format!("error calling {name}"));
        if !error.message.is_empty() {
            stop.message.push_str(": ");
            stop.message.push_str(&error.message);
        }
        stop.function = Some(name.into());
        stop.cause = error.cause;
        stop.limit = error.limit;
        stop
    }
}
