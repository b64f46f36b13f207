//! Digits that people read easily and programs less so: leaned, waved, of unequal size, not on a line,
//! crossed by strokes and among specks.
//!
//! A program that was made for these pictures will read them. They keep out what fills in every form
//! that it finds.

use super::png::Picture;
use std::f32::consts::TAU;

const WIDTH: usize = 200;
const HEIGHT: usize = 70;

/// Each digit in five columns and seven rows, the upper row first.
const DIGITS: [[u8; 7]; 10] = [
    [
        0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110,
    ],
    [
        0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111,
    ],
    [
        0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010,
    ],
    [
        0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110,
    ],
    [
        0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110,
    ],
    [
        0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100,
    ],
];

/// How far a dot reaches, squared, where dots are 1 apart.
const REACH: f32 = 0.6;

/// Chance, from bytes that were asked for beforehand.
pub struct Chance {
    fill: fn(&mut [u8]),
}

impl Chance {
    /// From a function that fills a buffer.
    pub fn new(fill: fn(&mut [u8])) -> Self {
        Chance { fill }
    }

    fn between(&self, least: f32, most: f32) -> f32 {
        let mut bytes = [0; 2];
        (self.fill)(&mut bytes);
        least + (most - least) * f32::from(u16::from_le_bytes(bytes)) / f32::from(u16::MAX)
    }
}

/// One digit's place: where its middle is, and how it is turned, leaned and sized.
struct Place {
    x: f32,
    y: f32,
    turn: (f32, f32),
    lean: f32,
    size: f32,
}

impl Place {
    fn of(chance: &Chance, index: usize, count: usize) -> Self {
        let step = WIDTH as f32 / count as f32;
        Place {
            x: step * (index as f32 + 0.5) + chance.between(-3.0, 3.0),
            y: HEIGHT as f32 / 2.0 + chance.between(-6.0, 6.0),
            turn: chance.between(-0.3, 0.3).sin_cos(),
            lean: chance.between(-0.25, 0.25),
            size: chance.between(4.6, 5.8),
        }
    }

    /// Whether the digit covers the point.
    fn covers(&self, digit: &[u8; 7], x: f32, y: f32) -> bool {
        let (sin, cos) = self.turn;
        let (x, y) = (x - self.x, y - self.y);
        let (x, y) = (x * cos + y * sin, y * cos - x * sin);
        let (x, y) = ((x + y * self.lean) / self.size, y / self.size);
        if x.abs() > 4.0 || y.abs() > 5.0 {
            return false;
        }
        // Each dot is round and reaches into its neighbours, so that strokes have no gaps.
        (0_u8..7).zip(digit).any(|(row, dots)| {
            let dy = y + 3.0 - f32::from(row);
            (0_u8..5).any(|column| {
                let dx = x + 2.0 - f32::from(column);
                dots >> (4 - column) & 1 == 1 && dx * dx + dy * dy < REACH
            })
        })
    }
}

/// Draws the digits of `text`; what is no digit leaves its place empty.
pub fn draw(text: &str, chance: &Chance) -> Picture {
    let mut picture = Picture::new(WIDTH, HEIGHT);
    let count = text.len().max(1);
    let glyphs: Vec<(Place, &[u8; 7])> = text
        .bytes()
        .enumerate()
        .filter_map(|(n, byte)| {
            let digit = DIGITS.get(usize::from(byte.wrapping_sub(b'0')))?;
            Some((Place::of(chance, n, count), digit))
        })
        .collect();
    let wave = (chance.between(0.0, TAU), chance.between(40.0, 70.0));
    let high = chance.between(2.0, 4.0);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let (px, py) = (x as f32, y as f32);
            let py = py + high * (px / wave.1 * TAU + wave.0).sin();
            let px = px + 2.0 * (py / 35.0 * TAU + wave.0).cos();
            let black = glyphs
                .iter()
                .any(|(place, digit)| place.covers(digit, px, py));
            picture.set(x, y, black);
        }
    }
    strokes(&mut picture, chance);
    picture
}

/// Two curves across, and specks.
fn strokes(picture: &mut Picture, chance: &Chance) {
    let (width, height) = (picture.width(), picture.height());
    for _ in 0..2 {
        let middle = chance.between(0.3, 0.7) * height as f32;
        let (phase, high) = (chance.between(0.0, TAU), chance.between(6.0, 16.0));
        for x in 0..width {
            let y = middle + high * (x as f32 / width as f32 * TAU + phase).sin();
            picture.set(x, y as usize, true);
        }
    }
    for n in 0..60 {
        let x = chance.between(0.0, width as f32) as usize;
        let y = chance.between(0.0, height as f32) as usize;
        // Specks and holes alike.
        for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            picture.set(x + dx, y + dy, n % 3 > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A middling chance: nothing is turned, leaned or moved.
    fn half(bytes: &mut [u8]) {
        bytes.fill(0x80);
    }

    fn black(picture: &Picture) -> usize {
        let all = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
        all.filter(|(x, y)| picture.is_black(*x, *y)).count()
    }

    #[test]
    fn every_digit_is_drawn_and_unlike_every_other() {
        let drawn: Vec<Vec<u8>> = (0..10)
            .map(|n| draw(&n.to_string(), &Chance::new(half)).png())
            .collect();
        for (n, one) in drawn.iter().enumerate() {
            assert!(drawn[n + 1..].iter().all(|other| other != one), "{n}");
        }
    }

    #[test]
    fn a_picture_holds_much_of_both_and_is_small() {
        let picture = draw("20485", &Chance::new(half));
        let black = black(&picture);
        assert!((1_000..6_000).contains(&black), "{black}");
        assert!(picture.png().len() < 2_500);
    }
}
