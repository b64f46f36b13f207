//! Records in MySQL or MariaDB, on the tables of the legacy PHP server as they are.
//!
//! Beside those tables stands one of our own with a row for every collection of every user: the time
//! of its last change. Writers lock that row (`FOR UPDATE`) for the whole of their transaction, which
//! is `READ COMMITTED`, and choose its time only when they hold the lock: the database's clock then, but
//! later than the row, than the newest record (PHP may have written it) and than all that this process
//! told. The clock comes with the locked row, as of the moment when it is answered (`SYSDATE`); beside
//! PHP, which takes no lock, and where a server was told to take `SYSDATE` for `NOW`, by a later statement.
//! The time is put into the row together with the commit. So the writers of a collection stand in line,
//! between hosts too, and their times rise in the order of their commits.
//!
//! # Why no write gets a time that a reader was told
//!
//! A reader asks first for the clock, `n`, and at once for a shared lock on the row, without waiting
//! (`NOWAIT`). It lets go of the lock and *then* makes its snapshot, so readers hold up nobody.
//!
//! * The lock was granted, at some time `g` ≥ `n`. Whoever chose a time before `g` had committed by
//!   `g` and is in the snapshot. Whoever is not in the snapshot chose after `g`, by a clock not
//!   earlier than `n`: its time is `n` or later, and later than the row in the snapshot. The reader is
//!   told the later of `n` − 1 and that row: both are earlier than every write that it did not see.
//! * There was no row to lock. Writers make missing rows in a transaction of their own, and choose
//!   their time after its commit; so the same holds. And if the snapshot has no row either, it holds
//!   even where the lock was refused: a time is only chosen under a committed row.
//! * The lock was refused, or the server knows no such lock: a writer may be at work, with a time of
//!   which only this is known: it is later than the row, and than the row's `told`, which begins as
//!   the clock at the making of the row. The reader is told the later of those two, as its snapshot
//!   has them.
//! * On a replica there is nothing to ask: the same two times are told, and what is not yet there is
//!   later.
//! * For a whole user, all rows are locked at once; refused, the earliest of what the rows promise is
//!   told.
//!
//! A writer that changed nothing has told its time too: its commit moves `told` and nothing else.
//!
//! Where PHP writes beside us, it takes no lock and uses its own host's clock as of the beginning of
//! its request. There, `n` − 1 becomes `n` − 2 minutes: PHP's longest request and a clock that is off
//! by 90 seconds.
//!
//! When the database's clock is set back, times go on to rise: by one centisecond a write until the
//! clock has caught up. What was told as a collection's time is in its row; what was told by the clock
//! alone is not later than a row of nobody's (`shown`), and every write passes that too.
//!
//! Most readers want one answer and no session: `once` gives it in one statement, and `one` a single record in
//! a cheaper one. Where PHP is gone for
//! good, the same rows also tell how many records there are (`sums`), and list a user's collections
//! (`listing`); elsewhere that is done by their names (`named`).
//!
//! Which records have expired is decided by the database's clock as the session found it, also where the
//! session's own time is ahead of it.

mod account;
mod config;
mod fault;
mod following;
mod fresh;
mod indexes;
mod keep;
mod listing;
mod migrate;
mod named;
mod once;
mod one;
mod portable;
mod put;
mod read;
mod records;
mod shown;
mod sums;
mod tables;
mod undo;
mod upkeep;
mod write;

pub use crate::mysql::{Address, Charset, Migration, Server};
pub use config::MySqlConfig;

use self::migrate::Owner;
use self::tables::Tables;
use crate::mysql::{Fault, Lease, Pool, schema};
use crate::storage::{
    AccountSession, CollectionSession, Portable, Question, ReadFrom, RowVisit, Storage,
    StorageError, StorageResult, Times, Undoable, WriteSession,
};
use crate::sync::{CollectionName, Timestamp, UserId, WboWrite};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// How far behind the database's clock readers are kept where PHP writes too, in seconds.
const PHP_MAY_BE_LATE_BY: i64 = 120;

/// The MySQL storage engine. Made without a connection: a server that is away is found out by the
/// first request, and found again by the first one after its return.
pub struct MySqlStorage {
    engine: Arc<Engine>,
}

