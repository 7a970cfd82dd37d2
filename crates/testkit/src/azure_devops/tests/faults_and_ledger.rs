//! What goes wrong on demand, and what is remembered.

use super::*;

#[tokio::test]
async fn an_answer_can_be_lost_after_the_write() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = format!("{}/threads?api-version=7.0", path_of(&pull_request));
    let post = |fingerprint: &str| client.request("POST", &path).json(&inline("/src/Order.cs", 4, 4, 15, 1, fingerprint)).send();
    azure.fail_next(("POST", "/threads"), Fault::DropAfter);
    assert!(post("same").await.is_err(), "no answer at all");
    assert_eq!(pull_request.threads().len(), 1);
    azure.fail_next(On::post("/threads"), Fault::DropBefore);
    assert!(post("other").await.is_err());
    assert_eq!(pull_request.threads().len(), 1);
    assert!(post("same").await.unwrap().status().is_success());
    let duplicates = azure.duplicate_threads("bot.fingerprint");
    assert_eq!(duplicates.len(), 1);
    assert_eq!(duplicates[0].value, "same");
    let lost = azure.requests().into_iter().filter(|request| request.status.is_none()).count();
    assert_eq!(lost, 2);
}

#[tokio::test]
async fn a_write_can_land_long_after_its_connection_was_cut() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let gate = Gate::new();
    azure.fail_next(On::post("/threads"), Fault::CommitLater(gate.clone()));
    let path = format!("{}/threads?api-version=7.0", path_of(&pull_request));
    assert!(client.request("POST", &path).json(&inline("/src/Order.cs", 4, 4, 15, 1, "late")).send().await.is_err());
    assert_eq!(pull_request.threads().len(), 0);
    gate.arrived(1).await;
    gate.open();
    pull_request.wait_for(|pull_request| pull_request.threads().len() == 1, PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_request_can_be_held_while_the_test_does_something() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let gate = Gate::new();
    azure.fail_next(On::get("/iterations"), Fault::Hold(gate.clone()));
    let asking = {
        let (client, path) = (client.clone(), format!("{}/iterations", path_of(&pull_request)));
        tokio::spawn(async move { client.get(&path).await.json() })
    };
    gate.arrived(1).await;
    pull_request.push(&[("b.txt", "b\n")]).await.unwrap();
    gate.open();
    assert_eq!(asking.await.unwrap()["count"], json!(2), "the push came first");
}

#[tokio::test]
async fn refusals_pages_and_half_answers_come_when_asked_for() {
    let azure = AzureDevOps::start().await.unwrap();
    let client = Client::new(&azure);
    azure.fail_times(On::get("connectionData"), 2, Fault::Status(503, Some(4)));
    for _ in 0..2 {
        let refused = client.get("_apis/connectionData").await;
        assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (503, "4"));
    }
    azure.fail_next(On::any(), Fault::Html203);
    assert_eq!(client.get("_apis/connectionData").await.status, 203);
    azure.fail_next(On::any(), Fault::TruncatedJson);
    let half = client.get("_apis/connectionData").await;
    assert!(half.status == 200 && serde_json::from_str::<Value>(&half.text).is_err());
    azure.fail_always(On::any(), Fault::Status(500, None));
    assert_eq!(client.get("_apis/connectionData").await.status, 500);
    azure.heal();
    azure.fail_next(On::any(), Fault::Throttled(9));
    let slowed = client.get("_apis/connectionData").await;
    assert_eq!((slowed.status, slowed.headers["retry-after"].to_str().unwrap()), (200, "9"));
    azure.set_unreachable(true);
    assert!(client.request("GET", "_apis/connectionData").send().await.is_err());
    azure.set_unreachable(false);
    assert_eq!(client.get("_apis/connectionData").await.status, 200);
}

#[tokio::test]
async fn writes_for_an_older_iteration_after_a_newer_one_are_stale() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    pull_request.push(&[("b.txt", "b\n")]).await.unwrap();
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let status = |iteration: u32| json!({ "state": "pending", "context": { "name": "review" }, "iterationId": iteration });
    client.write("POST", &format!("{path}/statuses"), &status(1)).await;
    client.write("POST", &format!("{path}/threads"), &inline("/src/Order.cs", 4, 4, 15, 2, "a")).await;
    assert_eq!(azure.stale_writes(), []);
    client.write("POST", &format!("{path}/statuses"), &status(1)).await;
    client.write("POST", &format!("{path}/threads"), &inline("/src/Order.cs", 3, 3, 5, 1, "b")).await;
    let stale = azure.stale_writes();
    assert_eq!(stale.len(), 2);
    assert_eq!(stale[0].write.action, Action::CreateStatus("pending".to_owned()));
    assert_eq!(stale[1].after.action, Action::CreateThread);
    assert_eq!(azure.bot_writes().iter().map(|write| write.newest_iteration).collect::<Vec<_>>(), [Some(2); 4]);
    let sequence: Vec<u64> = azure.writes().iter().map(|write| write.sequence).collect();
    assert!(sequence.is_sorted_by(|one, other| one < other));
}

#[tokio::test]
async fn waiting_in_vain_says_what_happened_instead() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    pull_request.comment(&azure.author(), "Hello").await.unwrap();
    let error = azure.wait_for(|_| false, Duration::from_millis(20)).await.unwrap_err().to_string();
    assert!(error.contains("Dana Developer: CreateThread"), "{error}");
}
