//! Which records a query selects, and in which order.

use super::{Bench, bare, full, get, id, ids_query, scan};
use std::ops::ControlFlow;
use weft::storage::Columns;
use weft::sync::{Query, Sort, Timestamp, WboRef, WboWrite};

fn sorted(sort: Sort) -> Query {
    Query {
        sort: Some(sort),
        ..Query::default()
    }
}

fn indexed(id: &str, sortindex: Option<i32>) -> WboWrite {
    WboWrite {
        sortindex,
        ..full(id, id)
    }
}

/// `b` and `d` at the first time, `c` and `a` at the second, `e` at the third.
fn three_times(bench: &Bench) -> [Timestamp; 3] {
    [
        bench.put("col", &[indexed("d", None), indexed("b", Some(5))]),
        bench.put("col", &[indexed("c", Some(5)), indexed("a", Some(-1))]),
        bench.put("col", &[indexed("e", Some(0))]),
    ]
}

pub fn the_default_order_is_by_bytes_of_the_id(bench: &Bench) {
    let writes = ["é", "b", "B", "a-", "a", "_", "日", "10", "9"].map(|id| full(id, ""));
    bench.put("col", &writes);
    let expected = ["10", "9", "B", "_", "a", "a-", "b", "é", "日"];
    assert_eq!(bench.ids("col", &Query::default()), expected);
}

pub fn oldest_and_newest_order_by_time_and_then_by_id(bench: &Bench) {
    three_times(bench);
    assert_eq!(
        bench.ids("col", &sorted(Sort::Oldest)),
        ["b", "d", "a", "c", "e"]
    );
    assert_eq!(
        bench.ids("col", &sorted(Sort::Newest)),
        ["e", "a", "c", "b", "d"]
    );
}

pub fn index_orders_highest_first_and_unset_last(bench: &Bench) {
    three_times(bench);
    bench.put("col", &[indexed("0", None)]);
    assert_eq!(
        bench.ids("col", &sorted(Sort::Index)),
        ["b", "c", "e", "a", "0", "d"]
    );
}

pub fn limit_and_offset_cut_a_page_of_every_order(bench: &Bench) {
    three_times(bench);
    for sort in [
        None,
        Some(Sort::Oldest),
        Some(Sort::Newest),
        Some(Sort::Index),
    ] {
        let whole = Query {
            sort,
            ..Query::default()
        };
        let all = bench.ids("col", &whole);
        for (limit, offset) in [(0, 0), (2, 0), (2, 1), (3, 4), (9, 5), (u64::MAX, u64::MAX)] {
            let page = Query {
                limit: Some(limit),
                offset: Some(offset),
                ..whole.clone()
            };
            let offset = usize::try_from(offset).unwrap();
            let limit = usize::try_from(limit).unwrap();
            let expected: Vec<_> = all.iter().skip(offset).take(limit).cloned().collect();
            assert_eq!(bench.ids("col", &page), expected, "{page:?}");
        }
        let rest = Query {
            offset: Some(2),
            ..whole
        };
        assert_eq!(bench.ids("col", &rest), all[2..]);
    }
}

pub fn ids_select_in_the_requested_order(bench: &Bench) {
    three_times(bench);
    let query = ids_query(&["e", "a", "missing", "b", "a"]);
    assert_eq!(bench.ids("col", &query), ["a", "b", "e"]);
    let newest = Query {
        sort: Some(Sort::Newest),
        limit: Some(2),
        ..query
    };
    assert_eq!(bench.ids("col", &newest), ["e", "a"]);
}

pub fn no_ids_select_nothing(bench: &Bench) {
    three_times(bench);
    assert_eq!(bench.ids("col", &ids_query(&[])), [""; 0]);
}

pub fn thousands_of_ids_are_one_selection(bench: &Bench) {
    let ids: Vec<String> = (0..3000).map(|n| format!("{n:05}")).collect();
    let writes: Vec<_> = ids.iter().map(|id| full(id, "x")).collect();
    bench.put("col", &writes);
    for many in [1, 2, 499, 500, 501, 2999] {
        let query = Query {
            ids: Some(ids.iter().take(many).rev().map(|text| id(text)).collect()),
            ..Query::default()
        };
        assert_eq!(bench.ids("col", &query), ids[..many]);
        let page = Query {
            limit: Some(3),
            offset: Some(many as u64 - 1),
            ..query
        };
        assert_eq!(bench.ids("col", &page), [ids[many - 1].clone()]);
    }
}

