//! The syncs of real browsers, request by request, and what each browser would make of the answers.
//!
//! `desktop` and `android` are small models of the two clients, with their rules of reading: how a list is
//! parsed, which status counts as success, what is compared with what. A model asks in the words of
//! its browser, says which requests it made, and fails where its browser would wipe the server, lose
//! a record without a word, or stop syncing.

#[macro_use]
mod harness;

mod browsers {
    mod android;
    mod android_syncs;
    mod desktop;
    mod desktop_dangers;
    mod desktop_engines;
    mod desktop_syncs;
    mod undone;
}
