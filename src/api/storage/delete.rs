//! Deleting: one record, some of a collection, a collection, everything.

use super::StorageCall;
use crate::api::error::{ApiError, Code};
use crate::api::profile::Profile;
use crate::api::search::{Parameters, SearchReader, unmodified_since};
use crate::api::{Call, at, ok};
use crate::exchange::Response;
use crate::sync::{CollectionName, Query, RecordId, Timestamp};

impl StorageCall<'_> {
    /// `DELETE storage/<collection>/<id>`. A record that does not exist is deleted already.
    pub(super) fn delete_one(
        &self,
        call: &Call<'_>,
        collection: &CollectionName,
        id: &str,
    ) -> Result<Response, ApiError> {
        let ids = RecordId::new(id).into_iter().collect();
        self.delete(
            call,
            collection,
            &Query {
                ids: Some(ids),
                ..Query::default()
            },
        )
    }

    /// `DELETE storage/<collection>`, with or without search parameters.
    pub(super) fn delete_some(
        &self,
        call: &Call<'_>,
        collection: &CollectionName,
    ) -> Result<Response, ApiError> {
        let limits = &self.api.settings.limits;
        let parameters = Parameters::parse(&call.target.query, limits)?;
        let reader = SearchReader {
            profile: self.profile,
            limits,
            deleting: true,
        };
        let search = reader.read(&parameters)?;
        self.delete(call, collection, &search.query)
    }

    fn delete(
        &self,
        call: &Call<'_>,
        collection: &CollectionName,
        query: &Query,
    ) -> Result<Response, ApiError> {
        let since = unmodified_since(&call.headers)?;
        let time = self.transaction(collection, since, &[], |opened| {
            opened.check_unmodified()?;
            opened.delete(query)
        })?;
        Ok(self.deleted(time))
    }

    /// `DELETE storage`: all that the user has. Wants `X-Confirm-Delete`, whatever its value: a slash
    /// too many must not wipe an account.
    pub(super) fn delete_everything(&self, call: &Call<'_>) -> Result<Response, ApiError> {
        if !call.headers.contains_key("x-confirm-delete") {
            return Err(match self.profile {
                Profile::Php => ApiError::Precondition,
                Profile::Python => ApiError::Bad(Code::Overwrite),
            });
        }
        let time = self.api.storage.delete_records(self.account.id)?;
        Ok(self.deleted(time))
    }

    fn deleted(&self, time: Timestamp) -> Response {
        at(time, ok("application/json", self.profile.time(time)))
    }
}
