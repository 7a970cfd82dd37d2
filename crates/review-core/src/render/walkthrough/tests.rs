mod sections;

use std::collections::BTreeMap;

use insta::assert_snapshot;
use pulldown_cmark::{Event, Parser};

use super::{WalkthroughInput, walkthrough};
use crate::{
    analyzers::{Gravity, Linted, ToolResult, ToolRun},
    checks::CheckReport,
    configuration::{Effective, Layer, Source},
    consulted::Consulted,
    depth::{LooksMade, Tier},
    finding::{
        Category, DropReason, Dropped, Finding, Severity,
        answer::{Cohort, SectionsAnswer, WalkthroughAnswer},
        test_support::{commit, finding},
    },
    learning::{Learning, SilentCategory, Tally},
    money::Money,
    render::{MAX_COMMENT_CHARS, is_ours, marker},
    scope::{CostLimitReached, FileSetAside, SetAside, SkipReason},
    sections::Sections,
    usage::Usage,
};

/// A finished run, to be varied.
struct Run {
    incremental: bool,
    answer: Option<WalkthroughAnswer>,
    sections: Sections,
    candidates: Vec<Dropped>,
    posted: Vec<Finding>,
    dropped: BTreeMap<DropReason, usize>,
    reviewed_files: Vec<String>,
    set_aside: Vec<FileSetAside>,
    cost_limit: Option<CostLimitReached>,
    resolved: usize,
    reopened: usize,
    still_open: usize,
    silent: Vec<SilentCategory>,
    learnings: Vec<Learning>,
    looks: LooksMade,
    linted: Linted,
    usage: Usage,
    consulted: Consulted,
    configuration: Option<Effective>,
}

impl Default for Run {
    fn default() -> Self {
        let cohort = |title: &str, paths: &[&str], summary: &str| Cohort {
            title: title.to_owned(),
            paths: paths.iter().map(|&path| path.to_owned()).collect(),
            summary: summary.to_owned(),
        };
        Self {
            incremental: false,
            answer: Some(WalkthroughAnswer {
                summary: "Adds totals to orders.".to_owned(),
                cohorts: vec![
                    cohort("Order storage", &["src/orders.rs", "src/sql.rs"], "Stores the total."),
                    cohort("", &["a|b.rs"], "Uses it | shows it."),
                ],
                ..no_answer()
            }),
            sections: Sections::default(),
            candidates: Vec::new(),
            posted: Vec::new(),
            dropped: BTreeMap::new(),
            reviewed_files: vec!["src/orders.rs".to_owned(), "src/sql.rs".to_owned()],
            set_aside: Vec::new(),
            cost_limit: None,
            resolved: 0,
            reopened: 0,
            still_open: 0,
            silent: Vec::new(),
            learnings: Vec::new(),
            looks: LooksMade { tier: Tier::Normal, made: 3, not_made: Vec::new() },
            linted: Linted::default(),
            usage: Usage {
                calls: 1,
                input_tokens: 12_000,
                output_tokens: 900,
                cost: Money::from_micros(42_000),
                ..Usage::default()
            },
            consulted: Consulted::default(),
            configuration: None,
        }
    }
}

impl Run {
    fn rendered(&self) -> String {
        let (head, base) = (commit('b'), commit('0'));
        walkthrough(&WalkthroughInput::Done {
            head: &head,
            base: &base,
            incremental: self.incremental,
            answer: self.answer.as_ref(),
            sections: &self.sections,
            candidates: &self.candidates,
            posted: &self.posted,
            small_matters: &[],
            dropped: &self.dropped,
            reviewed_files: &self.reviewed_files,
            set_aside: &self.set_aside,
            cost_limit: self.cost_limit,
            resolved: self.resolved,
            reopened: self.reopened,
            still_open: self.still_open,
            silent: &self.silent,
            learnings: &self.learnings,
            repository_url: "https://dev.azure.com/contoso/Web%20Shop/_git/orders",
            looks: Some(&self.looks),
            linted: &self.linted,
            usage: &self.usage,
            checks: &CheckReport::default(),
            consulted: &self.consulted,
            configuration: self.configuration.as_ref(),
        })
    }
}

fn no_answer() -> WalkthroughAnswer {
    WalkthroughAnswer { summary: String::new(), cohorts: Vec::new(), sections: SectionsAnswer::default() }
}

