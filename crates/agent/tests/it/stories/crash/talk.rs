//! A comment is answered once, and all that follows from it happens once, whenever the process dies.

use serde_json::json;
use testkit::{
    azure_devops::{Fault, Gate, On},
    model::{ChatRule, Role},
};

use super::{Scene, as_text, files, is_reviewed, process::Death, script};
use crate::harness::{PATIENCE, Reviewed};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_is_answered_once_whenever_the_process_dies() {
    let mut script = script(1);
    let item = json!({ "title": "Look again", "description": "All of it." });
    let rule = ChatRule::new("Why", "You are right.").with("accepts", json!(true)).with("create_item", item);
    script.chats = vec![rule.with("learning", json!("Lists end with a sentinel."))];
    let scene = Scene::set(script, 11, &[]).await;
    let agent = scene.start().await;
    let team = scene.open(0, &as_text(&files(0, 1))).await;
    scene.azure.wait_for(|_| is_reviewed(&team), PATIENCE).await.unwrap();
    let thread = team.inline()[0].id;

    // While the model thinks: nothing is decided yet.
    let gate = scene.model.hold(Role::Chat);
    team.reply(&scene.azure.author(), thread, "Why? The list has a sentinel; have a work item for it.").await.unwrap();
    gate.wait_for_held(1).await.unwrap();
    agent.kill(Death::Alone).await;
    gate.release();
    // After each write of the answer, before anybody hears of it.
    for write in [On::post("/wit/workitems/"), On::post("/comments"), On::patch(&format!("/threads/{thread}"))] {
        let answer = Gate::new();
        scene.azure.fail_next(write, Fault::HoldAfter(answer.clone()));
        let agent = scene.start().await;
        answer.arrived(1).await;
        agent.kill(Death::WithChildren).await;
        answer.open();
    }
    let agent = scene.start().await;
    agent.logged("the answer stands", |line| line["message"] == "a comment is answered").await;
    assert!(agent.terminate().await.success());

    let found = team.thread(thread).unwrap();
    let answers: Vec<&str> = found.comments.iter().skip(2).map(|comment| comment.content.as_str()).collect();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert!(
        answers[0].contains("You are right.") && answers[0].contains("[1](") && answers[0].contains("Learnings added"),
        "{answers:?}"
    );
    assert_eq!(found.status.as_deref(), Some("wontFix"));
    assert_eq!(scene.azure.work_item(2), None, "one work item");
    assert_eq!(scene.model.calls_of(Role::Chat).len(), 2, "asked again only where no answer was stored");
    let store = scene.store().await;
    let repository = store.repositories_with_learnings().await.unwrap().remove(0).key;
    assert_eq!(store.learnings(&repository, coderabbit_agent::store::Reaches::Repository).await.unwrap().len(), 1);
    store.close().await;
    scene.assert_sound();
}
