//! Texts that no compiler has seen. Nothing panics, everything ends, and soon.

use std::{cell::Cell, fmt::Write as _};

use proptest::prelude::*;

use crate::{Language, MAX_BYTES, NotIndexed, from_bytes, index, index_as, text_of, to_bytes};

fn path_of(language: Language) -> &'static str {
    match language {
        Language::CSharp => "a.cs",
        Language::Java => "a.java",
        Language::Kotlin => "a.kt",
        Language::Scala => "a.scala",
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
        Language::Swift => "a.swift",
        Language::Sql => "a.sql",
        Language::Bash => "a.sh",
        Language::PowerShell => "a.ps1",
        Language::Hcl => "a.tf",
        Language::Yaml => "a.yaml",
        Language::Json => "a.json",
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
        let uses: Vec<u32> = index.references_to(&symbol.name).iter().map(|found| found.line).collect();
        assert!(uses.is_sorted() && uses.iter().all(|line| (1..=lines).contains(line)), "{symbol:?}");
    }
    index.enclosing_function(lines / 2);
    assert_eq!(crate::signature_changes(&index, Some(&index)), []);
    let outcome = Ok(index);
    assert_eq!(from_bytes(&to_bytes(&outcome)), Some(outcome));
}

#[test]
fn a_megabyte_of_brackets_ends() {
    // The bounds grow with the text, so the largest one is needed once.
    exercise(Language::JavaScript, &"(".repeat(MAX_BYTES));
    let text = "(".repeat(MAX_BYTES / 8);
    for language in Language::ALL {
        exercise(language, &text);
    }
}

#[test]
fn what_nests_deeply_and_well_overflows_no_stack() {
    let depth = 30_000;
    let nested = format!("x = {}1{};\n", "(".repeat(depth), ")".repeat(depth));
    let index = index("a.js", &nested).unwrap();
    assert_eq!((index.syntax_errors(), index.references_to("x").len()), (0, 1));
    for language in Language::ALL {
        exercise(language, &nested);
    }
}

#[test]
fn a_hundred_thousand_levels_are_survived() {
    let levels = |count: usize, open: &str, close: &str| open.repeat(count) + &close.repeat(count);
    for text in [levels(20_000, "(", ")"), levels(20_000, "[", "]")] {
        for language in Language::ALL {
            exercise(language, &text);
        }
    }
    for language in [Language::CSharp, Language::Json] {
        exercise(language, &levels(100_000, "[", "]"));
    }
    for (language, open, close) in [
        (Language::Json, "{\"a\":", "}"),
        (Language::Tsx, "<a>", "</a>"),
        (Language::JavaScript, "if (x) {", "}"),
        (Language::Hcl, "\"${", "}\""),
        (Language::Yaml, "- ", ""),
    ] {
        exercise(language, &levels(20_000, open, close));
    }
}

#[test]
fn yaml_that_would_run_over_the_buffer_of_its_scanner_is_not_parsed() {
    let steps = |depth: usize| (0..depth).map(|level| " ".repeat(level) + "a:\n").collect::<String>();
    let dashes = |depth: usize| "- ".repeat(depth) + "a\n";
    assert!(index("a.yaml", &steps(110)).is_some());
    assert!(index("a.yaml", &dashes(50)).is_some());
    for text in [steps(300), dashes(300), " ".repeat(121) + "a", "a".repeat(119) + ": |", "a".repeat(120) + ": - b"] {
        assert_eq!(index_as(Language::Yaml, &text, &|| false), Err(NotIndexed::TooMuchWork), "{text}");
    }
    // Long lines of text, and of JSON, are usual.
    assert!(index("a.yaml", &format!("a: {}\nb: [{}1]\n", "word ".repeat(100), "1, ".repeat(100))).is_some());
}

#[test]
fn five_megabytes_on_one_line_are_set_aside_at_once() {
    let text = "x=1;".repeat(1_250_000);
    for language in Language::ALL {
        assert_eq!(index_as(language, &text, &|| false), Err(NotIndexed::TooLarge));
    }
}

#[test]
fn whoever_waits_can_stop_the_work() {
    let text = "class A { void f() { g(); } }\n".repeat(5_000);
    assert!(index_as(Language::CSharp, &text, &|| false).is_ok());
    let asked = Cell::new(0_u32);
    let stop = || {
        asked.set(asked.get() + 1);
        asked.get() > 10
    };
    assert_eq!(index_as(Language::CSharp, &text, &stop), Err(NotIndexed::Stopped));
    assert!(asked.get() < 20, "{}", asked.get());
    // The queries are stopped like the parser.
    let whole = Cell::new(0_u32);
    index_as(Language::CSharp, &text, &|| {
        whole.set(whole.get() + 1);
        false
    })
    .unwrap();
    let last = Cell::new(0_u32);
    let stop = || {
        last.set(last.get() + 1);
        last.get() >= whole.get()
    };
    assert_eq!(index_as(Language::CSharp, &text, &stop), Err(NotIndexed::Stopped));
}

