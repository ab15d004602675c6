//! What many applications cost: requests and renders for each, from nothing to Synced.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use parking_lot::Mutex;
use sandbox::{Fault, FaultRule};

use crate::world::{World, automated, config_map};

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
    // One commit that touches one application costs that one only.
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
    controller.shutdown().await;
}
