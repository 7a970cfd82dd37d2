//! What goes wrong on the way, and what then stands on the pull request.

use std::time::Duration;

use futures::future::join_all;
use testkit::{
    azure_devops::{
        Action, AzureDevOps, Fault, Gate, On, Order, Permission, PullRequestHandle, PullRequestSpec, RateLimit, SignIn,
    },
    model::{Call, CallState, Fault as ModelFault, Role, Script},
};

use crate::harness::{
    CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, both_rules, cart, last_rule,
};

const BOTH: &str = "succeeded: Reviewed: 2 findings (1 critical, 1 high)";

async fn open_with_defects(stage: &Stage) -> PullRequestHandle {
    stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await
}

fn ended(outcome: &str) -> String {
    format!("coderabbit_agent_jobs_ended_total{{outcome=\"{outcome}\"}}")
}

/// States of the status, oldest first.
fn states(pull_request: &PullRequestHandle) -> Vec<String> {
    pull_request.statuses_of("review").into_iter().map(|status| status.state).collect()
}

/// Nothing on the pull request says, or looks as if, it had been reviewed.
fn assert_not_clean_looking(pull_request: &PullRequestHandle) {
    assert!(!states(pull_request).contains(&"succeeded".to_owned()), "{:?}", pull_request.statuses());
    let text = pull_request.walkthrough();
    assert!(!text.contains("No new findings") && !text.contains("Reviewed.") && !text.contains("## Walkthrough"), "{text}");
    assert!(!text.contains("Review in progress."), "{text}");
}

// ------------------------------------------------------------------------------------------------ the pull request moves

/// `is_told`: the event arrives. Else the review finds out when it wants to write.
async fn is_closed_midway(is_completed: bool, is_told: bool) {
    let stage = Stage::set(both_rules()).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = open_with_defects(&stage).await;
    gate.wait_for_held(1).await.unwrap();
    stage.hooks.settled(PATIENCE).await.unwrap();
    stage.hooks.hold();
    if is_completed { pull_request.complete().await } else { pull_request.abandon().await }.unwrap();
    if is_told {
        stage.hooks.release(Order::AsHappened);
    } else {
        gate.release();
    }
    stage.counted(&ended("not_active"), 1).await;
    assert_not_clean_looking(&pull_request);
    let text = pull_request.walkthrough();
    assert!(text.contains("the pull request was closed before the review was finished"), "{text}");
    assert!(pull_request.inline().is_empty());
    // The service takes no status of a completed pull request any more.
    let last = if is_completed { "Review in progress" } else { "Not reviewed: closed before the end" };
    assert_eq!(pull_request.latest_status("coderabbit", "review").unwrap().description, last);
    stage.assert_sound();
}

#[tokio::test]
async fn a_pull_request_that_is_abandoned_or_completed_midway_says_that_it_was_not_reviewed() {
    let ways = [(false, true), (false, false), (true, true), (true, false)];
    join_all(ways.map(|(is_completed, is_told)| is_closed_midway(is_completed, is_told))).await;
}

#[tokio::test]
async fn a_pull_request_that_is_abandoned_midway_and_taken_up_again_is_reviewed() {
    let stage = Stage::set(both_rules()).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = open_with_defects(&stage).await;
    gate.wait_for_held(1).await.unwrap();
    pull_request.abandon().await.unwrap();
    pull_request.has_status("notApplicable").await;
    gate.release();
    pull_request.reactivate().await.unwrap();
    pull_request.has_status("succeeded").await;
    assert_eq!(pull_request.inline().len(), 2);
    assert!(pull_request.walkthrough().contains("Reviewed."));
    stage.assert_sound();
}