/// What all sessions share.
struct Engine {
    config: MySqlConfig,
    tables: Tables,
    write: Arc<Pool>,
    read: Option<Arc<Pool>>,
    /// The latest time that this process told by the clock alone, in centiseconds.
    told: AtomicI64,
    /// How far the clock was shown to readers by any process.
    shown: shown::Shown,
    /// Whether what is replaced can be kept.
    kept: keep::Looked,
    /// Whether the rows that writers lock tell how much there is.
    sums: sums::Looked,
    /// Which indexes may be named.
    indexes: indexes::Indexes,
    /// Whose collections have names of their own.
    namers: listing::Namers,
}

impl MySqlStorage {
    /// An engine on these servers and tables. Fails when a table's name can't be one.
    pub fn new(config: MySqlConfig) -> StorageResult<Self> {
        let manner = config.manner();
        let engine = Engine {
            tables: Tables::new(&config)?,
            write: config.pools.join(&config.write, &manner),
            read: config.read.as_ref().map(|read| Pool::new(read, &manner)),
            told: AtomicI64::new(0),
            shown: shown::Shown::default(),
            kept: keep::Looked::default(),
            sums: sums::Looked::default(),
            indexes: indexes::Indexes::default(),
            namers: listing::Namers::default(),
            config,
        };
        Ok(MySqlStorage {
            engine: Arc::new(engine),
        })
    }

    /// Adds to the database what this engine needs and does not find: our own table, the column
    /// `ttl`, indexes, in an empty database all tables. Answers what was missing; a dry run only
    /// answers.
    pub fn migrate(&self, dry_run: bool) -> StorageResult<Vec<Migration>> {
        self.change(self.engine.owner(), dry_run)
    }

    /// The same where PHP is gone for good: tables that it made also lose the indexes that only PHP
    /// needed, and our own table tells how much each collection has. PHP would still find its rows, more
    /// slowly.
    pub fn migrate_without_php(&self, dry_run: bool) -> StorageResult<Vec<Migration>> {
        self.change(Owner::WeftFromNowOn, dry_run)
    }

    fn change(&self, owner: Owner, dry_run: bool) -> StorageResult<Vec<Migration>> {
        let engine = &self.engine;
        let mut lease = Pool::patient(&engine.config.write, &engine.config.manner())?;
        if dry_run {
            return migrate::missing(&mut lease, &engine.tables, owner);
        }
        let added = migrate::apply(&mut lease, &engine.tables, owner)?;
        if owner == Owner::WeftFromNowOn && engine.keeps_sums(&lease) {
            engine.answer(sums::count_all(engine, &mut lease))?;
        }
        Ok(added)
    }
}

impl Engine {
    /// Runs `work` on a connection; once more, when it ended for reasons that a second try may not
    /// meet again. `work` must not have written anything durable when it fails.
    fn attempt<T>(
        &self,
        pool: &Arc<Pool>,
        work: impl FnMut(Lease) -> Result<T, Fault>,
    ) -> StorageResult<T> {
        self.answer(pool.attempt(work))
    }

    /// The caller's view of a result; a missing table or column comes with what to do about it.
    fn answer<T>(&self, result: Result<T, Fault>) -> StorageResult<T> {
        result.map_err(|fault| match fault {
            Fault::Missing(why) => self.explain(why),
            fault => fault.into(),
        })
    }

    fn explain(&self, why: String) -> StorageError {
        let missing = self
            .write
            .take()
            .map_err(StorageError::from)
            .and_then(|mut lease| migrate::missing(&mut lease, &self.tables, self.owner()));
        match missing {
            Ok(missing) if missing.is_empty() => StorageError::Broken(why),
            Ok(missing) => StorageError::Broken(schema::instruction(&missing)),
            Err(StorageError::Broken(also)) => StorageError::Broken(format!("{why}; {also}")),
            Err(_) => StorageError::Broken(why),
        }
    }

    fn owner(&self) -> Owner {
        match self.config.php_beside {
            true => Owner::Php,
            false => Owner::Weft,
        }
    }

    /// What a reader may be told by the clock alone.
    fn behind(&self, now: Timestamp) -> Timestamp {
        let time = match self.config.php_beside {
            true => now.plus_seconds(-PHP_MAY_BE_LATE_BY),
            false => now.previous(),
        };
        let time = time.min(self.shown.latest());
        self.told.fetch_max(time.centis(), Ordering::SeqCst);
        time
    }

