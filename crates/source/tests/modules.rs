//! Submodules and Git LFS: what a repository only points at is part of its tree.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use source::testing::{GitServer, Repository, Stub};
use source::{Access, Credentials, Error, ErrorKind, Options, Sources};
use tree::{EntryKind, Tree, TreePath};
use types::Secret;

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

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// Repositories in one directory, as a server has them: `app` has `lib` in `vendor/lib`, which has `base` in `base`.
fn nested(root: &std::path::Path, url_of_lib: &str, url_of_base: &str) -> String {
    let make = |name: &str, file: &str, modules: &[(&str, &str, &str)]| {
        let repository = Repository::new();
        repository.write(file, "made: true");
        let mut text = String::new();
        for (place, url, commit) in modules {
            text.push_str(&format!("[submodule \"{place}\"]\n\tpath = {place}\n\turl = {url}\n"));
            repository.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},{place}")]);
        }
        if !text.is_empty() {
            repository.write(".gitmodules", &text);
        }
        repository.git(&["add", "--", file]);
        if !text.is_empty() {
            repository.git(&["add", "--", ".gitmodules"]);
        }
        repository.git(&["commit", "--quiet", "-m", "first"]);
        let place = root.join(name).display().to_string();
        repository.git(&["clone", "--quiet", "--bare", ".", &place]);
        repository.git(&["rev-parse", "HEAD"])
    };
    let base = make("base.git", "base.yaml", &[]);
    let lib = make("lib.git", "lib.yaml", &[("base", url_of_base, &base)]);
    make("app.git", "app.yaml", &[("vendor/lib", url_of_lib, &lib)])
}

