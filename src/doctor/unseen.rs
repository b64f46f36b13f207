//! Stands in for what is seen from outside where the program was built without calls to web servers.

use super::{Doctor, Finding, Order};
use crate::api::Api;
use crate::config::built::without;
use std::time::Instant;

/// Nothing is.
pub fn look(_: &Doctor, _: &Api, order: &Order, _: Instant, _: bool) -> Vec<Finding> {
    let what = format!("What browsers see at {} was not tried.", order.url);
    vec![Finding::skipped("address", what).because(format!(
        "It needs calls to web servers, and {}.",
        without("https")
    ))]
}