#[tokio::test]
async fn a_pull_request_that_is_deleted_midway_ends_quietly() {
    let stage = Stage::set(both_rules()).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = open_with_defects(&stage).await;
    gate.wait_for_held(1).await.unwrap();
    let written = stage.azure.bot_writes().len();
    pull_request.delete();
    gate.release();
    stage.counted(&ended("not_found"), 1).await;
    assert_eq!(stage.azure.bot_writes().len(), written);
    assert_eq!(stage.count(&ended("dead")).await + stage.count(&ended("retried")).await, 0);

    let spec = PullRequestSpec::new("Another").files(&[(CART, cart(LAST_ITEM, QUERY))]).branches("other", "main");
    let next = stage.repository.open_pull_request(spec).await.unwrap();
    assert_eq!(next.reviewed(1).await, BOTH);
}

#[tokio::test]
async fn a_newer_push_cancels_the_review_under_way_and_only_the_newest_is_published() {
    for is_forced in [false, true] {
        let stage = Stage::set(both_rules()).await;
        let gate = stage.model.hold(Role::Findings);
        let pull_request = open_with_defects(&stage).await;
        gate.wait_for_held(1).await.unwrap();
        let fixed = cart(LAST_ITEM_FIXED, QUERY);
        let files = [(CART, fixed.as_str())];
        if is_forced { pull_request.force_push(&files).await } else { pull_request.push(&files).await }.unwrap();
        let is_given_up = |calls: &[Call]| calls.iter().any(|call| call.state == CallState::Abandoned);
        stage.model.wait_until(is_given_up).await.unwrap();
        gate.release();

        assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical)");
        let inline = pull_request.inline();
        assert_eq!((inline.len(), inline[0].iteration), (1, Some(2)), "{inline:#?}");
        assert_eq!(states(&pull_request).iter().filter(|state| *state == "succeeded").count(), 1);
        assert_eq!(stage.counted(&ended("superseded"), 1).await, 1);
        stage.assert_sound();
    }
}

#[tokio::test]
async fn a_push_between_the_writes_of_a_review_does_not_leave_half_of_it_as_the_result() {
    let stage = Stage::set(both_rules()).await;
    stage.hooks.set_doubled(true);
    // The second thread, the first finding, waits on its way.
    let held = Gate::new();
    stage.azure.fail_next(On::post("/threads"), Fault::Latency(Duration::from_millis(1)));
    stage.azure.fail_next(On::post("/threads"), Fault::HoldAfter(held.clone()));
    let pull_request = open_with_defects(&stage).await;
    held.arrived(1).await;
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY_FIXED))]).await.unwrap();
    held.open();
    let verdict = pull_request.reviewed(2).await;
    assert!(verdict.starts_with("succeeded: Reviewed: no new findings"), "{verdict}");
    let open: Vec<_> = pull_request.inline().into_iter().filter(|thread| thread.status.as_deref() == Some("active")).collect();
    assert!(open.is_empty(), "what was posted of the first review was answered by the push: {open:#?}");
    stage.assert_sound();
}

#[tokio::test]
async fn twenty_quick_pushes_are_few_reviews_and_the_newest_wins() {
    let stage = Stage::set(both_rules()).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = open_with_defects(&stage).await;
    for number in 0..20 {
        let text = format!("def greet():\n    return {number}\n");
        pull_request.push(&[("src/new.py", text.as_str())]).await.unwrap();
    }
    gate.release();
    assert_eq!(pull_request.reviewed(21).await, BOTH);
    assert!(stage.model.calls_of(Role::Findings).len() <= 8, "{}", stage.model.calls_of(Role::Findings).len());
    let reviewed: Vec<_> = pull_request.statuses_of("review").into_iter().filter(|status| status.state == "succeeded").collect();
    assert_eq!(reviewed.len(), 1, "{reviewed:#?}");
    assert!(pull_request.inline().iter().all(|thread| thread.iteration == Some(21)));
    assert!(pull_request.walkthrough().contains("Reviewed."));
    stage.assert_sound();
}

// ------------------------------------------------------------------------------------------------ Azure DevOps is in trouble

