//! A remote command as a reader and a writer that block, which is how gix speaks to a server.

use std::io::{Error, ErrorKind, Read, Result, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use russh::client::Msg;
use russh::{Channel, ChannelMsg, ChannelReadHalf};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::runtime::Handle;

use super::Session;

/// Bytes of complaints that are kept.
const MAX_COMPLAINTS: usize = 4096;

/// What the server wrote to its standard error.
#[derive(Clone, Default)]
pub(crate) struct Complaints(Arc<Mutex<Vec<u8>>>);

impl Complaints {
    /// What was written so far, in one line.
    pub(crate) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.0.lock()).into_owned();
        let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    }
}

/// Reads what the command prints. Keeps the session open.
pub(crate) struct Reader {
    half: ChannelReadHalf,
    _session: Arc<Session>,
    runtime: Handle,
    patience: Duration,
    complaints: Complaints,
    ahead: bytes::Bytes,
    ended: bool,
}

/// Writes what the command reads.
pub(crate) struct Writer {
    inner: Pin<Box<dyn AsyncWrite + Send>>,
    runtime: Handle,
    patience: Duration,
}

/// Splits a channel on which a command runs. Reads and writes that take longer than `patience` fail.
pub(crate) fn split(
    session: Session,
    channel: Channel<Msg>,
    runtime: Handle,
    patience: Duration,
) -> (Reader, Writer, Complaints) {
    let (half, write) = channel.split();
    let complaints = Complaints::default();
    let reader = Reader {
        half,
        _session: Arc::new(session),
        runtime: runtime.clone(),
        patience,
        complaints: complaints.clone(),
        ahead: bytes::Bytes::new(),
        ended: false,
    };
    (reader, Writer { inner: Box::pin(write.make_writer()), runtime, patience }, complaints)
}

fn late() -> Error {
    Error::new(ErrorKind::TimedOut, "the SSH server fell silent")
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        while self.ahead.is_empty() && !self.ended {
            let (half, patience) = (&mut self.half, self.patience);
            let message = self
                .runtime
                .block_on(async { tokio::time::timeout(patience, half.wait()).await })
                .map_err(|_| late())?;
            match message {
                Some(ChannelMsg::Data { data }) => self.ahead = data,
                Some(ChannelMsg::ExtendedData { data, .. }) => {
                    let mut complaints = self.complaints.0.lock();
                    let room = MAX_COMPLAINTS.saturating_sub(complaints.len());
                    complaints.extend_from_slice(&data[..data.len().min(room)]);
                }
                Some(ChannelMsg::Failure) => {
                    return Err(Error::new(
                        ErrorKind::PermissionDenied,
                        "the SSH server does not run commands",
                    ));
                }
                Some(ChannelMsg::Close) | None => self.ended = true,
                // After the end of the output its complaints may still come.
                Some(_) => {}
            }
        }
        let count = buffer.len().min(self.ahead.len());
        buffer[..count].copy_from_slice(&self.ahead.split_to(count));
        Ok(count)
    }
}

impl Write for Writer {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        let (inner, patience) = (&mut self.inner, self.patience);
        self.runtime
            .block_on(async { tokio::time::timeout(patience, inner.write(buffer)).await })
            .map_err(|_| late())?
    }

    fn flush(&mut self) -> Result<()> {
        let (inner, patience) = (&mut self.inner, self.patience);
        self.runtime
            .block_on(async { tokio::time::timeout(patience, inner.flush()).await })
            .map_err(|_| late())?
    }
}
