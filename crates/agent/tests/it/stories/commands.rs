//! Commands: a comment goes in, an answer and what was asked for come out, once.

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};
use testkit::{
    azure_devops::{AzureDevOps, EventType, Fault, On, Order, Person, PullRequestHandle, PullRequestSpec, ThreadView},
    model::{Fault as ModelFault, Role, Script},
};

use crate::harness::{
    CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, both_rules, cart, last_rule,
};

const FILE: &str = ".coderabbit.yaml";
const MARK: &str = "<!-- coderabbit-agent:command v1 ";

async fn configure(stage: &Stage, configuration: &str) {
    stage.repository.push("main", &[(FILE, configuration)], "Settings").await.unwrap();
}

/// A pull request with a finding, reviewed.
async fn reviewed(stage: &Stage) -> PullRequestHandle {
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY_FIXED))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 high)");
    pull_request
}

/// Our answers in a thread.
fn answers(thread: &ThreadView) -> Vec<String> {
    let ours = thread.comments.iter().filter(|comment| comment.content.contains(MARK) && !comment.is_deleted);
    ours.map(|comment| comment.content.clone()).collect()
}

/// Gives the command as a new comment and waits for its answer.
async fn command(pull_request: &PullRequestHandle, by: &Person, text: &str) -> String {
    let thread = pull_request.comment(by, text).await.unwrap();
    answered(pull_request, thread, 1).await.remove(0)
}

/// Waits for as many answers in the thread.
async fn answered(pull_request: &PullRequestHandle, thread: u32, count: usize) -> Vec<String> {
    let is_answered = |pull_request: &PullRequestHandle| answers(&pull_request.thread(thread).unwrap()).len() >= count;
    pull_request.wait_for(is_answered, PATIENCE).await.unwrap();
    answers(&pull_request.thread(thread).unwrap())
}

#[tokio::test]
async fn reviews_are_paused_asked_for_and_resumed() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = reviewed(&stage).await;
    let ada = stage.azure.add_user("Ada");

    let answer = command(&pull_request, &ada, "@CodeRabbit pause").await;
    assert!(answer.starts_with("**Reviews paused.**"), "{answer}");
    let answer = command(&pull_request, &ada, "@coderabbitai Ignore").await;
    assert!(answer.starts_with("**Reviews are paused already**, by `Ada`."), "{answer}");
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    let status = pull_request.reviewed(2).await;
    assert!(status.starts_with("notApplicable: Not reviewed: Reviews of this pull request were paused by `Ada`"), "{status}");

    let answer = command(&pull_request, &ada, "@CodeRabbit, review please!").await;
    assert!(answer.starts_with("**Review asked for.** What is new in "), "{answer}");
    pull_request.has_status("succeeded").await;
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical), 1 still open");
    let answer = command(&pull_request, &ada, "@CodeRabbit review").await;
    assert!(answer.starts_with("**Nothing new to review.**"), "{answer}");

    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(3).await.starts_with("notApplicable"), "one review was asked for, and reviews stay paused");
    let answer = command(&pull_request, &ada, "@CodeRabbit resume").await;
    assert!(answer.contains("What was pushed since the last review is read now."), "{answer}");
    pull_request.has_status("succeeded").await;
    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: no new findings, 1 still open");
    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY_FIXED).as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(4).await, "succeeded: Reviewed: no new findings");
    stage.assert_sound();
}

#[tokio::test]
async fn resume_also_ends_the_pause_after_so_many_pushes() {
    let stage = Stage::set(both_rules()).await;
    configure(&stage, "reviews:\n  auto_review: {auto_pause_after_reviewed_commits: 1}\n").await;
    let pull_request = reviewed(&stage).await;
    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("notApplicable: Not reviewed: 1 pushes"));
    command(&pull_request, &stage.azure.author(), "@coderabbitai resume").await;
    pull_request.has_status("succeeded").await;
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical)");
    stage.assert_sound();
}

#[tokio::test]
async fn a_full_review_reads_everything_again_and_says_nothing_twice() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = reviewed(&stage).await;
    let (calls, threads) = (stage.model.calls_of(Role::Findings).len(), pull_request.inline().len());
    let me = stage.azure.bot().id.to_uppercase();
    let answer = command(&pull_request, &stage.azure.author(), &format!("@<{me}> Full Review")).await;
    assert!(answer.starts_with("**Full review asked for.** The whole change up to "), "{answer}");
    stage.model.wait_for(Role::Findings, calls * 2).await.unwrap();
    stage.counted(r#"coderabbit_agent_reviews_total{mode="full",outcome="complete"}"#, 2).await;
    assert_eq!(pull_request.inline().len(), threads);
    // The one that was asked for is over: the next push is reviewed for what is new, as ever.
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical), 1 still open");
    assert!(pull_request.threads().iter().any(|thread| thread.content().contains("only what is new since the last review")));
    stage.assert_sound();
}