#[tokio::test]
async fn one_thread_that_is_refused_does_not_keep_the_others_from_being_posted() {
    let stage = Stage::set(both_rules()).await;
    // The first thread is the walkthrough, the second one a finding.
    stage.azure.fail_next(On::post("/threads"), Fault::Latency(Duration::ZERO));
    stage.azure.fail_next(On::post("/threads"), Fault::Status(400, None));
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, format!("{BOTH}; 1 of them only in the walkthrough"));
    let inline = pull_request.inline();
    assert_eq!(inline.len(), 1, "{inline:#?}");
    assert!(inline[0].content().contains("The name is put into the SQL text."));
    let text = pull_request.walkthrough();
    assert!(text.contains("refused to take 1 finding as a thread"), "{text}");
    assert!(text.contains("- `src/cart.py`, line 9 (high): The index is one past the last item."), "{text}");
    assert_eq!(stage.counted("coderabbit_agent_findings_dropped_total{reason=\"refused_by_forge\"}", 1).await, 1);
    assert_eq!(stage.count(&ended("retried")).await, 0, "in one attempt");
    stage.assert_sound();
}

#[tokio::test]
async fn a_thread_that_cannot_be_resolved_is_named_and_the_review_ends() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = open_with_defects(&stage).await;
    pull_request.reviewed(1).await;
    stage.azure.fail_next(On::post("/comments"), Fault::Status(400, None));
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    let text = pull_request.walkthrough();
    assert!(text.contains("refused to resolve 1 thread"), "{text}");
    assert!(pull_request.inline().iter().all(|thread| thread.status.as_deref() == Some("active")));
    stage.assert_sound();
}

#[tokio::test]
async fn a_thread_whose_answer_was_lost_is_not_posted_twice() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.fail_times(On::post("/threads"), 3, Fault::DropAfter);
    stage.azure.fail_times(On::post("/statuses"), 1, Fault::DropAfter);
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    assert_eq!(pull_request.inline().len(), 2);
    assert_eq!(pull_request.walkthroughs().len(), 1);
    let created = stage.azure.bot_writes().into_iter().filter(|write| write.action == Action::CreateThread).count();
    assert_eq!(created, 3);
    stage.assert_sound();
}

#[tokio::test]
async fn an_answer_to_a_resolution_whose_receipt_was_lost_stands_once() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = open_with_defects(&stage).await;
    pull_request.reviewed(1).await;
    stage.azure.fail_times(On::post("/comments"), 1, Fault::DropAfter);
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    let inline = pull_request.inline();
    let fixed = inline.iter().find(|thread| thread.status.as_deref() == Some("fixed")).unwrap();
    assert_eq!(fixed.comments.len(), 2, "{fixed:#?}");
    stage.assert_sound();
}

#[tokio::test]
async fn refusals_that_pass_and_signs_of_load_only_cost_time() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.fail_times(On::post("/threads"), 1, Fault::Status(429, Some(1)));
    stage.azure.fail_times(On::post("/threads"), 1, Fault::Status(503, None));
    stage.azure.fail_times(On::get("/threads"), 1, Fault::Status(503, Some(0)));
    stage.azure.fail_times(On::get("/iterations"), 1, Fault::DropBefore);
    stage.azure.fail_times(On::get("/iterations"), 1, Fault::Throttled(1));
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    assert_eq!(pull_request.inline().len(), 2);
    assert_eq!(stage.counted(&ended("reviewed"), 1).await, 1);
    assert_eq!(stage.count(&ended("retried")).await, 0, "in one attempt");
    assert_eq!(states(&pull_request), ["pending", "succeeded"]);
    stage.assert_sound();
}

#[tokio::test]
async fn headers_of_a_limit_on_good_answers_slow_the_review_down_and_nothing_else() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.set_rate_limit(Some(RateLimit { retry_after: None, delay: Some(0.05), limit: 200, remaining: 3 }));
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    assert_eq!(pull_request.inline().len(), 2);
    stage.assert_sound();
}

