//! What people write into their `.env`, and what they are told about it.

mod document;
mod dotenv;
mod no_proxy;
mod page;
mod problems;
mod variables;

use super::{Loaded, Problem, Purpose, Settings};

/// The least that serving needs.
const SERVE: [(&str, &str); 3] =
    [("OPENAI_API_KEYS", "sk-1"), ("AZURE_DEVOPS_BOT_TOKEN", "pat-1"), ("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit")];

fn load(purpose: Purpose, vars: &[(&str, &str)]) -> Result<Loaded, Vec<Problem>> {
    let vars: Vec<(String, String)> = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings::from_vars(purpose, &vars)
}

/// With what serving needs; later entries win.
fn serve(vars: &[(&str, &str)]) -> Result<Loaded, Vec<Problem>> {
    load(Purpose::Serve, &[&SERVE[..], vars].concat())
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().flat_map(|problem| [problem.to_string(), "\n".to_owned()]).collect()
}
