//! One suite for two servers. Each `suite/NAME.yaml` is a story of requests; `suite/NAME.answers.json` is what a real
//! kube-apiserver answered, less what differs each time. The sandbox must answer the same.
//!
//! With `ARGOSY_REAL_API` set to a kubeconfig path (or a URL, with `ARGOSY_REAL_API_TOKEN`) the stories are told to
//! that server too; with `ARGOSY_RECORD=1` its answers replace the recorded ones.

#[path = "suite_runner/mod.rs"]
mod suite_runner;

use suite_runner::{Server, check, record, stories};

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_answers_as_recorded() {
    let mut failures = Vec::new();
    for story in stories() {
        let server = Server::sandbox(&story).await;
        failures.extend(check(&story, &server).await);
    }
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_answers_as_recorded() {
    let Some(server) = Server::real().await else {
        println!(
            "skipped: ARGOSY_REAL_API is not set, so the recorded answers are not checked against a real server"
        );
        return;
    };
    let mut failures = Vec::new();
    for story in stories() {
        if std::env::var_os("ARGOSY_RECORD").is_some() {
            record(&story, &server).await;
        } else {
            failures.extend(check(&story, &server).await);
        }
    }
    assert!(failures.is_empty(), "{} differences\n{}", failures.len(), failures.join("\n"));
}
