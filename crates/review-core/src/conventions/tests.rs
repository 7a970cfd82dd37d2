use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{configuration::GuidelineFiles, prompt::Guideline};

fn told(files: &[(&str, &str)], changed: &[&str]) -> Vec<Guideline> {
    told_by(files, &[], changed)
}

fn told_by(files: &[(&str, &str)], own: &[GuidelineFiles], changed: &[&str]) -> Vec<Guideline> {
    let files: BTreeMap<String, String> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    guidelines(&files, &OwnPatterns::new(own), changed)
}

fn names(found: &[Guideline]) -> Vec<&str> {
    found.iter().map(|guideline| guideline.path.as_str()).collect()
}

/// What one rule file comes to for a change of `src/shop/cart.ts`.
fn rule(path: &str, front: &str) -> Option<String> {
    let text = format!("---\n{front}\n---\n\nMind the gap.\n");
    let found = told(&[(path, &text)], &["src/shop/cart.ts"]);
    found.first().map(|guideline| {
        assert_eq!(guideline.text, "Mind the gap.", "without its front matter");
        guideline.path.clone()
    })
}

#[test]
fn conventions_are_looked_for_beside_each_changed_file_and_in_every_folder_above() {
    let found = places(["src/shop/cart.ts"]).paths;
    for path in [
        "AGENTS.md",
        "src/AGENTS.md",
        "src/shop/AGENTS.md",
        "AGENT.md",
        "CLAUDE.md",
        "GEMINI.md",
        ".cursorrules",
        ".windsurfrules",
        "src/.clinerules",
        "src/shop/.cursor/rules",
        ".rules",
        ".editorconfig",
        "src/shop/.editorconfig",
        ".github/copilot-instructions.md",
        ".github/instructions",
    ] {
        assert!(found.iter().any(|found| found == path), "{path}");
    }
    assert!(found.is_sorted());
    let deep: Vec<String> = (0..2_000).map(|number| format!("a{number}/b/c.rs")).collect();
    let many = places(deep.iter().map(String::as_str)).paths;
    assert!(many.len() < 7_000 && many.contains(&"AGENTS.md".to_owned()), "{}", many.len());
}

#[test]
fn a_convention_is_for_its_folder_and_what_is_below_and_the_nearer_ones_come_last() {
    let files = [
        ("src/shop/CLAUDE.md", "Cents."),
        ("AGENTS.md", "No unsafe."),
        ("src/AGENTS.md", "Tests."),
        ("docs/AGENTS.md", "Not for code."),
        ("src/shop/.cursor/rules/money/cents.mdc", "Money is cents."),
        ("src/.clinerules/tests.md", "Tests are named."),
        (".rules/all.txt", "For everybody."),
        (".github/instructions/readme.md", "No instructions."),
        ("src/shop/notes.md", "No conventions."),
        ("src/shop/empty/../AGENTS.md", ""),
    ];
    let found = told(&files, &["src/shop/cart.ts", "src/other.ts"]);
    assert_eq!(
        names(&found),
        [
            ".rules/all.txt",
            "AGENTS.md",
            "src/.clinerules/tests.md",
            "src/AGENTS.md",
            "src/shop/.cursor/rules/money/cents.mdc",
            "src/shop/CLAUDE.md",
        ]
    );
    assert_eq!(names(&told(&files, &["docs/a.md"])), [".rules/all.txt", "AGENTS.md", "docs/AGENTS.md"]);
    let twice = told(&[("AGENTS.md", "The same.\n"), ("CLAUDE.md", "The same.")], &["a.rs"]);
    assert_eq!(names(&twice), ["AGENTS.md"], "said once");
}

