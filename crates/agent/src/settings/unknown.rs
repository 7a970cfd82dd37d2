//! Names that nobody reads but that look as if somebody should.

use std::collections::BTreeSet;

use super::{
    Problem,
    raw::{Entry, FILE_SUFFIX},
    table::{TABLE, find},
};

/// Who sets a variable that starts like this means this agent.
const PREFIXES: [&str; 7] = ["OPENAI_", "AZURE_OPENAI_", "AZURE_DEVOPS_", "CODERABBIT_", "OAUTH2_", "LLM_", "ANTHROPIC_"];

/// A warning for every unknown variable that is close to one of ours.
pub(super) fn warnings(entries: &[Entry]) -> Vec<Problem> {
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let is_set = |name: &str| names.contains(name);
    names.iter().filter(|name| !is_known(name)).filter_map(|name| warning(name, &is_set)).collect()
}

fn is_known(name: &str) -> bool {
    find(name).is_some() || name.strip_suffix(FILE_SUFFIX).and_then(find).is_some_and(|variable| variable.secret)
}

fn warning(name: &str, is_set: &dyn Fn(&str) -> bool) -> Option<Problem> {
    let problem = |text: String| Some(Problem { variable: name.to_owned(), text });
    let upper = name.to_ascii_uppercase();
    if upper != name && find(&upper).is_some() {
        // Many systems set http_proxy beside HTTP_PROXY; that is no mistake.
        let mistake = name.len() >= 8 && !is_set(&upper);
        return if mistake { problem(format!("is not read; names are written in capitals: {upper}")) } else { None };
    }
    if let Some(variable) = name.strip_suffix(FILE_SUFFIX).and_then(find) {
        return problem(format!("is not read; {} is no secret and has no file form: set it itself", variable.name));
    }
    if let Some(near) = nearest(name) {
        return problem(format!("is not read; did you mean {near}?"));
    }
    let deployment = name.starts_with("AZURE_") && name.ends_with("_DEPLOYMENT_NAME");
    let ours = deployment || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if ours && !is_service_link(name) {
        return problem("is not read; this agent has no such variable (docs/configuration.md lists all)".to_owned());
    }
    None
}

/// The closest of our names, near enough to be a slip. Short names are too close to everything: `HOME` is no `HOST`.
fn nearest(name: &str) -> Option<&'static str> {
    let limit = match name.len() {
        0..=4 => 0,
        5..=7 => 1,
        _ => 2,
    };
    TABLE
        .iter()
        .map(|variable| (strsim::osa_distance(name, variable.name), variable.name))
        .filter(|(distance, _)| (1..=limit).contains(distance))
        .min()
        .map(|(_, near)| near)
}

/// What Kubernetes sets for every service of the namespace, such as one that is called `coderabbit-agent`.
fn is_service_link(name: &str) -> bool {
    name.contains("_SERVICE_HOST") || name.contains("_SERVICE_PORT") || name.ends_with("_PORT") || name.contains("_PORT_")
}
