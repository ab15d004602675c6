//! `argosy demo`: everything on one machine, without a cluster.
//!
//! The sandbox Kubernetes API, a Git repository on disk with five applications (`repository`), and all roles in this
//! process. `progress` shows how the applications become Synced and Healthy.

mod progress;
mod repository;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use cluster::{ControlOptions, Patch};
use sandbox::Sandbox;
use serde_json::json;
use server::ServerOptions;
use types::meta::Bytes;
use types::names;

use crate::run::{self, RoleOptions, Roles};
use repository::Repository;

/// What `demo` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy demo\n  argosy demo --port 9000\n  argosy demo --once    # for scripts: exit 0 only when all is Synced and Healthy"
)]
pub(crate) struct DemoOptions {
    /// The port of the web page and the API; 0 for any free one.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// End as soon as all applications are Synced and Healthy.
    #[arg(long)]
    once: bool,
    /// The longest time that the applications may take, in seconds.
    #[arg(long, default_value_t = 120)]
    timeout: u64,
    /// The folder for the repository and the kubeconfig; a new one, removed at the end, when not given.
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// The control plane's namespace in the demo.
const NAMESPACE: &str = "argocd";

/// A folder that is removed with everything in it when the demo ends.
struct Folder {
    path: PathBuf,
    is_temporary: bool,
}

impl Folder {
    fn create(wanted: Option<&PathBuf>) -> Result<Self> {
        let (path, is_temporary) = match wanted {
            Some(path) => (path.clone(), false),
            None => (std::env::temp_dir().join(format!("argosy-demo-{}", std::process::id())), true),
        };
        std::fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        let path = path.canonicalize().with_context(|| path.display().to_string())?;
        Ok(Self { path, is_temporary })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_temporary {
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}

pub(crate) async fn demo(options: &DemoOptions) -> Result<()> {
    let folder = Folder::create(options.folder.as_ref())?;
    let repository = Repository::create(&folder.path.join("apps"))?;

    let sandbox = Sandbox::start(sandbox::Options::default());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("opening a port")?;
    let address: SocketAddr = listener.local_addr().context("opening a port")?;
    let _api = sandbox.serve(listener).context("serving the sandbox")?;
    let kubeconfig = folder.path.join("kubeconfig");
    std::fs::write(&kubeconfig, sandbox.kubeconfig(&format!("http://{address}")))
        .with_context(|| kubeconfig.display().to_string())?;

    let client = run::connect(Some(&kubeconfig), None).await?;
    cluster::install::apply_all(client.clone(), NAMESPACE, None)
        .await
        .context("installing into the sandbox")?;
    let roles = start(client, options.port, &folder.path).await?;
    let result = drive(&roles, &repository, &kubeconfig, options).await;
    roles.shutdown().await;
    sandbox.shutdown().await;
    result
}

async fn start(client: kube::Client, port: u16, folder: &Path) -> Result<Roles> {
    run::start_roles(
        client,
        RoleOptions {
            control: ControlOptions { namespace: NAMESPACE.to_owned(), ..ControlOptions::default() },
            data: folder.join("data"),
            server: ServerOptions {
                address: IpAddr::from(Ipv4Addr::LOCALHOST),
                port,
                insecure: true,
                ..ServerOptions::default()
            },
        },
    )
    .await
    .with_context(|| format!("if port {port} is in use, choose another with --port"))
}

async fn drive(
    roles: &Roles,
    repository: &Repository,
    kubeconfig: &Path,
    options: &DemoOptions,
) -> Result<()> {
    println!("applying {} applications", repository::APPLICATIONS.len());
    for name in repository::APPLICATIONS {
        roles.control.create_application(&repository.application(name, NAMESPACE)).await?;
    }
    let limit = Duration::from_secs(options.timeout);
    let done = tokio::select! {
        done = tokio::time::timeout(limit, progress::until_all_done(&roles.control, repository::APPLICATIONS)) => done,
        () = run::until_told_to_end() => return Ok(()),
    };
    if done.is_err() {
        bail!("not all applications were Synced and Healthy after {limit:?}; see the table above");
    }
    println!("\nall applications are Synced and Healthy\n");
    println!("url: http://{}", run::shown_address(&roles.server));
    println!("admin password: {}", admin_password(roles).await?);
    println!("kubeconfig: {}", kubeconfig.display());
    if options.once {
        return Ok(());
    }
    print_next_steps(roles, repository, kubeconfig);
    tokio::select! {
        () = follow_commits(roles, repository) => {}
        () = progress::print_changes(&roles.control) => {}
        () = run::until_told_to_end() => {}
    }
    println!("\ncleaning up");
    Ok(())
}

fn print_next_steps(roles: &Roles, repository: &Repository, kubeconfig: &Path) {
    let address = run::shown_address(&roles.server);
    let folder = repository.folder().display();
    // The program may not be on the PATH of somebody who tries it.
    let program =
        std::env::current_exe().map_or_else(|_| "argosy".to_owned(), |path| path.display().to_string());
    println!(
        "
Try next:
  * open the url and log in as admin
  * edit {folder}/web/deployment.yaml and commit:
      sed -i 's/replicas: 2/replicas: 4/' {folder}/web/deployment.yaml
      git -C {folder} commit -am 'More replicas'
  * change something by hand and see it undone:
      kubectl --kubeconfig {} -n web scale deployment web --replicas 1
  * use the command line:
      {program} login {address} --plaintext --username admin
      {program} app get web -o tree

Ctrl-C ends the demo and removes everything.
",
        kubeconfig.display()
    );
}

async fn admin_password(roles: &Roles) -> Result<String> {
    let secret =
        roles.control.get_secret(names::INITIAL_ADMIN_SECRET).await.context("reading the password")?;
    let encoded =
        secret.as_ref().and_then(|secret| secret.get_str(&["data", "password"])).unwrap_or_default();
    let bytes: Bytes = serde_json::from_value(json!(encoded)).context("reading the password")?;
    Ok(String::from_utf8_lossy(&bytes.0).into_owned())
}

/// A local folder has no webhooks, so the demo looks for new commits itself and asks for a refresh, as a webhook would.
async fn follow_commits(roles: &Roles, repository: &Repository) {
    let mut known = repository.head();
    let mut ticks = tokio::time::interval(Duration::from_millis(250));
    loop {
        ticks.tick().await;
        let head = repository.head();
        if head == known {
            continue;
        }
        known = head;
        println!("commit {}", known.as_deref().map_or("?", |commit| &commit[..commit.len().min(7)]));
        let refresh = json!({"metadata": {"annotations": {names::ANNOTATION_REFRESH: "normal"}}});
        for application in roles.control.applications() {
            if let Err(error) =
                roles.control.patch_application(&application.key(), &Patch::Merge(refresh.clone())).await
            {
                eprintln!("asking {} for a refresh: {error}", application.key());
            }
        }
    }
}
