use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{
    configuration::AutoReview,
    diff::parse_patch,
    money::Money,
    publication::property,
    pull_request::{
        Comment, Iteration, Person, PullRequest, PullRequestKey, PullRequestState, PullRequestStatus, RepositoryKey, Thread,
        ThreadStatus,
    },
};

fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

fn person(id: &str) -> Person {
    Person { id: id.into(), display_name: "Ada".into(), unique_name: "ada@contoso.test".into() }
}

/// An active pull request whose newest iteration, the second, has head 2 and base b.
fn state() -> PullRequestState {
    let iteration = |id, head| Iteration { id, head, base: commit('b') };
    PullRequestState {
        pull_request: PullRequest {
            key: PullRequestKey {
                repository: RepositoryKey {
                    collection: "https://dev.azure.com/contoso".into(),
                    project: "p".into(),
                    repository: "r".into(),
                },
                id: 1,
            },
            title: "Orders".into(),
            description: "Adds orders.".into(),
            status: PullRequestStatus::Active,
            is_draft: false,
            source_ref: "refs/heads/orders".into(),
            target_ref: "refs/heads/main".into(),
            author: person("author"),
            labels: Vec::new(),
            reviewers: Vec::new(),
            web_url: String::new(),
            remote_url: String::new(),
            fork_url: None,
            project_name: "p".into(),
            repository_name: "r".into(),
        },
        iterations: vec![iteration(1, commit('1')), iteration(2, commit('2'))],
        threads: Vec::new(),
        work_items: Vec::new(),
        me: person("bot"),
    }
}

fn reviewed(iteration: u32, head: char, base: char) -> Reviewed {
    Reviewed { iteration, head: commit(head), base: commit(base) }
}

/// The decision under the default rules, of a repository whose default branch is the target.
fn decided(state: &PullRequestState, reviewed: Option<&Reviewed>) -> Decision {
    decided_by(&AutoReview::default(), state, reviewed)
}

fn decided_by(rules: &AutoReview, state: &PullRequestState, reviewed: Option<&Reviewed>) -> Decision {
    decide(state, reviewed, &circumstances(rules, Some("refs/heads/main"), 0))
}

fn circumstances<'a>(rules: &'a AutoReview, default_branch: Option<&'a str>, reviewed_pushes: u32) -> Circumstances<'a> {
    Circumstances { rules, default_branch, reviewed_pushes, paused_by: None, request: None }
}

mod the_decision {
    use super::*;

    #[test]
    fn a_new_pull_request_is_reviewed_in_full() {
        assert_eq!(decided(&state(), None), Decision::Full);
    }

    #[test]
    fn a_push_is_reviewed_from_what_was_reviewed_last() {
        let since = reviewed(1, '1', 'b');
        assert_eq!(decided(&state(), Some(&since)), Decision::Incremental { since });
    }

    #[test]
    fn a_push_that_also_brings_another_merge_base_stays_incremental() {
        let since = reviewed(1, '1', 'a');
        assert_eq!(decided(&state(), Some(&since)), Decision::Incremental { since });
    }

    #[test]
    fn the_same_head_is_reviewed_once() {
        assert_eq!(decided(&state(), Some(&reviewed(2, '2', 'b'))), Decision::Quiet(QuietReason::AlreadyReviewed));
    }

    #[test]
    fn a_retargeted_pull_request_is_another_change() {
        assert_eq!(decided(&state(), Some(&reviewed(2, '2', 'a'))), Decision::Full);
    }

    #[test]
    fn a_memory_of_an_iteration_that_does_not_exist_counts_for_nothing() {
        assert_eq!(decided(&state(), Some(&reviewed(9, '9', 'b'))), Decision::Full);
    }

    #[test]
    fn closed_pull_requests_are_left_in_peace() {
        for status in [PullRequestStatus::Completed, PullRequestStatus::Abandoned, PullRequestStatus::Other("new".into())] {
            let mut state = state();
            state.pull_request.status = status;
            state.pull_request.is_draft = true;
            assert_eq!(decided(&state, None), Decision::Quiet(QuietReason::NotActive));
        }
    }

    #[test]
    fn drafts_and_pull_requests_without_iterations_are_skipped() {
        let mut draft = state();
        draft.pull_request.is_draft = true;
        assert_eq!(decided(&draft, None), Decision::Skip(SkipReason::Draft));
        let mut empty = state();
        empty.iterations.clear();
        assert_eq!(decided(&empty, None), Decision::Skip(SkipReason::NoIterations));
    }

