//! Bodies in pieces, between the thread that talks to connections and those that run the
//! application.
//!
//! The end of a body is a piece of its own. A channel that closes without it carried a part of a
//! body, whatever the reason, and that is an error on both sides: no half body looks whole.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::response::Parts;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::wire::Phase;
use crate::exchange::ResponseBody;
use crate::gateway::access::Entry;

/// Bytes of a piece of a response.
pub(super) const PIECE: usize = 64 * 1024;

/// Bytes of a request's body that are read before it takes a worker's time: more than anything that
/// strangers may send.
pub(super) const AHEAD: u64 = 64 * 1024;

/// Pieces under way, in either direction.
pub(super) const PIECES: usize = 2;

/// A part of a body, or how it ended.
pub(super) enum Piece {
    Data(Bytes),
    End,
    Broken(io::Error),
}

/// A request's body, for the application. Nothing is asked of the client before the first read, so
/// one that waits for a `100 Continue` is told to go on only when its body is wanted.
pub(super) struct PieceReader {
    ahead: VecDeque<Piece>,
    start: Option<oneshot::Sender<()>>,
    pieces: mpsc::Receiver<Piece>,
    rest: Bytes,
    ended: bool,
}

/// What [`feed`] needs to fill a [`PieceReader`].
pub(super) struct Feed {
    started: oneshot::Receiver<()>,
    pieces: mpsc::Sender<Piece>,
}

/// The beginning of a body, or all of it, read before anybody wants it. A client that is slow with it
/// keeps nobody but itself waiting, and for `time` at most.
pub(super) async fn read_ahead(incoming: &mut Incoming, time: Duration) -> VecDeque<Piece> {
    let (mut pieces, mut bytes) = (VecDeque::new(), 0);
    let end = Instant::now() + time;
    while bytes < AHEAD {
        let left = end.saturating_duration_since(Instant::now());
        match next_piece(incoming, left).await {
            Piece::Data(data) => {
                bytes += data.len() as u64;
                pieces.push_back(Piece::Data(data));
            }
            last => {
                pieces.push_back(last);
                break;
            }
        }
    }
    pieces
}

/// A reader of what was read ahead and of what comes then, and what feeds it.
pub(super) fn piece_reader(ahead: VecDeque<Piece>) -> (PieceReader, Feed) {
    let (start, started) = oneshot::channel();
    let (sender, pieces) = mpsc::channel(PIECES);
    let rest = Bytes::new();
    let reader = PieceReader {
        ahead,
        start: Some(start),
        pieces,
        rest,
        ended: false,
    };
    (
        reader,
        Feed {
            started,
            pieces: sender,
        },
    )
}

/// Passes a client's body on, as fast as it is read and no faster. Whether all of it was taken.
pub(super) async fn feed(mut incoming: Incoming, feed: Feed, pause: Duration) -> bool {
    if feed.started.await.is_err() {
        return false;
    }
    loop {
        let piece = next_piece(&mut incoming, pause).await;
        let (is_whole, is_last) = match piece {
            Piece::Data(_) => (false, false),
            Piece::End => (true, true),
            Piece::Broken(_) => (false, true),
        };
        if feed.pieces.send(piece).await.is_err() || is_last {
            return is_whole;
        }
    }
}

/// What comes next of a body, if it comes within `time`.
async fn next_piece(incoming: &mut Incoming, time: Duration) -> Piece {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *incoming).poll_frame(context));
        return match timeout(time, frame).await {
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => Piece::Data(data),
                // Trailers mean nothing to anyone here.
                Err(_) => continue,
            },
            Ok(Some(Err(error))) => Piece::Broken(io::Error::other(error)),
            Ok(None) => Piece::End,
            Err(_) => Piece::Broken(io::ErrorKind::TimedOut.into()),
        };
    }
}

impl PieceReader {
    fn next(&mut self) -> Option<Piece> {
        if let Some(piece) = self.ahead.pop_front() {
            return Some(piece);
        }
        if let Some(start) = self.start.take() {
            // Nobody there: the channel of pieces says the same.
            let _ = start.send(());
        }
        self.pieces.blocking_recv()
    }
}

