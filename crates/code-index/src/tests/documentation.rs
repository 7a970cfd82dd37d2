//! Which definitions count as documented.

use crate::{Language, SymbolKind, index};

/// Functions and types of the text, those without documentation with `-` before them.
fn told(path: &str, text: &str) -> String {
    let index = index(path, text).unwrap();
    assert_eq!(index.syntax_errors(), 0, "{path}");
    let told = index.symbols().iter().filter(|symbol| {
        matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Type) && !symbol.is_nested
    });
    let told = told.map(|symbol| format!("{}{}", if symbol.is_documented { "" } else { "-" }, symbol.name));
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_language_has_its_own_form_of_documentation() {
    let cases = [
        (
            "a.py",
            "# no\ndef a():\n    return 1\n\n\n@cached\ndef b():\n    # first a word\n    \"\"\"Yes.\"\"\"\n\n\nclass C:\n    '''Yes.'''\n\n    def d(self): return 'no'\n",
            "-a b C -d",
        ),
        (
            "a.rs",
            "/// Yes.\n#[derive(Debug)]\nstruct A;\n\n// no\nstruct B;\n\n#[inline]\n/** Yes. */\nfn c() {}\n\n//// no\nfn d() {}\n",
            "A -B c -d",
        ),
        (
            "A.java",
            "/**\n * Yes.\n */\n@Deprecated\nclass A {\n  // no\n  void b() {}\n  /* no */\n  void c() {}\n  /** Yes. */\n  @Override\n  public void d() {}\n}\n",
            "A -b -c d",
        ),
        (
            "a.cs",
            "/// <summary>Yes.</summary>\n[Serializable]\npublic class A\n{\n    // no\n    void B() { }\n\n    /// <summary>Yes.</summary>\n    int C { get { return 1; } }\n}\n",
            "A -B C",
        ),
        (
            "a.ts",
            "/** Yes. */\nexport function a() {}\n\n// no\nexport default class B {\n  /** Yes. */\n  c() {}\n  d() {}\n}\n",
            "a -B c -d",
        ),
        (
            "a.go",
            "package a\n\n// A says yes.\ntype A struct{}\n\n// far away\n\nfunc b() {}\n\n//go:noinline\nfunc c() {}\n\n/* yes */\nfunc (a A) D() {}\n",
            "A -b -c D",
        ),
        ("a.rb", "# Yes.\nclass A\n  def b; end\n  # Yes.\n  def c(x)\n    x\n  end\nend\n", "A -b c"),
        ("a.php", "<?php\n/** Yes. */\nfunction a() {}\n// no\nclass B { }\n", "a -B"),
        ("a.kt", "/** Yes. */\n@Data\nclass A {\n    // no\n    fun b() {}\n}\n", "A -b"),
        ("a.swift", "/// Yes.\npublic func a() {}\n// no\nfunc b() {}\n", "a -b"),
        ("a.cpp", "// Yes.\nint a(int x) { return x; }\nint b; // of b\nint c(int x) { return x; }\n", "a -c"),
        ("a.sh", "#!/bin/bash\na() { :; }\n\n# Yes.\nb() { :; }\n", "-a b"),
        (
            "a.ps1",
            "function A {\n  <# .SYNOPSIS Yes. #>\n  param($x)\n  $x\n}\n\nfunction B { 1 }\n# Yes.\nfunction C { 2 }\n",
            "A -B C",
        ),
    ];
    for (path, text, expected) in cases {
        assert_eq!(told(path, text), expected, "{path}");
    }
}

#[test]
fn documents_of_settings_and_queries_of_tables_have_none() {
    let without: Vec<&str> =
        Language::ALL.into_iter().filter(|language| !language.has_doc_comments()).map(Language::name).collect();
    assert_eq!(without, ["SQL", "HCL", "YAML", "JSON"]);
}

#[test]
fn a_file_on_one_line_costs_no_more_than_any_other() {
    let text = format!("/** yes */ {}{}", " ".repeat(400_000), "function a(){}".repeat(20_000));
    let index = index("a.js", &text).unwrap();
    assert!(index.symbols().iter().all(|symbol| !symbol.is_documented));
}
