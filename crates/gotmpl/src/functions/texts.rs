//! Parsed texts that came from values. All renders that use the same functions share them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::parse::ast::Template;

/// The templates of one text.
pub(crate) type Templates = Arc<[Arc<Template>]>;

/// Texts by the name they are parsed under, and what they are parsed to.
#[derive(Default)]
pub(crate) struct ParsedTexts(RwLock<Texts>);

#[derive(Default)]
struct Texts {
    bytes: usize,
    found: HashMap<(Arc<str>, Arc<str>), Templates>,
}

/// Bytes of text to keep. A tree is some ten times as large as its text.
const MAX_BYTES: usize = 4 << 20;

/// What an entry costs besides its text.
const ENTRY_BYTES: usize = 256;

impl ParsedTexts {
    pub(crate) fn find(&self, name: &Arc<str>, text: &Arc<str>) -> Option<Templates> {
        self.0.read().found.get(&(name.clone(), text.clone())).cloned()
    }

    /// Keeps a text. When there are too many, all are forgotten: the ones in use come back soon enough.
    pub(crate) fn keep(&self, name: &Arc<str>, text: &Arc<str>, templates: &Templates) {
        let size = text.len().saturating_add(ENTRY_BYTES);
        if size > MAX_BYTES / 4 {
            return;
        }
        let mut texts = self.0.write();
        let forgotten =
            if texts.bytes + size > MAX_BYTES { std::mem::take(&mut *texts) } else { Texts::default() };
        texts.bytes += size;
        texts.found.insert((name.clone(), text.clone()), templates.clone());
        drop(texts);
        drop(forgotten);
    }
}
