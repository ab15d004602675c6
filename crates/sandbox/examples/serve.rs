//! Serves a sandbox on a port until it is interrupted, for trying it with kubectl:
//! `cargo run -p argosy-sandbox --example serve -- 127.0.0.1:6553 > kubeconfig`.
#![allow(clippy::print_stdout, reason = "an example talks to its terminal")]

use sandbox::{Options, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".into());
    let sandbox = Sandbox::start(Options::default());
    let server = sandbox.serve(tokio::net::TcpListener::bind(address).await?)?;
    println!("{}", sandbox.kubeconfig(&server.url()));
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
