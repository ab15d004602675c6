//! HTTP clients for repositories and what belongs to them: trust, client certificates, proxies, and where a client
//! may not be led.
//!
//! Redirects are where servers say who gets the next request. reqwest drops the `Authorization` header when a redirect
//! leaves the host; on top of that no redirect goes from HTTPS back to HTTP, and no request goes to link-local
//! addresses, where clouds keep the credentials of the machine. Private addresses stay reachable: that is where many
//! repositories are.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::access::Access;
use crate::{Error, url};

/// Redirects that are followed in a row.
const MAX_REDIRECTS: usize = 10;

/// Applies what both kinds of reqwest's builders call alike: certificates, identity, proxy and name resolution.
macro_rules! configure {
    ($builder:expr, $access:expr) => {{
        let access: &Access = $access;
        let mut builder =
            $builder.tls_danger_accept_invalid_certs(access.insecure).dns_resolver(Arc::new(Resolver));
        if let Some(pem) = &access.certificate_authority {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
        }
        if let Some((certificate, key)) = &access.client_certificate {
            let pem = format!("{certificate}\n{}", key.expose());
            builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes())?);
        }
        if !access.proxy.is_empty() {
            let proxy = reqwest::Proxy::all(access.proxy.expose())?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&access.no_proxy)));
        }
        builder
    }};
}

/// Configures the blocking client that gix makes for one connection. gix decides about redirects itself.
pub(crate) fn configure_blocking(
    builder: reqwest::blocking::ClientBuilder,
    access: &Access,
    deadline: Duration,
) -> reqwest::Result<reqwest::blocking::ClientBuilder> {
    Ok(configure!(builder.timeout(deadline), access))
}

/// Whether a client goes where a server sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redirects {
    /// Within the rules of this module.
    Followed,
    /// Never: for requests that carry a secret in their body, which a redirect would repeat.
    Refused,
}

/// A client for one repository's servers.
///
/// # Errors
/// [`Error::Configuration`] when certificates or the proxy are not what they must be.
pub(crate) fn client(
    repository: &str,
    access: &Access,
    connect: Duration,
    deadline: Duration,
    redirects: Redirects,
) -> Result<reqwest::Client, Error> {
    let policy = match redirects {
        Redirects::Followed => policy(),
        Redirects::Refused => reqwest::redirect::Policy::none(),
    };
    build(access, connect, deadline, policy).map_err(|error| Error::Configuration {
        repository: url::without_credentials(repository),
        reason: access.redact(&format!(
            "no HTTP client can be made: {}. Check the certificates and the proxy of this repository",
            explain(error)
        )),
    })
}

fn build(
    access: &Access,
    connect: Duration,
    deadline: Duration,
    policy: reqwest::redirect::Policy,
) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .user_agent(crate::USER_AGENT)
        .connect_timeout(connect)
        .timeout(deadline)
        .redirect(policy);
    configure!(builder, access).build()
}

fn policy() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        if attempt.previous().len() >= MAX_REDIRECTS {
            return attempt.error("too many redirects");
        }
        let downgraded = attempt.url().scheme() != "https"
            && attempt.previous().last().is_some_and(|previous| previous.scheme() == "https");
        if downgraded {
            return attempt.error("the redirect leads from HTTPS to HTTP, which is not followed");
        }
        match forbidden_url(attempt.url().as_str()) {
            Some(reason) => attempt.error(reason),
            None => attempt.follow(),
        }
    })
}

/// Why no request may go to this URL, if so. Names are looked at when they are resolved.
pub(crate) fn forbidden_url(place: &str) -> Option<String> {
    let host = url::host(place);
    let address: IpAddr = host.parse().ok()?;
    forbidden(address).then(|| format!("{host} is a link-local address, which is not asked"))
}

/// Link-local addresses and the metadata services of clouds.
fn forbidden(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            address.is_link_local() || address.is_broadcast() || address.octets() == [100, 100, 100, 200]
        }
        IpAddr::V6(address) => {
            address.is_unicast_link_local() || address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
        }
    }
}

/// The system's name resolution, without forbidden addresses.
struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let name = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let allowed: Vec<SocketAddr> =
                found.iter().copied().filter(|address| !forbidden(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                let reason = format!("{name} has only link-local addresses, which are not asked");
                return Err(std::io::Error::new(std::io::ErrorKind::PermissionDenied, reason).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// An error with all its causes and without its URL, which may carry credentials.
pub(crate) fn explain(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}

/// An error with all its causes.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason.push_str(&format!(": {text}"));
        }
        cause = inner.source();
    }
    reason
}

/// Reads a response within a limit of bytes; `None` when it is larger.
pub(crate) async fn body(
    response: &mut reqwest::Response,
    limit: u64,
) -> Result<Option<Vec<u8>>, reqwest::Error> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Ok(None);
    }
    let mut data = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if data.len() as u64 + chunk.len() as u64 > limit {
            return Ok(None);
        }
        data.extend_from_slice(&chunk);
    }
    Ok(Some(data))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_services_are_out_of_reach() {
        for (place, reachable) in [
            ("http://169.254.169.254/latest/meta-data", false),
            ("https://[fe80::1]/a", false),
            ("http://[::ffff:169.254.169.254]/", false),
            ("http://[fd00:ec2::254]/", false),
            ("http://127.0.0.1:8080/", true),
            ("https://10.0.0.7/charts", true),
            ("https://git.example.com/", true),
        ] {
            assert_eq!(forbidden_url(place).is_none(), reachable, "{place}");
        }
    }
}
