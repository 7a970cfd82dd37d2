//! How closely a change is looked at: one look at ten lines, three at most changes, more at what is large or risky.

use std::time::Duration;

use testkit::{
    azure_devops::{AzureDevOps, PullRequestHandle},
    model::{Fault, Role, Script},
};

use crate::harness::{CART, LAST_ITEM, QUERY, Reviewed, Stage, both_rules, cart, last_rule};

/// The looks that were asked for, by the heading of each; empty for one that is told nothing of its own.
fn looks(stage: &Stage) -> Vec<String> {
    let heading = |prompt: &str| {
        let rest = prompt.rsplit_once("# This look: ").map(|(_, rest)| rest);
        rest.and_then(|rest| rest.lines().next()).unwrap_or_default().to_owned()
    };
    let mut looks: Vec<String> = stage.model.calls_of(Role::Findings).iter().map(|call| heading(&call.prompt())).collect();
    looks.sort();
    looks
}

/// The shop's cart, with many more lines that change.
fn long_cart(more: usize) -> String {
    let function = |line: usize| format!("\n\ndef total_{line}(value):\n    return value + {line}\n");
    cart(LAST_ITEM, QUERY) + &(0..more).map(function).collect::<String>()
}

async fn review_of(stage: &Stage, files: &[(&str, &str)]) -> PullRequestHandle {
    let pull_request = stage.open(files).await;
    pull_request.reviewed(1).await;
    pull_request
}

#[tokio::test]
async fn what_three_looks_see_alike_is_one_thread_and_no_duplicate() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = review_of(&stage, &[(CART, &long_cart(20))]).await;
    assert_eq!(looks(&stage), ["", "from what is called to its callers", "stored data, queries, migrations"]);
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    assert_eq!(stage.model.calls_of(Role::Verdict).len(), 2, "each is verified once");
    let text = pull_request.walkthrough();
    assert!(text.contains("- Depth: normal, 3 looks\n") && !text.contains("Candidates not posted"), "{text}");
    // All looks share their beginning, rules and pack, so that a provider's cache serves all but the first.
    let prompts: Vec<String> = stage.model.calls_of(Role::Findings).iter().map(testkit::model::Call::prompt).collect();
    let (shared, _) = prompts.iter().find_map(|prompt| prompt.split_once("# This look: ")).unwrap();
    assert!(shared.contains("# Your task: find the bugs") && prompts.iter().all(|prompt| prompt.starts_with(shared.trim_end())));
    stage.assert_sound();
}

#[tokio::test]
async fn of_questions_that_share_a_long_pack_the_first_begins_alone() {
    let stage = Stage::set_with(AzureDevOps::builder(), both_rules(), &[("PROMPT_TOKENS", "100000")]).await;
    // Past what a provider reads in the time that the model thinks here.
    let notes: String = (0..6_000).map(|line| format!("Note {line} about the shop.\n")).collect();
    stage.model.set_latency(Duration::from_millis(200));
    review_of(&stage, &[(CART, &long_cart(20)), ("docs/notes.md", &notes)]).await;
    let calls = stage.model.calls();
    let of = |role: Role| calls.iter().filter(|call| call.role == role).collect::<Vec<_>>();
    for (first, others) in [
        (of(Role::Findings)[0], [of(Role::Findings).split_off(1), of(Role::Walkthrough)].concat()),
        (of(Role::Verdict)[0], of(Role::Verdict).split_off(1)),
    ] {
        let began = first.ended.unwrap();
        assert!(!others.is_empty() && others.iter().all(|call| call.begun >= began), "nothing was asked before: {calls:#?}");
    }
    stage.assert_sound();
}

#[tokio::test]
async fn a_first_question_whose_answer_does_not_begin_does_not_hold_up_the_others_for_long() {
    let stage = Stage::set(both_rules()).await;
    let notes: String = (0..1_500).map(|line| format!("Note {line} about the shop.\n")).collect();
    let gate = stage.model.hold(Role::Findings);
    let pull_request = stage.open(&[(CART, &long_cart(20)), ("docs/notes.md", &notes)]).await;
    gate.wait_for_held(3).await.unwrap();
    stage.model.wait_for(Role::Walkthrough, 1).await.unwrap();
    gate.release();
    pull_request.reviewed(1).await;
    stage.assert_sound();
}

#[tokio::test]
async fn a_few_lines_are_looked_at_once_and_a_risky_file_more_than_that() {
    let stage = Stage::set(Script::with_rules([last_rule()])).await;
    review_of(&stage, &[("src/names.py", "def greet():\n    return 'hello'\n")]).await;
    assert_eq!(looks(&stage), [""]);

    let stage = Stage::set(Script::with_rules([last_rule()])).await;
    let login = (0..8).map(|line| format!("def check_{line}(token):\n    return token == 'a'\n")).collect::<String>();
    let pull_request = review_of(&stage, &[("src/auth/login.py", &login)]).await;
    assert!(looks(&stage).contains(&"security and trust boundaries".to_owned()), "{:?}", looks(&stage));
    assert!(pull_request.walkthrough().contains("- Depth: full, "), "{}", pull_request.walkthrough());
}

#[tokio::test]
async fn an_operator_who_wants_one_look_gets_one() {
    let stage = Stage::set_with(testkit::azure_devops::AzureDevOps::builder(), both_rules(), &[("MAX_LOOKS", "1")]).await;
    let pull_request = review_of(&stage, &[(CART, &long_cart(20))]).await;
    assert_eq!(looks(&stage), [""]);
    assert_eq!(pull_request.inline().len(), 2);
}

#[tokio::test]
async fn a_look_that_no_answer_can_be_had_for_is_done_without_and_told() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault_where(Role::Findings, "# This look: stored data", Fault::Prose);
    let pull_request = review_of(&stage, &[(CART, &long_cart(20))]).await;
    let text = pull_request.walkthrough();
    assert!(text.contains("- Depth: normal, 2 looks; not made: stored data, queries and migrations"), "{text}");
    assert_eq!(pull_request.inline().len(), 2);
    stage.assert_sound();
}
