//! Programs evaluated in another process: a program of foreign input can loop for ever or fill the memory, and a thread
//! cannot be ended from outside, but a process can.
//!
//! ```text
//!  drive ──Evaluate──▶ serve          one request after the other
//!   Tree ◀──Kind, Read── evaluate     the process has no files: it asks for them
//!        ──answer──▶
//!        ◀──Value, Failed──
//! ```
//!
//! Messages are a length, a letter and bytes. This module knows nothing of processes: it speaks over any two streams.
//! Who starts the process sets its limits and ends it.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tree::{Entry, EntryKind, Tree, TreeError, TreePath};

use crate::{Error, Options, evaluate};

/// The longest message: a file of a repository, or a result.
const MAX_MESSAGE: usize = 256 << 20;

/// The letters of messages.
mod letter {
    pub(super) const EVALUATE: u8 = b'E';
    pub(super) const KIND: u8 = b'K';
    pub(super) const READ: u8 = b'R';
    pub(super) const ANSWER: u8 = b'A';
    pub(super) const MISSING: u8 = b'M';
    pub(super) const REFUSED: u8 = b'X';
    pub(super) const VALUE: u8 = b'V';
    pub(super) const FAILED: u8 = b'F';
}

fn send(output: &mut dyn Write, letter: u8, content: &[u8]) -> io::Result<()> {
    let length = u32::try_from(content.len()).map_err(io::Error::other)?;
    output.write_all(&length.to_be_bytes())?;
    output.write_all(&[letter])?;
    output.write_all(content)?;
    output.flush()
}

/// The next message; `None` when there are no more.
fn receive(input: &mut dyn Read) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; 5];
    match input.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let [a, b, c, d, letter] = head;
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > MAX_MESSAGE {
        return Err(io::Error::other(format!("a message of {length} bytes")));
    }
    // Read as it comes: a length alone must not take memory.
    let mut content = Vec::new();
    input.take(length as u64).read_to_end(&mut content)?;
    if content.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((letter, content)))
}

/// Answers requests to evaluate until there are no more. The calling thread needs a stack of [`crate::STACK_BYTES`].
///
/// # Errors
/// When the streams break.
pub fn serve(input: impl Read + Send, output: impl Write + Send) -> io::Result<()> {
    let remote = Remote { streams: Mutex::new((input, output)) };
    loop {
        let request = receive(&mut remote.lock().0)?;
        let Some((letter::EVALUATE, request)) = request else { return Ok(()) };
        let result = read_request(&request).and_then(|(file, options)| {
            evaluate(&remote, &file, &options).map_err(|error| error.to_string())
        });
        let output = &mut remote.lock().1;
        match result {
            Ok(value) => send(output, letter::VALUE, value.to_string().as_bytes())?,
            Err(error) => send(output, letter::FAILED, error.as_bytes())?,
        }
    }
}

/// Has a program evaluated by whoever [`serve`]s at the other end.
///
/// # Errors
/// As [`evaluate`], in the words of [`Error::Remote`]; [`Error::Lost`] when the other end is gone.
pub fn drive(
    input: &mut dyn Read,
    output: &mut dyn Write,
    tree: &dyn Tree,
    file: &TreePath,
    options: &Options,
) -> Result<Value, Error> {
    let lost = |error: io::Error| Error::Lost { file: file.clone(), reason: error.to_string() };
    send(output, letter::EVALUATE, write_request(file, options).as_bytes()).map_err(lost)?;
    loop {
        let Some((letter, content)) = receive(input).map_err(lost)? else {
            return Err(Error::Lost { file: file.clone(), reason: "it ended".to_owned() });
        };
        let text = || String::from_utf8_lossy(&content).into_owned();
        match letter {
            letter::VALUE => {
                return serde_json::from_slice(&content)
                    .map_err(|error| Error::Output { file: file.clone(), reason: error.to_string() });
            }
            letter::FAILED => return Err(Error::Remote { words: text() }),
            letter::KIND => {
                let kind = TreePath::new(&text())
                    .map_err(|error| error.to_string())
                    .and_then(|path| tree.kind(&path).map_err(|error| error.to_string()));
                match kind {
                    Ok(kind) => send(output, letter::ANSWER, &[kind_letter(kind)]),
                    Err(error) => send(output, letter::REFUSED, error.as_bytes()),
                }
                .map_err(lost)?;
            }
            letter::READ => {
                let path = TreePath::new(&text()).unwrap_or_default();
                match tree.read(&path) {
                    Ok(bytes) => send(output, letter::ANSWER, &bytes),
                    Err(TreeError::NotFound { .. }) => send(output, letter::MISSING, &[]),
                    Err(error) => send(output, letter::REFUSED, error.to_string().as_bytes()),
                }
                .map_err(lost)?;
            }
            other => return Err(lost(io::Error::other(format!("a message of unknown kind {other}")))),
        }
    }
}

