//! From bytes to text.

use crate::{NotIndexed, text_of};

#[test]
fn text_is_told_from_bytes() {
    let utf16 = |text: &str, mark: [u8; 2], write: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(text.encode_utf16().flat_map(write)).collect::<Vec<u8>>()
    };
    for (bytes, expected) in [
        (b"class A".to_vec(), Ok("class A")),
        (b"\xef\xbb\xbfclass A".to_vec(), Ok("class A")),
        (b"a\xff\nb".to_vec(), Ok("a\u{fffd}\nb")),
        (utf16("Größe 😀\r\n", [0xff, 0xfe], u16::to_le_bytes), Ok("Größe 😀\r\n")),
        (utf16("Größe", [0xfe, 0xff], u16::to_be_bytes), Ok("Größe")),
        (utf16("a\0b", [0xff, 0xfe], u16::to_le_bytes), Err(NotIndexed::Binary)),
        // A lone surrogate.
        (vec![0xff, 0xfe, 0x00, 0xd8], Err(NotIndexed::Binary)),
        (b"class A\0".to_vec(), Err(NotIndexed::Binary)),
        (utf16("class A", [b'x', 0], u16::to_le_bytes), Err(NotIndexed::Binary)),
        (vec![0xff, 0xfe], Ok("")),
        (Vec::new(), Ok("")),
    ] {
        assert_eq!(text_of(&bytes).as_deref(), expected.as_ref().copied(), "{bytes:?}");
    }
}
