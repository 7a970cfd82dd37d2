//! Texts that no compiler has seen. Nothing panics, everything ends, and soon.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::{Language, MAX_BYTES, index};

fn path_of(language: Language) -> &'static str {
    match language {
        Language::CSharp => "a.cs",
        Language::Java => "a.java",
        Language::Kotlin => "a.kt",
        Language::TypeScript => "a.ts",
        Language::Tsx => "a.tsx",
        Language::JavaScript => "a.js",
        Language::Python => "a.py",
        Language::Go => "a.go",
        Language::Rust => "a.rs",
        Language::C => "a.c",
        Language::Cpp => "a.cpp",
        Language::Ruby => "a.rb",
        Language::Php => "a.php",
        Language::Sql => "a.sql",
        Language::Bash => "a.sh",
    }
}

/// Whatever comes out is consistent with the text.
fn exercise(language: Language, text: &str) {
    assert_eq!(Language::of_path(path_of(language)), Some(language));
    let Some(index) = index(path_of(language), text) else { return };
    let lines = u32::try_from(text.split('\n').count()).unwrap();
    for symbol in index.symbols() {
        assert!(symbol.lines.first >= 1 && symbol.lines.last <= lines, "{symbol:?}");
        assert!(!symbol.name.is_empty() && symbol.signature.chars().count() <= 501, "{symbol:?}");
        let uses = index.uses_of(&symbol.name);
        assert!(uses.is_sorted() && uses.iter().all(|line| (1..=lines).contains(line)), "{symbol:?}");
    }
    index.enclosing_function(lines / 2);
    crate::signature_changes(&index, &index);
}

#[test]
fn a_megabyte_of_brackets_ends() {
    let text = "(".repeat(MAX_BYTES);
    for language in Language::ALL {
        exercise(language, &text);
    }
}

#[test]
fn what_nests_deeply_and_well_overflows_no_stack() {
    let depth = 30_000;
    let nested = format!("x = {}1{};\n", "(".repeat(depth), ")".repeat(depth));
    let index = index("a.js", &nested).unwrap();
    assert_eq!((index.syntax_errors(), index.uses_of("x")), (0, vec![1]));
    for language in Language::ALL {
        exercise(language, &nested);
    }
}

fn repeat(part: &str) -> String {
    part.repeat(8000 / part.len())
}

#[test]
fn much_of_anything_ends() {
    let mut nested = String::new();
    for depth in 0..300 {
        write!(nested, "class A{depth} {{ void f() {{ if (x) {{ [").unwrap();
    }
    let texts = [
        repeat("("),
        repeat("{"),
        repeat("[{("),
        repeat("\""),
        repeat("'"),
        repeat("`${"),
        repeat("/*"),
        repeat("<"),
        repeat("a<b,"),
        repeat("<<EOF\n"),
        repeat("<<<X\n"),
        repeat("r#\""),
        repeat("$\"{"),
        repeat("#if a\n"),
        repeat("<?php {"),
        repeat("def a(:\n "),
        repeat("@a "),
        repeat("#[a]"),
        repeat("a"),
        repeat("\u{0}"),
        repeat("😀"),
        repeat("\r"),
        nested,
    ];
    for language in Language::ALL {
        for text in &texts {
            exercise(language, text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let text = String::from_utf8_lossy(&bytes);
        for language in Language::ALL {
            exercise(language, &text);
        }
    }

    #[test]
    fn any_mix_of_syntax_is_taken(parts in prop::collection::vec(prop::sample::select(PARTS), 0..120)) {
        let text = parts.concat();
        for language in Language::ALL {
            exercise(language, &text);
        }
    }
}

const PARTS: &[&str] = &[
    "class A ",
    "def f",
    "fn f",
    "func ",
    "function ",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "\n",
    " ",
    "\t",
    "  ",
    ";",
    ":",
    ",",
    "=",
    "=>",
    "->",
    "::",
    ".",
    "\"",
    "'",
    "`",
    "/*",
    "*/",
    "//",
    "#",
    "#if X\n",
    "#endif\n",
    "@d",
    "#[a]",
    "[A]",
    "const ",
    "static ",
    "final ",
    "x",
    "y1",
    "Ünï",
    "😀",
    "1",
    "0x",
    "<?php ",
    "?>",
    "$a",
    "${",
    "<<EOF\n",
    "EOF\n",
    "end\n",
    "module M\n",
    "namespace N",
    "template <",
    "operator",
    "CREATE TABLE t (",
    "create function f",
    "$$",
    "export ",
    "default ",
    "async ",
    "public ",
    "int ",
    "void ",
    "interface I",
    "enum E",
    "struct S",
    "impl ",
    "trait T",
    "type T",
    "macro_rules! m",
    "\u{0}",
    "\\",
    "\r\n",
    "readonly ",
    "this",
    "constructor",
    "get",
    "val ",
    "fun ",
    "object O",
    "\u{feff}",
    "\u{202e}",
];
