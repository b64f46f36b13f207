//! Writes on a storage that undoes them, as a database does that is asked for too much at once.

use super::*;
use crate::accounts::testing::people;
use crate::api::heartbeat::LastCheck;
use crate::api::{Api, Settings};
use crate::auth::password::{HashSettings, PasswordHashes};
use crate::auth::password_check::{Memory, PasswordCheck};
use crate::auth::sqlite::SqliteAccounts;
use crate::auth::{Account, RateLimit};
use crate::security_log::SecurityLog;
use crate::storage::sqlite::{SqliteOptions, SqliteStorage};
use crate::storage::{
    AccountSession, CollectionSession, Columns, ReadFrom, RowVisit, Storage, WriteSession,
};
use crate::sync::{RecordId, UserId, UserName, WboRef};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const USER: UserId = UserId::new(7);

/// What becomes of a session.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    UndoneAtPut,
    UndoneAtCommit,
    UnknownAtCommit,
}

/// A storage whose first sessions meet a fate, and how many were opened.
struct Fateful {
    inner: SqliteStorage,
    fate: Fate,
    victims: u32,
    opened: Arc<AtomicU32>,
    /// Somebody else writes when a session has met its fate.
    rival: bool,
}

struct Session {
    inner: Box<dyn WriteSession>,
    fate: Option<Fate>,
}

fn undone<T>() -> StorageResult<T> {
    Err(StorageError::Undone("a deadlock".to_owned()))
}

impl CollectionSession for Session {
    fn time(&self) -> Timestamp {
        self.inner.time()
    }
    fn modified(&mut self) -> StorageResult<Option<Timestamp>> {
        self.inner.modified()
    }
    fn count(&mut self, query: &Query) -> StorageResult<u64> {
        self.inner.count(query)
    }
    fn get(&mut self, id: &RecordId, visit: &mut dyn FnMut(WboRef<'_>)) -> StorageResult<bool> {
        self.inner.get(id, visit)
    }
    fn scan(&mut self, query: &Query, columns: Columns, visit: RowVisit<'_>) -> StorageResult<()> {
        self.inner.scan(query, columns, visit)
    }
}

impl WriteSession for Session {
    fn used_bytes(&mut self) -> StorageResult<u64> {
        self.inner.used_bytes()
    }
    fn put(&mut self, writes: &[WboWrite]) -> StorageResult<Vec<Option<Timestamp>>> {
        match self.fate {
            Some(Fate::UndoneAtPut) => undone(),
            _ => self.inner.put(writes),
        }
    }
    fn delete(&mut self, query: &Query) -> StorageResult<u64> {
        self.inner.delete(query)
    }
    fn commit(self: Box<Self>) -> StorageResult<()> {
        match self.fate {
            Some(Fate::UndoneAtCommit) => undone(),
            Some(Fate::UnknownAtCommit) => {
                Err(StorageError::Unavailable("connection lost".to_owned()))
            }
            _ => self.inner.commit(),
        }
    }
}

impl Storage for Fateful {
    fn read_account(&self, user: UserId) -> StorageResult<Box<dyn AccountSession>> {
        self.inner.read_account(user)
    }
    fn read_collection(
        &self,
        user: UserId,
        collection: &CollectionName,
        from: ReadFrom,
    ) -> StorageResult<Box<dyn CollectionSession>> {
        self.inner.read_collection(user, collection, from)
    }
    fn write_records(
        &self,
        user: UserId,
        collection: &CollectionName,
        writes: &[WboWrite],
    ) -> StorageResult<Box<dyn WriteSession>> {
        let before = self.opened.fetch_add(1, Ordering::SeqCst);
        if before == 1 && self.rival {
            let mut rival = self.inner.write_collection(user, collection)?;
            rival.put(&[write("rival's")])?;
            rival.commit()?;
        }
        Ok(Box::new(Session {
            inner: self.inner.write_records(user, collection, writes)?,
            fate: (before < self.victims).then_some(self.fate),
        }))
    }
    fn delete_records(&self, user: UserId) -> StorageResult<Timestamp> {
        self.inner.delete_records(user)
    }
    fn forget_user(&self, user: UserId) -> StorageResult<()> {
        self.inner.forget_user(user)
    }
    fn purge(&self, most: u64) -> StorageResult<u64> {
        self.inner.purge(most)
    }
    fn check(&self) -> StorageResult<()> {
        self.inner.check()
    }
}

struct Bench {
    api: Api,
    opened: Arc<AtomicU32>,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(fate: Fate, victims: u32, rival: bool) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| SqliteOptions::new(folder.path().join(name));
        let clock: crate::sync::Clock = Arc::new(|| Timestamp::from_centis(179_545_980_750));
        let memory = Memory {
            lifetime: Duration::ZERO,
            capacity: 0,
        };
        let hashes = PasswordHashes::new(HashSettings::default()).unwrap();
        let check = PasswordCheck::new(hashes, memory, |bytes| bytes.fill(1));
        let opened = Arc::new(AtomicU32::new(0));
        let storage = Fateful {
            inner: SqliteStorage::new(file("weft.db"), Arc::clone(&clock)),
            fate,
            victims,
            opened: Arc::clone(&opened),
            rival,
        };
        let api = Api {
            storage: Arc::new(storage),
            accounts: Arc::new(SqliteAccounts::new(file("accounts.db"), check)),
            people: people(folder.path()),
            lockout: None,
            write_cap: None,
            security_log: Arc::new(SecurityLog::off()),
            name_checks: RateLimit::new(5, Duration::from_secs(3600), 10),
            settings: Settings::default(),
            last_check: LastCheck::default(),
            clock,
        };
        Bench {
            api,
            opened,
            _folder: folder,
        }
    }

