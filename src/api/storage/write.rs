//! Writing records: one by PUT, many by POST.
//!
//! The body is read and understood before the session is opened, so that no lock is held while a
//! client's upload drips in; then everything is checked and written in one transaction.

use super::StorageCall;
use crate::api::error::{ApiError, Code};
use crate::api::escape::{text_json, write_text};
use crate::api::info::remaining;
use crate::api::json::{Members, Shape, begins_array, elements, shape, text_of};
use crate::api::profile::Profile;
use crate::api::search::unmodified_since;
use crate::api::wbo_json::{Refused, WboReader};
use crate::api::{Call, at, ok};
use crate::exchange::Response;
use crate::sync::{CollectionName, Timestamp, WboWrite};
use std::collections::HashMap;

impl StorageCall<'_> {
    /// `PUT storage/<collection>[/<id>]`.
    pub(super) fn put(
        &self,
        call: &mut Call<'_>,
        collection: &CollectionName,
        url_id: Option<&str>,
    ) -> Result<Response, ApiError> {
        let since = unmodified_since(&call.headers)?;
        let body = call.body(self.api.settings.limits.body_bytes)?;
        let text = text_of(&body);
        let read = match self.profile {
            Profile::Php => self.php_record(&text, url_id),
            Profile::Python => match shape(&text) {
                Some(Shape::Object(members)) => self.record(members, url_id),
                Some(_) => Err(ApiError::Bad(Code::Wbo)),
                None => Err(ApiError::Bad(Code::Json)),
            },
        };
        self.put_record(read, collection, since)
    }

    /// `POST storage/<collection>`, and PUT where it means the same.
    pub(super) fn post(
        &self,
        call: &mut Call<'_>,
        collection: &CollectionName,
    ) -> Result<Response, ApiError> {
        let since = unmodified_since(&call.headers)?;
        let body = call.body(self.api.settings.limits.body_bytes)?;
        let text = text_of(&body);
        let mut batch = Batch::new(self);
        // An array is looked through once, by its elements, instead of being read as a whole before.
        let whole = match begins_array(&text) {
            true => Some(Shape::Array),
            false => shape(&text),
        };
        let read = match whole {
            None => Err(ApiError::Bad(Code::Json)),
            Some(Shape::Null) if !self.profile.takes_single_object() => {
                Err(ApiError::Bad(Code::Json))
            }
            Some(Shape::Array) => batch.read(&text),
            Some(Shape::Object(members)) if self.profile.takes_single_object() => {
                let read = match members.get("id") {
                    Some(_) => self.record(members, None),
                    None => Err(ApiError::Bad(Code::Wbo)),
                };
                let read = read.and_then(|write| match write.id.as_str().contains('/') {
                    true => Err(ApiError::Bad(Code::Wbo)),
                    false => Ok(write),
                });
                return self.put_record(read, collection, since);
            }
            Some(Shape::Object(members)) => {
                if !members.is_empty() {
                    batch.refuse(String::new(), vec!["unable to extract from json"]);
                }
                Ok(())
            }
            Some(_) if self.profile.takes_single_object() => Err(ApiError::Bad(Code::Wbo)),
            Some(_) => Ok(()),
        };
        let unreadable = read.err();
        let (time, used) = self.transaction(collection, since, &batch.writes, |opened| {
            opened.check(&self.profile.post_checks(), unreadable.as_ref())?;
            let (time, _) = opened.put(&batch.writes)?;
            Ok((time, opened.used_if_limited()?))
        })?;
        let response = ok("application/json", batch.answer(time));
        Ok(at(
            time,
            remaining(response, used, self.quota(), self.profile),
        ))
    }

    pub(super) fn quota(&self) -> Option<u64> {
        self.api.quota_of(self.account)
    }

    fn reader(&self) -> WboReader<'_> {
        WboReader {
            profile: self.profile,
            limits: &self.api.settings.limits,
        }
    }

    fn record(&self, members: Members<'_>, url_id: Option<&str>) -> Result<WboWrite, ApiError> {
        self.reader().read(members, url_id).map_err(|refused| {
            ApiError::Bad(if refused.unreadable {
                Code::Json
            } else {
                Code::Wbo
            })
        })
    }

    /// The PHP server took any JSON but `null`, 0 and nothing for a record, one without members if it
    /// was no object; and a string for the text of a record.
    fn php_record(&self, text: &str, url_id: Option<&str>) -> Result<WboWrite, ApiError> {
        let json = Err(ApiError::Bad(Code::Json));
        match shape(text) {
            Some(Shape::Object(members)) => self.record(members, url_id),
            Some(Shape::Text(inner)) => match shape(&inner) {
                Some(Shape::Object(members)) => self.record(members, url_id),
                Some(Shape::Null) | None => json,
                Some(_) => self.record(Members::default(), url_id),
            },
            Some(Shape::Scalar("0") | Shape::Null) | None => json,
            Some(_) => self.record(Members::default(), url_id),
        }
    }

    fn put_record(
        &self,
        read: Result<WboWrite, ApiError>,
        collection: &CollectionName,
        since: Option<Timestamp>,
    ) -> Result<Response, ApiError> {
        let (write, unreadable) = match read {
            Ok(write) => (Some(write), None),
            // Told after all other checks, by the lack of it.
            Err(ApiError::Bad(Code::Wbo)) => (None, None),
            Err(error) => (None, Some(error)),
        };
        let (time, stored, used) = self.transaction(collection, since, &[], |opened| {
            opened.check(&self.profile.put_checks(), unreadable.as_ref())?;
            let write = write.as_ref().ok_or(ApiError::Bad(Code::Wbo))?;
            let (time, stored) = opened.put(std::slice::from_ref(write))?;
            Ok((time, stored, opened.used_if_limited()?))
        })?;
        let metadata_only = write.is_some_and(|write| write.payload.is_none());
        let modified = stored.into_iter().next().flatten().unwrap_or(time);
        let keeps = metadata_only && self.profile.put_answers_modified();
        let answer = self.profile.time(if keeps { modified } else { time });
        let response = ok("application/json", answer);
        Ok(at(
            time,
            remaining(response, used, self.quota(), self.profile),
        ))
    }
}

