//! A promise that was broken: which, and how it shows.

use std::fmt;

/// What was promised and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A write that was answered with success is not there.
    Lost,
    /// A part of an operation is there, and the rest of it is not.
    Halved,
    /// A record is there twice, or an operation happened twice.
    Doubled,
    /// A write that was refused is there.
    RefusedAndDone,
    /// A record that no client wrote.
    Unheard,
    /// Who follows has missed a record.
    Missed,
    /// The time of a collection went back.
    WentBack,
    /// A write is not later than what somebody was told before.
    NotLater,
    /// Two writes have one time, or a write has two.
    Times,
    /// Two conditional writes won, or one that should have been refused.
    TwoWinners,
    /// Counts, usage, quota or the list of collections are not those of the records.
    Miscounted,
    /// What the cache says is not what the database says.
    CacheDiffers,
}

/// A broken promise.
#[derive(Clone, Debug)]
pub struct Violation {
    pub of: Broken,
    how: String,
}

/// What a check says.
pub type Verdict = Result<(), Violation>;

impl Violation {
    pub fn new(of: Broken, how: impl Into<String>) -> Violation {
        let how = how.into();
        Violation { of, how }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.of, self.how)
    }
}

/// Says that a promise is broken unless `kept`.
pub fn promised(kept: bool, of: Broken, how: impl FnOnce() -> String) -> Verdict {
    match kept {
        true => Ok(()),
        false => Err(Violation::new(of, how())),
    }
}

/// Ends the test if a promise was broken.
#[track_caller]
pub fn must_hold<T>(verdict: Result<T, Violation>) -> T {
    verdict.unwrap_or_else(|violation| panic!("a promise was broken, {violation}"))
}
