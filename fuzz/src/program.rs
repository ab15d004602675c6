//! One fuzzing program for all targets: `ARGOSY_FUZZ_TARGET` chooses which, everything else is libFuzzer's command line.
#![no_main]

use std::io::Write as _;
use std::sync::OnceLock;

use argosy_fuzz::meter;
use argosy_fuzz::targets::{self, Target};

#[global_allocator]
static METER: meter::Meter = meter::Meter;

static CHOSEN: OnceLock<&'static Target> = OnceLock::new();

/// The target that the environment names. Without a name, the targets are listed with their dictionaries: this is how
/// `cargo xtask fuzz` knows them.
fn chosen() -> &'static Target {
    let Ok(name) = std::env::var("ARGOSY_FUZZ_TARGET") else {
        for target in targets::ALL {
            println!("{} {}", target.name, target.dictionary);
        }
        leave(0)
    };
    targets::ALL.iter().find(|target| target.name == name).unwrap_or_else(|| {
        eprintln!("ARGOSY_FUZZ_TARGET is {name:?}, which is no target");
        leave(2)
    })
}

/// Ends the process at once: an ordinary exit is something that libFuzzer takes for a finding.
fn leave(code: i32) -> ! {
    // Writing failed or not, there is nothing left to do.
    let _ = std::io::stdout().flush();
    // SAFETY: nothing of this process is needed any more.
    unsafe { libc::_exit(code) }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let target = CHOSEN.get_or_init(chosen);
    meter::within(target.memory, target.runs, || (target.run)(data));
});