    /// Puts a record if the collection was not changed since then.
    fn put(&self, since: Option<Timestamp>) -> Result<Timestamp, ApiError> {
        let account = Account {
            id: USER,
            name: UserName::new("ada").unwrap(),
            email: None,
            enabled: true,
            alert: None,
            quota_bytes: None,
            node: None,
        };
        let call = StorageCall {
            api: &self.api,
            profile: Profile::Php,
            account: &account,
        };
        call.transaction(&history(), since, &[], |opened| {
            opened.check_unmodified()?;
            Ok(opened.put(&[write("ours")])?.0)
        })
    }

    fn tries(&self) -> u32 {
        self.opened.load(Ordering::SeqCst)
    }

    fn stored(&self) -> Option<String> {
        let storage = &self.api.storage;
        let session = storage.read_collection(USER, &history(), ReadFrom::Primary);
        let mut payload = None;
        let id = RecordId::new("a").unwrap();
        let mut visit = |wbo: WboRef<'_>| payload = wbo.payload.map(str::to_owned);
        session.unwrap().get(&id, &mut visit).unwrap();
        payload
    }
}

fn history() -> CollectionName {
    CollectionName::new("history").unwrap()
}

fn write(payload: &str) -> WboWrite {
    WboWrite {
        payload: Some(payload.to_owned()),
        ..WboWrite::new(RecordId::new("a").unwrap())
    }
}

#[test]
fn a_write_that_was_undone_is_done_and_the_client_never_knows() {
    for fate in [Fate::UndoneAtPut, Fate::UndoneAtCommit] {
        for victims in 0..MOST_TRIES {
            let bench = Bench::new(fate, victims, false);
            assert!(bench.put(None).is_ok());
            assert_eq!(bench.tries(), victims + 1);
            assert_eq!(bench.stored().as_deref(), Some("ours"));
        }
    }
}

#[test]
fn the_second_try_checks_again_what_the_first_one_found_well() {
    let bench = Bench::new(Fate::UndoneAtCommit, 1, true);
    let since = Some(Timestamp::from_centis(1));
    assert_eq!(bench.put(since), Err(ApiError::Precondition));
    assert_eq!(bench.tries(), 2);
    assert_eq!(bench.stored().as_deref(), Some("rival's"));
}

#[test]
fn a_write_that_is_always_undone_is_given_up() {
    let bench = Bench::new(Fate::UndoneAtPut, u32::MAX, false);
    assert_eq!(bench.put(None), Err(ApiError::Unavailable));
    assert_eq!(bench.tries(), MOST_TRIES);
    assert_eq!(bench.stored(), None);
}

#[test]
fn where_nobody_knows_whether_it_was_committed_nothing_is_tried_again() {
    let bench = Bench::new(Fate::UnknownAtCommit, 1, false);
    assert_eq!(bench.put(None), Err(ApiError::Unavailable));
    assert_eq!(bench.tries(), 1);
}
