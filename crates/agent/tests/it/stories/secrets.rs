//! What leaves for the model, and what does not.

use testkit::model::{Kind, Rule, Script};

use crate::harness::{LAST_ITEM, Reviewed, Stage};

const DEPLOY: &str = "src/deploy.py";

#[tokio::test]
async fn no_secret_of_the_change_and_none_of_ours_reaches_the_model_and_findings_keep_their_places() {
    // Put together here, so that no scanner takes this file for a leak.
    let theirs = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let rule = Rule::new(Kind::True, DEPLOY, LAST_ITEM, "The index is one past the last item.").scenario("Any list.").spanning(2);
    let stage = Stage::set(Script::with_rules([rule])).await;
    let ours = stage.azure.token();
    let text = format!("def last(items):\n{LAST_ITEM}\n    # {theirs} was {ours} before\n");
    let key = format!("-----BEGIN {0} KEY-----\nAAAA\n-----END {0} KEY-----\n", "PRIVATE");
    let pull_request = stage.open(&[(DEPLOY, text.as_str()), ("certs/server.key", key.as_str())]).await;

    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 high)");
    let inline = pull_request.inline();
    assert_eq!(inline[0].right, Some((2, 3)), "{inline:#?}");
    let asked: Vec<String> = stage.model.calls().iter().map(testkit::model::Call::prompt).collect();
    assert!(asked.len() >= 3);
    for prompt in &asked {
        assert!(!prompt.contains(&theirs) && !prompt.contains(&ours) && !prompt.contains("AAAA"), "{prompt}");
    }
    assert!(asked.iter().any(|prompt| prompt.contains("    # [redacted:github-token:")), "{}", asked[0]);
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains("`certs/server.key`") && walkthrough.contains("never shown to a model"), "{walkthrough}");
    stage.assert_sound();
}
