//! The search parameters of a collection's URL: query string to [`Query`].
//!
//! On a GET, PHP passed over a value that does not fit and Python refused it. On a DELETE, passing
//! over a filter would delete what the client meant to keep, so both profiles refuse it there.

use super::error::{ApiError, Code};
use super::profile::Profile;
use crate::sync::{Decimal, Limits, Query, RecordId, Sort, Timestamp};
use std::borrow::Cow;

/// A request's query string, decoded.
#[derive(Debug)]
pub struct Parameters<'q>(Vec<(Cow<'q, str>, Cow<'q, str>)>);

impl<'q> Parameters<'q> {
    /// Decodes `query` (`a=b&c=d`, with `+` for space); nothing when it is longer than the limit.
    pub fn parse(query: &'q [u8], limits: &Limits) -> Result<Self, ApiError> {
        if query.len() > limits.query_bytes {
            return Err(ApiError::Bad(Code::Size));
        }
        Ok(Parameters(url::form_urlencoded::parse(query).collect()))
    }

    /// The last value of `name`, as both servers took it.
    fn last(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| &**value)
    }

    /// Whether PHP would have taken a list for `name` (`name[]=…`).
    fn has_list(&self, name: &str) -> bool {
        self.0
            .iter()
            .any(|(key, _)| key.strip_prefix(name).is_some_and(|k| k.starts_with('[')))
    }
}

/// What a request to a collection asks for.
#[derive(Debug)]
pub struct Search {
    /// Which records.
    pub query: Query,
    /// Whole records, not their ids.
    pub full: bool,
}

/// Reads search parameters under the rules of one profile.
#[derive(Clone, Copy, Debug)]
pub struct SearchReader<'l> {
    /// Whose rules.
    pub profile: Profile,
    /// How many ids.
    pub limits: &'l Limits,
    /// Whether what is selected will be deleted.
    pub deleting: bool,
}