    #[test]
    fn the_author_can_ask_for_no_review() {
        let cases = [
            ("@coderabbitai ignore", true),
            ("Adds orders.\n\n@CodeRabbitAI: Ignore\n", true),
            ("@coderabbitai   ignore.", true),
            ("@coderabbitai ignored", false),
            ("@coderabbitai summary", false),
            ("please ignore", false),
        ];
        for (description, ignored) in cases {
            let mut state = state();
            state.pull_request.description = description.into();
            let expected = if ignored { Decision::Skip(SkipReason::IgnoredByAuthor) } else { Decision::Full };
            assert_eq!(decided(&state, None), expected, "{description:?}");
        }
    }
}

mod the_memory_of_the_pull_request {
    use super::*;

    fn walkthrough(author: &str, iteration: u32, head: char, word: &str) -> Thread {
        let properties = [
            (property::KIND, "walkthrough".to_owned()),
            (property::STATE, word.to_owned()),
            (property::ITERATION, iteration.to_string()),
            (property::HEAD, commit(head).to_string()),
            (property::BASE, commit('b').to_string()),
        ];
        let comment = Comment {
            id: 1,
            author: person(author),
            content: String::new(),
            is_deleted: false,
            is_text: true,
            published_at: None,
            liked_by: Vec::new(),
        };
        Thread {
            id: 7,
            status: ThreadStatus::Closed,
            comments: vec![comment],
            anchor: None,
            properties: properties.map(|(key, value)| (key.to_owned(), value)).into_iter().collect(),
            is_deleted: false,
        }
    }

    fn remembered(threads: Vec<Thread>) -> Option<Reviewed> {
        reviewed_from_threads(&PullRequestState { threads, ..state() })
    }

    #[test]
    fn our_finished_walkthrough_tells_what_was_reviewed() {
        for word in ["complete", "partial"] {
            assert_eq!(remembered(vec![walkthrough("bot", 1, '1', word)]), Some(reviewed(1, '1', 'b')), "{word}");
        }
        assert_eq!(remembered(vec![walkthrough("BOT", 1, '1', "complete")]), Some(reviewed(1, '1', 'b')));
    }

    #[test]
    fn unfinished_reviews_tell_nothing() {
        for word in ["in_progress", "skipped", "failed", "", "Complete"] {
            assert_eq!(remembered(vec![walkthrough("bot", 1, '1', word)]), None, "{word}");
        }
    }

    #[test]
    fn nobody_else_can_claim_a_review() {
        assert_eq!(remembered(vec![walkthrough("author", 1, '1', "complete")]), None);

        let mut answered = walkthrough("author", 1, '1', "complete");
        answered.comments.insert(0, Comment { id: 2, ..walkthrough("bot", 1, '1', "complete").comments[0].clone() });
        assert_eq!(remembered(vec![answered]), None, "our answer in a thread that somebody else began");

        let mut nameless = state();
        nameless.me.id = String::new();
        nameless.threads = vec![walkthrough("", 1, '1', "complete")];
        assert_eq!(reviewed_from_threads(&nameless), None);
    }

    #[test]
    fn broken_properties_tell_nothing() {
        let breakages: [(&str, Option<&str>); 6] = [
            (property::KIND, Some("finding")),
            (property::KIND, None),
            (property::ITERATION, Some("-1")),
            (property::ITERATION, Some("99999999999")),
            (property::HEAD, Some("main")),
            (property::BASE, None),
        ];
        for (key, value) in breakages {
            let mut thread = walkthrough("bot", 1, '1', "complete");
            match value {
                Some(value) => thread.properties.insert(key.into(), value.into()),
                None => thread.properties.remove(key),
            };
            assert_eq!(remembered(vec![thread]), None, "{key} = {value:?}");
        }
        let bare = Thread { properties: BTreeMap::new(), ..walkthrough("bot", 1, '1', "complete") };
        let silent = Thread { comments: Vec::new(), ..walkthrough("bot", 1, '1', "complete") };
        assert_eq!(remembered(vec![bare, silent]), None);
    }

    #[test]
    fn of_several_the_newest_review_counts() {
        let threads = vec![
            walkthrough("bot", 1, '1', "complete"),
            walkthrough("bot", 3, '3', "complete"),
            walkthrough("bot", 2, '2', "complete"),
        ];
        assert_eq!(remembered(threads), Some(reviewed(3, '3', 'b')));
    }
}

