//! Real input: Argo CD's example applications and a public chart, on the real control plane.

use serde_json::json;
use tests::{Argosy, GitHost, Kind, eventually};

use crate::{application, automated, tell};

/// The folders of the example applications that must become Synced and Healthy.
const EXAMPLES: &[&str] = &[
    "guestbook",
    "helm-guestbook",
    "kustomize-guestbook",
    "jsonnet-guestbook",
    "sync-waves",
    "pre-post-sync",
];

#[test]
fn the_example_applications_and_a_public_chart_become_healthy() {
    let Some(corpus) = tests::corpus_folder() else {
        println!(
            "skipped: no corpus beside the checkout (set ARGOSY_CORPUS to run the example applications)"
        );
        return;
    };
    tell(Kind::Real, async |world| {
        let (examples, chart) = (corpus.join("example-apps"), corpus.join("charts/bitnami-nginx"));
        let git = GitHost::start_with_folders(&[(&examples, ""), (&chart, "bitnami-nginx")]).await;
        let argosy = Argosy::start(&world, "argocd-examples").await;
        for path in EXAMPLES {
            world.apply(&application(argosy.namespace(), path, &git, path, &automated())).await;
        }
        let nginx = application(argosy.namespace(), "nginx", &git, "bitnami-nginx", &automated());
        world.apply(&nginx).await;
        // There is no cloud here, so the story gives the load balancers their addresses.
        for (namespace, name) in [("jsonnet-guestbook", "jsonnet-guestbook-ui"), ("nginx", "nginx")] {
            eventually("the load balancer is asked for", async || {
                if world.get("v1", "Service", namespace, name).await.is_some() {
                    return Ok(());
                }
                let application = argosy.application(&world, namespace).await;
                Err(application.map(|found| tests::describe(&found)).unwrap_or_default())
            })
            .await;
            let status = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.10"}]}}});
            world.merge_status("v1", "Service", namespace, name, &status).await;
        }
        for name in EXAMPLES.iter().chain(&["nginx"]) {
            let application = argosy.until_good(&world, name).await;
            assert!(application.status.conditions.is_empty(), "{name}: {:?}", application.status.conditions);
        }
    });
}
