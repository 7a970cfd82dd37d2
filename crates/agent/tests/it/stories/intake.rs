//! What comes in: every form of event, and everything that is none.

use futures::{FutureExt as _, StreamExt as _, future::join_all, stream};
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use testkit::{
    azure_devops::{
        AzureDevOps, DeliveryOutcome, Details, EventType, Mode, Order, PullRequestHandle, PullRequestSpec, Subscription,
        TestEvent,
    },
    model::{Role, Script},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::harness::{
    CART, HOOK_PASSWORD, HOOK_USER, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, Reviewed, Stage, both_rules, cart, http,
    subscription,
};

const CREATED_AND_UPDATED: [EventType; 2] = [EventType::Created, EventType::Updated];

/// An agent that only `subscription` tells of anything.
async fn told_by(subscription_of: impl FnOnce(Subscription) -> Subscription) -> Stage {
    let mut stage = Stage::set(both_rules()).await;
    stage.hooks.hold();
    let told = subscription_of(subscription(stage.agent.address));
    stage.hooks = stage.azure.subscribe(told);
    stage
}

/// An agent that is told of nothing but what the test delivers.
async fn told_nothing(script: Script) -> Stage {
    let stage = Stage::set(script).await;
    stage.hooks.hold();
    stage
}

async fn open_with_defects(stage: &Stage) -> PullRequestHandle {
    stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await
}

/// A pull request that is opened and pushed to, with the events as `subscription_of` makes them.
async fn is_reviewed_when_told_by(subscription_of: impl FnOnce(Subscription) -> Subscription) {
    let stage = told_by(subscription_of).await;
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    for delivery in stage.hooks.settled(PATIENCE).await.unwrap() {
        assert_eq!(delivery.attempts[0].answer, Ok(202), "{}", delivery.payload);
    }
    stage.assert_sound();
}

#[tokio::test]
async fn events_of_version_1_preview_are_understood() {
    is_reviewed_when_told_by(|hook| hook.events(&CREATED_AND_UPDATED).pull_request_version("1.0-preview.1")).await;
}

#[tokio::test]
async fn events_of_version_2_carry_no_resource_and_make_the_agent_look_for_itself() {
    is_reviewed_when_told_by(|hook| hook.events(&CREATED_AND_UPDATED).pull_request_version("2.0")).await;
}

#[tokio::test]
async fn minimal_details_are_enough() {
    is_reviewed_when_told_by(|hook| hook.events(&CREATED_AND_UPDATED).details(Details::Minimal)).await;
}

#[tokio::test]
async fn without_details_and_messages_the_new_pull_request_and_its_push_are_found_by_looking() {
    is_reviewed_when_told_by(|hook| {
        hook.events(&CREATED_AND_UPDATED).details(Details::None).messages(Details::None, Details::None)
    })
    .await;
}

#[tokio::test]
async fn events_that_do_not_name_their_collection_are_about_the_only_one() {
    tokio::join!(
        is_reviewed_when_told_by(|hook| hook.events(&CREATED_AND_UPDATED).without_base_urls()),
        is_reviewed_when_told_by(|hook| hook.events(&CREATED_AND_UPDATED).details(Details::Minimal).without_base_urls()),
    );
}

#[tokio::test]
async fn a_merge_that_was_attempted_is_as_good_as_an_event_of_the_push() {
    is_reviewed_when_told_by(|hook| hook.events(&[EventType::MergeAttempted])).await;
}

#[tokio::test]
async fn comments_of_either_version_are_taken_note_of_our_own_are_told_apart_and_none_starts_a_review() {
    for version in ["1.0", "2.0"] {
        let stage = Stage::set(both_rules()).await;
        let events = [EventType::Created, EventType::Commented];
        let told = stage.azure.subscribe(subscription(stage.agent.address).events(&events).comment_version(version));
        stage.hooks.hold();
        let pull_request = open_with_defects(&stage).await;
        pull_request.reviewed(1).await;
        told.settled(PATIENCE).await.unwrap();
        let ours = told.deliveries_of(EventType::Commented).len() as u64;
        assert!(ours >= 3, "the walkthrough and two findings, at least: {ours}");
        let counter = |result: &str| format!("coderabbit_agent_webhooks_total{{kind=\"commented\",result=\"{result}\"}}");
        assert_eq!(stage.count(&counter("own_comment")).await, ours, "{version}");

        let reviewed = "coderabbit_agent_jobs_ended_total{outcome=\"reviewed\"}";
        stage.counted(reviewed, 1).await;
        let asked = stage.azure.requests().len();
        pull_request.comment(&stage.azure.author(), "Is that so?").await.unwrap();
        told.settled(PATIENCE).await.unwrap();
        assert_eq!(stage.counted(&counter("comment"), 1).await, 1, "{version}");
        let deliveries = told.deliveries_of(EventType::Commented);
        assert!(deliveries.iter().all(|delivery| delivery.attempts[0].answer == Ok(200)), "{deliveries:#?}");
        assert_eq!(stage.azure.requests().len(), asked, "a comment that speaks to nobody costs no call");
        // A reply may go on with what the agent said.
        let thread = pull_request.inline()[0].id;
        pull_request.reply(&stage.azure.author(), thread, "Is that so?").await.unwrap();
        stage.counted(r#"coderabbit_agent_chats_total{result="silent"}"#, 1).await;
        assert_eq!(stage.count(reviewed).await, 1);
        stage.assert_sound();
    }
}

// ------------------------------------------------------------------------------------------------ servers

async fn is_reviewed_on(mode: Mode, version: &str) {
    let server = AzureDevOps::builder().mode(mode).prefix("tfs").collections(&["DefaultCollection"]);
    let stage = Stage::set_with(server, both_rules(), &[]).await;
    assert!(stage.azure.announced_url().ends_with("/tfs/DefaultCollection"));
    let pull_request = open_with_defects(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    assert!(pull_request.inline().iter().any(|thread| thread.status.as_deref() == Some("fixed")));
    assert!(pull_request.walkthrough().contains("## Walkthrough"));

    let versions: Vec<String> = stage.azure.requests().iter().filter_map(|request| version_of(&request.path)).collect();
    let stepped = versions.iter().position(|sent| sent.starts_with(version)).unwrap();
    let (probes, rest) = versions.split_at(stepped);
    // The first reads go out together, each in the newest version; after the first refusal nobody asks in it again.
    assert!(probes.len() <= 12, "{versions:?}");
    assert!(rest.iter().skip(12).all(|sent| sent.starts_with(version)), "{versions:?}");
    stage.assert_sound();
}

fn version_of(path: &str) -> Option<String> {
    let (_, rest) = path.split_once("api-version=")?;
    rest.split('&').next().map(str::to_owned)
}

#[tokio::test]
async fn server_2022_below_tfs_is_spoken_to_in_7_0() {
    is_reviewed_on(Mode::Server2022, "7.0").await;
}

#[tokio::test]
async fn server_2020_below_tfs_is_spoken_to_in_6_0() {
    is_reviewed_on(Mode::Server2020, "6.0").await;
}

#[tokio::test]
async fn server_2019_below_tfs_is_spoken_to_in_5_1() {
    is_reviewed_on(Mode::Server2019, "5.1").await;
}

#[tokio::test]
async fn the_old_name_of_an_organisation_means_the_same_one_and_only_the_new_host_is_called() {
    let (proxy, mut targets) = refusing_proxy().await;
    let cloud = [("AZURE_DEVOPS_URL", "https://dev.azure.com/contoso"), ("HTTPS_PROXY", proxy.as_str())];
    let stage = Stage::set_with(AzureDevOps::builder(), Script::silent(), &cloud).await;
    stage.hooks.hold();
    for (event, organisation, taken) in [
        (1, "https://contoso.visualstudio.com/", 202),
        (2, "https://CONTOSO.visualstudio.com/DefaultCollection/", 202),
        (3, "https://fabrikam-two.visualstudio.com/", 200),
    ] {
        let mut body = created(&stage, 1, event);
        body["resourceContainers"]["collection"]["baseUrl"] = organisation.into();
        body["resource"]["url"] = format!("{organisation}_apis/git/repositories/r/pullRequests/1").into();
        assert_eq!(stage.deliver(body.to_string()).await, taken, "{organisation}");
    }
    assert_eq!(targets.recv().await.as_deref(), Some("dev.azure.com:443"));
    while let Ok(target) = targets.try_recv() {
        assert_eq!(target, "dev.azure.com:443");
    }
    assert!(stage.azure.requests().is_empty());
}

/// A proxy that lets nobody through, and what was asked of it.
async fn refusing_proxy() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, targets) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.ok();
            sender.send(line.split(' ').nth(1).unwrap_or_default().to_owned()).ok();
            stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n").await.ok();
        }
    });
    (format!("http://{address}"), targets)
}

