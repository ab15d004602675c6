//! Identities that are exchanged for tokens, against token services that tests run.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use source::testing::{Asked, GitServer, Repository, Stub};
use source::{
    Access, Auth, AzureServicePrincipal, ErrorKind, Freshness, GitHubApp, Options, Sources, WorkloadIdentity,
};
use types::Secret;

/// A private key as PEM, with what is needed to check its signatures.
struct Key {
    pem: String,
    public: rsa::RsaPublicKey,
}

fn key() -> Option<Key> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM", "-f", &file.display().to_string()])
        .status();
    made.ok().filter(std::process::ExitStatus::success)?;
    let pem = std::fs::read_to_string(file).unwrap();
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let private = rsa::RsaPrivateKey::from_pkcs1_der(&STANDARD.decode(base64).unwrap()).unwrap();
    Some(Key { pem, public: private.to_public_key() })
}

/// The claims of a token, when it was signed by the key.
fn claims(token: &str, key: &rsa::RsaPublicKey) -> Value {
    let (text, signature) = token.rsplit_once('.').unwrap();
    // The ASN.1 prefix that says "SHA-256".
    let prefix = [0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20];
    let scheme = rsa::Pkcs1v15Sign { hash_len: Some(32), prefix: prefix.into() };
    key.verify(scheme, &Sha256::digest(text), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let claims = text.split_once('.').unwrap().1;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn answer(value: Value) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
    (200, Vec::new(), value.to_string().into_bytes())
}

fn field(asked: &Asked, name: &str) -> String {
    let pair = asked.body.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    pair.unwrap_or_default().replace("%3A", ":").replace("%2F", "/").replace("%2E", ".")
}

fn with(auth: Auth) -> Access {
    Access { auth, ..Access::default() }
}

struct Fixture {
    sources: Sources,
    _data: tempfile::TempDir,
}

fn fixture(change: impl FnOnce(&mut Options)) -> Fixture {
    let data = tempfile::tempdir().unwrap();
    let mut options = Options::new(data.path());
    change(&mut options);
    Fixture { sources: Sources::new(options).unwrap(), _data: data }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_app_gets_its_installations_token_once() {
    let Some(key) = key() else {
        println!("skipped: there is no ssh-keygen");
        return;
    };
    let public = key.public.clone();
    let exchanges = Arc::new(AtomicUsize::new(0));
    let count = exchanges.clone();
    let api = Stub::start(move |asked| {
        let token = asked.authorization.strip_prefix("Bearer ").unwrap();
        assert_eq!(claims(token, &public)["iss"], "12345");
        match asked.line.as_str() {
            "GET /api/v3/app/installations?per_page=100&page=1" => {
                let others: Vec<_> =
                    (0..100).map(|id| json!({"id": id, "account": {"login": "other"}})).collect();
                answer(json!(others))
            }
            "GET /api/v3/app/installations?per_page=100&page=2" => {
                answer(json!([{"id": 777, "account": {"login": "Org"}}]))
            }
            "POST /api/v3/app/installations/777/access_tokens" => {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let soon =
                    jiff::Timestamp::now() + jiff::Span::new().minutes(if number == 0 { 60 } else { -10 });
                answer(json!({"token": "inst-t0ken", "expires_at": soon.to_string()}))
            }
            other => panic!("{other}"),
        }
    })
    .await;
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let root = tempfile::tempdir().unwrap();
    let bare = root.path().join("org/app.git").display().to_string();
    repository.git(&["clone", "--quiet", "--bare", ".", &bare]);
    let server = GitServer::start_with_password(root.path(), "x-access-token", "inst-t0ken").await;
    let app = |installation| {
        with(Auth::GitHubApp(GitHubApp {
            id: 12345,
            installation,
            private_key: Secret::new(key.pem.clone()),
            base_url: format!("{}/api/v3", api.url()),
        }))
    };
    let fixture = fixture(|_| {});
    let (git, url, access) = (fixture.sources.git(), server.url("org/app.git"), app(0));
    for _ in 0..3 {
        assert_eq!(
            git.resolve(&url, "main", "", &access, Freshness::Now).await.as_deref(),
            Ok(commit.as_str())
        );
    }
    git.open(&url, &commit, &access).await.unwrap();
    assert_eq!(exchanges.load(Ordering::SeqCst), 1, "the token lives for an hour");
    // A token that is about to die is used, but not kept.
    let other = app(777);
    for _ in 0..2 {
        git.resolve(&url, "main", "", &other, Freshness::Now).await.unwrap();
    }
    assert_eq!(exchanges.load(Ordering::SeqCst), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_identities_are_told_without_secrets() {
    let Some(key) = key() else {
        println!("skipped: there is no ssh-keygen");
        return;
    };
    let api = Stub::start(|asked| {
        let echo = json!({"message": format!("no such app: {} {}", asked.authorization, asked.body)});
        (401, Vec::new(), echo.to_string().into_bytes())
    })
    .await;
    let private_key = Secret::new(key.pem.clone());
    let app = GitHubApp { id: 1, installation: 2, private_key, base_url: api.url() };
    let principal = AzureServicePrincipal {
        client_id: "client".into(),
        client_secret: Secret::new("hunter2".into()),
        tenant_id: "tenant".into(),
        endpoint: api.url(),
    };
    let wrong_key = GitHubApp { private_key: Secret::new("hunter2".into()), ..app.clone() };
    for (auth, kind, word) in [
        (Auth::GitHubApp(app), ErrorKind::Denied, "no such app"),
        (Auth::AzureServicePrincipal(principal), ErrorKind::Denied, "401"),
        (Auth::GitHubApp(wrong_key), ErrorKind::Invalid, "not a PEM key"),
        (
            Auth::Google(Secret::new("{\"private_key\": \"hunter2\"}".into())),
            ErrorKind::Invalid,
            "service account",
        ),
        (Auth::AzureWorkloadIdentity, ErrorKind::Invalid, "AZURE_FEDERATED_TOKEN_FILE"),
    ] {
        let error = fixture(|_| {})
            .sources
            .git()
            .resolve("https://git.invalid/a/b", "", "", &with(auth), Freshness::Now)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_google_service_account_signs_for_its_token() {
    let Some(key) = key() else {
        println!("skipped: there is no ssh-keygen");
        return;
    };
    let public = key.public.clone();
    let service = Stub::start(move |asked| {
        assert_eq!(asked.line, "POST /token");
        assert_eq!(field(asked, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
        let claims = claims(&field(asked, "assertion"), &public);
        assert_eq!(claims["iss"], "argo@project.iam.example.com");
        assert_eq!(claims["scope"], "https://www.googleapis.com/auth/cloud-platform");
        answer(json!({"access_token": "g00gle", "expires_in": 3600}))
    })
    .await;
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let user = "argo@project.iam.example.com";
    let server = GitServer::start_with_password(repository.path(), user, "g00gle").await;
    let file = json!({
        "type": "service_account", "client_email": user, "private_key": key.pem, "private_key_id": "1",
        "token_uri": format!("{}/token", service.url()),
    });
    let access = with(Auth::Google(Secret::new(file.to_string())));
    let fixture = fixture(|_| {});
    for _ in 0..2 {
        let resolved =
            fixture.sources.git().resolve(&server.url(".git"), "main", "", &access, Freshness::Now).await;
        assert_eq!(resolved.as_deref(), Ok(commit.as_str()));
    }
    assert_eq!(service.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_identities_become_bearer_tokens() {
    let directory = Stub::start(|asked| {
        assert_eq!(asked.line, "POST /tenant/oauth2/v2.0/token");
        assert_eq!(field(asked, "client_id"), "client");
        assert_eq!(field(asked, "scope"), "499b84ac-1321-427f-aa17-267ca6975798/.default");
        let proof = (field(asked, "client_secret"), field(asked, "client_assertion"));
        assert!(
            proof == ("s3cret".into(), String::new()) || proof == (String::new(), "pod-token".into()),
            "{proof:?}"
        );
        answer(json!({"access_token": "azure-t0ken", "expires_in": "3599"}))
    })
    .await;
    let repository = Repository::new();
    let commit = repository.commit("first", &[("a.yaml", "a: 1")]);
    let server = GitServer::start_with(repository.path(), Some("Bearer azure-t0ken".into())).await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "pod-token\n").unwrap();
    let fixture = fixture(|options| {
        options.workload_identity = Some(WorkloadIdentity {
            client_id: "client".into(),
            tenant_id: "tenant".into(),
            token_file: token.path().display().to_string(),
            authority: format!("{}/", directory.url()),
        });
    });
    let principal = AzureServicePrincipal {
        client_id: "client".into(),
        client_secret: Secret::new("s3cret".into()),
        tenant_id: "tenant".into(),
        endpoint: directory.url(),
    };
    for auth in [Auth::AzureServicePrincipal(principal), Auth::AzureWorkloadIdentity] {
        let resolved =
            fixture.sources.git().resolve(&server.url(".git"), "main", "", &with(auth), Freshness::Now).await;
        assert_eq!(resolved.as_deref(), Ok(commit.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_not_used_again() {
    let issued = Arc::new(AtomicUsize::new(0));
    let count = issued.clone();
    let directory = Stub::start(move |_| {
        let number = count.fetch_add(1, Ordering::SeqCst);
        answer(json!({"access_token": format!("token-{number}"), "expires_in": 3599}))
    })
    .await;
    let repository = Repository::new();
    repository.commit("first", &[("a.yaml", "a: 1")]);
    // The first token was withdrawn before it was used.
    let server = GitServer::start_with(repository.path(), Some("Bearer token-1".into())).await;
    let access = with(Auth::AzureServicePrincipal(AzureServicePrincipal {
        client_id: "client".into(),
        client_secret: Secret::new("s3cret".into()),
        tenant_id: "tenant".into(),
        endpoint: directory.url(),
    }));
    let fixture = fixture(|_| {});
    let url = server.url(".git");
    let ask = || fixture.sources.git().resolve(&url, "main", "", &access, Freshness::Now);
    assert_eq!(ask().await.unwrap_err().kind(), ErrorKind::Denied);
    assert!(ask().await.is_ok());
    assert!(ask().await.is_ok());
    assert_eq!(issued.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_azure_registry_takes_the_workload_identity() {
    let user = STANDARD.encode("00000000-0000-0000-0000-000000000000:r3fresh");
    let server = Stub::start(move |asked| {
        let path = asked.line.split(['?', ' ']).nth(1).unwrap();
        match path {
            "/tenant/oauth2/v2.0/token" => {
                assert_eq!(field(asked, "scope"), "https://management.example.com/.default");
                answer(json!({"access_token": "arm", "expires_in": 3599}))
            }
            "/oauth2/exchange" => {
                assert_eq!(
                    (field(asked, "access_token"), field(asked, "tenant")),
                    ("arm".into(), "tenant".into())
                );
                answer(json!({"refresh_token": "r3fresh"}))
            }
            _ if asked.authorization != format!("Basic {user}") => {
                (401, vec![("www-authenticate", "Basic realm=\"registry\"".into())], Vec::new())
            }
            "/v2/charts/shop/tags/list" => answer(json!({"name": "charts/shop", "tags": ["1.0.0", "1.1.0"]})),
            _ => answer(json!({})),
        }
    })
    .await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "pod-token").unwrap();
    let fixture = fixture(|options| {
        options.azure_token_resource = "https://management.example.com".into();
        options.workload_identity = Some(WorkloadIdentity {
            client_id: "client".into(),
            tenant_id: "tenant".into(),
            token_file: token.path().display().to_string(),
            authority: server.url(),
        });
    });
    let access = Access { plain_http: true, enable_oci: true, ..with(Auth::AzureWorkloadIdentity) };
    let place = format!("{}/charts", server.host());
    let helm = fixture.sources.helm();
    let version = helm.resolve(&place, "shop", "1.x", &access, Freshness::Now).await;
    assert_eq!(version.as_deref(), Ok("1.1.0"));
}
