//! What a change means for the code that it leaves as it was.

use std::collections::BTreeSet;

use super::commits::commit;
use crate::{Bounds, ChangedFile, FileIndex, Impact, impacts, index};

const ALL: Bounds = Bounds { impacts: 20, places_each: 6, places: 20 };

/// A version of a repository, and what a change made of some of its files: path, text before, text after.
type Change = (&'static str, Option<&'static str>, Option<&'static str>);

/// `signature -> signature: uses` per symbol.
#[track_caller]
fn told(changes: &[Change], others: &[(&str, &str)], bounds: Bounds) -> Vec<String> {
    let after = changes.iter().filter_map(|&(path, _, after)| Some((path, after?)));
    let files: Vec<(&str, &str)> = others.iter().copied().chain(after).collect();
    let repository = commit(&files);
    let versions: Vec<[Option<FileIndex>; 2]> = changes
        .iter()
        .map(|&(path, before, after)| [before, after].map(|text| text.and_then(|text| index(path, text))))
        .collect();
    let changed: Vec<ChangedFile<'_>> = changes
        .iter()
        .zip(&versions)
        .map(|(&(path, before, after), [base, head])| {
            let known: BTreeSet<&str> = before.into_iter().flat_map(str::lines).collect();
            let added = (1..).zip(after.into_iter().flat_map(str::lines)).filter(|(_, line)| !known.contains(line));
            let added_lines = added.map(|(number, _)| number).collect();
            ChangedFile { path, base: base.as_ref(), head: head.as_ref(), is_deleted: after.is_none(), added_lines }
        })
        .collect();
    let shown = |impact: Impact<'_>| {
        let after = impact.change.after.map_or_else(
            || impact.change.renamed_to.map_or("gone".to_owned(), |name| format!("renamed {name}")),
            |after| after.signature,
        );
        let places: Vec<String> = impact.places.iter().map(|place| format!("{}:{}", place.path, place.line)).collect();
        format!("{} -> {after}: {} of {}", impact.change.before.signature, places.join(", "), impact.found)
    };
    let found = impacts(&repository, &changed, bounds, &|path| !path.starts_with("vendor/"));
    found.into_iter().map(shown).collect()
}

const CALLER: (&str, &str) = ("web/page.py", "from shop.cart import total\n\ndef show():\n    return total(1)\n");

#[test]
fn callers_of_a_changed_signature_are_told() {
    let change =
        ("shop/cart.py", Some("def total(rate):\n    return rate\n"), Some("def total(rate, currency):\n    return rate\n"));
    assert_eq!(
        told(&[change], &[CALLER, ("vendor/x.py", "from shop.cart import total\ntotal(2)\n")], ALL),
        ["def total(rate) -> def total(rate, currency): web/page.py:1, web/page.py:4 of 2"]
    );
}

#[test]
fn a_caller_that_the_change_adapts_is_not_told() {
    let changes = [
        ("shop/cart.py", Some("def total(rate): pass\n"), Some("def total(rate, currency): pass\n")),
        ("web/page.py", Some("from shop.cart import total\ntotal(1)\n"), Some("from shop.cart import total\ntotal(1, 'EUR')\n")),
        (
            "web/other.py",
            Some("import x\nfrom shop.cart import total\ntotal(1)\n"),
            Some("import y\nfrom shop.cart import total\ntotal(1)\n"),
        ),
    ];
    assert_eq!(
        told(&changes, &[], ALL),
        ["def total(rate) -> def total(rate, currency): web/other.py:2, web/other.py:3, web/page.py:1 of 3"]
    );
}

#[test]
fn removed_and_renamed_symbols_that_are_still_used_are_told() {
    let removed = ("shop/cart.py", Some("def total(rate):\n    return 1\ndef other(): pass\n"), Some("def other(): pass\n"));
    assert_eq!(told(&[removed], &[CALLER], ALL), ["def total(rate) -> gone: web/page.py:1, web/page.py:4 of 2"]);
    let renamed = ("shop/cart.py", Some("def total(rate): pass\n"), Some("def sum_of(rate): pass\n"));
    assert_eq!(told(&[renamed], &[CALLER], ALL), ["def total(rate) -> renamed sum_of: web/page.py:1, web/page.py:4 of 2"]);
    let deleted = ("shop/cart.py", Some("def total(rate): pass\n"), None);
    assert_eq!(told(&[deleted], &[CALLER], ALL), ["def total(rate) -> gone: web/page.py:1, web/page.py:4 of 2"]);
    let constant = ("shop/limits.py", Some("LIMIT = 5\nOTHER = 1\n"), Some("OTHER = 2\n"));
    let user = ("web/page.py", "from shop.limits import LIMIT, OTHER\nx = LIMIT + OTHER\n");
    assert_eq!(told(&[constant], &[user], ALL), ["LIMIT = 5 -> gone: web/page.py:1, web/page.py:2 of 2"]);
}

