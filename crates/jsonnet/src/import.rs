//! Where imports are found. All reading goes through the tree, and every file is loaded once.

use std::collections::HashMap;
use std::sync::Arc;

use rsjsonnet_lang::interner::InternedStr;
use rsjsonnet_lang::program::{
    Callbacks, EvalError, EvalStackTraceItem, ImportError, LoadError, NativeError, Program, Thunk, Value,
};
use rsjsonnet_lang::span::{SourceId, SpanContext, SpanId};
use tree::{Tree, TreeError, TreePath};

use crate::error::{Error, of_evaluation, of_loading};
use crate::nesting::{MAX_NESTING, too_deep};

/// A loaded source: a file of the tree, or a value given from outside.
struct Source {
    file: Option<TreePath>,
    name: String,
    text: Arc<[u8]>,
}

/// Why a file could not be loaded.
pub(crate) enum Failure {
    Read(TreeError),
    TooLarge,
    TooDeep,
    Load(LoadError),
}

impl Failure {
    /// The words for it where no file is involved.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Read(error) => error.to_string(),
            Self::TooLarge => "it is too large".to_owned(),
            Self::TooDeep => format!("it nests more than {MAX_NESTING} levels deep"),
            Self::Load(error) => of_loading(error).1,
        }
    }
}

pub(crate) struct Importer<'p, 't> {
    tree: &'t dyn Tree,
    library_paths: &'t [TreePath],
    sources: HashMap<SourceId, Source>,
    loaded: HashMap<TreePath, Thunk<'p>>,
    bytes_left: usize,
    limit: usize,
    /// What went wrong inside an import; the library only passes on that something did.
    failed: Option<Error>,
}

impl<'p, 't> Importer<'p, 't> {
    pub(crate) fn new(tree: &'t dyn Tree, library_paths: &'t [TreePath], limit: usize) -> Self {
        Self {
            tree,
            library_paths,
            sources: HashMap::new(),
            loaded: HashMap::new(),
            bytes_left: limit,
            limit,
            failed: None,
        }
    }

    /// Loads a file of the tree, or answers it loaded already.
    pub(crate) fn load(&mut self, program: &mut Program<'p>, file: &TreePath) -> Result<Thunk<'p>, Failure> {
        if let Some(thunk) = self.loaded.get(file) {
            return Ok(thunk.clone());
        }
        let text = tree::read(self.tree, file).map_err(Failure::Read)?;
        self.bytes_left = self.bytes_left.checked_sub(text.len()).ok_or(Failure::TooLarge)?;
        let thunk = self.load_text(program, Some(file), file.as_str(), &text)?;
        self.loaded.insert(file.clone(), thunk.clone());
        Ok(thunk)
    }

    pub(crate) fn load_text(
        &mut self,
        program: &mut Program<'p>,
        file: Option<&TreePath>,
        name: &str,
        text: &[u8],
    ) -> Result<Thunk<'p>, Failure> {
        if too_deep(text) {
            return Err(Failure::TooDeep);
        }
        let (context, source) = program.span_manager_mut().insert_source_context(text.len());
        self.sources.insert(source, Source { file: file.cloned(), name: name.to_owned(), text: text.into() });
        program.load_source(context, text, true, name).map_err(Failure::Load)
    }

    /// File and line of a place.
    fn place(&self, program: &Program<'p>, span: SpanId) -> Option<(String, usize)> {
        let (context, start, _) = program.span_manager().get_span(span);
        let SpanContext::Source(source) = program.span_manager().get_context(context);
        let source = self.sources.get(source)?;
        let before = source.text.get(..start)?;
        Some((source.name.clone(), before.iter().filter(|byte| **byte == b'\n').count() + 1))
    }

    pub(crate) fn load_error(&self, program: &Program<'p>, file: &TreePath, failure: Failure) -> Error {
        match failure {
            Failure::Read(error) => Error::Read { file: file.clone(), error },
            Failure::TooLarge => Error::TooLarge { file: file.clone(), limit: self.limit },
            Failure::TooDeep => Error::Syntax { file: file.to_string(), line: 1, reason: failure.reason() },
            Failure::Load(error) => {
                let (span, reason) = of_loading(&error);
                let (file, line) = self.place(program, span).unwrap_or((file.to_string(), 1));
                Error::Syntax { file, line, reason }
            }
        }
    }

