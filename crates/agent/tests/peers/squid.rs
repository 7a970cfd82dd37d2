//! squid passes on what comes with a password, and writes it down.
//!
//! The hosts have names that only squid knows, so whatever reaches them came through it.

use std::{net::SocketAddr, time::Duration};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use testkit::azure_devops::AzureDevOps;

use crate::{
    Variables, aimock,
    bedrock::bedrock,
    harness::PATIENCE,
    story::{Played, play, play_on, refused_review, stage_with},
    tokens, told, with,
};

const USER: &str = "agent";
const DEVOPS: &str = "devops.corp.invalid";
const MODELS: &str = "models.corp.invalid";
const BEDROCK: &str = "bedrock.corp.invalid";
const TOKENS: &str = "tokens.corp.invalid";

/// A line of squid's log.
#[derive(Debug)]
struct Passage {
    /// E.g. `TCP_MISS/200`.
    result: String,
    method: String,
    target: String,
    user: String,
}

impl Passage {
    /// `TCP_MISS_ABORTED/200`: the client had read all that it wanted of a stream before the server closed it.
    fn is_answered(&self) -> bool {
        self.result.starts_with("TCP_MISS") && self.result.ends_with("/200")
    }
}

fn proxy_url(user: &str, password: &str) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    format!("http://{}:{}@{}", encoded(user), encoded(password), told("TESTKIT_PEER_SQUID"))
}

fn through_squid() -> Variables {
    let url = proxy_url(USER, &told("TESTKIT_PEER_SQUID_PASSWORD"));
    vec![("HTTP_PROXY", url.clone()), ("HTTPS_PROXY", url)]
}

/// The same address by a name that only squid knows.
fn named(address: &str, name: &str) -> String {
    assert!(address.contains("127.0.0.1"), "{address}");
    address.replace("127.0.0.1", name)
}

/// Everything that squid wrote down about `address`, e.g. `devops.corp.invalid:8000`.
fn passages(address: &str) -> Vec<Passage> {
    let log = std::fs::read_to_string(told("TESTKIT_PEER_SQUID_LOG")).unwrap();
    let passages = log.lines().map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, _, _, result, _, method, target, user, ..] = words[..] else { panic!("{line}") };
        Passage { result: result.into(), method: method.into(), target: target.into(), user: user.into() }
    });
    passages.filter(|passage| passage.target.contains(address)).collect()
}

/// squid writes a line when the connection is done with, which the client may know before.
async fn passages_with(address: &str, parts: &[&str]) -> Vec<Passage> {
    for _ in 0..200 {
        let passages = passages(address);
        if parts.iter().all(|part| passages.iter().any(|passage| passage.target.contains(part))) {
            return passages;
        }
        #[expect(clippy::disallowed_methods, reason = "a log is polled: nothing tells of a change")]
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("not all of {parts:?} in {:#?}", passages(address))
}

/// The story with an Azure DevOps that only squid finds.
async fn play_behind_squid(variables: &Variables) -> (Played, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    drop(listener);
    let devops = format!("{DEVOPS}:{}", address.port());
    let variables =
        with([through_squid(), variables.clone()].concat(), &[("AZURE_DEVOPS_URL", &format!("http://{devops}/contoso"))]);
    let stage = stage_with(AzureDevOps::builder().address(address), &variables).await;
    stage.azure.announce_as(&format!("http://{devops}"));
    (play_on(stage, PATIENCE).await, devops)
}

#[tokio::test]
async fn requests_to_azure_devops_git_the_token_server_and_the_model_all_pass_with_the_password() {
    let models = named(&told("TESTKIT_PEER_GATEWAY"), MODELS);
    let tokens_url = named(&told("TESTKIT_PEER_TOKENS"), TOKENS);
    let variables = with(
        tokens::client(),
        &[("OAUTH2_ENDPOINT", &tokens_url), ("OPENAI_BASE_URL", &format!("{models}/v1")), ("OPENAI_API_KEYS", "")],
    );
    let (played, devops) = play_behind_squid(&variables).await;
    played.assert_is_as_recorded();

    let to_devops = passages_with(&devops, &["/_apis/", "info/refs", "git-upload-pack"]).await;
    for passage in &to_devops {
        // git asks how it shall sign in before it does.
        let is_question = passage.result == "TCP_DENIED/407" && passage.target.contains("/_git/");
        assert!(passage.user == USER || is_question, "{passage:?}");
    }
    for (address, part) in [(models.as_str(), "/v1/chat/completions"), (tokens_url.as_str(), "/oauth2/v2.0/token")] {
        let passed = passages_with(address.trim_start_matches("http://"), &[part]).await;
        assert!(passed.iter().all(|passage| passage.user == USER && passage.is_answered()), "{passed:#?}");
    }
}

#[tokio::test]
async fn signed_requests_to_bedrock_pass_and_their_signature_still_fits() {
    let endpoint = named(&told("TESTKIT_PEER_MINISTACK"), BEDROCK);
    let (played, _) = play_behind_squid(&bedrock(&endpoint)).await;
    played.assert_is_as_recorded();
    let passed = passages_with(endpoint.trim_start_matches("http://"), &["/converse"]).await;
    assert!(passed.len() >= 6, "{passed:#?}");
    assert!(passed.iter().all(|passage| passage.user == USER && passage.is_answered()), "{passed:#?}");
}

#[tokio::test]
async fn nothing_passes_where_no_proxy_names_the_network() {
    let variables = [through_squid(), aimock::openai()].concat();
    let played = play(&with(variables, &[("NO_PROXY", "127.0.0.0/8")]), PATIENCE).await;
    played.assert_is_as_recorded();
    let devops = played.stage.azure.address().to_string();
    assert_eq!(passages(&devops).len(), 0);
    let models = told("TESTKIT_PEER_AIMOCK");
    assert_eq!(passages(models.trim_start_matches("http://")).len(), 0);
}

#[tokio::test]
async fn a_wrong_password_ends_the_command_with_what_the_proxy_wants() {
    let wrong = proxy_url("forgetful", "wrong-canary");
    let model = named(&told("TESTKIT_PEER_AIMOCK"), MODELS);
    for base_url in [format!("{model}/v1"), "https://models.corp.invalid:7443/v1".to_owned()] {
        let variables =
            with(aimock::openai(), &[("OPENAI_BASE_URL", &base_url), ("HTTP_PROXY", &wrong), ("HTTPS_PROXY", &wrong)]);
        let said = refused_review(&with(variables, &[("LLM_TIMEOUT", "1000")])).await;
        assert!(said.contains("407") || said.contains("proxy authorization required"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[tokio::test]
async fn https_is_asked_for_by_connect_with_the_password() {
    // Nobody listens there, which only squid can find out.
    let variables = with(
        [through_squid(), aimock::openai()].concat(),
        &[("OPENAI_BASE_URL", "https://models.corp.invalid:9/v1"), ("LLM_TIMEOUT", "1000")],
    );
    let said = refused_review(&variables).await;
    assert!(said.contains("models.corp.invalid:9"), "{said}");
    let asked = passages_with("models.corp.invalid:9", &[""]).await;
    assert!(asked.iter().all(|passage| passage.method == "CONNECT" && passage.user == USER), "{asked:#?}");
}