// ------------------------------------------------------------------------------------------------ what is no event

/// The event that pull request `id` was opened, as small as it can be; `event` makes its id.
fn created(stage: &Stage, id: u32, event: u32) -> Value {
    json!({
        "id": format!("00000000-0000-4000-8000-{event:012}"),
        "eventType": "git.pullrequest.created",
        "publisherId": "tfs",
        "resourceVersion": "1.0",
        "resource": {
            "pullRequestId": id,
            "repository": { "id": stage.repository.id(), "project": { "id": stage.repository.project_id() } },
        },
        "resourceContainers": { "collection": { "baseUrl": format!("{}/", stage.azure.announced_url()) } },
    })
}

async fn next_event_is_reviewed(stage: &Stage, branch: &str) {
    assert_eq!(stage.get("/health").await, (200, "OK".to_owned()));
    let spec = PullRequestSpec::new("After all that").files(&[(CART, cart(LAST_ITEM, QUERY))]).branches(branch, "main");
    let pull_request = stage.repository.open_pull_request(spec).await.unwrap();
    pull_request.reviewed(1).await;
    assert_eq!(pull_request.inline().len(), 2);
}

#[tokio::test]
async fn the_test_button_is_answered_and_costs_no_call() {
    let stage = Stage::set(Script::silent()).await;
    for version in ["1.0", "2.0"] {
        let all = subscription(stage.agent.address).events(&EventType::ALL).comment_version(version);
        let told = stage.azure.subscribe(all);
        for event in EventType::ALL {
            told.deliver_test_event(TestEvent(event));
        }
        let deliveries = told.settled(PATIENCE).await.unwrap();
        assert_eq!(deliveries.len(), 4);
        assert!(deliveries.iter().all(|delivery| delivery.attempts[0].answer == Ok(200)), "{deliveries:#?}");
    }
    assert_eq!(stage.count("coderabbit_agent_webhooks_total{kind=\"test\",result=\"test\"}").await, 8);
    assert!(stage.azure.requests().is_empty(), "{:?}", stage.azure.requests());
    stage.hooks.hold();
}

