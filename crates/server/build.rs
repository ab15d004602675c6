//! Tells Cargo that the built web page is part of this crate, also when it appears later.

fn main() {
    println!("cargo:rerun-if-changed=../../ui/dist");
    println!("cargo:rerun-if-changed=build.rs");
}
