//! From the bytes of a file to its text.

use std::borrow::Cow;

use crate::NotIndexed;

/// git looks at so many bytes to tell whether a file is text.
const LOOKED_AT: usize = 8000;

/// The text of a file: UTF-8, with replacement characters where it is not, or UTF-16 when a byte order mark says so (as
/// PowerShell and SQL Server's tools write). Lines keep their numbers.
pub fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>, NotIndexed> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ if bytes.iter().take(LOOKED_AT).any(|byte| *byte == 0) => Err(NotIndexed::Binary),
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(String::from_utf8_lossy(rest)),
        _ => Ok(String::from_utf8_lossy(bytes)),
    }
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<Cow<'static, str>, NotIndexed> {
    let (units, _half) = bytes.as_chunks::<2>();
    let units = units.iter().map(|pair| read(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.ok().filter(|text| !text.contains('\0')).map(Cow::Owned).ok_or(NotIndexed::Binary)
}
