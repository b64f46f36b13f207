//! Records as clients read them: the JSON of one, and the three formats of many.
//!
//! JSON is written by hand here, because its bytes are part of the protocol: members in the order of
//! the legacy server, times as each profile prints them, and members that are not set left out
//! (Android fails a record with a `null` in it).

use super::escape::{write_number, write_text};
use super::profile::Profile;
use crate::sync::WboRef;
use http::HeaderMap;
use http::header::ACCEPT;

/// The format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON array.
    Json,
    /// One JSON value a line, each line ended: desktop drops a last one that is not.
    Newlines,
    /// Each JSON value behind its length in four bytes, most significant first.
    Whoisi,
}

impl Format {
    /// The format that a request asks for with `Accept`. There is always one: browsers send the
    /// `Accept` of web pages.
    pub fn asked_for(headers: &HeaderMap, profile: Profile) -> Format {
        let mut values = headers
            .get_all(ACCEPT)
            .iter()
            .filter_map(|v| v.to_str().ok());
        if profile.negotiates() {
            let ranges = values.flat_map(|v| v.split(','));
            return negotiate(&ranges.filter_map(Range::read).collect::<Vec<_>>());
        }
        let accept = values.next_back().unwrap_or("");
        if accept.contains("*/*") || accept.contains("application/json") {
            Format::Json
        } else if accept.contains("application/whoisi") {
            Format::Whoisi
        } else if accept.contains("application/newlines") {
            Format::Newlines
        } else {
            Format::Json
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Newlines => "application/newlines",
            Format::Whoisi => "application/whoisi",
        }
    }
}

/// Picks the format as the Python server did: the highest q wins; on equal q a media type that is
/// named beats one that a wildcard covers, and JSON comes before newlines before whoisi.
fn negotiate(ranges: &[Range<'_>]) -> Format {
    const OFFERS: [(Format, &str); 3] = [
        (Format::Json, "application/json"),
        (Format::Newlines, "application/newlines"),
        (Format::Whoisi, "application/whoisi"),
    ];
    let mut best: Option<((u32, usize), Format)> = None;
    for (format, name) in OFFERS {
        let rank = ranges
            .iter()
            .filter_map(|range| Some((range.q, range.specificity(name)?)))
            .max_by_key(|(_, s)| *s);
        if let Some(rank) = rank.filter(|(q, _)| *q > 0)
            && best.is_none_or(|(other, _)| rank > other)
        {
            best = Some((rank, format));
        }
    }
    best.map_or(Format::Json, |(_, format)| format)
}

/// What a client accepts, and how gladly.
struct Range<'a> {
    /// A media type or a wildcard.
    media: &'a str,
    /// In thousandths.
    q: u32,
}

impl<'a> Range<'a> {
    /// One of the ranges of an `Accept`; nothing if its q is none.
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next()?;
        let q = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")));
        let q = match q {
            None => 1.0,
            Some(q) => q
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|q| (0.0..=1.0).contains(q))?,
        };
        let q = (q * 1000.0) as u32;
        Some(Range { media, q })
    }

    /// How exactly it names a media type, if it covers it.
    fn specificity(&self, name: &str) -> Option<usize> {
        let covering = ["*/*", "application/*", name];
        let media = self.media;
        covering.iter().position(|c| media.eq_ignore_ascii_case(c))
    }
}

/// Puts values of a list one behind the other in one format.
#[derive(Debug)]
pub struct ListWriter {
    format: Format,
    out: Vec<u8>,
    any: bool,
}

impl ListWriter {
    /// An empty list.
    pub fn new(format: Format) -> Self {
        ListWriter {
            format,
            out: Vec::new(),
            any: false,
        }
    }

    /// Adds one value, whose JSON `write` appends to the buffer that it is given.
    pub fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        match self.format {
            Format::Json => {
                self.out.push(if self.any { b',' } else { b'[' });
                write(&mut self.out);
            }
            Format::Newlines => {
                write(&mut self.out);
                self.out.push(b'\n');
            }
            Format::Whoisi => {
                let at = self.out.len();
                self.out.extend([0; 4]);
                write(&mut self.out);
                let length = u32::try_from(self.out.len() - at - 4).unwrap_or(u32::MAX);
                self.out[at..at + 4].copy_from_slice(&length.to_be_bytes());
            }
        }
        self.any = true;
    }

    /// Bytes written and not yet taken.
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// Takes what was written so far.
    pub fn drain(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Gives the buffer to `send` and empties it, keeping its memory.
    pub fn flush_into(
        &mut self,
        send: impl FnOnce(&[u8]) -> std::io::Result<()>,
    ) -> std::io::Result<()> {
        send(&self.out)?;
        self.out.clear();
        Ok(())
    }

    /// Ends the list.
    pub fn finish(&mut self) {
        if self.format == Format::Json {
            self.out
                .extend_from_slice(if self.any { b"]" } else { b"[]" });
        }
    }
}

