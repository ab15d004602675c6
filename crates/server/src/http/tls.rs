//! The server's certificate: the one of the settings, or one that is made at the first start.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::Error;

/// A certificate chain and its key, in PEM.
pub(crate) struct Certificate {
    pub(crate) chain: String,
    pub(crate) key: String,
    /// Where it came from, for messages.
    pub(crate) place: String,
}

impl Certificate {
    /// Makes a certificate for this machine and for the names that the API server's Service has in `namespace`.
    pub(crate) fn self_made(namespace: &str) -> Result<Self, Error> {
        let mut names = ["localhost", "127.0.0.1", "::1", "argocd-server"].map(str::to_owned).to_vec();
        for suffix in ["", ".svc", ".svc.cluster.local"] {
            names.push(format!("argocd-server.{namespace}{suffix}"));
        }
        let place = "that is made at start".to_owned();
        match rcgen::generate_simple_self_signed(names) {
            Ok(made) => Ok(Self { chain: made.cert.pem(), key: made.signing_key.serialize_pem(), place }),
            Err(error) => Err(Error::Certificate { place, reason: error.to_string() }),
        }
    }

    /// What TLS connections are accepted with. HTTP/2 is offered beside HTTP/1.1: clients of gRPC insist on it.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, Error> {
        let wrong = |reason: String| Error::Certificate { place: self.place.clone(), reason };
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(self.chain.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(error.to_string()))?;
        let key =
            PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(|error| wrong(error.to_string()))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| wrong(error.to_string()))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}
