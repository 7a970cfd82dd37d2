//! For every language: what a symbol stands in, and the function around a line.

use crate::index;

#[test]
fn symbols_know_what_they_stand_in_and_lines_their_function() {
    // The line that is asked for, the function around it, and what that function stands in.
    for (path, source, line, expected) in [
        ("a.cs", "namespace Shop {\nclass Cart {\nint Total() {\nreturn 1;\n}\n}\n}", 4, ("Total", "Shop.Cart")),
        ("a.java", "class Cart {\nclass Line {\nint total() {\nreturn 1;\n}\n}\n}", 4, ("total", "Cart.Line")),
        ("a.kt", "class Cart {\nfun total(): Int {\nreturn 1\n}\n}", 3, ("total", "Cart")),
        ("a.scala", "object Cart {\ndef total(): Int = {\n1\n}\n}", 3, ("total", "Cart")),
        ("a.ts", "export class Cart {\ntotal() {\nreturn 1;\n}\n}", 3, ("total", "Cart")),
        ("a.tsx", "const Cart = () => {\nreturn <b/>;\n};", 2, ("Cart", "")),
        ("a.js", "const cart = {\ntotal() {\nreturn 1;\n}\n};", 3, ("total", "")),
        ("a.py", "class Cart:\n  @property\n  def total(self):\n    return 1\n", 4, ("total", "Cart")),
        ("a.go", "package a\nfunc (c *Cart) Total() int {\nreturn 1\n}\n", 3, ("Total", "Cart")),
        ("a.rs", "impl<T> Priced for Cart<T> {\nfn total() -> u8 {\n1\n}\n}", 3, ("total", "Cart")),
        ("a.c", "int total(void)\n{\nreturn 1;\n}", 3, ("total", "")),
        ("a.cpp", "namespace shop {\nint Cart::total() {\nreturn 1;\n}\n}", 3, ("total", "shop.Cart")),
        ("a.rb", "module Shop\nclass Cart\ndef total\n1\nend\nend\nend", 4, ("total", "Shop.Cart")),
        ("a.php", "<?php\nclass Cart {\nfunction total() {\nreturn 1;\n}\n}", 4, ("total", "Cart")),
        ("a.swift", "extension Cart {\nfunc total() -> Int {\nreturn 1\n}\n}", 3, ("total", "Cart")),
        ("a.sql", "CREATE FUNCTION total(a INT) RETURNS INT LANGUAGE sql AS $$\nSELECT 1;\n$$;", 2, ("total", "")),
        ("a.sh", "total() {\necho 1\n}", 2, ("total", "")),
        ("a.ps1", "class Cart {\n[int] Total() {\nreturn 1\n}\n}", 3, ("Total", "Cart")),
    ] {
        let index = index(path, source).unwrap();
        let found = index.enclosing_function(line).map(|symbol| (symbol.name.as_str(), symbol.container.as_str()));
        assert_eq!(found, Some(expected), "{path}");
        assert_eq!(index.enclosing_function(0), None, "{path}");
    }
    for path in ["a.tf", "a.yaml", "a.json"] {
        assert_eq!(index(path, "{\n}\n").unwrap().enclosing_function(1), None, "{path}: a document has no functions");
    }
}

#[test]
fn the_body_of_a_symbol_begins_where_its_signature_ends() {
    let index = index(
        "a.cs",
        "class Cart\n{\n    int Total(\n        int rate)\n    {\n        return 1;\n    }\n    abstract int Tax();\n}\n",
    )
    .unwrap();
    let bodies: Vec<_> = index.symbols().iter().map(|symbol| symbol.body.map(|body| (body.first, body.last))).collect();
    assert_eq!(bodies, [Some((2, 9)), Some((5, 7)), None]);
}

#[test]
fn a_function_in_a_function_is_nested() {
    let index =
        index("a.py", "def outer():\n    def inner():\n        pass\n\nclass A:\n    def method(self):\n        pass\n").unwrap();
    let nested: Vec<(&str, bool)> = index.symbols().iter().map(|symbol| (symbol.name.as_str(), symbol.is_nested)).collect();
    assert_eq!(nested, [("outer", false), ("inner", true), ("A", false), ("method", false)]);
}

#[test]
fn of_many_containers_the_innermost_are_named() {
    let open: Vec<String> = (0..50).map(|number| format!("class A{number} {{ ")).collect();
    let source = open.concat() + "void f() { }" + &"}".repeat(50);
    let index = index("a.cs", &source).unwrap();
    let function = index.symbols().iter().find(|symbol| symbol.name == "f").unwrap();
    assert_eq!(function.container, "A44.A45.A46.A47.A48.A49");
}
