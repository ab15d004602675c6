//! The body of an answer: bytes at once, or a stream of pieces for watches and followed logs.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http_body::{Body, Frame, SizeHint};

use crate::error::SandboxError;

type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes, SandboxError>> + Send>>;

/// The body of every response of the sandbox.
pub struct ResponseBody(Inner);

enum Inner {
    Full(Option<Bytes>),
    Stream(Pieces),
}

impl ResponseBody {
    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        ResponseBody(Inner::Full(Some(bytes.into())))
    }

    pub(crate) fn stream(pieces: impl Stream<Item = Result<Bytes, SandboxError>> + Send + 'static) -> Self {
        ResponseBody(Inner::Stream(Box::pin(pieces)))
    }

    /// The pieces of a stream, or the whole as the only piece.
    pub(crate) fn into_pieces(self) -> Pieces {
        match self.0 {
            Inner::Full(bytes) => Box::pin(futures::stream::iter(bytes.map(Ok))),
            Inner::Stream(pieces) => pieces,
        }
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Inner::Full(bytes) => write!(f, "ResponseBody({} bytes)", bytes.as_ref().map_or(0, Bytes::len)),
            Inner::Stream(_) => f.write_str("ResponseBody(stream)"),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = SandboxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SandboxError>>> {
        match &mut self.0 {
            Inner::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Inner::Stream(pieces) => {
                pieces.as_mut().poll_next(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Inner::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Inner::Stream(_) => SizeHint::default(),
        }
    }
}
