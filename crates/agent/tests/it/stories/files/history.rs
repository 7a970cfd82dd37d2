//! Renames, forks, rewritten history, and repositories that come and go.

use testkit::{
    azure_devops::{AzureDevOps, Delivery, EventType, Order, PullRequestHandle, PullRequestSpec, ServedCommits},
    model::{Role, Script},
};

use super::{defect, on, stage};
use crate::harness::{
    CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, Reviewed, Stage, base_files, both_rules, cart, last_rule,
};

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

// ------------------------------------------------------------------------------------------------ rewritten history

/// Where the code was before, and where the rebase brings it.
const BASKET: &str = "src/basket.py";
const HEADER: &str = "# Copyright of the shop.\n# All rights reserved.\n#\n# Nobody reads this.\n#\n#\n#\n#\n#\n#\n#\n#\n\n\n";

/// Findings in the cart, and the same findings, in other words, where the cart is called a basket.
fn under_both_names() -> Script {
    Script::with_rules(both_rules().rules.into_iter().chain([
        defect(BASKET, LAST_ITEM, "The index read is one past the last item of the basket."),
        defect(BASKET, QUERY, "The name is put into the text of the SQL query.").rated("security", "critical"),
    ]))
}

/// The lines of the open threads, as the service shows them at the newest iteration.
async fn places_now(pull_request: &PullRequestHandle) -> Vec<(String, u32, u32)> {
    let mut places = Vec::new();
    for thread in pull_request.inline().iter().filter(|thread| thread.status.as_deref() == Some("active")) {
        places.extend(pull_request.place_now(thread.id).await.unwrap());
    }
    places
}

#[tokio::test]
async fn a_rebase_that_moves_the_lines_and_renames_their_file_says_nothing_twice() {
    rebased_and_renamed(false).await;
}

#[tokio::test]
async fn a_rebase_that_moves_and_renames_says_nothing_twice_when_the_old_commits_are_gone() {
    rebased_and_renamed(true).await;
}

/// A review, and one after the change was put on a target branch that moved every line, under another name of its file.
async fn rebased_and_renamed(is_forgotten: bool) {
    let mut stage = Stage::set(under_both_names()).await;
    if is_forgotten {
        stage.repository.serve(ServedCommits::Reachable, true).unwrap();
    }
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    if is_forgotten {
        std::fs::remove_dir_all(stage.directory().join("cache")).unwrap();
        stage.restart().await;
    }
    let moved = format!("{HEADER}{}", base_files().iter().find(|(path, _)| *path == CART).unwrap().1);
    let main = stage.repository.push("main", &[(CART, moved.as_str())], "A header").await.unwrap();
    let basket = format!("{HEADER}{}", cart(LAST_ITEM, QUERY));
    pull_request
        .push_change(move |change| change.onto(&main).rename(CART, BASKET).file(BASKET, basket).commit("Rebased"))
        .await
        .unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 2 still open");
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    stage.assert_sound();
}

#[tokio::test]
async fn a_file_of_the_change_that_a_force_push_renames_keeps_its_findings_when_the_old_commits_are_gone() {
    // The file is new in this pull request: no diff tells that the one was the other.
    let mut stage = stage(vec![
        defect("src/new.py", LAST_ITEM, "The index is one past the last item."),
        defect("src/newer.py", LAST_ITEM, "An index past the last item is read."),
    ])
    .await;
    stage.repository.serve(ServedCommits::Reachable, true).unwrap();
    let text = format!("def last(items):\n{LAST_ITEM}\n");
    let pull_request = stage.open(&[("src/new.py", text.as_str())]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 high)");
    std::fs::remove_dir_all(stage.directory().join("cache")).unwrap();
    stage.restart().await;
    let shifted = format!("VERSION = 2\n\n\n{text}");
    pull_request.force_push(&[("src/newer.py", shifted.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    assert_eq!(pull_request.inline().len(), 1, "{:#?}", pull_request.inline());
    stage.assert_sound();
}

#[tokio::test]
async fn squashed_commits_are_the_change_that_was_reviewed() {
    let stage = Stage::set(both_rules()).await;
    let half = cart(LAST_ITEM, "    return []");
    let pull_request = stage.open(&[(CART, half.as_str())]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 high)");
    let whole = cart(LAST_ITEM, QUERY);
    pull_request.push(&[(CART, whole.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical), 1 still open");
    let (places, asked) = (places_now(&pull_request).await, stage.model.calls_of(Role::Findings).len());
    assert_eq!(places.len(), 2);

    pull_request.force_push(&[(CART, whole.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: no new findings, 2 still open");
    assert_eq!(places_now(&pull_request).await, places, "the threads stand where they stood");
    assert_eq!(stage.model.calls_of(Role::Findings).len(), asked, "nothing is new for the finder");
    stage.assert_sound();
}

#[tokio::test]
async fn an_amended_commit_answers_what_it_fixes_and_leaves_the_rest_where_it_is() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    let amended = format!("{HEADER}{}", cart(LAST_ITEM_FIXED, QUERY));
    pull_request.force_push(&[(CART, amended.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    let inline = pull_request.inline();
    let statuses: Vec<_> = inline.iter().map(|thread| thread.status.clone().unwrap_or_default()).collect();
    assert_eq!(inline.len(), 2, "{inline:#?}");
    assert_eq!(statuses.iter().filter(|status| *status == "fixed").count(), 1, "{statuses:?}");
    assert_eq!(places_now(&pull_request).await, [(CART.to_owned(), 27, 27)], "moved with the header");
    stage.assert_sound();
}

#[tokio::test]
async fn code_that_was_taken_back_and_comes_again_has_the_one_thread_that_it_had() {
    let stage = Stage::set(both_rules()).await;
    let (with, without) = (cart(LAST_ITEM, QUERY), cart(LAST_ITEM_FIXED, QUERY));
    let pull_request = stage.open(&[(CART, with.as_str())]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    pull_request.force_push(&[(CART, without.as_str())]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    // The very commit that was reviewed first, and then its code in a new one, moved.
    let first = pull_request.iterations()[0].source.clone();
    stage.repository.git().set_branch("feature", &first).unwrap();
    let moved = format!("{HEADER}{with}");
    pull_request.push_change(move |change| change.file(CART, moved).commit("Again")).await.unwrap();
    let newest = u32::try_from(pull_request.iterations().len()).unwrap();
    pull_request.reviewed(newest).await;
    assert_eq!(pull_request.inline().len(), 2, "{:#?}", pull_request.inline());
    stage.assert_sound();
}
