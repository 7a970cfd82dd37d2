//! A comment's text to what it asks for.

use super::{Asked, COMMANDS, Command, UNKNOWN_HERE};
use crate::{chat::is_courtesy, pull_request::Person};

/// The name by which the commercial product is spoken to; teams keep their habits.
const PRODUCT: &str = "coderabbitai";
/// Requests of one comment that are read.
const MAX_REQUESTS: usize = 5;
/// What stands before the name of a recipe.
const RUN: &str = "run";
/// Longer lines are talk.
const MAX_LINE_CHARS: usize = 300;
/// Mentions of one comment that are looked at.
const MAX_MENTIONS: usize = 100;
/// A name is no longer.
const MAX_NAME_CHARS: usize = 200;
/// A word that differs from a command in one letter is taken for it; in two when it has more letters than this.
const SHORT_WORD: usize = 5;

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

/// Whom a comment speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressee {
    Agent,
    SomebodyElse,
    /// It mentions nobody.
    Everybody,
}

impl Names {
    /// By its mentions outside of quotes and code. What begins with a mention of somebody else speaks to them, unless a line
    /// begins with one of the agent. Whom a typed `@name` means is known only of the agent's own names: at the beginning of a
    /// comment any is taken for a person, elsewhere none (`@Override` is no colleague); picked from the list (`@<guid>`) each is
    /// one.
    pub fn addressee(&self, text: &str) -> Addressee {
        let text = spoken(text);
        let (mut names_agent, mut names_others, mut begins_with_others) = (false, false, false);
        for at in mentions(&text).take(MAX_MENTIONS) {
            let (before, rest) = text.split_at_checked(at).unwrap_or_default();
            if self.after_mention(&beginning(rest)).is_some() {
                names_agent = true;
            } else {
                names_others |= rest.starts_with("@<");
                begins_with_others |= before.trim().is_empty();
            }
        }
        let begins_a_line = || text.lines().any(|line| self.after_mention(&beginning(line)).is_some());
        if begins_with_others && !begins_a_line() {
            Addressee::SomebodyElse
        } else if names_agent {
            Addressee::Agent
        } else if names_others {
            Addressee::SomebodyElse
        } else {
            Addressee::Everybody
        }
    }

    /// The text without mentions, of whomever.
    pub(crate) fn without_mentions(&self, text: &str) -> String {
        let mut left = String::with_capacity(text.len());
        let mut rest = text;
        for _ in 0..MAX_MENTIONS {
            let Some(at) = mentions(rest).next() else { break };
            let (before, mention) = rest.split_at_checked(at).unwrap_or((rest, ""));
            left.push_str(before);
            let length = match self.after_mention(&beginning(mention)) {
                // What follows was lowered in case; that may change its length, so it is counted in characters.
                Some(after) => beginning(mention).to_lowercase().chars().count().saturating_sub(after.chars().count()),
                None if mention.starts_with("@<") => mention.chars().take_while(|character| *character != '>').count() + 1,
                None => 1 + mention.chars().skip(1).take_while(|character| character.is_alphanumeric()).count(),
            };
            left.push(' ');
            let end = mention.char_indices().nth(length).map_or(mention.len(), |(index, _)| index);
            rest = mention.get(end..).unwrap_or_default();
        }
        left + rest
    }
}

/// Where something is mentioned: at `@`, when it ends no word and begins one.
fn mentions(text: &str) -> impl Iterator<Item = usize> {
    let mut before = ' ';
    let mut characters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (index, character) = characters.next()?;
            let is_alone = !(before.is_alphanumeric() || matches!(before, '_' | '@' | '/' | '.'));
            before = character;
            let begins = characters.peek().is_some_and(|(_, next)| *next == '<' || next.is_alphabetic());
            if character == '@' && is_alone && begins {
                return Some(index);
            }
        }
    })
}

/// As much of a text as a mention can be.
fn beginning(text: &str) -> String {
    text.chars().take(MAX_NAME_CHARS).collect()
}

/// What of a comment is spoken: without quotes and code.
pub(crate) fn spoken(text: &str) -> String {
    let outside = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    spoken_lines(text).map(outside).collect::<Vec<_>>().join("\n")
}

