//! Settings. [`php`] reads the constants of a legacy PHP deployment, [`php_mapping`] turns them
//! into ours.

pub mod php;
pub mod php_mapping;
