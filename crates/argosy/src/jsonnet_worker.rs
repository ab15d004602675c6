//! `argosy jsonnet-worker`: the process in which a renderer has Jsonnet programs evaluated. Not for people: it speaks
//! with its parent over its standard streams, and lives as long as one render.

use std::io;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

/// What the worker takes.
#[derive(Debug, Args)]
pub(crate) struct WorkerOptions {
    /// Seconds of processor time after which the system ends the process.
    seconds: u64,
    /// The most bytes of memory, besides what the process takes for itself.
    bytes: u64,
}

/// The program and arguments that start this verb of this very binary.
pub(crate) fn command(max_seconds: u64) -> Option<render::JsonnetWorker> {
    // The file itself, which stays the same one when it is replaced by a newer version.
    let program =
        if cfg!(target_os = "linux") { "/proc/self/exe".into() } else { std::env::current_exe().ok()? };
    let arguments = vec!["jsonnet-worker".to_owned()];
    // The allocator reserves memory in large pieces, which the limit would count as used.
    let environment = vec![("MIMALLOC_ARENA_RESERVE".to_owned(), "0".to_owned())];
    Some(render::JsonnetWorker { program, arguments, environment, max_seconds, max_bytes: 1 << 30 })
}

/// Evaluates what the parent asks for, until it closes the stream.
pub(crate) fn run(options: &WorkerOptions) -> Result<()> {
    limit(libc::RLIMIT_CPU, options.seconds).context("limiting the processor time")?;
    let bytes = used_bytes().saturating_add(jsonnet::STACK_BYTES as u64).saturating_add(options.bytes);
    limit(libc::RLIMIT_DATA, bytes).context("limiting the memory")?;
    // No file of its own may grow, and no dump of what was evaluated is left behind.
    limit(libc::RLIMIT_FSIZE, 0).context("limiting files")?;
    limit(libc::RLIMIT_CORE, 0).context("limiting dumps")?;
    let thread = std::thread::Builder::new()
        .stack_size(jsonnet::STACK_BYTES)
        .spawn(|| jsonnet::serve(io::stdin(), io::stdout()))
        .context("starting a thread")?;
    thread.join().map_err(|_| anyhow!("the evaluation panicked"))?.context("speaking with the parent")
}

/// The memory that the process has taken before it has done anything: it counts, too.
fn used_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() << 10
}

/// How the C library calls what can be limited.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type Resource = libc::c_int;

/// Sets both the soft and the hard limit of this process.
#[expect(unsafe_code, reason = "the standard library cannot set limits")]
fn limit(resource: Resource, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: `limit` is a valid `rlimit` that outlives the call, which only reads it.
    let result = unsafe { libc::setrlimit(resource, &raw const limit) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
