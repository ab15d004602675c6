//! Git repositories as a whole: the real `git` on the other side, over the file system and over HTTP.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use source::testing::{GitServer, Repository};
use source::{Access, Auth, Credentials, Error, ErrorKind, Freshness, Options, Sources};
use tree::{Tree, TreePath};
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

fn text(tree: &dyn Tree, file: &str) -> String {
    tree::read_text(tree, &path(file)).unwrap()
}

/// Two commits on `main`, a branch, tags; answers the two commits.
fn populate(repository: &Repository) -> (String, String) {
    let first = repository.commit("first\n\nwith a body", &[("app/a.yaml", "a: 1"), ("README", "one")]);
    repository.tag("v1.0.0");
    repository.git(&["branch", "1.x"]);
    let second = repository.commit("second", &[("app/a.yaml", "a: 2"), ("app/deep/b.yaml", "b: 1")]);
    repository.git(&["tag", "v1.2.0"]);
    (first, second)
}

async fn every_revision(sources: &Sources, url: &str, first: &str, second: &str) {
    let access = Access::default();
    let git = sources.git();
    for (revision, commit) in [
        ("", second),
        ("HEAD", second),
        ("main", second),
        ("refs/heads/main", second),
        ("v1.0.0", first),
        ("^1.0.0", second),
        ("1.x", second),
        ("refs/heads/1.x", first),
        (&first[..8], first),
        (first, first),
        ("~1.0", first),
    ] {
        let resolved = git.resolve(url, revision, "", &access, Freshness::Cached).await;
        assert_eq!(resolved.as_deref(), Ok(commit), "{revision:?} of {url}");
    }
    let (old, new) =
        (git.open(url, first, &access).await.unwrap(), git.open(url, second, &access).await.unwrap());
    assert_eq!(text(&*old, "app/a.yaml"), "a: 1");
    assert_eq!(text(&*new, "app/a.yaml"), "a: 2");
    assert_eq!(old.kind(&path("app/deep")).unwrap(), None);
    let names: Vec<_> = new.list(&path("app")).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.yaml", "deep"]);
    assert_eq!(
        old.entry(&path("README")).unwrap(),
        new.entry(&path("README")).unwrap(),
        "an unchanged file keeps its id"
    );
    let changed = git.changed_paths(url, first, second, &access).await.unwrap().unwrap();
    assert_eq!(changed, [path("app/a.yaml"), path("app/deep/b.yaml")]);
    let metadata = git.metadata(url, first, &access).await.unwrap();
    assert_eq!(metadata.author, "Test Author <test@example.com>");
    assert_eq!(metadata.message, "first\n\nwith a body");
    assert_eq!(metadata.tags, ["v1.0.0"]);
    assert_eq!(metadata.date.unwrap().0.to_string(), "2024-05-06T07:08:09Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_on_this_machine() {
    let repository = Repository::new();
    let (first, second) = populate(&repository);
    let fixture = fixture(|_| {});
    every_revision(&fixture.sources, &repository.url(), &first, &second).await;
    every_revision(&fixture.sources, repository.path().to_str().unwrap(), &first, &second).await;
    assert_eq!(fixture.sources.git().activity().fetches, 0, "nothing has to be copied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_over_http() {
    let repository = Repository::new();
    let (first, second) = populate(&repository);
    let server = GitServer::start(repository.path()).await;
    let fixture = fixture(|_| {});
    every_revision(&fixture.sources, &server.url(".git"), &first, &second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_applications_ask_once_and_fetch_once() {
    let repository = Repository::new();
    let (_, second) = populate(&repository);
    let server = GitServer::start(repository.path()).await;
    let url = server.url(".git");
    let fixture = fixture(|_| {});
    let begun = Instant::now();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let (git, url) = (fixture.sources.git().clone(), url.clone());
            tokio::spawn(async move {
                let access = Access::default();
                let commit = git.resolve(&url, "main", "", &access, Freshness::Cached).await.unwrap();
                let tree = git.open(&url, &commit, &access).await.unwrap();
                assert_eq!(text(&*tree, "app/a.yaml"), "a: 2");
                commit
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), second);
    }
    let activity = fixture.sources.git().activity();
    assert_eq!((activity.listings, activity.fetches), (1, 1));
    assert_eq!(server.packs(), 1);
    println!("1000 applications resolved and opened in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_is_seen_when_the_listing_is_invalidated() {
    let repository = Repository::new();
    let (_, second) = populate(&repository);
    let server = GitServer::start(repository.path()).await;
    let (url, access) = (server.url(".git"), Access::default());
    let fixture = fixture(|_| {});
    let git = fixture.sources.git();
    let resolve = |freshness| git.resolve(&url, "main", "", &access, freshness);
    assert_eq!(resolve(Freshness::Cached).await.unwrap(), second);
    let third = repository.commit("third", &[("app/a.yaml", "a: 3")]);
    assert_eq!(resolve(Freshness::Cached).await.unwrap(), second, "within its time to live");
    git.invalidate(&url.replace(".git", ".GIT"));
    assert_eq!(resolve(Freshness::Cached).await.unwrap(), third, "after a webhook");
    let fourth = repository.commit("fourth", &[("app/a.yaml", "a: 4")]);
    assert_eq!(resolve(Freshness::Now).await.unwrap(), fourth, "on request");
    for (commit, content) in [(&third, "a: 3"), (&fourth, "a: 4"), (&second, "a: 2")] {
        assert_eq!(text(&*git.open(&url, commit, &access).await.unwrap(), "app/a.yaml"), content);
    }
}

fn with_auth(auth: Auth) -> Access {
    Access { auth, ..Access::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_and_tokens_open_a_closed_repository() {
    let repository = Repository::new();
    let (_, second) = populate(&repository);
    let basic = GitServer::start_with_password(repository.path(), "me", "s3cret").await;
    let bearer = GitServer::start_with(repository.path(), Some("Bearer t0ken".into())).await;
    let fixture = fixture(|_| {});
    let password = |password: &str, forced| {
        with_auth(Auth::Basic { username: "me".into(), password: Secret::new(password.into()), forced })
    };
    for (server, access) in [
        (&basic, password("s3cret", false)),
        (&basic, password("s3cret", true)),
        (&bearer, with_auth(Auth::Bearer(Secret::new("t0ken".into())))),
    ] {
        let git = fixture.sources.git();
        let url = server.url(".git");
        let commit = git.resolve(&url, "main", "", &access, Freshness::Now).await.unwrap();
        assert_eq!(commit, second, "{access:?}");
        git.open(&url, &commit, &access).await.unwrap();
    }
    for access in [Access::default(), password("wrong", false)] {
        let error = fixture.sources.git().resolve(&basic.url(".git"), "", "", &access, Freshness::Now).await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_say_what_is_missing() {
    let repository = Repository::new();
    populate(&repository);
    let server = GitServer::start(repository.path()).await;
    let fixture = fixture(|options| options.list_deadline = Duration::from_secs(2));
    let (git, access) = (fixture.sources.git(), Access::default());
    let url = server.url(".git");
    let error = git.resolve(&url, "missing", "", &access, Freshness::Cached).await.unwrap_err();
    assert!(error.to_string().contains("unable to resolve 'missing' to a commit SHA"), "{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let nowhere = "0123456789012345678901234567890123456789";
    for url in [url.as_str(), &repository.url()] {
        let error = git.open(url, nowhere, &access).await.err().unwrap();
        assert!(matches!(error, Error::CommitNotFound { .. }), "{error:?}");
    }
    let error = git.references(&server.url("nothing"), &access, Freshness::Cached).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = git.references("file:///nowhere/at/all", &access, Freshness::Cached).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/repo", silent.local_addr().unwrap());
    let begun = Instant::now();
    let error = git.references(&url, &access, Freshness::Cached).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let again = Instant::now();
    assert_eq!(git.references(&url, &access, Freshness::Cached).await.unwrap_err(), error);
    assert!(again.elapsed() < Duration::from_secs(1), "an error serves others for a moment");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_in_a_repository_are_followed_inside_it_only() {
    let repository = Repository::new();
    repository.write("base/a.yaml", "a: 1");
    std::os::unix::fs::symlink("../base", repository.path().join("linked")).unwrap();
    std::fs::create_dir(repository.path().join("app")).unwrap();
    std::os::unix::fs::symlink("../base/a.yaml", repository.path().join("app/a.yaml")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", repository.path().join("app/out.yaml")).unwrap();
    let commit = repository.commit("links", &[]);
    let fixture = fixture(|_| {});
    let tree = fixture.sources.git().open(&repository.url(), &commit, &Access::default()).await.unwrap();
    assert_eq!(text(&*tree, "app/a.yaml"), "a: 1");
    assert!(tree::read(&*tree, &path("app/out.yaml")).is_err());
    let shared: Arc<dyn Tree> = tree;
    assert!(tree::read(&*shared, &path("linked/a.yaml")).is_err(), "it leads out of the repository");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_survives_a_restart() {
    let repository = Repository::new();
    let (first, _) = populate(&repository);
    let data = tempfile::tempdir().unwrap();
    let url = {
        let server = GitServer::start(repository.path()).await;
        let sources = Sources::new(Options::new(data.path())).unwrap();
        sources.git().open(&server.url(".git"), &first, &Access::default()).await.unwrap();
        server.url(".git")
    };
    let sources = Sources::new(Options::new(data.path())).unwrap();
    let access = Credentials::default().access(&url, "default");
    let tree = sources.git().open(&url, &first, &access).await.unwrap();
    assert_eq!(text(&*tree, "app/a.yaml"), "a: 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_may_be_killed_while_it_makes_or_fills_a_mirror() {
    let repository = Repository::new();
    let (first, _) = populate(&repository);
    let server = GitServer::start(repository.path()).await;
    let (url, data) = (server.url(".git"), tempfile::tempdir().unwrap());
    // Each time in a new process, as it were.
    let open = async |commit: &str| {
        let sources = Sources::new(Options::new(data.path())).unwrap();
        sources.git().open(&url, commit, &Access::default()).await.map(|_| ())
    };
    open(&first).await.unwrap();
    let mirror = std::fs::read_dir(data.path().join("git")).unwrap().next().unwrap().unwrap().path();

    // While it fetched: its locks stay.
    for name in ["shallow.lock", "refs/argosy/fetched.lock", "packed-refs.lock"] {
        std::fs::write(mirror.join("0").join(name), "").unwrap();
    }
    let third = repository.commit("third", &[("app/a.yaml", "a: 3")]);
    open(&third).await.unwrap();
    assert!(mirror.join("1").is_dir(), "begun anew");
    open(&first).await.unwrap();

    // While it made the mirror: a part of one is there.
    std::fs::remove_dir_all(&mirror).unwrap();
    std::fs::create_dir_all(mirror.join("0/objects/pack")).unwrap();
    std::fs::write(mirror.join("0/config"), "").unwrap();
    // As it is made now, under another name: one of an hour ago, and one that somebody may be making.
    for (name, age) in [("new-1-0-0", 3600), ("new-2-0-0", 1)] {
        std::fs::create_dir_all(mirror.join(name).join("objects")).unwrap();
        let then = std::time::SystemTime::now() - Duration::from_secs(age);
        std::fs::File::open(mirror.join(name)).unwrap().set_modified(then).unwrap();
    }
    open(&third).await.unwrap();
    std::fs::remove_dir_all(mirror.join("new-2-0-0")).unwrap();
    let left: Vec<_> = std::fs::read_dir(&mirror).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["0"], "nothing is left beside it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_commit_costs_its_own_objects_only() {
    let repository = Repository::new();
    for number in 0..300 {
        repository.write(&format!("apps/{number}/file.yaml"), &format!("number: {number}"));
    }
    let first = repository.commit("many files", &[]);
    let server = GitServer::start(repository.path()).await;
    let fixture = fixture(|_| {});
    let (git, url, access) = (fixture.sources.git(), server.url(".git"), Access::default());
    git.open(&url, &first, &access).await.unwrap();
    let mirrors = fixture._data.path().join("git");
    let mirror = std::fs::read_dir(mirrors).unwrap().next().unwrap().unwrap().path().join("0");
    let objects = || {
        let output = std::process::Command::new("git")
            .args(["-c", "safe.directory=*", "count-objects", "-v"])
            .current_dir(&mirror)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let number = |key: &str| -> usize {
            text.lines().find_map(|line| line.strip_prefix(key)).unwrap().trim().parse().unwrap()
        };
        number("count:") + number("in-pack:")
    };
    let before = objects();
    assert!(before > 600, "{before}");
    for number in 0..40 {
        let commit = repository.commit("one file", &[("apps/7/file.yaml", &format!("changed: {number}"))]);
        let tree = git.open(&url, &commit, &access).await.unwrap();
        assert_eq!(text(&*tree, "apps/7/file.yaml"), format!("changed: {number}"));
        assert_eq!(text(&*tree, "apps/8/file.yaml"), "number: 8");
    }
    // A commit, three directories and a file each, and the bases that a thin pack is completed with.
    let cost = objects() - before;
    assert!(cost <= 40 * 12, "{cost} objects for forty commits");
}