#[tokio::test]
async fn a_walkthrough_that_somebody_deleted_comes_again_only_when_a_full_review_is_asked_for() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = reviewed(&stage).await;
    let walkthrough = pull_request.walkthroughs()[0].id;
    pull_request.delete_comment(&stage.azure.bot(), walkthrough, 1).await.unwrap();
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("succeeded"));
    let standing = |pull_request: &PullRequestHandle| {
        let is_one = |thread: &ThreadView| thread.content().contains("<!-- coderabbit-agent:walkthrough -->");
        pull_request.threads().iter().filter(|thread| is_one(thread)).count()
    };
    assert_eq!(standing(&pull_request), 0, "who deleted it does not want it");
    command(&pull_request, &stage.azure.author(), "@CodeRabbit full review").await;
    pull_request.wait_for(|pull_request| standing(pull_request) == 1, PATIENCE).await.unwrap();
    stage.counted(r#"coderabbit_agent_reviews_total{mode="full",outcome="complete"}"#, 2).await;
    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(3).await.starts_with("succeeded"));
    assert_eq!(standing(&pull_request), 1, "and is edited from then on");
    stage.assert_sound();
}

#[tokio::test]
async fn what_is_delivered_twice_and_out_of_order_takes_effect_once_and_in_the_order_of_the_comments() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = reviewed(&stage).await;
    let ada = stage.azure.add_user("Ada");
    stage.hooks.set_doubled(true);
    stage.hooks.hold();
    let pause = pull_request.comment(&ada, "@CodeRabbit pause").await.unwrap();
    let resume = pull_request.comment(&ada, "@CodeRabbit resume").await.unwrap();
    stage.hooks.release(Order::Reversed);
    assert!(answered(&pull_request, resume, 1).await[0].starts_with("**Reviews resumed.** Nothing was pushed"));
    assert!(answered(&pull_request, pause, 1).await[0].starts_with("**Reviews paused.**"));
    stage.hooks.settled(PATIENCE).await.unwrap();
    // Once more, and after an edit that changes nothing that was asked for.
    stage.hooks.repeat_last(EventType::Commented);
    pull_request.edit_comment(&ada, pause, 1, "@CodeRabbit pause, please").await.unwrap();
    let later = pull_request.comment(&ada, "@CodeRabbit help").await.unwrap();
    answered(&pull_request, later, 1).await;
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("succeeded"), "resumed after it was paused, and not paused again");
    for thread in [pause, resume, later] {
        assert_eq!(answers(&pull_request.thread(thread).unwrap()).len(), 1, "answered once");
    }
    // Another command in its place is another one; its answer deleted, nothing is said again.
    pull_request.edit_comment(&ada, later, 1, "@CodeRabbit pause").await.unwrap();
    assert!(answered(&pull_request, later, 2).await[1].starts_with("**Reviews paused.**"));
    stage.assert_sound();
}

#[tokio::test]
async fn an_answer_that_was_lost_on_the_way_is_not_given_twice() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = reviewed(&stage).await;
    stage.azure.fail_next(On::post("/comments"), Fault::DropAfter);
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit pause").await.unwrap();
    answered(&pull_request, thread, 1).await;
    stage.counted(r#"coderabbit_agent_commands_total{command="pause",result="done"}"#, 1).await;
    assert_eq!(answers(&pull_request.thread(thread).unwrap()).len(), 1);
    stage.azure.fail_next(On::post("/comments"), Fault::DropBefore);
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit resume").await.unwrap();
    assert_eq!(answered(&pull_request, thread, 1).await.len(), 1);
    stage.assert_sound();
}

#[tokio::test]
async fn open_threads_of_findings_are_closed_and_those_of_people_are_not() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 2 findings"));
    let theirs = pull_request.comment_on(&stage.azure.author(), CART, 1, 1, "Why?").await.unwrap();
    let findings: Vec<u32> = pull_request.inline().iter().map(|thread| thread.id).filter(|id| *id != theirs).collect();
    pull_request.set_thread_status(&stage.azure.author(), findings[0], "wontFix").await.unwrap();
    // In the thread of a finding, as people do.
    pull_request.reply(&stage.azure.author(), findings[1], "@CodeRabbit resolve").await.unwrap();
    let answer = answered(&pull_request, findings[1], 1).await.remove(0);
    assert!(answer.starts_with("**One thread closed.**"), "{answer}");
    let status = |id: u32| pull_request.thread(id).unwrap().status.unwrap_or_default();
    assert_eq!((status(findings[0]), status(findings[1]), status(theirs)), ("wontFix".into(), "closed".into(), "active".into()));
    let answer = command(&pull_request, &stage.azure.author(), "@CodeRabbit resolve").await;
    assert!(answer.starts_with("**Nothing to close.**"), "{answer}");
    stage.assert_sound();
}

