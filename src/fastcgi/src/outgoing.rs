//! The writing half of a connection.
//!
//! Shared between the answer and the replies that reading calls for. After one
//! failed write nothing more is sent: the front may have got half a record.

use std::io;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::stream::{Patience, Stream};

pub(crate) struct Outgoing {
    stream: Arc<Stream>,
    limit: Duration,
    state: Mutex<State>,
}

/// Only one side writes at a time, so nothing ever waits for this; the lock lets a handler hand its
/// body to another thread.
#[derive(Default)]
struct State {
    timeout: Option<Duration>,
    failed: Option<io::ErrorKind>,
}

impl Outgoing {
    pub(crate) fn new(stream: Arc<Stream>, limit: Duration) -> Self {
        Outgoing {
            stream,
            limit,
            state: Mutex::default(),
        }
    }

    /// Sends whole records, within the limit for one buffer.
    pub(crate) fn send(&self, records: &[u8]) -> io::Result<()> {
        self.check()?;
        let result = self.send_all(records);
        if let Err(error) = &result {
            self.state().failed = Some(error.kind());
        }
        result
    }

    /// The error of an earlier write, if one failed.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.state().failed {
            Some(kind) => Err(io::Error::new(
                kind,
                format!("the answer was not taken: {kind}"),
            )),
            None => Ok(()),
        }
    }

    /// Tells the front that nothing more will come.
    pub(crate) fn close(&self) {
        // A front that is gone already makes this fail, and needs no telling.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send_all(&self, mut records: &[u8]) -> io::Result<()> {
        let mut patience = Patience::new(self.limit);
        while !records.is_empty() {
            let left = patience.left()?;
            if self.state().timeout != Some(left) {
                self.stream.set_write_timeout(left)?;
                self.state().timeout = Some(left);
            }
            match patience.charge(|| self.stream.write(records))? {
                Some(0) => return Err(io::ErrorKind::WriteZero.into()),
                Some(n) => records = &records[n..],
                None => {}
            }
        }
        Ok(())
    }
}