fn kind_letter(kind: Option<EntryKind>) -> u8 {
    match kind {
        None => b'-',
        Some(EntryKind::File) => b'f',
        Some(EntryKind::Directory) => b'd',
        Some(EntryKind::Symlink) => b'l',
        Some(EntryKind::Submodule) => b's',
    }
}

/// A tree at the other end.
struct Remote<I, O> {
    streams: Mutex<(I, O)>,
}

impl<I: Read + Send, O: Write + Send> Remote<I, O> {
    fn lock(&self) -> std::sync::MutexGuard<'_, (I, O)> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, letter: u8, path: &TreePath) -> Result<Vec<u8>, TreeError> {
        let storage = |message: String| TreeError::Storage { path: path.clone(), message };
        let (input, output) = &mut *self.lock();
        let answer = send(output, letter, path.as_str().as_bytes()).and_then(|()| receive(input));
        match answer.map_err(|error| storage(error.to_string()))? {
            Some((letter::ANSWER, content)) => Ok(content),
            Some((letter::MISSING, _)) => Err(TreeError::NotFound { path: path.clone() }),
            Some((letter::REFUSED, words)) => {
                let words = String::from_utf8_lossy(&words).into_owned();
                // The path is said by the error that these words are put into.
                Err(storage(words.strip_prefix(&format!("{path}: ")).unwrap_or(&words).to_owned()))
            }
            _ => Err(storage("the other process is gone".to_owned())),
        }
    }
}

impl<I: Read + Send, O: Write + Send> Tree for Remote<I, O> {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        Err(TreeError::Storage { path: path.clone(), message: "ids are not told".to_owned() })
    }

    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        Ok(match self.ask(letter::KIND, path)?.first() {
            Some(b'f') => Some(EntryKind::File),
            Some(b'd') => Some(EntryKind::Directory),
            Some(b'l') => Some(EntryKind::Symlink),
            Some(b's') => Some(EntryKind::Submodule),
            _ => None,
        })
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.ask(letter::READ, path).map(Arc::from)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        Err(TreeError::Storage { path: path.clone(), message: "directories are not told".to_owned() })
    }
}

fn write_request(file: &TreePath, options: &Options) -> String {
    let variables = |list: &[crate::Variable]| -> Value {
        list.iter()
            .map(|variable| serde_json::json!([variable.name, variable.value, variable.code]))
            .collect()
    };
    let paths: Value = options.library_paths.iter().map(TreePath::as_str).collect();
    serde_json::json!({
        "file": file.as_str(),
        "externalVariables": variables(&options.external_variables),
        "arguments": variables(&options.arguments),
        "libraryPaths": paths,
        "maxStack": options.max_stack,
        "maxSourceBytes": options.max_source_bytes,
    })
    .to_string()
}

