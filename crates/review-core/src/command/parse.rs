//! A comment's text to what it asks for.

use super::{Asked, COMMANDS, UNKNOWN_HERE};
use crate::pull_request::Person;

/// The name by which the commercial product is spoken to; teams keep their habits.
const PRODUCT: &str = "coderabbitai";
/// Requests of one comment that are read.
const MAX_REQUESTS: usize = 5;
/// Longer lines are talk.
const MAX_LINE_CHARS: usize = 300;

/// The names that the agent hears to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Azure DevOps writes a mention that was picked from its list as `@<guid>`.
    id: String,
    /// Lower case, longest first: of two names that begin alike the longer one is meant.
    typed: Vec<String>,
}

impl Names {
    /// Those of the identity that the agent acts by: its display name, its unique name, that name without its domain, and
    /// the product's.
    pub fn of(me: &Person) -> Self {
        let unique = me.unique_name.trim().to_lowercase();
        let account = unique.rsplit_once('\\').map_or(unique.as_str(), |(_, account)| account);
        let account = account.split_once('@').map_or(account, |(account, _)| account).to_owned();
        let mut typed = vec![PRODUCT.to_owned(), me.display_name.trim().to_lowercase(), account, unique];
        typed.retain(|name| !name.is_empty());
        typed.sort_by_key(|name| std::cmp::Reverse(name.len()));
        typed.dedup();
        Self { id: me.id.to_lowercase(), typed }
    }

    /// What follows the mention with which the line begins; None: it begins with none, or with one of somebody else.
    fn after_mention(&self, line: &str) -> Option<String> {
        let line = line.trim_start().to_lowercase();
        let rest = line.strip_prefix('@')?;
        if let Some((id, rest)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            return (!self.id.is_empty() && id.trim() == self.id).then(|| rest.to_owned());
        }
        let is_end =
            |rest: &str| rest.chars().next().is_none_or(|next| !next.is_alphanumeric() && !matches!(next, '_' | '-' | '@' | '.'));
        self.typed.iter().find_map(|name| rest.strip_prefix(name.as_str()).filter(|rest| is_end(rest))).map(str::to_owned)
    }
}

/// What a comment asks of the agent, each request once, in its order; empty when it does not speak to the agent.
///
/// Quotes and code are not spoken: who quotes a command does not give it.
pub fn asked(text: &str, names: &Names) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    for line in spoken_lines(text).filter(|line| line.chars().count() <= MAX_LINE_CHARS) {
        if let Some(asked) = names.after_mention(line).map(|rest| request(&rest))
            && !found.contains(&asked)
        {
            found.push(asked);
        }
    }
    // Somebody who gives a command and says more about it in a second line is not told that the second one is none.
    if found.iter().any(|asked| *asked != Asked::Unknown) {
        found.retain(|asked| *asked != Asked::Unknown);
    }
    found.truncate(MAX_REQUESTS);
    found
}

/// Whether a comment may speak to anybody at all. Asked before anything is known of the agent's own names.
pub fn is_addressed_to_somebody(text: &str) -> bool {
    spoken_lines(text).any(|line| line.trim_start().starts_with('@'))
}

fn spoken_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut fence: Option<&'static str> = None;
    text.lines().filter(move |line| {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => return !start.starts_with('>'),
            _ => {}
        }
        false
    })
}

/// The words after a mention; `please` and marks of punctuation around them say nothing.
fn request(rest: &str) -> Asked {
    let is_outer = |character: char| character.is_whitespace() || matches!(character, ':' | ',' | '.' | '!' | '?' | '`' | '*');
    let words: Vec<&str> =
        rest.split_whitespace().map(|word| word.trim_matches(is_outer)).filter(|word| !word.is_empty()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| *word != "please").collect();
    let words = words.join(" ");
    if let Some((command, ..)) = COMMANDS.iter().find(|(_, known, _)| *known == words) {
        return Asked::Command(*command);
    }
    match UNKNOWN_HERE.iter().find(|(known, _)| *known == words) {
        Some((words, why)) => Asked::NotHere { words, why },
        None => Asked::Unknown,
    }
}
