//! The MySQL engine against the suite of all engines, on its own tables and on those of PHP, and alone:
//! beside PHP, between hosts, on a server that stops, stalls, kills and refuses.

mod harness;
mod mysql_engine;
// This engine's clock is the database's, which no test sets.
#[macro_use]
#[allow(dead_code)]
mod storage_suite;

use mysql_engine::{Place, USER};
use std::sync::Arc;
use storage_suite::Bench;
use weft::sync::UserId;

fn bench() -> Bench {
    let place = Place::migrated("latin1");
    let mut bench = on(&place);
    bench._keep = Box::new(Recounted(place));
    bench
}

/// Whatever was done, the sums are right in the end.
struct Recounted(Place<'static>);

impl Drop for Recounted {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            mysql_engine::sums::must_be_right(&self.0);
        }
    }
}

fn on(place: &Place<'_>) -> Bench {
    Bench {
        storage: Arc::new(place.host()),
        clock: None,
        user: USER,
        other: UserId::new(USER.number() + 1),
        _keep: Box::new(()),
    }
}

storage_suite!(crate::bench);

mod tables_of_php {
    use super::{Bench, Place, on};

    fn bench() -> Bench {
        on(&Place::of_php("latin1"))
    }

    storage_suite!(crate::tables_of_php::bench);
}