#[test]
fn front_matter_says_which_files_a_rule_is_for() {
    for (path, front, expected) in [
        // Cursor: often no YAML, a name is for any folder.
        (".cursor/rules/a.mdc", "globs: *.ts", Some(", for files of *.ts")),
        (
            ".cursor/rules/a.mdc",
            "description: TypeScript\nglobs: src/**/*.{ts,tsx}, *.js\nalwaysApply: false",
            Some(", for files of src/**/*.{ts,tsx}, *.js"),
        ),
        (".cursor/rules/a.mdc", "globs: [\"docs/**\", 'src/shop/']", Some(", for files of docs/**, src/shop/")),
        (
            ".cursor/rules/a.mdc",
            "globs:\n  - \"docs/**\"\n  - \"**/cart.ts\"\nalwaysApply: false",
            Some(", for files of docs/**, **/cart.ts"),
        ),
        (".cursor/rules/a.mdc", "globs: *.TS", None),
        (".cursor/rules/a.mdc", "globs: docs/**\nalwaysApply: true", Some("")),
        (".cursor/rules/a.mdc", "globs:\nalwaysApply: false", None),
        (".cursor/rules/a.mdc", "description: When money is counted\nglobs:\nalwaysApply: false", Some("")),
        (".cursor/rules/a.mdc", "alwaysApply: true", Some("")),
        // From the root, or from the folder that the rules are of.
        ("src/.cursor/rules/a.mdc", "globs: shop/*.ts", Some(", for files of shop/*.ts")),
        ("src/.cursor/rules/a.mdc", "globs: src/shop/*.ts", Some(", for files of src/shop/*.ts")),
        ("docs/.cursor/rules/a.mdc", "globs: *.ts", None),
        (".clinerules/a.md", "paths:\n  - \"src/**\"", Some(", for files of src/**")),
        // Copilot: a name is for the root alone, and no word means nothing.
        (".github/instructions/a.instructions.md", "applyTo: \"**/*.ts,**/*.tsx\"", Some(", for files of **/*.ts, **/*.tsx")),
        (".github/instructions/a.instructions.md", "applyTo: '**'", Some(", for files of **")),
        (".github/instructions/a.instructions.md", "applyTo: *.ts", None),
        (".github/instructions/a.instructions.md", "description: When money is counted", None),
    ] {
        assert_eq!(rule(path, front), expected.map(|more| format!("{path}{more}")), "{path}\n{front}");
    }
    let unended = told(&[(".cursor/rules/a.mdc", "---\nglobs: docs/**\nMind the gap.")], &["a.rs"]);
    assert!(unended[0].text.starts_with("---"), "what never ends is text");
}

#[test]
fn a_repository_may_name_conventions_of_its_own_and_what_they_are_for() {
    let own = [
        GuidelineFiles::Pattern("**/STYLE.md".into()),
        GuidelineFiles::Applied {
            files: "docs/money.md, docs/tax/*.{md,txt}".into(),
            apply_to: "src/**/*.ts, billing/**".into(),
        },
        GuidelineFiles::Pattern("**/.env".into()),
        GuidelineFiles::Pattern("!(x)".into()),
    ];
    let files = [
        ("STYLE.md", "Style."),
        ("docs/STYLE.md", "Style of the docs."),
        ("style.md", "Another name."),
        ("docs/money.md", "---\nglobs: nothing/**\n---\nCents."),
        ("docs/tax/vat.txt", "VAT."),
        (".env", "PASSWORD=hunter2"),
    ];
    let found = told_by(&files, &own, &["src/shop/cart.ts"]);
    let expected = [
        "STYLE.md",
        "docs/money.md, for files of src/**/*.ts, billing/**",
        "docs/tax/vat.txt, for files of src/**/*.ts, billing/**",
    ];
    assert_eq!(names(&found), expected);
    assert_eq!(names(&told_by(&files, &own, &["docs/a.md"])), ["STYLE.md", "docs/STYLE.md"]);
    let patterns = OwnPatterns::new(&own);
    assert!(patterns.is_match("docs/tax/vat.txt") && !patterns.is_match("style.md") && !patterns.is_match("a/.env"));
    assert!(OwnPatterns::new(&[]).is_empty() && !patterns.is_empty());
}

