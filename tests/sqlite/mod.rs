//! What only the SQLite engine promises.

mod child;
mod clocks;
mod faults;
mod keeping;
mod processes;
