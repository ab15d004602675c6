//! Why a source's manifests are what they are: what they were made of, and why a result that was kept could be used
//! or not. The same words for the command line, the API and logs.

use std::fmt;

use tree::Observation;

/// Why a source's manifests are what they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explain {
    /// Where the manifests came from.
    pub origin: Origin,
    /// The key of the cache, as hexadecimal digits: a hash of all inputs.
    pub key: String,
    /// The inputs that are no files: options, the cluster's version, settings.
    pub inputs: Vec<Input>,
    /// The paths that were looked at, and what stood there. A kept result is used only where all this is the same.
    pub read: Vec<Read>,
    /// How many more paths were looked at than are told.
    pub more_read: usize,
    /// The build variables that were used, with their values.
    pub variables: Vec<(String, String)>,
    /// What was fetched for the render, by URL or by chart and version, with a digest of the content.
    pub fetched: Vec<(String, String)>,
    /// The plugins that were asked, with what tells them apart; the empty name stands for all there are.
    pub plugins: Vec<(String, String)>,
    /// A hash of the manifests.
    pub content: String,
}

/// One input that is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Its name: a field of the source, or a setting.
    pub name: String,
    /// Its text, or a hash when it is long.
    pub value: String,
}

/// One path that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// The reference name of the source that the path is in; empty for the source itself.
    pub repository: String,
    /// The path; `.` for the root.
    pub path: String,
    /// What stood there.
    pub seen: Observation,
}

impl Read {
    /// What stood there, in words: an object's id, a kind, or that there was nothing.
    pub fn seen_text(&self) -> String {
        match &self.seen {
            Observation::Absent => "absent".to_owned(),
            Observation::Kind(kind) => format!("{kind:?}").to_lowercase(),
            Observation::Content(oid) => oid.to_string(),
        }
    }
}

impl fmt::Display for Read {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.repository.is_empty() {
            write!(formatter, "${}/", self.repository)?;
        }
        write!(formatter, "{}", self.path)
    }
}

/// Where manifests came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// They were not wanted: the source is only referred to.
    #[default]
    Reference,
    /// From the cache: nothing that was read is different.
    Unchanged,
    /// Rendered: nothing was kept for this application.
    First,
    /// Rendered: these inputs are different from the ones before.
    Inputs(Vec<String>),
    /// Rendered: this path is different from what was read for the kept manifests.
    Changed(String),
    /// Rendered: this build variable has another value.
    Variable(String),
    /// Rendered: this plugin, or the set of plugins when it is empty, is another than before.
    Plugin(String),
    /// Rendered: what was fetched for the kept manifests is too old to rely on.
    Expired,
    /// Rendered: the proof of the kept manifests could not be checked.
    Unproven(String),
    /// Rendered: the cache was not to be used.
    Forced,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference => formatter.write_str("not rendered: the source is only referred to"),
            Self::Unchanged => formatter.write_str("from the cache: nothing that was read has changed"),
            Self::First => formatter.write_str("rendered: nothing was kept for this application"),
            Self::Inputs(names) => write!(formatter, "rendered: {} changed", names.join(", ")),
            Self::Changed(path) => write!(formatter, "rendered: {path} changed"),
            Self::Variable(name) => write!(formatter, "rendered: {name} changed"),
            Self::Plugin(name) if name.is_empty() => formatter.write_str("rendered: there are other plugins"),
            Self::Plugin(name) => write!(formatter, "rendered: the plugin {name} was started anew"),
            Self::Expired => {
                formatter.write_str("rendered: what was fetched for the kept manifests is too old")
            }
            Self::Unproven(reason) => {
                write!(formatter, "rendered: the kept manifests could not be proven to hold: {reason}")
            }
            Self::Forced => formatter.write_str("rendered: the cache was not to be used"),
        }
    }
}

impl fmt::Display for Explain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.origin)?;
        if self.origin == Origin::Reference {
            return Ok(());
        }
        writeln!(formatter, "key: {}", self.key)?;
        writeln!(formatter, "manifests: {}", self.content)?;
        let inputs: Vec<_> =
            self.inputs.iter().map(|input| (input.name.clone(), input.value.clone())).collect();
        let read: Vec<_> = self.read.iter().map(|read| (read.to_string(), read.seen_text())).collect();
        for (title, lines) in [
            ("inputs", &inputs),
            ("variables", &self.variables),
            ("fetched", &self.fetched),
            ("plugins", &self.plugins),
            ("read", &read),
        ] {
            if !lines.is_empty() {
                writeln!(formatter, "{title}:")?;
            }
            for (name, value) in lines {
                writeln!(formatter, "  {name}: {value}")?;
            }
        }
        if self.more_read > 0 {
            writeln!(formatter, "  and {} more", self.more_read)?;
        }
        Ok(())
    }
}
