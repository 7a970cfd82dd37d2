//! Many files: where names are defined, where they are used, and which of those uses mean a symbol.

use std::sync::Arc;

use crate::{CommitIndex, Family, index};

pub(super) fn commit(files: &[(&str, &str)]) -> CommitIndex {
    CommitIndex::new(files.iter().filter_map(|&(path, text)| Some((path.to_owned(), Arc::new(index(path, text)?)))))
}

/// `path:line` of the uses that mean the symbol `name` of the first file, the likeliest first.
#[track_caller]
fn sites(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    let index = commit(files);
    let (path, _) = files[0];
    let file = index.file(path).unwrap();
    let symbol = file.symbols().iter().find(|symbol| symbol.name == name).unwrap();
    index.call_sites(path, file, symbol).iter().map(|place| format!("{}:{}", place.path, place.line)).collect()
}

#[test]
fn names_are_found_over_all_files_of_their_family() {
    let index = commit(&[
        ("src/Cart.java", "package shop;\nclass Cart { int total() { return 1; } }"),
        ("src/Use.kt", "package shop\nfun use(c: Cart) = c.total()"),
        ("web/cart.ts", "export function total() { return 1; }\ntotal();"),
        ("README.md", "total"),
    ]);
    assert_eq!(index.len(), 3);
    let defined = |family| index.definitions(family, "total").into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    assert_eq!((defined(Family::Jvm), defined(Family::EcmaScript)), (vec!["src/Cart.java"], vec!["web/cart.ts"]));
    let used = |family| index.references(family, "total").into_iter().map(|place| (place.path, place.line)).collect::<Vec<_>>();
    assert_eq!(used(Family::Jvm), [("src/Use.kt", 2)]);
    assert_eq!(used(Family::EcmaScript), [("web/cart.ts", 2)]);
    assert_eq!(used(Family::Go), []);
    assert_eq!(index.enclosing_function("src/Use.kt", 2).unwrap().name, "use");
    assert!(index.enclosing_function("src/None.kt", 2).is_none());
    assert!(CommitIndex::default().is_empty());
}

#[test]
fn a_use_needs_what_its_language_needs_to_name_a_function() {
    let python = "def total(rate):\n    return rate\n";
    assert_eq!(
        sites(
            "total",
            &[
                ("shop/cart.py", python),
                ("shop/same.py", "total(1)\n"),
                ("web/named.py", "from shop.cart import total\ntotal(1)\n"),
                ("web/all.py", "from shop.cart import *\ntotal(1)\n"),
                ("web/module.py", "from shop import cart\ncart.total(1)\n"),
                ("web/other.py", "import pandas\nframe.total(1)\ntotal(2)\n"),
            ]
        ),
        ["web/all.py:2", "web/module.py:2", "web/named.py:1", "web/named.py:2"]
    );
    assert_eq!(
        sites(
            "total",
            &[
                ("src/cart.ts", "export function total(rate: number) {}\ntotal(1);\n"),
                ("src/named.ts", "import { total } from './cart';\ntotal(1);\n"),
                ("src/space.ts", "import * as cart from './cart';\ncart.total(1);\n"),
                ("src/unrelated.ts", "import x from 'y';\nitems.total(1);\ntotal(2);\n"),
                ("page/script.js", "total(1);\n"),
            ]
        ),
        ["src/cart.ts:2", "src/named.ts:1", "src/named.ts:2", "src/space.ts:2", "page/script.js:1"]
            .into_iter()
            .filter(|site| !site.starts_with("page"))
            .collect::<Vec<_>>()
    );
    assert_eq!(
        sites(
            "Total",
            &[
                ("shop/cart.go", "package shop\nfunc Total(rate int) {}\n"),
                ("shop/same.go", "package shop\nfunc a() { Total(1) }\n"),
                ("web/named.go", "package web\nimport \"contoso/shop\"\nfunc a() { shop.Total(1) }\n"),
                ("web/other.go", "package web\nfunc Total() {}\nfunc a() { Total(1); x.Total(2) }\n"),
            ]
        ),
        ["shop/same.go:2", "web/named.go:3"]
    );
    assert_eq!(
        sites(
            "total",
            &[
                ("src/cart.rs", "pub fn total(rate: u8) {}\nfn a() { total(1); }\n"),
                ("src/named.rs", "use crate::cart::total;\nfn a() { total(1); }\n"),
                ("src/path.rs", "fn a() { crate::cart::total(1); }\n"),
                ("src/other.rs", "fn a() { total(1); iter.total(2); }\n"),
            ]
        ),
        ["src/cart.rs:2", "src/named.rs:1", "src/named.rs:2", "src/path.rs:1"]
    );
}

#[test]
fn a_method_is_called_on_something_that_may_be_its_type() {
    let cart = "namespace Shop;\npublic class Cart { public int Total(int rate) { return Rate(rate); } int Rate(int x) => x; }\n";
    assert_eq!(
        sites(
            "Total",
            &[
                ("Shop/Cart.cs", cart),
                ("Shop/Desk.cs", "namespace Shop;\nclass Desk { void M() { var c = Open(); c.Total(1); } }\n"),
                ("Web/Page.cs", "using Shop;\nclass Page { void M() { cart.Total(1); } }\n"),
                ("Web/Sub.cs", "using Shop;\nclass Sub : Cart { void M() { Total(2);\nbase.Total(3); } }\n"),
                ("Lib/Matrix.cs", "class Matrix { int Total() => 1; void M() { this.Total(); rows.Total(); } }\n"),
                ("Lib/Far.cs", "class Far { void M(Matrix m) { m.Total(); } }\n"),
            ]
        ),
        ["Web/Page.cs:2", "Web/Sub.cs:2", "Web/Sub.cs:3"].into_iter().fold(vec!["Shop/Desk.cs:2"], |mut sites, site| {
            sites.push(site);
            sites
        })
    );
}

