//! Enclosing functions, uses, errors, changes.

use crate::{FileIndex, MAX_BYTES, index, signature_changes};

fn c_sharp(source: &str) -> FileIndex {
    index("a.cs", source).unwrap()
}

const NESTED: &str = "class Cart
{
    int total;
    int Total(int rate)
    {
        int Round(int x)
        {
            return x;
        }
        return Round(total * rate);
    }
    int Tax { get { return total; } }
}
";

#[test]
fn the_innermost_function_around_a_line_is_found() {
    let index = c_sharp(NESTED);
    let name = |line| index.enclosing_function(line).map(|symbol| symbol.name.as_str());
    let found: Vec<Option<&str>> = [0, 1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 99, u32::MAX].map(name).into();
    let (total, round) = (Some("Total"), Some("Round"));
    assert_eq!(found, [None, None, None, total, total, round, round, round, total, total, Some("Tax"), None, None, None]);
}

#[test]
fn broken_code_has_errors_and_keeps_its_other_symbols() {
    let broken = c_sharp("class A\n{\n    void Good() { }\n    void Bad( { int ; }\n    void AlsoGood() { }\n}\n");
    assert!(broken.syntax_errors() > 0);
    assert!(broken.symbols().iter().any(|symbol| symbol.name == "Good"));
    assert_eq!(c_sharp(NESTED).syntax_errors(), 0);
    assert_eq!(index("a.rs", "fn f() { let x = 1 }").unwrap().syntax_errors(), 1, "a missing semicolon counts");
}

#[test]
fn what_cannot_be_indexed_has_no_index() {
    assert!(index("README.md", "# Title").is_none());
    assert!(index("a.cs", &" ".repeat(MAX_BYTES + 1)).is_none());
    let largest = index("a.cs", &" ".repeat(MAX_BYTES)).unwrap();
    assert!(largest.symbols().is_empty());
    assert!(index("a.cs", "").unwrap().symbols().is_empty());
}

/// Name, signature before, signature after.
type Told = (String, String, Option<String>);

fn change(name: &str, before: &str, after: Option<&str>) -> Told {
    (name.to_owned(), before.to_owned(), after.map(str::to_owned))
}

fn told(base: &FileIndex, head: &FileIndex) -> Vec<Told> {
    let changes = signature_changes(base, Some(head)).into_iter();
    changes.map(|change| (change.before.name, change.before.signature, change.after.map(|after| after.signature))).collect()
}

#[track_caller]
fn check_changes(base: &str, head: &str, expected: &[Told]) {
    let wrap = |members: &str| c_sharp(&format!("class A {{\n{members}\n}}\n"));
    assert_eq!(told(&wrap(base), &wrap(head)), expected);
}

#[test]
fn changed_and_removed_signatures_are_told() {
    check_changes("void F(int a) { }", "void F(int a, int b) { }", &[change("F", "void F(int a)", Some("void F(int a, int b)"))]);
    check_changes("void F() { }", "", &[change("F", "void F()", None)]);
    check_changes("void Old() { }", "void New() { }", &[change("Old", "void Old()", None)]);
    check_changes("", "void New() { }", &[]);
    check_changes("int P { get { return 1; } }", "long P { get { return 1; } }", &[change("P", "int P", Some("long P"))]);
    let types = told(&c_sharp("class A : B { }"), &c_sharp("class A : C { }"));
    assert_eq!(types, [change("A", "class A : B", Some("class A : C"))]);
}

#[test]
fn what_callers_do_not_see_is_no_change() {
    check_changes("void F(int a) { return; }", "// new\n[Fast]\nvoid F(\n  int a /* x */) { throw; }", &[]);
    check_changes("void F() { }\nvoid G() { }", "void G() { }\nvoid F() { }", &[]);
    let (short, long) = ("fn f(a: u8, b: [u8; 2]) {}", "fn f(\n    a: u8,\n    b: [\n u8; 2 ],\n) {}");
    assert_eq!(told(&index("a.rs", short).unwrap(), &index("a.rs", long).unwrap()), []);
    check_changes("const int X = 1;", "const int X = 2;", &[]);
}

#[test]
fn overloads_are_matched_by_their_signatures() {
    let (one, two, three) = ("void F(int a) { }", "void F(string a) { }", "void F(long a) { }");
    check_changes(&format!("{one}\n{two}"), &format!("{two}\n{one}"), &[]);
    check_changes(one, &format!("{three}\n{two}\n{one}"), &[]);
    check_changes(&format!("{one}\n{two}"), &format!("{two}\n{three}"), &[change("F", "void F(int a)", Some("void F(long a)"))]);
    check_changes(&format!("{one}\n{two}"), two, &[change("F", "void F(int a)", None)]);
    check_changes(&format!("{one}\n{one}"), one, &[change("F", "void F(int a)", None)]);
}

#[test]
fn line_ends_and_other_scripts_do_not_disturb() {
    let index = c_sharp("class Kürbis\r\n{\r\n    void Größe(\r\n        int ß)\r\n    {\r\n    }\r\n}\r\n");
    let symbols: Vec<(&str, u32, u32, &str)> = index
        .symbols()
        .iter()
        .map(|symbol| (symbol.name.as_str(), symbol.lines.first, symbol.lines.last, symbol.signature.as_str()))
        .collect();
    assert_eq!(symbols, [("Kürbis", 1, 7, "class Kürbis"), ("Größe", 3, 6, "void Größe(int ß)")]);
    assert_eq!(index.syntax_errors(), 0);
}

#[test]
fn a_signature_ends_after_five_hundred_characters() {
    let parameters = (0..400).map(|number| format!("int ä{number}")).collect::<Vec<_>>().join(", ");
    let index = c_sharp(&format!("class A {{ void F({parameters}) {{ }} }}"));
    let signature = &index.symbols()[1].signature;
    assert_eq!(signature.chars().count(), 501);
    assert!(signature.ends_with('…'));
}
