//! Jsonnet programs of a directory application: what they are given, where they find libraries, and the process that
//! evaluates them when there is one.
//!
//! A program can loop or fill the memory, and nothing in its evaluator stops it. So a renderer that serves many
//! applications has each render's programs evaluated by a process of its own ([`JsonnetWorker`]) with limits of the
//! system on processor time and memory.

use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use tree::TreePath;
use types::{ApplicationSourceJsonnet, JsonnetVar};

use crate::engine::Job;
use crate::error::Failure;

/// How to start a process that evaluates programs: it reads requests from its standard input and answers on its
/// standard output ([`jsonnet::serve`]). It is given its limits as its last two arguments, and has to hold to them by
/// itself: seconds of processor time, and bytes of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonnetWorker {
    /// The program.
    pub program: PathBuf,
    /// Its arguments before the limits.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
    /// The processor time that the programs of one render may take together, in seconds.
    pub max_seconds: u64,
    /// The most bytes of memory that it may use.
    pub max_bytes: u64,
}

/// Evaluates the programs of one render.
pub(crate) struct Evaluator<'a> {
    job: &'a Job,
    process: Option<Process>,
}

struct Process {
    child: Child,
    input: BufReader<ChildStdout>,
    output: BufWriter<ChildStdin>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has nothing to lose, and may be busy for ever.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(worker: &JsonnetWorker) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::content(format!(
                "{} cannot be started to evaluate Jsonnet: {error}",
                worker.program.display()
            ))
        };
        let mut child = Command::new(&worker.program)
            .args(&worker.arguments)
            .args([worker.max_seconds.to_string(), worker.max_bytes.to_string()])
            .env_clear()
            .envs(worker.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(&error))?;
        match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => {
                Ok(Self { child, output: BufWriter::new(input), input: BufReader::new(output) })
            }
            _ => Err(failed(&"it has no streams")),
        }
    }

    /// Why the process has ended, as far as its end tells.
    fn end(&mut self, worker: &JsonnetWorker) -> String {
        use std::os::unix::process::ExitStatusExt as _;
        let _ = self.child.kill();
        let signal = self.child.wait().ok().and_then(|status| status.signal());
        match signal {
            // SIGXCPU, and SIGKILL for one that does not heed it.
            Some(24 | 9) => format!("it took more than {} seconds of processor time", worker.max_seconds),
            // SIGABRT, SIGSEGV: what a process does that gets no more memory or stack.
            Some(6 | 11) => format!("it needed more than {} MiB of memory", worker.max_bytes >> 20),
            Some(signal) => format!("it was ended by signal {signal}"),
            None => "it ended by itself".to_owned(),
        }
    }
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(job: &'a Job) -> Self {
        Self { job, process: None }
    }

    /// Evaluates one program.
    pub(crate) fn evaluate(
        &mut self,
        place: &TreePath,
        file: &TreePath,
        settings: &ApplicationSourceJsonnet,
    ) -> Result<Value, Failure> {
        let job = self.job;
        let mut library_paths = vec![place.clone()];
        for library in &settings.libs {
            // A leading slash means the repository's root, too.
            let path = TreePath::new(library.trim_start_matches('/'))
                .map_err(|error| Failure::Specification(error.to_string()))?;
            library_paths.push(path);
        }
        let options = jsonnet::Options {
            external_variables: variables(job, &settings.ext_vars),
            arguments: variables(job, &settings.tlas),
            library_paths,
            ..jsonnet::Options::default()
        };
        let Some(worker) = &job.jsonnet_worker else {
            return jsonnet::evaluate(&*job.tree, file, &options)
                .map_err(|error| Failure::content(error.to_string()));
        };
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(worker)?,
        };
        let result = jsonnet::drive(&mut process.input, &mut process.output, &*job.tree, file, &options);
        match result {
            Err(jsonnet::Error::Lost { file, .. }) => {
                let reason = process.end(worker);
                Err(Failure::content(format!("{file}: the program was given up: {reason}")))
            }
            other => {
                self.process = Some(process);
                other.map_err(|error| Failure::content(error.to_string()))
            }
        }
    }
}

fn variables(job: &Job, variables: &[JsonnetVar]) -> Vec<jsonnet::Variable> {
    let of = |variable: &JsonnetVar| jsonnet::Variable {
        name: variable.name.clone(),
        value: job.variables.expand(&variable.value),
        code: variable.code,
    };
    variables.iter().map(of).collect()
}