/// What of a comment its author says themselves: without quotes and blocks of code.
pub(crate) fn unquoted(text: &str) -> String {
    spoken_lines(text).collect::<Vec<_>>().join("\n")
}

/// What a comment asks of the agent, each request once, in its order; empty when it does not speak to the agent.
///
/// Quotes and code are not spoken: who quotes a command does not give it.
pub fn asked(text: &str, names: &Names) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    for line in spoken_lines(text).filter(|line| line.chars().count() <= MAX_LINE_CHARS) {
        if let Some(asked) = names.after_mention(line).and_then(|rest| request(&rest))
            && !found.contains(&asked)
        {
            found.push(asked);
        }
    }
    // Somebody who gives a command and says more about it in a second line is not told that the second one is none; and a
    // mention that stands alone above or below what is said is no slip.
    if found.iter().any(|asked| *asked != Asked::Unknown) || says_more(text, names) {
        found.retain(|asked| *asked != Asked::Unknown);
    }
    found.truncate(MAX_REQUESTS);
    found
}

/// Whether a comment may speak to anybody at all. Asked before anything is known of the agent's own names.
pub fn is_addressed_to_somebody(text: &str) -> bool {
    mentions(&spoken(text)).next().is_some()
}

/// Whether there are lines with words beside those that begin with a mention of the agent.
fn says_more(text: &str, names: &Names) -> bool {
    let says = |line: &str| line.contains(char::is_alphanumeric) && names.after_mention(&beginning(line)).is_none();
    spoken_lines(text).any(says)
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

/// The recipe that a comment asks for by `run`, as [`is_recipe`] compares it; the first one of the comment. Empty: `run` without
/// a name. None: it asks for none.
pub fn recipe_asked(text: &str, names: &Names) -> Option<String> {
    let lines = spoken_lines(text).filter(|line| line.chars().count() <= MAX_LINE_CHARS);
    lines.filter_map(|line| names.after_mention(line)).find_map(|rest| {
        let words = words_of(&rest);
        words.strip_prefix(RUN).filter(|name| name.is_empty() || name.starts_with(' ')).map(|name| name.trim().to_owned())
    })
}

/// Whether a recipe of this name is meant by what [`recipe_asked`] gives.
pub fn is_recipe(name: &str, asked: &str) -> bool {
    !asked.is_empty() && words_of(&name.to_lowercase()) == asked
}

/// The words after a mention; `please` and marks of punctuation around them say nothing. None: they are no command, nor one with
/// a slip in it: they are talk.
fn request(rest: &str) -> Option<Asked> {
    let words = words_of(rest);
    if let Some((command, ..)) = COMMANDS.iter().find(|(_, known, _)| *known == words) {
        return Some(Asked::Command(*command));
    }
    if words.strip_prefix(RUN).is_some_and(|name| name.starts_with(' ')) {
        return Some(Asked::Command(Command::Run));
    }
    if let Some((words, why)) = UNKNOWN_HERE.iter().find(|(known, _)| *known == words) {
        return Some(Asked::NotHere { words, why });
    }
    let slips = if words.chars().count() > SHORT_WORD { 2 } else { 1 };
    let is_slip = |known: &str| strsim::damerau_levenshtein(known, &words) <= slips;
    let is_one_word = !words.contains(' ') && words.chars().count() <= MAX_NAME_CHARS && !rest.contains('?');
    let may_be_one = is_one_word && !is_courtesy(&words);
    let is_unknown = words.is_empty() || may_be_one && COMMANDS.iter().any(|(_, known, _)| is_slip(known));
    is_unknown.then_some(Asked::Unknown)
}

fn words_of(text: &str) -> String {
    let is_outer = |character: char| character.is_whitespace() || matches!(character, ':' | ',' | '.' | '!' | '?' | '`' | '*');
    let words =
        text.split_whitespace().map(|word| word.trim_matches(is_outer)).filter(|word| !word.is_empty() && *word != "please");
    words.collect::<Vec<_>>().join(" ")
}