/// A small program of each language.
fn sample(language: Language) -> &'static str {
    match language {
        Language::CSharp => "namespace N;\n[A]\nclass C<T> : B { int F(int x) { return G(x); } }\n",
        Language::Java => "package p;\nimport q.R;\n@A class C<T> extends B { int f(int x) { return this.g(x); } }\n",
        Language::Kotlin => "package p\nimport q.R\nclass C(val y: Int) : B() { fun f(x: Int) = g(x) }\n",
        Language::Scala => "package p\nclass C[T](y: Int) extends B {\n  def f(x: Int) = {\n    g(x)\n  }\n}\n",
        Language::TypeScript => "import { g } from './g';\nexport class C<T> extends B { f({ x }: P) { return g(`a${x}`); } }\n",
        Language::Tsx => "const C = ({ x }: P) => <b a={x}>{g(x)}</b>;\n",
        Language::JavaScript => "const g = require('g');\nclass C extends B { f = (x) => g(x, /a/, `b${x}`); }\n",
        Language::Python => {
            "from q import g\n@d\nclass C(B):\n    async def f(self, x: int = 1) -> int:\n        return g(f'{x}')\n"
        }
        Language::Go => "package p\nimport \"q\"\nfunc (c *C[T]) F(x int) (int, error) {\n\treturn q.G(x), nil\n}\n",
        Language::Rust => "use q::g;\nimpl<T> B for C<T> { fn f(&self, x: &'static str) -> u8 { g!(r#\"a\"#, x) } }\n",
        Language::C => "#include \"q.h\"\n#define M(x) (x)\nint *f(int x[2]) { return g(M(x)); }\n",
        Language::Cpp => {
            "namespace n { template <class T> struct C : B<T> { auto f(const T &x) { return g<T>(R\"(a)\"); } }; }\n"
        }
        Language::Ruby => "module M\n  class C < B\n    def f(x, y: 1) = g(\"#{x}\", <<~E)\n      a\n    E\n  end\nend\n",
        Language::Php => "<?php\nnamespace N;\nclass C extends B { function f(int $x) { return g(\"{$x}\", <<<E\na\nE); } }\n",
        Language::Swift => "import Q\nclass C<T>: B { func f(_ x: Int) -> Int { return g(\"\\(x)\") } }\n",
        Language::Sql => "CREATE TABLE t (id INT);\nSELECT f(x.a) FROM t AS x WHERE x.b = 'c';\n",
        Language::Bash => "f() {\n  local x=\"$1\"\n  g \"${x:-1}\" <<EOF\n$(h)\nEOF\n}\n",
        Language::PowerShell => "function F([int]$x) {\n  $y = @\"\n$x\n\"@\n  G $y | Where-Object { $_ }\n}\n",
        Language::Hcl => "resource \"a\" \"b\" {\n  c = \"x-${var.d}\"\n  e = <<EOF\n%{ if f }\nEOF\n}\n",
        Language::Yaml => "a: &b\n  - c: |\n      d\n    e: [1, {f: g}]\nh: *b\n",
        Language::Json => "{\"a\": [1, {\"b\": null}], \"c\": \"\\u0041\"}\n",
    }
}

#[test]
fn every_beginning_and_every_gap_of_a_program_is_taken() {
    for language in Language::ALL {
        let sample = sample(language);
        for (at, character) in sample.char_indices() {
            let (before, after) = sample.split_at(at);
            exercise(language, before);
            exercise(language, after);
            let rest = after.strip_prefix(character).unwrap();
            for between in ["", "\0", "("] {
                exercise(language, &format!("{before}{between}{rest}"));
            }
        }
    }
}

#[test]
fn line_ends_of_either_kind_give_the_same_symbols() {
    for language in Language::ALL {
        let lines = |text: &str| {
            let index = index(path_of(language), text).unwrap();
            index.symbols().iter().map(|symbol| (symbol.name.clone(), symbol.lines)).collect::<Vec<_>>()
        };
        let (unix, windows) = (sample(language), sample(language).replace('\n', "\r\n"));
        assert_eq!(lines(unix), lines(&windows), "{}", language.name());
    }
}

#[test]
fn an_index_that_was_stored_and_changed_on_the_way_gives_no_panic() {
    let bytes = to_bytes(&Ok(index("a.py", sample(Language::Python)).unwrap()));
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Some(Ok(index)) = from_bytes(&changed) {
                index.references_to("g");
                index.enclosing_function(4);
                index.weight();
                crate::signature_changes(&index, Some(&index));
                let commit = crate::CommitIndex::new([("a.py".to_owned(), std::sync::Arc::new(index))]);
                commit.references(crate::Family::Python, "g");
            }
        }
        assert_eq!(from_bytes(&bytes[..at]), None, "{at}");
    }
}

fn repeat(part: &str) -> String {
    part.repeat(3000 / part.len())
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
        let Ok(text) = text_of(&bytes) else { return Ok(()) };
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
    "- ",
    "? ",
    ": ",
    "&a ",
    "*a",
    "|\n",
    "resource \"a\" \"b\" {",
    "${",
    "%{",
    "@\"\n",
    "extension E",
    "guard let ",
    "case class C",
    "param(",
    "\u{feff}",
    "\u{202e}",
];
