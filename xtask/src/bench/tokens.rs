//! `cargo xtask bench tokens`: what the prompts of a run hold, and how much of them the calls of a run share.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use testkit::{
    model::{ModelOptions, ModelServer},
    repository::Repository,
};

use super::{
    change::{SIZES, Size},
    prompts::{Prompt, Shares, ratio, shares},
};
use crate::{
    agent,
    process::{command, output, say, variable},
};

/// What second and later calls must have from an earlier one, of what stands before their own question: it is byte-identical,
/// or no cache finds it.
const LEAST_OF_PREFIX: f64 = 0.8;
/// The same of their whole messages. Not of a small change: there the words of each role alone are half of a prompt.
const LEAST_OF_WHOLE: f64 = 0.8;

/// Whose protocol is spoken.
#[derive(Debug, Clone, Copy)]
enum Protocol {
    OpenAi,
    Anthropic,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
        }
    }

    fn models(self) -> [&'static str; 3] {
        match self {
            Self::OpenAi => ["gpt-4.1-mini", "o4-mini", "o3"],
            Self::Anthropic => ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"],
        }
    }

    fn variables(self, server: &ModelServer) -> [(&'static str, String); 3] {
        let (key, provider) = (server.key().to_owned(), ("LLM_PROVIDER", self.name().to_owned()));
        match self {
            Self::OpenAi => [provider, ("OPENAI_BASE_URL", server.base_url()), ("OPENAI_API_KEYS", key)],
            Self::Anthropic => [provider, ("ANTHROPIC_BASE_URL", server.endpoint()), ("ANTHROPIC_API_KEYS", key)],
        }
    }
}

pub(crate) async fn run() -> anyhow::Result<()> {
    say("building the agent");
    let binary = agent::build(false)?;
    let mut rows = Vec::new();
    for size in SIZES {
        // Anthropic's requests say where the question of a call begins, and OpenAI's are the same up to there.
        let mut prefix = 0;
        for protocol in [Protocol::Anthropic, Protocol::OpenAi] {
            let sent = send(&binary, protocol, size).await.with_context(|| format!("{} {}", protocol.name(), size.name))?;
            prefix = sent.prompts.iter().filter_map(|prompt| prompt.prefix).max().unwrap_or(prefix);
            if prefix == 0 {
                bail!("{}: no request says where the question of a call begins", protocol.name());
            }
            let shares = shares(&sent.prompts, prefix).context("there were not two calls")?;
            let (calls, tokens) = (sent.prompts.len(), sent.prompts.iter().map(Prompt::tokens).sum());
            rows.push(Row { protocol, size, calls, tokens, shares, cached: sent.cached });
        }
    }
    report(&rows);
    let too_little: Vec<String> = rows.iter().filter_map(Row::complaint).collect();
    if !too_little.is_empty() {
        bail!(
            "{}. What the calls of a run have in common stands first, byte for byte, without times and numbers of its own \
             (review-core/src/prompt, agent/src/llm/endpoint)",
            too_little.join("; ")
        );
    }
    Ok(())
}

/// One run.
#[derive(Debug)]
struct Row {
    protocol: Protocol,
    size: Size,
    calls: usize,
    tokens: usize,
    shares: Shares,
    cached: f64,
}

impl Row {
    fn complaint(&self) -> Option<String> {
        let Self { protocol, size, shares: Shares { of_prefix, of_whole, .. }, .. } = self;
        let told = |share: &f64, limit: f64, of: &str| {
            let (percent, limit) = (share * 100.0, limit * 100.0);
            format!(
                "{}, {} change: a later call has {percent:.0} % of its {of} from an earlier one, not {limit:.0} %",
                protocol.name(),
                size.name
            )
        };
        if *of_prefix < LEAST_OF_PREFIX {
            return Some(told(of_prefix, LEAST_OF_PREFIX, "prefix"));
        }
        (size.is_measured_whole() && *of_whole < LEAST_OF_WHOLE).then(|| told(of_whole, LEAST_OF_WHOLE, "prompt"))
    }
}

/// What a review sent.
struct Sent {
    prompts: Vec<Prompt>,
    /// Share of the prompt tokens that the stand-in counted as cached: it looks at the messages alone.
    cached: f64,
}

async fn send(binary: &Path, protocol: Protocol, size: Size) -> anyhow::Result<Sent> {
    let options = ModelOptions { models: protocol.models().map(str::to_owned).to_vec(), ..ModelOptions::default() };
    let server = ModelServer::start_with(options, size.script()).await?;
    let place = tempfile::tempdir().context("no temporary directory")?;
    size.commit(&Repository::init(place.path())?)?;
    let mut review = command(binary);
    review.args(["review", "--base", "main", "--format", "json"]).current_dir(place.path()).env_clear();
    review.envs(["PATH", "HOME"].into_iter().filter_map(|name| variable(name).map(|value| (name, value))));
    review.envs(protocol.variables(&server));
    let said = tokio::task::spawn_blocking(move || output(&mut review)).await??;
    let review: Value = serde_json::from_str(&said).context("the review is no JSON")?;
    if review["partial"] != false || review["findings"].as_array().is_none_or(Vec::is_empty) {
        bail!("the review is not the one that is measured: {review:#}");
    }
    let count = |name: &str| review["usage"][name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    let cached = ratio(count("cached_tokens"), count("input_tokens"));
    Ok(Sent { prompts: server.calls().iter().map(Prompt::of).collect(), cached })
}

fn report(rows: &[Row]) {
    say("change  protocol   calls  prompt tokens  shared: of the prefix  of the whole  cacheable  cached by the stand-in");
    for Row { protocol, size, calls, tokens, shares, cached } in rows {
        let percent = |share: f64| format!("{:.0} %", share * 100.0);
        let [of_prefix, of_whole, cacheable] = [shares.of_prefix, shares.of_whole, shares.cacheable].map(percent);
        let (change, protocol, cached) = (size.name, protocol.name(), percent(*cached));
        say(&format!(
            "{change:<6}  {protocol:<9}  {calls:>5}  {tokens:>13}  {of_prefix:>21}  {of_whole:>12}  {cacheable:>9}  {cached:>22}"
        ));
    }
    let rounded = |share: f64| (share * 1_000.0).round() / 1_000.0;
    let runs = rows.iter().map(|row| {
        json!({
            "change": row.size.name, "protocol": row.protocol.name(), "calls": row.calls, "prompt_tokens": row.tokens,
            "shared_of_prefix": rounded(row.shares.of_prefix), "shared_of_whole": rounded(row.shares.of_whole),
            "cacheable": rounded(row.shares.cacheable), "cached": rounded(row.cached),
        })
    });
    say(&json!({ "bench": "tokens", "runs": runs.collect::<Vec<_>>() }).to_string());
}
