//! Keys and certificates. Their layout was checked with OpenSSL and Go's crypto/x509; the deterministic ones are pinned.
#![expect(clippy::expect_used, reason = "a test stops where something is missing")]

use std::sync::Arc;

use expect_test::expect;
use gotmpl::{FixedEnvironment, Functions, Limits, Options, State, TemplateSet, Value};

fn execute(text: &str) -> String {
    let mut set = TemplateSet::new("test", Arc::new(Functions::sprig()), Options::default());
    set.parse("test", text).expect("a template");
    let environment = Arc::new(FixedEnvironment::new(1_795_000_000, 3));
    let result = State::new(Arc::new(set), environment, Limits::default()).execute("test", &Value::Nil);
    result.unwrap_or_else(|error| error.to_string())
}

#[test]
fn ed25519_authority() {
    let pinned = expect![[r#"
        -----BEGIN CERTIFICATE-----
        MIIBODCB66ADAgECAhBlB8yn8ZpDqVG39xhKCK82MAUGAytlcDANMQswCQYDVQQD
        EwJjYTAeFw0yNjExMTgxMTA2NDBaFw0yNzExMTgxMTA2NDBaMA0xCzAJBgNVBAMT
        AmNhMCowBQYDK2VwAyEAEPF8C0Q3I4gEedFx+XxBOfBGTwZB2FbguxoGzW53PiWj
        YTBfMA4GA1UdDwEB/wQEAwICpDAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUH
        AwIwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUoYGiKEc/ykXFYQwQjUmk0eGp
        XTUwBQYDK2VwA0EAiCbXBICBPDT/+la5Rxzt7F8um1c9nXPhG+VMBoXXNMvdk0UG
        Gi2Pxd2y6HLm1iTB2pJZv5jxK7b0bQ/uyxkUDg==
        -----END CERTIFICATE-----
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIL6TT6txQ8KKol52a3/GsgLRgmWNkdLJ1cp+r5ZsltVZ
        -----END PRIVATE KEY-----
    "#]];
    pinned.assert_eq(&execute(
        "{{ with genCAWithKey \"ca\" 365 (genPrivateKey \"ed25519\") }}{{ .Cert }}{{ .Key }}{{ end }}",
    ));
}

#[test]
fn signed_by_an_elliptic_authority() {
    let pinned = expect![[r#"
        -----BEGIN CERTIFICATE-----
        MIIBpDCCAUqgAwIBAgIQbI4yvTjm8NabLS86LWGMszAKBggqhkjOPQQDAjANMQsw
        CQYDVQQDEwJjYTAeFw0yNjExMTgxMTA2NDBaFw0yNjExMjgxMTA2NDBaMA8xDTAL
        BgNVBAMMBHN2YyowWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQWmsjm7drNOxmm
        hPeUnWhHYDJ/z62ANrWVDcHlpx9Wynn2vvmvZTy83gVlfHhfRrByxq82N6VG2oBw
        wbCFI/HTo4GJMIGGMA4GA1UdDwEB/wQEAwIFoDAdBgNVHSUEFjAUBggrBgEFBQcD
        AQYIKwYBBQUHAwIwDAYDVR0TAQH/BAIwADAfBgNVHSMEGDAWgBR+bU8KKtdP9MNy
        be8kR6fIYEiVxTAmBgNVHREEHzAdggNhLmKHBAoAAAGHEAAAAAAAAAAAAAAAAAAA
        AAEwCgYIKoZIzj0EAwIDSAAwRQIgOqd0lYIRBvB81kRw0FfOb6Ioe7+KVCrvPsSm
        qecD7eACIQDAubdFMH7SbqGB/svYZZBYUh6eHtDuVuLT1x74I8hhQg==
        -----END CERTIFICATE-----
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIOVO4MIma4oVtEfhOHGKdpuSsrMZjalpbL3/ZzhtrtEkoAoGCCqGSM49
        AwEHoUQDQgAEFprI5u3azTsZpoT3lJ1oR2Ayf8+tgDa1lQ3B5acfVsp59r75r2U8
        vN4FZXx4X0awcsavNjelRtqAcMGwhSPx0w==
        -----END EC PRIVATE KEY-----
    "#]];
    pinned.assert_eq(&execute(
        "{{ $ca := genCAWithKey \"ca\" 36500 (genPrivateKey \"ecdsa\") -}}
        {{ with genSignedCertWithKey \"svc*\" (list \"10.0.0.1\" \"::1\") (list \"a.b\") 10 $ca (genPrivateKey \"ecdsa\") }}{{ .Cert }}{{ .Key }}{{ end }}",
    ));
}

#[test]
fn rsa_certificates_are_accepted_back() {
    let text = "{{ $ca := genCA \"ca\" 1 }}{{ $c := genSignedCert \"c\" nil (list \"h\") 1 $ca }}
        {{- with buildCustomCert (b64enc $c.Cert) (b64enc $c.Key) }}{{ eq .Cert $c.Cert }}{{ eq .Key $c.Key }}{{ end }}
        {{- $again := genCAWithKey \"ca\" 1 $ca.Key }} {{ eq $again.Key $ca.Key }} {{ keys (mustFromJson (toJson $ca)) }}";
    assert_eq!(execute(text), "truetrue true [Cert Key]");
}

#[test]
fn mistakes() {
    for (text, expected) in [
        ("{{ genCAWithKey \"x\" 1 \"nope\" }}", "parsing private key: no PEM data in input"),
        (
            "{{ genSelfSignedCertWithKey \"x\" (list \"1.2\") nil 1 (genPrivateKey \"ecdsa\") }}",
            "error parsing ip: 1.2",
        ),
        (
            "{{ genSelfSignedCertWithKey \"x\" (list 1) nil 1 (genPrivateKey \"ecdsa\") }}",
            "error parsing ip: 1 is not a string",
        ),
        ("{{ buildCustomCert \"!\" \"\" }}", "unable to decode base64 certificate"),
        ("{{ buildCustomCert \"\" \"\" }}", "unable to decode certificate"),
        (
            "{{ genSignedCert \"x\" nil nil 1 (dict) }}",
            "wrong type for value; expected sprig.certificate; got map[string]interface {}",
        ),
    ] {
        let error = execute(text);
        assert!(error.ends_with(expected), "{error}");
    }
}
