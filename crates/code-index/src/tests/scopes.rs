//! Variables and parameters hide what stands outside under the same name.

use crate::index;

/// Lines where `total` means something else than a variable.
#[track_caller]
fn lines(path: &str, source: &str) -> Vec<u32> {
    let index = index(path, source).unwrap();
    index.references_to("total").into_iter().map(|found| found.line).collect()
}

#[test]
fn a_variable_of_a_function_is_no_use_of_a_function() {
    // The last line calls what stands outside; on the lines before, everything is a variable.
    for (path, source, expected) in [
        (
            "a.cs",
            "class A {\nint M(int total) { return total + 1; }\nint N() { var total = 1; return total; }\nint O() { return total(1); } }",
            vec![4],
        ),
        (
            "a.java",
            "class A {\nint m(int total) { return total + 1; }\nint n() { int total = 1; return total; }\nint o() { return total(1); } }",
            vec![4],
        ),
        ("a.kt", "fun m(total: Int) = total + 1\nfun n() { val total = 1; use(total) }\nfun o() = total(1)\n", vec![3]),
        (
            "a.scala",
            "object A {\ndef m(total: Int) = total + 1\ndef n() = { val total = 1; use(total) }\ndef o() = total(1)\n}",
            vec![4],
        ),
        (
            "a.ts",
            "function m(total: number) { return total; }\nfunction n() { const total = 1; return total; }\nconst o = () => total(1);\n",
            vec![3],
        ),
        (
            "a.js",
            "const m = (total) => total + 1, k = total => total;\nfunction n({ total }) { return total; }\nconst o = () => total(1);\n",
            vec![3],
        ),
        (
            "a.py",
            "def m(total, *args): return total\ndef n():\n    total = 1\n    return total\ndef o(): return total(1)\n",
            vec![5],
        ),
        (
            "a.go",
            "package a\nfunc m(total int) int { return total }\nfunc n() int { total := 1; return total }\nfunc o() int { return total(1) }\n",
            vec![4],
        ),
        (
            "a.rs",
            "fn m(total: u8) -> u8 { total }\nfn n() -> u8 { let total = 1; total }\nfn k(x: Option<u8>) { if let Some(total) = x { use_it(total) } }\nfn o() -> u8 { total(1) }\n",
            vec![4],
        ),
        (
            "a.c",
            "int m(int *total) { return *total; }\nint n() { int total = 1; return total; }\nint o() { return total(1); }\n",
            vec![3],
        ),
        (
            "a.cpp",
            "int m(const int &total) { return total; }\nint n() { for (auto total : x) use(total); }\nint o() { return total(1); }\n",
            vec![3],
        ),
        ("a.rb", "def m(total) = total + 1\ndef n\n  total = 1\n  x.each { |total| total }\nend\ndef o = total(1)\n", vec![6]),
        ("a.php", "<?php\nfunction m($total) { return $total; }\nfunction o() { return total(1); }\n", vec![3]),
        (
            "a.swift",
            "func m(total: Int) -> Int { return total }\nfunc n() { let total = 1; use(total) }\nfunc o() { total(1) }\n",
            vec![3],
        ),
        ("a.sh", "m() { local total=1; echo \"$total\"; }\ntotal 1\n", vec![2]),
    ] {
        assert_eq!(lines(path, source), expected, "{path}");
    }
}

#[test]
fn a_member_is_not_hidden_by_a_variable_of_its_name() {
    for (path, source, expected) in [
        ("a.cs", "class A { void M(int total) { x.total(total); this.total = total; } }", vec![1, 1]),
        ("a.ts", "function m(total) { x.total(total); return { total: 1 }; }", vec![1, 1]),
        ("a.py", "def m(total): x.total(total); y.total = 1\n", vec![1, 1]),
        ("a.rs", "fn m(total: u8) { x.total(total); Cart { total: 1 }; }", vec![1, 1]),
    ] {
        assert_eq!(lines(path, source), expected, "{path}");
    }
}

#[test]
fn a_scope_ends_where_its_block_ends() {
    let source = "void M() {\n  { int total = 1; use(total); }\n  total(2);\n  for (int total = 0; total < 1; total++) { }\n  total(3);\n}";
    assert_eq!(lines("a.cs", &format!("class A {{ {source} }}")), [3, 5]);
    assert_eq!(lines("a.ts", "for (const total of x) { total; }\ntotal(1);\n"), [2]);
}

#[test]
fn what_stands_at_the_top_of_a_file_is_seen_from_everywhere() {
    assert_eq!(lines("a.ts", "let total = 1;\nfunction f() { return total; }\n"), [1, 2]);
    assert_eq!(lines("a.py", "total = 1\ndef f(): return total\n"), [1, 2]);
}
