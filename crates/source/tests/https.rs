//! Who is trusted and shown what over HTTP: certificates, proxies, redirects.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use source::testing::{ChartServer, GitServer, Repository, Stub};
use source::{Access, Auth, Credentials, Error, ErrorKind, Freshness, Options, Sources, Target};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use types::Secret;

/// An authority with a certificate for `localhost` and one for a client, all as PEM.
struct Authority {
    root: String,
    server: (String, String),
    client: (String, String),
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let leaf = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    Authority { root, server: leaf("localhost"), client: leaf("client") }
}

/// Takes TLS connections and passes what they say to `inner`.
async fn terminate(authority: &Authority, with_client: bool, inner: SocketAddr) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (certificate, key) = &authority.server;
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let builder = rustls::ServerConfig::builder();
    let builder = if with_client {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.root.as_bytes()).unwrap()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder(Arc::new(roots)).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outer) = acceptor.accept(stream).await else { return };
                let mut inner = TcpStream::connect(inner).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut outer, &mut inner).await;
            });
        }
    });
    port
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").split('/').next().unwrap().parse().unwrap()
}

struct Fixture {
    sources: Sources,
    _data: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let data = tempfile::tempdir().unwrap();
    Fixture { sources: Sources::new(Options::new(data.path())).unwrap(), _data: data }
}

async fn resolve(url: &str, access: &Access) -> Result<String, Error> {
    fixture().sources.git().resolve(url, "main", "", access, Freshness::Now).await
}

