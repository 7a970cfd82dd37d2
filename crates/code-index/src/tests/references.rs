//! What counts as a use, and as what.

use crate::index;

/// `line kind qualifier` of every use of `pay`, the qualifier in angle brackets.
#[track_caller]
fn uses_of(name: &str, path: &str, source: &str) -> String {
    let index = index(path, source).unwrap();
    let shown = index.references_to(name).into_iter().map(|found| {
        let kind = format!("{:?}", found.kind).to_lowercase();
        let qualifier = found.qualifier.map(|qualifier| format!("<{qualifier}>")).unwrap_or_default();
        format!("{} {kind}{qualifier}", found.line)
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn calls_are_told_with_what_they_are_called_on() {
    for (path, source, expected) in [
        (
            "a.cs",
            "class A { void M() {\npay();\nthis.pay(1);\nshop.core.pay<int>(x);\nx?.pay();\nMake().pay();\nvar h = pay;\n} }",
            "2 call, 3 call<this>, 4 call<shop.core>, 5 call<x>, 6 call<>, 7 other",
        ),
        (
            "a.java",
            "class A { void m() {\npay();\nthis.pay(1);\nshop.pay(x);\nmake().pay();\nRun r = this::pay;\n} }",
            "2 call, 3 call<this>, 4 call<shop>, 5 call<>, 6 other<this>",
        ),
        ("a.kt", "fun m() {\npay(1)\nthis.pay()\nshop.pay(x)\nval r = ::pay\n}", "2 call, 3 call<this>, 4 call<shop>, 5 other<>"),
        ("a.scala", "object A { def m() = {\npay(1)\nshop.pay(x)\nshop.pay\n} }", "2 call, 3 call<shop>, 4 other<shop>"),
        (
            "a.ts",
            "import { pay } from './shop';\npay(1);\nshop.pay(x);\nx?.pay();\nrun(pay);\nobj.pay;\nconst y = { pay };\n",
            "1 import, 2 call, 3 call<shop>, 4 call<x>, 5 other, 6 other<obj>, 7 other",
        ),
        ("a.js", "pay(1);\nnew pay();\nshop.pay(x);\n", "1 call, 2 call, 3 call<shop>"),
        (
            "a.py",
            "from shop import pay\npay(1)\nself.pay()\nshop.core.pay(x)\nrun(pay)\nf(pay=1)\n@pay\ndef f(): pass\n",
            "1 import, 2 call, 3 call<self>, 4 call<shop.core>, 5 other, 6 other<>, 7 call",
        ),
        ("a.go", "package a\nfunc m() {\npay(1)\nshop.pay(x)\nrun(pay)\n}", "3 call, 4 call<shop>, 5 other"),
        (
            "a.rs",
            "use shop::pay;\nfn m() {\npay(1);\nself.pay();\nshop::pay(x);\nshop::pay::<u8>(x);\nassert_eq!(pay(1), 2);\nrun(pay);\n}",
            "1 import, 3 call, 4 call<self>, 5 call<shop>, 6 call<shop>, 7 call, 8 other",
        ),
        ("a.c", "int m() {\npay(1);\np->pay(2);\nrun(&pay);\n}", "2 call, 3 call<p>, 4 other"),
        (
            "a.cpp",
            "int m() {\npay(1);\nshop::pay(x);\nthis->pay();\npay<int>(1);\n}",
            "2 call, 3 call<shop>, 4 call<this>, 5 call",
        ),
        ("a.rb", "def m\npay 1\nself.pay\nShop.pay(x)\npay\nend\n", "2 call, 3 call<self>, 4 call<Shop>, 5 other"),
        (
            "a.php",
            "<?php\nuse function Shop\\pay;\npay(1);\n$this->pay();\nShop::pay($x);\n\\Shop\\pay(2);\n$pay = 1;\n",
            "2 import, 3 call, 4 call<$this>, 5 call<Shop>, 6 call<Shop>",
        ),
        (
            "a.swift",
            "func m() {\npay(1)\nself.pay()\nshop.pay(x)\nrun(pay)\nf(pay: 1)\n}",
            "2 call, 3 call<self>, 4 call<shop>, 5 other",
        ),
        ("a.sql", "SELECT pay(1), shop.PAY(2) FROM t;\nSELECT x FROM pay;\n", "1 call, 1 call<shop>, 2 type"),
        ("a.sh", "pay 1\nif pay; then echo pay \"$(pay 2)\"; fi\n", "1 call, 2 call"),
        ("a.ps1", "PAY 1\n$x.Pay(2)\n[Shop]::Pay(3)\n$pay = 1\n", "1 call, 2 call<$x>, 3 call<Shop>"),
        (
            "a.tf",
            "x = var.pay\ny = \"a-${module.pay.id}\"\nz = pay(1)\npay = 1\nw = data.t.pay.id\n",
            "1 other<var>, 2 other<module>, 3 call, 5 other<t>",
        ),
    ] {
        assert_eq!(uses_of("pay", path, source), expected, "{path}");
    }
}

#[test]
fn what_makes_a_value_of_a_type_calls_it() {
    for (path, source, expected) in [
        (
            "a.cs",
            "class B : Cart {\nCart c = new Cart<int>(1);\nList<Cart> l = new Shop.Cart();\n}",
            "1 type, 2 call, 2 type, 3 call<Shop>, 3 type",
        ),
        (
            "a.java",
            "class B extends Cart {\nCart c = new Cart<>(1);\nList<Cart> l = new a.Cart();\n}",
            "1 type, 2 call, 2 type, 3 call, 3 type",
        ),
        ("a.kt", "class B : Cart(1) {\nval c: Cart = Cart(2)\n}", "1 call, 2 call, 2 type"),
        ("a.scala", "class B extends Cart {\nval c: Cart = new Cart(2)\n}", "1 type, 2 call, 2 type"),
        ("a.ts", "class B extends Cart<T> {\nc: Cart = new Cart();\n}", "1 type, 2 call, 2 type"),
        ("a.tsx", "const v = <Cart size={1} />;\nconst w = <Cart>x</Cart>;\n", "1 call, 2 call, 2 other"),
        ("a.py", "class B(Cart):\n    c: Cart = Cart(1)\n", "1 type, 2 call, 2 type"),
        ("a.go", "package a\nvar c *Cart = &Cart{1}\nvar d = shop.Cart{A: 1}\n", "2 call, 2 type, 3 call<shop>"),
        ("a.rs", "fn f(c: Cart) -> Cart { Cart { size: 1 } }\n", "1 call, 1 type"),
        ("a.cpp", "Cart *c = new Cart(1);\nclass B : public Cart {};\n", "1 call, 1 type, 2 type"),
        ("a.rb", "class B < Cart; end\nCart.new(1)\nShop::Cart.new\n", "1 other, 2 call, 3 call<Shop>"),
        ("a.php", "<?php class B extends Cart {}\nfunction f(Cart $c) { new Cart(); }\n", "1 type, 2 call, 2 type"),
        ("a.swift", "class B: Cart {\nlet c: Cart = Cart(size: 1)\n}", "1 type, 2 call, 2 type"),
        ("a.ps1", "function f([Cart]$c) { }\n[Cart]::new(1)\n", "1 type, 2 type"),
    ] {
        assert_eq!(uses_of("Cart", path, source), expected, "{path}");
    }
}

#[test]
fn words_of_strings_and_comments_and_the_definition_are_no_uses() {
    for (path, source) in [
        ("a.cs", "class A { void Pay() { } // Pay\nstring s = \"Pay\"; /* Pay */ }"),
        ("a.py", "def Pay(): pass  # Pay\nx = 'Pay'\n"),
        ("a.rs", "/// Pay\nfn Pay() { let s = \"Pay\"; }\n"),
        ("a.go", "package a\n// Pay\nfunc Pay() { _ = \"Pay\" }\n"),
        ("a.sh", "Pay() { :; } # Pay\n"),
    ] {
        assert_eq!(uses_of("Pay", path, source), "", "{path}");
    }
}

#[test]
fn names_in_either_case_are_one_where_the_language_says_so() {
    assert_eq!(uses_of("Get-Total", "a.ps1", "get-total\nGET-TOTAL 1\n"), "1 call, 2 call");
    assert_eq!(uses_of("Cart", "a.sql", "select 1 from CART;\n"), "1 type");
    assert_eq!(uses_of("Pay", "a.go", "package a\nfunc m() { pay() }\n"), "");
}

#[test]
fn imports_and_packages_are_kept_as_they_stand() {
    for (path, source, package, imports) in [
        ("a.cs", "using Shop.Core;\nnamespace A.B;\n", Some("A.B"), vec!["using Shop.Core;"]),
        ("a.java", "package a.b;\nimport static shop.M.*;\n", Some("a.b"), vec!["import static shop.M.*;"]),
        ("a.kt", "package a.b\nimport shop.Cart\n", Some("a.b"), vec!["import shop.Cart"]),
        ("a.scala", "package a.b\nimport shop.Cart\n", Some("a.b"), vec!["import shop.Cart"]),
        ("a.go", "package a\nimport x \"shop/core\"\n", Some("a"), vec!["x \"shop/core\""]),
        (
            "a.php",
            "<?php\nnamespace A\\B;\nuse Shop\\Cart;\nrequire 'x.php';\n",
            Some("A\\B"),
            vec!["use Shop\\Cart;", "'x.php'"],
        ),
        ("a.ts", "import { a,\n  b } from './x';\nconst y = require('y');\n", None, vec!["import { a, b } from './x';", "'y'"]),
        ("a.py", "import shop.core as sc\nfrom . import *\n", None, vec!["import shop.core as sc", "from . import *"]),
        ("a.rs", "use shop::{a, b};\n", None, vec!["use shop::{a, b};"]),
        ("a.cpp", "#include \"shop.h\"\nusing shop::pay;\n", None, vec!["#include \"shop.h\"", "using shop::pay;"]),
        ("a.rb", "require_relative 'shop'\n", None, vec!["'shop'"]),
        ("a.swift", "import Shop\n", None, vec!["import Shop"]),
        ("a.sh", "source ./lib.sh\n", None, vec!["./lib.sh"]),
        ("a.ps1", "Import-Module Shop\n", None, vec!["Shop"]),
    ] {
        let index = index(path, source).unwrap();
        assert_eq!(
            (index.package(), index.imports()),
            (package, &imports.iter().map(|&import| import.to_owned()).collect::<Vec<_>>()[..]),
            "{path}"
        );
    }
}
