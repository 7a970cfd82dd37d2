//! Documentation goes into files of every language, as comments and as nothing else.

use proptest::prelude::*;

use crate::{
    Language, SymbolKind,
    docstring::{Documentation, Refusal, document},
    index,
};

fn said(summary: &str) -> Documentation {
    Documentation { summary: summary.to_owned(), ..Documentation::default() }
}

/// The text with the same words for all functions and types that lack some.
fn documented(path: &str, text: &str, documentation: &Documentation) -> (String, Vec<Refusal>) {
    let before = index(path, text).unwrap();
    let lacks = before.symbols().iter().enumerate().filter(|(_, symbol)| {
        let kind = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Type);
        kind && !symbol.is_nested && !symbol.is_documented
    });
    let wanted: Vec<_> = lacks.map(|(place, _)| (place, documentation.clone())).collect();
    let made = document(Language::of_path(path).unwrap(), text, &wanted).unwrap();
    (made.text, made.refused.into_iter().map(|(_, refusal)| refusal).collect())
}

#[test]
fn each_language_gets_its_own_form_at_its_own_indentation() {
    let documentation = Documentation {
        summary: "Adds up.\n\nFor carts & more.".to_owned(),
        parameters: vec![("a".to_owned(), "the first".to_owned()), ("unknown".to_owned(), "is left out".to_owned())],
        returns: "the sum".to_owned(),
        errors: String::new(),
    };
    let block = |indent: &str, param: &str, returns: &str| {
        format!(
            "{indent}/**\n{indent} * Adds up.\n{indent} *\n{indent} * For carts & more.\n{indent} *\n{indent} * @param {param} the first\n{indent} * {returns} the sum\n{indent} */\n"
        )
    };
    let slashes = |indent: &str, mark: &str| {
        format!(
            "{indent}{mark} Adds up.\n{indent}{mark}\n{indent}{mark} For carts & more.\n{indent}{mark}\n{indent}{mark} - `a`: the first\n{indent}{mark}\n{indent}{mark} Returns: the sum\n"
        )
    };
    let cases: Vec<(&str, String)> = vec![
        ("a.rs", format!("/// Yes.\nstruct S;\n\nimpl S {{\n¦{}    #[inline]\n    fn add(a: u32) -> u32 {{ a }}\n}}\n", slashes("    ", "///"))),
        ("a.ts", format!("¦{}export function add(a: number) {{ return a; }}\n", block("", "a", "@returns"))),
        ("a.js", format!("const b = 1;\n\n¦{}function add(a) {{ return a; }}\n", block("", "a", "@returns"))),
        ("A.java", format!("/** Yes. */\nclass A {{\n¦{}    @Deprecated\n    int add(int a) {{ return a; }}\n}}\n", block("    ", "a", "@return"))),
        ("a.kt", format!("¦{}fun add(a: Int): Int = a\n", block("", "a", "@return"))),
        ("a.scala", format!("/** Yes. */\nobject O {{\n¦{}  def add(a: Int): Int = a\n}}\n", block("  ", "a", "@return"))),
        ("a.php", format!("<?php\n¦{}function add($a) {{ return $a; }}\n", block("", "$a", "@return"))),
        ("a.c", format!("¦{}int add(int a) {{ return a; }}\n", block("", "a", "@return"))),
        ("a.cpp", format!("// Yes.\nclass A {{\n¦{}  int add(int a) {{ return a; }}\n}};\n", block("  ", "a", "@return"))),
        ("a.go", format!("package a\n\n¦{}func add(a int) int {{ return a }}\n", slashes("", "//").replacen("Adds", "add: Adds", 1))),
        ("a.rb", format!("¦{}def add(a)\n  a\nend\n", slashes("", "#"))),
        ("a.sh", "¦# Adds up.\n#\n# For carts & more.\n#\n# Returns: the sum\nadd() { echo \"$1\"; }\n".to_owned()),
        (
            "a.swift",
            "¦/// Adds up.\n///\n/// For carts & more.\n///\n/// - Parameter a: the first\n/// - Returns: the sum\nfunc add(a: Int) -> Int { a }\n"
                .to_owned(),
        ),
        (
            "a.cs",
            "/// <summary>Yes.</summary>\nclass A\n{\n¦    /// <summary>\n    /// Adds up.\n    ///\n    /// For carts &amp; more.\n    /// </summary>\n    /// <param name=\"a\">the first</param>\n    /// <returns>the sum</returns>\n    [Pure]\n    int Add(int a) { return a; }\n}\n"
                .to_owned(),
        ),
        (
            "a.ps1",
            "¦<#\n.SYNOPSIS\n    Adds up.\n.DESCRIPTION\n    For carts & more.\n.OUTPUTS\n    the sum\n#>\nfunction Add { 1 }\n".to_owned(),
        ),
        (
            "a.py",
            "@cached\ndef add(a):\n    # first\n¦    \"\"\"Adds up.\n\n    For carts & more.\n\n    Args:\n        a: the first\n\n    Returns:\n        the sum\n    \"\"\"\n    return a\n"
                .to_owned(),
        ),
    ];
    for (path, expected) in cases {
        let (head, rest) = expected.split_once('¦').unwrap();
        let expected = format!("{head}{rest}");
        let is_code = |line: &&str| !expected_comment(path, line);
        let body: String = rest.split_inclusive('\n').skip_while(|line| !is_code(&line.trim())).collect();
        let (text, refused) = documented(path, &format!("{head}{body}"), &documentation);
        assert_eq!(refused, [], "{path}: {text}");
        assert!(text.ends_with(rest), "{path}:\n{text}\nexpected:\n{expected}");
        assert_eq!(documented(path, &text, &documentation).0, text, "{path}: documented once");
    }
}

