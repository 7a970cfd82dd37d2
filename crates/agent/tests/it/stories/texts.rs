//! The author's own texts: what is added to a description and a title, and that nothing of theirs is lost.

use serde_json::json;
use testkit::{
    azure_devops::{Fault, On, PullRequestHandle, PullRequestSpec},
    model::{Role, Script},
};

use crate::harness::{CART, LAST_ITEM_FIXED, PATIENCE, QUERY_FIXED, Reviewed, Stage, cart};

const NOTES: &str = "- **New features**\n  - The last item can be read.";
const BLOCK: &str = "<!-- coderabbit-agent:summary -->";

fn writer() -> Script {
    let mut script = Script::silent();
    script.sections = json!({ "release_notes": NOTES, "title": "Read the last item of a cart." });
    script
}

async fn stage(configuration: &str) -> Stage {
    let stage = Stage::set(writer()).await;
    stage.repository.push("main", &[(".coderabbit.yaml", configuration)], "Settings").await.unwrap();
    stage
}

fn change(title: &str, description: &str) -> PullRequestSpec {
    PullRequestSpec::new(title).file(CART, cart(LAST_ITEM_FIXED, QUERY_FIXED)).description(description)
}

/// Opens and reviews it, and waits until the description is as wished.
async fn described(stage: &Stage, branch: &str, description: &str, is_so: impl Fn(&str) -> bool) -> PullRequestHandle {
    let spec = change("Totals", description).branches(branch, "main");
    let pull_request = stage.repository.open_pull_request(spec).await.unwrap();
    pull_request.reviewed(1).await;
    pull_request.wait_for(|pull_request| is_so(&pull_request.description()), PATIENCE).await.unwrap();
    pull_request
}

#[tokio::test]
async fn a_summary_goes_where_the_author_or_the_repository_wants_it() {
    let stage =
        stage("reviews: {high_level_summary_placeholder: '%notes%', high_level_summary_instructions: One line each.}\n").await;
    let placed = described(&stage, "placed", "Totals.\n\n%Notes%\n\nCloses the quarter.", |text| text.contains(BLOCK)).await;
    let description = placed.description();
    assert!(description.starts_with(&format!("Totals.\n\n{BLOCK}\n-  **New features**\n")), "{description}");
    assert!(description.ends_with("The last item can be read.\n<!-- coderabbit-agent:end of summary -->\n\nCloses the quarter."));
    let prompt = stage.model.calls_of(Role::Walkthrough)[0].prompt();
    assert!(prompt.contains("- `release_notes`:") && prompt.contains("One line each."), "{prompt}");
    assert!(!placed.walkthrough().contains("## Summary"), "{}", placed.walkthrough());

    let left = described(&stage, "left", "My own words.", |text| text == "My own words.").await;
    let calls = stage.model.calls_of(Role::Walkthrough);
    assert!(!calls.last().unwrap().prompt().contains("- `release_notes`:"), "nobody asked for one");
    drop(left);

    let file = |text: &'static str| [(".coderabbit.yaml", text)];
    stage.repository.push("main", &file("reviews: {high_level_summary: true}\n"), "At the end").await.unwrap();
    let ended = described(&stage, "ended", "My own words.\n", |text| text.contains(BLOCK)).await;
    assert!(
        ended.description().starts_with(&format!("My own words.\n\n{BLOCK}\n-  **New features**")),
        "{}",
        ended.description()
    );
    // A push renews it in its place.
    let mut newer = writer();
    newer.sections["release_notes"] = "- Another summary.".into();
    stage.model.set_script(newer);
    ended.push(&[("src/prices.py", "def total(prices):\n    return sum(prices) + 0\n")]).await.unwrap();
    ended.reviewed(2).await;
    ended.wait_for(|pull_request| pull_request.description().contains("Another summary."), PATIENCE).await.unwrap();
    assert_eq!(ended.description().matches(BLOCK).count(), 1, "{}", ended.description());

    let inside = "reviews: {high_level_summary: true, high_level_summary_in_walkthrough: true}\n";
    stage.repository.push("main", &file(inside), "In the walkthrough").await.unwrap();
    let inside = described(&stage, "inside", "My own words.", |text| text == "My own words.").await;
    assert!(inside.walkthrough().contains("## Summary\n\n-  **New features**\n"), "{}", inside.walkthrough());
    stage.assert_sound();
}

#[tokio::test]
async fn a_title_is_written_where_the_author_leaves_it_open() {
    let stage = stage("reviews: {auto_title_instructions: Begin with a verb.}\n").await;
    let open = |branch: &'static str, title: &'static str| {
        stage.repository.open_pull_request(change(title, "").branches(branch, "main"))
    };
    let named = open("named", "AB-12: @CodeRabbitAI").await.unwrap();
    named.reviewed(1).await;
    named.wait_for(|pull_request| pull_request.title() == "AB-12: Read the last item of a cart", PATIENCE).await.unwrap();
    assert!(stage.model.calls_of(Role::Walkthrough)[0].prompt().contains("Begin with a verb."));

    // Somebody names it meanwhile: then it has a name.
    let gate = stage.model.hold(Role::Walkthrough);
    let renamed = open("renamed", "@coderabbitai").await.unwrap();
    gate.wait_for_held(1).await.unwrap();
    renamed.set_title("Totals by hand").await.unwrap();
    gate.release();
    renamed.reviewed(1).await;
    // An own title is not asked for.
    let own = open("own", "Totals").await.unwrap();
    own.reviewed(1).await;
    assert!(!stage.model.calls_of(Role::Walkthrough).last().unwrap().prompt().contains("- `title`:"));
    assert_eq!((renamed.title(), own.title()), ("Totals by hand".to_owned(), "Totals".to_owned()));
    stage.assert_sound();
}

#[tokio::test]
async fn a_description_that_cannot_be_written_costs_no_review() {
    let stage = stage("reviews: {high_level_summary: true}\n").await;
    let full = "x".repeat(3_990);
    let long = described(&stage, "long", &full, |text| text.len() == 3_990).await;
    assert!(long.reviewed(1).await.starts_with("succeeded"));
    stage.azure.fail_always(On::patch("/pullRequests/2?"), Fault::Status(400, None));
    let refused = stage.repository.open_pull_request(change("Totals", "Mine.").branches("refused", "main")).await.unwrap();
    assert!(refused.reviewed(1).await.starts_with("succeeded"));
    stage.counted(r#"coderabbit_agent_reviews_total{mode="full",outcome="complete"}"#, 2).await;
    assert_eq!(refused.description(), "Mine.");
    stage.assert_sound();
}
