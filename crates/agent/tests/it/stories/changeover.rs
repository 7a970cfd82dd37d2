//! A team changes over from the commercial product while a pull request is under review.

use serde_json::json;
use testkit::azure_devops::{PullRequestHandle, PullRequestSpec};

use crate::harness::{CART, LAST_ITEM, PATIENCE, QUERY, Reviewed, Stage, both_rules, cart};

const WALKTHROUGH: &str = "<!-- This is an auto-generated comment: summarize by coderabbit.ai -->\n<!-- walkthrough_start -->\n\n## Walkthrough\n\nAdds a cart.\n\n<!-- walkthrough_end -->";
const FINDING: &str = "_⚠️ Potential issue_ | _🟠 Major_\n\n**The index is one past the last item.**\n\n<!-- This is an auto-generated comment by CodeRabbit -->";

#[tokio::test]
async fn there_is_no_second_walkthrough_and_what_was_said_is_not_said_again() {
    let mut stage = Stage::set(both_rules()).await;
    stage.stop().await;
    let description = "Totals.\n\n<!-- This is an auto-generated comment: release notes by coderabbit.ai -->\n## Summary\n- old\n<!-- end of auto-generated comment: release notes by coderabbit.ai -->";
    let spec = PullRequestSpec::new("Totals and search").file(CART, cart(LAST_ITEM, QUERY)).description(description);
    let pull_request = stage.open_as(spec).await;
    let bot = stage.azure.bot();
    let old = pull_request
        .post_thread(
            &bot,
            json!({ "comments": [{ "parentCommentId": 0, "content": WALKTHROUGH, "commentType": "text" }], "status": "closed" }),
        )
        .await
        .unwrap();
    let line = cart(LAST_ITEM, QUERY).lines().position(|line| line == LAST_ITEM).unwrap() + 1;
    let line = u32::try_from(line).unwrap();
    let raised = pull_request.comment_on(&bot, CART, line, line, FINDING).await.unwrap();

    stage.start_again().await;
    pull_request.set_title("Totals and search, ready").await.unwrap();
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 critical), 1 still open");
    let walkthrough = pull_request.thread(old).unwrap();
    assert!(walkthrough.content().contains("<!-- coderabbit-agent:walkthrough -->"), "{}", walkthrough.content());
    assert!(!walkthrough.content().contains("coderabbit.ai"), "taken over whole: {}", walkthrough.content());
    assert_eq!(pull_request.walkthroughs().len(), 1);
    assert_eq!(pull_request.inline().len(), 2, "theirs, and the one that they did not see");
    assert_eq!(pull_request.thread(raised).unwrap().content(), FINDING);
    let is_summed_up =
        |pull_request: &PullRequestHandle| pull_request.description().contains("<!-- coderabbit-agent:summary -->");
    pull_request.wait_for(is_summed_up, PATIENCE).await.unwrap();
    let description = pull_request.description();
    assert!(description.starts_with("Totals.") && !description.contains("- old"), "{description}");
    stage.assert_sound();
}