#[tokio::test]
async fn a_token_that_is_revoked_midway_and_restored_completes_the_review_without_asking_the_model_again() {
    let ways = [SignIn::AsTheService, SignIn::Page203, SignIn::Redirect302, SignIn::Unauthorized401];
    join_all(ways.map(|way| async move {
        let stage = Stage::set(both_rules()).await;
        stage.azure.set_sign_in(way);
        let gate = stage.model.hold(Role::Findings);
        let pull_request = open_with_defects(&stage).await;
        gate.wait_for_held(1).await.unwrap();
        stage.azure.revoke_token();
        let written = stage.azure.bot_writes().len();
        gate.release();
        stage.counted(&ended("postponed"), 1).await;
        assert_eq!(stage.azure.bot_writes().len(), written, "{way:?}");
        assert!(!states(&pull_request).contains(&"succeeded".to_owned()), "{way:?}");
        let (status, ready) = stage.get("/ready").await;
        let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
        assert_eq!(ready["checks"]["azure_devops"]["ok"], false, "{way:?}: {ready}");
        assert_eq!(status, 200, "events are taken on meanwhile");

        stage.azure.restore_token();
        assert_eq!(pull_request.reviewed(1).await, BOTH, "{way:?}");
        assert_eq!(pull_request.inline().len(), 2);
        assert_eq!(stage.model.calls_of(Role::Findings).len(), 1, "{way:?}");
        stage.assert_sound();
    }))
    .await;
}

#[tokio::test]
async fn a_pull_request_that_takes_no_comments_becomes_a_dead_letter_and_the_process_goes_on() {
    let stage = Stage::set(both_rules()).await;
    stage.hooks.hold();
    let pull_request = open_with_defects(&stage).await;
    stage.azure.deny(Permission::ContributeToPullRequests);
    stage.hooks.release(Order::AsHappened);
    stage.counted(&ended("dead"), 1).await;
    assert_eq!(stage.get("/health").await.0, 200);
    assert!(pull_request.threads().is_empty());
    let status = pull_request.latest_status("coderabbit", "review").unwrap();
    assert_eq!(status.state, "failed");
    assert_eq!(status.description, "Not reviewed: the agent's token may not comment on this pull request");
    assert!(stage.model.calls().is_empty(), "nothing is asked that cannot be said");

    stage.azure.allow(Permission::ContributeToPullRequests);
    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, BOTH);
    stage.assert_sound();
}

#[tokio::test]
async fn a_pull_request_that_is_locked_midway_does_not_stay_in_progress() {
    let stage = Stage::set(both_rules()).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = open_with_defects(&stage).await;
    gate.wait_for_held(1).await.unwrap();
    stage.azure.deny(Permission::ContributeToPullRequests);
    gate.release();
    stage.counted(&ended("dead"), 1).await;
    assert!(pull_request.inline().is_empty());
    assert_eq!(states(&pull_request), ["pending", "failed"]);
    stage.assert_sound();
}

// ------------------------------------------------------------------------------------------------ the model is in trouble

/// Every call of `role` goes wrong until the model is healed.
async fn is_delayed_and_then_reviewed(role: Role, fault: ModelFault) {
    let stage = Stage::set_with(AzureDevOps::builder(), both_rules(), &[("LLM_TIMEOUT", "1000")]).await;
    stage.model.fault(role, 1_000, fault.clone());
    let pull_request = open_with_defects(&stage).await;
    pull_request.is_delayed().await;
    assert_not_clean_looking(&pull_request);
    let text = pull_request.walkthrough();
    assert!(text.contains("Review failed.") && text.contains("It will be tried again."), "{fault:?}: {text}");
    assert!(pull_request.inline().is_empty());

    stage.model.heal();
    pull_request.has_status("succeeded").await;
    assert_eq!(pull_request.reviewed(1).await, BOTH, "{fault:?}");
    assert_eq!(pull_request.inline().len(), 2);
    assert!(!pull_request.walkthrough().contains("Review failed."));
    stage.assert_sound();
}

