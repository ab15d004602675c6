//! What a process has used so far, from `/proc`.

use anyhow::{Context as _, Result};

/// Ticks in a second of CPU time; the kernel's interface fixes it for every architecture that runs this.
const TICKS: f64 = 100.0;

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Seconds of CPU time, in user and kernel mode, of all threads.
    pub(crate) cpu: f64,
    /// The most memory that was resident, in MB.
    pub(crate) peak: f64,
    /// The memory that is resident now, in MB: all of it, and what is no file (code, mostly).
    pub(crate) resident: (f64, f64),
}

impl Usage {
    /// Of a running process.
    pub(crate) fn of(process: u32) -> Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{process}/{file}");
            std::fs::read_to_string(&path).with_context(|| path)
        };
        // The second field is the program's name in parentheses, which may hold spaces.
        let stat = read("stat")?;
        let fields: Vec<&str> =
            stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
        let ticks =
            |index: usize| fields.get(index).and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
        let status = read("status")?;
        let memory = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|text| text.trim().trim_end_matches(" kB").parse::<f64>().ok());
            kilobytes
                .map(|kilobytes| kilobytes * 1024.0 / 1e6)
                .with_context(|| format!("no {name} in the status of the process"))
        };
        Ok(Self {
            cpu: (ticks(11) + ticks(12)) / TICKS,
            peak: memory("VmHWM:")?,
            resident: (memory("VmRSS:")?, memory("RssAnon:")?),
        })
    }
}
