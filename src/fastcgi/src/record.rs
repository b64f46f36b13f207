//! Records, the unit in which FastCGI travels: eight bytes of header, up to 65,535 of content,
//! up to 255 of padding.
//!
//! Numbers and layouts are those of the FastCGI 1.0 specification, section 8.

use std::io;

pub(crate) const HEADER_LENGTH: usize = 8;

/// The most content this side puts in a record: the largest multiple of eight below 65,536, so
/// that no record needs padding to stay aligned.
pub(crate) const MAX_CONTENT: usize = 65_528;

/// The request id of records that are about the connection as a whole.
pub(crate) const MANAGEMENT: u16 = 0;

pub(crate) const RESPONDER: u16 = 1;

pub(crate) mod kind {
    pub(crate) const BEGIN_REQUEST: u8 = 1;
    pub(crate) const ABORT_REQUEST: u8 = 2;
    pub(crate) const END_REQUEST: u8 = 3;
    pub(crate) const PARAMS: u8 = 4;
    pub(crate) const STDIN: u8 = 5;
    pub(crate) const STDOUT: u8 = 6;
    pub(crate) const STDERR: u8 = 7;
    pub(crate) const DATA: u8 = 8;
    pub(crate) const GET_VALUES: u8 = 9;
    pub(crate) const GET_VALUES_RESULT: u8 = 10;
    pub(crate) const UNKNOWN_TYPE: u8 = 11;
}

/// Why a request ended, as END_REQUEST tells the front.
#[derive(Clone, Copy)]
pub(crate) enum ProtocolStatus {
    RequestComplete = 0,
    CantMultiplex = 1,
    UnknownRole = 3,
}

/// What the first eight bytes of a record say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Header {
    pub(crate) kind: u8,
    pub(crate) id: u16,
    pub(crate) content: usize,
    pub(crate) padding: usize,
}

impl Header {
    pub(crate) fn decode(bytes: [u8; HEADER_LENGTH]) -> io::Result<Header> {
        let [
            version,
            kind,
            id_high,
            id_low,
            length_high,
            length_low,
            padding,
            _reserved,
        ] = bytes;
        if version != 1 {
            return Err(malformed("a record of a version other than 1"));
        }
        Ok(Header {
            kind,
            id: u16::from_be_bytes([id_high, id_low]),
            content: usize::from(u16::from_be_bytes([length_high, length_low])),
            padding: usize::from(padding),
        })
    }
}

/// The header of a record without padding.
pub(crate) fn header(kind: u8, id: u16, length: u16) -> [u8; HEADER_LENGTH] {
    let [id_high, id_low] = id.to_be_bytes();
    let [length_high, length_low] = length.to_be_bytes();
    [1, kind, id_high, id_low, length_high, length_low, 0, 0]
}

/// Appends `content` to `out` in as many records as it takes: none for empty content.
pub(crate) fn append(out: &mut Vec<u8>, kind: u8, id: u16, content: &[u8]) {
    for piece in content.chunks(MAX_CONTENT) {
        out.extend_from_slice(&header(kind, id, piece.len() as u16));
        out.extend_from_slice(piece);
    }
}

/// Appends the empty record that ends a stream.
pub(crate) fn append_end_of_stream(out: &mut Vec<u8>, kind: u8, id: u16) {
    out.extend_from_slice(&header(kind, id, 0));
}

pub(crate) fn append_end_request(out: &mut Vec<u8>, id: u16, exit: u32, status: ProtocolStatus) {
    let [a, b, c, d] = exit.to_be_bytes();
    append(
        out,
        kind::END_REQUEST,
        id,
        &[a, b, c, d, status as u8, 0, 0, 0],
    );
}

/// The error of a stream that breaks the protocol.
pub(crate) fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
