use proptest::prelude::*;

use super::*;

fn near(one: &str, other: &str) -> bool {
    let of = |claim| Trace::of(Category::Security, "src/orders/store.py", claim);
    of(one).is_near(&of(other))
}

#[test]
fn the_same_complaint_about_other_code_is_near() {
    let pairs = [
        ("The user name is concatenated into the SQL query.", "User input is concatenated into the SQL query unescaped."),
        ("`load_orders` opens a connection and never closes it.", "`fetch()` opens a connection that it never closes."),
        (
            "The result of `save` is not checked, so errors are lost silently.",
            "The result of writeAll() is never checked; errors are lost.",
        ),
        ("The loop runs one query per order, N+1 queries in all.", "One query per customer runs in the loop: N+1 queries."),
        ("Missing validation of the request's page size.", "The request's page size misses validation."),
        ("A public method lacks documentation of its parameters.", "Public methods lack documented parameters."),
        ("The lock is held while the network is awaited.", "The network is awaited while the lock `self.state` is held."),
    ];
    for (one, other) in pairs {
        assert!(near(one, other), "{one} / {other}: {:?} {:?}", words::spoken(one), words::spoken(other));
    }
}

#[test]
fn another_complaint_about_the_same_code_is_not() {
    let pairs = [
        ("The index is one past the last item.", "The index is negative for an empty list."),
        ("The SQL query is executed once for each item.", "The user name is concatenated into the SQL query."),
        ("The file handle is never closed when parsing fails.", "The file is parsed with the wrong encoding."),
        ("The timeout is given in seconds instead of milliseconds.", "The timeout is never applied to the second request."),
        ("The lock is released twice on the error path.", "The lock is held while the network is awaited."),
        ("The password is written to the log.", "The password is compared without constant time."),
        ("`total` overflows.", "`total` underflows."),
        ("The query.", "The query."),
        ("", ""),
    ];
    for (one, other) in pairs {
        assert!(!near(one, other), "{one} / {other}: {:?} {:?}", words::spoken(one), words::spoken(other));
    }
}

#[test]
fn category_and_kind_of_file_or_folder_must_agree() {
    const CLAIM: &str = "User input is concatenated into the SQL query.";
    let of = |category, path: &str| Trace::of(category, path, CLAIM);
    let here = of(Category::Security, "src/orders/store.py");
    let cases = [
        ("the very same", Category::Security, "src/orders/store.py", true),
        ("of the same kind elsewhere", Category::Security, "tools/report.PY", true),
        ("of another kind in the same folder", Category::Security, "src/orders/store.sql", true),
        ("of another kind elsewhere", Category::Security, "web/search.ts", false),
        ("without an ending, elsewhere", Category::Security, "Makefile", false),
        ("another category", Category::Correctness, "src/orders/store.py", false),
    ];
    for (what, category, path, expected) in cases {
        assert_eq!(here.is_near(&of(category, path)), expected, "{what}");
    }
    let root = |path| of(Category::Security, path);
    assert!(root("Makefile").is_near(&root("Dockerfile")), "both lie in the root");
    assert!(!root("a/Makefile").is_near(&root("b/Makefile")), "no ending is no kind");
}

proptest! {
    #[test]
    fn nearness_is_symmetric_and_names_of_code_do_not_count(
        one in prop::collection::vec("[a-d]{3,9}", 0..12),
        other in prop::collection::vec("[a-d]{3,9}", 0..12),
        name in "[a-z_]{1,9}",
    ) {
        let of = |claim: &str| Trace::of(Category::Test, "a.rs", claim);
        let (one, other) = (one.join(" "), other.join(" "));
        let (left, right) = (of(&one), of(&other));
        prop_assert_eq!(left.is_near(&right), right.is_near(&left));
        prop_assert_eq!(left.is_near(&left), left.words.len() >= SHARED_WORDS);
        prop_assert_eq!(of(&format!("{one} `{name}` {name}::x")), left);
    }

    #[test]
    fn any_text_has_a_trace(category in prop::sample::select(Category::ALL.to_vec()), path in ".{0,60}", claim in ".{0,200}") {
        let trace = Trace::of(category, &path, &claim);
        prop_assert_eq!(trace.is_near(&trace), trace.words.len() >= SHARED_WORDS);
    }
}