#[test]
fn a_constructor_is_used_by_the_name_of_its_type() {
    for (path, class, user, using) in [
        ("Cart.cs", "class Cart { public Cart(int size) { } }", "Use.cs", "class U { Cart c = new Cart(1);\nCart d; }"),
        ("cart.py", "class Cart:\n  def __init__(self, size): pass\n", "use.py", "from cart import Cart; c = Cart(1)\n"),
        (
            "cart.ts",
            "export class Cart { constructor(size: number) {} }",
            "use.ts",
            "import { Cart } from './cart'; new Cart(1);",
        ),
        ("Cart.php", "<?php class Cart { function __construct($size) {} }", "use.php", "<?php $c = new Cart(1);"),
    ] {
        let constructor = index(path, class).unwrap().symbols()[1].name.clone();
        assert_eq!(sites_of_second(&constructor, path, class, user, using), [format!("{user}:1")], "{path}");
    }
}

fn sites_of_second(name: &str, path: &str, class: &str, user: &str, using: &str) -> Vec<String> {
    let index = commit(&[(path, class), (user, using)]);
    let file = index.file(path).unwrap();
    let symbol = file.symbols().iter().rfind(|symbol| symbol.name == name).unwrap();
    index.call_sites(path, file, symbol).iter().map(|place| format!("{}:{}", place.path, place.line)).collect()
}

#[test]
fn what_is_private_is_not_looked_for_in_other_files() {
    let other = ("B.cs", "class B { void M() { Compute(1); } }");
    assert_eq!(
        sites("Compute", &[("A.cs", "class A { private int Compute(int x) => x;\nint N() => Compute(2); }"), other]),
        ["A.cs:2"]
    );
    assert_eq!(sites("Compute", &[("A.cs", "class A { void M() { int Compute(int x) => x; } }"), other]), Vec::<String>::new());
    let c = [
        ("a.c", "static int compute(int x) { return x; }\nint n() { return compute(1); }"),
        ("b.c", "int m() { return compute(2); }"),
    ];
    assert_eq!(sites("compute", &c), ["a.c:2"]);
}

#[test]
fn uses_that_may_mean_something_else_are_dropped_when_nothing_speaks_for_them() {
    // `Run` is short, and the class is named nowhere.
    let far = ("far/B.cs", "class B { void M() { x.Run(1); } }");
    assert_eq!(sites("Run", &[("near/A.cs", "class A { public void Run(int x) { } }"), far]), Vec::<String>::new());
    // A telling name that nothing else has is believed.
    let far = ("far/B.cs", "class B { void M() { x.SettleInvoices(1); } }");
    assert_eq!(
        sites("SettleInvoices", &[("near/A.cs", "class A { public void SettleInvoices(int x) { } }"), far]),
        ["far/B.cs:1"]
    );
    assert_eq!(
        sites("SettleInvoices", &[("near/A.cs", "class A { public override void SettleInvoices(int x) { } }"), far]),
        Vec::<String>::new()
    );
}

#[test]
fn settings_of_infrastructure_are_used_within_their_folder() {
    assert_eq!(
        sites(
            "region",
            &[
                ("net/variables.tf", "variable \"region\" { }\n"),
                ("net/main.tf", "x = var.region\ny = local.region\nz = module.region.id\n"),
                ("web/main.tf", "x = var.region\n"),
            ]
        ),
        ["net/main.tf:1"]
    );
    assert_eq!(
        sites(
            "web",
            &[("main.tf", "resource \"aws_instance\" \"web\" { }\n"), ("out.tf", "x = aws_instance.web.id\ny = var.web\n")]
        ),
        ["out.tf:1"]
    );
}

#[test]
fn a_line_is_told_once() {
    assert_eq!(sites("total", &[("a.py", "def total(x): return x\ntotal(total(total(1)))\n")]), ["a.py:2"]);
}

#[test]
fn a_name_is_told_with_its_definitions_and_the_likeliest_uses_first() {
    let index = commit(&[
        ("shop/cart.py", "def total(rate):\n    return rate\n\n\ndef twice():\n    return total(1) + total(2)\n"),
        ("admin/report.py", "import pandas\nframe.total(1)\n"),
        ("web/named.py", "from shop.cart import total\ntotal(1)\n"),
        ("web/local.py", "def show(total):\n    return total\n"),
        ("web/page.ts", "total(1);\n"),
    ]);
    let named = index.named("total");
    let definitions: Vec<_> = named.definitions.iter().map(|(path, symbol)| (*path, symbol.lines.first)).collect();
    assert_eq!(definitions, [("shop/cart.py", 1)]);
    let uses: Vec<_> = named.uses.iter().map(|place| (place.path, place.line)).collect();
    assert_eq!(
        uses,
        [("shop/cart.py", 6), ("web/named.py", 1), ("web/named.py", 2), ("admin/report.py", 2), ("web/page.ts", 1)],
        "one a line; no variables"
    );
    assert_eq!(index.named("nothing"), crate::Named::default());
    assert!(index.is_whole("web/page.ts") && !index.is_whole("web/none.ts") && index.weight() > 100);
}
