//! Service hooks, received by a server that answers what the test wants.

use std::sync::Mutex;

use axum::{Router, extract::State, http::StatusCode, routing::post};
use tokio::net::TcpListener;

use super::*;

/// Bodies and Authorization headers that arrived, and what to answer next.
#[derive(Debug, Default)]
struct Receiver {
    bodies: Mutex<Vec<Value>>,
    authorizations: Mutex<Vec<String>>,
    answers: Mutex<Vec<u16>>,
}

impl Receiver {
    async fn start() -> (Arc<Self>, String) {
        let receiver = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/azure_webhooks", listener.local_addr().unwrap());
        let router = Router::new().route("/azure_webhooks", post(Self::receive)).with_state(Arc::clone(&receiver));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, url)
    }

    #[expect(clippy::unused_async, reason = "handlers are asynchronous")]
    async fn receive(State(receiver): State<Arc<Self>>, headers: axum::http::HeaderMap, body: String) -> StatusCode {
        receiver.bodies.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        receiver.authorizations.lock().unwrap().extend(authorization);
        let mut answers = receiver.answers.lock().unwrap();
        let status = if answers.is_empty() { 200 } else { answers.remove(0) };
        StatusCode::from_u16(status).unwrap()
    }

    fn answer(&self, statuses: &[u16]) {
        statuses.clone_into(&mut self.answers.lock().unwrap());
    }

    fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn events_arrive_in_the_services_shape() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url).basic_auth("hook", "secret"));
    let (repository, pull_request) = sample(&azure).await;
    pull_request.push(&[("b.txt", "b\n")]).await.unwrap();
    let thread = pull_request.comment(&azure.author(), "What is this?").await.unwrap();
    hooks.settled(PATIENCE).await.unwrap();
    let bodies = receiver.bodies();
    assert_eq!(bodies.len(), 3);
    let of = |name: &str| bodies.iter().find(|body| body["eventType"] == json!(name)).unwrap();
    let created = of("git.pullrequest.created");
    assert_eq!(created["resource"]["pullRequestId"], json!(pull_request.id()));
    assert_eq!(created["resource"]["repository"]["id"], json!(repository.id()));
    assert_eq!(created["resourceContainers"]["collection"]["baseUrl"], json!(format!("{}/", azure.collection_url())));
    assert_eq!(created["publisherId"], json!("tfs"));
    assert_eq!(created["notificationId"], json!(1));
    let updated = of("git.pullrequest.updated");
    assert!(updated["message"]["text"].as_str().unwrap().contains("updated the source branch"), "{updated}");
    let commented = of("ms.vss-code.git-pullrequest-comment-event");
    assert_eq!(commented["resourceVersion"], json!("2.0"));
    assert_eq!(commented["resource"]["comment"]["content"], json!("What is this?"));
    let threads = commented["resource"]["comment"]["_links"]["threads"]["href"].as_str().unwrap();
    assert!(threads.ends_with(&format!("/pullRequests/{}/threads/{thread}", pull_request.id())), "{threads}");
    assert!(commented["resource"]["pullRequest"].get("_links").is_none());
    let expected = format!("Basic {}", STANDARD.encode("hook:secret"));
    assert!(receiver.authorizations.lock().unwrap().iter().all(|authorization| *authorization == expected));
}

#[tokio::test]
async fn a_payload_says_what_is_so_when_it_is_delivered() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url).events(&[EventType::Created]));
    hooks.hold();
    let (_, pull_request) = sample(&azure).await;
    pull_request.set_title("Another title").await.unwrap();
    assert_eq!(receiver.bodies(), [] as [Value; 0]);
    hooks.release(Order::AsHappened);
    hooks.settled(PATIENCE).await.unwrap();
    assert_eq!(receiver.bodies()[0]["resource"]["title"], json!("Another title"));
}

#[tokio::test]
async fn events_can_come_twice_and_in_the_wrong_order() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url).events(&[EventType::Updated]));
    let (_, pull_request) = sample(&azure).await;
    hooks.hold();
    hooks.set_doubled(true);
    pull_request.push(&[("b.txt", "b\n")]).await.unwrap();
    pull_request.abandon().await.unwrap();
    hooks.release(Order::Reversed);
    azure.wait_for(|_| receiver.bodies().len() == 4, PATIENCE).await.unwrap();
    let notifications: Vec<u64> = receiver.bodies().iter().map(|body| body["notificationId"].as_u64().unwrap()).collect();
    assert_eq!(notifications, [2, 2, 1, 1]);
    assert_eq!(receiver.bodies()[0]["id"], receiver.bodies()[1]["id"]);
}

#[tokio::test]
async fn a_busy_receiver_is_tried_again_and_nothing_is_lost() {
    let azure = AzureDevOps::builder().delivery_speed(1_000.0).start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url).events(&[EventType::Created]));
    receiver.answer(&[503, 408, 200]);
    sample(&azure).await;
    let deliveries = hooks.settled(PATIENCE).await.unwrap();
    assert_eq!(deliveries[0].outcome, DeliveryOutcome::Delivered);
    let answers: Vec<Result<u16, String>> = deliveries[0].attempts.iter().map(|attempt| attempt.answer.clone()).collect();
    assert_eq!(answers, [Ok(503), Ok(408), Ok(200)]);
    assert_eq!(hooks.status(EventType::Created), Some(SubscriptionStatus::Enabled));
}