    fn after_all_told(&self) -> Timestamp {
        Timestamp::from_centis(self.told.load(Ordering::SeqCst)).next()
    }

    fn reading(&self) -> &Arc<Pool> {
        self.read.as_ref().unwrap_or(&self.write)
    }

    /// Where to read from, when all is ready for it.
    fn ready(&self, from: ReadFrom) -> StorageResult<&Arc<Pool>> {
        match (from, &self.read) {
            (ReadFrom::Any, Some(replica)) => Ok(replica),
            _ => {
                self.show_clock()?;
                Ok(&self.write)
            }
        }
    }
}

impl Storage for MySqlStorage {
    /// From the read server where there is one, as PHP did: what it shows and what is read from it
    /// later agree.
    fn read_account(&self, user: UserId) -> StorageResult<Box<dyn AccountSession>> {
        let engine = &self.engine;
        let account = engine.attempt(engine.ready(ReadFrom::Any)?, |lease| {
            account::Account::open(engine, lease, user)
        })?;
        Ok(Box::new(account))
    }

    fn read_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
        from: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>> {
        let engine = &self.engine;
        let session = engine.attempt(engine.ready(from)?, |lease| {
            read::ReadSession::open(engine, lease, user, collection)
        })?;
        Ok(Box::new(session))
    }

    fn read_times(&self, user: UserId) -> StorageResult<Times> {
        self.engine.ready(ReadFrom::Any)?;
        match self.engine.answer(once::times(&self.engine, user))? {
            Some(times) => Ok(times),
            None => {
                let mut session = self.read_account(user)?;
                let times = session.times()?;
                Ok((session.time(), times))
            }
        }
    }

    fn read_once(
        &self,
        user: UserId,
        question: Question<'_>,
        visit: RowVisit<'_>,
    ) -> StorageResult<Timestamp> {
        self.engine.ready(question.from)?;
        let told = once::records(&self.engine, user, question, visit);
        match self.engine.answer(told)? {
            Some(time) => Ok(time),
            None => {
                let mut session = self.read_collection(user, question.collection, question.from)?;
                session.scan(question.query, question.columns, visit)?;
                Ok(session.time())
            }
        }
    }

    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>> {
        let engine = &self.engine;
        let writer = engine.attempt(&engine.write, |lease| {
            write::Writer::open(engine, lease, (user, collection), writes)
        })?;
        Ok(Box::new(writer))
    }

    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp> {
        let engine = &self.engine;
        engine.attempt(&engine.write, |lease| {
            upkeep::delete_records(engine, lease, user)
        })
    }

    fn forget_user(&self, user: UserId) -> StorageResult<()> {
        let engine = &self.engine;
        engine.attempt(&engine.write, |lease| {
            upkeep::forget_user(engine, lease, user)
        })
    }

    fn purge(&self, most: u64) -> StorageResult<u64> {
        let engine = &self.engine;
        let mut gone = 0;
        for table in engine.tables.every_wbo() {
            if gone < most {
                gone += engine.attempt(&engine.write, |lease| {
                    upkeep::purge_table(engine, lease, &table, most - gone)
                })?;
            }
        }
        if gone < most {
            let kept = engine.attempt(&engine.write, |lease| {
                engine.if_kept(keep::purge(engine, lease, most - gone))
            });
            gone += kept?;
        }
        Ok(gone)
    }

    fn rest(&self) {
        let engine = &self.engine;
        engine.write.rest();
        if let Some(read) = &engine.read {
            read.rest();
        }
    }

    fn check(&self) -> StorageResult<()> {
        let engine = &self.engine;
        let missing = engine.attempt(&engine.write, |mut lease| {
            Ok(migrate::needed(&mut lease, &engine.tables, engine.owner()))
        })??;
        if !missing.is_empty() {
            return Err(StorageError::Broken(schema::instruction(&missing)));
        }
        engine.attempt(&engine.write, |lease| upkeep::try_writing(engine, lease))?;
        for table in engine.tables.every_wbo().iter().take(1) {
            engine.attempt(engine.reading(), |lease| upkeep::try_reading(lease, table))?;
        }
        Ok(())
    }

    fn portable(&self) -> Option<&dyn Portable> {
        Some(self)
    }

    fn undoable(&self) -> Option<&dyn Undoable> {
        self.engine.config.keeping.map(|_| self as &dyn Undoable)
    }
}