#[test]
fn editorconfig_is_told_in_one_sentence_for_each_setting() {
    let root = "root = true\n\n[*]\nindent_style = space\nindent_size = 4\nEnd_Of_Line = LF\n\n[Makefile]\nindent_style = tab\n\n\
                [{*.ts,*.tsx}]\nindent_size=2\nmax_line_length = 100\n; a comment\n[docs/**.md]\nmax_line_length = off\n";
    let shop = "[cart.ts]\nindent_size = 3\n[*]\nend_of_line = unset\n";
    let files =
        [(".editorconfig", root), ("src/shop/.editorconfig", shop), ("elsewhere/.editorconfig", "[*]\nindent_size = 7\n")];
    let changed = ["src/shop/cart.ts", "src/page.ts", "Makefile", "docs/a/b.md"];
    let found = told(&files, &changed);
    assert_eq!(names(&found), [".editorconfig"]);
    insta::assert_snapshot!(found[0].text, @r"
    Indentation by 2 spaces: src/page.ts.
    Indentation by 3 spaces: src/shop/cart.ts.
    Indentation by 4 spaces: docs/a/b.md.
    Indentation by tabs: Makefile.
    Lines end with LF: src/page.ts, Makefile, docs/a/b.md.
    Lines of at most 100 characters: src/shop/cart.ts, src/page.ts.
    ");
    let nearest = told(&[(".editorconfig", root), ("src/.editorconfig", "root=true\n[*.ts]\nindent_size=8\n")], &["src/a.ts"]);
    assert_eq!(nearest[0].text, "Indentation is 8 wide: all changed files.", "what is above a root does not count");
    assert_eq!(told(&[(".editorconfig", "[*.py]\nindent_size = 4\ncharset = utf-8\n")], &["a.ts"]), []);
    let many: Vec<String> = (0..9).map(|number| format!("f{number}.ts")).chain(["a.md".to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let text = &told(&[(".editorconfig", root)], &many)[0].text;
    assert!(text.contains("Indentation by 2 spaces: f0.ts, f1.ts, f2.ts, f3.ts, f4.ts and 4 more."), "{text}");
}

#[test]
fn sections_are_for_paths_as_editorconfig_says() {
    for (pattern, yes, no) in [
        ("*", vec!["a", "a/b.c", ".x"], vec![]),
        ("*.py", vec!["a.py", "x/y/a.py"], vec!["a.pyc", "a.py/b"]),
        ("/*.py", vec!["a.py"], vec!["x/a.py"]),
        ("lib/**.js", vec!["lib/a.js", "lib/x/y/a.js"], vec!["a.js", "x/lib/a.js"]),
        ("lib/**/a.js", vec!["lib/a.js", "lib/x/y/a.js"], vec!["libx/a.js"]),
        ("**/a.js", vec!["a.js", "x/a.js"], vec!["xa.js"]),
        ("{package.json,.travis.yml}", vec!["package.json", "x/.travis.yml"], vec!["travis.yml"]),
        ("*.{js,{ts,tsx},}", vec!["a.js", "a.tsx", "a."], vec!["a.jsx"]),
        ("{single}.b", vec!["{single}.b"], vec!["single.b"]),
        ("{unended", vec!["{unended"], vec!["unended"]),
        ("file{1..12}.c", vec!["file1.c", "file12.c"], vec!["file0.c", "file13.c", "filex.c"]),
        ("{-3..3}", vec!["-3", "0", "+2"], vec!["4"]),
        ("[abc].md", vec!["a.md", "x/c.md"], vec!["d.md", "ab.md"]),
        ("[!abc].md", vec!["d.md"], vec!["a.md"]),
        ("[a-c][^x].md", vec!["bx.md", "b^.md"], vec!["dx.md", "by.md"]),
        ("[a/b].md", vec!["[a/b].md"], vec!["a.md"]),
        ("a?c", vec!["abc"], vec!["a/c", "ac"]),
        (r"a\*b", vec!["a*b"], vec!["axb"]),
        ("a+(b)|c.$", vec!["a+(b)|c.$"], vec!["aab"]),
    ] {
        let section = section::SectionPattern::new(pattern).unwrap();
        for path in yes {
            assert!(section.is_match(path), "{pattern} is for {path}");
        }
        for path in no {
            assert!(!section.is_match(path), "{pattern} is not for {path}");
        }
    }
    assert!(section::SectionPattern::new(&"x".repeat(5_000)).is_none());
    assert!(section::SectionPattern::new(&"{a,".repeat(200)).is_some_and(|section| !section.is_match("a")), "unended");
}

proptest! {
    #[test]
    fn nothing_in_a_file_of_conventions_ends_the_review(
        text in "(\\PC|\n|[-\\[\\]{}*?!=,:./#\\\\]){0,200}",
        path in r"(\.cursor/rules/a\.mdc|AGENTS\.md|\.editorconfig|\.github/instructions/a\.instructions\.md)",
        front in any::<bool>(),
    ) {
        let text = if front { format!("---\n{text}\n---\n{text}") } else { format!("[{text}]\n{text}") };
        let found = told(&[(&path, &text)], &["src/a.ts", "b"]);
        prop_assert!(found.len() <= 1);
    }
}
