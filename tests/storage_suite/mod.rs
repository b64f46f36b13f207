//! What every storage engine promises, as tests.
//!
//! An engine's test crate has a function that makes a [`Bench`], an engine on empty storage, and
//! says `storage_suite!(crate::bench);`. Each behaviour is then one `#[test]`. A new behaviour is
//! a function in one of the modules here and its name in the list below.

pub mod deletions;
pub mod model;
pub mod moments;
pub mod portable;
pub mod queries;
pub mod records;
pub mod sessions;
pub mod taken_back;
pub mod times;
pub mod undo;
pub mod uploads;

use std::any::Any;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use weft::storage::sqlite::SqliteOptions;
use weft::storage::{CollectionSession, Columns, Question, ReadFrom, Storage};
use weft::sync::{CollectionName, Query, RecordId, Timestamp, UserId, WboRef, WboWrite};

macro_rules! storage_suite {
    ($bench:path) => {
        storage_suite! { @ $bench;
            records {
                a_write_with_payload_replaces_the_whole_record,
                a_write_without_payload_merges_what_it_names,
                a_write_without_payload_moves_the_time_only_when_it_touches,
                a_write_without_payload_and_names_changes_nothing,
                a_write_without_payload_creates_only_when_asked,
                writes_of_one_session_apply_in_their_order,
                a_record_vanishes_when_its_life_is_over,
                a_record_lives_until_its_ttl_has_passed,
                a_merge_keeps_or_sets_the_life,
                a_replacement_without_ttl_lives_for_ever,
                a_merge_does_not_raise_the_dead,
                purging_moves_no_time_and_changes_no_count,
                ids_are_bytes_of_utf8,
                payloads_come_back_byte_for_byte,
                an_extreme_sortindex_comes_back,
            }
            queries {
                the_default_order_is_by_bytes_of_the_id,
                oldest_and_newest_order_by_time_and_then_by_id,
                index_orders_highest_first_and_unset_last,
                limit_and_offset_cut_a_page_of_every_order,
                ids_select_in_the_requested_order,
                no_ids_select_nothing,
                thousands_of_ids_are_one_selection,
                parentid_and_predecessorid_select_equal_ones,
                newer_and_older_apply_together_and_exclude_their_bounds,
                index_bounds_apply_together_and_never_select_unset_ones,
                a_scan_for_ids_gives_ids_alone,
                a_scan_may_stop_early_and_the_session_goes_on,
                get_finds_one_record_or_says_so,
                an_unknown_collection_is_empty_and_stays_unknown,
            }
            deletions {
                a_deletion_honours_filters,
                a_deletion_honours_order_and_page,
                deleting_nothing_moves_no_time,
                deleting_no_ids_deletes_nothing,
                a_deletion_moves_the_time_and_keeps_it,
                an_emptied_collection_leaves_the_listings_and_returns_later,
                expired_records_are_not_counted_as_deleted,
                deleting_all_records_gives_one_time_to_all_collections_that_had_some,
                a_forgotten_user_has_nothing,
                other_users_are_never_touched,
            }
            times {
                the_time_of_a_write_is_the_time_of_everything_it_wrote,
                writes_rise_under_a_clock_that_stands_still,
                writes_rise_under_a_clock_that_runs_back,
                a_write_is_later_than_what_any_reader_was_told,
                a_reader_during_a_write_is_told_an_earlier_time,
                a_reader_is_told_no_time_before_its_collection,
                a_write_that_changed_nothing_has_told_its_time,
                a_busy_collection_does_not_push_the_others_ahead,
                a_busy_collection_purges_nothing_of_the_others_before_its_time,
                sessions_that_change_nothing_do_not_make_time_run,
                sessions_that_change_nothing_push_no_other_user_ahead,
            }
            sessions {
                a_dropped_session_leaves_nothing,
                a_session_reads_what_it_wrote,
                a_snapshot_does_not_see_what_comes_later,
                writers_stand_in_line,
                check_and_write_is_one_step_among_threads,
                counts_and_usage_are_of_living_records,
                used_bytes_include_own_writes,
                a_healthy_engine_checks_well,
            }
            portable {
                a_walk_hands_over_everything_in_order,
                a_walk_does_not_see_what_comes_later,
                what_is_taken_in_is_new_to_all_who_follow,
                what_is_there_already_stays_as_it_is,
                letters_of_another_case_are_a_change,
                many_records_lie_down_in_their_places,
                records_that_are_there_are_not_replaced_unasked,
                a_source_that_fails_changes_nothing,
                a_life_goes_on_where_it_was,
                times_can_be_kept,
                a_user_without_records_is_a_user,
            }
            taken_back {
                a_restore_can_be_undone,
                a_restore_of_the_same_leaves_nothing_to_undo,
                a_collection_that_a_restore_brought_goes_with_its_undo,
                nothing_of_before_is_kept_where_times_are,
            }
            undo {
                deleted_records_return_with_a_time_later_than_all,
                replaced_records_are_what_they_were,
                what_did_not_exist_goes,
                a_change_that_moves_no_time_is_undone_too,
                an_undo_can_be_undone,
                an_undo_of_nothing_moves_no_time,
                a_rehearsal_tells_all_and_changes_nothing,
                a_wiped_account_comes_back_whole,
                records_that_no_key_opens_are_not_brought_back_alone,
                nobody_is_brought_back_to_before_the_account_was_set_up,
                what_has_outlived_its_ttl_does_not_return,
                deletions_by_every_query_are_kept,
                a_dropped_change_leaves_nothing_kept,
                the_history_tells_what_was_taken_away,
                a_forgotten_user_has_nothing_to_return_to,
                an_undo_touches_no_other_user,
            }
            moments {
                every_moment_of_a_long_random_series_can_be_gone_back_to,
            }
            uploads {
                many_new_records_come_and_go_with_an_undo,
                one_that_is_known_among_many_is_kept_wherever_it_is,
                of_two_writes_to_one_new_record_the_last_one_counts,
                what_has_expired_under_many_new_records_is_not_kept,
                others_than_were_announced_may_come,
                what_was_deleted_before_many_came_returns_with_an_undo,
                a_dropped_upload_of_many_leaves_nothing,
                announced_or_not_a_random_series_ends_and_is_undone_alike,
            }
            model {
                a_long_random_series_agrees_with_a_simple_model,
            }
        }
    };
    (@ $bench:path; $($module:ident { $($name:ident,)* })*) => {$(
        mod $module {
            $(#[test] fn $name() { crate::storage_suite::$module::$name(&$bench()); })*
        }
    )*};
}

/// The options of SQLite for those who write beside others without pause: where a disk or a machine is slow,
/// they wait for each other for long.
#[allow(dead_code, reason = "not every engine is SQLite")]
pub fn patient(path: impl Into<PathBuf>) -> SqliteOptions {
    SqliteOptions {
        busy: Duration::from_secs(60),
        ..SqliteOptions::new(path)
    }
}

/// An engine on empty storage.
pub struct Bench {
    pub storage: Arc<dyn Storage>,
    /// Where the engine's clock can be set; else tests that need that are skipped.
    pub clock: Option<ManualClock>,
    /// Two users without records, of this bench alone.
    pub user: UserId,
    pub other: UserId,
    /// What must live as long as the engine.
    pub _keep: Box<dyn Any>,
}

/// A clock that stands still until it is set.
#[derive(Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    pub const START: Timestamp = Timestamp::from_centis(179_545_980_750);

    pub fn new() -> Self {
        ManualClock(Arc::new(AtomicI64::new(Self::START.centis())))
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_centis(self.0.load(Ordering::SeqCst))
    }

    pub fn move_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 100, Ordering::SeqCst);
    }
}

