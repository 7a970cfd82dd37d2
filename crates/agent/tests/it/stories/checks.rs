//! Checks before merging: rows of the walkthrough, and statuses that a branch policy can require.

use serde_json::json;
use testkit::{
    azure_devops::{Fault, On, PullRequestHandle, PullRequestSpec},
    model::{CheckRule, Fault as ModelFault, Role, Script},
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, both_rules, cart};

const FILE: &str = ".coderabbit.yaml";

async fn stage_with(script: Script, configuration: &str) -> Stage {
    let stage = Stage::set(script).await;
    stage.repository.push("main", &[(FILE, configuration)], "Settings").await.unwrap();
    stage
}

/// State and words of the newest status of a check.
fn check(pull_request: &PullRequestHandle, name: &str) -> String {
    let status = pull_request.latest_status("coderabbit", &format!("check/{name}"));
    status.map_or_else(|| "none".to_owned(), |status| format!("{}: {}", status.state, status.description))
}

async fn comes_to(pull_request: &PullRequestHandle, name: &str, beginning: &str) {
    let so = |pull_request: &PullRequestHandle| check(pull_request, name).starts_with(beginning);
    let came = pull_request.wait_for(so, PATIENCE).await;
    assert!(came.is_ok(), "{name} does not come to {beginning:?}: {:#?}", pull_request.statuses());
}

/// The section of the walkthrough, as its rows.
fn section(pull_request: &PullRequestHandle) -> String {
    let text = pull_request.walkthrough();
    let (_, rest) = text.split_once("<!-- coderabbit-agent:checks -->").unwrap_or_else(|| panic!("no section in\n{text}"));
    rest.split_once("<!-- coderabbit-agent:end of checks -->").unwrap().0.to_owned()
}

fn fixed() -> String {
    cart(LAST_ITEM_FIXED, QUERY_FIXED)
}

#[tokio::test]
async fn the_usual_checks_are_rows_and_statuses_and_cost_no_question() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = stage.open_as(PullRequestSpec::new("WIP").file(CART, fixed())).await;
    pull_request.reviewed(1).await;
    let told = section(&pull_request);
    for row in [
        "| Title | ⚠️ Warning | No word of the title says anything about the change. | Say in one line what the change does. |",
        "| Description | ⚠️ Warning | There is no description. |",
        "| Linked work items | ⚠️ Warning | No work item is linked. |",
        "| Docstring coverage | ⚠️ Warning | 0 of 2 functions and types are documented (0 %); at least 80 % are wanted. | Document `last` (`src/cart.py:8`), `search` (`src/cart.py:12`). |",
    ] {
        assert!(told.contains(row), "{row}\n{told}");
    }
    assert!(
        check(&pull_request, "title").starts_with("succeeded: Warning, which holds nothing up: "),
        "{:#?}",
        pull_request.statuses()
    );
    assert!(check(&pull_request, "docstrings").starts_with("succeeded: Warning, "), "{:#?}", pull_request.statuses());
    assert!(check(&pull_request, "description").starts_with("succeeded: Warning, "), "{:#?}", pull_request.statuses());
    assert_eq!(stage.model.calls_of(Role::Checks).len(), 0);
    stage.assert_sound();
}

#[tokio::test]
async fn checks_that_are_off_leave_no_row_and_no_status() {
    let off = "reviews:\n  pre_merge_checks:\n    title: {mode: off}\n    description: {mode: off}\n    docstrings: {mode: 'off'}\n    issue_assessment: {mode: 'off'}\n";
    let stage = stage_with(both_rules(), &off.replace("mode: off", "mode: 'off'")).await;
    let pull_request = stage.open_as(PullRequestSpec::new("WIP").file(CART, fixed())).await;
    pull_request.reviewed(1).await;
    assert!(!pull_request.walkthrough().contains("Pre-merge checks"), "{}", pull_request.walkthrough());
    assert!(pull_request.statuses().iter().all(|status| status.name == "review"), "{:#?}", pull_request.statuses());
    stage.assert_sound();
}