#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_part_of_the_tree() {
    let root = tempfile::tempdir().unwrap();
    let commit = nested(root.path(), "../lib.git", "../base.git");
    let server = GitServer::start_with_password(root.path(), "me", "s3cret").await;
    let url = server.url("app.git");
    let record = types::Repository {
        repo: url.clone(),
        username: "me".into(),
        password: Secret::new("s3cret".into()),
        ..types::Repository::default()
    };
    let credentials = Credentials { repositories: Arc::new(vec![record]), ..Credentials::default() };
    let access = credentials.access(&url, "default");
    let fixture = fixture(|_| {});
    let tree = fixture.sources.git().open(&url, &commit, &access).await.unwrap();
    for file in ["app.yaml", "vendor/lib/lib.yaml", "vendor/lib/base/base.yaml"] {
        assert_eq!(tree::read_text(&*tree, &path(file)).unwrap(), "made: true", "{file}");
    }
    let listed = tree.list(&path("vendor")).unwrap();
    assert_eq!((listed[0].0.as_str(), listed[0].1.kind), ("lib", EntryKind::Directory));
    assert_eq!(tree.entry(&path("vendor/lib")).unwrap().unwrap(), listed[0].1);
    let names: Vec<_> = tree.list(&path("vendor/lib")).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [".gitmodules", "base", "lib.yaml"]);
    assert!(
        tree.read(&path("vendor/lib/missing")).unwrap_err().to_string().starts_with("vendor/lib/missing")
    );

    let without = self::fixture(|options| options.submodules = false);
    let tree = without.sources.git().open(&url, &commit, &access).await.unwrap();
    assert_eq!(tree.entry(&path("vendor/lib")).unwrap().unwrap().kind, EntryKind::Submodule);

    let few = self::fixture(|options| options.max_submodules = 1);
    let error = few.sources.git().open(&url, &commit, &access).await.err().unwrap();
    assert!(error.to_string().contains("more than 1 submodules"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_servers_are_not_shown_the_parents_password() {
    let root = tempfile::tempdir().unwrap();
    let elsewhere =
        Stub::start(|_| (401, vec![("www-authenticate", "Basic realm=\"x\"".into())], Vec::new())).await;
    let commit = nested(root.path(), &format!("{}/lib.git", elsewhere.url()), "../base.git");
    let server = GitServer::start_with_password(root.path(), "me", "s3cret").await;
    let url = server.url("app.git");
    let record = |repo: String, password: &str| types::Repository {
        repo,
        username: "me".into(),
        password: Secret::new(password.into()),
        ..types::Repository::default()
    };
    let own = record(url.clone(), "s3cret");
    let other = record(format!("{}/lib.git", elsewhere.url()), "for the other");
    for (repositories, expected) in
        [(vec![own.clone()], ""), (vec![own, other], "Basic bWU6Zm9yIHRoZSBvdGhlcg==")]
    {
        let credentials = Credentials { repositories: Arc::new(repositories), ..Credentials::default() };
        let access = credentials.access(&url, "default");
        let before = elsewhere.asked().len();
        let fixture = fixture(|_| {});
        let error = fixture.sources.git().open(&url, &commit, &access).await.err().unwrap();
        assert!(matches!(&error, Error::Submodule { path, .. } if path == "vendor/lib"), "{error}");
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        let shown: Vec<_> =
            elsewhere.asked()[before..].iter().map(|asked| asked.authorization.clone()).collect();
        assert!(!shown.is_empty() && shown.iter().all(|shown| shown == expected), "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_cannot_name_files_of_this_machine() {
    let root = tempfile::tempdir().unwrap();
    let secret = Repository::new();
    secret.commit("secret", &[("secret.yaml", "a: 1")]);
    let commit = nested(root.path(), &secret.url(), "../base.git");
    let server = GitServer::start(root.path()).await;
    let fixture = fixture(|_| {});
    let error =
        fixture.sources.git().open(&server.url("app.git"), &commit, &Access::default()).await.err().unwrap();
    assert!(error.to_string().contains("may not name files of this machine"), "{error}");
}

fn pointer(content: &[u8]) -> (String, String) {
    let oid: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
    let text =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n", content.len());
    (oid, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn lfs_files_stand_in_the_tree_and_are_verified() {
    let good: &[u8] = b"b: 1";
    for (content, expected) in
        [(good, Ok("b: 1")), (b"b: 2", Err("another content")), (b"b: 1 and more", Err("more than 4 bytes"))]
    {
        let (oid, text) = pointer(good);
        let objects = Stub::start(move |asked| {
            assert_eq!(asked.authorization, "RemoteAuth token", "not the repository's credentials");
            (200, vec![], content.to_vec())
        })
        .await;
        let href = format!("{}/object", objects.url());
        let server = Stub::start(move |asked| {
            if asked.authorization != "Basic bWU6czNjcmV0" {
                return (401, vec![], br#"{"message":"who are you?"}"#.to_vec());
            }
            let action = json!({"href": href, "header": {"Authorization": "RemoteAuth token"}});
            let answer = json!({"objects": [{"oid": oid, "size": 4, "actions": {"download": action}}]});
            (200, vec![], answer.to_string().into_bytes())
        })
        .await;
        let repository = Repository::new();
        let url = repository.url();
        repository.write(".lfsconfig", &format!("[lfs]\n\turl = {}/lfs\n", server.url()));
        repository.write("deep/b.yaml", &text);
        let commit = repository.commit("points", &[("a.yaml", "a: 1")]);
        let records = |password: &str| {
            let own =
                types::Repository { repo: url.clone(), enable_lfs: true, ..types::Repository::default() };
            let lfs = types::Repository {
                repo: format!("{}/lfs", server.url()),
                username: "me".into(),
                password: Secret::new(password.into()),
                ..types::Repository::default()
            };
            Credentials { repositories: Arc::new(vec![own, lfs]), ..Credentials::default() }
                .access(&url, "default")
        };
        let fixture = fixture(|_| {});
        let git = fixture.sources.git();
        let opened = git.open(&url, &commit, &records("s3cret")).await;
        let plain =
            self::fixture(|_| {}).sources.git().open(&url, &commit, &Access::default()).await.unwrap();
        if let Ok(tree) = &opened {
            for place in ["", "deep", "deep/b.yaml"] {
                let ids = (tree.entry(&path(place)).unwrap(), plain.entry(&path(place)).unwrap());
                assert_ne!(ids.0, ids.1, "another content has another id: {place:?}");
            }
            assert_eq!(
                tree.list(&path("deep")).unwrap()[0].1,
                tree.entry(&path("deep/b.yaml")).unwrap().unwrap()
            );
        }
        let found = opened.map(|tree| tree::read_text(&*tree, &path("deep/b.yaml")).unwrap());
        match expected {
            Ok(expected) => {
                assert_eq!(found.as_deref(), Ok(expected));
                let asked = server.asked().len();
                let next = repository.commit("next", &[("a.yaml", "a: 2")]);
                git.open(&url, &next, &records("s3cret")).await.unwrap();
                assert_eq!(server.asked().len(), asked, "it is here already");
            }
            Err(expected) => {
                let error = found.unwrap_err();
                assert!(error.to_string().contains(expected), "{error}");
            }
        }
        let denied =
            self::fixture(|_| {}).sources.git().open(&url, &commit, &records("wrong")).await.err().unwrap();
        assert_eq!(denied.kind(), ErrorKind::Denied, "{denied}");
        let limited = self::fixture(|options| options.max_lfs_bytes = 3);
        let error = limited.sources.git().open(&url, &commit, &records("s3cret")).await.err().unwrap();
        assert!(error.to_string().contains("needs 4 bytes of Git LFS objects; the limit is 3"), "{error}");
        let plain =
            self::fixture(|_| {}).sources.git().open(&url, &commit, &Access::default()).await.unwrap();
        assert!(
            tree::read_text(&*plain, &path("deep/b.yaml")).unwrap().starts_with("version "),
            "switched off"
        );
    }
}

/// A server may send what no `git` makes: names that lead out of their directory, or into a repository's configuration.
#[tokio::test(flavor = "multi_thread")]
async fn entries_that_lead_elsewhere_are_refused() {
    for name in ["..", ".", ".git", ".GIT", "a/b"] {
        let repository = Repository::new();
        let commit = repository.commit("one", &[("a.yaml", "a: 1")]);
        let inner = repository.git(&["rev-parse", "HEAD^{tree}"]);
        let digits = |place: usize| u8::from_str_radix(&inner[2 * place..2 * place + 2], 16).unwrap();
        let mut raw = format!("40000 {name}\0").into_bytes();
        raw.extend((0..20).map(digits));
        std::fs::write(repository.path().join("raw"), raw).unwrap();
        let tree = repository.git(&["hash-object", "-t", "tree", "-w", "--literally", "raw"]);
        let hostile = repository.git(&["commit-tree", "-p", &commit, "-m", "two", &tree]);
        repository.git(&["update-ref", "refs/heads/main", &hostile]);
        let fixture = fixture(|options| options.submodules = false);
        let opened = fixture.sources.git().open(&repository.url(), &hostile, &Access::default()).await;
        let error = match opened {
            Ok(tree) => tree::walk(&*tree, &TreePath::root()).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(&format!("an entry named {name:?}")), "{error}");
    }
}