pub fn parentid_and_predecessorid_select_equal_ones(bench: &Bench) {
    let write = |id, parent: Option<&str>, before: Option<&str>| WboWrite {
        parentid: parent.map(str::to_owned),
        predecessorid: before.map(str::to_owned),
        ..full(id, "")
    };
    let writes = [
        write("a", Some("p"), Some("q")),
        write("b", Some("p"), None),
        write("c", Some("P"), Some("q")),
        write("d", None, None),
        write("e", Some(""), Some("")),
    ];
    bench.put("col", &writes);
    let select = |parent: Option<&str>, before: Option<&str>| {
        let query = Query {
            parentid: parent.map(str::to_owned),
            predecessorid: before.map(str::to_owned),
            ..Query::default()
        };
        bench.ids("col", &query)
    };
    assert_eq!(select(Some("p"), None), ["a", "b"]);
    assert_eq!(select(None, Some("q")), ["a", "c"]);
    assert_eq!(select(Some("p"), Some("q")), ["a"]);
    assert_eq!(select(Some(""), None), ["e"]);
    assert_eq!(select(Some("x' OR 1=1 --"), None), [""; 0]);
}

pub fn newer_and_older_apply_together_and_exclude_their_bounds(bench: &Bench) {
    let [first, second, third] = three_times(bench);
    let select = |newer, older| {
        let query = Query {
            newer,
            older,
            ..Query::default()
        };
        bench.ids("col", &query)
    };
    assert_eq!(select(Some(first), None), ["a", "c", "e"]);
    assert_eq!(
        select(Some(first.previous()), None),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(select(None, Some(second)), ["b", "d"]);
    assert_eq!(select(Some(first), Some(third)), ["a", "c"]);
    assert_eq!(select(Some(second), Some(second)), [""; 0]);
    assert_eq!(
        select(Some(Timestamp::from_centis(i64::MAX)), None),
        [""; 0]
    );
}

pub fn index_bounds_apply_together_and_never_select_unset_ones(bench: &Bench) {
    three_times(bench);
    let select = |above, below| {
        let query = Query {
            index_above: above,
            index_below: below,
            ..Query::default()
        };
        bench.ids("col", &query)
    };
    assert_eq!(select(Some(-1), None), ["b", "c", "e"]);
    assert_eq!(select(None, Some(5)), ["a", "e"]);
    assert_eq!(select(Some(-1), Some(5)), ["e"]);
    assert_eq!(select(Some(i64::MIN), Some(i64::MAX)), ["a", "b", "c", "e"]);
}

pub fn a_scan_for_ids_gives_ids_alone(bench: &Bench) {
    three_times(bench);
    for sort in [None, Some(Sort::Index)] {
        let query = Query {
            sort,
            ..Query::default()
        };
        let mut found = Vec::new();
        let mut visit = |wbo: WboRef<'_>| {
            assert_eq!(
                (wbo.modified, wbo.payload, wbo.sortindex),
                (Timestamp::ZERO, None, None)
            );
            found.push(wbo.id.to_owned());
            ControlFlow::Continue(())
        };
        bench
            .read("col")
            .scan(&query, Columns::Id, &mut visit)
            .unwrap();
        assert_eq!(found, bench.ids("col", &query));
    }
}

pub fn a_scan_may_stop_early_and_the_session_goes_on(bench: &Bench) {
    three_times(bench);
    for sort in [None, Some(Sort::Newest)] {
        let query = Query {
            sort,
            ..Query::default()
        };
        let mut session = bench.write("col");
        let mut visits = 0;
        let mut visit = |_: WboRef<'_>| {
            visits += 1;
            ControlFlow::Break(())
        };
        session.scan(&query, Columns::All, &mut visit).unwrap();
        assert_eq!(visits, 1);
        assert_eq!(scan(&mut *session, &query).len(), 5);
        session.put(&[bare("a"), full("f", "")]).unwrap();
        session.delete(&ids_query(&["f"])).unwrap();
        session.commit().unwrap();
    }
    assert_eq!(bench.ids("col", &Query::default()).len(), 5);
}

pub fn get_finds_one_record_or_says_so(bench: &Bench) {
    three_times(bench);
    let mut session = bench.read("col");
    assert_eq!(
        get(&mut *session, "a").unwrap().payload.as_deref(),
        Some("a")
    );
    assert_eq!(get(&mut *session, "A"), None);
    assert_eq!(bench.get("other", "a"), None);
}

pub fn an_unknown_collection_is_empty_and_stays_unknown(bench: &Bench) {
    let mut session = bench.read("never");
    assert_eq!(session.modified().unwrap(), None);
    assert_eq!(session.count(&Query::default()).unwrap(), 0);
    assert!(scan(&mut *session, &Query::default()).is_empty());
    drop(session);
    let mut session = bench.write("never");
    assert_eq!(session.modified().unwrap(), None);
    assert_eq!(session.delete(&Query::default()).unwrap(), 0);
    session.commit().unwrap();
    assert_eq!(bench.modified("never"), None);
    assert!(bench.listed(bench.user).is_empty());
}
