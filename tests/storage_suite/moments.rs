//! Going back to any moment of a long series of changes.

use super::undo::{account, collection, tick};
use super::{Bench, Kept, bare, full, ids_query, scan};
use weft::sync::{Query, Timestamp, WboWrite};

/// What a collection holds, times aside.
fn held(bench: &Bench, collection: &str) -> Vec<Kept> {
    let mut all = scan(&mut *bench.read(collection), &Query::default());
    all.iter_mut()
        .for_each(|wbo| wbo.modified = Timestamp::ZERO);
    all
}

const COLLECTIONS: [&str; 2] = ["one", "two"];

fn all_held(bench: &Bench) -> [Vec<Kept>; 2] {
    COLLECTIONS.map(|collection| held(bench, collection))
}

/// One change, whichever the dice say; answers its time.
fn change(bench: &Bench, dice: &mut impl FnMut(u64) -> u64) -> Timestamp {
    let collection = COLLECTIONS[dice(2) as usize];
    let mut ids = || format!("r{}", dice(8));
    let (first, second) = (ids(), ids());
    match dice(12) {
        0 => bench.delete(collection, &Query::default()).0,
        1 => bench.storage.delete_records(bench.user).unwrap(),
        2 | 3 => bench.delete(collection, &ids_query(&[&first, &second])).0,
        4 => {
            let page = Query {
                offset: Some(dice(3)),
                limit: Some(dice(3)),
                ..Query::default()
            };
            bench.delete(collection, &page).0
        }
        5 | 6 => {
            let merge = WboWrite {
                sortindex: Some(dice(100) as i32),
                touch: dice(2) == 0,
                create: dice(2) == 0,
                ..bare(&first)
            };
            bench.put(collection, &[merge])
        }
        _ => {
            let child = WboWrite {
                parentid: Some(second.clone()),
                ..full(&first, &dice(1_000).to_string())
            };
            let writes = [child, full(&second, &dice(1_000).to_string())];
            bench.put(collection, &writes)
        }
    }
}

pub fn every_moment_of_a_long_random_series_can_be_gone_back_to(bench: &Bench) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut dice = |sides: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % sides
    };
    let mut seen = Vec::new();
    for step in 0..240 {
        tick(bench);
        let time = change(bench, &mut dice);
        seen.push((time, all_held(bench)));
        if step % 8 > 0 {
            continue;
        }
        tick(bench);
        let (then, was) = seen[dice(seen.len() as u64) as usize].clone();
        let now = all_held(bench);
        let done = match dice(2) {
            0 => {
                let done = account(bench, then).unwrap();
                assert_eq!(all_held(bench), was, "step {step}, back to {then}");
                done
            }
            _ => {
                let done = collection(bench, "two", then).unwrap();
                assert_eq!(held(bench, "two"), was[1], "step {step}, back to {then}");
                assert_eq!(held(bench, "one"), now[0], "step {step}");
                done
            }
        };
        let bytes = all_held(bench).into_iter().flatten();
        let bytes = bytes.map(|wbo| wbo.payload.unwrap_or_default().len() as u64);
        assert_eq!(bench.used_bytes(bench.user), bytes.sum::<u64>());
        if !done.collections.is_empty() {
            seen.push((done.time, all_held(bench)));
        }
    }
}
