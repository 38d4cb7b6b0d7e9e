//! Pictures of elements, cut out of the picture of their page: the browser paints the page anew for each one, which
//! takes many times as long.
//!
//! Not responsible for where an element stands, nor for what lies beyond the picture of the page.

use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Limits};

use crate::golive::evidence::Screenshot;

/// Most bytes that the pixels of a page may take: far above the largest picture that is asked for.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// The pixels of a picture.
pub struct Sheet {
    pub(super) width: u32,
    pub(super) height: u32,
    color: ColorType,
    pixels: Vec<u8>,
}

impl Sheet {
    /// Reads a picture as browsers make them; `None` for any other.
    pub fn of(picture: &Screenshot) -> Option<Sheet> {
        let cursor = std::io::Cursor::new(&*picture.png);
        let mut reader = Decoder::new_with_limits(cursor, Limits { bytes: MOST_BYTES }).read_info().ok()?;
        let size = reader.output_buffer_size().filter(|size| *size <= MOST_BYTES)?;
        let mut pixels = vec![0; size];
        let frame = reader.next_frame(&mut pixels).ok()?;
        let plain = frame.bit_depth == BitDepth::Eight && matches!(frame.color_type, ColorType::Rgb | ColorType::Rgba);
        pixels.truncate(frame.buffer_size());
        plain.then_some(Sheet { width: frame.width, height: frame.height, color: frame.color_type, pixels })
    }

    /// The picture of a part; `None` when some of it lies outside.
    pub(super) fn cut(&self, area: Area) -> Option<Screenshot> {
        let inside =
            |from: u32, length: u32, whole: u32| length > 0 && from.checked_add(length).is_some_and(|end| end <= whole);
        if !inside(area.x, area.width, self.width) || !inside(area.y, area.height, self.height) {
            return None;
        }
        let samples = self.color.samples();
        let line = self.width as usize * samples;
        let (from, length) = (area.x as usize * samples, area.width as usize * samples);
        let lines = self.pixels.chunks_exact(line).skip(area.y as usize).take(area.height as usize);
        let pixels: Vec<u8> = lines.filter_map(|line| line.get(from..from + length)).flatten().copied().collect();
        let mut png = Vec::new();
        let mut encoder = Encoder::new(&mut png, area.width, area.height);
        encoder.set_color(self.color);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header().ok()?;
        writer.write_image_data(&pixels).ok()?;
        writer.finish().ok()?;
        Some(Screenshot { width: area.width, height: area.height, png: png.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose pixels tell their place.
    fn sheet(width: u32, height: u32) -> Sheet {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| [x, y, 7]));
        let pixels = places.flatten().map(|value| u8::try_from(value).unwrap()).collect();
        Sheet { width, height, color: ColorType::Rgb, pixels }
    }

    #[test]
    fn a_part_has_the_pixels_of_its_place() {
        let whole = sheet(20, 10);
        let part = whole.cut(Area { x: 3, y: 4, width: 5, height: 2 }).unwrap();
        assert_eq!((part.width, part.height), (5, 2));
        let read = Sheet::of(&part).unwrap();
        assert_eq!((read.width, read.height), (5, 2));
        assert_eq!(&read.pixels[..6], [3, 4, 7, 4, 4, 7]);
        assert_eq!(&read.pixels[15..18], [3, 5, 7]);
    }

    #[test]
    fn what_lies_outside_is_left_to_the_browser() {
        let whole = sheet(20, 10);
        for (x, y, width, height) in [(16, 0, 5, 2), (0, 9, 2, 2), (u32::MAX, 0, 2, 2), (0, 0, 0, 1)] {
            assert!(whole.cut(Area { x, y, width, height }).is_none());
        }
        assert!(whole.cut(Area { x: 0, y: 0, width: 20, height: 10 }).is_some());
    }

    #[test]
    fn what_is_no_picture_is_no_sheet() {
        for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", b"GIF89a"] {
            assert!(Sheet::of(&Screenshot { width: 1, height: 1, png: bytes.into() }).is_none());
        }
    }
}