#[tokio::test]
async fn the_configuration_and_the_commands_are_shown() {
    let stage = Stage::set(Script::silent()).await;
    configure(&stage, "reviews:\n  profile: assertive\n  poems: true\n").await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM_FIXED, QUERY_FIXED))]).await;
    pull_request.reviewed(1).await;
    let answer = command(&pull_request, &stage.azure.author(), "@CodeRabbit configuration").await;
    assert!(answer.starts_with("Configuration: `.coderabbit.yaml`\n\n```yaml\n"), "{answer}");
    assert!(answer.contains("  profile: \"assertive\" # Source: .coderabbit.yaml"), "{answer}");
    assert!(answer.contains("poems"), "what is wrong with it is told, too: {answer}");
    let answer = command(&pull_request, &stage.azure.author(), "@CodeRabbit help").await;
    assert!(answer.contains("| `full review` |") && answer.contains("`@CodeRabbit review`"), "{answer}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_summary_and_a_diagram_are_written_when_somebody_asks_for_them() {
    let mut script = both_rules();
    let flow = json!([{ "title": "Reading", "mermaid": "sequenceDiagram\nShop->>Cart: last\nCart-->>Shop: item" }]);
    script.sections = json!({ "release_notes": "- The last item is read.", "diagrams": flow });
    let stage = Stage::set(script).await;
    let spec = PullRequestSpec::new("Totals").file(CART, cart(LAST_ITEM, QUERY_FIXED)).description("My own words.");
    let pull_request = stage.open_as(spec).await;
    pull_request.reviewed(1).await;
    assert_eq!(pull_request.description(), "My own words.");

    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit summary").await.unwrap();
    let answers = answered(&pull_request, thread, 2).await;
    assert!(answers[0].starts_with("**Summary asked for.**") && answers[1].starts_with("**The summary stands"), "{answers:?}");
    let description = pull_request.description();
    assert!(description.starts_with("My own words.\n\n<!-- coderabbit-agent:summary -->\n"), "{description}");
    assert!(description.contains("The last item is read."), "{description}");

    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit generate sequence diagram").await.unwrap();
    let answers = answered(&pull_request, thread, 2).await;
    assert!(answers[1].contains("::: mermaid\nsequenceDiagram\n") && answers[1].contains("**Reading**"), "{}", answers[1]);
    let prompt = stage.model.calls_of(Role::Walkthrough).pop().unwrap().prompt();
    assert!(prompt.contains("- `diagrams`:") && !prompt.contains("- `release_notes`:"), "only what was asked for: {prompt}");
    let calls = stage.model.calls().len();
    stage.hooks.repeat_last(EventType::Commented);
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit help").await.unwrap();
    answered(&pull_request, thread, 1).await;
    assert_eq!(stage.model.calls().len(), calls, "what is redelivered is written once");

    // What cannot be written is said.
    stage.model.set_script(both_rules());
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit generate sequence diagram").await.unwrap();
    assert!(answered(&pull_request, thread, 2).await[1].starts_with("**No diagram.**"));
    stage.model.fault(Role::Walkthrough, 9, ModelFault::ContextTooLong);
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit summary").await.unwrap();
    let refused = answered(&pull_request, thread, 2).await;
    assert!(refused[1].starts_with("**Not written:** the change is too large for the model."), "{refused:?}");
    stage.assert_sound();
}

#[tokio::test]
async fn what_would_pass_a_ceiling_or_is_refused_is_said_at_once_and_as_it_is() {
    let mut script = both_rules();
    script.sections = json!({ "release_notes": "- The last item is read." });
    let limits = [("COST_LIMIT_PULL_REQUEST", "0.05")];
    let stage = Stage::set_with(AzureDevOps::builder(), script, &limits).await;
    let pull_request = reviewed(&stage).await;
    let description = format!("/pullRequests/{}?", pull_request.id());
    stage.azure.fail_always(On::patch(&description), Fault::Status(400, None));
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit summary").await.unwrap();
    let refused = answered(&pull_request, thread, 2).await.remove(1);
    assert!(refused.starts_with("**Not written:** Azure DevOps did not take it."), "{refused}");

    stage.azure.heal();
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", stage.database().display())).await.unwrap();
    sqlx::query("update spending set cost = 9000000").execute(&mut database).await.unwrap();
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit summary").await.unwrap();
    let stopped = answered(&pull_request, thread, 2).await.remove(1);
    assert!(stopped.starts_with("**Not written:** The reviews of this pull request have cost about "), "{stopped}");
    assert!(stopped.contains("`COST_LIMIT_PULL_REQUEST`"), "{stopped}");
    stage.assert_sound();
}

