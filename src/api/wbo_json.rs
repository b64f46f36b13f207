//! Records as clients write them: JSON to [`WboWrite`].
//!
//! A record that is not valid must fail alone, with a reason, while the rest of its batch is stored;
//! so an array is first cut into its elements, whose text is looked at one by one. Whatever a client
//! sends for `username`, `collection`, `modified` or `payload_size` is not looked at at all: the
//! Python server let it flow into its SQL.

use super::json::{Members, Value};
use super::profile::Profile;
use crate::sync::{Decimal, Limits, RecordId, Ttl, WboWrite};
use std::borrow::Cow;

/// A record that was refused: the id it goes by in the answer, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its id as far as it could be read; may be empty.
    pub id: String,
    /// The reasons, in the words of the profile's server.
    pub reasons: Vec<&'static str>,
    /// It could not even be read: PHP answered a PUT of such a record with the number for JSON.
    pub unreadable: bool,
}

/// Reads records under the rules of one profile.
#[derive(Clone, Copy, Debug)]
pub struct WboReader<'l> {
    /// Whose rules.
    pub profile: Profile,
    /// How large a payload may be.
    pub limits: &'l Limits,
}

impl WboReader<'_> {
    /// Reads one record. `url_id` is the id in the URL of a PUT, if it has one.
    pub fn read<'j>(
        &self,
        mut members: Members<'j>,
        url_id: Option<&'j str>,
    ) -> Result<WboWrite, Refused> {
        let has_nested = members.has_nested();
        let own = match members.take("id") {
            // No text at all, which must not give way to the id of the URL.
            Some(Value::Half) => {
                return Err(Refused {
                    id: String::new(),
                    reasons: vec!["invalid id"],
                    unreadable: true,
                });
            }
            value => Reference::of(value),
        };
        let mut reasons = Vec::new();
        let id = self.choose_id(own, url_id, &mut reasons);
        if self.profile.strict_members() && has_nested {
            return Err(Refused {
                id: String::new(),
                reasons: vec!["invalid wbo"],
                unreadable: false,
            });
        }
        let sortindex = match self.sortindex(members.take("sortindex")) {
            Ok(index) => index,
            Err(unreadable) => {
                let invalid = vec!["invalid sortindex"];
                if unreadable {
                    return Err(Refused {
                        id: id.into_owned(),
                        reasons: invalid,
                        unreadable,
                    });
                }
                reasons.extend(invalid);
                None
            }
        };
        let mut reference = |name, reason| match Reference::of(members.take(name)) {
            Reference::Absent => None,
            Reference::Text(text) if text.len() <= RecordId::MAX_BYTES => Some(text.into_owned()),
            _ => {
                reasons.push(reason);
                None
            }
        };
        let parentid = reference("parentid", "invalid parentid");
        let predecessorid = reference("predecessorid", "invalid predecessorid");
        let ttl = self.ttl(members.take("ttl"), &mut reasons);
        let payload = match self.payload(members.take("payload")) {
            Ok(payload) => payload,
            Err(Invalid::Json(reason)) => {
                return Err(Refused {
                    id: id.into_owned(),
                    reasons: vec![reason],
                    unreadable: true,
                });
            }
            Err(Invalid::Value(reason)) => {
                reasons.push(reason);
                None
            }
        };
        let Some(record) = RecordId::new(&*id).ok().filter(|_| reasons.is_empty()) else {
            return Err(Refused {
                id: id.into_owned(),
                reasons,
                unreadable: false,
            });
        };
        let touch = self.profile.parentid_touches() && parentid.is_some();
        let create = self.profile.creates_without_payload();
        Ok(WboWrite {
            parentid,
            predecessorid,
            sortindex,
            payload,
            ttl,
            touch,
            create,
            ..WboWrite::new(record)
        })
    }

    /// What an element of a POST is refused with when it is no record at all.
    pub fn no_record(&self) -> Refused {
        let reason = match self.profile {
            Profile::Php => "unable to extract from json",
            Profile::Python => "invalid wbo",
        };
        Refused {
            id: String::new(),
            reasons: vec![reason],
            unreadable: true,
        }
    }

    fn choose_id<'j>(
        &self,
        own: Reference<'j>,
        url_id: Option<&'j str>,
        reasons: &mut Vec<&'static str>,
    ) -> Cow<'j, str> {
        let own_fits = match &own {
            Reference::Text(id) => self.fits(id),
            Reference::Absent => url_id.is_some(),
            Reference::Invalid => false,
        };
        let own = match own {
            Reference::Text(id) => id,
            Reference::Absent | Reference::Invalid => Cow::Borrowed(""),
        };
        // An empty id in the body stands aside for the URL's; PHP read `false` and 0 so, too.
        let takes_own = self.profile.body_id_wins() && !own.is_empty();
        let (id, fits) = match url_id {
            Some(url) if self.profile.body_id_wins() && !takes_own => {
                (Cow::Borrowed(url), self.fits(url))
            }
            Some(url) if !self.profile.body_id_wins() => {
                (Cow::Borrowed(url), own_fits && self.fits(url))
            }
            _ => (own, own_fits),
        };
        if !fits {
            reasons.push("invalid id");
        }
        id
    }

    fn fits(&self, id: &str) -> bool {
        RecordId::check(id).is_ok() && (self.profile.slash_in_id() || !id.contains('/'))
    }

    /// `Err(true)`: no number at all; `Err(false)`: a number out of range.
    fn sortindex(&self, value: Option<Value<'_>>) -> Result<Option<i32>, bool> {
        const RANGE: std::ops::RangeInclusive<i64> = -999_999_999..=999_999_999;
        let php = self.profile == Profile::Php;
        let number = match value {
            None => return Ok(None),
            Some(Value::Null) if !php => return Ok(None),
            Some(Value::Scalar(number)) => Decimal::parse(number),
            Some(Value::Text(text)) => Decimal::parse(&text),
            Some(Value::Null | Value::Half | Value::Nested) => None,
        };
        let whole = number.ok_or(php)?.truncated();
        if !RANGE.contains(&whole) {
            return Err(false);
        }
        Ok(i32::try_from(whole).ok())
    }

    fn ttl(&self, value: Option<Value<'_>>, reasons: &mut Vec<&'static str>) -> Option<Ttl> {
        let number = match value? {
            Value::Null | Value::Half => return None,
            Value::Scalar(number) => Decimal::parse(number),
            Value::Text(text) => Decimal::parse(&text),
            Value::Nested => None,
        };
        let ttl = number.and_then(|seconds| Ttl::from_seconds(seconds.truncated()));
        if ttl.is_none() && self.profile.strict_ttl() {
            reasons.push("invalid ttl");
        }
        ttl
    }

    fn payload(&self, value: Option<Value<'_>>) -> Result<Option<String>, Invalid> {
        let no_text = match self.profile {
            Profile::Php => "payload needs to be json-encoded",
            Profile::Python => "payload not a string",
        };
        let limit = self.limits.payload_bytes;
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Text(text)) if limit == 0 || text.len() as u64 <= limit => {
                Ok(Some(text.into_owned()))
            }
            Some(Value::Text(_)) => Err(Invalid::Value("payload too large")),
            Some(Value::Half) => Err(Invalid::Json(no_text)),
            Some(Value::Scalar(_) | Value::Nested) => Err(Invalid::Value(no_text)),
        }
    }
}

