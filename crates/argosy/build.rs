//! How the binary is linked.
//!
//! At a fixed address: an executable that can be put anywhere has 80,000 pointers to correct when it starts, which takes
//! two milliseconds and a megabyte and a half in each process, twice what `argosy render` needs to build a small
//! kustomization. Go links its programs the same way. Heap, stack and libraries stay at random addresses.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
