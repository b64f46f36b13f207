//! The threads that run the application, and the line of requests before them.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use http::Method;
use http::response::Parts;
use tokio::sync::oneshot;

use super::body::{Content, StreamWriter};
use crate::exchange::{Application, BodyWriter, Request, ResponseBody};
use crate::gateway::{answer, interrupted, is_bodiless};

/// One request to be answered, and where the answer goes.
pub(super) struct Job {
    pub(super) request: Request<'static>,
    pub(super) reply: oneshot::Sender<(Parts, Content)>,
}

/// A fixed number of threads and a line of fixed length.
pub(super) struct Workers {
    line: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts `count` threads, at least one.
    pub(super) fn start(
        application: &Arc<dyn Application>,
        count: usize,
        line: usize,
    ) -> io::Result<Workers> {
        let (line, jobs) = sync_channel(line);
        let jobs = Arc::new(Mutex::new(jobs));
        let waiting = Arc::new(AtomicUsize::new(0));
        let start = |number| {
            let (application, jobs) = (Arc::clone(application), Arc::clone(&jobs));
            let waiting = Arc::clone(&waiting);
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || work(&*application, &jobs, &waiting))
        };
        let threads = (0..count.max(1)).map(start).collect::<io::Result<_>>()?;
        Ok(Workers {
            line,
            waiting,
            threads,
        })
    }

    /// How many requests stand in the line.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    /// Puts a request in the line, or gives it back if the line is full.
    pub(super) fn submit(&self, job: Job) -> Result<(), Box<Job>> {
        // Counted first: a worker may have taken it before `try_send` returns.
        self.waiting.fetch_add(1, SeqCst);
        self.line.try_send(job).map_err(|error| {
            self.waiting.fetch_sub(1, SeqCst);
            match error {
                TrySendError::Full(job) | TrySendError::Disconnected(job) => Box::new(job),
            }
        })
    }

    /// Waits until all that was submitted is done.
    pub(super) fn finish(self) {
        drop(self.line);
        for thread in self.threads {
            if thread.join().is_err() {
                log::error!("a worker's thread panicked");
            }
        }
    }
}

fn work(application: &dyn Application, jobs: &Mutex<Receiver<Job>>, waiting: &AtomicUsize) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        waiting.fetch_sub(1, SeqCst);
        // A client that left while it stood in line wants no answer, least of all in a rush.
        if !job.reply.is_closed() {
            run(application, job);
        }
    }
}

fn run(application: &dyn Application, job: Job) {
    let is_head = job.request.method() == Method::HEAD;
    let (head, body) = answer(application, job.request).into_parts();
    // A reply that can't be delivered was for a client that is gone.
    match body {
        ResponseBody::Bytes(bytes) => {
            let _ = job.reply.send((head, Content::Whole(bytes.into())));
        }
        ResponseBody::Stream(_) if is_head || is_bodiless(head.status) => {
            let _ = job.reply.send((head, Content::None));
        }
        ResponseBody::Stream(write) => {
            stream(application, write, StreamWriter::new(head, job.reply))
        }
    }
}

/// Writes a body, and says at its end whether it is whole.
fn stream(application: &dyn Application, write: BodyWriter, mut body: StreamWriter) {
    let written = panic::catch_unwind(AssertUnwindSafe(|| write(&mut body)))
        .unwrap_or_else(|_| Err(io::Error::other("the function that writes it panicked")));
    match written {
        Ok(()) => body.finish(),
        Err(error) => {
            log::warn!("a response's body ended early: {error}");
            if let Some(reply) = body.break_off(&error) {
                let (head, body) = interrupted(application, &error).into_parts();
                // A reply that can't be delivered was for a client that is gone.
                let _ = reply.send((head, Content::of(body)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::{RequestBody, Response};
    use crate::gateway::suite::With;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn all_that_stands_in_line_is_done_at_the_end_save_for_clients_that_left() {
        let runs = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&runs);
        let application: Arc<dyn Application> = Arc::new(With(move |_: Request<'_>| {
            count.fetch_add(1, SeqCst);
            Response::new(ResponseBody::from("done"))
        }));
        let workers = Workers::start(&application, 1, 9).unwrap();
        let mut waiting = Vec::new();
        for leaves in [true, false, true, false] {
            let (reply, replied) = oneshot::channel();
            if !leaves {
                waiting.push(replied);
            }
            let request = Request::new(RequestBody::empty());
            assert!(workers.submit(Job { request, reply }).is_ok());
        }
        workers.finish();
        assert_eq!(runs.load(SeqCst), 2);
        assert!(
            waiting
                .into_iter()
                .all(|replied| replied.blocking_recv().is_ok())
        );
    }
}
