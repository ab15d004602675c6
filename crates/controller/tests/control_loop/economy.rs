//! What many applications cost: requests and renders for each, from nothing to Synced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use controller::CompareLevel;
use parking_lot::Mutex;
use sandbox::{Fault, FaultRule};

use crate::world::{World, automated, config_map, is_idle};

const APPLICATIONS: usize = 100;
const OBJECTS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn requests_grow_with_what_changes_only() {
    let world = World::start().await;
    let requests: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
    let counted = Arc::clone(&requests);
    let controller = world.controller();
    world.sandbox.faults().add(FaultRule::new(Fault::Drop, move |request| {
        let kind =
            request.path.rsplit('/').find(|part| part.chars().all(|letter| letter.is_ascii_lowercase()));
        let key = format!("{} {}", request.method, kind.unwrap_or_default());
        if !request.watch && !request.user_agent.contains("sandbox") {
            *counted.lock().entry(key).or_default() += 1;
        }
        false
    }));
    for number in 0..APPLICATIONS {
        let objects: Vec<_> =
            (0..OBJECTS).map(|object| config_map(&format!("c{number}-{object}"), "1")).collect();
        world.repository.commit(&format!("app{number}"), &objects);
    }
    let started = Instant::now();
    let mut keys = Vec::new();
    for number in 0..APPLICATIONS {
        keys.push(world.application(&format!("app{number}"), automated).await);
    }
    for key in &keys {
        world.until_synced(key).await;
    }
    let renders = world.repository.renders.load(Ordering::SeqCst);
    println!("{:?} {renders} renders {:?}", started.elapsed(), requests.lock());
    let patches = requests.lock().get("PATCH applications").copied().unwrap_or_default();
    assert!(patches <= 3 * APPLICATIONS, "{patches} patches of {APPLICATIONS} applications");
    assert!(renders <= 4 * APPLICATIONS, "{renders} renders of {APPLICATIONS} applications");
    let count = |name: &str| requests.lock().get(name).copied().unwrap_or_default();
    assert_eq!(
        (count("GET configmaps"), count("POST configmaps")),
        (0, APPLICATIONS * OBJECTS),
        "what the cache says is not there is created without asking"
    );
    // Something in the cluster that touches one application costs that one only.
    until_quiet(&world).await;
    requests.lock().clear();
    world.repository.renders.store(0, Ordering::SeqCst);
    world.write("ConfigMap", "c7-0", serde_json::json!({"data": {"key": "meddled"}})).await;
    world.until(&keys[7], "OutOfSync", |app| app.status.sync.status == "OutOfSync").await;
    assert!(world.repository.renders.load(Ordering::SeqCst) <= 2);
    assert!(
        requests.lock().get("PATCH applications").copied().unwrap_or_default() <= 2,
        "{:?}",
        requests.lock()
    );
    // A commit that somebody announces costs the announcement, the start and the end of the operation, and the object.
    requests.lock().clear();
    let mut objects: Vec<_> = (0..OBJECTS).map(|object| config_map(&format!("c8-{object}"), "1")).collect();
    objects[3] = config_map("c8-3", "2");
    let revision = world.repository.commit("app8", &objects);
    world.refresh(&keys[8]).await;
    world
        .until(&keys[8], "the new revision", |app| {
            app.status.sync.revision == revision && app.status.sync.status == "Synced" && is_idle(app)
        })
        .await;
    let app = world.app(&keys[8]);
    assert!(!app.metadata.annotations.contains_key("argocd.argoproj.io/refresh"), "it is served");
    let count = |name: &str| requests.lock().get(name).copied().unwrap_or_default();
    assert_eq!((count("PATCH applications"), count("PATCH configmaps")), (3, 1), "{:?}", requests.lock());
    // An application that the commit says nothing of learns its name, a moment later.
    requests.lock().clear();
    controller.refresh(&keys[9], CompareLevel::LatestForced, false);
    world.until(&keys[9], "the new name", |app| app.status.sync.revision == revision).await;
    assert_eq!(count("PATCH applications"), 1, "{:?}", requests.lock());
    controller.shutdown().await;
}

/// Waits for the looks that still follow what has happened: on a busy machine they come late.
async fn until_quiet(world: &World) {
    let count = || world.repository.renders.load(Ordering::SeqCst);
    for _ in 0..60 {
        let before = count();
        tokio::time::sleep(Duration::from_secs(1)).await;
        if count() == before {
            return;
        }
    }
    panic!("applications are looked at without end");
}