mod the_selection {
    use super::*;

    fn patch(path: &str, header: &str, hunk: &str) -> FileDiff {
        let text = format!("diff --git a/{path} b/{path}\n{header}--- a/{path}\n+++ b/{path}\n{hunk}");
        parse_patch(text.as_bytes()).unwrap().remove(0)
    }

    fn edited(path: &str) -> FileDiff {
        patch(path, "index 1..2 100644\n", "@@ -1 +1 @@\n-a\n+b\n")
    }

    fn added(path: &str, lines: &[&str]) -> FileDiff {
        let body = lines.iter().fold(String::new(), |body, line| body + "+" + line + "\n");
        let text = format!(
            "diff --git a/{path} b/{path}\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{} @@\n{body}",
            lines.len()
        );
        parse_patch(text.as_bytes()).unwrap().remove(0)
    }

    fn why(file: FileDiff) -> Option<SetAside> {
        let selection = select(vec![file], &PathFilters::default());
        assert_eq!(selection.files.len() + selection.set_aside.len(), 1);
        selection.set_aside.first().map(|aside| aside.why)
    }

    #[test]
    fn paths_decide_by_table() {
        use SetAside::{Binary, DataFile, Generated, HoldsSecrets, LockFile, Vendored};
        let cases: &[(&[&str], Option<SetAside>)] = &[
            (
                &[
                    "src/main.rs",
                    "Makefile",
                    "vendor.rs",
                    "src/distance/a.py",
                    "src/locks.go",
                    "deploy/.env.example",
                    "App/Views/Generated.cshtml",
                    "db/migrations/20240101_init.sql",
                    "docs/generated.md",
                    "Dockerfile",
                    "src/gene/gen.rs",
                    "api.go",
                    "minjs",
                    "a/.github/workflows/ci.yml",
                    "package.json",
                    "src/Resources.resx",
                ],
                None,
            ),
            (
                &[
                    "Cargo.lock",
                    "a/package-lock.json",
                    "yarn.lock",
                    "pnpm-lock.yaml",
                    "go.sum",
                    "go.work.sum",
                    "composer.lock",
                    "Gemfile.lock",
                    "poetry.lock",
                    "uv.lock",
                    "src/app/packages.lock.json",
                    "gradle.lockfile",
                    ".terraform.lock.hcl",
                    "bun.lockb",
                    "Package.resolved",
                    "PAKET.LOCK",
                ],
                Some(LockFile),
            ),
            (
                &[
                    "api/v1/order.pb.go",
                    "order_pb2.py",
                    "web/app.min.js",
                    "web/app.MIN.css",
                    "Form1.Designer.cs",
                    "A.g.cs",
                    "src/generated/client.ts",
                    "pkg/gen/x.go",
                    "ui/__snapshots__/a.test.tsx.snap",
                    "app.js.map",
                    "T.verified.txt",
                    "zz_generated.deepcopy.go",
                    "schema.generated.ts",
                ],
                Some(Generated),
            ),
            (
                &[
                    "node_modules/a/index.js",
                    "web/node_modules/a.js",
                    "vendor/x/y.go",
                    "third_party/a.c",
                    "web/dist/app.js",
                    ".yarn/releases/yarn.cjs",
                    "Pods/A/a.m",
                    "venv/lib/a.py",
                    "Web/wwwroot/lib/jquery/jquery.js",
                    "THIRD_PARTY/a.c",
                    "vendor/x/go.sum",
                ],
                Some(Vendored),
            ),
            (&["logo.svg", "a.PNG", "x.tar.gz", "font.woff2", "manual.pdf", "lib/a.dll", "sheet.xlsx"], Some(Binary)),
            (&["data/users.csv", "run.log", "infra/terraform.tfstate", "terraform.tfstate.backup", "a.parquet"], Some(DataFile)),
            (
                &[
                    ".env",
                    "deploy/.env.production",
                    "certs/server.pem",
                    "tls.key",
                    "signing.pfx",
                    ".ssh/id_rsa",
                    ".netrc",
                    "web/.npmrc",
                    ".aws/credentials",
                    "config/secrets.yml",
                    "vendor/gem/Server.KEY",
                ],
                Some(HoldsSecrets),
            ),
        ];
        for (paths, expected) in cases {
            for path in *paths {
                assert_eq!(why(edited(path)), *expected, "{path}");
            }
        }
    }

