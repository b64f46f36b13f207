//! Looking through text quickly. Nearly everything that is sent and received is payload, and most of
//! that is base64: long runs in which nothing has to be done. They are looked at eight bytes at a time.
//!
//! Functions that look for something in a [`Word`] answer it with the highest bit of each byte that
//! is found. Above the first one found, there may be some that are not (a subtraction borrows from
//! the next byte); nobody asks for more than the first.

/// Eight bytes, the first of them lowest.
pub type Word = u64;

const EACH: Word = 0x0101_0101_0101_0101;
const HIGHEST: Word = 0x8080_8080_8080_8080;

/// How many bytes come before the first in which `stops` finds something.
pub fn run_length(bytes: &[u8], stops: impl Fn(Word) -> Word) -> usize {
    // Two words in a turn: what a turn costs besides is as much as half a word.
    let found = |pair: &[u8; 16]| {
        let word = |half: usize| Word::from_le_bytes(std::array::from_fn(|at| pair[half * 8 + at]));
        let (low, high) = (stops(word(0)), stops(word(1)));
        (low | high != 0).then(|| match low {
            0 => 8 + first(high),
            _ => first(low),
        })
    };
    let (pairs, rest) = bytes.as_chunks::<16>();
    for (index, pair) in pairs.iter().enumerate() {
        if let Some(at) = found(pair) {
            return index * 16 + at;
        }
    }
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    pairs.len() * 16 + found(&last).unwrap_or(16).min(rest.len())
}

/// The first byte in which something was found; eight if nothing was.
fn first(found: Word) -> usize {
    (found.trailing_zeros() / 8) as usize
}

/// Where control characters, bytes outside ASCII, and these bytes are, which are ASCII.
pub fn not_plain<const N: usize>(word: Word, others: [u8; N]) -> Word {
    // Of a byte outside ASCII, the highest bit stays in the sum whatever else is found in it: so nothing
    // below it is to be masked.
    let control = word.wrapping_sub(EACH * Word::from(b' '));
    let others = others.map(|byte| (word ^ (EACH * Word::from(byte))).wrapping_sub(EACH));
    others
        .into_iter()
        .fold(word | control, |all, one| all | one)
        & HIGHEST
}

/// Where control characters and these bytes are, which are ASCII.
pub fn control_or<const N: usize>(word: Word, others: [u8; N]) -> Word {
    // No subtraction borrows from a byte outside ASCII; these are masked in the end.
    let control = word.wrapping_sub(EACH * Word::from(b' '));
    let others = others.map(|byte| (word ^ (EACH * Word::from(byte))).wrapping_sub(EACH));
    let all = others.into_iter().fold(control, |all, one| all | one);
    all & !word & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_the_first_byte_that_is_looked_for() {
        let not_plain_or_quote = |byte: u8| !(b' '..0x80).contains(&byte) || byte == b'"';
        runs_end(|word| not_plain(word, [b'"']), not_plain_or_quote);
        let control_or_quote = |byte: u8| byte < b' ' || byte == b'"';
        runs_end(|word| control_or(word, [b'"']), control_or_quote);
    }

    fn runs_end(stops: impl Fn(Word) -> Word, special: impl Fn(u8) -> bool) {
        for length in 0..30 {
            for place in 0..=length {
                for byte in 0..=255u8 {
                    let mut bytes = vec![b'x'; length];
                    // What comes behind it makes no difference.
                    for (index, other) in bytes.iter_mut().enumerate().skip(place) {
                        *other = byte.wrapping_add((index - place) as u8);
                    }
                    let expected = bytes.iter().position(|byte| special(*byte));
                    let run = run_length(&bytes, &stops);
                    assert_eq!(run, expected.unwrap_or(length), "{bytes:?}");
                }
            }
        }
    }
}
