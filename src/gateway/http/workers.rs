//! The threads that run the application, and the line of requests before them.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use http::Method;
use http::response::Parts;
use tokio::sync::oneshot;

use super::body::{Content, StreamWriter};
use crate::exchange::{Application, BodyWriter, Request, ResponseBody};
use crate::gateway::{answer, interrupted, is_bodiless, rest};

/// One request to be answered, and where the answer goes.
pub(super) struct Job {
    pub(super) request: Request<'static>,
    pub(super) reply: oneshot::Sender<(Parts, Content)>,
}

/// After so long without a request there is nothing to do, as for a worker of FastCGI.
const LULL: Duration = Duration::from_millis(250);

/// A fixed number of threads and a line of fixed length.
pub(super) struct Workers {
    line: SyncSender<Job>,
    desk: Arc<Desk>,
    threads: Vec<JoinHandle<()>>,
}

/// Where threads take their jobs.
struct Desk {
    jobs: Mutex<Receiver<Job>>,
    waiting: AtomicUsize,
    /// The threads that have a job.
    busy: AtomicUsize,
    /// Whether there was a job since the last rest.
    worked: AtomicBool,
}

impl Workers {
    /// Starts `count` threads, at least one.
    pub(super) fn start(
        application: &Arc<dyn Application>,
        count: usize,
        line: usize,
    ) -> io::Result<Workers> {
        let (line, jobs) = sync_channel(line);
        let desk = Arc::new(Desk {
            jobs: Mutex::new(jobs),
            waiting: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            worked: AtomicBool::new(false),
        });
        let start = |number| {
            let (application, desk) = (Arc::clone(application), Arc::clone(&desk));
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn(move || work(&*application, &desk))
        };
        let threads = (0..count.max(1)).map(start).collect::<io::Result<_>>()?;
        Ok(Workers {
            line,
            desk,
            threads,
        })
    }

    /// How many requests stand in the line.
    pub(super) fn waiting(&self) -> usize {
        self.desk.waiting.load(SeqCst)
    }

    /// Puts a request in the line, or gives it back if the line is full.
    pub(super) fn submit(&self, job: Job) -> Result<(), Box<Job>> {
        // Counted first: a worker may have taken it before `try_send` returns.
        self.desk.waiting.fetch_add(1, SeqCst);
        self.line.try_send(job).map_err(|error| {
            self.desk.waiting.fetch_sub(1, SeqCst);
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

fn work(application: &dyn Application, desk: &Desk) {
    while let Some(job) = desk.next(application) {
        // A client that left while it stood in line wants no answer, least of all in a rush.
        if !job.reply.is_closed() {
            run(application, job);
        }
        desk.busy.fetch_sub(1, SeqCst);
    }
}

impl Desk {
    /// The next job, as soon as there is one; none when there will be no more. One thread waits here, and the
    /// others wait for it.
    fn next(&self, application: &dyn Application) -> Option<Job> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = loop {
            if !self.worked.load(SeqCst) {
                break jobs.recv().ok()?;
            }
            match jobs.recv_timeout(LULL) {
                Ok(job) => break job,
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) if self.busy.load(SeqCst) == 0 => {
                    self.worked.store(false, SeqCst);
                    rest(application);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        self.waiting.fetch_sub(1, SeqCst);
        self.busy.fetch_add(1, SeqCst);
        self.worked.store(true, SeqCst);
        Some(job)
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
    use crate::gateway::suite::{Double, With};
    use std::sync::mpsc;

    /// Answers at once, and tells of each rest.
    struct Resting(mpsc::Sender<()>);

    impl Application for Resting {
        fn handle(&self, _: Request<'_>) -> Response {
            Response::new(ResponseBody::from("done"))
        }

        fn can_come_back(&self, _: &Request<'_>) -> bool {
            false
        }

        fn overloaded(&self, request: &Request<'_>) -> Response {
            Double.overloaded(request)
        }

        fn interrupted(&self, error: &io::Error) -> Response {
            Double.interrupted(error)
        }

        fn rest(&self) {
            let _ = self.0.send(());
        }
    }

    #[test]
    fn each_time_there_is_nothing_more_to_do_the_application_rests_once() {
        let (told, rests) = mpsc::channel();
        let application: Arc<dyn Application> = Arc::new(Resting(told));
        let workers = Workers::start(&application, 3, 9).unwrap();
        assert!(rests.recv_timeout(LULL * 2).is_err(), "nothing was done");
        for _ in 0..2 {
            let (reply, replied) = oneshot::channel();
            let request = Request::new(RequestBody::empty());
            assert!(workers.submit(Job { request, reply }).is_ok());
            assert!(replied.blocking_recv().is_ok());
            assert!(rests.recv_timeout(Duration::from_secs(20)).is_ok());
            assert!(rests.recv_timeout(LULL * 2).is_err(), "it has rested");
        }
        workers.finish();
    }

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