#[tokio::test]
async fn a_title_that_fails_holds_the_pull_request_up_until_it_is_mended_without_a_push() {
    let stage = stage_with(both_rules(), "reviews:\n  pre_merge_checks:\n    title: {mode: error}\n").await;
    let pull_request = stage.open_as(PullRequestSpec::new("Update").file(CART, fixed())).await;
    pull_request.reviewed(1).await;
    assert!(check(&pull_request, "title").starts_with("failed: Failed: "), "{:#?}", pull_request.statuses());
    assert!(section(&pull_request).contains("| Title | ❌ Failed |"), "{}", section(&pull_request));
    let states: Vec<String> = pull_request.statuses_of("check/title").into_iter().map(|status| status.state).collect();
    assert_eq!(states, ["pending", "failed"], "pending while nobody knew");
    let calls = stage.model.calls().len();

    pull_request.set_title("Search orders by name").await.unwrap();
    comes_to(&pull_request, "title", "succeeded: Passed: ").await;
    let told = |pull_request: &PullRequestHandle| section(pull_request).contains("| Title | ✅ Passed |");
    pull_request.wait_for(told, PATIENCE).await.unwrap();
    assert!(section(&pull_request).contains("| Docstring coverage | ⚠️ Warning |"), "the others stay as they were");
    assert!(pull_request.walkthrough().contains("## Walkthrough"));
    assert_eq!(stage.model.calls().len(), calls, "nobody was asked");

    // An edit that changes no ruling writes nothing. The look at the title has to be over before.
    let looks = stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"already_reviewed\"}", 1).await;
    let written = stage.azure.bot_writes().len();
    pull_request.set_description("<!-- to be written -->").await.unwrap();
    stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"already_reviewed\"}", looks + 1).await;
    assert_eq!(stage.azure.bot_writes().len(), written);
    stage.assert_sound();
}

#[tokio::test]
async fn a_description_that_is_only_the_template_of_the_target_branch_fails() {
    let template = "# What\n\n# Checklist\n- [ ] Tests\n";
    let configuration = "reviews:\n  pre_merge_checks:\n    description: {mode: error}\n";
    let stage = stage_with(both_rules(), configuration).await;
    stage.repository.push("main", &[(".azuredevops/pull_request_template.md", template)], "Template").await.unwrap();
    let spec = PullRequestSpec::new("Search orders by name").file(CART, fixed());
    let pull_request = stage.open_as(spec.description("# What\n\n# Checklist\n- [x] Tests\n")).await;
    pull_request.reviewed(1).await;
    assert_eq!(
        check(&pull_request, "description"),
        "failed: Failed: The description is the template, and nothing was filled in."
    );
    pull_request.set_description("# What\nOrders are found by the name of whoever made them.\n").await.unwrap();
    comes_to(&pull_request, "description", "succeeded: Passed: ").await;
    stage.assert_sound();
}

#[tokio::test]
async fn what_linked_work_items_ask_for_has_to_be_done_and_those_that_the_token_may_not_see_are_not_called_missing() {
    let stage = stage_with(both_rules(), "reviews:\n  pre_merge_checks:\n    issue_assessment: {mode: error}\n").await;
    let item = stage.azure.add_work_item("Web Shop", "Bug", "Orders cannot be searched", &[]).unwrap();
    let objective = |objective: &str, addressed: &str| json!({ "work_item": item, "objective": objective, "addressed": addressed, "explanation": "" });
    let answering = |objectives: serde_json::Value| Script { sections: json!({ "objectives": objectives }), ..both_rules() };
    stage.model.set_script(answering(json!([objective("Search", "yes"), objective("Sort", "no")])));
    let pull_request = stage.open_as(PullRequestSpec::new("Search orders").file(CART, fixed()).work_item(item)).await;
    pull_request.reviewed(1).await;
    let told = check(&pull_request, "linked-items");
    assert_eq!(
        told,
        format!("failed: Failed: 1 of 2 objectives of the linked work items not addressed. Sort (work item {item}).")
    );
    stage.model.set_script(answering(json!([objective("Search", "yes"), objective("Sort", "yes")])));
    pull_request.push(&[("src/sorted.py", "def ordered(items):\n    return sorted(items)\n")]).await.unwrap();
    pull_request.reviewed(2).await;
    assert!(
        check(&pull_request, "linked-items").starts_with("succeeded: Passed: 2 objectives"),
        "{:#?}",
        pull_request.statuses()
    );
    assert_eq!(stage.model.calls_of(Role::Checks).len(), 0, "the walkthrough's answer does");

    stage.azure.fail_always(On::get("/workitems"), Fault::Status(403, None));
    let hidden = PullRequestSpec::new("Search orders").file("src/other.py", "def other():\n    return 1\n");
    let hidden = stage.repository.open_pull_request(hidden.branches("hidden", "main")).await.unwrap();
    hidden.reviewed(1).await;
    let told = check(&hidden, "linked-items");
    assert!(told.starts_with("pending: Inconclusive, so a person has to look: The agent's token"), "{told}");
    stage.azure.heal();
    stage.assert_sound();
}