#[test]
fn what_moved_or_lost_its_uses_is_not_told() {
    let unused = ("shop/cart.py", Some("def total(rate): pass\n"), Some("x = 1\n"));
    assert_eq!(told(&[unused], &[("web/page.py", "print(1)\n")], ALL), Vec::<String>::new());
    let moved = [
        ("Shop/Cart.cs", Some("class Cart { public int Total(int x) { return x; } }"), Some("class Cart { }")),
        ("Shop/Sums.cs", None, Some("class Sums { public int Total(int x) { return x; } }")),
    ];
    assert_eq!(told(&moved, &[("Shop/Use.cs", "class U { void M(Cart c) { c.Total(1); } }")], ALL), Vec::<String>::new());
    let body = ("shop/cart.py", Some("def total(rate): return 1\n"), Some("def total(rate): return 2\n"));
    assert_eq!(told(&[body], &[CALLER], ALL), Vec::<String>::new());
}

#[test]
fn members_of_a_type_that_is_gone_are_not_told_beside_it() {
    let removed = (
        "Shop/Cart.cs",
        Some("namespace Shop;\nclass Cart { public int Total(int x) { return x; } }"),
        Some("namespace Shop;\n"),
    );
    let user = ("Shop/Use.cs", "namespace Shop;\nclass U { void M(Cart c) { c.Total(1); } }");
    assert_eq!(told(&[removed], &[user], ALL), ["class Cart -> gone: Shop/Use.cs:2 of 1"]);
}

#[test]
fn of_types_only_what_makes_them_is_a_signature() {
    let base = ("Cart.cs", Some("class Cart : A { }"), Some("class Cart : B { }"));
    let record = ("Cart.cs", Some("record Cart(int Size);"), Some("record Cart(int Size, int Price);"));
    let user = ("Use.cs", "class U { Cart c;\nCart d = new Cart(1); }");
    assert_eq!(told(&[base], &[user], ALL), Vec::<String>::new());
    assert_eq!(
        told(&[record], &[user], ALL),
        ["record Cart(int Size) -> record Cart(int Size, int Price): Use.cs:1, Use.cs:2 of 2"]
    );
}

#[test]
fn bounds_hold_and_what_is_removed_comes_first() {
    let change = ("shop/cart.py", Some("def first(a): pass\ndef second(a): pass\n"), Some("def second(a, b): pass\n"));
    let user = ("web/page.py", "from shop.cart import *\nfirst(1)\nfirst(2)\nfirst(3)\nsecond(1)\nsecond(2)\n");
    let few = Bounds { impacts: 20, places_each: 2, places: 3 };
    assert_eq!(
        told(&[change], &[user], few),
        ["def first(a) -> gone: web/page.py:2, web/page.py:3 of 3", "def second(a) -> def second(a, b): web/page.py:5 of 2"]
    );
    let one = Bounds { impacts: 1, places_each: 2, places: 3 };
    assert_eq!(told(&[change], &[user], one), ["def first(a) -> gone: web/page.py:2, web/page.py:3 of 3"]);
    let none = Bounds { impacts: 0, places_each: 2, places: 3 };
    assert_eq!(told(&[change], &[user], none), Vec::<String>::new());
}

#[test]
fn a_file_whose_new_version_cannot_be_read_is_not_taken_for_a_deleted_one() {
    let base = index("shop/cart.py", "def total(rate): pass\n");
    let changed =
        ChangedFile { path: "shop/cart.py", base: base.as_ref(), head: None, is_deleted: false, added_lines: BTreeSet::new() };
    assert_eq!(impacts(&commit(&[CALLER]), &[changed], ALL, &|_| true), []);
}