    #[test]
    fn what_a_file_is_and_what_was_done_to_it_comes_first() {
        let of = |text: &str| why(parse_patch(text.as_bytes()).unwrap().remove(0));
        let cases = [
            ("diff --git a/x b/x\nindex 1..2 160000\n", SetAside::Submodule),
            ("diff --git a/x b/x\ndeleted file mode 160000\n", SetAside::Submodule),
            ("diff --git a/x b/x\nindex 1..2 120000\n", SetAside::Symlink),
            ("diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n", SetAside::Binary),
            ("diff --git a/x b/x\ndeleted file mode 100644\nBinary files a/x and /dev/null differ\n", SetAside::Deleted),
            ("diff --git a/go.sum b/go.sum\ndeleted file mode 100644\n", SetAside::Deleted),
            ("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", SetAside::NoContentChange),
            ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", SetAside::NoContentChange),
            ("diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n", SetAside::NoContentChange),
        ];
        for (text, expected) in cases {
            assert_eq!(of(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_key_file_is_not_shown_under_another_name_either() {
        let renamed = |from: &str, to: &str| {
            let text = format!(
                "diff --git a/{from} b/{to}\nsimilarity index 60%\nrename from {from}\nrename to {to}\nindex 1..2 100644\n\
                 --- a/{from}\n+++ b/{to}\n@@ -1 +1 @@\n-PASSWORD=old\n+PASSWORD=\n"
            );
            why(parse_patch(text.as_bytes()).unwrap().remove(0))
        };
        assert_eq!(renamed(".env", ".env.example"), Some(SetAside::HoldsSecrets));
        assert_eq!(renamed(".env.example", ".env"), Some(SetAside::HoldsSecrets));
        assert_eq!(renamed(".env.sample", ".env.example"), None);
    }

    #[test]
    fn other_line_endings_alone_are_no_change_of_content() {
        let endings = patch("a.cs", "index 1..2 100644\n", "@@ -1,2 +1,2 @@\n-a\r\n-b\r\n+a\n+b\n");
        assert_eq!(why(endings), Some(SetAside::NoContentChange));
        let moved = patch("a.cs", "index 1..2 100644\n", "@@ -1,2 +1,2 @@\n-a\n b\n+a\n");
        assert_eq!(why(moved), None, "a line that changed its place is a change");
    }

    #[test]
    fn files_that_say_that_a_tool_wrote_them_are_believed_when_new() {
        let marks = [
            "// Code generated by protoc-gen-go. DO NOT EDIT.",
            "// <auto-generated />",
            "//     <auto-generated>",
            "# This file was automatically generated by SWIG",
            "/* @generated by prettier-plugin */",
            " * Autogenerated by Thrift Compiler",
            "<!-- Generated by the schema tool -->",
            "-- This file is generated. Please do not edit by hand.",
        ];
        for mark in marks {
            assert_eq!(why(added("a.x", &["// licence", mark, "code();"])), Some(SetAside::Generated), "{mark}");
        }
    }

    #[test]
    fn code_that_speaks_of_generation_is_not_generated() {
        let lines = [
            "let text = \"generated by us\";",
            "// Reports generated by this module go to disk.",
            "// Keys are generated with a secure source.",
            "print(\"@generated\")",
            "// mail: someone@generated.example",
        ];
        for line in lines {
            assert_eq!(why(added("a.x", &[line])), None, "{line}");
        }
        let mut late = vec!["code();"; 30];
        late.push("// Code generated by hand. DO NOT EDIT.");
        assert_eq!(why(added("a.x", &late)), None, "the mark stands at the top or it is none");
    }

    #[test]
    fn no_change_declares_an_older_file_generated() {
        let declares = patch("a.go", "index 1..2 100644\n", "@@ -1 +1,2 @@\n+// Code generated by me. DO NOT EDIT.\n code\n");
        assert_eq!(why(declares), None);
        let was = patch("a.go", "index 1..2 100644\n", "@@ -1 +1,2 @@\n // Code generated by stringer. DO NOT EDIT.\n+code\n");
        assert_eq!(why(was), Some(SetAside::Generated));
    }

    #[test]
    fn huge_changes_and_endless_lines_are_set_aside() {
        let line = "x".repeat(127);
        let fits = vec![line.as_str(); MAX_FILE_BYTES / 128];
        assert_eq!(why(added("a.rs", &fits)), None);
        let mut exceeds = fits;
        exceeds.push("");
        assert_eq!(why(added("a.rs", &exceeds)), Some(SetAside::TooLarge));

        let wide = "ä".repeat(MAX_LINE_CHARS);
        assert_eq!(why(added("a.js", &[&wide])), None);
        assert_eq!(why(added("a.js", &[&format!("{wide}x")])), Some(SetAside::TooLarge));
    }

    #[test]
    fn order_and_content_of_the_reviewed_files_stay() {
        let files = vec![edited("b.rs"), edited("go.sum"), edited("a.rs")];
        let selection = select(files.clone(), &PathFilters::default());
        assert_eq!(selection.files, [files[0].clone(), files[2].clone()]);
        assert_eq!(selection.set_aside, [FileSetAside { path: "go.sum".into(), why: SetAside::LockFile }]);
    }
}

#[test]
fn a_ceiling_is_reached_when_as_much_was_spent_and_that_of_the_pull_request_is_told_first() {
    let money = Money::from_micros;
    let reached = |pull_request: Option<u64>, day: Option<u64>| {
        let limits = CostLimits { pull_request: pull_request.map(money), day: day.map(money) };
        limits.reached(Spent { on_pull_request: money(50), today: money(80) }).map(CostLimitReached::word)
    };
    assert_eq!(reached(None, None), None);
    assert_eq!(reached(Some(51), Some(81)), None);
    assert_eq!(reached(Some(50), Some(81)), Some("cost_limit_pull_request"));
    assert_eq!(reached(Some(51), Some(80)), Some("cost_limit_day"));
    assert_eq!(reached(Some(10), Some(10)), Some("cost_limit_pull_request"));
    assert!(!CostLimits::default().are_set() && CostLimits { day: Some(money(1)), ..CostLimits::default() }.are_set());
}

#[test]
fn every_reason_speaks_to_people() {
    use SetAside::{
        Binary, DataFile, Deleted, Excluded, Generated, HoldsSecrets, LeftOutByDefault, LockFile, NoContentChange, NotIncluded,
        OverBudget, Submodule, Symlink, TooLarge, Unchanged, Vendored,
    };
    let reasons = [
        Binary,
        NoContentChange,
        Submodule,
        Symlink,
        Deleted,
        LockFile,
        Generated,
        Vendored,
        DataFile,
        HoldsSecrets,
        LeftOutByDefault,
        Excluded,
        NotIncluded,
        TooLarge,
        Unchanged,
        OverBudget,
    ];
    let mut words: Vec<&str> = reasons.iter().map(|reason| reason.words()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), reasons.len(), "each reason has words of its own");
}

mod the_path_filters {
    use super::*;

    fn why(patterns: &[&str], path: &str) -> Option<SetAside> {
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        set_aside_by_path(path, &path_filters(&patterns))
    }

    #[test]
    fn a_file_is_reviewed_when_no_exclusion_and_one_inclusion_is_for_it() {
        use SetAside::{DataFile, Excluded, HoldsSecrets, LeftOutByDefault, LockFile, NotIncluded, Vendored};
        let cases: &[(&[&str], &str, Option<SetAside>)] = &[
            // no filters
            (&[], "src/a.rs", None),
            (&[], "dist/a.js", Some(Vendored)),
            (&[], "level.unity", Some(LeftOutByDefault)),
            // exclusions win in any order
            (&["!src/gen*/**"], "src/genuine/a.rs", Some(Excluded)),
            (&["!**/*.md", "**"], "README.md", Some(Excluded)),
            (&["**", "!**/*.md"], "README.md", Some(Excluded)),
            (&["!**/*.MD"], "readme.md", Some(Excluded)),
            // an inclusion makes a list
            (&["src/**"], "src/a.rs", None),
            (&["src/**"], "SRC/A.RS", None),
            (&["src/**"], "docs/a.md", Some(NotIncluded)),
            (&["src/**", "docs/**"], "docs/a.md", None),
            (&["*.md"], "docs/a.md", Some(NotIncluded)),
            // which the defaults are still subtracted from
            (&["src/**"], "src/dist/a.js", Some(Vendored)),
            (&["src/**"], "src/yarn.lock", Some(LockFile)),
            // the pattern of a default lifts that default, and makes no list
            (&["**/dist/**"], "dist/a.js", None),
            (&["**/DIST/**"], "web/dist/a.js", None),
            (&["**/dist/**"], "src/a.rs", None),
            (&["**/dist/**"], "dist/yarn.lock", Some(LockFile)),
            (&["**/dist/**"], "dist/node_modules/a.js", Some(Vendored)),
            (&["**/*.csv"], "data/a.csv", None),
            (&["**/*.csv"], "dist/a.csv", Some(Vendored)),
            (&["**/*.csv"], "data/a.tsv", Some(DataFile)),
            (&["**/*.lock"], "yarn.lock", None),
            (&["**/package-lock.json"], "web/package-lock.json", None),
            (&["**/*.unity"], "level.unity", None),
            (&["**/*.csv", "src/**"], "data/a.csv", Some(NotIncluded)),
            // a pattern that only resembles one of a default lifts nothing
            (&["dist/**"], "dist/a.js", Some(Vendored)),
            // what was lifted can be excluded again
            (&["**/dist/**", "!dist/old/**"], "dist/old/a.js", Some(Excluded)),
            // keys are never shown
            (&["**/*.pem", "**"], "certs/a.pem", Some(HoldsSecrets)),
            // patterns that mean nothing play no part
            (&["/src/**", "!", ""], "docs/a.md", None),
            (&["!!src/**"], "docs/a.md", Some(NotIncluded)),
        ];
        for (patterns, path, expected) in cases {
            assert_eq!(why(patterns, path), *expected, "{patterns:?} {path}");
        }
    }

    #[test]
    fn every_default_can_be_lifted() {
        for pattern in default_exclusions() {
            let path = pattern.replace("**/", "x/").replace("/**", "/y.rs").replace('*', "z");
            assert!(why(&[], &path).is_some(), "{pattern} is no default: {path} is reviewed");
            assert_eq!(why(&[&pattern], &path), None, "{pattern} {path}");
        }
    }
}

mod the_rules_of_auto_review {
    use super::*;

    fn rules(change: impl FnOnce(&mut AutoReview)) -> AutoReview {
        let mut rules = AutoReview::default();
        change(&mut rules);
        rules
    }

    /// The sentence about a pull request with these labels that `change` was made to; "reviewed" when there is none.
    fn said(rules: &AutoReview, labels: &[&str], change: impl FnOnce(&mut PullRequestState)) -> String {
        let mut state = state();
        state.pull_request.labels = labels.iter().map(|&label| label.to_owned()).collect();
        change(&mut state);
        match decided_by(rules, &state, None) {
            Decision::Skip(reason) => reason.sentence(),
            Decision::Full => "reviewed".to_owned(),
            other => format!("{other:?}"),
        }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn drafts_are_reviewed_where_that_is_wanted() {
        let rules = rules(|rules| rules.drafts = true);
        assert_eq!(said(&rules, &[], |state| state.pull_request.is_draft = true), "reviewed");
    }

    #[test]
    fn the_default_branch_is_reviewed_and_others_by_expressions_for_their_whole_names() {
        let target = |patterns: &[&str], target: &str| {
            said(&rules(|rules| rules.base_branches = words(patterns)), &[], |state| {
                state.pull_request.target_ref = format!("refs/heads/{target}");
            })
        };
        assert_eq!(target(&[], "main"), "reviewed");
        insta::assert_snapshot!(target(&[], "dev"), @"The target branch `dev` is not reviewed: only the default branch (`reviews.auto_review.base_branches`).");
        insta::assert_snapshot!(target(&["release/.*", "dev"], "develop"), @"The target branch `develop` is not reviewed: only the default branch and those of `release/.*`, `dev` (`reviews.auto_review.base_branches`).");
        for (pattern, branch) in [("dev", "dev"), ("release/.*", "release/1.0"), (".*", "x/y"), (r"^3\.x$", "3.x"), ("a|b", "b")]
        {
            assert_eq!(target(&[pattern], branch), "reviewed", "{pattern} {branch}");
        }
        for (pattern, branch) in [("dev", "Dev"), ("release", "release/1.0"), ("a|b", "ab"), ("(", "("), ("(?!x).*", "y")] {
            assert_ne!(target(&[pattern], branch), "reviewed", "{pattern} {branch}");
        }
        let mut elsewhere = state();
        elsewhere.pull_request.target_ref = "refs/heads/dev".into();
        let default = AutoReview::default();
        let unknown = circumstances(&default, None, 0);
        assert_eq!(decide(&elsewhere, None, &unknown), Decision::Full, "what is not known excludes nothing");
    }

    #[test]
    fn labels_forbid_are_required_and_ask_for_a_review() {
        let labels = |enabled: bool, wanted: &[&str], has: &[&str]| {
            said(
                &rules(|rules| {
                    rules.enabled = enabled;
                    rules.labels = words(wanted);
                }),
                has,
                |_| (),
            )
        };
        assert_eq!(labels(true, &["bug", "feature"], &["Feature"]), "reviewed");
        insta::assert_snapshot!(labels(true, &["bug", "feature"], &["other"]), @"Only pull requests with one of these labels are reviewed: `bug`, `feature` (`reviews.auto_review.labels`).");
        assert_eq!(labels(true, &["!wip"], &[]), "reviewed");
        insta::assert_snapshot!(labels(true, &["!wip"], &["WIP"]), @"Pull requests with the label `wip` are not reviewed (`reviews.auto_review.labels`).");
        insta::assert_snapshot!(labels(true, &["bug", "!wip"], &["bug", "wip"]), @"Pull requests with the label `wip` are not reviewed (`reviews.auto_review.labels`).");
        assert_eq!(labels(false, &["review-ready"], &["review-ready"]), "reviewed");
        insta::assert_snapshot!(labels(false, &["review-ready"], &[]), @"Pull requests are not reviewed by themselves here (`reviews.auto_review.enabled`); a label of `review-ready` has one reviewed.");
        insta::assert_snapshot!(labels(false, &["!wip"], &[]), @"Pull requests are not reviewed by themselves here (`reviews.auto_review.enabled`).");
    }

    #[test]
    fn a_keyword_in_the_description_asks_for_a_review() {
        let with = |enabled: bool, description: &str| {
            said(
                &rules(|rules| {
                    rules.enabled = enabled;
                    rules.description_keyword = "Please Review".into();
                }),
                &[],
                |state| description.clone_into(&mut state.pull_request.description),
            )
        };
        assert_eq!(with(false, "Adds orders. please review!"), "reviewed");
        insta::assert_snapshot!(with(false, "Adds orders."), @"Pull requests are not reviewed by themselves here (`reviews.auto_review.enabled`); `Please Review` in the description has one reviewed.");
        assert_eq!(with(true, "Adds orders."), "reviewed", "where reviews are automatic it is not needed");
    }

    #[test]
    fn titles_and_authors_keep_a_pull_request_from_being_reviewed() {
        let titles = rules(|rules| rules.ignore_title_keywords = words(&["WIP", ""]));
        insta::assert_snapshot!(said(&titles, &[], |state| state.pull_request.title = "[wip] Orders".into()), @"The title holds `WIP`; such pull requests are not reviewed (`reviews.auto_review.ignore_title_keywords`).");
        assert_eq!(said(&titles, &[], |_| ()), "reviewed");
        for name in ["Ada@Contoso.test", "ada", "ADA "] {
            let authors = rules(|rules| rules.ignore_usernames = words(&[name]));
            insta::allow_duplicates! {
                insta::assert_snapshot!(said(&authors, &[], |_| ()), @"Pull requests of this author are not reviewed (`reviews.auto_review.ignore_usernames`).");
            }
        }
        for name in ["", "ad", "ada@contoso", "Ada Lovelace"] {
            assert_eq!(said(&rules(|rules| rules.ignore_usernames = words(&[name])), &[], |_| ()), "reviewed", "{name}");
        }
    }

    #[test]
    fn later_pushes_are_left_alone_where_that_is_wanted_and_after_so_many_reviews() {
        let first = reviewed(1, '1', 'b');
        let pushes = |rules: &AutoReview, reviewed_pushes: u32, reviewed: Option<&Reviewed>| match decide(
            &state(),
            reviewed,
            &circumstances(rules, Some("main"), reviewed_pushes),
        ) {
            Decision::Skip(reason) => format!("{} {}", reason.title(), reason.sentence()),
            Decision::Full | Decision::Incremental { .. } => "reviewed".to_owned(),
            Decision::Quiet(_) => "quiet".to_owned(),
        };
        let once = rules(|rules| rules.auto_incremental_review = false);
        assert_eq!(pushes(&once, 0, None), "reviewed");
        insta::assert_snapshot!(pushes(&once, 1, Some(&first)), @"This push was not reviewed. Only the first state of a pull request is reviewed here (`reviews.auto_review.auto_incremental_review`); the last review was of `11111111`, and what came after it was read by nobody.");
        assert_eq!(pushes(&once, 1, Some(&reviewed(2, '2', 'b'))), "quiet", "the review of this very head stands");

        let default = AutoReview::default();
        assert_eq!(pushes(&default, 4, Some(&first)), "reviewed");
        insta::assert_snapshot!(pushes(&default, 5, Some(&first)), @"Reviews paused. 5 pushes of this pull request were reviewed, after which reviews pause (`reviews.auto_review.auto_pause_after_reviewed_commits`; 0 never pauses); the last review was of `11111111`, and what came after it was read by nobody. The command `resume` in a comment goes on.");
        assert_eq!(pushes(&rules(|rules| rules.auto_pause_after_reviewed_commits = 0), 50, Some(&first)), "reviewed");
    }

    #[test]
    fn a_command_pauses_reviews_and_another_has_one_made_whatever_the_rules_say() {
        let off = rules(|rules| rules.enabled = false);
        let paused = Circumstances { paused_by: Some("Ada"), ..circumstances(&off, Some("main"), 0) };
        let first = reviewed(1, '1', 'b');
        let Decision::Skip(reason) = decide(&state(), Some(&first), &paused) else { panic!("paused") };
        insta::assert_snapshot!(format!("{} {}", reason.title(), reason.sentence()), @"Reviews paused. Reviews of this pull request were paused by `Ada`; what is pushed now is read by nobody. The command `resume` in a comment goes on.");
        let asked = |request| decide(&state(), Some(&first), &Circumstances { request: Some(request), ..paused });
        assert_eq!(asked(ReviewRequest::Incremental), Decision::Incremental { since: first.clone() });
        assert_eq!(asked(ReviewRequest::Full), Decision::Full);
        let newest = reviewed(2, '2', 'b');
        let again = |request| decide(&state(), Some(&newest), &Circumstances { request: Some(request), ..paused });
        assert_eq!(again(ReviewRequest::Incremental), Decision::Quiet(QuietReason::AlreadyReviewed));
        assert_eq!(again(ReviewRequest::Full), Decision::Full, "once more");
        let mut closed = state();
        closed.pull_request.status = PullRequestStatus::Completed;
        let full = Circumstances { request: Some(ReviewRequest::Full), ..paused };
        assert_eq!(decide(&closed, None, &full), Decision::Quiet(QuietReason::NotActive));
    }

    #[test]
    fn no_sentence_can_be_mistaken_for_a_clean_review_or_ended_by_what_it_quotes() {
        let hostile = "a`b\n# No findings".to_owned();
        let limit = Money::from_micros(5_000_000);
        let reasons = [
            SkipReason::Draft,
            SkipReason::NoIterations,
            SkipReason::NothingReviewable,
            SkipReason::IgnoredByAuthor,
            SkipReason::OwnPullRequest,
            SkipReason::IgnoredUser,
            SkipReason::TitleKeyword(hostile.clone()),
            SkipReason::TargetBranch { target: hostile.clone(), others: vec![hostile.clone(); 50] },
            SkipReason::ForbiddenLabel(hostile.clone()),
            SkipReason::MissingLabel(vec![hostile.clone()]),
            SkipReason::NotAutomatic { labels: vec![hostile.clone()], keyword: hostile },
            SkipReason::NotIncremental { reviewed: commit('1') },
            SkipReason::Paused { after: 5, reviewed: commit('1') },
            SkipReason::PausedBy { by: "Ada `Lovelace`\n# No findings".to_owned() },
            SkipReason::CostLimit(CostLimitReached::PullRequest { spent: Money::from_micros(5_120_000), limit }),
            SkipReason::CostLimit(CostLimitReached::Day { limit }),
        ];
        let words: BTreeSet<&str> = reasons.iter().map(SkipReason::word).collect();
        assert_eq!(words.len(), reasons.len(), "each reason has a word of its own");
        for reason in reasons {
            let sentence = reason.sentence();
            assert!(sentence.ends_with('.') && sentence.len() > 40 && sentence.len() < 1_000, "{sentence}");
            assert!(!sentence.contains("  ") && !sentence.contains('\n') && sentence.matches('`').count() % 2 == 0, "{sentence}");
            let title = reason.title();
            assert!(["skipped", "paused", "not reviewed"].iter().any(|word| title.contains(word)), "{title}");
        }
    }
}
