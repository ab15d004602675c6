//! TLS by a certificate that is made at the first start, and what is told on the API's port without and with a token.

use tests::{Argosy, Output, World};

use crate::stories;

stories![a_self_made_certificate_is_kept_and_can_be_trusted];

async fn a_self_made_certificate_is_kept_and_can_be_trusted(world: &World) {
    let mut argosy = Argosy::start_with_tls(world, "argocd-tls").await;
    assert!(argosy.url().starts_with("https://"), "{}", argosy.url());
    let unknown = login(&argosy, &[]);
    assert_eq!(unknown.code, 1, "{unknown:?}");
    assert!(unknown.stderr.contains("--insecure or --server-crt"), "{unknown:?}");
    login(&argosy, &["--insecure"]).ok();

    let kept = || async {
        let secret = world.get("v1", "Secret", "argocd-tls", "argocd-secret").await.unwrap();
        let encoded = secret.pointer("/data/tls.crt").cloned().unwrap();
        serde_json::from_value::<types::meta::Bytes>(encoded).unwrap().0
    };
    let certificate = kept().await;
    let file = argosy.home().join("tls.crt");
    std::fs::write(&file, &certificate).unwrap();
    let file = file.display().to_string();
    login(&argosy, &["--server-crt", &file]).ok();
    argosy.command(&["app", "list", "--server-crt", &file]).ok();

    argosy.kill();
    argosy.restart().await;
    assert_eq!(kept().await, certificate);
    login(&argosy, &["--server-crt", &file]).ok();

    let client = reqwest::Client::builder().danger_accept_invalid_certs(true).build().unwrap();
    let get = |path: &str| client.get(format!("{}{path}", argosy.url())).send();
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    assert_eq!(get("/metrics").await.unwrap().status(), 401, "metrics name every application");
    let session = std::fs::read_to_string(argosy.home().join("config/config")).unwrap();
    let session = goyaml::from_str(&session).unwrap();
    let token = session["users"].as_array().unwrap().last().unwrap()["auth-token"].as_str().unwrap();
    let metrics = client.get(format!("{}/metrics", argosy.url())).bearer_auth(token).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    assert!(metrics.text().await.unwrap().contains("argocd_info"));
}

fn login(argosy: &Argosy, further: &[&str]) -> Output {
    let words = ["login", argosy.address(), "--username", "admin", "--password", argosy.password()];
    argosy.command(&[&words, further].concat())
}
