//! Going through a text once, and trying each rule where one of its keywords stands.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use super::{
    Hit, assignment, plausible, private_key, rank,
    rules::{Check, Place, RULES, Rule},
};

/// A rule sees so many bytes from where it begins. Longer secrets of one piece are followed to their end.
const WINDOW: usize = 4096;

/// What a keyword calls.
#[derive(Debug, Clone, Copy)]
enum Called {
    /// A rule of the table, by its place there.
    Rule(usize),
    PrivateKey,
    Assignment,
}

struct Scanner {
    keywords: AhoCorasick,
    /// What each keyword calls.
    called: Vec<Called>,
    /// Of each rule of the table.
    patterns: Vec<Regex>,
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let mut keywords: Vec<&str> = Vec::new();
    let mut called = Vec::new();
    let of_rules = RULES.iter().enumerate().map(|(index, rule)| (Called::Rule(index), rule.keywords));
    let others = [(Called::PrivateKey, private_key::KEYWORDS), (Called::Assignment, assignment::KEYWORDS)];
    for (calls, words) in of_rules.chain(others) {
        keywords.extend(words);
        called.extend(words.iter().map(|_| calls));
    }
    let pattern = |rule: &Rule| Regex::new(&format!("^(?:{})", rule.pattern)).expect("a constant expression");
    let finder = AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(keywords);
    Scanner { keywords: finder.expect("a constant list"), called, patterns: RULES.iter().map(pattern).collect() }
});

/// Everything in the text that a rule takes for a secret; hits may overlap.
pub(super) fn hits(text: &str) -> Vec<Hit> {
    let scanner = &*SCANNER;
    let mut hits = old_azure_devops_tokens(text);
    // Inside of a token that was found no other begins; without this, a chain of marks would be read again from each.
    let mut token_end = 0;
    // Of a secret that is longer than the window nothing more is read.
    let mut skipped_until = 0;
    // A frame inside of a key is none: that text would be read again from each frame.
    let mut key_end = 0;
    for found in scanner.keywords.find_overlapping_iter(text) {
        if found.start() < skipped_until {
            continue;
        }
        let hit = match scanner.called.get(found.pattern().as_usize()) {
            Some(Called::Rule(index)) => {
                let (Some(rule), Some(pattern)) = (RULES.get(*index), scanner.patterns.get(*index)) else { continue };
                if rule.place != Place::After && found.start() < token_end {
                    continue;
                }
                let hit =
                    secret_of_rule(text, rule, pattern, found.span()).map(|hit| Hit { rank: rank::FIRST_RULE + index, ..hit });
                if let Some(hit) = hit.as_ref().filter(|_| rule.place != Place::After) {
                    token_end = hit.span.end;
                }
                hit
            }
            Some(Called::PrivateKey) => {
                if found.start() >= key_end {
                    let lines = private_key::hits_at(text, found.start());
                    key_end = lines.last().map_or(key_end, |line| line.span.end);
                    hits.extend(lines);
                }
                continue;
            }
            Some(Called::Assignment) => assignment::hit_at(text, found.range(), window(text, found.end())),
            None => None,
        };
        if let Some(mut hit) = hit {
            if hit.span.end - hit.span.start > WINDOW / 2 {
                follow(text, &mut hit);
                skipped_until = hit.span.end;
            }
            hits.push(hit);
        }
    }
    hits
}

fn secret_of_rule(text: &str, rule: &Rule, pattern: &Regex, keyword: aho_corasick::Span) -> Option<Hit> {
    let start = match rule.place {
        Place::Token(before) => keyword.start.checked_sub(before).filter(|start| begins_a_token(text, *start))?,
        Place::Anywhere => keyword.start,
        Place::After => keyword.end,
    };
    let captures = pattern.captures(window(text, start))?;
    let secret = captures.get(rule.group)?;
    let is_secret = plausible::has_entropy(secret.as_str(), rule.min_entropy) && rule.check.passes(secret.as_str());
    is_secret.then(|| Hit {
        span: start + secret.start()..start + secret.end(),
        rule: rule.id,
        rank: 0,
        secret: secret.as_str().to_owned(),
        continues: false,
    })
}

/// Whether no letter, digit or joint of a longer word stands before this place. Also holds back what would be tried again
/// and again inside of one long word.
fn begins_a_token(text: &str, start: usize) -> bool {
    let before = start.checked_sub(1).and_then(|before| text.as_bytes().get(before));
    before.is_none_or(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) || is_escape(text, start))
}

/// Whether the letter before this place ends an escape, as in `"\nAKIA…"`.
fn is_escape(text: &str, start: usize) -> bool {
    let before = |distance: usize| start.checked_sub(distance).and_then(|at| text.as_bytes().get(at));
    before(2) == Some(&b'\\') && matches!(before(1), Some(b'n' | b'r' | b't'))
}

fn window(text: &str, start: usize) -> &str {
    let end = text.floor_char_boundary(start.saturating_add(WINDOW));
    text.get(start..end).unwrap_or_default()
}

/// Moves the end of a hit to the end of the word: the window may have cut it.
fn follow(text: &str, hit: &mut Hit) {
    let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_.~+/=%".contains(byte);
    let rest = text.as_bytes().get(hit.span.end..).unwrap_or_default();
    hit.span.end += rest.iter().take_while(is_of_word).count();
    text.get(hit.span.clone()).unwrap_or_default().clone_into(&mut hit.secret);
}

/// Azure DevOps' tokens until 2024: 52 letters of base32 in lower case, which no keyword announces.
///
/// Hashes of Nix have the same length, but an alphabet without `e`, `o`, `t` and `u`, which a token of 52 letters lacks
/// once in a thousand.
fn old_azure_devops_tokens(text: &str) -> Vec<Hit> {
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u:\b)[a-z2-7]{52}(?-u:\b)").expect("a constant expression"));
    let is_token = |word: &str| {
        word.contains(['e', 'o', 't', 'u'])
            && plausible::has_letter_and_digit(word)
            && plausible::has_entropy(word, 3.8)
            && Check::NoExample.passes(word)
    };
    let found = TOKEN.find_iter(text).filter(|found| is_token(found.as_str()));
    let hit = |found: regex::Match<'_>| Hit {
        span: found.range(),
        rule: "azure-devops-pat",
        rank: rank::FIRST_RULE,
        secret: found.as_str().to_owned(),
        continues: false,
    };
    found.map(hit).collect()
}
