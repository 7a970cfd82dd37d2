//! What holds for every text.

use proptest::prelude::*;

use super::{super::Redactor, samples};

/// Pieces that the rules look for, among others.
fn piece() -> impl Strategy<Value = String> {
    let secrets: Vec<String> = samples::all().into_iter().flat_map(|(text, secret, _)| [text, secret]).collect();
    #[rustfmt::skip]
    let marks = [
        "\n", "\r\n", " ", "\"", "'", "=", ": ", "password", "token = ", "secret", "Bearer ", "://", "@", ";password=", "&sig=",
        "eyJ", ".", "\\n", "-----", "[redacted:jwt:0a1b2c]", "[redacted:", "ä", "\u{1f600}", "+", "sk-", "ghp_", "own-Secret-77",
    ];
    let frames = ["BEGIN", "END"].map(|edge| format!("-----{edge} RSA PRI{} KEY-----\n", "VATE"));
    let lines = vec![samples::opaque(64) + "\n", "  ".to_owned() + &samples::opaque(64) + "\n", "   12 + ".to_owned()];
    prop_oneof![
        3 => prop::sample::select(secrets),
        6 => prop::sample::select(marks.map(str::to_owned).to_vec()),
        2 => prop::sample::select(frames.to_vec()),
        2 => prop::sample::select(lines),
        2 => "[ -~]{0,30}",
        1 => "\\PC{0,10}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn lines_keep_their_numbers_and_redacting_again_changes_nothing(text in text()) {
        let redactor = Redactor::new(b"salt", &["own-Secret-77"]);
        let once = redactor.redact(&text);
        prop_assert_eq!(once.text.matches('\n').count(), text.matches('\n').count());
        prop_assert_eq!(once.text.matches('\r').count(), text.matches('\r').count());
        let again = redactor.redact(&once.text);
        prop_assert_eq!(&again.text, &once.text);
        prop_assert!(again.found.is_empty(), "{:?}", again.found);
        let other = Redactor::new(b"another salt", &[]).redact(&once.text);
        prop_assert_eq!(&other.text, &once.text, "another run's placeholders stay");
    }

    #[test]
    fn what_is_no_secret_keeps_its_bytes(text in text()) {
        let redacted = Redactor::new(b"salt", &["own-Secret-77"]).redact(&text);
        for (line, shown) in text.split('\n').zip(redacted.text.split('\n')) {
            prop_assert!(is_with_gaps(line, shown), "{:?} became {:?}", line, shown);
        }
        let lines: Vec<&str> = redacted.text.split('\n').collect();
        for secret in &redacted.found {
            let line = lines[usize::try_from(secret.line).unwrap() - 1];
            prop_assert!(line.contains("[redacted:"), "line {} says {line:?}", secret.line);
        }
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands(before in "(?s)[ -~]{0,20}[\n ;(]", sample in prop::sample::select(samples::all())) {
        let (text, secret, _) = sample;
        let redacted = Redactor::new(b"salt", &[]).redact(&format!("{before}\n{text}\n")).text.into_owned();
        prop_assert!(!redacted.contains(&secret), "{}", redacted);
    }
}

/// Whether `shown` is `line` with placeholders in the place of parts of it.
fn is_with_gaps(line: &str, shown: &str) -> bool {
    let placeholder = regex::Regex::new(r"\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{6}\]").unwrap();
    let kept: Vec<&str> = placeholder.split(shown).collect();
    let Some(mut rest) = line.strip_prefix(kept[0]) else { return false };
    for part in &kept[1..] {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    line.ends_with(kept[kept.len() - 1])
}
