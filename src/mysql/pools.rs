//! Engines that share connections: each asks for its pool here, and those that would make equal connections
//! get one. A worker then has a connection for single statements and one for transactions, whoever asks.

use super::pool::Pool;
use super::server::{Manner, Server};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The pools that are in use. Clones are the same; engines with a default of their own share with nobody.
#[derive(Clone, Debug, Default)]
pub struct Pools(Arc<Mutex<Vec<Known>>>);

#[derive(Debug)]
struct Known {
    server: Server,
    manner: Manner,
    pool: Weak<Pool>,
}

impl Pools {
    /// The pool for these connections. It may have as many as all who joined it might have alone, so that
    /// sharing keeps nobody waiting.
    pub(crate) fn join(&self, server: &Server, manner: &Manner) -> Arc<Pool> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| one.pool.strong_count() > 0);
        let same = |one: &&Known| (&one.server, &one.manner) == (server, manner);
        if let Some(pool) = known.iter().find(same).and_then(|one| one.pool.upgrade()) {
            pool.widen(manner.connections);
            return pool;
        }
        let pool = Pool::new(server, manner);
        known.push(Known {
            server: server.clone(),
            manner: manner.clone(),
            pool: Arc::downgrade(&pool),
        });
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mysql::Address;

    #[test]
    fn only_who_is_the_same_to_the_same_server_shares() {
        let pools = Pools::default();
        let server = |user: &str| Server {
            address: Address::Tcp("127.0.0.1".to_owned(), 3306),
            database: "weft".to_owned(),
            user: user.to_owned(),
            password: "secret".to_owned(),
        };
        let (one, hasty) = (
            Manner::default(),
            Manner {
                connections: 1,
                ..Manner::default()
            },
        );
        let first = pools.join(&server("a"), &one);
        assert!(Arc::ptr_eq(&first, &pools.clone().join(&server("a"), &one)));
        for other in [
            pools.join(&server("b"), &one),
            pools.join(&server("a"), &hasty),
            Pools::default().join(&server("a"), &one),
        ] {
            assert!(!Arc::ptr_eq(&first, &other));
        }
    }
}
