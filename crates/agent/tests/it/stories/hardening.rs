//! What must not look like a review that was made, nor undo one.

use testkit::{
    azure_devops::{Fault, On},
    model::{Fault as ModelFault, Kind, Role, Rule, Script},
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, Reviewed, Stage, both_rules, cart, last_rule};

#[tokio::test]
async fn a_file_that_is_renamed_takes_its_finding_along_instead_of_answering_it() {
    let stage = Stage::set(Script::with_rules([last_rule()])).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    pull_request.push_change(|change| change.rename(CART, "src/basket.py").commit("Rename")).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    let inline = pull_request.inline();
    assert_eq!((inline[0].status.as_deref(), inline[0].comments.len()), (Some("active"), 1), "{inline:#?}");

    // Removed for good, it is answered.
    pull_request.push_change(|change| change.delete("src/basket.py").commit("Remove")).await.unwrap();
    pull_request.reviewed(3).await;
    assert_eq!(pull_request.inline()[0].status.as_deref(), Some("fixed"));
    stage.assert_sound();
}

#[tokio::test]
async fn commits_that_are_pushed_again_get_a_status_of_their_own_and_no_run_in_between_stays_in_progress() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    let first = stage.repository.git().head("feature").unwrap();

    let gate = stage.model.hold(Role::Findings);
    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    stage.model.wait_for(Role::Findings, 2).await.unwrap();
    stage.repository.git().set_branch("feature", &first).unwrap();
    stage.azure.refresh().await.unwrap();
    gate.release();

    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: no new findings, 2 still open");
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains("**Reviewed.**"), "{walkthrough}");
    assert_eq!(pull_request.inline().len(), 2);
    stage.assert_sound();
}

#[tokio::test]
async fn a_description_that_may_not_be_edited_costs_the_summary_and_not_the_review() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.fail_always(On::patch("/pullrequests/1?"), Fault::Status(403, None));
    let spec = testkit::azure_devops::PullRequestSpec::new("Totals").description("@coderabbitai summary");
    let pull_request = stage.open_as(spec.file(CART, cart(LAST_ITEM, QUERY))).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    stage.metric("coderabbit_agent_jobs_ended_total{outcome=\"reviewed\"} 1").await;
    assert_eq!(pull_request.description(), "@coderabbitai summary");
}

#[tokio::test]
async fn an_active_pull_request_that_refuses_writes_as_if_closed_is_a_failure_and_no_endless_loop() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.fail_times(On::post("/threads"), 1, Fault::Status(409, None));
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    stage.metric("coderabbit_agent_jobs_ended_total{outcome=\"retried\"} 1").await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    stage.assert_sound();
}

#[tokio::test]
async fn a_delay_is_told_also_where_the_statuses_cannot_be_read() {
    let stage = Stage::set(both_rules()).await;
    stage.azure.fail_times(On::get("/statuses"), 100, Fault::Status(403, None));
    stage.model.fault(Role::Verdict, 100, ModelFault::ModelNotFound);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.is_delayed().await;
    stage.model.heal();
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 2 findings"));
}

#[tokio::test]
async fn a_verifier_that_is_not_there_makes_no_change_look_clean() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault(Role::Verdict, 100, ModelFault::ModelNotFound);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"postponed\"}", 1).await;
    let status = pull_request.latest_status("coderabbit", "review").unwrap();
    assert_eq!((status.state.as_str(), status.description.as_str()), ("pending", "Review in progress"));
    let text = pull_request.walkthrough();
    assert!(text.contains("the model endpoint does not have the agent's model. It will be tried again"), "{text}");
    assert_eq!(pull_request.inline().len(), 0);

    // Somebody deploys it.
    stage.model.heal();
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 2 findings"));
}

#[tokio::test]
async fn one_refused_verdict_costs_one_finding() {
    let stage = Stage::set(both_rules()).await;
    stage.model.fault(Role::Verdict, 1, ModelFault::ModelNotFound);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    let status = pull_request.reviewed(1).await;
    assert!(status.starts_with("succeeded: Reviewed: 1 finding"), "{status}");
    assert!(pull_request.walkthrough().contains("1 not proven"));
    stage.assert_sound();
}

#[tokio::test]
async fn a_change_of_which_nothing_has_room_is_not_called_reviewed_nor_nothing_to_review() {
    let rule = Rule::new(Kind::True, "src/big.py", "    return items[len(items)]", "One past the end.").scenario("Any cart.");
    let stage =
        Stage::set_with(testkit::azure_devops::AzureDevOps::builder(), Script::with_rules([rule]), &[("PROMPT_TOKENS", "2000")])
            .await;
    let big = "value = [number * number for number in range(10)]\n".repeat(1_000);
    let pull_request = stage.open(&[("src/big.py", &big)]).await;
    assert_eq!(pull_request.reviewed(1).await, "failed: Not reviewed: the review failed");
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains("none of the changed files has room"), "{walkthrough}");
    assert_eq!(stage.model.calls_of(Role::Findings).len(), 0);

    // A push that adds something small is reviewed, and says what was not.
    pull_request.push(&[("src/small.py", "def small():\n    return 1\n"), (CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
    let status = pull_request.reviewed(2).await;
    assert!(status.starts_with("succeeded: Partly reviewed: "), "{status}");
    stage.assert_sound();
}
