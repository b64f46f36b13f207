//! A black-and-white picture as PNG, with nothing but what every browser reads: one bit per pixel, rows
//! that are stored as they are. A picture of digits is two kilobytes so.

/// Pixels in rows; false is white.
#[derive(Clone, Debug)]
pub struct Picture {
    width: usize,
    pixels: Vec<bool>,
}

impl Picture {
    /// A white picture.
    pub fn new(width: usize, height: usize) -> Self {
        Picture {
            width,
            pixels: vec![false; width * height],
        }
    }

    /// In pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    pub fn height(&self) -> usize {
        self.pixels.len() / self.width
    }

    /// Whether a pixel is black; those outside are white.
    #[cfg(test)]
    pub fn is_black(&self, x: usize, y: usize) -> bool {
        x < self.width && self.pixels.get(y * self.width + x) == Some(&true)
    }

    /// Sets a pixel; those outside don't matter.
    pub fn set(&mut self, x: usize, y: usize, black: bool) {
        if x < self.width
            && let Some(pixel) = self.pixels.get_mut(y * self.width + x)
        {
            *pixel = black;
        }
    }

    /// The picture as a PNG file. It is at most 64 KiB large before it is wrapped.
    pub fn png(&self) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut header = Vec::new();
        for length in [self.width, self.height()] {
            header.extend(u32::try_from(length).unwrap_or(0).to_be_bytes());
        }
        // One bit per pixel, grey, and the only compression, filter and order that there are.
        header.extend([1, 0, 0, 0, 0]);
        chunk(&mut file, b"IHDR", &header);
        chunk(&mut file, b"IDAT", &zlib(&self.rows()));
        chunk(&mut file, b"IEND", &[]);
        file
    }

    fn rows(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for row in self.pixels.chunks(self.width) {
            bytes.push(0);
            for eight in row.chunks(8) {
                let bits = (0..8).map(|n| !eight.get(n).copied().unwrap_or(false));
                bytes.push(bits.fold(0, |byte, white| byte << 1 | u8::from(white)));
            }
        }
        bytes
    }
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let start = file.len();
    file.extend(name);
    file.extend(data);
    let check = crc32(&file[start..]);
    file.extend(check.to_be_bytes());
}

/// One stored block, as zlib wraps it.
fn zlib(data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    let mut out = vec![0x78, 0x01, 1];
    out.extend(length.to_le_bytes());
    out.extend((!length).to_le_bytes());
    out.extend(&data[..usize::from(length)]);
    out.extend(adler32(data).to_be_bytes());
    out
}

fn adler32(data: &[u8]) -> u32 {
    let (a, b) = data.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

fn crc32(data: &[u8]) -> u32 {
    let step = |crc: u32| match crc & 1 {
        0 => crc >> 1,
        _ => crc >> 1 ^ 0xedb8_8320,
    };
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(adler32(b"Wikipedia"), 0x11e6_0398);
    }

    #[test]
    fn a_picture_is_a_png_file_byte_for_byte() {
        let mut picture = Picture::new(9, 1);
        picture.set(1, 0, true);
        picture.set(8, 0, true);
        picture.set(9, 5, true);
        let file = picture.png();
        assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(
            &file[8..33],
            b"\0\0\0\x0dIHDR\0\0\0\x09\0\0\0\x01\x01\0\0\0\0\x24\xb9\xb9\xd0"
        );
        let stored = [0x78, 1, 1, 3, 0, 0xfc, 0xff, 0, 0b1011_1111, 0b0111_1111];
        assert_eq!(&file[41..51], stored);
        assert_eq!(&file[file.len() - 12..], b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
