//! Repositories that a team links with the one under review.

use serde_json::{Value, json};
use testkit::{
    azure_devops::AzureDevOps,
    model::{Role, Script},
};

use crate::harness::{CART, LAST_ITEM, QUERY, Reviewed, Stage, both_rules, cart};

const BOTH: &str = "succeeded: Reviewed: 2 findings (1 critical, 1 high)";

fn looking(uses: &[(&str, Value)]) -> Script {
    uses.iter().fold(both_rules(), |script, (tool, arguments)| script.looking(Role::Findings, tool, arguments.clone()))
}

fn read(repository: &str, path: &str) -> (&'static str, Value) {
    let arguments = json!({ "path": path, "first_line": 1, "last_line": 40, "version": "base", "repository": repository });
    ("read_file", arguments)
}

fn search(repository: &str, text: &str) -> (&'static str, Value) {
    ("search_text", json!({ "text": text, "under": "", "version": "head", "repository": repository }))
}

async fn stage(script: Script, configuration: &str) -> Stage {
    let stage = Stage::set_with(AzureDevOps::builder(), script, &[("MAX_LOOKS", "1")]).await;
    stage.repository.push("main", &[(".coderabbit.yaml", configuration)], "Settings").await.unwrap();
    stage
}

/// What the finder was told by its tools, in order.
async fn seen(stage: &Stage) -> Vec<String> {
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let last = stage.model.calls_of(Role::Findings).pop().unwrap();
    last.messages.iter().filter(|message| message.role == "tool").map(|message| message.content.clone()).collect()
}

fn fetched(stage: &Stage, repository: &str) -> usize {
    stage.azure.requests().iter().filter(|request| request.path.contains(&format!("/_git/{repository}/"))).count()
}

#[tokio::test]
async fn finders_read_a_linked_repository_at_the_tip_of_its_default_branch_without_its_secrets() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let list = ("list_files", json!({ "under": "", "repository": "Backend-Api" }));
    let references = ("find_references", json!({ "name": "last", "repository": "backend-api" }));
    let script = looking(&[
        read("backend-api", "src/api.py"),
        search("backend-api", "cart.last"),
        list,
        references,
        read("backend-api", ".env"),
        search("backend-api", "ghp_a1B2"),
        read("nowhere", "a.py"),
    ]);
    let configuration =
        "knowledge_base:\n  linked_repositories:\n    - {repository: web shop/backend-api, instructions: It calls our cart.}\n";
    let stage = stage(script, configuration).await;
    let backend = stage.azure.repository("Web Shop", "backend-api").await.unwrap();
    let api = format!("from shop import cart\n\n\ndef newest():\n    return cart.last([1])\n\n\nTOKEN = \"{token}\"\n");
    let files = [("src/api.py", api.as_str()), (".env", "A=b\n"), ("node_modules/x/a.js", "cart.last\n")];
    backend.push("main", &files, "An API").await.unwrap();
    let tip = backend.git().head("main").unwrap();
    let seen = seen(&stage).await;
    let expected = "backend-api: src/api.py (at the tip of its default branch)";
    assert!(seen[0].contains(expected) && seen[0].contains("     5      return cart.last([1])"), "{}", seen[0]);
    assert!(seen[0].contains("[redacted:github-token:") && !seen.concat().contains(&token), "{}", seen[0]);
    assert!(seen[1].contains("src/api.py:5: return cart.last([1])") && !seen[1].contains("node_modules"), "{}", seen[1]);
    assert!(seen[2].contains("label=\"backend-api: files\"") && seen[2].contains("src/api.py"), "whatever the case: {}", seen[2]);
    assert_eq!(seen[3], "That tool knows the repository under review alone.");
    assert!(seen[4].starts_with("That file is not shown"), "{}", seen[4]);
    assert_eq!(seen[5], "Nothing was found.");
    assert!(seen[6].starts_with("There is no linked repository of that name. Linked are: backend-api."), "{}", seen[6]);

    let first = &stage.model.calls_of(Role::Findings)[0];
    let (_, told) = first.prompt().split_once("take a `repository`").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(told.contains("- `backend-api`:\n\n<untrusted nonce=") && told.contains("\nIt calls our cart.\n"), "{told}");
    let tools = first.body["tools"].as_array().unwrap();
    assert_eq!(tools[0]["function"]["parameters"]["properties"]["repository"]["enum"], json!(["", "backend-api"]));
    let details = stage.azure.pull_request(1).unwrap().walkthrough();
    assert!(details.contains(&format!("- Linked repositories: `backend-api` at `{}`\n", tip.get(..8).unwrap())), "{details}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_repository_of_another_project_is_refused_and_told_and_never_asked_for() {
    let configuration = "knowledge_base:\n  linked_repositories:\n    - {repository: Payroll/salaries}\n    - {repository: orders}\n    - {repository: missing}\n";
    let stage = stage(looking(&[read("salaries", "paid.csv"), read("missing", "a.py")]), configuration).await;
    let payroll = stage.azure.repository("Payroll", "salaries").await.unwrap();
    payroll.push("main", &[("paid.csv", "Ann,1\n")], "Salaries").await.unwrap();
    let seen = seen(&stage).await;
    assert!(seen[0].starts_with("There is no linked repository of that name. Linked are: missing."), "{}", seen[0]);
    assert!(seen[1].starts_with("That repository cannot be read: there is no such repository"), "{}", seen[1]);
    let text = stage.azure.pull_request(1).unwrap().walkthrough();
    assert!(text.contains("it is of another project, whose repositories are not read for this one"), "{text}");
    assert!(text.contains("it is the repository under review"), "{text}");
    assert!(text.contains("- The linked repository missing was not read: there is no such repository"), "{text}");
    assert!(!stage.azure.requests().iter().any(|request| request.path.contains("salaries")), "not even by name");
    stage.assert_sound();
}

#[tokio::test]
async fn what_no_model_looks_at_is_not_fetched_and_without_the_key_no_tool_takes_a_repository() {
    let stage = stage(both_rules(), "knowledge_base: {linked_repositories: [{repository: backend-api}]}\n").await;
    stage
        .azure
        .repository("Web Shop", "backend-api")
        .await
        .unwrap()
        .push("main", &[("a.py", "a = 1\n")], "An API")
        .await
        .unwrap();
    seen(&stage).await;
    assert_eq!(fetched(&stage, "backend-api"), 0);
    assert!(!stage.azure.pull_request(1).unwrap().walkthrough().contains("Linked repositories:"));

    let plain = self::stage(both_rules(), "reviews: {profile: chill}\n").await;
    seen(&plain).await;
    let first = &plain.model.calls_of(Role::Findings)[0];
    assert!(!first.prompt().contains("`repository`"));
    assert!(first.body["tools"][0]["function"]["parameters"]["properties"].get("repository").is_none());
    plain.assert_sound();
}
