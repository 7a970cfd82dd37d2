use super::*;
use crate::{
    finding::{
        answer::{PlanAnswer, StepAnswer},
        test_support::state,
    },
    pull_request::LineRange,
};

#[test]
fn a_branch_tells_what_it_is_and_for_which_head() {
    let head = CommitId::parse("0123456789abcdef0123456789abcdef01234567").unwrap();
    assert_eq!(OwnChangeKind::Docstrings.branch(&head, ""), "refs/heads/coderabbit-agent/docstrings/0123456");
    assert_eq!(OwnChangeKind::StackedFixes.branch(&head, ""), "refs/heads/coderabbit-agent/autofix/0123456");
    let recipe = OwnChangeKind::Recipe.branch(&head, "Sort imports / ../..~^: now");
    assert_eq!(recipe, "refs/heads/coderabbit-agent/recipe-sort-imports-now-78bc5c/0123456");
    let alike = ["Sort imports", "Sort, imports"].map(|name| OwnChangeKind::Recipe.branch(&head, name));
    assert_ne!(alike[0], alike[1], "recipes with names that look alike have branches of their own");
    let long = ["now", "later"].map(|end| OwnChangeKind::Recipe.branch(&head, &format!("{}{end}", "sort ".repeat(20))));
    assert_ne!(long[0], long[1]);
}

#[test]
fn a_pull_request_is_our_own_by_identity_and_branch_together() {
    let mut own = state(Vec::new());
    own.pull_request.author = own.me.clone();
    own.pull_request.source_ref = format!("{BRANCHES}docstrings/0123456");
    own.pull_request.fork_url = None;
    assert!(is_own(&own));
    let mut theirs = own.clone();
    theirs.pull_request.author.id = "somebody".to_owned();
    assert!(!is_own(&theirs), "anybody can name a branch so");
    own.pull_request.source_ref = "refs/heads/feature".to_owned();
    assert!(!is_own(&own), "the owner of the token may work on their own");
}

#[test]
fn an_edit_is_made_where_its_text_stands_once() {
    let edit = |search: &str, replace: &str| Edit { search: search.to_owned(), replace: replace.to_owned() };
    let text = "one\ntwo two\n  three\n";
    let cases = [
        (edit("one\n", "ONE\n"), Ok("ONE\ntwo two\n  three\n".to_owned())),
        (edit("two two\n  three", "2"), Ok("one\n2\n".to_owned())),
        (edit("  three\n", ""), Ok("one\ntwo two\n".to_owned())),
        (edit("two", "2"), Err(EditRefusal::Several)),
        (edit("four", "4"), Err(EditRefusal::NotFound)),
        (edit(" \n", "4"), Err(EditRefusal::NotFound)),
        (edit("one", "one"), Err(EditRefusal::Nothing)),
        (edit("one", "o\u{200b}ne"), Err(EditRefusal::Invisible)),
        (edit("one", "[redacted:github-token:1a2b3c]"), Err(EditRefusal::HoldsSecret)),
        (edit("one", &"x\n".repeat(100)), Err(EditRefusal::TooLarge)),
    ];
    for (edit, expected) in cases {
        assert_eq!(apply(text, &edit), expected, "{edit:?}");
    }
    assert_eq!(apply("aXa\r\nb\r\n", &edit("a\nb", "c\nd")), Ok("aXc\r\nd\r\n".to_owned()), "endings are those of the file");
    assert_eq!(apply("aaa", &edit("aa", "b")), Err(EditRefusal::Several), "overlapping places are two");
}

#[test]
fn lines_are_replaced_as_a_whole() {
    let text = "one\r\ntwo\r\nthree";
    let lines = |first, last| LineRange::new(first, last);
    assert_eq!(replace_lines(text, lines(2, 2), "2\nb"), Ok("one\r\n2\r\nb\r\nthree".to_owned()));
    assert_eq!(replace_lines(text, lines(2, 3), "2"), Ok("one\r\n2".to_owned()));
    assert_eq!(replace_lines(text, lines(3, 4), "2"), Err(EditRefusal::PastTheEnd));
    assert_eq!(replace_lines(text, lines(1, 1), "one"), Err(EditRefusal::Nothing));
}