fn read_request(bytes: &[u8]) -> Result<(TreePath, Options), String> {
    let request: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let path =
        |value: &Value| TreePath::new(value.as_str().unwrap_or_default()).map_err(|error| error.to_string());
    let items = |key: &str| request[key].as_array().cloned().unwrap_or_default();
    let variables = |key: &str| -> Vec<crate::Variable> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let variable = |item: &Value| crate::Variable {
            name: text(&item[0]),
            value: text(&item[1]),
            code: item[2].as_bool().unwrap_or_default(),
        };
        items(key).iter().map(variable).collect()
    };
    let number =
        |key: &str| request[key].as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
    let options = Options {
        external_variables: variables("externalVariables"),
        arguments: variables("arguments"),
        library_paths: items("libraryPaths").iter().map(path).collect::<Result<_, _>>()?,
        max_stack: number("maxStack"),
        max_source_bytes: number("maxSourceBytes"),
    };
    Ok((path(&request["file"])?, options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tree::MemoryTree;

    /// Evaluates by a server on another thread, several programs in a row.
    fn run(tree: &dyn Tree, files: &[&str], options: &Options) -> Vec<Result<Value, String>> {
        let (their_input, mut output) = io::pipe().unwrap();
        let (mut input, their_output) = io::pipe().unwrap();
        let server = std::thread::Builder::new()
            .stack_size(crate::STACK_BYTES)
            .spawn(move || serve(their_input, their_output))
            .unwrap();
        let results = files
            .iter()
            .map(|file| {
                let file = TreePath::new(file).unwrap();
                drive(&mut input, &mut output, tree, &file, options).map_err(|error| error.to_string())
            })
            .collect();
        drop(output);
        server.join().unwrap().unwrap();
        results
    }

    #[test]
    fn programs_are_the_same_elsewhere() {
        let mut tree = MemoryTree::new();
        for (path, text) in [
            (
                "app/a.jsonnet",
                "function(n) {lib: import 'lib.libsonnet', text: importstr 'link', x: std.extVar('x') + n}",
            ),
            ("app/b.jsonnet", "{\n  a: error 'no' }"),
            ("app/c.jsonnet", "import 'nothing.libsonnet'"),
            ("app/d.jsonnet", "import 'out'"),
            ("app/note.txt", "note"),
            ("lib/lib.libsonnet", "[1, 2]"),
        ] {
            tree.insert_text(path, text).unwrap();
        }
        tree.insert_link("app/link", "note.txt").unwrap();
        tree.insert_link("app/out", "../../x").unwrap();
        let variable =
            |name: &str, value: &str, code| crate::Variable { name: name.into(), value: value.into(), code };
        let options = Options {
            external_variables: vec![variable("x", "ex", false)],
            arguments: vec![variable("n", "'t' + 1", true)],
            library_paths: vec![TreePath::new("lib").unwrap()],
            ..Options::default()
        };
        let files = [
            "app/a.jsonnet",
            "app/b.jsonnet",
            "app/c.jsonnet",
            "app/d.jsonnet",
            "app/none.jsonnet",
            "app/a.jsonnet",
        ];
        let here: Vec<_> = files
            .iter()
            .map(|file| {
                evaluate(&tree, &TreePath::new(file).unwrap(), &options).map_err(|error| error.to_string())
            })
            .collect();
        assert_eq!(run(&tree, &files, &options), here);
        assert_eq!(here[0], Ok(json!({"lib": [1, 2], "text": "note", "x": "ext1"})));
        assert_eq!(here[1], Err("app/b.jsonnet:2: RUNTIME ERROR: no".to_owned()));
    }

    #[test]
    fn a_process_that_ends_is_an_error() {
        let (mut tree, file) = (MemoryTree::new(), TreePath::new("a.jsonnet").unwrap());
        tree.insert_text("a.jsonnet", "1").unwrap();
        for answer in [&b""[..], b"\0\0\0\x02V", b"\xff\xff\xff\xffV", b"\0\0\0\0?"] {
            let mut input = answer;
            let error = drive(&mut input, &mut Vec::new(), &tree, &file, &Options::default()).unwrap_err();
            assert!(matches!(error, Error::Lost { .. }), "{answer:?}: {error}");
        }
        let mut never = &b"\0\0\0\x05K../xx"[..];
        assert!(
            drive(&mut never, &mut Vec::new(), &tree, &file, &Options::default()).is_err(),
            "a path that leads out"
        );
        for request in [&b""[..], b"{}", b"\0\0\0\x02E{}", b"\0\0\0\x01Kx"] {
            let _ = serve(request, Vec::new());
        }
    }
}
