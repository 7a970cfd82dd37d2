//! Amazon Bedrock's protocol: ministack checks signatures of its own, moto those of AWS' Python code, microburst spoils answers.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Uri},
    response::Response,
};
use coderabbit_agent::llm::{ModelError, Reply, Role};
use review_core::finding::answer::WalkthroughAnswer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Variables,
    harness::{PATIENCE, http},
    model,
    story::{play, refused_review},
    told, with,
};

pub(crate) const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";
/// By these words the recorded answer is found.
const QUESTION: &str = "# Your task: describe the change";

/// The credentials are those of an IAM user of ministack's, who may invoke models.
pub(crate) fn bedrock(endpoint: &str) -> Variables {
    vec![
        ("LLM_PROVIDER", "bedrock-anthropic".to_owned()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", endpoint.to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", told("TESTKIT_PEER_MINISTACK_KEY")),
        ("AWS_SECRET_ACCESS_KEY", told("TESTKIT_PEER_MINISTACK_SECRET")),
        ("MODEL_LIGHT", HAIKU.to_owned()),
        ("MODEL_MEDIUM", HAIKU.to_owned()),
        ("MODEL_HEAVY", HAIKU.to_owned()),
    ]
}

/// Temporary credentials, as a role gives them.
fn with_role(variables: Variables) -> Variables {
    let [key, secret, token] = ["KEY", "SECRET", "TOKEN"].map(|part| told(&format!("TESTKIT_PEER_MINISTACK_ROLE_{part}")));
    with(variables, &[("AWS_ACCESS_KEY_ID", &key), ("AWS_SECRET_ACCESS_KEY", &secret), ("AWS_SESSION_TOKEN", &token)])
}

async fn ask(variables: &Variables) -> Result<Reply<WalkthroughAnswer>, ModelError> {
    model(variables).ask(Role::Light, "", QUESTION, &CancellationToken::new()).await
}

#[tokio::test]
async fn a_pull_request_is_reviewed_by_signed_requests_of_a_user_and_of_a_role() {
    let ministack = told("TESTKIT_PEER_MINISTACK");
    for variables in [bedrock(&ministack), with_role(bedrock(&ministack))] {
        play(&variables, PATIENCE).await.assert_is_as_recorded();
    }
}

