//! The operator's own secrets.

use super::super::Redactor;

fn found(known: &str, text: &str) -> bool {
    let redacted = Redactor::new(b"salt", &[known]).redact(text);
    let is_found = redacted.found.iter().any(|secret| secret.rule == "own-secret");
    assert_eq!(is_found, redacted.text != text);
    is_found
}

#[test]
fn they_are_found_wherever_they_stand() {
    let ours = "Winter-Schloss-71";
    for text in ["Winter-Schloss-71", "xWinter-Schloss-71y", "let a = 'Winter-Schloss-71';", "a\nb Winter-Schloss-71\n"] {
        assert!(found(ours, text), "{text}");
    }
    assert!(!found(ours, "winter-schloss-71 Winter-Schloss-7"));
}

#[test]
fn they_are_found_in_urls_and_in_base64() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let ours = "p&ss/wort=1234567";
    assert!(found(ours, "https://u:p%26ss%2Fwort%3D1234567@a.test"));
    for user in ["", "a:", "ab:", "abc:", "abcd:"] {
        for end in ["", "\n", "zz"] {
            let encoded = STANDARD.encode(format!("{user}{ours}{end}"));
            assert!(found(ours, &format!("secret is {encoded}")), "{user}");
        }
    }
}

#[test]
fn words_and_short_ones_are_passed_over() {
    for word in ["ollama", "password", "Development", "my-secret", "not-needed", "EMPTY", "sk-1234", "00000000", "", "  "] {
        assert!(!found(word, &format!("let model = \"{word}\"; {word}")), "{word}");
    }
    for secret in ["hunter2hunter2", "xKqPwZmTab", "Summer2024", "abc-DEF-12345"] {
        assert!(found(secret, &format!("let model = {secret};")), "{secret}");
    }
}

#[test]
fn a_key_of_several_lines_is_found_line_by_line() {
    let key = format!("-----BEGIN {0} KEY-----\nq1w2e3r4t5z6u7i8o9p0\na1s2d3f4g5h6j7k8l9\n-----END {0} KEY-----\n", "PRIVATE");
    let redacted = Redactor::new(b"salt", &[&key]).redact("x q1w2e3r4t5z6u7i8o9p0 y\nz a1s2d3f4g5h6j7k8l9\n");
    assert_eq!(redacted.found.len(), 2);
    assert!(redacted.text.starts_with("x [redacted:own-secret:") && redacted.text.contains(" y\nz [redacted:own-secret:"));
}

#[test]
fn one_in_several_forms_is_one_placeholder() {
    let redacted = Redactor::new(b"salt", &["p&ssword-1234567"]).redact("p&ssword-1234567\np%26ssword-1234567\n");
    let lines: Vec<&str> = redacted.text.lines().collect();
    assert_eq!(lines[0], lines[1]);
}

#[test]
fn of_two_the_longer_is_replaced_as_a_whole() {
    let redacted = Redactor::new(b"salt", &["abc-DEF-12345", "abc-DEF-12345-67890"]).redact("abc-DEF-12345-67890");
    assert!(redacted.text.starts_with('[') && redacted.text.ends_with(']'), "{}", redacted.text);
}