#[tokio::test]
async fn a_model_that_answers_nothing_of_use_delays_the_review_and_looks_like_it() {
    let faults = [
        ModelFault::Prose,
        ModelFault::HalfJson,
        ModelFault::WrongShape,
        ModelFault::Empty,
        ModelFault::Refusal,
        ModelFault::HtmlPage,
    ];
    join_all(faults.map(|fault| is_delayed_and_then_reviewed(Role::Findings, fault))).await;
}

#[tokio::test]
async fn a_model_that_does_not_answer_delays_the_review_and_looks_like_it() {
    let faults = [ModelFault::NeverAnswers, ModelFault::ServerError, ModelFault::Cut];
    join_all(faults.map(|fault| is_delayed_and_then_reviewed(Role::Findings, fault))).await;
}

#[tokio::test]
async fn a_model_that_says_to_come_back_in_ten_minutes_is_asked_by_no_other_review_until_then() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault(Role::Findings, 1_000, ModelFault::RateLimited { retry_after: 600 });
    stage.model.fault(Role::Walkthrough, 1_000, ModelFault::RateLimited { retry_after: 600 });
    let pull_request = open_with_defects(&stage).await;
    stage.counted(&ended("postponed"), 1).await;
    assert_not_clean_looking(&pull_request);
    let calls = stage.model.calls().len();
    stage.model.heal();
    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    stage.counted(&ended("postponed"), 2).await;
    assert_eq!(stage.model.calls().len(), calls, "the pause is the model's, not that of one review");
    assert_not_clean_looking(&pull_request);
    stage.assert_sound();
}

#[tokio::test]
async fn candidates_that_no_verifier_could_judge_are_no_clean_review() {
    join_all([ModelFault::Prose, ModelFault::ServerError].map(|fault| is_delayed_and_then_reviewed(Role::Verdict, fault))).await;
}

#[tokio::test]
async fn one_verdict_that_cannot_be_read_costs_one_finding_and_is_counted() {
    let stage = Stage::set(both_rules()).await;
    // One question is asked, and asked once more; which of the two candidates it is does not matter.
    let gate = stage.model.hold(Role::Verdict);
    stage.model.fault(Role::Verdict, 1, ModelFault::Prose);
    let pull_request = open_with_defects(&stage).await;
    gate.wait_for_held(2).await.unwrap();
    stage.model.fault(Role::Verdict, 1, ModelFault::Prose);
    gate.release();
    let verdict = pull_request.reviewed(1).await;
    assert!(verdict.starts_with("succeeded: Reviewed: 1 finding"), "{verdict}");
    assert!(pull_request.walkthrough().contains("Candidates not posted (1)"), "{}", pull_request.walkthrough());
}

#[tokio::test]
async fn wrong_line_numbers_and_fences_and_slow_tokens_do_no_harm() {
    let slow = ModelFault::SlowTokens { pause: Duration::from_millis(1) };
    for fault in [ModelFault::WrongLines, ModelFault::Fenced, slow] {
        let stage = Stage::set(both_rules()).await;
        stage.model.fault(Role::Findings, 1, fault.clone());
        let pull_request = open_with_defects(&stage).await;
        assert_eq!(pull_request.reviewed(1).await, BOTH, "{fault:?}");
        let mut lines: Vec<_> = pull_request.inline().into_iter().map(|thread| thread.right).collect();
        lines.sort();
        assert_eq!(lines, [Some((9, 9)), Some((13, 13))], "{fault:?}");
        stage.assert_sound();
    }
}

#[tokio::test]
async fn a_walkthrough_that_the_model_cannot_write_does_not_hold_up_the_findings() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault(Role::Walkthrough, 1_000, ModelFault::Prose);
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    assert!(pull_request.walkthrough().contains("wrote no summary"), "{}", pull_request.walkthrough());
    stage.assert_sound();
}

