//! Private keys between their frames (PEM, OpenSSH, SSH2, PGP, `PuTTY`), on lines of their own or in one string.
//!
//! The frames stay, and so do the lines: a reviewer must see that a key is there. Lines may carry what a listing, a diff, a
//! comment or a string literal puts before and after them.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{Hit, plausible, rank};

const RULE: &str = "private-key";

/// What the frames of all forms have; the scanner calls [`hits_at`] where one of them stands.
pub(super) const KEYWORDS: &[&str] = &["----begin ", "---- begin ", "private-lines:"];

/// A line of a key without its end has at least so many letters; shorter ones belong to it only when its end is there.
const MIN_BODY: usize = 40;
/// Between frames a key has this much at least, or what stands there is no key (a variable that a program puts there).
const MIN_KEY: usize = 24;
/// No key is longer.
const MAX_LINES: usize = 400;
/// What a listing, a comment or a literal puts before a line of a key.
const MAX_PREFIX: usize = 48;

/// The secret lines of the key whose frame begins at `start`; none, when this is no private key.
pub(super) fn hits_at(text: &str, start: usize) -> Vec<Hit> {
    static FRAME: LazyLock<Regex> = LazyLock::new(|| {
        let kinds = r"---- ?BEGIN (?:[A-Za-z0-9]+ ){0,4}PRIVATE KEY(?: BLOCK)? ?----[-]?|Private-Lines: ?[0-9]{1,4}";
        Regex::new(&format!("^(?:{kinds})")).expect("a constant expression")
    });
    let Some(rest) = text.get(start..) else { return Vec::new() };
    // Never the whole rest of the text: a frame is short.
    let head = rest.get(..rest.floor_char_boundary(120)).unwrap_or_default();
    let Some(frame) = FRAME.find(head) else { return Vec::new() };
    let after = start + frame.end();
    let rest = text.get(after..).unwrap_or_default();
    if let Some(inside) = inline_body(rest) {
        let span = after + inside.start..after + inside.end;
        let secret = body_letters(&text.get(span.clone()).unwrap_or_default().replace("\\n", "").replace("\\r", ""));
        return vec![hit(span, secret, false)];
    }
    // A frame that ends its line has little after it; a line is not searched for its end from each frame in it.
    let line_end = rest.bytes().take(MAX_PREFIX).position(|byte| byte == b'\n');
    line_end.map_or_else(Vec::new, |length| lines_of_key(text, after + length))
}

fn hit(span: Range<usize>, secret: String, continues: bool) -> Hit {
    Hit { span, rule: RULE, rank: rank::PRIVATE_KEY, secret, continues }
}

/// The key on the line of its frame, with `\n` for the line breaks: `"-----BEGIN PRIVATE KEY-----\nMIIE…\n-----END`.
fn inline_body(line: &str) -> Option<Range<usize>> {
    let bytes = line.as_bytes();
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let is_frame = *byte == b'-' && bytes.get(end + 1) == Some(&b'-');
        if is_frame || !(is_base64(*byte) || matches!(byte, b'\\' | b' ' | b'\t' | b':' | b',' | b'-')) {
            break;
        }
        end += 1;
    }
    let mut body = line.get(..end)?;
    loop {
        let shorter = body.trim_start_matches([' ', '\t', ',']);
        let shorter = ["\\\\n", "\\\\r", "\\n", "\\r"].iter().find_map(|mark| shorter.strip_prefix(mark)).unwrap_or(shorter);
        if shorter.len() == body.len() {
            break;
        }
        body = shorter;
    }
    let start = end - body.len();
    loop {
        let shorter = body.trim_end_matches([' ', '\t', ',', '\\']);
        let shorter = ["\\n", "\\r"].iter().find_map(|mark| shorter.strip_suffix(mark)).unwrap_or(shorter);
        if shorter.len() == body.len() {
            break;
        }
        body = shorter;
    }
    is_key_material(&body_letters(body)).then_some(start..start + body.len())
}