fn basic(password: &str) -> Auth {
    Auth::Basic { username: "me".into(), password: Secret::new(password.into()), forced: false }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_trusted_by_their_hosts_authority() {
    let authority = authority();
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let server = GitServer::start_with_password(repository.path(), "me", "s3cret").await;
    let port = terminate(&authority, false, address(&server.url(""))).await;
    let url = format!("https://localhost:{port}/.git");
    let record = types::Repository {
        repo: url.clone(),
        username: "me".into(),
        password: Secret::new("s3cret".into()),
        ..types::Repository::default()
    };
    let credentials = |roots: &[(&str, &str)], insecure| {
        let certificates: BTreeMap<_, _> =
            roots.iter().map(|(host, pem)| ((*host).to_owned(), (*pem).to_owned())).collect();
        let record = types::Repository { insecure, ..record.clone() };
        let repositories = Arc::new(vec![record]);
        Credentials { repositories, certificates: Arc::new(certificates), ..Credentials::default() }
            .access(&url, "default")
    };
    let other = self::authority().root;
    for (access, trusted) in [
        (credentials(&[("localhost", &authority.root)], false), true),
        (credentials(&[], true), true),
        (credentials(&[], false), false),
        (credentials(&[("other.example.com", &authority.root)], false), false),
        (credentials(&[("localhost", &other)], false), false),
    ] {
        match resolve(&url, &access).await {
            Ok(found) => assert_eq!((found.as_str(), trusted), (commit.as_str(), true)),
            Err(error) => {
                assert!(!trusted, "{error}");
                assert!(matches!(error, Error::Untrusted { .. }), "{error}");
                assert!(error.to_string().contains("argocd-tls-certs-cm"), "{error}");
            }
        }
    }
    let broken = credentials(&[("localhost", "nonsense")], false);
    assert_ne!(resolve(&url, &broken).await.err().map(|error| error.kind()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_may_want_a_client_certificate() {
    let authority = authority();
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let server = GitServer::start(repository.path()).await;
    let port = terminate(&authority, true, address(&server.url(""))).await;
    let url = format!("https://localhost:{port}/.git");
    let mut access = Access { certificate_authority: Some(authority.root.clone()), ..Access::default() };
    assert!(resolve(&url, &access).await.is_err());
    let (certificate, key) = authority.client.clone();
    access.client_certificate = Some((certificate, Secret::new(key)));
    assert_eq!(resolve(&url, &access).await, Ok(commit));
    let charts = ChartServer::start(&[("web", "1.0.0", &[("Chart.yaml", "name: web")])]).await;
    let port = terminate(&authority, true, address(&charts.url())).await;
    let target = Target {
        repository: format!("https://localhost:{port}"),
        chart: "web".into(),
        revision: "1.x".into(),
        tag_prefix: String::new(),
        pass_credentials: false,
    };
    let sources = fixture();
    let version = sources.sources.resolve(&target, &access, Freshness::Now).await.unwrap();
    sources.sources.open(&target, &version, &access).await.unwrap();
}

/// A proxy that passes every connection to `inner` and notes what it was first asked.
async fn proxy(inner: SocketAddr) -> (u16, Arc<parking_lot::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let log = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let log = log.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(inner).await.unwrap();
                let mut first = vec![0; 4096];
                let count = client.read(&mut first).await.unwrap();
                log.lock().push(String::from_utf8_lossy(&first[..count]).into_owned());
                server.write_all(&first[..count]).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    (port, seen)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_has_its_own_proxy() {
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let server = GitServer::start(repository.path()).await;
    let (port, seen) = proxy(address(&server.url(""))).await;
    let mut access = Access {
        proxy: Secret::new(format!("http://me:pr0xy@127.0.0.1:{port}")),
        no_proxy: "127.0.0.1".into(),
        ..Access::default()
    };
    let behind = "http://git.invalid/.git";
    assert_eq!(resolve(behind, &access).await.as_deref(), Ok(commit.as_str()));
    let first = seen.lock()[0].to_lowercase();
    assert!(first.starts_with("get http://git.invalid/.git/info/refs"), "{first}");
    assert!(first.contains("proxy-authorization: basic bwu6chiwehk="), "{first}");
    seen.lock().clear();
    assert_eq!(resolve(&server.url(".git"), &access).await.as_deref(), Ok(commit.as_str()));
    assert!(seen.lock().is_empty(), "an exception is reached directly");
    access.proxy = Secret::new("http://me:pr0xy@127.0.0.1:1".into());
    let error = resolve(behind, &access).await.unwrap_err().to_string();
    assert!(!error.contains("pr0xy"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_followed_within_the_host_only() {
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let server = GitServer::start_with_password(repository.path(), "me", "s3cret").await;
    // The same host: `old` has moved to `.git`, behind one address.
    let inner = address(&server.url(""));
    let moved = Stub::start(|asked| {
        let location = asked.line.split(' ').nth(1).unwrap_or_default().replace("/old/", "/.git/");
        (301, vec![("location", location)], Vec::new())
    })
    .await;
    let front = route(inner, address(&moved.url())).await;
    let access = Access { auth: basic("s3cret"), ..Access::default() };
    let url = format!("http://127.0.0.1:{front}/old");
    let fixture = fixture();
    let git = fixture.sources.git();
    assert_eq!(git.resolve(&url, "main", "", &access, Freshness::Now).await.as_deref(), Ok(commit.as_str()));
    git.open(&url, &commit, &access).await.unwrap();

    // Another host, which takes down what it is shown.
    let thief =
        Stub::start(|_| (401, vec![("www-authenticate", "Basic realm=\"x\"".into())], Vec::new())).await;
    let place = format!("{}/repo/info/refs?service=git-upload-pack", thief.url());
    let sender = Stub::start(move |_| (302, vec![("location", place.clone())], Vec::new())).await;
    for auth in [basic("s3cret"), Auth::Bearer(Secret::new("s3cret".into())), Auth::Anonymous] {
        let access = Access { auth, ..Access::default() };
        let error = resolve(&format!("{}/repo", sender.url()), &access).await.unwrap_err();
        assert!(error.to_string().contains(&thief.url()), "{error}");
        assert!(error.to_string().contains("no other host is followed"), "{error}");
    }
    assert!(thief.asked().is_empty(), "{:?}", thief.asked());
}

/// One address in front of two servers: what asks for `/old` goes to `other`.
async fn route(inner: SocketAddr, other: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut first = vec![0; 4096];
                let count = client.read(&mut first).await.unwrap();
                let old = String::from_utf8_lossy(&first[..count]).contains("/old/");
                let mut server = TcpStream::connect(if old { other } else { inner }).await.unwrap();
                server.write_all(&first[..count]).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn chart_archives_elsewhere_get_no_password_unless_it_is_passed_on() {
    let archives = Stub::start(|_| (404, Vec::new(), Vec::new())).await;
    let place = format!("{}/web-1.0.0.tgz", archives.url());
    let index = format!("entries:\n  web:\n  - version: 1.0.0\n    urls: [{place}]\n");
    let repository = Stub::start(move |_| (200, Vec::new(), index.clone().into_bytes())).await;
    let target = Target {
        repository: repository.url(),
        chart: "web".into(),
        revision: "1.0.0".into(),
        tag_prefix: String::new(),
        pass_credentials: false,
    };
    for (pass_credentials, shown) in [(false, ""), (true, "Basic bWU6czNjcmV0")] {
        let access = Access { auth: basic("s3cret"), ..Access::default() };
        let target = Target { pass_credentials, ..target.clone() };
        let error = fixture().sources.open(&target, "1.0.0", &access).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(archives.asked().pop().unwrap().authorization, shown);
    }
    assert!(repository.asked().iter().all(|asked| asked.authorization == "Basic bWU6czNjcmV0"));
    // A redirect of the repository itself does not take the password along either.
    let thief = Stub::start(|_| (200, Vec::new(), b"entries: {}".to_vec())).await;
    let location = format!("{}/index.yaml", thief.url());
    let sender = Stub::start(move |_| (302, vec![("location", location.clone())], Vec::new())).await;
    let access = Access { auth: basic("s3cret"), ..Access::default() };
    fixture().sources.helm().index(&sender.url(), &access, Freshness::Now).await.unwrap();
    assert_eq!(thief.asked()[0].authorization, "");
    let metadata =
        Stub::start(|_| (302, vec![("location", "http://169.254.169.254/latest".into())], Vec::new())).await;
    let error = fixture().sources.helm().index(&metadata.url(), &access, Freshness::Now).await.unwrap_err();
    assert!(error.to_string().contains("link-local"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_that_run_programs_or_reach_inside_are_refused() {
    let fixture = fixture();
    let own = fixture._data.path().join("git");
    for url in [
        "ext::sh -c touch% /tmp/pwned",
        "--upload-pack=touch /tmp/pwned",
        "ssh://-oProxyCommand=touch/x",
        "some/relative/path",
        "ftp://host/x",
        "http://169.254.169.254/repo",
        &format!("file://{}", own.display()),
    ] {
        std::fs::create_dir_all(&own).unwrap();
        let error =
            fixture.sources.git().references(url, &Access::default(), Freshness::Now).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{url}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_are_tried_again_when_that_is_wanted() {
    let server = Stub::start(|_| (503, Vec::new(), Vec::new())).await;
    for count in [1, 3] {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path());
        options.attempts.count = count;
        options.attempts.pause = std::time::Duration::from_millis(1);
        let sources = Sources::new(options).unwrap();
        let before = server.asked().len();
        let url = format!("{}/repo", server.url());
        let error = sources.git().references(&url, &Access::default(), Freshness::Now).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Transient, "{error}");
        assert_eq!(server.asked().len() - before, count as usize);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_repeat_credentials_do_not_get_them_into_errors() {
    let echo = Stub::start(|asked| {
        let said = format!("you said {} and {}", asked.authorization, asked.line);
        let body = serde_json::json!({"errors": [{"code": "DENIED", "message": said}], "message": said});
        (403, vec![("x-said", asked.authorization.clone())], body.to_string().into_bytes())
    })
    .await;
    let forced =
        Auth::Basic { username: "me".into(), password: Secret::new("canary-7".into()), forced: true };
    for auth in [forced, Auth::Bearer(Secret::new("canary-7".into()))] {
        let access = Access { auth, plain_http: true, enable_oci: true, ..Access::default() };
        let classic = Access { enable_oci: false, ..access.clone() };
        let fixture = fixture();
        let target = |repository: String, chart: &str| Target {
            repository,
            chart: chart.into(),
            revision: "1.x".into(),
            tag_prefix: String::new(),
            pass_credentials: false,
        };
        for (target, access) in [
            (target(format!("{}/repo", echo.url()), ""), &access),
            (target(echo.url().replace("http://", "http://me:canary-7@"), "web"), &classic),
            (target(format!("{}/charts", echo.host()), "web"), &access),
            (target(format!("oci://{}/charts/web", echo.host()), ""), &access),
        ] {
            let error = fixture.sources.resolve(&target, access, Freshness::Now).await.unwrap_err();
            let text = format!("{error} {error:?}");
            // The wire form of `me:canary-7` begins so.
            assert!(!text.contains("canary-7") && !text.contains("bWU6Y2FuYXJ5"), "{text}");
        }
    }
}
