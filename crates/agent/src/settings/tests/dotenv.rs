//! Lines of a `.env` file.

use std::io::Write as _;

use proptest::prelude::*;

use super::lines;
use crate::settings::{Purpose, Settings, dotenv::parse};

fn read(text: &str) -> Vec<(String, String)> {
    let (entries, problems) = parse(text, ".env");
    assert_eq!(lines(&problems), "");
    entries.into_iter().map(|entry| (entry.name, entry.value)).collect()
}

#[test]
fn plain_values_are_taken_word_for_word() {
    let table = [
        ("A=b", "b"),
        ("A= b ", "b"),
        ("export A=b", "b"),
        ("A=two words", "two words"),
        ("A=pa$$word${HOME}\\n", "pa$$word${HOME}\\n"),
        ("A=b # a comment", "b"),
        ("A=b#no-comment", "b#no-comment"),
        ("A=#no-comment", "#no-comment"),
        ("A=a=b==", "a=b=="),
        ("A=", ""),
        ("\u{feff}A=b\r\n", "b"),
        ("A=ä # ö", "ä"),
    ];
    for (line, expected) in table {
        assert_eq!(read(line), [("A".to_owned(), expected.to_owned())], "{line}");
    }
}

#[test]
fn quoted_values_follow_dotenv_but_nothing_is_substituted() {
    let table = [
        (r#"A="b c" # comment"#, "b c"),
        (r#"A="pa$$word $HOME""#, "pa$$word $HOME"),
        (r"A='it is $5'", "it is $5"),
        (r#"A="a \"quote\" and \\""#, r#"a "quote" and \"#),
        ("A=\"first\nB=second\nthird\"\n", "first\nB=second\nthird"),
    ];
    for (text, expected) in table {
        assert_eq!(read(text), [("A".to_owned(), expected.to_owned())], "{text}");
    }
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_never_repeated() {
    let (entries, problems) = parse("GOOD=1\nsecret-without-a-name\n1BAD=secret\nOPEN=\"secret\n# end\nALSO=2\n", "my.env");
    assert_eq!(entries.len(), 2);
    let text = lines(&problems);
    assert!(text.starts_with("my.env, line 2: the line is neither NAME=value nor a comment"), "{text}");
    assert!(text.contains("my.env, line 3: what stands before the = is no name"), "{text}");
    assert!(text.contains("my.env, line 4: the quoted value of OPEN cannot be read"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn a_file_that_was_asked_for_must_exist() {
    let problems = Settings::load(Purpose::Database, Some(std::path::Path::new("/nowhere/my.env"))).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].variable, "/nowhere/my.env");
    assert!(problems[0].text.starts_with("the file cannot be read"), "{}", problems[0]);
}

#[test]
fn a_file_is_loaded_and_one_in_utf_16_is_explained() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "PROMPT_TOKENS=12345 # small model").unwrap();
    let loaded = Settings::load(Purpose::Database, Some(file.path())).unwrap();
    assert_eq!(loaded.settings.model.prompt_tokens, 12_345);

    std::fs::write(file.path(), [0xff, 0xfe, b'A', 0]).unwrap();
    let problems = Settings::load(Purpose::Database, Some(file.path())).unwrap_err();
    assert!(problems[0].text.contains("not UTF-8"), "{}", problems[0]);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic_and_no_line_is_lost_silently(text in "([A-Z]=|[\"'#\\\\$\\[\\]<> a-z]|\n|ä){0,60}") {
        let (entries, problems) = parse(&text, ".env");
        let assignments = text.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).count();
        prop_assert!(entries.len() + problems.len() <= assignments);
        prop_assert!(assignments == 0 || entries.len() + problems.len() > 0);
    }
}
