use std::collections::BTreeMap;

use super::*;
use crate::{
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

mod the_decision {
    use super::*;

    #[test]
    fn a_new_pull_request_is_reviewed_in_full() {
        assert_eq!(decide(&state(), None), Decision::Full);
    }

    #[test]
    fn a_push_is_reviewed_from_what_was_reviewed_last() {
        let since = reviewed(1, '1', 'b');
        assert_eq!(decide(&state(), Some(&since)), Decision::Incremental { since });
    }

    #[test]
    fn a_push_that_also_brings_another_merge_base_stays_incremental() {
        let since = reviewed(1, '1', 'a');
        assert_eq!(decide(&state(), Some(&since)), Decision::Incremental { since });
    }

    #[test]
    fn the_same_head_is_reviewed_once() {
        assert_eq!(decide(&state(), Some(&reviewed(2, '2', 'b'))), Decision::Quiet(QuietReason::AlreadyReviewed));
    }

    #[test]
    fn a_retargeted_pull_request_is_another_change() {
        assert_eq!(decide(&state(), Some(&reviewed(2, '2', 'a'))), Decision::Full);
    }

    #[test]
    fn a_memory_of_an_iteration_that_does_not_exist_counts_for_nothing() {
        assert_eq!(decide(&state(), Some(&reviewed(9, '9', 'b'))), Decision::Full);
    }

    #[test]
    fn closed_pull_requests_are_left_in_peace() {
        for status in [PullRequestStatus::Completed, PullRequestStatus::Abandoned, PullRequestStatus::Other("new".into())] {
            let mut state = state();
            state.pull_request.status = status;
            state.pull_request.is_draft = true;
            assert_eq!(decide(&state, None), Decision::Quiet(QuietReason::NotActive));
        }
    }

    #[test]
    fn drafts_and_pull_requests_without_iterations_are_skipped() {
        let mut draft = state();
        draft.pull_request.is_draft = true;
        assert_eq!(decide(&draft, None), Decision::Skip(SkipReason::Draft));
        let mut empty = state();
        empty.iterations.clear();
        assert_eq!(decide(&empty, None), Decision::Skip(SkipReason::NoIterations));
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
            assert_eq!(decide(&state, None), expected, "{description:?}");
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
        let comment = Comment { id: 1, author: person(author), content: String::new(), is_deleted: false, is_text: true };
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
        let selection = select(vec![file]);
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
        let selection = select(files.clone());
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
        Binary, DataFile, Deleted, Generated, HoldsSecrets, LockFile, NoContentChange, OverBudget, Submodule, Symlink, TooLarge,
        Unchanged, Vendored,
    };
    use SkipReason::{CostLimit, Draft, IgnoredByAuthor, NoIterations, NothingReviewable};

    let limit = Money::from_micros(5_000_000);
    let spent = Money::from_micros(5_120_000);
    let costs = [CostLimitReached::PullRequest { spent, limit }, CostLimitReached::Day { limit }].map(CostLimit);
    for reason in [Draft, IgnoredByAuthor, NoIterations, NothingReviewable].into_iter().chain(costs) {
        let sentence = reason.sentence();
        assert!(sentence.ends_with('.') && sentence.len() > 40 && !sentence.contains("  "), "{sentence}");
    }
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
        TooLarge,
        Unchanged,
        OverBudget,
    ];
    let mut words: Vec<&str> = reasons.iter().map(|reason| reason.words()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), reasons.len(), "each reason has words of its own");
}
