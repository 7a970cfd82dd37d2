//! Keys of several lines, as files, listings, diffs and string literals hold them.

use super::{redacted, rules, samples::opaque};

fn frame(edge: &str, kind: &str) -> String {
    format!("-----{edge} {kind}PRI{} KEY-----", "VATE")
}

fn body() -> Vec<String> {
    let all: String = opaque(64 * 3 + 20);
    all.as_bytes().chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect()
}

/// The key with something before and after each line.
fn key(kind: &str, before: &str, after: &str) -> String {
    framed(kind, &body(), before, after)
}

fn framed(kind: &str, body: &[String], before: &str, after: &str) -> String {
    let mut lines = vec![frame("BEGIN", kind)];
    lines.extend_from_slice(body);
    lines.push(frame("END", kind));
    lines.iter().fold(String::new(), |text, line| text + before + line + after + "\n")
}

#[test]
fn frames_and_lines_stay_and_the_letters_go() {
    for kind in ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "] {
        let text = format!("a\n{}b\n", key(kind, "", ""));
        let redacted = redacted(&text);
        let lines: Vec<&str> = redacted.lines().collect();
        assert_eq!(lines.len(), text.lines().count());
        assert_eq!((lines[0], lines[1], lines[6], lines[7]), ("a", &*frame("BEGIN", kind), &*frame("END", kind), "b"));
        assert!(lines[2].starts_with("[redacted:private-key:") && lines[2].ends_with(']'), "{redacted}");
        assert!(lines[2..6].iter().all(|line| *line == lines[2]), "{redacted}");
        assert_eq!(rules(&text), ["private-key"]);
    }
}

#[test]
fn what_a_listing_or_a_literal_adds_stays() {
    let cases = [
        ("    ", ""),
        ("+", ""),
        ("-  ", ""),
        ("   12 + ", ""),
        (">  b30 - ", ""),
        ("   12 + \t\"", "\\n\" +"),
        ("# ", ""),
        (" * ", ""),
        ("// ", ""),
        ("  \"", "\","),
        ("\"", "\\n\""),
        ("", "\r"),
        ("", "\\"),
    ];
    let bare = redacted(&key("", "", ""));
    let placeholders = vec![bare.lines().nth(1).unwrap().to_owned(); body().len()];
    for (before, after) in cases {
        assert_eq!(redacted(&key("", before, after)), framed("", &placeholders, before, after), "{before:?} {after:?}");
    }
}

#[test]
fn a_key_in_one_string_is_the_same_secret() {
    let bare = redacted(&key("", "", ""));
    let placeholder = bare.lines().nth(1).unwrap();
    for mark in ["\\n", "\\r\\n", " "] {
        let text = format!("{{\"private_key\": \"{}\", \"x\": 1}}", key("", "", "").trim_end().replace('\n', mark));
        let expected =
            format!("{{\"private_key\": \"{}{mark}{placeholder}{mark}{}\", \"x\": 1}}", frame("BEGIN", ""), frame("END", ""));
        assert_eq!(redacted(&text), expected);
    }
}

#[test]
fn a_key_that_is_cut_off_is_found_as_far_as_it_goes() {
    let cut = key("", "  ", "").lines().take(3).fold(String::new(), |text, line| text + line + "\n") + "fn other() {}\n";
    let redacted = redacted(&cut);
    assert_eq!(redacted.matches("[redacted:private-key:").count(), 2, "{redacted}");
    assert!(redacted.ends_with("\nfn other() {}\n"));
}

#[test]
fn headers_of_pgp_and_of_encrypted_keys_stay() {
    let block = format!("PGP {} KEY BLOCK-----", "PRIVATE");
    let lines = body();
    let text = format!("-----BEGIN {block}\nVersion: GnuPG v2\n\n{}\n=aB1c\n-----END {block}\n", lines.join("\n"));
    let shown = redacted(&text);
    assert!(shown.contains("\nVersion: GnuPG v2\n\n[redacted:private-key:"), "{shown}");
    assert!(!shown.contains("aB1c"), "the checksum belongs to the key: {shown}");
    assert_eq!(shown.lines().count(), text.lines().count());
}

#[test]
fn putty_keys_are_keys() {
    let text = format!("Encryption: none\nPri{}-Lines: 3\n{}\n{}\nPrivate-MAC: 00\n", "vate", body()[0], body()[1]);
    assert_eq!(rules(&text), ["private-key"]);
}

#[test]
fn certificates_public_keys_and_code_about_keys_stay() {
    let lines = body().join("\n");
    let texts = [
        format!("-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"),
        format!("-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"),
        format!(
            "const BEGIN: &str = \"{}\";\nfn parse(text: &str) -> Option<Key> {{\n    decode(text)\n}}\n",
            frame("BEGIN", "")
        ),
        format!("pem = \"{}\\n\" +\n    encodedKeyBody +\n    \"\\n{}\"\n", frame("BEGIN", ""), frame("END", "")),
        format!("{}\n...\n{}\n", frame("BEGIN", ""), frame("END", "")),
        format!("\"{}\\n${{body}}\\n{}\"", frame("BEGIN", "RSA "), frame("END", "RSA ")),
    ];
    for text in texts {
        assert_eq!(redacted(&text), text);
    }
}