#[tokio::test]
async fn what_is_no_event_is_answered_counted_and_forgotten() {
    let stage = Stage::set(both_rules()).await;
    let whole = created(&stage, 1, 1).to_string();
    let half: String = whole.chars().take(whole.len() / 2).collect();
    let unreadable: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"\"text\"".to_vec(),
        b"{}".to_vec(),
        br#"{"eventType":7}"#.to_vec(),
        half.into_bytes(),
        format!("{whole}}}").into_bytes(),
        vec![0xff; 300],
        b"\0\0\0".to_vec(),
        [b"[".repeat(500_000), b"]".repeat(500_000)].concat(),
        [br#"{"a":"#.repeat(100_000), b"}".repeat(100_000)].concat(),
        b"grant_type=password".to_vec(),
    ];
    let count = unreadable.len() as u64;
    for body in unreadable {
        let shown = String::from_utf8_lossy(&body).chars().take(60).collect::<String>();
        assert_eq!(stage.deliver(body).await, 200, "{shown}");
    }
    let counter = |kind: &str, result: &str| format!("coderabbit_agent_webhooks_total{{kind=\"{kind}\",result=\"{result}\"}}");
    assert_eq!(stage.count(&counter("unknown", "unreadable")).await, count);

    let mut huge = created(&stage, 1, 2);
    huge["detailedMessage"] = json!({ "text": "x".repeat(2 * 1024 * 1024) });
    assert_eq!(stage.deliver(huge.to_string()).await, 200);
    assert_eq!(stage.count(&counter("unknown", "too_large")).await, 1);
    assert_eq!(stage.deliver(r#"{"id":"a","eventType":"build.complete","resource":{}}"#).await, 200);
    assert_eq!(stage.count(&counter("unknown", "unknown_event")).await, 1);
    assert!(stage.azure.requests().is_empty(), "{:?}", stage.azure.requests());

    // A sender that goes away in the middle of the body.
    let mut stream = TcpStream::connect(stage.agent.address).await.unwrap();
    let login = base64(&format!("{HOOK_USER}:{HOOK_PASSWORD}"));
    let head =
        format!("POST /azure_webhooks HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {login}\r\nContent-Length: 500\r\n\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    drop(stream);
    stage.counted(&counter("unknown", "broken_off"), 1).await;
    next_event_is_reviewed(&stage, "feature").await;
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn every_field_of_an_event_may_be_of_a_wrong_type() {
    let stage = Stage::set(both_rules()).await;
    let first = open_with_defects(&stage).await;
    first.reviewed(1).await;
    let event = stage.hooks.settled(PATIENCE).await.unwrap().remove(0).payload;
    let wrong = [
        Value::Null,
        json!(-1),
        json!(1e300),
        json!([[]]),
        json!({ "a": {} }),
        json!("../../x\u{0}"),
        json!(u64::MAX),
        json!(true),
    ];
    let mut bodies = Vec::new();
    for (index, pointer) in pointers(&event).into_iter().enumerate() {
        for offset in [0, 3, 5] {
            let mut body = event.clone();
            body["id"] = format!("10000000-0000-4000-8000-{:012}", bodies.len()).into();
            *body.pointer_mut(&pointer).unwrap() = wrong[(index + offset) % wrong.len()].clone();
            bodies.push((pointer.clone(), body.to_string()));
        }
    }
    assert!(bodies.len() > 150, "{}", bodies.len());
    let deliveries = bodies.into_iter().map(|(pointer, body)| stage.deliver(body).map(|answer| (pointer, answer)));
    let answers: Vec<(String, u16)> = stream::iter(deliveries).buffer_unordered(8).collect().await;
    for (pointer, answer) in answers {
        assert!((200..300).contains(&answer), "{answer} for {pointer}");
    }
    next_event_is_reviewed(&stage, "other").await;
    assert_eq!(first.inline().len(), 2, "and nothing was said twice");
    stage.assert_sound();
}

/// Every place in a value.
fn pointers(value: &Value) -> Vec<String> {
    let below = |key: &str, value: &Value| {
        let key = key.replace('~', "~0").replace('/', "~1");
        let own = format!("/{key}");
        let inner: Vec<String> = pointers(value).into_iter().map(|pointer| format!("/{key}{pointer}")).collect();
        [vec![own], inner].concat()
    };
    match value {
        Value::Object(fields) => fields.iter().flat_map(|(key, value)| below(key, value)).collect(),
        Value::Array(items) => items.iter().enumerate().flat_map(|(index, value)| below(&index.to_string(), value)).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn another_organisation_or_host_in_the_payload_is_refused_and_nobody_is_called() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let trap_url = format!("http://{}", trap.local_addr().unwrap());
    let stage = told_nothing(both_rules()).await;
    let ours = stage.azure.announced_url();
    let host = ours.trim_start_matches("http://").split('/').next().unwrap().to_owned();
    let collections = [
        "https://dev.azure.com/evil/".to_owned(),
        "https://evil.visualstudio.com/".to_owned(),
        "http://169.254.169.254/contoso/".to_owned(),
        format!("{trap_url}/contoso/"),
        format!("http://{host}@{}/contoso/", trap_url.trim_start_matches("http://")),
        format!("http://{host}/other/"),
        format!("http://{host}/contoso/../other/"),
        format!("https://{host}/contoso/"),
    ];
    for (event, collection) in (1..).zip(&collections) {
        let mut body = created(&stage, 1, event);
        body["resourceContainers"] = json!({ "collection": { "baseUrl": collection }, "account": { "baseUrl": collection } });
        body["resource"]["url"] = format!("{collection}_apis/git/repositories/r/pullRequests/1").into();
        body["resource"]["repository"]["remoteUrl"] = format!("{collection}p/_git/r").into();
        assert_eq!(stage.deliver(body.to_string()).await, 200, "{collection}");
    }
    let refused = "coderabbit_agent_webhooks_total{kind=\"created\",result=\"other_organization\"}";
    assert_eq!(stage.count(refused).await, collections.len() as u64);
    assert!(stage.azure.requests().is_empty(), "{:?}", stage.azure.requests());

    // Our collection, but every URL of the resource leads elsewhere: only the ids count.
    let pull_request = open_with_defects(&stage).await;
    let mut body = created(&stage, pull_request.id(), 99);
    body["resource"]["url"] = format!("{trap_url}/_apis/git/repositories/r/pullRequests/1").into();
    body["resource"]["repository"]["url"] = format!("{trap_url}/_apis/git/repositories/r").into();
    body["resource"]["repository"]["remoteUrl"] = format!("{trap_url}/contoso/p/_git/r").into();
    body["resource"]["_links"] = json!({ "self": { "href": format!("{trap_url}/x") } });
    assert_eq!(stage.deliver(body.to_string()).await, 202);
    pull_request.reviewed(1).await;
    assert_eq!(pull_request.inline().len(), 2);
    let nobody = trap.accept().now_or_never();
    assert!(nobody.is_none(), "somebody was lured to a URL of the payload");
    stage.assert_sound();
}

#[tokio::test]
async fn only_who_has_the_credentials_is_listened_to() {
    let stage = told_nothing(both_rules()).await;
    let pull_request = open_with_defects(&stage).await;
    let body = created(&stage, pull_request.id(), 1).to_string();
    let url = format!("http://{}/azure_webhooks", stage.agent.address);
    let wrong = [None, Some((HOOK_USER, "")), Some((HOOK_USER, "wrong")), Some(("other", HOOK_PASSWORD)), Some(("", ""))];
    for credentials in wrong {
        let mut request = http().post(&url).body(body.clone());
        if let Some((user, password)) = credentials {
            request = request.basic_auth(user, Some(password));
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401, "{credentials:?}");
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    assert_eq!(stage.count("coderabbit_agent_webhooks_total{kind=\"unknown\",result=\"unauthorized\"}").await, 5);
    assert!(stage.azure.requests().is_empty());

    assert_eq!(stage.deliver(body).await, 202);
    pull_request.reviewed(1).await;
}

// ------------------------------------------------------------------------------------------------ many, in any order

#[tokio::test]
async fn the_same_event_fifty_times_at_once_is_one_review() {
    let stage = told_nothing(both_rules()).await;
    let pull_request = open_with_defects(&stage).await;
    let body = created(&stage, pull_request.id(), 1).to_string();
    let answers = join_all((0..50).map(|_| stage.deliver(body.clone()))).await;
    assert!(answers.iter().all(|answer| *answer == 202), "{answers:?}");
    pull_request.reviewed(1).await;
    assert_eq!(stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"reviewed\"}", 1).await, 1);
    // Once more, now that it is over.
    assert_eq!(stage.deliver(body).await, 202);
    let counter = |result: &str| format!("coderabbit_agent_webhooks_total{{kind=\"created\",result=\"{result}\"}}");
    assert_eq!((stage.count(&counter("accepted")).await, stage.count(&counter("duplicate")).await), (1, 50));
    assert_eq!(stage.model.calls_of(Role::Findings).len(), 1);
    let states: Vec<String> = pull_request.statuses_of("review").into_iter().map(|status| status.state).collect();
    assert_eq!(states, ["pending", "succeeded"]);
    stage.assert_sound();
}

#[tokio::test]
async fn events_that_overtake_each_other_and_come_twice_lead_to_the_newest_state() {
    for order in [Order::Reversed, Order::Shuffled(7)] {
        let stage = Stage::set(both_rules()).await;
        stage.hooks.hold();
        stage.hooks.set_doubled(true);
        let pull_request = open_with_defects(&stage).await;
        pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
        pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
        stage.hooks.release(order);
        assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: 1 finding (1 critical)");
        stage.hooks.settled(PATIENCE).await.unwrap();
        assert_eq!(pull_request.inline().len(), 1);
        assert!(pull_request.walkthrough().contains("Reviewed."));
        stage.assert_sound();
    }
}

#[tokio::test]
async fn while_the_database_does_not_answer_events_are_asked_for_again_and_none_is_lost() {
    let stage = Stage::set(both_rules()).await;
    let url = format!("sqlite://{}", stage.database().display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("begin exclusive").execute(&mut other).await.unwrap();

    let pull_request = open_with_defects(&stage).await;
    let is_refused = |_: &AzureDevOps| {
        let created = stage.hooks.deliveries_of(EventType::Created);
        created.iter().any(|delivery| delivery.attempts.iter().any(|attempt| attempt.answer == Ok(503)))
    };
    stage.azure.wait_for(is_refused, PATIENCE).await.unwrap();
    assert_eq!(stage.get("/health").await.0, 200, "the process itself is well");
    assert!(pull_request.statuses().is_empty());
    sqlx::query("rollback").execute(&mut other).await.unwrap();

    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    let deliveries = stage.hooks.settled(PATIENCE).await.unwrap();
    let answers: Vec<_> =
        deliveries.iter().flat_map(|delivery| &delivery.attempts).map(|attempt| attempt.answer.clone()).collect();
    assert!(answers.iter().all(|answer| matches!(answer, Ok(200 | 202 | 503))), "{answers:?}");
    assert!(deliveries.iter().all(|delivery| delivery.outcome == DeliveryOutcome::Delivered), "{deliveries:#?}");
    stage.assert_sound();
}
