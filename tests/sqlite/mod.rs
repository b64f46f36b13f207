//! What only the SQLite engine promises.

mod child;
mod faults;
mod keeping;
mod processes;