fn aside(count: usize, why: SetAside) -> Vec<FileSetAside> {
    (0..count).map(|number| FileSetAside { path: format!("{}/{number}.txt", "deep/".repeat(60)), why }).collect()
}

#[test]
fn a_clean_review_is_short() {
    assert_snapshot!(Run::default().rendered(), @r"
    <!-- coderabbit-agent:walkthrough -->
    > **Reviewed.** `00000000` to `bbbbbbbb`.

    <!-- coderabbit-agent:body -->
    **No new findings.**

    <details>
    <summary>Walkthrough</summary>

    ## Walkthrough

    Adds totals to orders.

    ## Changes

    | Files | Summary |
    |---|---|
    | **Order storage**: `src/orders.rs`, `src/sql.rs` | Stores the total. |
    | `a\|b.rs` | Uses it \| shows it. |

    </details>

    <details>
    <summary>Review details</summary>

    - Commits: `00000000` to `bbbbbbbb`
    - Files reviewed (2): `src/orders.rs`, `src/sql.rs`
    - Depth: normal, 3 looks
    - Model: 1 call, 12000 tokens in (0 from the cache), 900 out; about $0.042
    - On request, by a command in a comment: `generate docstrings`, `generate unit tests`, `autofix`, `plan`; `help` lists all

    </details>
    ");
}

#[test]
fn findings_are_counted_and_never_repeated() {
    let mut low = finding("a.rs", 1, 1, "SECRET CLAIM");
    low.severity = Severity::Low;
    let high = finding("a.rs", 9, 9, "SECRET CLAIM");
    let run = Run {
        incremental: true,
        answer: None,
        posted: vec![low, high.clone(), high],
        dropped: BTreeMap::from([(DropReason::Refuted, 2), (DropReason::Duplicate, 1), (DropReason::OverCap, 0)]),
        resolved: 1,
        reopened: 2,
        still_open: 4,
        ..Run::default()
    };
    let text = run.rendered();
    assert!(!text.contains("SECRET CLAIM"));
    for sentence in [
        "**3 new findings** (2 high, 1 low), each in its own thread. 1 earlier finding resolved. 2 earlier findings are back, and open again. 4 earlier findings are still open.",
        "`00000000` to `bbbbbbbb`, only what is new since the last review",
        "- Candidates not posted (3): 1 saying the same as another, 2 refuted by the code",
        "The model wrote no summary",
    ] {
        assert!(text.contains(sentence), "{sentence} in {text}");
    }
}

#[test]
fn a_model_whose_price_is_not_known_is_told_as_such() {
    let usage = Usage { calls: 2, input_tokens: 50, unpriced_calls: 2, ..Usage::default() };
    let text = Run { usage, ..Run::default() }.rendered();
    assert!(text.contains("0 out; cost not known: the model's price is not known\n"), "{text}");
}

#[test]
fn what_people_taught_is_named_in_the_details() {
    let learning = |number: usize| Learning {
        id: format!("{number:08x}"),
        text: "Count in cents, see #3.".to_owned(),
        path: String::new(),
        taught_by: "Ada".to_owned(),
        pull_request: 7,
        taught_at: 0,
    };
    let text = Run { learnings: vec![learning(10)], ..Run::default() }.rendered();
    assert!(text.contains("- Learnings used (1):\n  - `0000000a`: Count in cents, see # 3.\n"), "{text}");
    let text = Run { learnings: (0..25).map(learning).collect(), ..Run::default() }.rendered();
    assert!(text.contains("- Learnings used (25):\n") && text.contains("  - and 5 more\n"), "{text}");
    assert!(!Run::default().rendered().contains("Learnings used"));
}

#[test]
fn silent_categories_are_told_with_the_reason_and_the_way_back() {
    let tally = |acted_on, rejected, ignored| Tally { acted_on, rejected, ignored, open: 9 };
    let silent = vec![
        SilentCategory { category: Category::ResourceLeak, tally: tally(4, 20, 7) },
        SilentCategory { category: Category::Test, tally: tally(0, 0, 30) },
    ];
    let dropped = BTreeMap::from([(DropReason::NearRejected, 1), (DropReason::SilentCategory, 2)]);
    let text = Run { dropped, silent, ..Run::default() }.rendered();
    let told = "- Silent here, because fewer than 30 % of at least 30 were acted on: resource leak (4 of 31 findings acted on), test (0 \
                of 30 findings acted on). Critical ones are posted all the same; `coderabbit-agent learned wake \
                https://dev.azure.com/contoso/Web%20Shop/_git/orders` makes all of them heard again\n";
    assert!(text.contains(told), "{text}");
    let counted = "- Candidates not posted (3): 1 near to what was rejected here before, 2 of a category that is silent here\n";
    assert!(text.contains(counted), "{text}");
    assert!(!Run::default().rendered().contains("Silent here"));
}

#[test]
fn a_partial_review_says_so_first() {
    let run = Run { set_aside: aside(2, SetAside::OverBudget), ..Run::default() };
    let status = run.rendered().lines().nth(1).unwrap().to_owned();
    assert_eq!(
        status,
        "> **Partly reviewed.** `00000000` to `bbbbbbbb`. 2 files were not read: no room was left (see the details)."
    );
}

#[test]
fn a_review_that_its_cost_stopped_says_so_first_and_never_that_nothing_was_found() {
    let reached = CostLimitReached::Day { limit: Money::from_micros(5_000_000) };
    let run = Run {
        cost_limit: Some(reached),
        dropped: BTreeMap::from([(DropReason::CostLimit, 2)]),
        set_aside: aside(1, SetAside::TooLarge),
        ..Run::default()
    };
    let text = run.rendered();
    let expected = format!(
        "> **Partly reviewed.** `00000000` to `bbbbbbbb`. 1 file was not read: too large (see the details). The review was \
         stopped before its end. 2 possible findings were not checked. {}",
        reached.sentence()
    );
    assert_eq!(text.lines().nth(1), Some(expected.as_str()));
    assert!(text.contains("**No finding was confirmed before the review was stopped.**"), "{text}");
    assert!(text.contains("- Candidates not posted (2): 2 not checked for their cost\n"), "{text}");
    assert!(!text.contains("No new findings") && !text.contains("**Reviewed.**"), "{text}");

    let nothing_left = Run { cost_limit: Some(reached), ..Run::default() }.rendered();
    assert!(nothing_left.contains("before its end. All reviews of today"), "{nothing_left}");
}

#[test]
fn a_file_too_large_to_be_read_makes_the_review_partial() {
    let run = Run { set_aside: aside(1, SetAside::TooLarge), ..Run::default() };
    let status = run.rendered().lines().nth(1).unwrap().to_owned();
    assert!(status.ends_with("1 file was not read: too large (see the details)."), "{status}");
}

#[test]
fn files_set_aside_are_grouped_with_their_reason() {
    let mut set_aside = aside(12, SetAside::LockFile);
    set_aside.push(FileSetAside { path: "logo.png".to_owned(), why: SetAside::Binary });
    let text = Run { set_aside, ..Run::default() }.rendered();
    assert!(text.contains("- Files set aside (13)\n"), "{text}");
    assert!(text.contains(&format!("  - {} (1): `logo.png`\n", SetAside::Binary.words())), "{text}");
    let locks = text.lines().find(|line| line.contains(SetAside::LockFile.words())).unwrap();
    assert!(locks.ends_with("and 2 more"), "{locks}");
}

#[test]
fn a_pull_request_of_three_thousand_files_fits() {
    let many: Vec<String> = (0..3_000).map(|number| format!("{}{number}.rs", "very/long/path/".repeat(20))).collect();
    let cohort = Cohort { title: "t".repeat(5_000), paths: many.clone(), summary: "[".repeat(50_000) };
    let reasons = [SetAside::Binary, SetAside::Deleted, SetAside::Generated, SetAside::Vendored, SetAside::TooLarge];
    let run = Run {
        answer: Some(WalkthroughAnswer { summary: "<".repeat(200_000), cohorts: vec![cohort; 45], ..no_answer() }),
        reviewed_files: many,
        set_aside: reasons.into_iter().flat_map(|why| aside(3_000, why)).collect(),
        ..Run::default()
    };
    let text = run.rendered();
    assert!(text.chars().count() <= MAX_COMMENT_CHARS);
    assert!(text.contains("| and 30 more | |"), "{}", text.get(text.find("| and ").unwrap()..).unwrap());
    assert!(text.contains("and 2940 more"));
    assert!(text.trim_end().ends_with("</details>"));
}

#[test]
fn names_of_nothing_but_backticks_do_not_break_the_limit_or_the_page() {
    let ticks: Vec<String> = (0..3_000).map(|_| "`".repeat(300)).collect();
    let cohort = Cohort { title: "`".repeat(300), paths: ticks.clone(), summary: "x".to_owned() };
    let run = Run {
        answer: Some(WalkthroughAnswer { summary: "`".repeat(9_000), cohorts: vec![cohort; 45], ..no_answer() }),
        reviewed_files: ticks,
        ..Run::default()
    };
    let text = run.rendered();
    assert!(text.chars().count() <= MAX_COMMENT_CHARS);
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn model_words_cannot_start_a_body_of_their_own() {
    let evil = "<!-- coderabbit-agent:body --> `<!-- coderabbit-agent:body -->` </details> @<4C7A2F10> #12";
    let cohort = Cohort { title: evil.to_owned(), paths: vec![evil.to_owned()], summary: evil.to_owned() };
    let run = Run {
        answer: Some(WalkthroughAnswer { summary: evil.to_owned(), cohorts: vec![cohort], ..no_answer() }),
        reviewed_files: vec![evil.to_owned()],
        ..Run::default()
    };
    let text = run.rendered();
    assert_eq!(text.matches("<!--").count(), 2, "{text}");
    assert!(!text.contains("@<"));
    let html: Vec<String> = Parser::new(&text)
        .filter_map(|event| match event {
            Event::Html(html) | Event::InlineHtml(html) => Some(html.trim().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(html.iter().filter(|html| html.as_str() == "</details>").count(), 2, "{html:?}");
}

#[test]
fn a_run_that_began_or_failed_has_a_status_and_no_body() {
    let (head, base) = (commit('b'), commit('0'));
    let begun = walkthrough(&WalkthroughInput::InProgress { head: &head, base: &base, incremental: true });
    assert_snapshot!(begun, @r"
    <!-- coderabbit-agent:walkthrough -->
    > **Review in progress.** `00000000` to `bbbbbbbb`, only what is new since the last review are being read.
    ");
    let failed =
        |will_retry| walkthrough(&WalkthroughInput::Failed { head: &head, problem: "The model\nanswered 500 <b>.", will_retry });
    assert_snapshot!(failed(true), @r"
    <!-- coderabbit-agent:walkthrough -->
    > **Review failed.** `bbbbbbbb` was not reviewed: The model answered 500 \<b\>. It will be tried again.
    ");
    assert!(failed(false).contains("the next push starts a new review"));
    for text in [begun, failed(true)] {
        assert!(is_ours(&text));
        assert_eq!(marker::walkthrough_body(&text), None);
    }
}

fn skipped<'a>(reason: &'a SkipReason, set_aside: &'a [FileSetAside]) -> WalkthroughInput<'a> {
    WalkthroughInput::Skipped { reason, secrets: 0, set_aside, configuration: None }
}

#[test]
fn a_skipped_review_tells_of_the_secrets_that_no_model_was_needed_for() {
    let told = |secrets| {
        let skipped = WalkthroughInput::Skipped { reason: &SkipReason::Draft, secrets, set_aside: &[], configuration: None };
        walkthrough(&skipped)
    };
    assert!(told(1).contains("1 secret in added lines was found without a model, each in its own thread."), "{}", told(1));
    assert!(told(2).contains("2 secrets in added lines were found"), "{}", told(2));
    assert!(!told(0).contains("secret"));
}

#[test]
fn a_skipped_review_gives_its_reason_and_folds_the_files() {
    let set_aside = aside(3_000, SetAside::Vendored);
    let text = walkthrough(&skipped(&SkipReason::NothingReviewable, &set_aside));
    assert!(text.contains(&format!("> **Review skipped.** {}", SkipReason::NothingReviewable.sentence())), "{text}");
    assert!(text.contains("<summary>Files set aside</summary>") && text.contains("and 2990 more"), "{text}");
    assert!(text.chars().count() < 40_000);
    let draft = walkthrough(&skipped(&SkipReason::Draft, &[]));
    assert!(!draft.contains("<details>"));
}

#[test]
fn what_is_wrong_with_the_configuration_is_folded_and_harmless() {
    let tools = ["phpmd", "pmd", "regal"].map(|tool| format!("    {tool}: {{enabled: true}}\n")).concat();
    let file = format!("reviews:\n  profil: chill\n  \"<img src=x>`@someone\": 1\n  poem: yes\n  tools:\n{tools}");
    let layer = Layer::read(Source::Repository(".coderabbit.yaml".into()), file.as_bytes()).unwrap();
    let effective = Effective::of(vec![layer], Vec::new());
    let text = Run { configuration: Some(effective.clone()), ..Run::default() }.rendered();
    let folded: Vec<&str> = text
        .lines()
        .skip_while(|line| !line.contains("Configuration: 3 warnings"))
        .take_while(|line| !line.contains("</details>"))
        .collect();
    insta::assert_snapshot!(folded.join("\n"), @r"
    <summary>Configuration: 3 warnings, 3 notes</summary>

    - `.coderabbit.yaml`, line 2, column 3: `reviews.profil` is no key; did you mean `profile`?
    - `.coderabbit.yaml`, line 3, column 3: `reviews.<img src=x>'@someone` is no key, and is ignored
    - `.coderabbit.yaml`, line 4, column 9: `reviews.poem` takes `true` or `false`, not `yes`; did you mean `true`?
    - `reviews.tools.phpmd.enabled`, `reviews.tools.pmd.enabled`, `reviews.tools.regal.enabled`: means nothing here: the agent does not know this tool; your pipeline can run it
    ");
    assert!(text.contains("- Configuration: `.coderabbit.yaml`"), "{text}");
    let skipped = walkthrough(&WalkthroughInput::Skipped {
        reason: &SkipReason::Draft,
        secrets: 0,
        set_aside: &[],
        configuration: Some(&effective),
    });
    assert!(skipped.contains("<summary>Configuration: 3 warnings, 3 notes</summary>"), "{skipped}");
    let silent = Run { configuration: Some(Effective::default()), ..Run::default() }.rendered();
    assert!(!silent.contains("Configuration:</") && silent.contains("- Configuration: `defaults`"), "{silent}");
}

#[test]
fn what_tools_say_is_told_once_and_their_runs_in_the_details() {
    let result = |path: &str, line, gravity, message: &str| ToolResult {
        path: path.to_owned(),
        line,
        gravity,
        tool: "Ruff".to_owned(),
        rule: "F821".to_owned(),
        message: message.to_owned(),
    };
    let tool =
        |name: &str, files, problem: Option<&str>| ToolRun { tool: name.to_owned(), files, problem: problem.map(str::to_owned) };
    let linted = Linted {
        results: vec![
            result("src/a.py", 3, Gravity::Error, "undefined name `y` <img src=x> @<someone> #12"),
            result("src/a.py", 9, Gravity::Error, "said by a finding"),
            result("src/a.py", 12, Gravity::Note, "a matter of taste"),
        ],
        runs: vec![tool("Ruff", 2, None), tool("Pylint", 1, Some("it was ended after 60 s"))],
        refused: None,
    };
    let posted = vec![finding("src/a.py", 8, 9, "Wrong name")];
    let text = Run { posted, linted, ..Run::default() }.rendered();
    let fold = text.split_once("<summary>Tool results").map(|(_, rest)| rest.split_once("</details>").unwrap().0).unwrap();
    assert_snapshot!(fold, @r"
     (1), as the tools say them</summary>

    - `src/a.py`, line 3: Ruff `F821` (error): undefined name `y` \<img src=x\> @ \<someone\> # 12
    ");
    let runs = text.lines().find(|line| line.starts_with("- Tools: ")).unwrap();
    assert_snapshot!(runs, @"- Tools: Ruff (2 files, 3 results), Pylint (nothing: it was ended after 60 s)");
}

#[test]
fn tools_that_nothing_would_keep_in_are_not_run_and_said_so() {
    let linted = Linted { refused: Some("this kernel has no Landlock".to_owned()), ..Linted::default() };
    let text = Run { linted, ..Run::default() }.rendered();
    let runs = text.lines().find(|line| line.starts_with("- Tools: ")).unwrap();
    assert_eq!(runs, "- Tools: none was run, this kernel has no Landlock");
}
