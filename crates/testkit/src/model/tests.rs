//! The server as its clients see it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CallState, Fault, Kind, ModelOptions, ModelServer, Role, Rule, Script, StructuredOutput, TokenLimit};

const PACK: &str = "\
File: src/Cart.cs (modified)
    11   public decimal Sum(Cart cart)
    12   {
    13 + for (var i = 0; i <= cart.Items.Count; i++)
>   14 +     var price = cart.Items[i].Price;
   b13 - for (var i = 0; i < cart.Items.Count; i++)
    14 - var price = cart.Items[0].Price;
File: src/Other.cs (modified)
    40 + for (var i = 0; i <= cart.Items.Count; i++)
";

fn off_by_one() -> Rule {
    Rule::new(Kind::True, "src/Cart.cs", "for (var i = 0; i <= cart.Items.Count; i++)", "The loop reads past the last item.")
        .rated("correctness", "critical")
        .suggesting(1, "        for (var i = 0; i < cart.Items.Count; i++)")
}

fn script() -> Script {
    let price = "var price = cart.Items[i].Price;";
    Script::with_rules([
        off_by_one(),
        Rule::new(Kind::False, "src/Cart.cs", price, "The price may be negative here."),
        Rule::new(Kind::Misplaced, "src/Cart.cs", price, "The price is read twice."),
        Rule::new(Kind::Hallucinated, "src/Cart.cs", price, "The cache is never filled."),
        Rule::new(Kind::Malformed, "src/Cart.cs", price, "Something is off."),
        Rule::new(Kind::True, "src/Absent.cs", price, "This file is not in the pack."),
    ])
}

fn schema(name: &str) -> Value {
    json!({ "type": "json_schema", "json_schema": { "name": name, "strict": true, "schema": {
        "type": "object", "properties": { "x": { "type": "string" } }, "required": ["x"], "additionalProperties": false,
    } } })
}

fn request(schema_name: &str, prompt: &str) -> Value {
    json!({
        "model": "gpt-4.1-mini",
        "messages": [{ "role": "system", "content": "You review." }, { "role": "user", "content": prompt }],
        "max_completion_tokens": 4_000,
        "response_format": schema(schema_name),
    })
}

#[expect(clippy::disallowed_methods, reason = "the client of this test needs no proxies or certificates")]
fn client() -> reqwest::Client {
    // Another test of this process may have been first.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().build().unwrap()
}

async fn post(server: &ModelServer, body: &Value) -> (u16, Value) {
    let url = format!("{}/chat/completions", server.base_url());
    let response = client().post(url).bearer_auth(server.key()).json(body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn content(answer: &Value) -> Value {
    serde_json::from_str(answer["choices"][0]["message"]["content"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_reviewer_says_what_was_planted_for_the_lines_that_it_sees() {
    let server = ModelServer::start(script()).await.unwrap();
    let (status, answer) = post(&server, &request("review_findings", PACK)).await;
    assert_eq!(status, 200);
    let findings = content(&answer)["findings"].as_array().unwrap().clone();
    let placed: Vec<_> =
        findings.iter().map(|finding| (finding["start_line"].as_u64().unwrap(), finding["claim"].as_str().unwrap())).collect();
    assert_eq!(
        placed,
        [
            (13, "The loop reads past the last item."),
            (14, "The price may be negative here."),
            (21, "The price is read twice."),
            (14, "The cache is never filled."),
            (u64::from(u32::MAX), "Something is off."),
        ]
    );
    assert_eq!(findings[0]["quoted_line"], "for (var i = 0; i <= cart.Items.Count; i++)");
    assert!(!PACK.contains(findings[3]["quoted_line"].as_str().unwrap()));
    assert!(answer["usage"]["prompt_tokens"].as_u64().unwrap() > 0);
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn verdicts_follow_what_a_finding_is_worth() {
    let server = ModelServer::start(script()).await.unwrap();
    for (claim, verdict) in [
        ("The loop reads past the last item.", "confirmed"),
        ("The price may be negative here.", "refuted"),
        ("The cache is never filled.", "confirmed"),
        ("Nobody ever said this.", "cannot_tell"),
    ] {
        let (_, answer) = post(&server, &request("review_verdict", &format!("{PACK}\nClaim: {claim}"))).await;
        assert_eq!(content(&answer)["verdict"], verdict, "{claim}");
    }
}

#[tokio::test]
async fn a_finding_is_fixed_when_its_line_is_gone_from_the_code_that_is_shown() {
    let rule = off_by_one();
    let server = ModelServer::start(Script::with_rules([rule.clone()])).await.unwrap();
    let ask = async |code: &str| {
        let prompt = format!("Claim: {}\nQuoted: {}\nCode now:\n{code}", rule.claim, rule.needle);
        content(&post(&server, &request("review_resolution", &prompt)).await.1)["fixed"].as_bool().unwrap()
    };
    assert!(!ask("    13   for (var i = 0; i <= cart.Items.Count; i++)\n").await);
    assert!(ask("    13   for (var i = 0; i < cart.Items.Count; i++)\n").await);
    server.set_script(Script::with_rules([rule.clone().fixed_when("Guard(cart);")]));
    assert!(ask("    12   Guard(cart);\n    13   for (var i = 0; i <= cart.Items.Count; i++)\n").await);
}

#[tokio::test]
async fn the_walkthrough_groups_the_paths_by_directory() {
    let server = ModelServer::start(Script::silent()).await.unwrap();
    let (_, answer) = post(&server, &request("review_walkthrough", PACK)).await;
    let answer = content(&answer);
    assert_eq!(answer["cohorts"][0]["paths"], json!(["src/Cart.cs", "src/Other.cs"]));
    assert!(!answer["summary"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_bad_key_and_a_missing_one_are_refused_in_openais_shape() {
    let server = ModelServer::start(Script::silent()).await.unwrap();
    for key in [Some("sk-wrong-key-1234"), None] {
        let mut request = client().get(format!("{}/models", server.base_url()));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["error"]["code"], "invalid_api_key");
        assert!(!body.to_string().contains("sk-wrong-key-1234"), "a key is shown masked");
    }
    assert!(server.calls().is_empty());
    assert_eq!(server.refusals().len(), 2);
}

#[tokio::test]
async fn what_a_model_does_not_take_is_refused_by_name() {
    let server = ModelServer::start(Script::silent()).await.unwrap();
    let mut changes: Vec<(&str, Value, &str)> = vec![
        ("temperature", json!(0.2), "Unsupported parameter: 'temperature'"),
        ("max_tokens", json!(10), "Use 'max_completion_tokens' instead"),
        ("model", json!("gpt-9"), "The model `gpt-9` does not exist"),
        ("messages", json!([]), "'messages' must be a non-empty array"),
        ("responseformat", json!({}), "Unrecognized request argument supplied: responseformat"),
        ("max_completion_tokens", json!(0), "Invalid value for the token limit"),
    ];
    let mut open = schema("review_findings");
    open["json_schema"]["schema"]["additionalProperties"] = json!(true);
    changes.push(("response_format", open, "'additionalProperties' is required"));
    let mut missing = schema("review_findings");
    missing["json_schema"]["schema"]["required"] = json!([]);
    changes.push(("response_format", missing, "Missing 'x'"));
    changes.push(("response_format", schema("no spaces"), "json_schema.name"));
    for (argument, value, expected) in changes {
        let mut body = request("review_findings", "json");
        body["model"] = json!("o3");
        body[argument] = value;
        let (status, answer) = post(&server, &body).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(status >= 400 && message.contains(expected), "{argument}: {status} {message}");
    }
}

#[tokio::test]
async fn weaker_servers_name_what_they_do_not_take_and_roles_are_then_read_from_the_prompt() {
    for (taken, accepts_object) in [(StructuredOutput::JsonObjectOnly, true), (StructuredOutput::None, false)] {
        let options = ModelOptions {
            structured_output: taken,
            token_limit: TokenLimit::MaxTokensOnly,
            keys: Vec::new(),
            ..ModelOptions::default()
        };
        let server = ModelServer::start_with(options, script()).await.unwrap();
        let prompt = format!("{PACK}\nAnswer with one JSON object that matches the schema `review_findings`:\n{{}}");
        let mut body = request("review_findings", &prompt);
        let (status, answer) = post(&server, &body).await;
        assert_eq!((status, answer["error"]["message"].as_str().unwrap().contains("max_completion_tokens")), (400, true));
        body.as_object_mut().unwrap().remove("max_completion_tokens");
        body["max_tokens"] = json!(4_000);
        let (status, answer) = post(&server, &body).await;
        assert_eq!((status, answer["error"]["message"].as_str().unwrap().contains("response_format")), (400, true));
        body["response_format"] = json!({ "type": "json_object" });
        assert_eq!(post(&server, &body).await.0 == 200, accepts_object);
        body.as_object_mut().unwrap().remove("response_format");
        let (status, answer) = post(&server, &body).await;
        assert_eq!(status, 200);
        assert_eq!(content(&answer)["findings"].as_array().unwrap().len(), 5);
        assert_eq!(server.calls().last().unwrap().role, Role::Findings);
    }
}

#[tokio::test]
async fn faults_come_once_each_and_then_the_model_is_well_again() {
    let server = ModelServer::start(script()).await.unwrap();
    let faults = [
        Fault::RateLimited { retry_after: 3 },
        Fault::ServerError,
        Fault::Unauthorized,
        Fault::ModelNotFound,
        Fault::ContextTooLong,
    ];
    for fault in faults.clone() {
        server.fault(Role::Findings, 1, fault);
    }
    let mut statuses = Vec::new();
    for _ in 0..=faults.len() {
        statuses.push(post(&server, &request("review_findings", PACK)).await.0);
    }
    assert_eq!(statuses, [429, 500, 401, 404, 400, 200]);
    assert_eq!(server.calls_of(Role::Findings).len(), 6);
    assert_eq!(server.calls()[0].hash, server.calls()[5].hash, "the same request has the same hash");
}

#[tokio::test]
async fn bad_answers_are_bad_in_their_own_way() {
    let server = ModelServer::start(script()).await.unwrap();
    let ask = async |fault: Fault| {
        server.fault(Role::Findings, 1, fault);
        post(&server, &request("review_findings", PACK)).await.1["choices"][0].clone()
    };
    let said = |choice: &Value| choice["message"]["content"].as_str().unwrap().to_owned();
    let parses = |text: &str| serde_json::from_str::<Value>(text).is_ok();
    assert!(!said(&ask(Fault::Prose).await).contains('{'));
    let half = ask(Fault::HalfJson).await;
    assert_eq!(half["finish_reason"], "length");
    assert!(said(&half).starts_with('{') && !parses(&said(&half)));
    assert!(said(&ask(Fault::Fenced).await).contains("```json\n{"));
    assert!(parses(&said(&ask(Fault::WrongShape).await)));
    assert_eq!(said(&ask(Fault::Empty).await), "");
    assert!(ask(Fault::Refusal).await["message"]["content"].is_null());
    let shifted: Value = serde_json::from_str(&said(&ask(Fault::WrongLines).await)).unwrap();
    assert_eq!(shifted["findings"][0]["start_line"], 53);
    server.fault(Role::Findings, 1, Fault::SlowTokens { pause: Duration::from_micros(10) });
    assert_eq!(post(&server, &request("review_findings", PACK)).await.0, 200);
}

#[tokio::test]
async fn a_connection_that_is_cut_is_no_answer() {
    let server = ModelServer::start(script()).await.unwrap();
    server.fault(Role::Findings, 1, Fault::Cut);
    let url = format!("{}/chat/completions", server.base_url());
    let response = client().post(url).bearer_auth(server.key()).json(&request("review_findings", PACK)).send().await.unwrap();
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn a_call_that_is_never_answered_is_seen_to_be_given_up() {
    let server = ModelServer::start(script()).await.unwrap();
    server.fault(Role::Verdict, 1, Fault::NeverAnswers);
    let url = format!("{}/chat/completions", server.base_url());
    let body = request("review_verdict", "Claim");
    let asked = tokio::spawn(client().post(url).bearer_auth(server.key()).json(&body).send());
    let calls = server.wait_for(Role::Verdict, 1).await.unwrap();
    assert_eq!(calls[0].state, CallState::Open);
    asked.abort();
    let calls = server.wait_until(|calls| calls[0].state != CallState::Open).await.unwrap();
    assert_eq!(calls[0].state, CallState::Abandoned);
}

#[tokio::test]
async fn a_gate_holds_calls_of_one_role_until_it_is_released() {
    let server = ModelServer::start(script()).await.unwrap();
    let gate = server.hold(Role::Findings);
    let url = format!("{}/chat/completions", server.base_url());
    let held = client().post(url).bearer_auth(server.key()).json(&request("review_findings", PACK)).send();
    let held = tokio::spawn(held);
    gate.wait_for_held(1).await.unwrap();
    assert_eq!(post(&server, &request("review_walkthrough", PACK)).await.0, 200, "another role passes");
    assert!(!held.is_finished());
    gate.release();
    assert_eq!(held.await.unwrap().unwrap().status(), 200);
    assert_eq!(server.calls()[0].state, CallState::Answered(200));
}

#[tokio::test]
async fn streams_bring_the_same_answer_in_pieces_and_the_usage_last() {
    let server = ModelServer::start(script()).await.unwrap();
    let mut body = request("review_findings", PACK);
    let (_, whole) = post(&server, &body).await;
    body["stream"] = json!(true);
    body["stream_options"] = json!({ "include_usage": true });
    let url = format!("{}/chat/completions", server.base_url());
    let response = client().post(url).bearer_auth(server.key()).json(&body).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let text = response.text().await.unwrap();
    let events: Vec<&str> = text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")).collect();
    assert_eq!(events.last(), Some(&"[DONE]"));
    let chunks: Vec<Value> = events[..events.len() - 1].iter().map(|event| serde_json::from_str(event).unwrap()).collect();
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, whole["choices"][0]["message"]["content"].as_str().unwrap());
    let last = chunks.last().unwrap();
    assert_eq!(
        (last["choices"].clone(), last["usage"]["completion_tokens"].clone()),
        (json!([]), whole["usage"]["completion_tokens"].clone())
    );
}

#[tokio::test]
async fn a_prefix_that_was_sent_before_is_counted_as_cached_and_a_long_prompt_is_refused() {
    let options = ModelOptions { context_tokens: Some(4_000), ..ModelOptions::default() };
    let server = ModelServer::start_with(options, Script::silent()).await.unwrap();
    let pack = "0123456789abcdef".repeat(500);
    let (_, first) = post(&server, &request("review_findings", &format!("{pack} one"))).await;
    let (_, second) = post(&server, &request("review_verdict", &format!("{pack} two"))).await;
    assert_eq!(first["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
    assert_eq!(second["usage"]["prompt_tokens_details"]["cached_tokens"], 1_920);
    let (status, refused) = post(&server, &request("review_findings", &pack.repeat(3))).await;
    assert_eq!((status, refused["error"]["code"].as_str()), (400, Some("context_length_exceeded")));
}

#[tokio::test]
async fn an_answer_ends_at_its_token_limit() {
    let server = ModelServer::start(script()).await.unwrap();
    let mut body = request("review_findings", PACK);
    body["max_completion_tokens"] = json!(20);
    let (_, answer) = post(&server, &body).await;
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 20);
}
