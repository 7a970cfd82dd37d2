//! What people teach in comments is announced, kept, and used.

use coderabbit_agent::store::{Reaches, Store};
use serde_json::json;
use testkit::{
    azure_devops::{AzureDevOps, PullRequestHandle, PullRequestSpec, ServedCommits},
    model::{ChatRule, Role, Script},
};

use crate::harness::{CART, LAST_ITEM, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, cart, last_rule, query_rule};

const LESSON: &str = "Carts end with a sentinel item.";

/// A model that takes every lesson, and whose finding about the query rests on the first one.
fn taught() -> Script {
    let lesson = ChatRule::new("Remember", "I will.").with("learning", json!(LESSON));
    Script { chats: vec![lesson], ..Script::with_rules([last_rule(), query_rule().resting_on(1)]) }
}

async fn configure(stage: &Stage, configuration: &str) {
    stage.repository.push("main", &[(".coderabbit.yaml", configuration)], "Settings").await.unwrap();
}

/// Teaches the lesson in the thread of the finding, and gives the answer.
async fn teach(stage: &Stage, pull_request: &PullRequestHandle) -> String {
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 1 finding"));
    let thread = pull_request.inline()[0].id;
    pull_request.reply(&stage.azure.add_user("Ada"), thread, "Remember that carts end with a sentinel.").await.unwrap();
    let is_answered = |pull_request: &PullRequestHandle| pull_request.thread(thread).unwrap().comments.len() == 3;
    pull_request.wait_for(is_answered, PATIENCE).await.unwrap();
    pull_request.thread(thread).unwrap().comments[2].content.clone()
}

async fn open(stage: &Stage) -> PullRequestHandle {
    stage.open(&[(CART, &cart(LAST_ITEM, QUERY_FIXED))]).await
}

/// What the finder was asked last.
fn question(stage: &Stage) -> String {
    stage.model.calls_of(Role::Findings).pop().unwrap().prompt()
}

#[tokio::test]
async fn what_somebody_teaches_is_announced_and_the_next_review_is_told_of_it() {
    let stage = Stage::set(taught()).await;
    let pull_request = open(&stage).await;
    let answer = teach(&stage, &pull_request).await;
    let (_, added) = answer.split_once("<summary>Learnings added</summary>").unwrap();
    assert!(added.contains(LESSON) && added.contains("Learnt from `Ada` in pull request 1, `src/cart.py`, 20"), "{added}");
    assert!(!question(&stage).contains(LESSON));

    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical), 1 still open");
    let asked = question(&stage);
    let (_, told) = asked.split_once("# What the team has taught").unwrap();
    assert!(told.contains(&format!("label=\"learnings\">\n1. {LESSON} (said at {CART})\n</untrusted")), "{told}");
    assert!(stage.model.calls_of(Role::Verdict).pop().unwrap().prompt().contains(LESSON), "its verifier is told as well");
    let is_new = |thread: &&testkit::azure_devops::ThreadView| thread.content().contains("put into the SQL text");
    let finding = pull_request.inline().iter().find(is_new).unwrap().content().to_owned();
    assert!(finding.contains("<summary>Learnings used</summary>") && finding.contains(LESSON), "{finding}");
    let walkthrough = pull_request.walkthroughs().iter().map(|thread| thread.content().to_owned()).collect::<String>();
    assert!(walkthrough.contains("- Learnings used (1):\n"), "{walkthrough}");

    // And so is whoever is asked.
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit how do carts end?").await.unwrap();
    stage.model.wait_for(Role::Chat, 2).await.unwrap();
    assert!(stage.model.calls_of(Role::Chat)[1].prompt().contains(&format!("1. {LESSON}")));
    stage.counted(r#"coderabbit_agent_chats_total{result="silent"}"#, 1).await;
    assert_eq!(pull_request.thread(thread).unwrap().comments.len(), 1, "the model had nothing to say");
    stage.assert_sound();
}

/// A repository with a pull request like the first one's.
async fn elsewhere(stage: &Stage, project: &str, name: &str, configuration: &str) -> PullRequestHandle {
    let repository = stage.azure.repository(project, name).await.unwrap();
    let files = [("README.md", "# Shop\n"), (".coderabbit.yaml", configuration)];
    repository.push("main", &files, "A shop").await.unwrap();
    // Of its own title: a question that was asked before is not asked again.
    let spec = PullRequestSpec::new(name).files(&[(CART, cart(LAST_ITEM, QUERY_FIXED))]).branches("feature", "main");
    let pull_request = repository.open_pull_request(spec).await.unwrap();
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 1 finding"));
    pull_request
}

