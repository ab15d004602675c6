//! A set of named templates that can call each other. Neighbors: `parse` makes the templates, `exec` runs them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Error;
use crate::functions::Functions;
use crate::options::Options;
use crate::parse::ast::Template;

/// Named templates, parsed once and executed any number of times, from any number of threads.
#[derive(Clone)]
pub struct TemplateSet {
    name: Arc<str>,
    functions: Arc<Functions>,
    options: Options,
    templates: HashMap<Arc<str>, Arc<Template>>,
}

impl TemplateSet {
    /// An empty set. `name` stands for the set in the error for a missing template.
    pub fn new(name: impl Into<Arc<str>>, functions: Arc<Functions>, options: Options) -> TemplateSet {
        TemplateSet { name: name.into(), functions, options, templates: HashMap::new() }
    }

    /// Parses a text and adds it and what it defines. The last definition of a name wins, except that one of white
    /// space only never replaces another.
    ///
    /// # Errors
    /// The text is no template; then nothing is added.
    pub fn parse(&mut self, name: impl Into<Arc<str>>, text: &str) -> Result<(), Error> {
        let parsed = self.compile(name, text)?;
        self.add(&parsed);
        Ok(())
    }

    /// Parses a text without adding it, to share the result between sets that use the same functions.
    ///
    /// # Errors
    /// The text is no template.
    pub fn compile(&self, name: impl Into<Arc<str>>, text: &str) -> Result<Compiled, Error> {
        crate::parse::parse(&name.into(), text, &self.functions).map(Compiled)
    }

    /// Adds what was compiled before, by the rules of [`TemplateSet::parse`].
    pub fn add(&mut self, compiled: &Compiled) {
        for template in &compiled.0 {
            if !template.is_empty() || !self.templates.contains_key(&template.name) {
                self.templates.insert(template.name.clone(), template.clone());
            }
        }
    }

    /// The name of the set.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The names of all templates, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.templates.keys().cloned().collect();
        names.sort();
        names
    }

    /// The functions that templates can call.
    #[must_use]
    pub fn functions(&self) -> &Arc<Functions> {
        &self.functions
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Arc<Template>> {
        self.templates.get(name)
    }
}

/// A parsed text: a template and those it defines.
#[derive(Clone, Debug)]
pub struct Compiled(Vec<Arc<Template>>);
