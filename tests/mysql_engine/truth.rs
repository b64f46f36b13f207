//! Reading from a replica, which may lag behind.

use super::{Place, USER, full, name, put};
use weft::storage::{ReadFrom, Storage};
use weft::sync::{Query, Timestamp};

#[test]
fn a_replica_tells_the_times_that_it_has_and_the_primary_the_truth() {
    let (primary, replica) = (Place::migrated("latin1"), Place::migrated("latin1"));
    let host = primary.host_with(|config| config.read = Some(replica.config().write));
    let old = put(&replica.host(), "history", &[full("a", "old")]);
    put(&host, "history", &[full("a", "x"), full("b", "x")]);
    let mut lagging = host
        .read_collection(USER, &name("history"), ReadFrom::Any)
        .unwrap();
    assert_eq!(lagging.time(), old);
    assert_eq!(lagging.count(&Query::default()).unwrap(), 1);
    let account = host.read_account(USER).unwrap();
    assert!(account.time() <= old);
    let unknown = host
        .read_collection(USER, &name("tabs"), ReadFrom::Any)
        .unwrap();
    assert_eq!(unknown.time(), Timestamp::ZERO);
    let mut true_one = host
        .read_collection(USER, &name("history"), ReadFrom::Primary)
        .unwrap();
    assert_eq!(true_one.count(&Query::default()).unwrap(), 2);
    host.check().unwrap();
}