#[tokio::test]
async fn how_far_a_learning_reaches_is_for_the_repository_that_uses_it() {
    let stage = Stage::set(taught()).await;
    teach(&stage, &open(&stage).await).await;
    let scope = |scope: &str| format!("knowledge_base: {{learnings: {{scope: {scope}}}}}\n");
    for (project, name, configuration, knows) in [
        ("Web Shop", "cart", scope("local"), false),
        ("Web Shop", "prices", String::new(), true),
        ("Back Office", "bills", scope("auto"), false),
        ("Back Office", "books", scope("global"), true),
        ("Web Shop", "late", "knowledge_base: {learnings: {approval_delay: 3}}\n".to_owned(), false),
        ("Web Shop", "out", "knowledge_base: {opt_out: true}\n".to_owned(), false),
    ] {
        elsewhere(&stage, project, name, &configuration).await;
        assert_eq!(question(&stage).contains(LESSON), knows, "{project}/{name}");
    }
    stage.assert_sound();
}

#[tokio::test]
async fn a_learning_that_waits_counts_once_somebody_approves_it() {
    let stage = Stage::set(taught()).await;
    configure(&stage, "knowledge_base: {learnings: {approval_delay: 7}}\n").await;
    let pull_request = open(&stage).await;
    let answer = teach(&stage, &pull_request).await;
    assert!(answer.contains("- Counts in 7 days, unless somebody has it forgotten before."), "{answer}");
    pull_request.push(&[("src/one.py", "one = 1\n")]).await.unwrap();
    pull_request.reviewed(2).await;
    assert!(!question(&stage).contains(LESSON));
    let store = store(&stage).await;
    let repository = store.repositories_with_learnings().await.unwrap().remove(0).key;
    let id = store.learnings(&repository, Reaches::Repository).await.unwrap().remove(0).learning.id;
    assert!(answer.contains(&id) && store.approve_learning(&id, 1).await.unwrap());
    pull_request.push(&[("src/two.py", "two = 2\n")]).await.unwrap();
    pull_request.reviewed(3).await;
    assert!(question(&stage).contains(LESSON));
    stage.assert_sound();
}

async fn store(stage: &Stage) -> Store {
    Store::open(&format!("sqlite://{}", stage.database().display()).into()).await.unwrap()
}

#[tokio::test]
async fn a_repository_that_opts_out_has_what_was_kept_of_it_deleted_and_is_told_that_nothing_is_kept() {
    let stage = Stage::set(taught()).await;
    let pull_request = open(&stage).await;
    teach(&stage, &pull_request).await;
    let store = store(&stage).await;
    let repository = store.repositories_with_learnings().await.unwrap().remove(0).key;
    assert!(!store.newest_outcomes(&repository).await.unwrap().is_empty());

    configure(&stage, "knowledge_base: {opt_out: true}\n").await;
    pull_request.push(&[(CART, cart(LAST_ITEM, QUERY).as_str())]).await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("succeeded: Reviewed: 1 finding"));
    assert!(!question(&stage).contains(LESSON));
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#, 2).await;
    assert_eq!(store.learnings(&repository, Reaches::Collection).await.unwrap(), []);
    assert_eq!(store.newest_outcomes(&repository).await.unwrap(), [], "nor what became of its findings");
    let thread =
        pull_request.comment(&stage.azure.author(), "@CodeRabbit Remember that carts end with a sentinel.").await.unwrap();
    let is_told = |pull_request: &PullRequestHandle| pull_request.thread(thread).unwrap().comments.len() == 2;
    pull_request.wait_for(is_told, PATIENCE).await.unwrap();
    let answer = pull_request.thread(thread).unwrap().comments[1].content.clone();
    assert!(answer.contains("*Not remembered: this repository wants nothing kept (`knowledge_base.opt_out`).*"), "{answer}");
    assert_eq!(store.learnings(&repository, Reaches::Collection).await.unwrap(), []);
    stage.assert_sound();
}

#[tokio::test]
async fn what_is_known_already_is_not_learnt_again() {
    let stage = Stage::set(taught()).await;
    let pull_request = open(&stage).await;
    teach(&stage, &pull_request).await;
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit Remember that!").await.unwrap();
    let is_told = |pull_request: &PullRequestHandle| pull_request.thread(thread).unwrap().comments.len() == 2;
    pull_request.wait_for(is_told, PATIENCE).await.unwrap();
    let answer = pull_request.thread(thread).unwrap().comments[1].content.clone();
    assert!(answer.contains("<summary>Learnings used</summary>") && !answer.contains("Learnings added"), "{answer}");
    let store = store(&stage).await;
    let repository = store.repositories_with_learnings().await.unwrap().remove(0).key;
    assert_eq!(store.learnings(&repository, Reaches::Collection).await.unwrap().len(), 1);
    stage.assert_sound();
}

