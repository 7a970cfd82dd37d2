//! The operator's own secrets, which are found letter by letter.

use std::collections::BTreeSet;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{Hit, rank};

const RULE: &str = "own-secret";

/// Shorter ones stand in texts by chance.
const MIN_CHARS: usize = 8;
/// A longer one is no word.
const MAX_WORD_CHARS: usize = 24;
/// Below this many different characters (`00000000`, `abababab`) it is a filler.
const MIN_DISTINCT: usize = 4;
/// A line of a secret of several lines (a key) that is as long as this is a secret of its own.
const MIN_LINE_CHARS: usize = 16;
/// A secret below this length, in base64, would leave too few letters that do not depend on its neighbours.
const MIN_ENCODED_CHARS: usize = 12;

/// Finds the secrets that it was made of.
#[derive(Clone, Default)]
pub(super) struct OwnSecrets {
    /// None: there is nothing to look for.
    finder: Option<AhoCorasick>,
    /// The secret that each pattern of the finder stands for.
    meanings: Vec<String>,
}

impl OwnSecrets {
    pub(super) fn new(known: &[&str]) -> Self {
        let mut secrets = BTreeSet::new();
        for known in known.iter().map(|known| known.trim()) {
            if known.contains(['\n', '\r']) {
                let lines = known.split(['\n', '\r']).map(str::trim).filter(|line| !line.starts_with("-----"));
                secrets.extend(lines.filter(|line| line.chars().count() >= MIN_LINE_CHARS));
            } else {
                secrets.insert(known);
            }
        }
        secrets.retain(|secret| !is_too_common(secret));

        let mut patterns = Vec::new();
        let mut meanings = Vec::new();
        let mut seen = BTreeSet::new();
        for secret in secrets {
            for form in forms(secret) {
                if seen.insert(form.clone()) {
                    patterns.push(form);
                    meanings.push(secret.to_owned());
                }
            }
        }
        if patterns.is_empty() {
            return Self::default();
        }
        // Longest first, so that no part of a longer one stays.
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns);
        Self { finder: Some(finder.expect("settings are smaller than 2 GB")), meanings }
    }

    pub(super) fn hits(&self, text: &str) -> Vec<Hit> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let hit = |found: aho_corasick::Match| Hit {
            span: found.range(),
            rule: RULE,
            rank: rank::OWN,
            secret: self.meanings.get(found.pattern().as_usize()).cloned().unwrap_or_default(),
            continues: false,
        };
        finder.find_iter(text).map(hit).collect()
    }
}

/// Whether texts hold this for other reasons: short, a word, or a filler.
fn is_too_common(secret: &str) -> bool {
    let distinct: BTreeSet<char> = secret.chars().collect();
    secret.chars().count() < MIN_CHARS || distinct.len() < MIN_DISTINCT || is_plain_word(secret)
}

/// Letters of one case, or with a capital first, in parts: `ollama`, `my-secret`, `Development`. No telling letters from
/// digits would leave `Summer2024` out, which is a bad secret, but no word of anybody's code.
fn is_plain_word(secret: &str) -> bool {
    let is_word = |word: &str| {
        let rest = word.strip_prefix(|first: char| first.is_ascii_alphabetic()).unwrap_or(word);
        let is_letters = word.chars().all(|character| character.is_ascii_alphabetic());
        let is_one_case = rest.chars().all(|character| character.is_ascii_lowercase())
            || word.chars().all(|character| character.is_ascii_uppercase());
        is_letters && is_one_case
    };
    secret.len() <= MAX_WORD_CHARS && secret.split(['-', '_', '.', ' ', '/']).all(is_word)
}

/// The ways in which a secret is written: as it is, in a URL, and inside base64 (a `Secret` of Kubernetes, Basic
/// authentication) at each of the three places where it can begin in a group of three bytes.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    let encoded: String = secret.bytes().map(percent_encoded).collect();
    if encoded != secret {
        forms.push(encoded);
    }
    if secret.len() >= MIN_ENCODED_CHARS {
        for before in 0..3_usize {
            let mut bytes = vec![0; before];
            bytes.extend(secret.bytes());
            let encoded = STANDARD_NO_PAD.encode(&bytes);
            // Letters that also depend on bytes before or after the secret are left out.
            let first = (before * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            forms.extend(encoded.get(first..end).map(str::to_owned));
        }
    }
    forms
}

fn percent_encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}