#[tokio::test]
async fn any_other_refusal_puts_the_subscription_on_probation_and_later_events_are_lost() {
    let azure = AzureDevOps::builder().delivery_speed(0.5).start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url).events(&[EventType::Updated]));
    let (_, pull_request) = sample(&azure).await;
    receiver.answer(&[500]);
    pull_request.push(&[("b.txt", "b\n")]).await.unwrap();
    azure.wait_for(|_| hooks.status(EventType::Updated) == Some(SubscriptionStatus::OnProbation), PATIENCE).await.unwrap();
    pull_request.push(&[("c.txt", "c\n")]).await.unwrap();
    let outcomes: Vec<DeliveryOutcome> = hooks.deliveries().iter().map(|delivery| delivery.outcome).collect();
    assert_eq!(outcomes, [DeliveryOutcome::Retrying, DeliveryOutcome::Lost]);
    assert_eq!(receiver.bodies().len(), 1);
}

#[tokio::test]
async fn gone_disables_at_once() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url).events(&[EventType::Created]));
    receiver.answer(&[410]);
    sample(&azure).await;
    assert_eq!(hooks.settled(PATIENCE).await.unwrap()[0].outcome, DeliveryOutcome::GivenUp);
    assert_eq!(hooks.status(EventType::Created), Some(SubscriptionStatus::DisabledBySystem));
}

#[tokio::test]
async fn details_and_versions_change_the_payload() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let minimal = Subscription::to(url.clone()).events(&[EventType::Created]).details(Details::Minimal).without_base_urls();
    let nothing =
        Subscription::to(url.clone()).events(&[EventType::Created]).details(Details::None).messages(Details::None, Details::None);
    let old_comment = Subscription::to(url).events(&[EventType::Commented]).comment_version("1.0");
    let hooks = [azure.subscribe(minimal), azure.subscribe(nothing), azure.subscribe(old_comment)];
    let (_, pull_request) = sample(&azure).await;
    pull_request.comment(&azure.author(), "Hello").await.unwrap();
    for hooks in &hooks {
        hooks.settled(PATIENCE).await.unwrap();
    }
    let payload = |index: usize| hooks[index].deliveries()[0].payload.clone();
    assert_eq!(payload(0)["resource"]["pullRequestId"], json!(pull_request.id()));
    assert!(payload(0)["resource"].get("title").is_none());
    assert!(payload(0)["resourceContainers"]["collection"].get("baseUrl").is_none());
    assert!(payload(1).get("resource").is_none());
    assert_eq!(payload(1)["message"], Value::Null);
    assert_eq!(payload(2)["resource"]["content"], json!("Hello"), "the comment alone");
    assert!(payload(2)["resource"].get("pullRequest").is_none());
    assert_eq!(receiver.bodies().len(), 3);
}

#[tokio::test]
async fn the_test_button_sends_a_pull_request_that_does_not_exist() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let hooks = azure.subscribe(Subscription::to(url));
    for event in [EventType::Created, EventType::Updated, EventType::Commented] {
        hooks.deliver_test_event(TestEvent(event));
    }
    hooks.settled(PATIENCE).await.unwrap();
    let ids: std::collections::BTreeSet<String> =
        receiver.bodies().iter().map(|body| body["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, ["2ab4e3d3-b7a6-425e-92b1-5a9982c1269e", "af07be1b-f3ad-44c8-a7f1-c4835f2df06b"].map(str::to_owned).into());
}

#[tokio::test]
async fn clients_can_make_and_delete_subscriptions() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let client = Client::new(&azure);
    let body = json!({
        "publisherId": "tfs",
        "eventType": "git.pullrequest.created",
        "resourceVersion": "1.0",
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "publisherInputs": {},
        "consumerInputs": { "url": url, "httpHeaders": "X-Secret: s" },
    });
    let made = client.write("POST", "_apis/hooks/subscriptions", &body).await.json();
    assert_eq!(made["status"], json!("enabled"));
    sample(&azure).await;
    azure.wait_for(|_| receiver.bodies().len() == 1, PATIENCE).await.unwrap();
    let id = made["id"].as_str().unwrap();
    assert_eq!(client.write("DELETE", &format!("_apis/hooks/subscriptions/{id}"), &json!({})).await.status, 200);
    assert_eq!(client.get("_apis/hooks/subscriptions").await.json()["count"], json!(0));
}

#[tokio::test]
async fn the_payload_of_a_pull_request_from_a_fork_names_the_fork() {
    let azure = AzureDevOps::start().await.unwrap();
    let (receiver, url) = Receiver::start().await;
    let (repository, _) = sample(&azure).await;
    let fork = repository.fork("orders.dana").await.unwrap();
    let hooks = azure.subscribe(Subscription::to(url).events(&[EventType::Created, EventType::Updated]));
    let spec = PullRequestSpec::new("From outside").branches("fix", "main").from_fork(&fork).file("b.txt", "b\n");
    repository.open_pull_request(spec).await.unwrap();
    fork.push("fix", &[("b.txt", "c\n")], "More").await.unwrap();
    hooks.settled(PATIENCE).await.unwrap();
    let bodies = receiver.bodies();
    assert_eq!(bodies.len(), 2, "{bodies:#?}");
    for body in bodies {
        let resource = &body["resource"];
        assert_eq!(resource["forkSource"]["repository"]["id"], json!(fork.id()));
        assert_eq!(resource["repository"]["id"], json!(repository.id()));
    }
}
