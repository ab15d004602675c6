//! A repository over SSH, with a real server.
#![allow(clippy::unwrap_used)]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use source::testing::Repository;
use source::{Credentials, ErrorKind, Freshness, Options, Sources};
use types::Secret;

struct Server {
    process: Child,
    port: u16,
    directory: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// A server that knows one key, or `None` where there is no `sshd` or it may not run.
    fn start() -> Option<Self> {
        let directory = tempfile::tempdir().ok()?;
        let path = |name: &str| directory.path().join(name).display().to_string();
        for key in ["host", "user"] {
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]).status();
            made.ok().filter(std::process::ExitStatus::success)?;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n",
            path("host"),
            path("user.pub")
        );
        std::fs::write(path("config"), config).ok()?;
        let program = ["/usr/sbin/sshd", "/usr/bin/sshd"]
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())?;
        let _ = std::fs::create_dir_all("/run/sshd");
        let mut process = Command::new(program)
            .args(["-D", "-e", "-f", &path("config")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        for _ in 0..100 {
            if process.try_wait().ok()?.is_some() {
                return None;
            }
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(Self { process, port, directory });
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = process.kill();
        None
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_a_known_host_open_a_repository() {
    let Some(server) = Server::start() else {
        println!("skipped: there is no sshd that can be started here");
        return;
    };
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let user = Command::new("id").arg("-un").output().unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    let url =
        format!("ssh://{}@127.0.0.1:{}{}", user.trim(), server.port, repository.git_directory().display());
    let host = server.read("host.pub");
    let credentials = |key: String, known_hosts: String| Credentials {
        repositories: Arc::new(vec![types::Repository {
            repo: url.clone(),
            ssh_private_key: Secret::new(key),
            ..types::Repository::default()
        }]),
        known_hosts,
        ..Credentials::default()
    };
    let known = format!("[127.0.0.1]:{} {host}", server.port);
    let data = tempfile::tempdir().unwrap();
    let sources = Sources::new(Options::new(data.path())).unwrap();
    let access = credentials(server.read("user"), known.clone()).access(&url, "default");
    let resolved = sources.git().resolve(&url, "main", "", &access, Freshness::Cached).await.unwrap();
    assert_eq!(resolved, commit);
    sources.git().open(&url, &commit, &access).await.unwrap();
    for (key, known_hosts) in [(server.read("user"), String::new()), (server.read("host"), known)] {
        let access = credentials(key, known_hosts).access(&url, "default");
        let error = sources.git().resolve(&url, "main", "", &access, Freshness::Cached).await.unwrap_err();
        println!("{error}");
        assert!(matches!(error.kind(), ErrorKind::Denied | ErrorKind::Transient), "{error}");
    }
    let left = std::fs::read_dir(data.path().join("ssh")).unwrap().count();
    assert_eq!(left, 0, "no key stays on the disk");
}
