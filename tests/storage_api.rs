//! The storage API and its neighbours as clients see them: a specification by example.
//!
//! Each file below is one topic. Most of it runs over the built-in server, because what an answer means
//! does not depend on how it travels; `gateways` sends a representative set through every way into the
//! program. "PHP" is the profile of `/1.0/`, "Python" that of `/1.1/` and `/1/`.

#[macro_use]
mod harness;

mod storage_api {
    mod authentication;
    mod batches;
    mod deletion;
    mod errors;
    mod formats;
    mod gateways;
    mod headers;
    mod hostile_input;
    mod info;
    mod limits;
    mod paths;
    mod preconditions;
    mod quota;
    mod records;
    mod search;
    mod times;
    mod ttl;
    mod user_api;
    mod writes;
}
