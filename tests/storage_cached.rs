//! Storage that is shared with legacy PHP: against the suite of all engines, with the cache in every
//! state, and beside PHP's own reading and writing.

mod cached;
mod harness;
#[macro_use]
mod storage_suite;

mod with_memcached {
    storage_suite!(crate::cached::with_memcached);
}

mod with_dead_memcached {
    storage_suite!(crate::cached::with_dead_memcached);
}
