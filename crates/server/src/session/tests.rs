//! Tokens, cookies and the login limit.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use types::settings::Settings;

use super::{Presented, cookie, login, token};

#[test]
fn tokens_are_verified() {
    let signed = token::issue("admin:login", "id", Some(60), b"key").unwrap();
    let claims = token::verify(&signed, b"key").unwrap();
    assert_eq!(
        (claims.sub.as_str(), claims.iss.as_str(), claims.jti.as_str()),
        ("admin:login", "argocd", "id")
    );
    assert!(token::verify(&signed, b"other").is_err());
    let ended = token::issue("admin:login", "id", Some(-10), b"key").unwrap();
    assert_eq!(token::verify(&ended, b"key").unwrap_err(), "ExpiredSignature");
    let id = token::new_id();
    assert_eq!((id.len(), id.chars().nth(14)), (36, Some('4')), "{id}");
}

#[test]
fn tokens_are_found_in_order() {
    let mut headers = HeaderMap::new();
    headers.insert(header::COOKIE, HeaderValue::from_static("a=b; argocd.token=c.o.o"));
    let found = |headers: &HeaderMap| Presented::of(headers).token;
    assert_eq!(found(&headers).as_deref(), Some("c.o.o"));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer nothing"));
    assert_eq!(found(&headers).as_deref(), Some("c.o.o"));
    headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer b.e.r"));
    assert_eq!(found(&headers).as_deref(), Some("b.e.r"));
    headers.insert("token", HeaderValue::from_static(""));
    assert_eq!(found(&headers), None, "an empty token means that there is none");
}

#[test]
fn long_tokens_are_spread_over_cookies() {
    for length in [10, 4000, 5000, 20_000] {
        let text = "x".repeat(length);
        let cookies = cookie::set(&text, "/argocd/", true).unwrap();
        assert!(cookies.iter().all(|cookie| cookie.len() <= 4093));
        let mut headers = HeaderMap::new();
        for cookie in &cookies {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            headers.append(header::COOKIE, pair.parse().unwrap());
        }
        assert_eq!(cookie::read(&headers), Some(text));
        assert_eq!(cookie::clear(&headers, "/").len(), cookies.len());
    }
    assert!(cookie::set(&"x".repeat(100_000), "/", true).is_none());
}

#[tokio::test]
async fn five_failures_lock_a_name() {
    let hash = bcrypt::hash("correct horse", 4).unwrap();
    let secret = BTreeMap::from([("admin.password".to_owned(), hash.into_bytes())]);
    let (settings, _) =
        Settings::parse(&BTreeMap::new(), &BTreeMap::from([("argocd-secret".to_owned(), secret)]));
    let logins = login::Logins::new(Duration::ZERO);
    let attempt = async |name: &str, password: &str| match logins.check(name, password, &settings).await {
        Ok(()) => "ok".to_owned(),
        Err(status) => status.message,
    };
    assert_eq!(attempt("admin", "correct horse").await, "ok");
    assert_eq!(attempt("", "x").await, "no credentials supplied");
    assert_eq!(attempt("admin", "").await, "Blank passwords are not allowed");
    assert_eq!(attempt(&"x".repeat(33), "x").await, "Username is too long (32 bytes max)");
    for _ in 0..5 {
        assert_eq!(attempt("admin", "wrong").await, "Invalid username or password");
    }
    assert_eq!(attempt("admin", "correct horse").await, "Invalid username or password");
    assert_eq!(attempt("nobody", "x").await, "Invalid username or password");
}