    pub(crate) fn evaluation_error(
        &self,
        program: &Program<'p>,
        file: &TreePath,
        error: &EvalError,
    ) -> Error {
        if let Some(inner) = &self.failed {
            return inner.clone();
        }
        let (span, reason) = of_evaluation(&error.kind);
        // The innermost place that lies in a file of the program, not in the standard library.
        let spans = span.into_iter().chain(error.stack_trace.iter().rev().filter_map(span_of));
        let place = spans.into_iter().find_map(|span| self.place(program, span));
        let (file, line) = place.unwrap_or((file.to_string(), 0));
        Error::Evaluation { file, line, reason }
    }

    /// The file that an import means, as seen from the importing file.
    fn find(&self, program: &Program<'p>, from: SpanId, path: &str) -> Result<Option<TreePath>, TreeError> {
        let (context, _, _) = program.span_manager().get_span(from);
        let SpanContext::Source(source) = program.span_manager().get_context(context);
        let beside =
            self.sources.get(source).and_then(|source| source.file.as_ref()).and_then(TreePath::parent);
        for directory in beside.iter().chain(self.library_paths.iter().rev()) {
            let Ok(candidate) = directory.join(path) else { continue };
            if tree::is_file(self.tree, &candidate)? {
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, ImportError> {
        self.failed = Some(error);
        Err(ImportError)
    }

    fn read_import(
        &mut self,
        program: &Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Arc<[u8]>, ImportError> {
        let file = match self.find(program, from, path) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(ImportError),
            Err(error) => {
                let file = TreePath::new(path).unwrap_or_default();
                return self.fail(Error::Read { file, error });
            }
        };
        match tree::read(self.tree, &file) {
            Ok(content) if content.len() <= self.bytes_left => {
                self.bytes_left -= content.len();
                Ok(content)
            }
            Ok(_) => self.fail(Error::TooLarge { file, limit: self.limit }),
            Err(error) => self.fail(Error::Read { file, error }),
        }
    }
}

fn span_of(item: &EvalStackTraceItem) -> Option<SpanId> {
    match item {
        EvalStackTraceItem::Expr { span }
        | EvalStackTraceItem::Variable { span, .. }
        | EvalStackTraceItem::Import { span } => Some(*span),
        EvalStackTraceItem::Call { span, .. }
        | EvalStackTraceItem::ArrayItem { span, .. }
        | EvalStackTraceItem::ObjectField { span, .. } => *span,
        _ => None,
    }
}

impl<'p> Callbacks<'p> for Importer<'p, '_> {
    fn import(
        &mut self,
        program: &mut Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Thunk<'p>, ImportError> {
        let file = match self.find(program, from, path) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(ImportError),
            Err(error) => {
                let file = TreePath::new(path).unwrap_or_default();
                return self.fail(Error::Read { file, error });
            }
        };
        match self.load(program, &file) {
            Ok(thunk) => Ok(thunk),
            Err(failure) => {
                let error = self.load_error(program, &file, failure);
                self.fail(error)
            }
        }
    }

    fn import_str(
        &mut self,
        program: &mut Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<String, ImportError> {
        let content = self.read_import(program, from, path)?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }

    fn import_bin(
        &mut self,
        program: &mut Program<'p>,
        from: SpanId,
        path: &str,
    ) -> Result<Vec<u8>, ImportError> {
        Ok(self.read_import(program, from, path)?.to_vec())
    }

    fn trace(&mut self, _program: &mut Program<'p>, _message: &str, _stack: &[EvalStackTraceItem]) {
        // Rendering says nothing but its result.
    }

    fn native_call(
        &mut self,
        _program: &mut Program<'p>,
        _name: InternedStr<'p>,
        _arguments: &[Value<'p>],
    ) -> Result<Value<'p>, NativeError> {
        Err(NativeError)
    }
}