/// The lines after the frame that are base64, up to the end of the key or of what looks like one.
fn lines_of_key(text: &str, frame_end: usize) -> Vec<Hit> {
    let mut spans: Vec<Range<usize>> = Vec::new();
    // Short lines are decided by what follows.
    let mut certain = 0;
    let mut at = frame_end;
    for _ in 0..MAX_LINES {
        if at >= text.len() {
            break;
        }
        let start = at + 1;
        let end = end_of_line(text, start);
        let Some(line) = text.get(start..end) else { break };
        at = end;
        match kind_of(line) {
            LineOfKey::Body(part) => {
                let is_long = part.len() >= MIN_BODY;
                spans.push(start + part.start..start + part.end);
                if is_long {
                    certain = spans.len();
                }
            }
            LineOfKey::Between => {}
            LineOfKey::End => {
                certain = spans.len();
                break;
            }
            LineOfKey::Other => break,
        }
    }
    spans.truncate(certain);
    let secret: String = spans.iter().filter_map(|span| text.get(span.clone())).collect();
    if !is_key_material(&secret) {
        return Vec::new();
    }
    let hits = spans.into_iter().enumerate().map(|(index, span)| hit(span, secret.clone(), index > 0));
    hits.collect()
}

enum LineOfKey {
    /// Where the letters are.
    Body(Range<usize>),
    /// Nothing, or a header such as `DEK-Info: AES-128-CBC,…`.
    Between,
    End,
    Other,
}

fn kind_of(line: &str) -> LineOfKey {
    static HEADER: LazyLock<Regex> = LazyLock::new(|| {
        let names = "Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject|x-[A-Za-z-]+";
        Regex::new(&format!("^[^A-Za-z]{{0,24}}(?:b[0-9]+ . )?(?:{names}): ")).expect("a constant expression")
    });
    if ["----END ", "---- END ", "Private-MAC:"].iter().any(|mark| line.contains(mark)) {
        return LineOfKey::End;
    }
    // Another frame would read the lines behind it a second time.
    if ["----BEGIN ", "---- BEGIN ", "Private-Lines:"].iter().any(|mark| line.contains(mark)) {
        return LineOfKey::Other;
    }
    let mut kept = line;
    loop {
        let shorter =
            kept.trim_end_matches([' ', '\t', '\r', '"', '\'', '`', ',', ';', '\\', ')', ']', '}', '|', '.', '>', '&', '_']);
        // ` +` at the end joins literals; a `+` that follows a letter belongs to the key.
        let shorter = shorter.strip_suffix(" +").unwrap_or(shorter);
        let shorter = ["\\n", "\\r"].iter().find_map(|mark| shorter.strip_suffix(mark)).unwrap_or(shorter);
        if shorter.len() == kept.len() {
            break;
        }
        kept = shorter;
    }
    let mut letters = kept.len() - kept.bytes().rev().take_while(|byte| is_base64(*byte)).count();
    if letters == 0 && kept.starts_with('+') {
        // The mark of an added line in a diff.
        letters = 1;
    }
    let (prefix, body) = (kept.get(..letters).unwrap_or_default(), kept.get(letters..).unwrap_or_default());
    if HEADER.is_match(line) {
        LineOfKey::Between
    } else if body.is_empty() || body.bytes().all(|byte| matches!(byte, b'+' | b'/')) {
        let is_blank = !prefix.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_blank && prefix.len() <= MAX_PREFIX { LineOfKey::Between } else { LineOfKey::Other }
    } else if is_listing(prefix) {
        LineOfKey::Body(letters..letters + body.len())
    } else {
        LineOfKey::Other
    }
}

/// Whether this is what may stand before a line of a key: indentation, numbers of lines, marks of a diff, of a comment or
/// of a literal, but no words.
fn is_listing(prefix: &str) -> bool {
    let letters = prefix.split(|character: char| !character.is_ascii_alphanumeric());
    let is_number = |part: &str| part.trim_start_matches('b').bytes().all(|byte| byte.is_ascii_digit());
    prefix.len() <= MAX_PREFIX && letters.into_iter().all(is_number)
}

fn body_letters(text: &str) -> String {
    text.chars().filter(|character| u8::try_from(*character).is_ok_and(is_base64)).collect()
}

fn is_key_material(letters: &str) -> bool {
    letters.len() >= MIN_KEY && plausible::has_letter_and_digit(letters) && plausible::has_entropy(letters, 3.5)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn end_of_line(text: &str, from: usize) -> usize {
    text.get(from..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| from + length)
}
