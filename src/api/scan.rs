//! Looking through text quickly. Nearly everything that is sent and received is payload, and most of
//! that is base64: long runs in which nothing has to be done.

/// How many bytes at the beginning all fit. Whole blocks are looked at without a branch, which
/// compilers turn into a few instructions for all bytes of a block.
pub fn run_length(bytes: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    const BLOCK: usize = 16;
    let mut run = 0;
    for block in bytes.chunks_exact(BLOCK) {
        if !block.iter().fold(true, |all, byte| all & fits(*byte)) {
            break;
        }
        run += BLOCK;
    }
    let left = bytes[run..].iter();
    run + left.take_while(|byte| fits(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::run_length;

    #[test]
    fn a_run_ends_where_the_first_byte_does_not_fit() {
        for length in 0..70 {
            for odd in 0..=length {
                let mut bytes = vec![b'x'; length];
                if let Some(byte) = bytes.get_mut(odd) {
                    *byte = b'"';
                }
                assert_eq!(run_length(&bytes, |byte| byte != b'"'), odd);
            }
        }
    }
}
