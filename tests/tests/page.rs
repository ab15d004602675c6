//! The web page: its types are those of the server, and a person finds their way through it in a real browser.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tests tell what they skip")]

use xtask::{api_types, shell};

/// What the page believes that the API sends is what the server says that it sends.
#[test]
fn the_types_of_the_page_are_those_of_the_server() {
    let expected = api_types::generate(&server::api_description().unwrap()).unwrap();
    let file = shell::root().join(api_types::FILE);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == expected,
        "{} is not what the server describes; run:\n  UPDATE_EXPECT=1 cargo test -p argosy-tests --test page the_types",
        api_types::FILE
    );
}
