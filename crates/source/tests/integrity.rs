//! Signatures made by the real `gpg` and `ssh-keygen`, checked as projects demand it.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::Arc;

use source::integrity::{Keyring, Requirement, Scope, Verdict, read_keys};
use source::testing::{GitServer, Repository};
use source::{Access, Freshness, Options, Sources, Target};

/// A GnuPG home with keys of its own.
struct Gpg {
    home: tempfile::TempDir,
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.home.path()).status();
    }
}

impl Gpg {
    fn start() -> Option<Self> {
        let home = tempfile::tempdir().ok()?;
        let gpg = Self { home };
        gpg.run(&["--version"]).map(|_| gpg)
    }

    fn run(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("gpg")
            .args(["--batch", "--yes", "--passphrase", "", "--pinentry-mode", "loopback"])
            .args(arguments)
            .env("GNUPGHOME", self.home.path())
            .output()
            .ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Makes a key that can only sign and answers its fingerprint.
    fn make(&self, name: &str, algorithm: &str, expires: &str) -> String {
        let user = format!("{name} <{name}@example.com>");
        self.run(&["--quick-generate-key", &user, algorithm, "sign,cert", expires]).unwrap();
        self.fingerprint(name)
    }

    fn fingerprint(&self, name: &str) -> String {
        let listing = self.run(&["--with-colons", "--list-keys", &format!("{name}@example.com")]).unwrap();
        let line = listing.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn export(&self, fingerprint: &str) -> String {
        self.run(&["--armor", "--export", fingerprint]).unwrap()
    }

    fn commit(&self, repository: &Repository, key: &str, message: &str) -> String {
        self.git(repository, key, &["commit", "--quiet", "--allow-empty", "-m", message]);
        repository.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, repository: &Repository, key: &str, arguments: &[&str]) {
        let status = Command::new("git")
            .args(["-c", "user.name=Test Author", "-c", "user.email=test@example.com"])
            .args([
                "-c",
                &format!("user.signingkey={key}"),
                "-c",
                "commit.gpgsign=true",
                "-c",
                "tag.gpgsign=true",
            ])
            .args(arguments)
            .current_dir(repository.path())
            .env("GNUPGHOME", self.home.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .status()
            .unwrap();
        assert!(status.success(), "git {arguments:?}");
    }
}

struct Fixture {
    sources: Sources,
    _data: tempfile::TempDir,
}

fn fixture() -> Fixture {
    let data = tempfile::tempdir().unwrap();
    Fixture { sources: Sources::new(Options::new(data.path())).unwrap(), _data: data }
}

fn target(repository: &str, revision: &str) -> Target {
    Target {
        repository: repository.to_owned(),
        chart: String::new(),
        revision: revision.to_owned(),
        tag_prefix: String::new(),
        pass_credentials: false,
    }
}

fn ring(keys: &[(&str, &str)]) -> Arc<Keyring> {
    let (keyring, problems) = Keyring::read(keys.iter().copied());
    assert_eq!(problems, Vec::<String>::new());
    Arc::new(keyring)
}

fn id(fingerprint: &str) -> String {
    fingerprint[24..].to_owned()
}

/// The verdict and the key of what the revision names.
async fn judge(url: &str, revision: &str, keyring: &Arc<Keyring>) -> (Verdict, String) {
    let fixture = fixture();
    let (git, access, target) = (fixture.sources.git(), Access::default(), target(url, revision));
    let commit = git.resolve(url, revision, "", &access, Freshness::Now).await.unwrap();
    let found = git.signatures(&target, &commit, Scope::Head, keyring, &access).await.unwrap();
    assert_eq!(found.len(), 1);
    (found[0].verdict, found[0].key_id.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_those_of_gnupg() {
    let Some(gpg) = Gpg::start() else {
        println!("skipped: there is no gpg");
        return;
    };
    let repository = Repository::new();
    let server = GitServer::start(repository.path()).await;
    for (name, algorithm) in [("ed", "ed25519"), ("rsa", "rsa2048"), ("nist", "nistp256")] {
        let key = gpg.make(name, algorithm, "never");
        let text = gpg.export(&key);
        gpg.commit(&repository, &key, name);
        let keyring = ring(&[(&id(&key), &text)]);
        for url in [repository.url(), server.url(".git")] {
            assert_eq!(judge(&url, "main", &keyring).await, (Verdict::Good, id(&key)), "{name}");
            assert_eq!(judge(&url, "main", &ring(&[])).await, (Verdict::MissingKey, id(&key)), "{name}");
        }
        let described = read_keys(&text).unwrap();
        assert_eq!((described[0].key_id.as_str(), described[0].owner.contains(name)), (&*id(&key), true));
    }
    let key = gpg.make("subkey", "ed25519", "never");
    gpg.run(&["--quick-add-key", &key, "ed25519", "sign", "never"]).unwrap();
    gpg.commit(&repository, &key, "by the subkey");
    let (verdict, signer) = judge(&repository.url(), "main", &ring(&[(&id(&key), &gpg.export(&key))])).await;
    assert_eq!(verdict, Verdict::Good);
    assert_ne!(signer, id(&key), "the subkey has signed");

    let old = gpg.make("old", "ed25519", "seconds=2");
    gpg.commit(&repository, &old, "by a key that expires");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let keyring = ring(&[(&id(&old), &gpg.export(&old))]);
    assert_eq!(judge(&repository.url(), "main", &keyring).await, (Verdict::ExpiredKey, id(&old)));

    let lost = gpg.make("lost", "ed25519", "never");
    gpg.commit(&repository, &lost, "by a key that is revoked");
    let certificate = gpg.home.path().join(format!("openpgp-revocs.d/{lost}.rev"));
    let text = std::fs::read_to_string(&certificate).unwrap().replace(":-----BEGIN", "-----BEGIN");
    std::fs::write(&certificate, text).unwrap();
    gpg.run(&["--import", &certificate.display().to_string()]).unwrap();
    let keyring = ring(&[(&id(&lost), &gpg.export(&lost))]);
    assert_eq!(judge(&repository.url(), "main", &keyring).await, (Verdict::RevokedKey, id(&lost)));

    // The same signature under another commit.
    let good = gpg.commit(&repository, &key, "signed");
    let forged = repository.git(&["cat-file", "commit", &good]).replace("\n\nsigned", "\n\nforged");
    let file = repository.path().join("forged");
    std::fs::write(&file, forged).unwrap();
    let forged = repository.git(&["hash-object", "-t", "commit", "-w", &file.display().to_string()]);
    repository.git(&["update-ref", "refs/heads/forged", &forged]);
    let keyring = ring(&[(&id(&key), &gpg.export(&key))]);
    assert_eq!(judge(&repository.url(), "forged", &keyring).await.0, Verdict::Bad);

    repository.commit("nobody signs", &[]);
    assert_eq!(judge(&repository.url(), "main", &keyring).await, (Verdict::Unsigned, String::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_sees_tags_histories_and_seals() {
    let Some(gpg) = Gpg::start() else {
        println!("skipped: there is no gpg");
        return;
    };
    let key = gpg.make("good", "ed25519", "never");
    let keyring = ring(&[(&id(&key), &gpg.export(&key))]);
    let repository = Repository::new();
    let server = GitServer::start(repository.path()).await;
    let url = server.url(".git");
    repository.commit("unsigned", &[("a.yaml", "a: 1")]);
    gpg.git(&repository, &key, &["tag", "-s", "-m", "signed tag", "v1"]);
    repository.tag("v2");
    let (url, keyring) = (url.as_str(), &keyring);
    let problems = |revision: &'static str, scope, keys: Vec<String>| async move {
        let fixture = fixture();
        let (access, target) = (Access::default(), target(url, revision));
        let commit = fixture.sources.git().resolve(url, revision, "", &access, Freshness::Now).await.unwrap();
        let requirement = Requirement::Signed { scope, keys };
        let result = fixture.sources.integrity(&target, &commit, &requirement, keyring, &access).await;
        let check = result.unwrap().unwrap().checks.remove(0);
        assert_eq!(check.name, "GIT/GPG");
        check.problems
    };
    let allowed = || vec![key.clone()];
    assert!(problems("v1", Scope::Head, allowed()).await.is_empty(), "the tag is signed");
    assert_eq!(problems("v1", Scope::Strict, allowed()).await.len(), 1, "the commit is not");
    let unsigned = problems("v2", Scope::Head, allowed()).await;
    assert!(
        unsigned[0].starts_with("Failed verifying revision v2 by 'Test Author <test@example.com>': unsigned")
    );
    gpg.commit(&repository, &key, "signed");
    assert!(problems("main", Scope::Head, allowed()).await.is_empty());
    assert_eq!(problems("main", Scope::Strict, allowed()).await.len(), 1, "an ancestor is not signed");
    let unallowed = problems("main", Scope::Head, vec!["0123456789ABCDEF".into()]).await;
    assert!(
        unallowed[0].ends_with(&format!("signed with unallowed key (key_id={})", id(&key))),
        "{unallowed:?}"
    );
    gpg.commit(&repository, &key, "seal\n\nArgocd-gpg-seal: what came before was looked at");
    gpg.commit(&repository, &key, "after the seal");
    assert!(problems("main", Scope::Strict, allowed()).await.is_empty(), "the seal vouches for the rest");
    let wrong = fixture()
        .sources
        .integrity(
            &target(url, "main"),
            "x",
            &Requirement::Wrong("two policies".into()),
            keyring,
            &Access::default(),
        )
        .await;
    assert!(wrong.unwrap_err().to_string().contains("two policies"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ssh_signatures_count_when_their_key_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("key").display().to_string();
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &key]).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no ssh-keygen");
        return;
    }
    let repository = Repository::new();
    let sign = format!("user.signingkey={key}");
    repository.git(&[
        "-c",
        "gpg.format=ssh",
        "-c",
        &sign,
        "commit",
        "--quiet",
        "-S",
        "--allow-empty",
        "-m",
        "signed",
    ]);
    let (verdict, fingerprint) = judge(&repository.url(), "main", &ring(&[])).await;
    assert_eq!(verdict, Verdict::Good);
    let listed = Command::new("ssh-keygen").args(["-l", "-f", &key]).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains(&fingerprint), "{fingerprint}");
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let fixture = fixture();
    for (keys, count) in [(vec![fingerprint.clone()], 0), (vec!["D56C4FCA57A46444".to_owned()], 1)] {
        let requirement = Requirement::Signed { scope: Scope::Head, keys };
        let (target, access) = (target(&repository.url(), "main"), Access::default());
        let result = fixture.sources.integrity(&target, &commit, &requirement, &ring(&[]), &access).await;
        assert_eq!(result.unwrap().unwrap().checks[0].problems.len(), count);
    }
}

#[test]
fn entries_that_are_no_keys_are_told() {
    let (keyring, problems) = Keyring::read([("D56C4FCA57A46444", "nonsense")]);
    assert!(keyring.is_empty());
    assert!(problems[0].contains("\"D56C4FCA57A46444\" is not used"), "{problems:?}");
}
