//! How much is said: with default settings, over many pushes, on crowded pull requests, and in many places at once.

use std::collections::BTreeSet;

use coderabbit_agent::app::now;
use testkit::{
    azure_devops::{Action, AzureDevOps, PullRequestHandle, PullRequestSpec},
    model::ModelServer,
};

use crate::harness::{
    CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, base_files, both_rules, cart,
};

#[tokio::test]
async fn five_pushes_get_one_walkthrough_and_no_notification_without_new_content() {
    let stage = Stage::set(both_rules()).await;
    let states = [
        (LAST_ITEM, QUERY_FIXED),
        (LAST_ITEM, QUERY),
        (LAST_ITEM_FIXED, QUERY),
        (LAST_ITEM_FIXED, QUERY_FIXED),
        ("    return items[-1]", QUERY_FIXED),
    ];
    let pull_request = stage.open(&[(CART, &cart(states[0].0, states[0].1))]).await;
    for (number, (last, search)) in (1_u32..).zip(states) {
        if number > 1 {
            pull_request.push(&[(CART, cart(last, search).as_str())]).await.unwrap();
        }
        assert!(pull_request.reviewed(number).await.starts_with("succeeded"), "push {number}");
    }
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#, 5).await;

    // New threads and answers notify people; edits of a comment, properties and statuses do not.
    let writes = stage.azure.bot_writes();
    let notifying: Vec<_> =
        writes.iter().filter(|write| matches!(write.action, Action::CreateThread | Action::CreateComment)).collect();
    let contents: BTreeSet<&str> = notifying.iter().map(|write| write.content.as_str()).collect();
    assert_eq!(contents.len(), notifying.len(), "nothing is said twice: {notifying:#?}");
    let (threads, answers): (Vec<_>, Vec<_>) = notifying.into_iter().partition(|write| write.action == Action::CreateThread);
    assert_eq!(threads.iter().filter(|write| !write.is_inline).count(), 1, "the walkthrough");
    assert_eq!(threads.len(), 3, "and two findings");
    assert_eq!(answers.len(), 2, "each was fixed once: {answers:#?}");
    assert!(answers.iter().all(|write| write.content.starts_with("Addressed in `")));
    assert_eq!(pull_request.walkthroughs().len(), 1);
    stage.assert_sound();
}

#[tokio::test]
async fn a_pull_request_with_a_thousand_threads_is_reviewed_and_hears_commands() {
    let mut stage = Stage::set(both_rules()).await;
    stage.stop().await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY_FIXED))]).await;
    let author = stage.azure.author();
    for number in 0..1_000 {
        pull_request.comment(&author, &format!("Remark {number}.\n\n> @CodeRabbit pause")).await.unwrap();
    }
    let asked = pull_request.comment(&author, "@CodeRabbit help").await.unwrap();
    stage.start_again().await;
    pull_request.set_title("Totals, at last").await.unwrap();
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 high)");
    let is_answered = |pull_request: &PullRequestHandle| pull_request.thread(asked).unwrap().comments.len() == 2;
    pull_request.wait_for(is_answered, PATIENCE).await.unwrap();
    assert_eq!(
        pull_request.threads().iter().filter(|thread| thread.comments.len() > 1).count(),
        1,
        "the quotes are nobody's words"
    );
    stage.assert_sound();
}

#[tokio::test]
async fn one_agent_serves_projects_of_several_organisations_each_by_its_own_settings() {
    let azure = AzureDevOps::builder().collections(&["contoso", "fabrikam-labs"]).start().await.unwrap();
    let urls = azure.announced_urls_of(&["contoso", "fabrikam-labs"]);
    let model = ModelServer::start(both_rules()).await.unwrap();
    let stage = Stage::set_beside(azure, model, &[("AZURE_DEVOPS_URL", &urls)], now).await;
    let mut pull_requests = Vec::new();
    for (collection, project, name) in [
        ("contoso", "Shop", "orders"),
        ("contoso", "Shop", "carts"),
        ("contoso", "Bank", "orders"),
        ("fabrikam-labs", "Shop", "orders"),
    ] {
        let repository = stage.azure.repository_in(collection, project, name).await.unwrap();
        let mut files = base_files();
        if name == "carts" {
            files.push((".coderabbit.yaml", "reviews:\n  path_filters: ['!src/**']\n"));
        }
        repository.push("main", &files, "A shop").await.unwrap();
        let spec = PullRequestSpec::new("Totals").file(CART, cart(LAST_ITEM, QUERY_FIXED)).branches("feature", "main");
        pull_requests.push((name, repository.open_pull_request(spec).await.unwrap()));
    }
    for (name, pull_request) in &pull_requests {
        let status = pull_request.reviewed(1).await;
        if *name == "carts" {
            assert!(status.starts_with("notApplicable: Not reviewed: Every changed file was set aside"), "{status}");
        } else {
            assert_eq!(status, "succeeded: Reviewed: 1 finding (1 high)");
            assert_eq!(pull_request.inline().len(), 1);
        }
        assert_eq!(pull_request.walkthroughs().len(), 1);
    }
    stage.assert_sound();
}
