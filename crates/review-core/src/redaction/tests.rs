//! Samples are put together while the tests run, so that scanners do not take this file for a leak.

use super::{FoundSecret, Redactor, has_placeholder};

mod key_files;
mod ordinary_code;
mod ours;
mod private_keys;
mod properties;
mod samples;

fn redactor() -> Redactor {
    Redactor::new(b"salt of the tests", &[])
}

fn redacted(text: &str) -> String {
    redactor().redact(text).text.into_owned()
}

fn rules(text: &str) -> Vec<&'static str> {
    redactor().redact(text).found.iter().map(|secret| secret.rule).collect()
}

#[test]
fn the_same_secret_is_the_same_placeholder_everywhere_in_a_run() {
    let one = samples::github();
    let other = samples::github().replace('a', "b");
    let text = redacted(&format!("{one}\nlet token = \"{one}\";\n{other}\n"));
    let lines: Vec<&str> = text.lines().collect();
    assert!(has_placeholder(&text));
    assert_eq!(lines[1], format!("let token = \"{}\";", lines[0]));
    assert!(lines[2].starts_with("[redacted:github-token:") && lines[2] != lines[0], "{text}");
}

#[test]
fn another_salt_gives_other_placeholders() {
    let secret = samples::github();
    let by = |salt: &[u8]| Redactor::new(salt, &[]).redact(&secret).text.into_owned();
    assert_eq!(by(b"one"), by(b"one"));
    assert_ne!(by(b"one"), by(b"two"));
    insta::assert_snapshot!(by(b"one"), @"[redacted:github-token:3dc573]");
}

#[test]
fn what_was_found_is_told_by_line_and_never_by_value() {
    let text = format!("a\nb {}\n\n{} {}\n", samples::github(), samples::aws_id(), samples::npm());
    let found = redactor().redact(&text).found;
    let expected = [(2, "github-token"), (4, "aws-access-key"), (4, "npm-token")];
    assert_eq!(found, expected.map(|(line, rule)| FoundSecret { line, rule }));
    assert_eq!(format!("{:?}", Redactor::new(b"salt-x", &["hunter2-hunter3"])), "Redactor { .. }");
}

#[test]
fn the_words_around_a_secret_stay() {
    let (key, password) = (samples::aws_secret(), samples::password());
    let cases = [
        (format!("aws_secret_access_key = {key}\nregion = eu-west-1\n"), "aws_secret_access_key = §\nregion = eu-west-1\n"),
        (format!("postgres://app:{password}@db:5432/orders"), "postgres://app:§@db:5432/orders"),
        (format!("Server=db;User Id=app;Password={password};Encrypt=true"), "Server=db;User Id=app;Password=§;Encrypt=true"),
        (format!("Authorization: Bearer {}\r\nHost: x\r\n", samples::opaque(40)), "Authorization: Bearer §\r\nHost: x\r\n"),
        (format!("{{\"password\": \"{password}\", \"port\": 1}}"), "{\"password\": \"§\", \"port\": 1}"),
        (format!("<add key=\"ApiKey\" value=\"{}\" />", samples::opaque(24)), "<add key=\"ApiKey\" value=\"§\" />"),
        (format!("https://a.test/b?sv=1&sig={}&se=2", samples::sas()), "https://a.test/b?sv=1&sig=§&se=2"),
    ];
    let placeholder = regex::Regex::new(r"\[redacted:[^\]]*\]").unwrap();
    for (text, expected) in cases {
        assert_eq!(placeholder.replace_all(&redacted(&text), "§"), expected, "{text}");
    }
}

#[test]
fn a_text_without_secrets_is_not_copied() {
    let text = "fn main() {}\n";
    assert!(matches!(redactor().redact(text).text, std::borrow::Cow::Borrowed(_)));
}

#[test]
fn a_secret_inside_of_another_leaves_no_end_of_it() {
    let ours = "mine-0a1b2c3d4e";
    let text = format!("password = \"{ours}-and-More5\"");
    let redacted = Redactor::new(b"s", &[ours]).redact(&text);
    assert_eq!(redacted.found, [FoundSecret { line: 1, rule: "own-secret" }]);
    assert!(!redacted.text.contains("More5"), "{}", redacted.text);
}

/// A megabyte of code takes some tens of milliseconds in release; the bound here is for machines that are busy, in debug.
#[test]
fn hostile_lines_take_no_more_than_their_length() {
    let frame = format!("-----BEGIN {} KEY-----", "PRIVATE");
    let pieces = [
        "password=".to_owned(),
        "password=\"".to_owned(),
        "token: token: ".to_owned(),
        "eyJ-".to_owned(),
        "eyJaaaaaaaaaaaa.".to_owned(),
        "sk-proj-".to_owned(),
        "://a:".to_owned(),
        "bearer ".to_owned(),
        "&sig=".to_owned(),
        ";password=a1;".to_owned(),
        "ghp_".to_owned() + &"a1B2".repeat(20),
        "[redacted:a:000000]".to_owned(),
        "xoxb-1".to_owned(),
        frame.clone(),
        frame.clone() + "\\nMIIE",
        frame + "\nMIIEv8a7b6c5d4MIIEv8a7b6c5d4MIIEv8a7b6c5d4\n",
        "a2b3".to_owned(),
        "\u{e4}secret:".to_owned(),
    ];
    for piece in pieces {
        let text = piece.repeat(300_000 / piece.len());
        let redacted = redactor().redact(&text);
        assert_eq!(redacted.text.matches('\n').count(), text.matches('\n').count(), "{piece}");
    }
}
