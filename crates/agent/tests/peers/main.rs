//! The agent against servers that others wrote, started by `cargo xtask peers`, which says in the environment where they are.
//!
//! The default run of the tests leaves these out (`.config/nextest.toml`). Whoever runs one without its server is told so: a test
//! that passes because nothing was there would prove nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::format_collect, reason = "a story that cannot go on has failed")]

mod aimock;
mod bedrock;
#[path = "../it/harness.rs"]
#[allow(dead_code, unreachable_pub, reason = "the stage of the other stories, of which these use a part")]
mod harness;
mod real_model;
mod squid;
mod story;
mod tokens;
mod tools;

use coderabbit_agent::{
    app,
    llm::Model,
    net::HttpClients,
    settings::{Loaded, Purpose, Settings},
};

/// Variables of the agent.
type Variables = Vec<(&'static str, String)>;

/// What `cargo xtask peers` says about a server.
fn told(variable: &str) -> String {
    #[expect(clippy::disallowed_methods, reason = "the servers are started outside of the tests")]
    let value = std::env::var(variable);
    value.unwrap_or_else(|_| panic!("{variable} is not set: this test needs a server that `cargo xtask peers` starts and ends"))
}

/// `variables` with others in place of those of the same name.
fn with(mut variables: Variables, others: &[(&'static str, &str)]) -> Variables {
    for (name, value) in others {
        variables.retain(|(known, _)| known != name);
        variables.push((name, (*value).to_owned()));
    }
    variables
}

/// The model that the agent would ask with these variables.
fn model(variables: &Variables) -> Model {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let variables: Vec<(String, String)> = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let loaded = Settings::from_vars(Purpose::LocalReview, &variables);
    let Loaded { settings, .. } = loaded.unwrap_or_else(|problems| panic!("{problems:#?}"));
    let http = HttpClients::new(&settings.network).unwrap();
    Model::new(&settings.model, &http, settings.redactor(), None, None, app::now).unwrap()
}
