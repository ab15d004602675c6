//! Repositories over SSH, with a real server.
#![allow(clippy::unwrap_used)]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use source::testing::Repository;
use source::{Credentials, Error, ErrorKind, Freshness, Options, Sources};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

fn keygen(arguments: &[&str]) -> Option<()> {
    let made =
        Command::new("ssh-keygen").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    made.ok().filter(std::process::ExitStatus::success).map(|_| ())
}

impl Server {
    /// A server that knows one key of each type, or `None` where there is no `sshd` or it may not run.
    fn start(extra: &str) -> Option<Self> {
        let directory = tempfile::tempdir().ok()?;
        let path = |name: &str| directory.path().join(name).display().to_string();
        for (key, kind) in
            [("host", "ed25519"), ("authority", "ed25519"), ("ed25519", "ed25519"), ("stranger", "ed25519")]
        {
            keygen(&["-q", "-t", kind, "-N", "", "-f", &path(key)])?;
        }
        keygen(&["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", &path("rsa")])?;
        keygen(&["-q", "-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM", "-f", &path("pem")])?;
        keygen(&["-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", &path("ecdsa")])?;
        keygen(&["-q", "-t", "ed25519", "-N", "secret", "-f", &path("encrypted")])?;
        keygen(&["-q", "-s", &path("authority"), "-I", "host", "-h", "-n", "127.0.0.1", &path("host.pub")])?;
        let read = |name: &str| std::fs::read_to_string(path(name)).ok();
        let keys: Option<Vec<_>> =
            ["ed25519.pub", "rsa.pub", "pem.pub", "ecdsa.pub"].into_iter().map(read).collect();
        std::fs::write(path("authorized"), keys?.concat()).ok()?;
        let port = std::net::TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PidFile none\nPasswordAuthentication no\nPermitRootLogin yes\n{}\n",
            path("host"),
            path("authorized"),
            extra.replace("CERTIFICATE", &path("host-cert.pub")),
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

    fn url(&self, repository: &Repository) -> String {
        let user = Command::new("id").arg("-un").output().unwrap();
        let user = String::from_utf8(user.stdout).unwrap();
        format!("ssh://{}@127.0.0.1:{}{}", user.trim(), self.port, repository.git_directory().display())
    }

    /// The line by which clients know the server.
    fn known(&self) -> String {
        format!("[127.0.0.1]:{} {}", self.port, self.read("host.pub"))
    }
}

fn access(url: &str, key: String, known_hosts: &str) -> source::Access {
    let record = types::Repository {
        repo: url.into(),
        ssh_private_key: Secret::new(key),
        ..types::Repository::default()
    };
    Credentials {
        repositories: Arc::new(vec![record]),
        known_hosts: known_hosts.into(),
        ..Credentials::default()
    }
    .access(url, "default")
}

struct Fixture {
    sources: Sources,
    _data: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let data = tempfile::tempdir().unwrap();
    Fixture { sources: Sources::new(Options::new(data.path())).unwrap(), _data: data }
}

async fn failure(url: &str, access: source::Access) -> Error {
    fixture().sources.git().resolve(url, "main", "", &access, Freshness::Cached).await.unwrap_err()
}

macro_rules! server_or_skip {
    ($extra:expr) => {
        match Server::start($extra) {
            Some(server) => server,
            None => {
                println!("skipped: there is no sshd that can be started here");
                return;
            }
        }
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_all_types_open_a_repository() {
    // One server takes the variable that asks for the newer protocol, the other speaks the older one.
    for extra in ["AcceptEnv GIT_PROTOCOL", ""] {
        let server = server_or_skip!(extra);
        let repository = Repository::new();
        let first = repository.commit("first", &[("a.yaml", "a: 1")]);
        let second = repository.commit("second", &[("a.yaml", "a: 2")]);
        let url = server.url(&repository);
        for key in ["ed25519", "rsa", "pem", "ecdsa"] {
            let fixture = fixture();
            let (git, access) = (fixture.sources.git(), access(&url, server.read(key), &server.known()));
            let resolved = git.resolve(&url, "main", "", &access, Freshness::Cached).await;
            assert_eq!(resolved.as_deref(), Ok(second.as_str()), "{key} {extra:?}");
            git.open(&url, &second, &access).await.unwrap();
            git.open(&url, &first, &access).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_host_the_key_and_the_way_out() {
    let server = server_or_skip!("");
    let repository = Repository::new();
    repository.commit("first", &[("a.yaml", "a: 1")]);
    let url = server.url(&repository);
    let place = format!("[127.0.0.1]:{}", server.port);
    let key = || server.read("ed25519");
    let stranger = server.read("stranger.pub");
    let fingerprint = |name: &str| {
        let path = server.directory.path().join(name).display().to_string();
        let output = Command::new("ssh-keygen").args(["-l", "-f", &path]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().split(' ').nth(1).unwrap().to_owned()
    };
    for (access, kind, words) in [
        (
            access(&url, key(), ""),
            ErrorKind::Denied,
            vec![
                place.clone(),
                fingerprint("host.pub"),
                "argocd-ssh-known-hosts-cm".into(),
                "has no key of this host".into(),
            ],
        ),
        (
            access(&url, key(), &format!("{place} {stranger}")),
            ErrorKind::Denied,
            vec![
                place.clone(),
                fingerprint("host.pub"),
                "has other keys of this host (ssh-ed25519, in line 1)".into(),
            ],
        ),
        (
            access(&url, key(), &format!("@revoked * {}", server.read("host.pub"))),
            ErrorKind::Denied,
            vec!["line 1".into(), "revoked".into()],
        ),
        (
            access(&url, server.read("stranger"), &server.known()),
            ErrorKind::Denied,
            vec![place.clone(), fingerprint("stranger.pub"), "does not take the key".into()],
        ),
        (
            access(&url, server.read("encrypted"), &server.known()),
            ErrorKind::Invalid,
            vec!["protected by a passphrase".into(), "ssh-keygen -p".into()],
        ),
        (access(&url, "nonsense".into(), &server.known()), ErrorKind::Invalid, vec!["no private key".into()]),
        (
            access(&url, String::new(), &server.known()),
            ErrorKind::Denied,
            vec!["no sshPrivateKey is configured".into()],
        ),
    ] {
        let error = failure(&url, access).await;
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        for word in words {
            assert!(text.contains(&word), "{word:?} in: {text}");
        }
        assert!(!text.contains("PRIVATE KEY") && !text.contains("nonsense"), "{text}");
    }
    let missing = url.replace("/.git", "/nothing");
    let error = failure(&missing, access(&missing, key(), &server.known())).await;
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nowhere = url.replace(&server.port.to_string(), &closed.to_string());
    let error = failure(&nowhere, access(&nowhere, key(), "")).await;
    assert_eq!(error.kind(), ErrorKind::Transient);
    assert!(error.to_string().contains(&format!("[127.0.0.1]:{closed} cannot be reached")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_known_by_name_hash_authority_or_not_at_all() {
    let server = server_or_skip!("HostCertificate CERTIFICATE");
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let url = server.url(&repository);
    let hashed = server.directory.path().join("hashed");
    std::fs::write(&hashed, server.known()).unwrap();
    keygen(&["-H", "-f", &hashed.display().to_string()]).unwrap();
    let hashed = std::fs::read_to_string(hashed).unwrap();
    assert!(hashed.starts_with("|1|"), "{hashed}");
    let authority = format!("@cert-authority [127.0.0.1]:{} {}", server.port, server.read("authority.pub"));
    let other = format!("@cert-authority * {}", server.read("stranger.pub"));
    for known in [server.known(), hashed, authority] {
        let access = access(&url, server.read("ed25519"), &known);
        let fixture = fixture();
        let resolved = fixture.sources.git().resolve(&url, "main", "", &access, Freshness::Cached).await;
        assert_eq!(resolved.as_deref(), Ok(commit.as_str()), "{known}");
    }
    let error = failure(&url, access(&url, server.read("ed25519"), &other)).await;
    assert!(error.to_string().contains("no @cert-authority for this host"), "{error}");
    let mut insecure = access(&url, server.read("ed25519"), "");
    insecure.insecure = true;
    let fixture = fixture();
    assert!(fixture.sources.git().resolve(&url, "main", "", &insecure, Freshness::Cached).await.is_ok());
}

/// A SOCKS5 proxy for one connection, which wants a user name and password.
async fn socks_proxy() -> (u16, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4];
        client.read_exact(&mut buffer).await.unwrap();
        client.write_all(&[5, 2]).await.unwrap();
        let mut login = [0; 7];
        client.read_exact(&mut login).await.unwrap();
        client.write_all(&[1, 0]).await.unwrap();
        let mut head = [0; 5];
        client.read_exact(&mut head).await.unwrap();
        let mut name = vec![0; usize::from(head[4])];
        client.read_exact(&mut name).await.unwrap();
        let port = client.read_u16().await.unwrap();
        let name = String::from_utf8(name).unwrap();
        let mut server = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
        tokio::spawn(async move {
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
        format!("{} {name}", String::from_utf8_lossy(&login[2..4]))
    });
    (port, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_leads_to_hosts_that_only_it_knows() {
    let server = server_or_skip!("");
    let repository = Repository::new();
    repository.commit("first", &[("a.yaml", "a: 1")]);
    let url = server.url(&repository).replace("127.0.0.1", "git.internal");
    let known = server.known().replace("127.0.0.1", "git.internal");
    let (port, proxy) = socks_proxy().await;
    let mut access = access(&url, server.read("ed25519"), &known);
    access.proxy = Secret::new(format!("socks5://me:pw@127.0.0.1:{port}"));
    let fixture = fixture();
    fixture.sources.git().resolve(&url, "main", "", &access, Freshness::Cached).await.unwrap();
    assert_eq!(proxy.await.unwrap(), "me git.internal");
    access.proxy = Secret::new("socks5://me:pw@127.0.0.1:1".into());
    let error = failure(&url, access).await.to_string();
    assert!(error.contains("SOCKS proxy") && !error.contains("pw@"), "{error}");
}
