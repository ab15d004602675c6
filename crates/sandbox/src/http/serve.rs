//! Plain HTTP/1.1 and HTTP/2 on a TCP listener, for kubectl and everything else with a kubeconfig.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::answer;
use crate::engine::Engine;
use crate::error::SandboxError;

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct ServerHandle {
    address: SocketAddr,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl ServerHandle {
    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's URL, such as `http://127.0.0.1:6443`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting and breaks open connections.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // The task ends by the token; a join error could only be its cancellation.
            let _ = task.await;
        }
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves `engine` on `listener` until the handle or the engine stops.
pub(crate) fn serve(engine: Arc<Engine>, listener: TcpListener) -> Result<ServerHandle, SandboxError> {
    let address = listener.local_addr().map_err(SandboxError::Listener)?;
    let stop = engine.shutdown.child_token();
    let token = stop.clone();
    let task = tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = token.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else { continue };
            // Small answers shouldn't wait for more to send.
            let _ = stream.set_nodelay(true);
            let engine = engine.clone();
            let token = token.clone();
            tokio::spawn(async move {
                let builder = Builder::new(TokioExecutor::new());
                let service = service_fn(move |request| {
                    let engine = engine.clone();
                    async move { answer(&engine, request).await }
                });
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                tokio::select! {
                    // A broken connection is the client's affair, or a fault that a test asked for.
                    result = connection => if let Err(error) = result {
                        tracing::debug!(%error, "a connection to the sandbox ended");
                    },
                    () = token.cancelled() => {}
                }
            });
        }
    });
    Ok(ServerHandle { address, stop, task: Some(task) })
}