#[tokio::test]
async fn on_a_pull_request_from_a_fork_only_people_who_are_named_teach() {
    for (named, learns) in [("", false), ("ada@contoso.example", true)] {
        let variables: &[(&str, &str)] = if named.is_empty() { &[] } else { &[("AZURE_DEVOPS_COMMAND_USERS", named)] };
        let stage = Stage::set_with(AzureDevOps::builder(), taught(), variables).await;
        stage.repository.serve(ServedCommits::Reachable, true).unwrap();
        let fork = stage.repository.fork("orders.dana").await.unwrap();
        let spec = PullRequestSpec::new("Totals").from_fork(&fork).file(CART, cart(LAST_ITEM, QUERY_FIXED));
        let pull_request = stage.open_as(spec).await;
        let answer = teach(&stage, &pull_request).await;
        assert_eq!(answer.contains("Learnings added"), learns, "{answer}");
        assert_eq!(answer.contains("*Not remembered: only people whom the operator"), !learns, "{answer}");
        stage.assert_sound();
    }
}

#[tokio::test]
async fn an_operator_may_have_nothing_learnt() {
    let stage = Stage::set_with(AzureDevOps::builder(), taught(), &[("ENABLE_LEARNINGS", "false")]).await;
    let pull_request = open(&stage).await;
    let answer = teach(&stage, &pull_request).await;
    assert!(
        answer.contains("*Not remembered: the operator of this agent has it learn nothing (`ENABLE_LEARNINGS`).*"),
        "{answer}"
    );
    pull_request.push(&[("src/one.py", "one = 1\n")]).await.unwrap();
    pull_request.reviewed(2).await;
    assert!(!question(&stage).contains(LESSON));
    stage.assert_sound();
}

#[tokio::test]
async fn a_branch_that_is_not_the_default_one_has_nothing_deleted_and_reads_nothing_of_other_projects() {
    let stage = Stage::set(taught()).await;
    teach(&stage, &open(&stage).await).await;
    let store = store(&stage).await;
    let key = store.repositories_with_learnings().await.unwrap().remove(0).key;
    let before = store.newest_outcomes(&key).await.unwrap().len();

    let rules = "reviews: {auto_review: {base_branches: ['.*']}}\n";
    let configuration = format!("{rules}knowledge_base: {{opt_out: true}}\n");
    stage
        .repository
        .push("x", &[("README.md", "# X\n"), (".coderabbit.yaml", configuration.as_str())], "Settings")
        .await
        .unwrap();
    let spec = PullRequestSpec::new("Into x").files(&[(CART, cart(LAST_ITEM, QUERY_FIXED))]).branches("to-x", "x");
    // Reviews of other targets than the default branch are for the configuration of that target.
    let into_x = stage.repository.open_pull_request(spec).await.unwrap();
    assert!(into_x.reviewed(1).await.starts_with("succeeded: Reviewed: 1 finding"));
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#, 2).await;
    assert!(!question(&stage).contains(LESSON));
    assert_eq!(store.learnings(&key, Reaches::Repository).await.unwrap().len(), 1);
    assert_eq!(store.newest_outcomes(&key).await.unwrap().len(), before, "nothing of the pull request is kept, all else is");

    // Another project, of which the default branch says nothing.
    let other = stage.azure.repository("Back Office", "books").await.unwrap();
    other.push("main", &[("README.md", "# Books\n")], "Books").await.unwrap();
    let global = format!("{rules}knowledge_base: {{learnings: {{scope: global}}}}\n");
    other.push("x", &[("README.md", "# X\n"), (".coderabbit.yaml", global.as_str())], "Settings").await.unwrap();
    let spec = PullRequestSpec::new("Books").files(&[(CART, cart(LAST_ITEM, QUERY_FIXED))]).branches("feature", "x");
    let pull_request = other.open_pull_request(spec).await.unwrap();
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 1 finding"));
    assert!(!question(&stage).contains(LESSON));
    stage.assert_sound();
}

#[tokio::test]
async fn what_the_comment_of_who_asks_does_not_say_is_neither_learnt_nor_made_a_work_item() {
    let item = json!({ "title": "Grant access", "description": "To everybody." });
    let lesson =
        ChatRule::new("Why", "So.").with("learning", json!("Findings about SQL are unwanted.")).with("create_item", item);
    let stage = Stage::set(Script { chats: vec![lesson], ..Script::with_rules([last_rule()]) }).await;
    let pull_request = open(&stage).await;
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 1 finding"));
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit Why is that?").await.unwrap();
    let is_told = |pull_request: &PullRequestHandle| pull_request.thread(thread).unwrap().comments.len() == 2;
    pull_request.wait_for(is_told, PATIENCE).await.unwrap();
    let answer = pull_request.thread(thread).unwrap().comments[1].content.clone();
    assert!(answer.contains("*Not remembered: your comment itself does not say it; say it in a sentence.*"), "{answer}");
    assert!(answer.contains("**No work item created:** your comment does not speak of one."), "{answer}");
    assert_eq!(stage.azure.work_item(1), None);
    assert!(store(&stage).await.repositories_with_learnings().await.unwrap().is_empty());
    stage.assert_sound();
}
