//! The script, or the model that `.env` names.

use std::path::Path;

use anyhow::Context;
use testkit::{model::ModelServer, scenario::Scenario};

use crate::process::root;

/// Variables that say which model the agent asks, and by which way.
const MODEL_VARIABLES: &[&str] = &[
    "LLM_PROVIDER",
    "LLM_TIMEOUT",
    "OPENAI_API_KEYS",
    "OPENAI_BASE_URL",
    "OPENAI_ORG_ID",
    "OPENAI_PROJECT_ID",
    "MODEL_LIGHT",
    "MODEL_MEDIUM",
    "MODEL_HEAVY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "EXTRA_CA_CERTS",
];

pub(super) enum DemoModel {
    Scripted(ModelServer),
    /// From `.env`.
    Real(Vec<(String, String)>),
}

impl DemoModel {
    /// The real one when `.env` in the root of the repository holds a key for it.
    pub(super) async fn choose(scenario: &Scenario) -> anyhow::Result<Self> {
        let configured = read_variables(&root().join(".env"))?;
        if configured.iter().any(|(name, value)| name == "OPENAI_API_KEYS" && is_filled_in(value)) {
            return Ok(Self::Real(configured));
        }
        Ok(Self::Scripted(ModelServer::start(scenario.script.clone()).await?))
    }

    pub(super) fn is_scripted(&self) -> bool {
        matches!(self, Self::Scripted(_))
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::Scripted(server) => {
                format!("a script, at {} (put OPENAI_API_KEYS into .env for a real one)", server.base_url())
            }
            Self::Real(variables) => {
                let url = variables.iter().find(|(name, _)| name == "OPENAI_BASE_URL").map_or("OpenAI", |(_, url)| url);
                format!("the one of .env, at {url}")
            }
        }
    }

    /// For the agent's environment.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        match self {
            Self::Scripted(server) => scripted_variables(server),
            Self::Real(variables) => {
                let mut variables = variables.clone();
                if !variables.iter().any(|(name, _)| name == "LLM_PROVIDER") {
                    variables.push(("LLM_PROVIDER".to_owned(), "openai".to_owned()));
                }
                // The stand-in of Azure DevOps is on this machine, whatever proxy leads to the model.
                variables.push(("NO_PROXY".to_owned(), "127.0.0.1,localhost".to_owned()));
                variables
            }
        }
    }
}

/// The agent's environment for a scripted model.
pub(crate) fn scripted_variables(server: &ModelServer) -> Vec<(String, String)> {
    [("LLM_PROVIDER", "openai".to_owned()), ("OPENAI_BASE_URL", server.base_url()), ("OPENAI_API_KEYS", server.key().to_owned())]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
}

fn read_variables(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let lines = dotenvy::from_path_iter(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut variables = Vec::new();
    for line in lines {
        let (name, value) = line.with_context(|| format!("{} cannot be understood", file.display()))?;
        if MODEL_VARIABLES.contains(&name.as_str()) && !value.is_empty() {
            variables.push((name, value));
        }
    }
    Ok(variables)
}

/// Neither empty nor a placeholder such as `<openai-key>`.
fn is_filled_in(value: &str) -> bool {
    !value.is_empty() && !value.starts_with(['<', '['])
}