/// More records than any client sends; an array of tiny ones would fill the memory.
const MAX_RECORDS: usize = 100_000;

/// What an answer to a POST takes where all goes well, without the ids and with an id, in bytes.
const ANSWER_BYTES: usize = 64;
const ID_BYTES: usize = 16;

/// The records of a POST, sorted into those to be written and those that failed.
struct Batch<'c> {
    call: &'c StorageCall<'c>,
    writes: Vec<WboWrite>,
    failed: Vec<(String, Vec<&'static str>)>,
    failed_at: HashMap<String, usize>,
    bytes: u64,
}

impl<'c> Batch<'c> {
    fn new(call: &'c StorageCall<'c>) -> Self {
        Batch {
            call,
            writes: vec![],
            failed: vec![],
            failed_at: HashMap::new(),
            bytes: 0,
        }
    }

    fn read(&mut self, text: &str) -> Result<(), ApiError> {
        let mut count = 0;
        let read = elements(text, |shape| {
            count += 1;
            if count <= MAX_RECORDS {
                self.add(shape, count - 1);
            }
        });
        match read {
            _ if count > MAX_RECORDS => Err(ApiError::TooLarge),
            true => Ok(()),
            false => Err(ApiError::Bad(Code::Json)),
        }
    }

    fn add(&mut self, shape: Option<Shape<'_>>, index: usize) {
        match self.element(shape) {
            Err(refused) => self.refuse(refused.id, refused.reasons),
            Ok(write) if !self.call.profile.limits_batches() => self.writes.push(write),
            Ok(write) => {
                let limits = &self.call.api.settings.limits;
                let size = write
                    .payload
                    .as_ref()
                    .map_or(0, |payload| payload.len() as u64);
                if index >= limits.batch_records {
                    return self.refuse(write.id.to_string(), vec!["retry wbo"]);
                }
                self.bytes += size;
                if self.bytes >= limits.batch_bytes {
                    return self.refuse(write.id.to_string(), vec!["retry bytes"]);
                }
                self.writes.push(write);
            }
        }
    }

    fn element(&self, shape_of: Option<Shape<'_>>) -> Result<WboWrite, Refused> {
        let reader = self.call.reader();
        match shape_of {
            Some(Shape::Object(members)) => reader.read(members, None),
            Some(Shape::Text(text)) if self.call.profile == Profile::Php => match shape(&text) {
                Some(Shape::Object(members)) => reader.read(members, None),
                _ => Err(reader.no_record()),
            },
            _ => Err(reader.no_record()),
        }
    }

    /// The last failure of an id is the one that is told.
    fn refuse(&mut self, id: String, reasons: Vec<&'static str>) {
        match self.failed_at.get(&id) {
            Some(at) => self.failed[*at].1 = reasons,
            None => {
                self.failed_at.insert(id.clone(), self.failed.len());
                self.failed.push((id, reasons));
            }
        }
    }

    fn answer(&self, time: Timestamp) -> Vec<u8> {
        let profile = self.call.profile;
        let mut answer = Vec::with_capacity(ANSWER_BYTES + self.writes.len() * ID_BYTES);
        answer.extend_from_slice(b"{\"success\":[");
        for (index, write) in self.writes.iter().enumerate() {
            if index > 0 {
                answer.push(b',');
            }
            write_text(&mut answer, write.id.as_str());
        }
        answer.extend_from_slice(b"],\"failed\":");
        answer.extend_from_slice(self.failed_json().as_bytes());
        if profile == Profile::Python {
            answer.extend_from_slice(b",\"modified\":");
            profile.write_time(&mut answer, time);
        }
        answer.push(b'}');
        answer
    }

    /// PHP printed its array as a list when the keys happened to be 0, 1, …
    fn failed_json(&self) -> String {
        if self.failed.is_empty() {
            return self.call.profile.empty_object().to_owned();
        }
        let reasons = |list: &[&str]| {
            let list: Vec<String> = list.iter().map(|reason| text_json(reason)).collect();
            format!("[{}]", list.join(","))
        };
        let counted = self
            .failed
            .iter()
            .enumerate()
            .all(|(n, (id, _))| *id == n.to_string());
        if counted && self.call.profile == Profile::Php {
            let lists: Vec<String> = self.failed.iter().map(|(_, list)| reasons(list)).collect();
            return format!("[{}]", lists.join(","));
        }
        let members: Vec<String> = self
            .failed
            .iter()
            .map(|(id, list)| format!("{}:{}", text_json(id), reasons(list)))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}
