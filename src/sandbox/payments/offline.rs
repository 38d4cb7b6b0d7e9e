//! What a buyer needs to pay without a card: the Pix code and its picture, and the numbers of a voucher.
//!
//! The codes have the published forms, check digits included, so that the reader of a shop takes them; they name the
//! sandbox and nobody's account.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, Crc, write::ZlibEncoder};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use qrcode::{Color, EcLevel, QrCode};
use std::io::Write;

use super::Payment;

/// Pixels of one module of a picture, and modules of white around it (ISO/IEC 18004 wants four).
const SCALE: usize = 3;
const MARGIN: usize = 4;

/// The code of a Pix payment: the BR Code of the central bank, which is the EMV merchant-presented form.
pub(super) fn pix(payment: &Payment) -> String {
    let field = |id: &str, value: &str| format!("{id}{:02}{value}", value.len());
    let account = field("00", "br.gov.bcb.pix") + &field("01", "00000000-0000-4000-8000-000000000000");
    let reference = field("05", &format!("mpqrinter{}", payment.id));
    let mut code = [
        field("00", "01"),
        field("26", &account),
        field("52", "0000"),
        field("53", "986"),
        field("54", &format!("{:.2}", payment.amount.units())),
        field("58", "BR"),
        field("59", "HOMOLOGA SANDBOX"),
        field("60", "SAO PAULO"),
        field("62", &reference),
    ]
    .concat();
    code.push_str("6304");
    let check = crc16(code.as_bytes());
    code.push_str(&format!("{check:04X}"));
    code
}

/// CRC-16 with the polynomial 0x1021 and all ones at the start, as EMV codes end with.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ (u16::from(*byte) << 8),
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
            },
        )
    })
}

/// The QR code of a text as a PNG picture in base64; `None` for a text that no QR code holds.
pub(super) fn picture(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = (width + 2 * MARGIN) * SCALE;
    let dark = |x: usize, y: usize| {
        let inside = |place: usize| (place / SCALE).checked_sub(MARGIN).filter(|place| *place < width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => modules.get(y * width + x) == Some(&Color::Dark),
            _ => false,
        }
    };
    let mut rows = Vec::with_capacity(side * (side / 8 + 2));
    for y in 0..side {
        // Each row begins with its filter, which is none; white is one.
        rows.push(0);
        for start in (0..side).step_by(8) {
            let bits = (0..8).fold(0u8, |bits, bit| {
                let x = start + bit;
                (bits << 1) | u8::from(x < side && !dark(x, y))
            });
            rows.push(bits);
        }
    }
    png(u32::try_from(side).ok()?, &rows).map(|png| STANDARD.encode(png))
}

/// A square picture of one bit for each pixel (PNG, ISO/IEC 15948).
fn png(side: u32, rows: &[u8]) -> Option<Vec<u8>> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(rows).ok()?;
    let packed = packed.finish().ok()?;
    let mut head = [side.to_be_bytes(), side.to_be_bytes()].concat();
    head.extend([1, 0, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [(b"IHDR", head.as_slice()), (b"IDAT", &packed), (b"IEND", &[])] {
        let mut check = Crc::new();
        check.update(kind);
        check.update(data);
        png.extend(u32::try_from(data.len()).ok()?.to_be_bytes());
        png.extend_from_slice(kind);
        png.extend_from_slice(data);
        png.extend(check.sum().to_be_bytes());
    }
    Some(png)
}

/// The numbers of a voucher.
pub(super) struct Voucher {
    /// What the bar code says.
    pub(super) barcode: String,
    /// What a person types instead, where there is such a thing.
    pub(super) line: Option<String>,
}

/// The voucher of a payment: a boleto in the form of the Brazilian banks, elsewhere digits of the sandbox's own.
pub(super) fn voucher(payment: &Payment) -> Voucher {
    let cents = (payment.amount.units() * 100.0).round() as u64;
    if payment.site.id == "MLB" && payment.method.id == "bolbradesco" {
        return boleto(payment.id, cents, payment.expires.unwrap_or(payment.created));
    }
    Voucher { barcode: format!("3335{:012}{cents:012}", payment.id % 1_000_000_000_000), line: None }
}

/// Bar code of 44 digits and its typed line of 47, with check digits modulo 11 and 10.
fn boleto(id: u64, cents: u64, due: Timestamp) -> Voucher {
    // Days since 29 May 2022, plus 1000: the factor began anew in February 2025.
    let due = due.to_zoned(TimeZone::UTC).date();
    let days = due.since(date(2022, 5, 29)).map_or(0, |span| i64::from(span.get_days()));
    let factor = format!("{:04}", (1000 + days).clamp(1000, 9999));
    let amount = format!("{:010}", cents % 10_000_000_000);
    let free = format!("{:025}", id);
    let before = "2379";
    let sum: u32 = format!("{before}{factor}{amount}{free}")
        .bytes()
        .rev()
        .zip((2..=9).cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = match 11 - sum % 11 {
        digit @ 1..=9 => digit,
        _ => 1,
    };
    let part = |digits: String| format!("{digits}{}", modulo_10(&digits));
    let (one, two, three) = (free.get(..5), free.get(5..15), free.get(15..25));
    let fields = [
        part(format!("{before}{}", one.unwrap_or_default())),
        part(two.unwrap_or_default().to_owned()),
        part(three.unwrap_or_default().to_owned()),
        format!("{check}{factor}{amount}"),
    ];
    Voucher { barcode: format!("{before}{check}{factor}{amount}{free}"), line: Some(fields.concat()) }
}

/// The check digit with the weights two and one from the right, digits of products added up.
fn modulo_10(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let product = u32::from(digit - b'0') * if place % 2 == 0 { 2 } else { 1 };
            product / 10 + product % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_sums_are_those_of_the_published_examples() {
        // The check value of CRC-16/CCITT-FALSE.
        assert_eq!(crc16(b"123456789"), 0x29B1);
        // The code of the manual of the central bank of Brazil ends with this check.
        let code = "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***6304";
        assert_eq!(crc16(code.as_bytes()), 0x1D3D);
        // The typed line 00190.50095 40144.816069 06809.350314 of the banks' manual.
        assert_eq!([modulo_10("001905009"), modulo_10("4014481606"), modulo_10("0680935031")], [5, 9, 4]);
    }

    #[test]
    fn a_boleto_has_its_lengths_and_check_digits() {
        let due = "2026-11-23T12:00:00Z".parse().unwrap();
        let voucher = boleto(130_000_000_001, 5800, due);
        let line = voucher.line.unwrap();
        assert_eq!((voucher.barcode.len(), line.len()), (44, 47));
        assert!(voucher.barcode.bytes().chain(line.bytes()).all(|byte| byte.is_ascii_digit()));
        assert_eq!(&voucher.barcode[5..9], "2639");
        assert_eq!(&voucher.barcode[9..19], "0000005800");
        assert_eq!(&line[32..33], &voucher.barcode[4..5]);
    }

    #[test]
    fn a_picture_is_a_png_of_its_size() {
        let bytes = STANDARD.decode(picture("homologa").unwrap()).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"));
        // 21 modules and the margin on both sides.
        assert_eq!(bytes[16..20], (29 * 3u32).to_be_bytes());
        let mut rows = Vec::new();
        let packed = &bytes[41..bytes.len() - 16];
        std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(packed), &mut rows).unwrap();
        assert_eq!(rows.len(), 87 * 12);
    }
}