/// What is wrong with a member, and how PHP would have met it.
enum Invalid {
    /// It is no JSON.
    Json(&'static str),
    /// It is JSON of the wrong kind or size.
    Value(&'static str),
}

/// An id or a reference to one.
enum Reference<'j> {
    Absent,
    Text(Cow<'j, str>),
    Invalid,
}

impl<'j> Reference<'j> {
    /// From a member's value, if there is one: numbers become text, as both servers had it.
    fn of(value: Option<Value<'j>>) -> Self {
        let text = |text: &'static str| Reference::Text(Cow::Borrowed(text));
        match value {
            None | Some(Value::Null) => Reference::Absent,
            Some(Value::Text(text)) => Reference::Text(text),
            Some(Value::Scalar("true")) => text("1"),
            Some(Value::Scalar("false")) => text(""),
            Some(Value::Scalar(number)) => Reference::Text(number_text(number).into()),
            Some(Value::Nested | Value::Half) => Reference::Invalid,
        }
    }
}

/// A number as PHP turns it into text: integers as written, others with 14 significant digits.
fn number_text(number: &str) -> String {
    if number.parse::<i64>().is_ok() {
        return number.to_owned();
    }
    let Ok(value) = number.parse::<f64>() else {
        return number.to_owned();
    };
    let scientific = format!("{value:.13e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-5..15).contains(&exponent) {
        let decimals = usize::try_from(13 - exponent).unwrap_or(0);
        let fixed = format!("{value:.decimals$}");
        return if fixed.contains('.') {
            fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            fixed
        };
    }
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let point = if mantissa.contains('.') { "" } else { ".0" };
    format!("{mantissa}{point}E{exponent:+}")
}
