//! What models cost: the price of each call, from a table that the operator can overrule.
//!
//! A model that no row names has no price. Nothing is guessed from a relative: `gpt-5` says nothing about `gpt-5-pro`, which
//! costs twelve times as much, so a name is only followed by what marks a release of the same model (a date, `-latest`).

mod table;
#[cfg(test)]
mod tests;

use crate::{money::Money, usage::Usage};

/// Input that goes into the cache costs this part of its price more: Anthropic asks 1.25 times the price for entries that live
/// five minutes (<https://platform.claude.com/docs/en/about-claude/pricing>), the only ones that are asked for.
const CACHE_WRITE_SURCHARGE: u128 = 4;

/// US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub input: Money,
    /// Input that the provider took from its cache.
    pub cached_input: Money,
    pub output: Money,
}

impl Price {
    /// What these tokens cost. Parts of a micro-dollar are rounded up, so that many small calls do not pass below a ceiling.
    pub fn of(&self, usage: &Usage) -> Money {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let fresh = usage.input_tokens.saturating_sub(cached);
        let part = |tokens: u64, price: Money| u128::from(tokens).saturating_mul(u128::from(price.micros()));
        let sum = part(fresh, self.input)
            .saturating_add(part(usage.cache_write_tokens.min(fresh), self.input).div_ceil(CACHE_WRITE_SURCHARGE))
            .saturating_add(part(cached, self.cached_input))
            .saturating_add(part(usage.output_tokens, self.output));
        Money::from_micros(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    fn is_free(&self) -> bool {
        [self.input, self.cached_input, self.output].iter().all(|price| *price == Money::ZERO)
    }
}

/// The built-in table, and what the operator set above it (`MODEL_PRICES`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceList {
    /// In lower case; a `*` at the end stands for any ending.
    own: Vec<(String, Price)>,
}

impl PriceList {
    /// Reads `model=input/cached/output`, in dollars per million tokens, separated by commas. A model ends with `*` to mean
    /// every one that begins so. The error lists everything that is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut list, mut problems) = (Self::default(), Vec::new());
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match entry_of(entry) {
                Ok((model, _)) if list.own.iter().any(|(known, _)| *known == model) => {
                    problems.push(format!("`{model}` has more than one price"));
                }
                Ok(priced) => list.own.push(priced),
                Err(problem) => problems.push(format!("in `{}`, {problem}", shown(entry))),
            }
        }
        if list.own.is_empty() && problems.is_empty() {
            problems.push("it names no model".to_owned());
        }
        if problems.is_empty() { Ok(list) } else { Err(problems.join("; ")) }
    }

    /// The price of a model by the name that its endpoint knows. What the operator set goes before the table, and of several
    /// rows the one with the longest name counts. None: not known.
    pub fn of(&self, model: &str) -> Option<Price> {
        let model = model.trim().to_lowercase();
        let plain = table::without_route(&model);
        let own = self.own.iter().filter(|(name, _)| [model.as_str(), plain].iter().any(|model| is_meant(name, model)));
        if let Some((_, price)) = own.max_by_key(|(name, _)| name.len()) {
            return Some(*price);
        }
        table::price_of(plain)
    }

    /// Puts the price on a call. One of a model without a price is counted as such, and so is one of which the server told no
    /// tokens, unless the model is free.
    pub fn charge(&self, model: &str, usage: &mut Usage) {
        let is_told = usage.input_tokens > 0 || usage.output_tokens > 0;
        match self.of(model).filter(|price| is_told || price.is_free()) {
            Some(price) => usage.cost = price.of(usage),
            None => usage.unpriced_calls = usage.calls,
        }
    }
}

fn entry_of(entry: &str) -> Result<(String, Price), String> {
    let (model, prices) = entry.rsplit_once('=').ok_or("there is no `=` between the model and its prices")?;
    let model = model.trim().to_lowercase();
    if model.is_empty() {
        return Err("the model is missing before the `=`".to_owned());
    }
    if model.chars().any(char::is_whitespace) || model.trim_end_matches('*').contains('*') || model.ends_with("**") {
        return Err("the model holds white space, or a `*` that is not its end".to_owned());
    }
    let prices: Vec<&str> = prices.split('/').map(str::trim).collect();
    let [input, cached, output] = prices[..] else {
        return Err(format!("there are {} prices in the place of three (input/cached/output)", prices.len()));
    };
    let price = |text: &str, what: &str| Money::parse(text).map_err(|problem| format!("the price of {what}: {problem}"));
    let (input, cached) = (price(input, "input"), price(cached, "cached input"));
    let output = price(output, "output");
    match (input, cached, output) {
        (Ok(input), Ok(cached_input), Ok(output)) => Ok((model, Price { input, cached_input, output })),
        (input, cached, output) => {
            Err([input, cached, output].into_iter().filter_map(Result::err).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Whether a row of this name prices the model.
fn is_meant(name: &str, model: &str) -> bool {
    match name.strip_suffix('*') {
        Some(beginning) => model.starts_with(beginning),
        None => model.strip_prefix(name).is_some_and(table::is_release),
    }
}

/// An entry for a message, not longer than a part of a line.
fn shown(entry: &str) -> String {
    const MAX: usize = 60;
    let mut shown: String = entry.chars().take(MAX).collect();
    if entry.chars().nth(MAX).is_some() {
        shown.push('…');
    }
    shown
}