/// Appends a record's JSON.
pub fn write_wbo(out: &mut Vec<u8>, wbo: &WboRef<'_>, profile: Profile) {
    out.extend_from_slice(b"{\"id\":");
    write_text(out, wbo.id);
    let text = |out: &mut Vec<u8>, name: &[u8], value: Option<&str>| {
        if let Some(value) = value {
            out.extend_from_slice(name);
            write_text(out, value);
        }
    };
    text(out, b",\"parentid\":", wbo.parentid);
    out.extend_from_slice(b",\"modified\":");
    profile.write_time(out, wbo.modified);
    text(out, b",\"predecessorid\":", wbo.predecessorid);
    if let Some(index) = wbo.sortindex {
        out.extend_from_slice(b",\"sortindex\":");
        write_number(out, index.into());
    }
    text(out, b",\"payload\":", wbo.payload);
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Timestamp;

    fn asked(accept: &str, profile: Profile) -> Format {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Format::asked_for(&headers, profile)
    }

    #[test]
    fn the_legacy_profile_looks_for_names_in_accept() {
        let rows = [
            ("application/newlines", Format::Newlines),
            ("application/newlines;q=0.5", Format::Newlines),
            (
                "application/whoisi;q=0.1, application/newlines",
                Format::Whoisi,
            ),
            ("application/newlines, */*;q=0.1", Format::Json),
            ("APPLICATION/NEWLINES", Format::Json),
            ("text/html", Format::Json),
            ("", Format::Json),
        ];
        for (accept, format) in rows {
            assert_eq!(asked(accept, Profile::Php), format, "{accept:?}");
        }
    }

    #[test]
    fn the_python_profile_weighs_accept() {
        let rows = [
            ("application/newlines", Format::Newlines),
            ("application/newlines, */*", Format::Newlines),
            ("application/newlines;q=0.4, */*;q=0.8", Format::Json),
            ("application/whoisi, application/newlines", Format::Newlines),
            ("text/html,application/xhtml+xml,*/*;q=0.8", Format::Json),
            ("application/json;q=0.1, application/whoisi", Format::Whoisi),
            ("application/newlines;q=0", Format::Json),
            ("nonsense", Format::Json),
            ("application/newlines;q=x", Format::Json),
        ];
        for (accept, format) in rows {
            assert_eq!(asked(accept, Profile::Python), format, "{accept:?}");
        }
        assert_eq!(
            Format::asked_for(&HeaderMap::new(), Profile::Python),
            Format::Json
        );
    }

    fn list(format: Format, values: &[&str]) -> Vec<u8> {
        let mut list = ListWriter::new(format);
        for value in values {
            list.add(|out| write_text(out, value));
        }
        list.finish();
        list.drain()
    }

    #[test]
    fn lists_in_three_formats() {
        assert_eq!(list(Format::Json, &["a", "b"]), b"[\"a\",\"b\"]");
        assert_eq!(list(Format::Newlines, &["a", "b"]), b"\"a\"\n\"b\"\n");
        assert_eq!(
            list(Format::Whoisi, &["a", "bc"]),
            b"\0\0\0\x03\"a\"\0\0\0\x04\"bc\""
        );
        assert_eq!(list(Format::Json, &[]), b"[]");
        assert_eq!(list(Format::Newlines, &[]), b"");
    }

    #[test]
    fn a_record_has_only_the_members_that_are_set() {
        let bare = WboRef {
            id: "a",
            modified: Timestamp::from_centis(129741712210),
            parentid: None,
            predecessorid: None,
            sortindex: None,
            payload: None,
        };
        let json = |wbo: &WboRef<'_>, profile| {
            let mut out = Vec::new();
            write_wbo(&mut out, wbo, profile);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            json(&bare, Profile::Php),
            r#"{"id":"a","modified":1297417122.1}"#
        );
        assert_eq!(
            json(&bare, Profile::Python),
            r#"{"id":"a","modified":1297417122.10}"#
        );
        let full = WboRef {
            parentid: Some("p"),
            predecessorid: Some("q"),
            sortindex: Some(-5),
            payload: Some("x"),
            ..bare
        };
        assert_eq!(
            json(&full, Profile::Python),
            r#"{"id":"a","parentid":"p","modified":1297417122.10,"predecessorid":"q","sortindex":-5,"payload":"x"}"#
        );
    }
}
