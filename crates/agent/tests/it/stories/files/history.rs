//! Renames, forks, rewritten history, and repositories that come and go.

use testkit::{
    azure_devops::{AzureDevOps, Delivery, EventType, Order, PullRequestSpec, ServedCommits},
    model::{Role, Script},
};

use super::{defect, on, stage};
use crate::harness::{CART, LAST_ITEM, PATIENCE, QUERY, Reviewed, Stage, both_rules, cart, last_rule};

fn long_file(body: &str) -> String {
    let padding: Vec<String> = (0..30).map(|number| format!("def helper_{number}():\n    return {number}\n\n\n")).collect();
    format!("{}{body}", padding.concat())
}

#[tokio::test]
async fn renamed_files_are_reviewed_where_they_changed_and_a_rename_alone_makes_nothing_new() {
    let stage = stage(vec![
        defect("src/tools.py", LAST_ITEM, "The tool reads past the end."),
        defect("src/kit.py", LAST_ITEM, "The kit reads past the end."),
        defect("src/fresh.py", LAST_ITEM, "The fresh one reads past the end."),
        defect("src/older.py", LAST_ITEM, "The older one reads past the end."),
        defect("src/moved.py", "    return 'late'", "The late one is wrong."),
    ])
    .await;
    let (util, idle) = (long_file(""), long_file("def idle():\n    return 'early'\n"));
    stage.repository.push("main", &[("src/util.py", &util), ("src/idle.py", &idle)], "Base").await.unwrap();
    let main = stage.repository.git().head("main").unwrap();
    let edited = long_file(&format!("def last(items):\n{LAST_ITEM}\n"));
    let added = edited.clone();
    stage
        .repository
        .change("feature", move |change| {
            let renamed = change.onto(&main).rename("src/util.py", "src/tools.py").rename("src/idle.py", "src/moved.py");
            renamed.file("src/tools.py", edited).file("src/fresh.py", added).commit("Rename")
        })
        .await
        .unwrap();
    let pull_request = stage.open_as(PullRequestSpec::new("Names")).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (2 high)");
    let inline = pull_request.inline();
    assert_eq!(on(&inline, "src/tools.py").right, Some((122, 122)));
    assert_eq!(on(&inline, "src/fresh.py").right, Some((122, 122)));
    assert!(pull_request.walkthrough().contains("no change of content (1): `src/moved.py`"), "{}", pull_request.walkthrough());

    let asked = stage.model.calls_of(Role::Findings).len();

    // Renamed again, without an edit: what stands is not said again under the new name.
    pull_request
        .push_change(|change| {
            change.rename("src/tools.py", "src/kit.py").rename("src/fresh.py", "src/older.py").commit("Other names")
        })
        .await
        .unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 2 still open");
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    assert_eq!(stage.model.calls_of(Role::Findings).len(), asked, "a rename is nothing new for the finder");

    // An edit in the file that was only renamed so far.
    let late = long_file("def idle():\n    return 'late'\n");
    pull_request.push(&[("src/moved.py", late.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: 1 finding (1 high), 2 still open");
    let inline = pull_request.inline();
    assert_eq!(on(&inline, "src/moved.py").right, Some((122, 122)));
    stage.assert_sound();
}

#[tokio::test]
async fn commits_that_no_branch_holds_are_fetched_as_from_a_fork() {
    let stage = Stage::set(both_rules()).await;
    stage.repository.serve(ServedCommits::Reachable, true).unwrap();
    stage.hooks.hold();
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    // The branch is in another repository: here only the merge that the service made leads to its commits.
    stage.repository.git().delete_branch("feature").unwrap();
    stage.hooks.release(Order::AsHappened);
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    stage.assert_sound();
}

#[tokio::test]
async fn after_a_force_push_whose_old_commits_are_gone_everything_is_read_again_and_nothing_said_twice() {
    force_push(ServedCommits::Reachable, true).await;
}

#[tokio::test]
async fn a_server_that_gives_no_single_file_is_asked_for_whole_commits() {
    force_push(ServedCommits::Tips, true).await;
}

#[tokio::test]
async fn a_server_without_partial_clone_is_asked_for_whole_commits() {
    force_push(ServedCommits::Tips, false).await;
}

/// A review, and one after the commits of the first were rewritten and are served no more.
async fn force_push(commits: ServedCommits, partial_clone: bool) {
    let mut stage = Stage::set(both_rules()).await;
    stage.repository.serve(commits, partial_clone).unwrap();
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    // The agent's own copy is gone as well.
    std::fs::remove_dir_all(stage.directory().join("cache")).unwrap();
    stage.restart().await;
    let shifted = format!("VERSION = 2\n{}", cart(LAST_ITEM, QUERY));
    pull_request.force_push(&[(CART, shifted.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 2 still open");
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    for outcome in ["retried", "postponed"] {
        let ended = format!("coderabbit_agent_jobs_ended_total{{outcome=\"{outcome}\"}}");
        assert_eq!(stage.count(&ended).await, 0, "nothing had to be tried again");
    }
    stage.assert_sound();
}

#[tokio::test]
async fn a_repository_that_cannot_be_read_is_told_on_the_pull_request_and_reviewed_when_it_is_back() {
    let stage = Stage::set_with(AzureDevOps::builder(), Script::with_rules([last_rule()]), &[]).await;
    stage.repository.set_disabled(true);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.is_delayed().await;
    let text = pull_request.walkthrough();
    assert!(text.contains("Review failed.") && text.contains("will be tried again"), "{text}");
    assert!(pull_request.inline().is_empty() && !text.contains("No new findings"));

    stage.repository.set_disabled(false);
    pull_request.push(&[("src/more.py", "x = 1\n")]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 high)");
    assert!(!pull_request.walkthrough().contains("Review failed."));
    stage.assert_sound();
}

#[tokio::test]
async fn a_repository_that_was_renamed_is_the_same_one() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");

    // Payloads that name the repository without its id: by the name that is gone, and by the new one.
    let created = |deliveries: &[Delivery]| deliveries.iter().find(|it| it.event == EventType::Created).unwrap().payload.clone();
    let mut named = created(&stage.hooks.settled(PATIENCE).await.unwrap());
    named["resource"]["repository"].as_object_mut().unwrap().remove("id").unwrap();
    stage.repository.rename("sales");
    for (name, outcome) in [("orders", "not_found"), ("sales", "named_by_its_ids")] {
        named["id"] = format!("redelivered-{name}").into();
        named["resource"]["repository"]["name"] = name.into();
        assert_eq!(stage.deliver(named.to_string()).await, 202);
        stage.counted(&format!("coderabbit_agent_jobs_ended_total{{outcome=\"{outcome}\"}}"), 1).await;
    }

    let shifted = format!("VERSION = 2\n{}", cart(LAST_ITEM, QUERY));
    pull_request.push(&[(CART, shifted.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 2 still open");
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    assert!(pull_request.walkthrough().contains("2 earlier findings are still open"), "{}", pull_request.walkthrough());
    assert!(stage.azure.requests().iter().any(|request| request.path.contains("_git/sales")), "where it is now");
    stage.assert_sound();
}
