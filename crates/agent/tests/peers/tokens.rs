//! oidc-provider issues tokens by `OAuth2` under a path like Entra ID's, and checks the client's secret. In front of the model stands
//! a gateway that verifies each token: signature, issuer, audience, scope, time.

use crate::{
    Variables,
    harness::PATIENCE,
    story::{play, refused_review},
    told, with,
};

const SCOPE: &str = "https://cognitiveservices.azure.com/.default";

/// For an agent without a key.
pub(crate) fn client() -> Variables {
    vec![
        ("OAUTH2_ENDPOINT", told("TESTKIT_PEER_TOKENS")),
        ("OAUTH2_CLIENT_ID", told("TESTKIT_PEER_TOKENS_CLIENT")),
        ("OAUTH2_CLIENT_SECRET", told("TESTKIT_PEER_TOKENS_SECRET")),
        ("OAUTH2_SCOPE", SCOPE.to_owned()),
    ]
}

fn openai() -> Variables {
    [client(), vec![("OPENAI_BASE_URL", format!("{}/v1", told("TESTKIT_PEER_GATEWAY"))), ("OPENAI_API_KEYS", String::new())]]
        .concat()
}

fn azure() -> Variables {
    let azure = vec![
        ("LLM_PROVIDER", "azure-openai".to_owned()),
        ("AZURE_OPENAI_ENDPOINT", told("TESTKIT_PEER_GATEWAY")),
        ("AZURE_GPT41_DEPLOYMENT_NAME", "gpt".to_owned()),
    ];
    [client(), azure].concat()
}

#[tokio::test]
async fn a_pull_request_is_reviewed_with_a_token_in_place_of_a_key() {
    for variables in [openai(), azure()] {
        play(&variables, PATIENCE).await.assert_is_as_recorded();
    }
}

#[tokio::test]
async fn a_wrong_secret_ends_the_command_with_the_words_of_the_token_endpoint() {
    let said = refused_review(&with(openai(), &[("OAUTH2_CLIENT_SECRET", "wrong-canary")])).await;
    assert!(said.contains(&told("TESTKIT_PEER_TOKENS")) && said.contains("invalid_client"), "{said}");
    assert!(said.contains("OAUTH2_CLIENT_SECRET") && !said.contains("canary"), "{said}");
}

#[tokio::test]
async fn a_token_for_something_else_is_refused_by_the_gateway_and_the_command_says_where_it_came_from() {
    let said = refused_review(&with(openai(), &[("OAUTH2_SCOPE", "https://management.azure.com/.default")])).await;
    assert!(said.contains("the token is for") && said.contains("OAUTH2_ENDPOINT"), "{said}");
}

#[tokio::test]
async fn a_path_without_a_token_endpoint_is_told_with_the_variable_to_check() {
    let elsewhere = told("TESTKIT_PEER_TOKENS").replace("/token", "/tokens");
    let said = refused_review(&with(openai(), &[("OAUTH2_ENDPOINT", &elsewhere)])).await;
    assert!(said.contains(&elsewhere) && said.contains("OAUTH2_ENDPOINT"), "{said}");
}
