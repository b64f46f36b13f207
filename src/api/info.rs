//! `info/…`: what a user has, in numbers.
//!
//! `info/collections` is where every sync begins. It is complete and right, or an error: a browser that
//! reads an empty one deletes everything.

use super::error::{ApiError, Code};
use super::escape::write_text;
use super::format::{Format, ListWriter};
use super::profile::{Number, Profile};
use super::{Api, Call, at, ok};
use crate::auth::Account;
use crate::exchange::Response;
use crate::sync::{CollectionName, Timestamp};
use http::header::HeaderValue;
use std::io::Write;

impl Api {
    /// Answers `info/<name>`.
    pub fn info(
        &self,
        call: &Call<'_>,
        account: &Account,
        name: &str,
        profile: Profile,
    ) -> Result<Response, ApiError> {
        let format = match profile.negotiates() {
            true => Format::asked_for(&call.headers, profile),
            false => Format::Json,
        };
        let listing = Listing { profile, format };
        match name {
            "collections" => {
                if self.settings.maintenance {
                    return Err(ApiError::Unavailable);
                }
                let (time, times) = self.storage.read_times(account.id)?;
                Ok(listing.answer(time, &times, |out, time| profile.write_time(out, *time)))
            }
            "collection_counts" => {
                let mut session = self.storage.read_account(account.id)?;
                let counts = session.counts()?;
                // Writing to memory does not fail.
                let print = |out: &mut Vec<u8>, count: &u64| {
                    let _ = match profile.counts() {
                        Number::Quoted => write!(out, "\"{count}\""),
                        Number::Plain => write!(out, "{count}"),
                    };
                };
                Ok(listing.answer(session.time(), &counts, print))
            }
            "collection_usage" if profile.has_usage() => {
                let mut session = self.storage.read_account(account.id)?;
                let usage = session.usage()?;
                let plain = Listing {
                    profile: Profile::Php,
                    format: Format::Json,
                };
                let print =
                    |out: &mut Vec<u8>, bytes: &u64| out.extend(kilobytes(*bytes).as_bytes());
                let body = plain.object(&usage, print, profile.empty_object());
                Ok(at(session.time(), ok("application/json", body)))
            }
            "quota" => self.quota(account, profile),
            _ => Err(ApiError::Bad(Code::Illegal)),
        }
    }

    fn quota(&self, account: &Account, profile: Profile) -> Result<Response, ApiError> {
        let mut session = self.storage.read_account(account.id)?;
        let used = session.used_bytes()?;
        let quota = self.quota_of(account);
        let limit = quota.map_or("null".to_owned(), |bytes| (bytes / 1024).to_string());
        let used_kb = match profile {
            Profile::Php => (used / 1024).to_string(),
            Profile::Python => kilobytes(used),
        };
        let response = ok("application/json", format!("[{used_kb},{limit}]"));
        Ok(at(
            session.time(),
            remaining(response, used, quota, profile),
        ))
    }

    /// The bytes that an account may store; nothing when there is no limit.
    pub fn quota_of(&self, account: &Account) -> Option<u64> {
        account.quota_bytes.or(self.settings.limits.quota_bytes)
    }
}

/// Puts `X-Weave-Quota-Remaining` on a response, in KB, when less than 1 MiB is left.
pub fn remaining(
    mut response: Response,
    used: u64,
    quota: Option<u64>,
    profile: Profile,
) -> Response {
    if let Some(left) = quota.map(|quota| quota.saturating_sub(used))
        && profile.tells_remaining_quota()
        && left < 1 << 20
    {
        let kilobytes = HeaderValue::from(left / 1024);
        response
            .headers_mut()
            .insert("x-weave-quota-remaining", kilobytes);
    }
    response
}

/// Bytes in KB, as Python printed a float: `5.0`, `0.0765625`.
fn kilobytes(bytes: u64) -> String {
    format!("{:?}", bytes as f64 / 1024.0)
}

struct Listing {
    profile: Profile,
    format: Format,
}

impl Listing {
    fn answer<T>(
        &self,
        time: Timestamp,
        entries: &[(CollectionName, T)],
        print: impl Fn(&mut Vec<u8>, &T),
    ) -> Response {
        let mut response = match self.format {
            Format::Json => ok(
                "application/json",
                self.object(entries, print, self.profile.empty_object()),
            ),
            // Only the names, as the Python server had it.
            format => {
                let mut list = ListWriter::new(format);
                entries.iter().for_each(|(name, _)| {
                    list.add(|out| write_text(out, name.as_str()));
                });
                list.finish();
                ok(format.media_type(), list.drain())
            }
        };
        if self.profile.counts_every_list() {
            response
                .headers_mut()
                .insert("x-weave-records", HeaderValue::from(entries.len()));
        }
        at(time, response)
    }

    fn object<T>(
        &self,
        entries: &[(CollectionName, T)],
        print: impl Fn(&mut Vec<u8>, &T),
        empty: &str,
    ) -> Vec<u8> {
        if entries.is_empty() {
            return empty.as_bytes().to_vec();
        }
        let mut out = Vec::with_capacity(32 * entries.len());
        for (name, value) in entries {
            out.push(if out.is_empty() { b'{' } else { b',' });
            write_text(&mut out, name.as_str());
            out.push(b':');
            print(&mut out, value);
        }
        out.push(b'}');
        out
    }
}
