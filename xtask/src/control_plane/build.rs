//! Builds the control plane's programs from their Go modules, once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell;

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// `etcd`.
    pub etcd: PathBuf,
    /// `kube-apiserver`.
    pub api_server: PathBuf,
    /// `kube-controller-manager`.
    pub controller_manager: Option<PathBuf>,
    /// `kube-scheduler`.
    pub scheduler: Option<PathBuf>,
    /// `kwok`, which simulates nodes.
    pub kwok: Option<Kwok>,
}

/// kwok, and what it is told to do with nodes and pods.
#[derive(Debug, Clone)]
pub struct Kwok {
    /// The program.
    pub program: PathBuf,
    /// Its stages: nodes become Ready and keep their lease, pods become Ready, those of Jobs complete.
    pub stages: PathBuf,
}

/// The stages used, as files of kwok's module.
const STAGES: &[&str] = &[
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
];

/// The Kubernetes version that `tests/controlplane/kubernetes/go.mod` names.
fn kubernetes_version(module: &Path) -> Result<String> {
    let text = std::fs::read_to_string(module.join("go.mod"))?;
    text.lines()
        .filter_map(|line| line.trim_start_matches("require ").trim().strip_prefix("k8s.io/kubernetes "))
        .map(|version| version.split_whitespace().next().unwrap_or_default().to_owned())
        .next()
        .context("tests/controlplane/kubernetes/go.mod names no version of k8s.io/kubernetes")
}

/// The programs, built when they are not there yet. Takes about five minutes the first time on two cores.
///
/// # Errors
/// When Go is not installed or a build fails.
pub fn binaries() -> Result<Binaries> {
    if let Some(folder) = std::env::var_os("KUBEBUILDER_ASSETS") {
        let folder = PathBuf::from(folder);
        let optional = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        let (etcd, api_server) = (folder.join("etcd"), folder.join("kube-apiserver"));
        if !etcd.exists() || !api_server.exists() {
            bail!("KUBEBUILDER_ASSETS={} holds no etcd and kube-apiserver", folder.display());
        }
        return Ok(Binaries {
            etcd,
            api_server,
            controller_manager: optional("kube-controller-manager"),
            scheduler: optional("kube-scheduler"),
            kwok: optional("kwok")
                .zip(optional("kwok-stages.yaml"))
                .map(|(program, stages)| Kwok { program, stages }),
        });
    }
    let modules = shell::root().join("tests/controlplane");
    let version = kubernetes_version(&modules.join("kubernetes"))?;
    let folder = shell::cache()?.join("controlplane").join(&version);
    let _lock = shell::lock(&folder)?;
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let stamp = format!(
        "-s -w -X k8s.io/component-base/version.gitVersion={version} \
         -X k8s.io/component-base/version.gitMajor={major} -X k8s.io/component-base/version.gitMinor={minor}"
    );
    for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        let package = format!("k8s.io/kubernetes/cmd/{name}");
        build(&modules.join("kubernetes"), &package, &folder.join(name), &stamp)?;
    }
    build(&modules.join("etcd"), "go.etcd.io/etcd/server/v3", &folder.join("etcd"), "-s -w")?;
    build(&modules.join("kwok"), "sigs.k8s.io/kwok/cmd/kwok", &folder.join("kwok"), "-s -w")?;
    let stages = folder.join("kwok-stages.yaml");
    collect_stages(&modules.join("kwok"), &stages)?;
    Ok(Binaries {
        etcd: folder.join("etcd"),
        api_server: folder.join("kube-apiserver"),
        controller_manager: Some(folder.join("kube-controller-manager")),
        scheduler: Some(folder.join("kube-scheduler")),
        kwok: Some(Kwok { program: folder.join("kwok"), stages }),
    })
}

/// Joins the stages that come with kwok's module into one file.
fn collect_stages(module: &Path, target: &Path) -> Result<()> {
    if target.exists() {
        return Ok(());
    }
    let mut list = shell::command("go", module);
    list.args(["list", "-mod=mod", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"]);
    let source = PathBuf::from(shell::output(&mut list)?.trim()).join("kustomize/stage");
    let mut joined = String::new();
    for stage in STAGES {
        let file = source.join(stage);
        joined.push_str(&std::fs::read_to_string(&file).with_context(|| file.display().to_string())?);
        joined.push_str("\n---\n");
    }
    std::fs::write(target, joined)?;
    Ok(())
}

fn build(module: &Path, package: &str, target: &Path, linker_flags: &str) -> Result<()> {
    if target.exists() {
        return Ok(());
    }
    println!("building {package} (once; kept in {})", target.display());
    // Built beside its place and renamed, so that an interrupted build leaves nothing that looks finished.
    let unfinished = target.with_extension("unfinished");
    shell::run(
        shell::command("go", module)
            .env("GOFLAGS", "-mod=mod -buildvcs=false")
            .args(["build", "-trimpath", "-ldflags", linker_flags, "-o"])
            .arg(&unfinished)
            .arg(package),
    )?;
    std::fs::rename(&unfinished, target)?;
    Ok(())
}