#[test]
fn what_runs_by_itself_and_what_tools_write_is_not_touched() {
    for path in [
        "azure-pipelines.yml",
        "build/azure-pipelines-nightly.yaml",
        "ci/release-pipeline.yml",
        "pipelines/build.yml",
        ".azuredevops/policies.yml",
        ".github/workflows/a.yml",
        "a/.HUSKY/pre-commit",
        "tools/githooks/post.py",
        ".coderabbit.yaml",
        "Dockerfile.test",
        "package-lock.json",
        "src/api.generated.ts",
        "vendor/a.go",
        ".env",
        "tests/conftest.py",
        "build.rs",
        "web/jest.config.ts",
        "CODEOWNERS",
        "deploy/values.yaml",
        "mkdocs.YML",
        ".eslintrc",
        "web/.babelrc.json",
        "web/.eslintrc.cjs",
        "web/karma.conf.js",
        "web/app.config.json",
        "native/CMakeLists.txt",
        "native/flags.cmake",
        "go.mod",
        "setup.cfg",
        "tox.ini",
        "pytest.ini",
        "tsconfig.json",
        "web/tsconfig.build.json",
        "composer.json",
        "Package.swift",
        "app/build.gradle",
        "app/extra.gradle.kts",
        "src/Shop.fsproj",
        "src/Shop.vbproj",
        "src/Shop.vcxproj",
        "Shop.sln",
        "Shop.slnx",
        "shop.gemspec",
        "noxfile.py",
    ] {
        assert!(protected(path).is_some(), "{path}");
    }
    for path in [
        "src/cart.py",
        "src/pipeline/mod.rs",
        "web/app.tsx",
        "web/hooks/useCart.ts",
        "src/tasks.py",
        "src/Order.cs",
        "src/config.rs",
        "src/configuration/mod.rs",
        "src/arc.py",
    ] {
        assert_eq!(protected(path), None, "{path}");
    }
}

#[test]
fn only_tests_are_added_and_only_inside_of_the_repository() {
    for path in
        ["tests/test_cart.py", "src/cart.test.ts", "Shop.Tests/CartTests.cs", "src/cart_test.go", "src/test/java/a/CartTest.java"]
    {
        assert_eq!(new_test_refusal(path), None, "{path}");
    }
    for path in [
        "src/cart.py",
        "../tests/test_cart.py",
        "/tests/test_cart.py",
        "tests/./test_cart.py",
        "tests\\test_cart.py",
        "tests/.git/test_a.py",
        ".github/tests/test_a.py",
        "tests/conftest.py",
        "tests/run.sh",
        "tests/cart.yml",
        "tests/test_cart.py ",
        "tests/test\u{202e}_cart.py",
        "tests/%2e%2e/test_a.py",
        "",
    ] {
        assert!(new_test_refusal(path).is_some(), "{path}");
    }
}

#[test]
fn a_suggestion_is_read_as_it_was_written() {
    assert_eq!(suggestion_in("**A**\n\n```suggestion\n    a\n\n    b\n```\n\n<!-- x -->").as_deref(), Some("    a\n\n    b"));
    for none in ["**A**", "```suggestion\na", "```suggestion\na\n```\n```suggestion\nb\n```", "```python\na\n```"] {
        assert_eq!(suggestion_in(none), None, "{none}");
    }
}

#[test]
fn a_plan_names_what_is_there() {
    let step = |files: &[&str], new: &[&str], settles: &[u32]| StepAnswer {
        title: "Do it".to_owned(),
        what: "So.".to_owned(),
        files: files.iter().map(|path| (*path).to_owned()).collect(),
        new_files: new.iter().map(|path| (*path).to_owned()).collect(),
        settles: settles.to_vec(),
    };
    let empty = StepAnswer { title: " ".to_owned(), what: String::new(), ..step(&["a"], &[], &[]) };
    let answer = PlanAnswer {
        summary: "First.".to_owned(),
        steps: vec![step(&["/a.rs", "b.rs"], &["c.rs", "a.rs"], &[0, 1, 2, 3]), empty],
    };
    let made = plan(&answer, 2, &|path| path == "a.rs");
    assert_eq!(made.unknown_files, 1);
    assert_eq!(
        made.steps,
        [Step { files: vec!["a.rs".into()], new_files: vec!["c.rs".into()], settles: vec![1, 2], ..made.steps[0].clone() }]
    );
}
