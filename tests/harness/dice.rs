//! Random choices that can be had again: the seed is printed, and `WEFT_SEED` sets it.

/// Small and quick.
pub struct Dice(u64);

impl Dice {
    /// The seed of this run, which it prints.
    pub fn seed() -> u64 {
        let seed = match std::env::var("WEFT_SEED") {
            Ok(seed) => seed.parse().expect("WEFT_SEED is a number"),
            Err(_) => u64::from(std::process::id()) * 7919 + 1,
        };
        println!("WEFT_SEED={seed}");
        seed
    }

    /// Choices of their own for each number.
    pub fn new(seed: u64, number: u64) -> Dice {
        // Never zero, in which this generator would stay.
        Dice((seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1 << 63)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % sides
    }

    /// One of these.
    pub fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len() as u64) as usize]
    }
}