#[tokio::test]
async fn credentials_that_do_not_fit_end_the_command_with_the_words_of_the_service() {
    let ministack = told("TESTKIT_PEER_MINISTACK");
    let wrong = [
        (with(bedrock(&ministack), &[("AWS_SECRET_ACCESS_KEY", "secret-canary")]), "InvalidSignatureException"),
        (with(bedrock(&ministack), &[("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")]), "UnrecognizedClientException"),
        (with(with_role(bedrock(&ministack)), &[("AWS_SESSION_TOKEN", "token-canary")]), "UnrecognizedClientException"),
    ];
    for (variables, word) in wrong {
        let said = refused_review(&variables).await;
        assert!(said.contains(word) && said.contains("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), "{said}");
        assert!(!said.contains("canary") && !said.contains(&told("TESTKIT_PEER_MINISTACK_SECRET")), "{said}");
    }
}

/// What somebody on the way makes of a request.
#[derive(Debug, Clone, Copy)]
enum Tamper {
    Nothing,
    Body,
    Model,
    Region,
}

impl Tamper {
    fn apply(self, path: &mut String, headers: &mut HeaderMap, body: &mut Vec<u8>) {
        match self {
            Self::Nothing => {}
            Self::Body => body.extend_from_slice(b" "),
            Self::Model => *path = path.replace("haiku", "opus"),
            Self::Region => {
                let signed = headers["authorization"].to_str().unwrap().replace("/eu-central-1/", "/us-east-1/");
                headers.insert("authorization", HeaderValue::from_str(&signed).unwrap());
            }
        }
    }
}

/// Passes requests on to ministack under their own host name, and gives its address.
async fn tampering(tamper: Tamper) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().fallback(pass_on).with_state(Arc::new((tamper, http())));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

async fn pass_on(
    State(way): State<Arc<(Tamper, reqwest::Client)>>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (tamper, http) = way.as_ref();
    let (mut path, mut body) = (uri.to_string(), body.to_vec());
    tamper.apply(&mut path, &mut headers, &mut body);
    headers.remove("content-length");
    let url = format!("{}{path}", told("TESTKIT_PEER_MINISTACK"));
    let answer = http.request(method, url).headers(headers).body(body).send().await.unwrap();
    let mut passed = Response::builder().status(answer.status());
    for name in ["content-type", "x-amzn-errortype"] {
        if let Some(value) = answer.headers().get(name) {
            passed = passed.header(name, value);
        }
    }
    passed.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

#[tokio::test]
async fn what_was_changed_on_the_way_is_refused_so_the_signature_covers_it() {
    ask(&bedrock(&tampering(Tamper::Nothing).await)).await.unwrap();
    for tamper in [Tamper::Body, Tamper::Model, Tamper::Region] {
        let error = ask(&bedrock(&tampering(tamper).await)).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ModelError::Unauthorized { .. }), "{tamper:?}: {text}");
        assert!(text.contains("InvalidSignatureException"), "{tamper:?}: {text}");
    }
}

/// moto has no Converse and says so, after it has checked the signature by botocore.
#[tokio::test]
async fn moto_finds_the_signature_right_and_that_of_another_secret_wrong() {
    let moto = [
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", told("TESTKIT_PEER_MOTO")),
        ("AWS_ACCESS_KEY_ID", told("TESTKIT_PEER_MOTO_KEY")),
        ("AWS_SECRET_ACCESS_KEY", told("TESTKIT_PEER_MOTO_SECRET")),
        ("LLM_TIMEOUT", "1000".to_owned()),
    ];
    let moto: Vec<(&'static str, &str)> = moto.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let right = with(bedrock(""), &moto);
    let error = ask(&right).await.unwrap_err();
    assert!(matches!(error, ModelError::Unavailable { is_overloaded: true, .. }) && error.to_string().contains("500"), "{error}");
    let error = ask(&with(right, &[("AWS_SECRET_ACCESS_KEY", "another")])).await.unwrap_err();
    assert!(matches!(error, ModelError::Unauthorized { .. }), "{error}");
}

/// What microburst does so many times, and what comes of it.
struct Fault {
    rule: &'static str,
    times: u32,
    outcome: Outcome,
}

#[derive(Clone, Copy)]
enum Outcome {
    /// The next attempt brings the answer.
    Again,
    /// The same attempt brings it.
    Late,
    /// The error holds these words.
    Told(&'static str),
}

const FAULTS: &[Fault] = &[
    Fault { rule: r#"{ "error": { "code": "ThrottlingException" } }"#, times: 1, outcome: Outcome::Again },
    Fault { rule: r#"{ "error": { "code": "ServiceUnavailableException" } }"#, times: 2, outcome: Outcome::Again },
    Fault { rule: r#"{ "error": { "code": "ModelNotReadyException" } }"#, times: 1, outcome: Outcome::Again },
    Fault { rule: r#"{ "error": { "code": "InternalServerException" } }"#, times: 1, outcome: Outcome::Again },
    // Longer than the patience of AWS' SDK, shorter than ours.
    Fault { rule: r#"{ "latency": 6000 }"#, times: 1, outcome: Outcome::Late },
    Fault { rule: r#"{ "reset": true }"#, times: 2, outcome: Outcome::Again },
    // In the middle of a stream: an exception, a checksum that is wrong, an event that is cut, and the last ones missing.
    Fault {
        rule: r#"{ "response": { "event_error": { "code": "throttlingException", "message": "slow", "after_frames": 2 } } }"#,
        times: 1,
        outcome: Outcome::Again,
    },
    Fault { rule: r#"{ "response": { "event_frames": [{ "at": 1, "bad_crc": true }] } }"#, times: 1, outcome: Outcome::Again },
    Fault { rule: r#"{ "response": { "event_frames": [{ "at": 2, "cut": 0.5 }] } }"#, times: 1, outcome: Outcome::Again },
    Fault { rule: r#"{ "response": { "event_frames": [{ "at": 3, "cut": 0 }] } }"#, times: 1, outcome: Outcome::Again },
    Fault { rule: r#"{ "response": { "abort_frac": 0.5 } }"#, times: 1, outcome: Outcome::Again },
    Fault { rule: r#"{ "response": { "truncate_frac": 0.5 } }"#, times: 1, outcome: Outcome::Again },
    Fault {
        rule: r#"{ "error": { "code": "ThrottlingException" } }"#,
        times: 1_000,
        outcome: Outcome::Told("ThrottlingException"),
    },
    Fault {
        rule: r#"{ "error": { "code": "AccessDeniedException", "message": "You don't have access to the model." } }"#,
        times: 1_000,
        outcome: Outcome::Told("has no model"),
    },
    Fault {
        rule: r#"{ "error": { "code": "ValidationException", "message": "Input is too long for requested model." } }"#,
        times: 1_000,
        outcome: Outcome::Told("cannot take a request of this size"),
    },
];

/// In one test: microburst has one list of rules for everybody.
#[tokio::test]
async fn what_passes_is_waited_out_and_the_rest_is_told() {
    let microburst = told("TESTKIT_PEER_MICROBURST");
    let rules = format!("{microburst}/_microburst/rules");
    let seen = async || -> u64 {
        let health: Value = http().get(format!("{microburst}/_microburst/health")).send().await.unwrap().json().await.unwrap();
        health["requests_seen"].as_u64().unwrap()
    };
    for Fault { rule, times, outcome } in FAULTS {
        let mut wanted: Value = serde_json::from_str(rule).unwrap();
        wanted["service"] = json!("bedrock");
        wanted["times"] = json!(times);
        let set = http().post(&rules).json(&json!([wanted])).send().await.unwrap();
        assert!(set.status().is_success(), "{rule}: {}", set.text().await.unwrap());
        let before = seen().await;
        // A call may take twice this long, with all its attempts.
        let timeout = if matches!(outcome, Outcome::Told(_)) { "1000" } else { "30000" };
        let result = ask(&with(bedrock(&microburst), &[("LLM_TIMEOUT", timeout)])).await;
        let fired: Value = http().get(&rules).send().await.unwrap().json().await.unwrap();
        let (fired, asked) = (fired[0]["fired_count"].as_u64().unwrap(), seen().await - before);
        let wanted = match outcome {
            Outcome::Again => (u64::from(*times), u64::from(*times) + 1),
            Outcome::Late => (1, 1),
            Outcome::Told(words) => {
                let error = result.expect_err(rule).to_string();
                assert!(error.contains(words) && fired > 0, "{rule}: {error}");
                continue;
            }
        };
        let reply = result.unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert!(!reply.answer.summary.is_empty() && reply.usage.output_tokens > 0, "{rule}: {reply:?}");
        assert_eq!((fired, asked), wanted, "{rule}: so often it was spoilt, and so often asked");
    }
}