#[tokio::test]
async fn checks_in_the_teams_own_words_are_judged_in_one_question_of_the_shared_prefix() {
    let configuration = "reviews:\n  pre_merge_checks:\n    custom_checks:\n      - {name: No prints, mode: error, instructions: Passes when no line prints.}\n      - {name: Has tests, mode: error, instructions: Passes when tests are added.}\n      - {name: Größe, mode: warning, instructions: Passes when it is small.}\n      - {name: Unanswered, mode: error, instructions: Passes when nobody knows.}\n";
    let script = Script {
        checks: vec![
            CheckRule::new("No prints", "pass", "No added line prints."),
            CheckRule::new("Has tests", "fail", "src/cart.py changes without a test. @<11111111-2222-3333-4444-555555555555>"),
            CheckRule::new("Größe", "who knows", ""),
        ],
        ..both_rules()
    };
    let stage = stage_with(script, configuration).await;
    let pull_request = stage.open(&[(CART, &fixed())]).await;
    pull_request.reviewed(1).await;
    assert_eq!(check(&pull_request, "custom-no-prints"), "succeeded: Passed: No added line prints.");
    assert!(check(&pull_request, "custom-has-tests").starts_with("failed: Failed: src/cart.py changes without a test."));
    assert!(check(&pull_request, "custom-unanswered").starts_with("pending: Inconclusive, so a person has to look: "));
    let slug = pull_request.statuses().into_iter().find(|status| status.name.starts_with("check/custom-gr-")).unwrap();
    assert_eq!(slug.state, "notApplicable");
    let told = section(&pull_request);
    assert!(told.contains("| Has tests | ❌ Failed |") && told.contains("| Unanswered | ❓ Inconclusive |"), "{told}");
    assert!(!told.contains("@<1111"), "{told}");

    let asked = stage.model.calls_of(Role::Checks);
    assert_eq!(asked.len(), 1);
    let (question, finder) = (asked[0].prompt(), stage.model.calls_of(Role::Findings)[0].prompt());
    let shared = question.bytes().zip(finder.bytes()).take_while(|(one, other)| one == other).count();
    assert!(shared > question.find("# Your task: judge checks").unwrap() - 100, "the pack is the same for all");
    stage.assert_sound();
}

#[tokio::test]
async fn a_model_that_does_not_answer_about_checks_lets_none_pass_and_costs_no_finding() {
    let configuration = "reviews:\n  pre_merge_checks:\n    custom_checks:\n      - {name: Has tests, mode: error, instructions: Passes when tests are added.}\n";
    let stage = stage_with(both_rules(), configuration).await;
    stage.model.fault(Role::Checks, 100, ModelFault::ModelNotFound);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    assert!(check(&pull_request, "custom-has-tests").starts_with("pending: Inconclusive, so a person has to look: "));
    stage.assert_sound();
}

#[tokio::test]
async fn requirements_of_a_title_are_judged_by_a_model_and_again_when_the_title_changes() {
    let configuration = "reviews:\n  pre_merge_checks:\n    title: {mode: error, requirements: Begins with a verb.}\n";
    let script = Script {
        checks: vec![
            CheckRule::new("Title", "pass", "It begins with Search.").when("label=\"title\">\nSearch"),
            CheckRule::new("Title", "fail", "It begins with a noun."),
        ],
        ..both_rules()
    };
    let stage = stage_with(script, configuration).await;
    let pull_request = stage.open_as(PullRequestSpec::new("Orders by name").file(CART, fixed())).await;
    pull_request.reviewed(1).await;
    assert_eq!(check(&pull_request, "title"), "failed: Failed: It begins with a noun.");
    pull_request.set_title("Search orders by name").await.unwrap();
    comes_to(&pull_request, "title", "succeeded: Passed: It begins with Search.").await;
    assert_eq!(stage.model.calls_of(Role::Checks).len(), 2);
    stage.assert_sound();
}

#[tokio::test]
async fn a_review_that_is_skipped_or_fails_leaves_no_required_check_green() {
    let configuration =
        "reviews:\n  auto_review: {ignore_title_keywords: [spike]}\n  pre_merge_checks:\n    title: {mode: error}\n";
    let stage = stage_with(both_rules(), configuration).await;
    let pull_request = stage.open_as(PullRequestSpec::new("Search orders").file(CART, fixed())).await;
    pull_request.reviewed(1).await;
    assert!(check(&pull_request, "title").starts_with("succeeded: "));

    pull_request.set_title("Spike: search orders").await.unwrap();
    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    pull_request.reviewed(2).await;
    let told = check(&pull_request, "title");
    assert!(told.starts_with("pending: Not checked: The title holds spike"), "{told}");
    assert_eq!(pull_request.statuses_of("check/title").last().unwrap().iteration, Some(2));

    stage.model.fault(Role::Findings, 1_000, ModelFault::ContextTooLong);
    pull_request.set_title("Search orders").await.unwrap();
    pull_request.push(&[("src/new.py", "def greet():\n    return 'good morning'\n")]).await.unwrap();
    comes_to(&pull_request, "title", "failed: Not checked: the review failed").await;
    stage.assert_sound();
}

#[tokio::test]
async fn a_redelivered_event_and_a_lost_answer_write_no_status_of_a_check_twice() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.fail_next(On::post("/threads"), Fault::DropAfter);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    for name in ["title", "description", "linked-items", "docstrings"] {
        let statuses = pull_request.statuses_of(&format!("check/{name}"));
        assert_eq!(statuses.len(), 1, "{statuses:#?}");
    }
    stage.assert_sound();
}
