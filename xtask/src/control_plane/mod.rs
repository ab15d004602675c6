//! The real Kubernetes control plane, for tests, benchmarks and work by hand.
//!
//! ```text
//!  tests/controlplane/*/go.mod ──build──▶ cache folder ──start──▶ etcd, kube-apiserver,
//!                                                                 kube-controller-manager, kube-scheduler, kwok
//! ```
//!
//! The binaries are built from their Go modules once and kept outside the checkout (see [`crate::shell::cache`]);
//! `KUBEBUILDER_ASSETS`, the convention of Kubernetes' own test tools, wins when it is set. Simulated nodes by kwok
//! make pods Ready and Jobs complete without a container runtime.

mod build;
mod run;

use anyhow::{Result, bail};

pub use build::{Binaries, binaries};
pub use run::ControlPlane;

use crate::shell;

/// Builds and starts the control plane, says how to reach it, and stays until it is told to end.
///
/// # Errors
/// When it cannot be built or started.
pub fn up() -> Result<()> {
    let binaries = binaries()?;
    let folder = shell::cache()?.join("cluster");
    if folder.join("pid").exists() {
        bail!(
            "a control plane is already up; its files are in {}. End it with `cargo xtask cluster down`",
            folder.display()
        );
    }
    let plane = ControlPlane::start_in(&binaries, folder.clone())?;
    std::fs::write(folder.join("pid"), std::process::id().to_string())?;
    println!("kubeconfig: {}", plane.kubeconfig().display());
    println!("try:        kubectl --kubeconfig {} get nodes", plane.kubeconfig().display());
    println!("            argosy run --kubeconfig {} --install", plane.kubeconfig().display());
    println!("end it with `cargo xtask cluster down`");
    plane.wait_while(|| folder.join("pid").exists());
    drop(plane);
    std::fs::remove_dir_all(&folder).ok();
    Ok(())
}

/// Ends the control plane that [`up`] started.
///
/// # Errors
/// When none is up.
pub fn down() -> Result<()> {
    let pid = shell::cache()?.join("cluster/pid");
    if !pid.exists() {
        bail!("no control plane is up");
    }
    std::fs::remove_file(pid)?;
    println!("the control plane is ending");
    Ok(())
}