/// Whether a line of what is expected was put in.
fn expected_comment(path: &str, line: &str) -> bool {
    match path {
        "a.py" => !line.starts_with("return"),
        "a.ps1" => !line.starts_with("function"),
        _ => ["///", "//", "/**", "*", "#"].iter().any(|mark| line.starts_with(mark)) && !line.starts_with("#["),
    }
}

#[test]
fn a_short_word_stays_on_one_line_and_line_endings_are_kept() {
    let (text, _) = documented("a.py", "class A:\r\n    def b(self):\r\n        return 1\r\n", &said("Says it."));
    assert_eq!(
        text,
        "class A:\r\n    \"\"\"Says it.\"\"\"\r\n    def b(self):\r\n        \"\"\"Says it.\"\"\"\r\n        return 1\r\n"
    );
    let (text, _) = documented("a.ts", "function a() {}\n", &said("Says it."));
    assert_eq!(text, "/** Says it. */\nfunction a() {}\n");
    let (text, _) = documented("a.py", "def a():\n    return 1\n", &said("Ends with \"a quote\""));
    assert_eq!(text, "def a():\n    \"\"\"Ends with \"a quote\"\n    \"\"\"\n    return 1\n");
    let (text, _) = documented("a.py", "def a():\n    return 1\n", &said("Reads C:\\new\\"));
    assert_eq!(text, "def a():\n    r\"\"\"Reads C:\\new\\\n    \"\"\"\n    return 1\n");
}

#[test]
fn words_that_would_go_on_as_code_or_act_on_tools_are_refused() {
    let cases = [
        ("a.ts", "Ends. */ evil(); /*", Refusal::EndsComment),
        ("a.java", "Ends. \\u002a/ evil(); ", Refusal::EndsComment),
        ("a.php", "Ends. ?> <script>", Refusal::EndsComment),
        ("a.kt", "Opens /* and never ends.", Refusal::EndsComment),
        ("a.py", "Ends.\"\"\"\n    evil()\n    \"\"\"", Refusal::EndsComment),
        ("a.ps1", "Ends. #> evil", Refusal::EndsComment),
        ("a.ts", "@ts-ignore", Refusal::NoWords),
        ("a.ts", "Please ts-ignore this.", Refusal::SpeaksToTools),
        ("a.py", "Fine. # type: ignore", Refusal::SpeaksToTools),
        ("a.rb", "encoding: utf-7", Refusal::SpeaksToTools),
        ("a.sh", "shellcheck disable=all", Refusal::SpeaksToTools),
        ("a.rb", "typed: ignore", Refusal::SpeaksToTools),
        ("a.py", "Adds. vim: set modeline:", Refusal::SpeaksToTools),
        ("a.ts", "See [this](javascript:evil()).", Refusal::SpeaksToTools),
        ("a.go", "go:linkname evil", Refusal::SpeaksToTools),
        ("a.js", "Adds. /#__PURE__", Refusal::SpeaksToTools),
        ("a.ts", "Adds, @__NO_SIDE_EFFECTS__ of course.", Refusal::SpeaksToTools),
        ("a.ts", " \u{200b}\n", Refusal::NoWords),
    ];
    for (path, words, expected) in cases {
        let text = match path {
            "a.py" => "def a():\n    return 1\n",
            "a.rb" => "def a\n  1\nend\n",
            "a.sh" => "a() { :; }\n",
            "a.ps1" => "function A { 1 }\n",
            "a.go" => "package a\n\nfunc a() {}\n",
            "a.kt" => "fun a() {}\n",
            "a.java" => "class A {}\n",
            "a.php" => "<?php\nfunction a() {}\n",
            _ => "function a() {}\n",
        };
        assert_eq!(documented(path, text, &said(words)), (text.to_owned(), vec![expected]), "{path}: {words}");
    }
    // Pages that are made of comments get no HTML.
    let (text, _) = documented("a.rs", "fn a() {}\n", &said("Adds to `Vec<T>`, <script>evil()</script> <!-- if a < b ` <i>"));
    assert_eq!(text, "/// Adds to `Vec<T>`, &lt;script>evil()&lt;/script> &lt;!-- if a < b ` &lt;i>\nfn a() {}\n");
    // What only looks like a tag, a doctest or a line of its own loses that look.
    let (text, _) = documented("a.rs", "fn a() {}\n", &said("Adds.\n```\nevil();\n```\n    evil()"));
    assert_eq!(text, "/// Adds. evil(); evil()\nfn a() {}\n");
    let (text, _) = documented("a.py", "def a():\n    return 1\n", &said("Adds.\n>>> evil()"));
    assert_eq!(text, "def a():\n    \"\"\"Adds. evil()\"\"\"\n    return 1\n");
    let (text, _) =
        documented("A.php", "<?php\nfunction a() {}\n", &said("Maps @ORM\\Entity.\n@Route(\"/\")\nMail dana@contoso.com."));
    assert_eq!(
        text,
        "<?php\n/** Maps ORM\\Entity. */\nfunction a() {}\n"
            .replace(" */", "\n *\n * Mail dana@contoso.com.\n */")
            .replace("/** Maps", "/**\n * Maps")
    );
    // What is taken out does not bring its neighbours together.
    let cases = [
        ("a.py", "Adds.\n>>```> evil()", "def a():\n    \"\"\"Adds. >> > evil()\"\"\"\n    return 1\n"),
        ("a.py", "Adds.\n>~~~>{@> evil()", "def a():\n    \"\"\"Adds. > > > evil()\"\"\"\n    return 1\n"),
        ("a.rs", "Adds.\n``~~~`\nevil();", "/// Adds. `` ` evil();\nfn a() {}\n"),
        ("a.rs", "Adds.\n~>>>~~\nevil();", "/// Adds. ~ ~~ evil();\nfn a() {}\n"),
        ("a.php", "Maps @\\Doctrine\\ORM\\Entity.", "<?php\n/** Maps \\Doctrine\\ORM\\Entity. */\nfunction a() {}\n"),
    ];
    for (path, words, expected) in cases {
        let text = match path {
            "a.py" => "def a():\n    return 1\n",
            "a.php" => "<?php\nfunction a() {}\n",
            _ => "fn a() {}\n",
        };
        assert_eq!(documented(path, text, &said(words)), (expected.to_owned(), Vec::new()), "{path}: {words}");
    }
    let (text, _) = documented("a.rb", "def a\nend\n", &said("Ends\u{2028}system('evil')\u{85}x"));
    assert_eq!(text, "# Ends system('evil') x\ndef a\nend\n");
}