#[tokio::test]
async fn a_pack_that_is_too_long_for_the_model_is_halved_and_what_was_not_read_is_named() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault(Role::Findings, 1, ModelFault::ContextTooLong);
    let function = |name: &str, line: u32| format!("def {name}_{line}(value):\n    return value + {line}");
    let long = |name: &str| (1..700).map(|line| function(name, line)).collect::<Vec<_>>().join("\n");
    let files = [
        (CART.to_owned(), cart(LAST_ITEM, QUERY)),
        ("src/one.py".to_owned(), long("one")),
        ("src/two.py".to_owned(), long("two")),
        ("src/three.py".to_owned(), long("three")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let pull_request = stage.open(&files).await;
    let verdict = pull_request.reviewed(1).await;
    assert!(verdict.starts_with("succeeded: Partly reviewed: "), "{verdict}");
    let text = pull_request.walkthrough();
    assert!(text.contains("Partly reviewed.") && text.contains("not read"), "{text}");
    let asked = stage.model.calls_of(Role::Findings);
    assert!(asked.last().unwrap().prompt().len() < asked[0].prompt().len());
    stage.assert_sound();
}

#[tokio::test]
async fn a_change_that_no_pack_makes_short_enough_is_said_to_be_too_large() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault(Role::Findings, 1_000, ModelFault::ContextTooLong);
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, "failed: Not reviewed: the review failed");
    assert_not_clean_looking(&pull_request);
    assert!(pull_request.walkthrough().contains("too large for the model"), "{}", pull_request.walkthrough());
    assert_eq!(stage.counted(&ended("dead"), 1).await, 1);
}

#[tokio::test]
async fn a_failure_after_a_review_leaves_the_account_of_that_review_below_what_happened() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = open_with_defects(&stage).await;
    pull_request.reviewed(1).await;
    stage.model.fault(Role::Findings, 1_000, ModelFault::ContextTooLong);
    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "failed: Not reviewed: the review failed");
    let text = pull_request.walkthrough();
    let (failed, account) = (text.find("Review failed.").unwrap(), text.find("## Walkthrough").unwrap());
    assert!(failed < account && !text.contains("> **Reviewed.**"), "{text}");
    assert_eq!(pull_request.inline().len(), 2);
    stage.assert_sound();
}

// ------------------------------------------------------------------------------------------------ the memory is lost

#[tokio::test]
async fn when_the_database_is_lost_the_threads_remember() {
    let mut stage = Stage::set(both_rules()).await;
    let pull_request = open_with_defects(&stage).await;
    pull_request.reviewed(1).await;
    stage.stop().await;
    std::fs::remove_dir_all(stage.database().parent().unwrap()).unwrap();
    stage.start_again().await;

    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 2 still open");
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    assert!(pull_request.walkthrough().contains("only what is new since the last review"));
    let asked = stage.model.calls_of(Role::Findings);
    let shown = asked.last().unwrap().prompt();
    assert!(shown.contains("def greet()") && !shown.contains(LAST_ITEM.trim()), "{shown}");
    stage.assert_sound();
}

#[tokio::test]
async fn when_the_database_is_lost_in_the_middle_of_a_review_the_next_event_completes_it() {
    let mut stage = Stage::set(Script::with_rules([last_rule()])).await;
    let pull_request = open_with_defects(&stage).await;
    pull_request.reviewed(1).await;
    let gate = stage.model.hold(Role::Findings);
    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    gate.wait_for_held(1).await.unwrap();
    gate.release();
    stage.stop().await;
    std::fs::remove_dir_all(stage.database().parent().unwrap()).unwrap();
    stage.start_again().await;
    pull_request.push(&[("src/newer.py", "def leave():\n    return 'bye'\n")]).await.unwrap();
    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: no new findings, 1 still open");
    assert_eq!(pull_request.inline().len(), 1);
    assert!(!pull_request.walkthrough().contains("in progress"));
    stage.assert_sound();
}