impl SearchReader<'_> {
    /// Reads them.
    pub fn read(&self, parameters: &Parameters<'_>) -> Result<Search, ApiError> {
        let query = Query {
            ids: self.ids(parameters)?,
            parentid: self.reference(parameters, "parentid")?,
            predecessorid: self.reference(parameters, "predecessorid")?,
            newer: self.number(parameters, "newer")?.map(time),
            older: self.older(parameters)?,
            index_above: self.index(parameters, "index_above")?.map(Decimal::floor),
            index_below: self.index(parameters, "index_below")?.map(Decimal::ceil),
            sort: self.sort(parameters)?,
            limit: self.positive(parameters, "limit")?,
            offset: self.positive(parameters, "offset")?,
        };
        let full = match parameters.last("full") {
            None | Some("") => parameters.has_list("full") && self.profile == Profile::Php,
            Some("0") => self.profile == Profile::Python,
            Some(_) => true,
        };
        Ok(Search {
            query: self.paged(query)?,
            full,
        })
    }

    /// An offset means nothing without a limit: PHP said so, Python dropped it.
    fn paged(&self, query: Query) -> Result<Query, ApiError> {
        if query.offset.is_none() || query.limit.is_some() {
            return Ok(query);
        }
        match self.profile {
            Profile::Php => Err(ApiError::BadText("Offset requires limit")),
            Profile::Python if self.deleting => Err(ApiError::Bad(Code::Illegal)),
            Profile::Python => Ok(Query {
                offset: None,
                ..query
            }),
        }
    }

    /// What becomes of a value that does not fit.
    fn unusable<T>(&self) -> Result<Option<T>, ApiError> {
        if self.deleting || self.profile.strict_search() {
            Err(ApiError::Bad(Code::Illegal))
        } else {
            Ok(None)
        }
    }

    /// The value of a parameter, or what becomes of a list in its place.
    fn value<'p>(&self, from: &'p Parameters<'_>, name: &str) -> Result<Option<&'p str>, ApiError> {
        match from.last(name) {
            None if self.deleting && from.has_list(name) => Err(ApiError::Bad(Code::Illegal)),
            value => Ok(value),
        }
    }

    fn ids(&self, from: &Parameters<'_>) -> Result<Option<Vec<RecordId>>, ApiError> {
        let Some(list) = self.value(from, "ids")? else {
            return Ok(None);
        };
        if list.split(',').count() > self.limits.ids {
            return Err(ApiError::Bad(Code::Size));
        }
        let ids: Vec<RecordId> = list
            .split(',')
            .filter_map(|id| RecordId::new(id).ok())
            .collect();
        if ids.is_empty() && self.deleting {
            return Err(ApiError::Bad(Code::Illegal));
        }
        Ok(Some(ids))
    }

    fn reference(&self, from: &Parameters<'_>, name: &str) -> Result<Option<String>, ApiError> {
        match self.value(from, name)? {
            None => Ok(None),
            Some("") if self.profile == Profile::Python => Ok(Some(String::new())),
            Some(id) if id.is_empty() || id.len() > RecordId::MAX_BYTES => self.unusable(),
            Some(id) if id.contains('/') && self.profile == Profile::Php => self.unusable(),
            Some(id) => Ok(Some(id.to_owned())),
        }
    }

    fn number(&self, from: &Parameters<'_>, name: &str) -> Result<Option<Decimal>, ApiError> {
        match self.value(from, name)? {
            None => Ok(None),
            Some(text) => match Decimal::parse(text) {
                Some(number) => Ok(Some(number)),
                None => self.unusable(),
            },
        }
    }

    /// PHP took `older=0` for "not given".
    fn older(&self, from: &Parameters<'_>) -> Result<Option<Timestamp>, ApiError> {
        let older = self.number(from, "older")?.map(time);
        Ok(
            older
                .filter(|t| *t != Timestamp::ZERO || self.deleting || self.profile.strict_search()),
        )
    }

    /// PHP took only indexes over 0.
    fn index(&self, from: &Parameters<'_>, name: &str) -> Result<Option<Decimal>, ApiError> {
        match self.number(from, name)? {
            Some(index) if self.profile == Profile::Php && index.ceil() <= 0 => {
                if self.deleting {
                    self.unusable()
                } else {
                    Ok(None)
                }
            }
            index => Ok(index),
        }
    }

    fn sort(&self, from: &Parameters<'_>) -> Result<Option<Sort>, ApiError> {
        match self.value(from, "sort")? {
            Some("oldest") => Ok(Some(Sort::Oldest)),
            Some("newest") => Ok(Some(Sort::Newest)),
            Some("index") => Ok(Some(Sort::Index)),
            Some(_) if self.deleting => Err(ApiError::Bad(Code::Illegal)),
            _ => Ok(None),
        }
    }

    /// A limit or an offset. 0 and less mean none, which a DELETE must not fall for.
    fn positive(&self, from: &Parameters<'_>, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(number) = self.number(from, name)? else {
            return Ok(None);
        };
        let whole = number.floor() == number.ceil();
        if !whole && self.profile.strict_search() {
            return Err(ApiError::Bad(Code::Illegal));
        }
        match u64::try_from(number.truncated()) {
            Ok(count) if count > 0 => Ok(Some(count)),
            Ok(_) if self.deleting && name == "offset" => Ok(None),
            _ if self.deleting => Err(ApiError::Bad(Code::Illegal)),
            _ => Ok(None),
        }
    }
}

fn time(number: Decimal) -> Timestamp {
    Timestamp::from_centis(number.hundredths())
}

/// Reads `X-If-Unmodified-Since`. One that is no number is refused: PHP took it for 0, Python
/// stumbled over it.
pub fn unmodified_since(headers: &http::HeaderMap) -> Result<Option<Timestamp>, ApiError> {
    let Some(value) = headers.get("x-if-unmodified-since") else {
        return Ok(None);
    };
    let time = value.to_str().ok().and_then(Timestamp::parse);
    time.map(Some).ok_or(ApiError::Bad(Code::Illegal))
}