#[test]
fn what_has_no_place_for_a_comment_is_left_as_it_is() {
    let cases = [
        ("a.py", "def a(): return 1\n"),
        ("a.php", "<?php function a() {}\n"),
        ("a.js", "const t = `\n`; function a() {}\n"),
        ("a.ts", "\u{feff}function a() {}\n"),
    ];
    for (path, text) in cases {
        let (made, refused) = documented(path, text, &said("Says it."));
        assert_eq!(made, text, "{path}");
        assert!(
            !refused.is_empty() && refused.iter().all(|refusal| matches!(refusal, Refusal::NoPlace | Refusal::ChangesCode)),
            "{path}: {refused:?}"
        );
    }
    // One that cannot be documented does not keep the others from it.
    let (text, refused) = documented("a.py", "def a(): return 1\n\n\ndef b():\n    return 2\n", &said("Says it."));
    assert_eq!(text, "def a(): return 1\n\n\ndef b():\n    \"\"\"Says it.\"\"\"\n    return 2\n");
    assert_eq!(refused.len(), 1);
}

proptest! {
    #[test]
    fn whatever_the_words_are_the_lines_of_the_file_stay(words in "[\\PC\n\t\"'`*/#@\\\\<>{}$]{0,300}") {
        let cases = [
            ("a.py", "import os\n\n\nclass A:\n    def b(self, c):\n        return c\n"),
            ("a.rs", "use std::fs;\n\npub fn b(c: u32) -> u32 {\n    c\n}\n"),
            ("A.java", "class A {\n    int b(int c) {\n        return c;\n    }\n}\n"),
            ("a.php", "<?php\nfunction b($c) {\n    return $c;\n}\n"),
            ("a.sh", "set -e\nb() {\n    echo \"$1\"\n}\n"),
            ("a.ps1", "function B {\n    param($c)\n    $c\n}\n"),
        ];
        let documentation = Documentation {
            summary: words.clone(),
            parameters: vec![("c".to_owned(), words.clone())],
            returns: words.clone(),
            errors: words,
        };
        for (path, text) in cases {
            let (made, _) = documented(path, text, &documentation);
            let mut rest = made.lines();
            prop_assert!(text.lines().all(|line| rest.any(|made| made == line)), "{path}: {made}");
            prop_assert!(["```", "~~~", ">>>"].iter().all(|mark| !made.contains(mark)), "{path}: {made}");
        }
    }
}
