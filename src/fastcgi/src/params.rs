//! The parameters of a request: what CGI would have put into the environment.
//!
//! The stream is kept as it came, in one piece, and an index points into it. So a pair may span
//! records, a length field allocates nothing, and a request costs two allocations, however many
//! parameters it has.

use std::fmt;

/// So many parameters need no growing: Apache sends some thirty.
const USUAL: usize = 42;

/// The parameters of one request, in the order they came. Names and values are bytes: a front
/// passes on what browsers send, and that need not be UTF-8.
#[derive(Clone, Default)]
pub struct Params {
    stream: Vec<u8>,
    pairs: Vec<Pair>,
}

#[derive(Clone, Copy)]
struct Pair {
    name: usize,
    value: usize,
    end: usize,
}

#[derive(Debug, PartialEq)]
pub(crate) enum ParamsError {
    /// A length field points beyond the end of the stream, or is itself cut off.
    Truncated,
    TooMany,
}

impl Params {
    /// The first value of that name; names are compared byte by byte.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, value)| value)
    }

    /// Every name and value, in the order they came; a name may come twice.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.pairs.iter().map(|pair| {
            (
                &self.stream[pair.name..pair.value],
                &self.stream[pair.value..pair.end],
            )
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    pub(crate) fn decode(stream: Vec<u8>, max: usize) -> Result<Params, ParamsError> {
        let mut pairs = Vec::with_capacity(max.min(USUAL));
        let mut at = 0;
        while at < stream.len() {
            if pairs.len() == max {
                return Err(ParamsError::TooMany);
            }
            let name_length = length(&stream, &mut at).ok_or(ParamsError::Truncated)?;
            let value_length = length(&stream, &mut at).ok_or(ParamsError::Truncated)?;
            let value = at.checked_add(name_length).ok_or(ParamsError::Truncated)?;
            let end = value
                .checked_add(value_length)
                .ok_or(ParamsError::Truncated)?;
            if end > stream.len() {
                return Err(ParamsError::Truncated);
            }
            pairs.push(Pair {
                name: at,
                value,
                end,
            });
            at = end;
        }
        Ok(Params { stream, pairs })
    }
}

/// One length field: a byte below 128, or four with the highest bit set.
fn length(stream: &[u8], at: &mut usize) -> Option<usize> {
    let first = *stream.get(*at)?;
    if first < 0x80 {
        *at += 1;
        return Some(usize::from(first));
    }
    let bytes: [u8; 4] = stream.get(*at..*at + 4)?.try_into().ok()?;
    *at += 4;
    Some((u32::from_be_bytes(bytes) & 0x7fff_ffff) as usize)
}

/// Appends one pair as the protocol writes it. Both parts are names and numbers of this package,
/// shorter than 128 bytes.
pub(crate) fn append_short_pair(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    debug_assert!(name.len() < 0x80 && value.len() < 0x80);
    out.extend_from_slice(&[name.len() as u8, value.len() as u8]);
    out.extend_from_slice(name);
    out.extend_from_slice(value);
}

/// Names alone: values hold passwords (`HTTP_AUTHORIZATION`).
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.iter().map(|(name, _)| String::from_utf8_lossy(name));
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_equal_names_is_found_and_both_are_listed() {
        let params = Params::decode(b"\x01\x01Ax\x01\x01Ay".to_vec(), 9).unwrap();
        assert_eq!(params.get(b"A"), Some(&b"x"[..]));
        assert_eq!(params.get(b"a"), None);
        assert_eq!(params.iter().count(), 2);
    }

    #[test]
    fn a_long_length_field_is_read_and_one_beyond_the_stream_is_refused() {
        let mut stream = b"\x01\x80\x00\x00\xc8N".to_vec();
        stream.resize(stream.len() + 200, 0xff);
        let params = Params::decode(stream.clone(), 1).unwrap();
        assert_eq!(params.get(b"N"), Some(&[0xff; 200][..]));

        stream.pop();
        assert_eq!(
            Params::decode(stream, 1).err(),
            Some(ParamsError::Truncated)
        );
        let two_gigabytes = b"\xff\xff\xff\xff\xff\xff\xff\xffX".to_vec();
        assert_eq!(
            Params::decode(two_gigabytes, 1).err(),
            Some(ParamsError::Truncated)
        );
    }

    #[test]
    fn one_parameter_more_than_allowed_is_too_many() {
        assert_eq!(Params::decode(vec![0; 6], 3).unwrap().len(), 3);
        assert_eq!(
            Params::decode(vec![0; 8], 3).err(),
            Some(ParamsError::TooMany)
        );
    }

    #[test]
    fn debug_output_tells_no_values() {
        let params = Params::decode(b"\x04\x06AUTHsecret".to_vec(), 1).unwrap();
        assert_eq!(format!("{params:?}"), r#"["AUTH"]"#);
    }
}
