//! The built-in prices, and how the names of models are read.
//!
//! Sources, all read in November 2026:
//! - OpenAI: the price page (<https://developers.openai.com/api/docs/pricing>) as `LiteLLM`'s table of 24 July 2026 and
//!   Simon Willison's table of 30 July 2026 (<https://github.com/simonw/llm-prices>) give it; the page itself could not be
//!   read. Rows that only one of the two has, or where they differ, are marked.
//! - Anthropic: the price page itself (<https://platform.claude.com/docs/en/about-claude/pricing>) for what it still lists
//!   with all figures; its edition of August 2025 for models that were retired since; models marked so by their own pages.
//!
//! Standard tier, without batch, priority and regional surcharges. Left out on purpose, for want of one price: models that
//! cost more above some length of the prompt (`gpt-5.4`, `gpt-5.5`, `claude-haiku-5-5`), and those whose price moved within
//! weeks (`gpt-5.6-*`). Bedrock asks Anthropic's prices, and for newer models ten per cent more at regional endpoints.

use super::Price;
use crate::money::Money;

/// Names, then input, cached input and output in micro-dollars per million tokens.
type Row = (&'static [&'static str], u64, u64, u64);

const ROWS: &[Row] = &[
    // OpenAI
    (&["gpt-4.1"], 2_000_000, 500_000, 8_000_000),
    (&["gpt-4.1-mini"], 400_000, 100_000, 1_600_000),
    (&["gpt-4.1-nano"], 100_000, 25_000, 400_000),
    (&["gpt-4o"], 2_500_000, 1_250_000, 10_000_000),
    // In LiteLLM's table only; it knows no cache.
    (&["gpt-4o-2024-05-13"], 5_000_000, 5_000_000, 15_000_000),
    (&["gpt-4o-mini"], 150_000, 75_000, 600_000),
    // Those of `-chat` and `-codex` in LiteLLM's table only.
    (&["gpt-5", "gpt-5-chat", "gpt-5-codex"], 1_250_000, 125_000, 10_000_000),
    (&["gpt-5-mini"], 250_000, 25_000, 2_000_000),
    (&["gpt-5-nano"], 50_000, 5_000, 400_000),
    (&["gpt-5-pro"], 15_000_000, 15_000_000, 120_000_000),
    // That of `-codex-max` in LiteLLM's table only.
    (&["gpt-5.1", "gpt-5.1-codex", "gpt-5.1-codex-max"], 1_250_000, 125_000, 10_000_000),
    (&["gpt-5.1-codex-mini"], 250_000, 25_000, 2_000_000),
    // That of `-codex` in LiteLLM's table only.
    (&["gpt-5.2", "gpt-5.2-codex"], 1_750_000, 175_000, 14_000_000),
    (&["gpt-5.4-mini"], 750_000, 75_000, 4_500_000),
    (&["gpt-5.4-nano"], 200_000, 20_000, 1_250_000),
    // The other table has it as `o1-preview`.
    (&["o1"], 15_000_000, 7_500_000, 60_000_000),
    // The other table still has the price from before June 2025, 10 and 40 dollars.
    (&["o3"], 2_000_000, 500_000, 8_000_000),
    (&["o3-mini"], 1_100_000, 550_000, 4_400_000),
    (&["o4-mini"], 1_100_000, 275_000, 4_400_000),
    // Anthropic
    (&["claude-3-haiku"], 250_000, 30_000, 1_250_000),
    (&["claude-3-5-haiku"], 800_000, 80_000, 4_000_000),
    (&["claude-haiku-4-5"], 1_000_000, 100_000, 5_000_000),
    (&["claude-3-5-sonnet", "claude-3-7-sonnet"], 3_000_000, 300_000, 15_000_000),
    (&["claude-sonnet-4", "claude-sonnet-4-0"], 3_000_000, 300_000, 15_000_000),
    (&["claude-sonnet-4-5", "claude-sonnet-4-6"], 3_000_000, 300_000, 15_000_000),
    // By its own page.
    (&["claude-sonnet-5"], 2_000_000, 200_000, 10_000_000),
    // By its own page, but for the cache, which others read from the price page on 24 October 2026.
    (&["claude-sonnet-5-5"], 2_000_000, 100_000, 10_000_000),
    (&["claude-3-opus"], 15_000_000, 1_500_000, 75_000_000),
    (&["claude-opus-4", "claude-opus-4-0", "claude-opus-4-1"], 15_000_000, 1_500_000, 75_000_000),
    (&["claude-opus-4-5", "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8"], 5_000_000, 500_000, 25_000_000),
    (&["claude-opus-5"], 5_000_000, 500_000, 25_000_000),
    // As claude-sonnet-5-5.
    (&["claude-opus-5-5"], 4_000_000, 200_000, 20_000_000),
];

/// What routers put before the names of the models behind them.
const ROUTES: &[&str] = &["openai/", "azure/", "anthropic/", "bedrock/"];

/// Of a name in lower case, without what routes to it.
pub(super) fn price_of(model: &str) -> Option<Price> {
    let meant = ROWS.iter().flat_map(|row| row.0.iter().map(move |name| (*name, row)));
    let meant = meant.filter(|(name, _)| model.strip_prefix(name).is_some_and(is_release));
    let (_, &(_, input, cached, output)) = meant.max_by_key(|(name, _)| name.len())?;
    let money = Money::from_micros;
    Some(Price { input: money(input), cached_input: money(cached), output: money(output) })
}

/// `claude-…` of `eu.anthropic.claude-…` (Bedrock's ids and inference profiles, also by their ARN), `gpt-…` of `openai/gpt-…`.
pub(super) fn without_route(model: &str) -> &str {
    let model = if model.starts_with("arn:") { model.rsplit('/').next().unwrap_or(model) } else { model };
    let model = ROUTES.iter().find_map(|route| model.strip_prefix(route)).unwrap_or(model);
    match model.split_once("anthropic.") {
        Some((region, rest)) if region.is_empty() || region.ends_with('.') => rest,
        _ => model,
    }
}

/// Whether the rest of a name only tells which release of the same model: nothing, `-latest`, a date as OpenAI
/// (`-2025-04-14`), Anthropic (`-20250929`) and Vertex (`@20250929`) write it, and Bedrock's version behind any of them
/// (`-v1:0`).
pub(super) fn is_release(rest: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = match rest.rsplit_once("-v") {
        Some((before, version)) if version.split(':').all(is_number) => before,
        _ => rest,
    };
    let date = match rest.strip_prefix(['-', '@']) {
        None => return rest.is_empty(),
        Some("latest") => return true,
        Some(date) => date,
    };
    let parts: Vec<usize> = date.split('-').filter(|part| is_number(part)).map(str::len).collect();
    let all = date.split('-').count();
    parts.len() == all && matches!(parts[..], [8] | [4, 2, 2])
}
