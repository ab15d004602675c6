//! A SOCKS5 proxy (RFC 1928, with user name and password as in RFC 1929) between us and an SSH server.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Whether a proxy's URL names a SOCKS5 proxy.
pub(super) fn is_socks(proxy: &str) -> bool {
    proxy.starts_with("socks5://") || proxy.starts_with("socks5h://")
}

/// A connection to `host` through the proxy, which also looks up the name. The error does not show the proxy's URL,
/// which may carry a password.
pub(super) async fn connect(proxy: &str, host: &str, port: u16) -> Result<TcpStream> {
    let wrong = |reason: &str| Error::new(ErrorKind::InvalidInput, format!("the proxy's URL {reason}"));
    let place = reqwest::Url::parse(proxy).map_err(|_| wrong("is no URL"))?;
    let name = place.host_str().ok_or_else(|| wrong("has no host"))?;
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let failed = |error: Error| Error::new(error.kind(), format!("the SOCKS proxy failed: {error}"));
    let mut stream = TcpStream::connect((name, place.port().unwrap_or(1080))).await.map_err(failed)?;
    greet(&mut stream, place.username(), place.password().unwrap_or_default()).await.map_err(failed)?;
    ask(&mut stream, host, port).await.map_err(failed)?;
    Ok(stream)
}

fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::ConnectionRefused, reason.into())
}

/// One byte of length and the text.
fn short(text: &str) -> Result<Vec<u8>> {
    let length = u8::try_from(text.len()).map_err(|_| refused("a name is too long for SOCKS"))?;
    let mut bytes = vec![length];
    bytes.extend_from_slice(text.as_bytes());
    Ok(bytes)
}

async fn greet(stream: &mut TcpStream, username: &str, password: &str) -> Result<()> {
    let methods: &[u8] = if username.is_empty() { &[5, 1, 0] } else { &[5, 2, 0, 2] };
    stream.write_all(methods).await?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await?;
    match answer {
        [5, 0] => Ok(()),
        [5, 2] => {
            let mut request = vec![1];
            request.extend(short(username)?);
            request.extend(short(password)?);
            stream.write_all(&request).await?;
            stream.read_exact(&mut answer).await?;
            if answer[1] == 0 { Ok(()) } else { Err(refused("it does not take the user name and password")) }
        }
        [5, _] => Err(refused("it wants a login that is not supported")),
        _ => Err(refused("it does not speak SOCKS5")),
    }
}

async fn ask(stream: &mut TcpStream, host: &str, port: u16) -> Result<()> {
    // Version, connect, reserved, an address of the kind "name".
    let mut request = vec![5, 1, 0, 3];
    request.extend(short(host)?);
    request.extend(port.to_be_bytes());
    stream.write_all(&request).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    if answer[1] != 0 {
        let reason = match answer[1] {
            2 => "its rules do not allow it",
            3 => "the network cannot be reached",
            4 => "the host cannot be reached",
            5 => "the host refused the connection",
            _ => "it could not connect",
        };
        return Err(refused(format!("{reason} (answer {})", answer[1])));
    }
    // The address that the proxy uses, which is of no interest.
    let length = match answer[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Err(refused("its answer has an unknown kind of address")),
    };
    let mut rest = vec![0; length + 2];
    stream.read_exact(&mut rest).await?;
    Ok(())
}
