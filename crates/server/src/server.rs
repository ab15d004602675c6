//! Starts and stops the server.

use std::net::SocketAddr;
use std::sync::Arc;

use cluster::{Clusters, ControlPlane};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::names;

use crate::access::Policies;
use crate::api::Api;
use crate::connections::Connections;
use crate::core::Core;
use crate::error::Error;
use crate::http::listen::Listener;
use crate::http::router::Routes;
use crate::http::tls::Certificate;
use crate::options::{Admission, ServerOptions};
use crate::ports::ApplicationLoop;
use crate::services;
use crate::session::{Sessions, prepare, remember};

/// What the server works with.
pub struct Deps {
    /// The control plane's records.
    pub control: ControlPlane,
    /// The clusters that applications are deployed to.
    pub clusters: Clusters,
    /// The application loop, when it runs in this process.
    pub controller: Option<Arc<dyn ApplicationLoop>>,
    /// How to run.
    pub options: ServerOptions,
}

/// The API server.
pub struct Server;

/// A running server. Dropping it leaves the server running; [`ServerHandle::shutdown`] ends it.
pub struct ServerHandle {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl ServerHandle {
    /// The address that is listened on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of `/metrics`, when there is one.
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Stops accepting, gives running answers a moment, and ends.
    pub async fn shutdown(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

impl Server {
    /// Prepares what a first start needs, listens, and answers from then on.
    ///
    /// # Errors
    /// When the port is taken, the certificate cannot be used, or the control plane's Secret cannot be written.
    pub async fn start(deps: Deps) -> Result<ServerHandle, Error> {
        let Deps { control, clusters, controller, options } = deps;
        if let Admission::Accounts = options.admission {
            prepare(&control).await?;
        }
        let tls = if options.insecure { None } else { Some(certificate(&control).await?.server_config()?) };
        let core = Arc::new(Core {
            api: Api::load()?,
            handlers: services::handlers(),
            sessions: Sessions::new(options.admission.clone(), options.login_delay),
            policies: Policies::default(),
            connections: Connections::default(),
            control,
            clusters,
            controller,
            options,
        });
        let address = SocketAddr::new(core.options.address, core.options.port);
        let listen_error = |reason| Error::Listen { address: address.to_string(), reason };
        let socket = TcpListener::bind(address).await.map_err(listen_error)?;
        let address = socket.local_addr().map_err(listen_error)?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let metrics_address = match core.options.metrics_port {
            None => None,
            Some(port) => {
                let address = SocketAddr::new(core.options.address, port);
                let listen_error = |reason| Error::Listen { address: address.to_string(), reason };
                let socket = TcpListener::bind(address).await.map_err(listen_error)?;
                let address = socket.local_addr().map_err(listen_error)?;
                tasks
                    .spawn(Listener { socket, tls: None }.serve(Routes::metrics(core.clone()), stop.clone()));
                Some(address)
            }
        };
        tasks.spawn(Listener { socket, tls }.serve(Routes::new(core), stop.clone()));
        tasks.close();
        Ok(ServerHandle { address, metrics_address, stop, tasks })
    }
}

/// The certificate of a Secret: of the one for it, or of the common one, where one that is made now is kept so that
/// clients which have been told to trust it go on to.
async fn certificate(control: &ControlPlane) -> Result<Certificate, Error> {
    let secrets = ["argocd-server-tls", names::SECRET];
    for name in secrets {
        let text = |key: &str| {
            let value = control.secret_value(name, key)?;
            String::from_utf8(value.expose().clone()).ok().filter(|text| !text.is_empty())
        };
        if let (Some(chain), Some(key)) = (text("tls.crt"), text("tls.key")) {
            return Ok(Certificate {
                chain,
                key,
                place: format!("of Secret {}/{name}", control.namespace()),
            });
        }
    }
    let made = Certificate::self_made(control.namespace())?;
    remember(control, &[("tls.crt", &made.chain), ("tls.key", &made.key)]).await?;
    tracing::info!("made a TLS certificate and kept it in Secret {}", names::SECRET);
    Ok(made)
}
