//! What the reviewer is told of code that the change leaves as it was.

use testkit::model::{Role, Script};

use crate::harness::{Reviewed, Stage};

const SHOP: &str = "src/shop.py";
const PAGE: &str = "src/page.py";

/// A stage whose target branch holds a function and code that uses it, in another file.
async fn shop() -> Stage {
    let stage = Stage::set(Script::silent()).await;
    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let page = format!("from shop import total\n\n\ndef show(cart):\n    return total(cart, \"{secret}\")\n");
    let base = [(SHOP, "def total(items, key):\n    return len(items)\n"), (PAGE, page.as_str())];
    stage.repository.push("main", &base, "Totals").await.unwrap();
    stage
}

fn leads_of(stage: &Stage) -> String {
    let asked = stage.model.calls_of(Role::Findings);
    let prompt = asked.last().unwrap().prompt();
    let (_, leads) = prompt.split_once("## Leads").unwrap_or_else(|| panic!("no leads in {prompt}"));
    leads.lines().filter(|line| !line.starts_with('<') && !line.starts_with("</")).take(7).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn callers_of_a_changed_signature_reach_the_finder_without_their_secrets() {
    let stage = shop().await;
    let pull_request = stage.open(&[(SHOP, "def total(items, key, rate):\n    return len(items) * rate\n")]).await;
    pull_request.reviewed(1).await;
    let leads = leads_of(&stage);
    for part in [
        "src/shop.py:1 `def total(items, key)` became `def total(items, key, rate)`; used on 2 lines",
        "  src/page.py:1\n      from shop import total",
        "  src/page.py:5 in show\n      return total(cart, \"[redacted:github-token:",
    ] {
        assert!(leads.contains(part), "{part} is in\n{leads}");
    }
    assert!(!leads.contains("ghp_"), "{leads}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_function_that_went_with_its_file_and_is_still_used_reaches_the_finder() {
    let stage = shop().await;
    let main = stage.repository.git().head("main").unwrap();
    let clean_up = move |change: testkit::repository::Change<'_>| {
        change.onto(&main).delete(SHOP).file("src/new.py", "x = 1\n").commit("Clean up")
    };
    stage.repository.change("feature", clean_up).await.unwrap();
    let pull_request = stage.open_as(testkit::azure_devops::PullRequestSpec::new("Clean up")).await;
    pull_request.reviewed(1).await;
    let leads = leads_of(&stage);
    assert!(leads.contains("src/shop.py:1 `def total(items, key)` was removed; it is still used on 2 lines"), "{leads}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_change_that_breaks_nobody_brings_no_leads() {
    let stage = shop().await;
    let pull_request = stage.open(&[(SHOP, "def total(items, key):\n    return len(items) + 1\n")]).await;
    pull_request.reviewed(1).await;
    assert!(!stage.model.calls_of(Role::Findings)[0].prompt().contains("## Leads"));
    stage.assert_sound();
}
