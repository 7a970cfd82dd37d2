use proptest::prelude::*;

use super::*;

fn matches(pattern: &str, path: &str) -> bool {
    Glob::new(pattern).unwrap_or_else(|problem| panic!("{pattern}: {problem}")).is_match(path)
}

#[test]
fn patterns_match_as_minimatch_does_with_dot_and_nocase() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("*.js", &["a.js", ".js", "A.JS"], &["src/a.js", "a.jsx"]),
        ("*", &["a", ".env"], &["a/b"]),
        ("**", &["a", "a/b/c", ".git/x"], &[]),
        ("**/*.js", &["a.js", "src/a.js", "a/b/.c/d.js"], &["a.ts"]),
        ("src/**", &["src/a", "src/a/b.rs", "SRC/a"], &["src", "a/src/b", "srcs/a"]),
        ("src/**/*.rs", &["src/a.rs", "src/x/y/a.rs"], &["a.rs", "src/a.py"]),
        ("**/dist/**", &["dist/a", "web/dist/a/b"], &["dist", "web/dist", "distant/a"]),
        ("a/**/b/**/c", &["a/b/c", "a/x/b/y/z/c"], &["a/c", "a/b"]),
        ("**/**/a", &["a", "x/a", "x/y/a"], &["ab"]),
        ("tests/**.*", &["tests/a.py"], &["tests/x/a.py", "tests/a"]),
        ("a**b", &["ab", "axxb"], &["a/b"]),
        ("./src/*.c", &["src/a.c"], &["./src/a.c"]),
        ("file?.txt", &["file1.txt", "fileX.txt"], &["file.txt", "file12.txt", "file/.txt"]),
        ("[ab]c", &["ac", "BC"], &["cc"]),
        ("[!ab]c", &["cc"], &["ac", "/c"]),
        ("[^a-c]", &["d", "-"], &["a", "b"]),
        ("[a-c]x", &["bx"], &["dx", "-x"]),
        ("[]x]", &["]", "x"], &["a"]),
        ("[[:digit:]]", &["5"], &["a"]),
        ("[", &["["], &["a"]),
        ("[z-a]", &["[z-a]"], &["z"]),
        ("*.{ts,tsx}", &["a.ts", "a.tsx"], &["a.js"]),
        ("{src,lib}/**", &["src/a", "lib/b/c"], &["test/a"]),
        ("{a,b{c,d}}", &["a", "bc", "bd"], &["b"]),
        ("v{1..3}", &["v1", "v3"], &["v4"]),
        ("{a..c}", &["b"], &["d"]),
        ("{a}", &["{a}"], &["a"]),
        ("${a,b}", &["${a,b}"], &["a"]),
        ("{a", &["{a"], &["a"]),
        ("a{,.b}", &["a", "a.b"], &["b"]),
        ("*.@(js|ts)", &["a.js", "a.ts"], &["a.@(js|ts)", "a.jsts"]),
        ("?(a|b)c", &["c", "ac"], &["abc"]),
        ("+(a|b)", &["a", "abba"], &["c", "abc"]),
        ("*(a)b", &["b", "aaab"], &["cb"]),
        ("@(a|@(b|c)d)", &["a", "bd", "cd"], &["b"]),
        ("@(a", &["@(a"], &["a"]),
        ("a.b", &["a.b"], &["axb"]),
        ("a+b(c)", &["a+b(c)"], &["aab(c)"]),
        (r"\*.txt", &["*.txt"], &["a.txt"]),
        ("größe/*", &["größe/x", "GRÖßE/x"], &["grosse/x"]),
        ("a b.txt", &["a b.txt"], &["ab.txt"]),
    ];
    for (pattern, yes, no) in cases {
        for path in *yes {
            assert!(matches(pattern, path), "{pattern} should match {path}");
        }
        for path in *no {
            assert!(!matches(pattern, path), "{pattern} should not match {path}");
        }
    }
}

#[test]
fn patterns_that_can_match_nothing_are_known() {
    for (pattern, is_dead) in
        [("", true), ("/src/**", true), ("src/", true), ("#x", true), ("src/**", false), ("*", false), ("a/b", false)]
    {
        assert_eq!(dead_reason(pattern).is_some(), is_dead, "{pattern:?}");
    }
}

#[test]
fn hostile_patterns_are_refused_in_words() {
    let refusal = |pattern: &str| Glob::new(pattern).unwrap_err();
    insta::assert_snapshot!(refusal("!(a|b)"), @"`!(…)` is not understood here; exclude by a pattern of its own that begins with `!`");
    insta::assert_snapshot!(refusal(&"{a,b}".repeat(40)), @"its braces stand for more than 200 patterns");
    insta::assert_snapshot!(refusal("{1..99999}"), @"its braces stand for more than 200 patterns");
    insta::assert_snapshot!(refusal(&"@(".repeat(20).chars().chain(")".repeat(20).chars()).collect::<String>()), @"groups stand more than 8 deep in each other");
    insta::assert_snapshot!(refusal(&"a".repeat(1_001)), @"the pattern has more than 1000 characters");
}

fn glob_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("a"),
        Just("*"),
        Just("**"),
        Just("/"),
        Just("?"),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(","),
        Just(".."),
        Just("("),
        Just(")"),
        Just("|"),
        Just("@"),
        Just("+"),
        Just("!"),
        Just("\\"),
        Just("-"),
        Just("^"),
        Just(":"),
        Just("é"),
        Just("1"),
        Just("$"),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_pattern_makes_it_panic(pattern in prop_oneof![glob_like(), any::<String>()], path in "[a-z/.]{0,20}") {
        if let Ok(glob) = Glob::new(&pattern) {
            glob.is_match(&path);
        }
    }

    #[test]
    fn a_path_without_signs_matches_itself_and_whatever_is_below_its_folder(path in "[a-zA-Z0-9_]{1,8}(/[a-zA-Z0-9_.]{2,8}){0,4}") {
        prop_assert!(matches(&path, &path));
        prop_assert!(matches("**", &path));
        let below = format!("{path}/**");
        let inside = format!("{path}/x.rs");
        prop_assert!(matches(&below, &inside));
        prop_assert!(!matches(&below, &path));
    }
}