/// A record that outlives its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub id: String,
    pub modified: Timestamp,
    pub parentid: Option<String>,
    pub predecessorid: Option<String>,
    pub sortindex: Option<i32>,
    pub payload: Option<String>,
}

impl From<WboRef<'_>> for Kept {
    fn from(wbo: WboRef<'_>) -> Self {
        Kept {
            id: wbo.id.to_owned(),
            modified: wbo.modified,
            parentid: wbo.parentid.map(str::to_owned),
            predecessorid: wbo.predecessorid.map(str::to_owned),
            sortindex: wbo.sortindex,
            payload: wbo.payload.map(str::to_owned),
        }
    }
}

pub fn name(text: &str) -> CollectionName {
    CollectionName::new(text).unwrap()
}

pub fn id(text: &str) -> RecordId {
    RecordId::new(text).unwrap()
}

/// A write that names the record only.
pub fn bare(text: &str) -> WboWrite {
    WboWrite::new(id(text))
}

/// A write with a payload.
pub fn full(text: &str, payload: &str) -> WboWrite {
    WboWrite {
        payload: Some(payload.to_owned()),
        ..bare(text)
    }
}

pub fn ids_query(ids: &[&str]) -> Query {
    Query {
        ids: Some(ids.iter().map(|text| id(text)).collect()),
        ..Query::default()
    }
}