impl Read for PieceReader {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() && !self.ended {
            match self.next() {
                Some(Piece::Data(data)) => self.rest = data,
                Some(Piece::End) => self.ended = true,
                Some(Piece::Broken(error)) => return Err(error),
                None => return Err(io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let step = self.rest.len().min(to.len());
        to[..step].copy_from_slice(&self.rest.split_to(step));
        Ok(step)
    }
}

/// Where the application writes a response's body. It waits while the client is slow; the
/// connection gives a client up that takes nothing for too long, and then this is an error.
///
/// The head of the response goes out with the first full piece, and not before: a body that is
/// shorter gets its length, and one that breaks early can still become another answer.
pub(super) struct StreamWriter {
    unsent: Option<(Parts, oneshot::Sender<(Parts, Content)>)>,
    pieces: Option<mpsc::Sender<Piece>>,
    buffer: Vec<u8>,
}

impl StreamWriter {
    pub(super) fn new(head: Parts, reply: oneshot::Sender<(Parts, Content)>) -> Self {
        StreamWriter {
            unsent: Some((head, reply)),
            pieces: None,
            buffer: Vec::new(),
        }
    }

    /// The body is whole.
    pub(super) fn finish(mut self) {
        let last = Bytes::from(std::mem::take(&mut self.buffer));
        // What can't be delivered was for a client that is gone.
        if let Some((head, reply)) = self.unsent.take() {
            let _ = reply.send((head, Content::Whole(last)));
        } else if self.send(Piece::Data(last)).is_ok() {
            let _ = self.send(Piece::End);
        }
    }

    /// The body can't become whole. If nothing of it is sent, another answer can be.
    pub(super) fn break_off(
        mut self,
        error: &io::Error,
    ) -> Option<oneshot::Sender<(Parts, Content)>> {
        if let Some((_, reply)) = self.unsent.take() {
            return Some(reply);
        }
        let _ = self.send(Piece::Broken(error.kind().into()));
        None
    }

    fn send(&mut self, piece: Piece) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        if let Some((head, reply)) = self.unsent.take() {
            let (pieces, content) = mpsc::channel(PIECES);
            self.pieces = Some(pieces);
            reply
                .send((head, Content::Stream(content)))
                .map_err(|_| gone())?;
        }
        let pieces = self.pieces.as_ref().ok_or_else(gone)?;
        pieces.blocking_send(piece).map_err(|_| gone())
    }
}

impl Write for StreamWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == PIECE {
            let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
            self.send(Piece::Data(full.into()))?;
        }
        let step = bytes.len().min(PIECE - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..step]);
        Ok(step)
    }

    /// Does nothing: a piece goes out when it is full.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a response's body is made of.
pub(super) enum Content {
    None,
    Whole(Bytes),
    Stream(mpsc::Receiver<Piece>),
}

impl Content {
    /// A body that is all there. A stream is not, and where this is used nobody could write it.
    pub(super) fn of(body: ResponseBody) -> Self {
        match body {
            ResponseBody::Bytes(bytes) => Content::Whole(bytes.into()),
            ResponseBody::Stream(_) => Content::None,
        }
    }
}

/// A response's body on its way out. When it is dropped, sent or not, the request is over.
pub(super) struct Outgoing {
    content: Content,
    bytes: u64,
    status: u16,
    entry: Option<Entry>,
    phase: Arc<Phase>,
}

impl Outgoing {
    pub(super) fn new(
        content: Content,
        status: u16,
        entry: Option<Entry>,
        phase: Arc<Phase>,
    ) -> Self {
        Outgoing {
            content,
            bytes: 0,
            status,
            entry,
            phase,
        }
    }

    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let piece = match &mut self.content {
            Content::None => return Poll::Ready(None),
            Content::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.content = Content::None;
                return Poll::Ready(Some(Ok(bytes)));
            }
            Content::Stream(pieces) => std::task::ready!(pieces.poll_recv(context)),
        };
        Poll::Ready(match piece {
            Some(Piece::Data(data)) => Some(Ok(data)),
            Some(Piece::End) => {
                self.content = Content::None;
                None
            }
            Some(Piece::Broken(error)) => Some(Err(error)),
            None => Some(Err(io::ErrorKind::UnexpectedEof.into())),
        })
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let next = std::task::ready!(self.next(context));
        match &next {
            Some(Ok(data)) => self.bytes += data.len() as u64,
            Some(Err(_)) => self.phase.answer_broke(),
            None => {}
        }
        Poll::Ready(next.map(|data| data.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::None => true,
            Content::Whole(bytes) => bytes.is_empty(),
            Content::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::None => SizeHint::with_exact(0),
            Content::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_) => SizeHint::default(),
        }
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        self.phase.request_ended();
        if let Some(entry) = self.entry.take() {
            entry.finish(self.status, self.bytes);
        }
    }
}
