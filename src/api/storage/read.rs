//! Reading records: one, or a list of any length.

use super::StorageCall;
use crate::api::error::ApiError;
use crate::api::escape::write_text;
use crate::api::format::{Format, ListWriter, write_wbo};
use crate::api::profile::Profile;
use crate::api::search::{Parameters, Search, SearchReader};
use crate::api::{Call, at, ok};
use crate::exchange::{Response, ResponseBody};
use crate::storage::{CollectionSession, Columns, Question, ReadFrom, StorageError};
use crate::sync::{CollectionName, Query, RecordId, Timestamp, WboRef};
use http::header::HeaderValue;
use std::io;
use std::ops::ControlFlow;

/// A list is gathered up to this size, and then its length and number are known when its headers
/// are sent: a thousand records of history are half of it. A longer one is counted, and streamed.
const GATHERED_BYTES: usize = 1 << 20;

/// How much of a stream is handed to the gateway at once.
const CHUNK_BYTES: usize = 32 << 10;

impl StorageCall<'_> {
    /// `GET storage/<collection>/<id>`. A record that is said not to exist makes browsers delete
    /// things, so the primary database is asked.
    pub(super) fn get(&self, collection: &CollectionName, id: &str) -> Result<Response, ApiError> {
        const MISSING: ApiError = ApiError::NotFound("record not found");
        let Ok(id) = RecordId::new(id) else {
            return Err(MISSING);
        };
        let query = Query {
            ids: Some(vec![id]),
            ..Query::default()
        };
        let question = Question {
            collection,
            from: ReadFrom::Primary,
            query: &query,
            columns: Columns::All,
        };
        let (mut body, mut found) = (Vec::new(), false);
        let time = self
            .api
            .storage
            .read_once(self.account.id, question, &mut |wbo| {
                write_wbo(&mut body, &wbo, self.profile);
                found = true;
                ControlFlow::Continue(())
            })?;
        let response = if found {
            ok("application/json", body)
        } else {
            MISSING.into_response(self.profile)
        };
        Ok(at(time, response))
    }

    /// `GET storage/<collection>`. One that does not exist is an empty list.
    pub(super) fn list(
        &self,
        call: &Call<'_>,
        collection: &CollectionName,
    ) -> Result<Response, ApiError> {
        let limits = &self.api.settings.limits;
        let parameters = Parameters::parse(&call.target.query, limits)?;
        let reader = SearchReader {
            profile: self.profile,
            limits,
            deleting: false,
        };
        let search = reader.read(&parameters)?;
        let format = Format::asked_for(&call.headers, self.profile);
        let list = List {
            search,
            format,
            profile: self.profile,
        };
        let storage = &self.api.storage;
        let (time, records, body) = match self.gather(collection, &list)? {
            Some((time, records, body)) => (time, records, ResponseBody::Bytes(body)),
            None => {
                let mut session =
                    storage.read_collection(self.account.id, collection, ReadFrom::Any)?;
                let (time, records) = (session.time(), session.count(list.query())?);
                let body = Box::new(move |out: &mut dyn io::Write| list.stream(&mut *session, out));
                (time, records, ResponseBody::Stream(body))
            }
        };
        let mut response = ok(format.media_type(), body);
        if records > 0 || self.profile.counts_every_list() {
            response
                .headers_mut()
                .insert("x-weave-records", HeaderValue::from(records));
        }
        Ok(at(time, response))
    }

    /// The time, the number of records and the whole list, unless it is long.
    fn gather(
        &self,
        collection: &CollectionName,
        list: &List,
    ) -> Result<Option<(Timestamp, u64, Vec<u8>)>, StorageError> {
        let (mut writer, mut records) = (ListWriter::new(list.format), 0);
        let question = Question {
            collection,
            from: ReadFrom::Any,
            query: list.query(),
            columns: list.columns(),
        };
        let storage = &self.api.storage;
        let time = storage.read_once(self.account.id, question, &mut |wbo| {
            list.add(&mut writer, &wbo);
            records += 1;
            match writer.pending() > GATHERED_BYTES {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        if writer.pending() > GATHERED_BYTES {
            return Ok(None);
        }
        writer.finish();
        Ok(Some((time, records, writer.drain())))
    }
}

/// A list that was asked for.
struct List {
    search: Search,
    format: Format,
    profile: Profile,
}

impl List {
    fn add(&self, list: &mut ListWriter, wbo: &WboRef<'_>) {
        list.add(|out| match self.search.full {
            true => write_wbo(out, wbo, self.profile),
            false => write_text(out, wbo.id),
        });
    }

    fn columns(&self) -> Columns {
        if self.search.full {
            Columns::All
        } else {
            Columns::Id
        }
    }

    fn query(&self) -> &Query {
        &self.search.query
    }

    fn stream(
        &self,
        session: &mut dyn CollectionSession,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let (mut list, mut sent) = (ListWriter::new(self.format), Ok(()));
        session
            .scan(self.query(), self.columns(), &mut |wbo| {
                self.add(&mut list, &wbo);
                if list.pending() >= CHUNK_BYTES {
                    sent = list.flush_into(|bytes| out.write_all(bytes));
                }
                if sent.is_err() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .map_err(|error| {
                log::error!("a list broke off: {error}");
                io::Error::other("the list broke off")
            })?;
        sent?;
        list.finish();
        list.flush_into(|bytes| out.write_all(bytes))
    }
}