/// All that a query selects.
pub fn scan(session: &mut (impl CollectionSession + ?Sized), query: &Query) -> Vec<Kept> {
    let mut found = Vec::new();
    let mut visit = |wbo: WboRef<'_>| {
        found.push(Kept::from(wbo));
        ControlFlow::Continue(())
    };
    session.scan(query, Columns::All, &mut visit).unwrap();
    found
}

pub fn get(session: &mut (impl CollectionSession + ?Sized), text: &str) -> Option<Kept> {
    let mut found = None;
    let exists = session.get(&id(text), &mut |wbo| found = Some(Kept::from(wbo)));
    assert_eq!(exists.unwrap(), found.is_some());
    found
}

impl Bench {
    pub fn read(&self, collection: &str) -> Box<dyn CollectionSession> {
        let name = name(collection);
        self.storage
            .read_collection(self.user, &name, ReadFrom::Primary)
            .unwrap()
    }

    pub fn write(&self, collection: &str) -> Box<dyn weft::storage::WriteSession> {
        self.storage
            .write_collection(self.user, &name(collection))
            .unwrap()
    }

    /// Puts records and commits; answers the time of the session.
    pub fn put(&self, collection: &str, writes: &[WboWrite]) -> Timestamp {
        let mut session = self.write(collection);
        session.put(writes).unwrap();
        let time = session.time();
        session.commit().unwrap();
        time
    }

    /// Deletes and commits; answers the time of the session and how many went.
    pub fn delete(&self, collection: &str, query: &Query) -> (Timestamp, u64) {
        let mut session = self.write(collection);
        let deleted = session.delete(query).unwrap();
        let time = session.time();
        session.commit().unwrap();
        (time, deleted)
    }

    pub fn get(&self, collection: &str, id: &str) -> Option<Kept> {
        let found = get(&mut *self.read(collection), id);
        let (_, once) = self.once(collection, &ids_query(&[id]));
        assert_eq!(once.first(), found.as_ref(), "read once, and in a session");
        found
    }

    /// What a query selects, asked without a session, and the time told.
    pub fn once(&self, collection: &str, query: &Query) -> (Timestamp, Vec<Kept>) {
        let (name, mut found) = (name(collection), Vec::new());
        let question = Question {
            collection: &name,
            from: ReadFrom::Primary,
            query,
            columns: Columns::All,
        };
        let time = self.storage.read_once(self.user, question, &mut |wbo| {
            found.push(Kept::from(wbo));
            ControlFlow::Continue(())
        });
        (time.unwrap(), found)
    }

    pub fn ids(&self, collection: &str, query: &Query) -> Vec<String> {
        let mut session = self.read(collection);
        let found: Vec<_> = scan(&mut *session, query)
            .into_iter()
            .map(|wbo| wbo.id)
            .collect();
        let count = session.count(query).unwrap();
        assert_eq!(
            count,
            found.len() as u64,
            "count and scan differ for {query:?}"
        );
        let (_, once) = self.once(collection, query);
        let once: Vec<_> = once.into_iter().map(|wbo| wbo.id).collect();
        assert_eq!(once, found, "read once, and in a session: {query:?}");
        found
    }

    pub fn modified(&self, collection: &str) -> Option<Timestamp> {
        self.read(collection).modified().unwrap()
    }

    /// Names of the collections listed, after a look that all listings agree on them.
    pub fn listed(&self, user: UserId) -> Vec<String> {
        let mut account = self.storage.read_account(user).unwrap();
        let times = account.times().unwrap();
        assert_eq!(self.storage.read_times(user).unwrap().1, times);
        let names: Vec<_> = times.into_iter().map(|(name, _)| name).collect();
        let counts = account.counts().unwrap();
        let usage = account.usage().unwrap();
        assert_eq!(
            names,
            counts.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        assert_eq!(
            names,
            usage.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        );
        names.iter().map(|name| name.as_str().to_owned()).collect()
    }

    pub fn used_bytes(&self, user: UserId) -> u64 {
        self.storage
            .read_account(user)
            .unwrap()
            .used_bytes()
            .unwrap()
    }
}