#[tokio::test]
async fn who_may_not_give_commands_and_what_is_none_is_refused_with_the_reason() {
    let azure = AzureDevOps::builder();
    let stage = Stage::set_with(azure, both_rules(), &[("AZURE_DEVOPS_COMMAND_USERS", "Boss@Contoso.example")]).await;
    let pull_request = reviewed(&stage).await;
    let ada = stage.azure.add_user("Ada");
    let boss = stage.azure.add_user("Boss");
    assert_eq!(boss.unique_name.to_lowercase(), "boss@contoso.example");
    let answer = command(&pull_request, &ada, "@CodeRabbit pause").await;
    assert!(answer.starts_with("**Not done: commands are reserved here.**") && answer.contains("AZURE_DEVOPS_COMMAND_USERS"));
    assert!(command(&pull_request, &ada, "@CodeRabbit help").await.contains("| `pause` |"), "help is for all");
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("succeeded"), "not paused");

    let answer = command(&pull_request, &boss, "@CodeRabbit fix-ci").await;
    assert!(answer.starts_with("**Not done: `fix-ci`.** It is about checks of GitHub."), "{answer}");
    let answer = command(&pull_request, &boss, "@CodeRabbit reveiw").await;
    assert!(answer.starts_with("**That is no command that I know**"), "{answer}");
    for talk in ["Looks good to me.", "> @CodeRabbit pause", "@Ada please look"] {
        pull_request.comment(&ada, talk).await.unwrap();
    }
    pull_request.abandon().await.unwrap();
    let answer = command(&pull_request, &boss, "@CodeRabbit full review").await;
    assert!(answer.starts_with("**Nothing to do.** The pull request is closed."), "{answer}");
    let told: usize = pull_request.threads().iter().map(|thread| answers(thread).len()).sum();
    assert_eq!(told, 5, "talk is not answered");
    stage.assert_sound();
}

#[tokio::test]
async fn members_of_a_team_may_give_commands_and_a_team_that_is_not_there_has_none() {
    let teams = [("AZURE_DEVOPS_COMMAND_TEAMS", "web shop/Maintainers, Web Shop/Gone")];
    let stage = Stage::set_with(AzureDevOps::builder(), both_rules(), &teams).await;
    let pull_request = reviewed(&stage).await;
    let (ada, boss) = (stage.azure.add_user("Ada"), stage.azure.add_user("Boss"));
    stage.azure.add_team("Web Shop", "maintainers", &[&boss]).unwrap();
    let answer = command(&pull_request, &ada, "@CodeRabbit pause").await;
    assert!(answer.starts_with("**Not done: commands are reserved here.**"), "{answer}");
    let answer = command(&pull_request, &boss, "@CodeRabbit pause").await;
    assert!(answer.starts_with("**Reviews paused.**"), "{answer}");
    stage.assert_sound();
}

#[tokio::test]
async fn who_gives_a_command_need_not_wait_for_a_model_that_thinks() {
    let stage = Stage::set_with(AzureDevOps::builder(), Script::with_rules([last_rule()]), &[("WORKERS", "1")]).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY_FIXED))]).await;
    gate.wait_for_held(1).await.unwrap();
    let answer = command(&pull_request, &stage.azure.author(), "@CodeRabbit pause").await;
    assert!(answer.starts_with("**Reviews paused.**"), "{answer}");
    gate.release();
    assert!(pull_request.reviewed(1).await.starts_with("succeeded"), "what is under way goes to its end");
    stage.assert_sound();
}

#[tokio::test]
async fn a_command_whose_event_tells_nothing_is_found_all_the_same_and_one_of_old_is_not() {
    let mut stage = Stage::set(both_rules()).await;
    let pull_request = reviewed(&stage).await;
    stage.stop().await;
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit pause").await.unwrap();
    // The event of the comment was lost; the next one of the pull request brings it to light.
    stage.start_again().await;
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert!(answered(&pull_request, thread, 1).await[0].starts_with("**Reviews paused.**"));
    stage.assert_sound();
}
