use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn root(text: &str) -> Node {
    read(text).unwrap().root.unwrap()
}

fn refusal(text: &str) -> String {
    let Unreadable { at, problem } = read(text).unwrap_err();
    at.map_or(problem.clone(), |at| format!("{}:{}: {problem}", at.line, at.column))
}

/// As JSON with places, so that a test shows all of it.
fn shown(node: &Node) -> String {
    let place = format!("@{}:{}", node.at.line, node.at.column);
    match &node.value {
        Value::Scalar(scalar) => format!("{:?}{place}", scalar.text()),
        Value::List(items) => format!("[{}]{place}", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Mapping(entries) => {
            let entry =
                |entry: &Entry| format!("{}@{}:{}: {}", entry.key, entry.key_at.line, entry.key_at.column, shown(&entry.value));
            format!("{{{}}}{place}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

#[test]
fn every_key_and_value_has_its_line_and_column() {
    let text = "# a comment\nreviews:\n  profile: chill\n  path_filters: [\"!dist/**\", 'ä/**', x]\n";
    insta::assert_snapshot!(shown(&root(text)), @r#"{reviews@2:1: {profile@3:3: "chill"@3:12, path_filters@4:3: ["!dist/**"@4:18, "ä/**"@4:30, "x"@4:38]@4:17}@3:3}@2:1"#);
}

#[test]
fn scalars_are_what_yaml_1_2_says_they_are() {
    let scalar = |text: &str| match root(&format!("- {text}\n")).value {
        Value::List(items) => match &items[0].value {
            Value::Scalar(scalar) => scalar.clone(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    let cases = [
        ("true", false, Some(true), None, None),
        ("False", false, Some(false), None, None),
        ("yes", false, None, None, None),
        ("\"true\"", false, None, None, None),
        ("!!str true", false, None, None, None),
        ("~", true, None, None, None),
        ("", true, None, None, None),
        ("''", false, None, None, None),
        ("12", false, None, Some(12), Some(12.0)),
        ("-3", false, None, Some(-3), Some(-3.0)),
        ("0x1f", false, None, Some(31), None),
        ("0x-1", false, None, None, None),
        ("1.5e2", false, None, None, Some(150.0)),
        ("inf", false, None, None, None),
        ("1e999", false, None, None, None),
    ];
    for (text, is_null, flag, whole, number) in cases {
        let scalar = scalar(text);
        assert_eq!(
            (scalar.is_null(), scalar.flag(), scalar.whole(), scalar.number()),
            (is_null, flag, whole, number),
            "{text:?}"
        );
    }
}

#[test]
fn nothing_but_comments_is_an_empty_file() {
    for text in ["", "\n", "# nothing yet\n", "---\n", "---\n...\n"] {
        let document = read(text).unwrap();
        let is_null = |root: &Node| matches!(&root.value, Value::Scalar(scalar) if scalar.is_null());
        assert!(document.root.as_ref().is_none_or(is_null), "{text:?}: {document:?}");
    }
}

#[test]
fn a_key_that_stands_twice_is_told_and_the_last_one_counts() {
    let document = read("a: 1\nb: 2\na: 3\n").unwrap();
    assert_eq!(document.repeated, [("a".to_owned(), Position { line: 1, column: 1 })]);
    assert_eq!(shown(&document.root.unwrap()), r#"{b@2:1: "2"@2:4, a@3:1: "3"@3:4}@1:1"#);
}

#[test]
fn a_second_document_is_told_and_not_read() {
    let document = read("a: 1\n---\na: [\n").unwrap();
    assert_eq!(document.second, Some(Position { line: 2, column: 1 }));
    assert_eq!(shown(&document.root.unwrap()), r#"{a@1:1: "1"@1:4}@1:1"#);
}

#[test]
fn aliases_and_merges_bring_what_they_stand_for() {
    let text = "one: &one {a: 1, b: 2}\ntwo:\n  <<: *one\n  b: 3\nthree: *one\n";
    let Value::Mapping(entries) = root(text).value else { panic!("no mapping") };
    insta::assert_snapshot!(shown(&entries[1].value), @r#"{b@4:3: "3"@4:6, a@1:12: "1"@1:15}@3:3"#);
    insta::assert_snapshot!(shown(&entries[2].value), @r#"{a@1:12: "1"@1:15, b@1:18: "2"@1:21}@5:8"#);
}

#[test]
fn a_bomb_of_aliases_is_refused_before_it_goes_off() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(bomb, "a{level}: &a{level} [{items}]").unwrap();
    }
    insta::assert_snapshot!(refusal(&bomb), @"5:10: the file has more than 20000 values, what its aliases repeat included");

    let mut tower = "a0: &a0 [x]\n".to_owned();
    for level in 1..100 {
        writeln!(tower, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    insta::assert_snapshot!(refusal(&tower), @"32:12: lists and mappings stand more than 32 deep in each other");
    insta::assert_snapshot!(refusal("a: &a [*a]\n"), @"1:8: an alias stands within what it stands for");
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    insta::assert_snapshot!(refusal(&"# ten megabytes\n".repeat(640 * 1024)), @"the file has 10240 KiB, more than the 512 KiB that are read");
    for deep in ["[".repeat(100_000), "{a: ".repeat(50_000), "- ".repeat(100_000)] {
        assert!(read(&deep).is_err());
    }
    let nested: Vec<String> = (0..200).map(|level| format!("{}a:", " ".repeat(level))).collect();
    assert!(read(&nested.join("\n")).is_err());
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    insta::assert_snapshot!(refusal("reviews:\n  profile: \"chill\n"), @"2:12: unclosed quote");
    insta::assert_snapshot!(refusal("reviews:\n\tprofile: chill\n"), @"2:2: tabs disallowed within this context (block indentation)");
    insta::assert_snapshot!(refusal("a: b: c\n"), @"1:5: mapping values are not allowed in this context");
    insta::assert_snapshot!(refusal("? [a]\n: b\n"), @"1:3: a list or mapping stands where a key is expected");
    insta::assert_snapshot!(refusal("a: *b\n"), @"1:4: while parsing node, found unknown anchor");
}

/// Texts of the characters that mean something in YAML, which random bytes rarely are.
fn yaml_like() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop_oneof![
            Just("a"),
            Just("b: "),
            Just(": "),
            Just("- "),
            Just("\n"),
            Just("  "),
            Just("["),
            Just("]"),
            Just("{"),
            Just("}"),
            Just(", "),
            Just("&x "),
            Just("*x"),
            Just("!t "),
            Just("!!str "),
            Just("\""),
            Just("'"),
            Just("|\n"),
            Just(">-\n"),
            Just("#"),
            Just("---\n"),
            Just("...\n"),
            Just("%YAML 1.2\n"),
            Just("? "),
            Just("<<: "),
            Just("\t"),
            Just("\u{feff}"),
            Just("\\"),
            Just("é"),
            Just("\r\n"),
            Just("\u{85}"),
            Just("~"),
            Just("\0"),
        ],
        0..60,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_makes_it_panic_or_run_for_ever(text in prop_oneof![yaml_like(), any::<String>()]) {
        if let Ok(Document { root: Some(root), .. }) = read(&text) {
            prop_assert!(root.at.line >= 1 && root.at.column >= 1);
        }
    }
}
