//! What may not leave: secrets in a text become placeholders, and files that hold keys are not read at all.
//!
//! Everything that goes to a model, an embedding, a search or a tracker passes [`Redactor::redact`]. A placeholder is
//! `[redacted:aws-access-key:1a2b3c]`: the rule that found the secret, and six digits of a salted SHA-256 of it, so that the
//! same secret is the same placeholder everywhere in a run, and nobody finds it by hashing guesses.
//!
//! Formats of tokens are facts that their issuers publish or that anybody sees on a token of their own; a rule that names a
//! format says which (`rules`). What has no format is found by what it is assigned to (`assignment`).

mod assignment;
mod diff;
mod key_files;
mod own;
mod plausible;
mod private_key;
mod rules;
mod scan;

use std::{borrow::Cow, fmt, ops::Range, sync::LazyLock};

pub use key_files::is_key_file;
use regex::Regex;
use sha2::{Digest, Sha256};

use self::own::OwnSecrets;

/// What one secret hides may be part of another: the text is read again until nothing more is found, at most this often.
const MAX_PASSES: usize = 8;

/// Hexadecimal digits of the hash in a placeholder: enough to tell the secrets of one run apart.
const DIGITS: usize = 6;

/// Replaces secrets by placeholders. Cheap to build; the rules are compiled once per process.
#[derive(Clone)]
pub struct Redactor {
    salt: Vec<u8>,
    own: OwnSecrets,
}

/// A text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<'a> {
    /// As many lines as before; the same bytes outside of secrets.
    pub text: Cow<'a, str>,
    /// By line. Placeholders that were in the text already are not among them.
    pub found: Vec<FoundSecret>,
}

/// Where a secret was; never the secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundSecret {
    /// The line where it begins, from 1.
    pub line: u32,
    /// Which rule found it, as in the placeholder: `own-secret`, `private-key`, `github-token`, `assigned-secret` and so on.
    pub rule: &'static str,
}

impl Redactor {
    /// `salt` should be random and stay in the process, or be derived from a secret when placeholders must be the same after
    /// a restart. `known` are the operator's own secrets; they are found wherever they stand, also percent-encoded and in
    /// base64. Those below 8 characters and those that are plain words (`ollama`) are passed over: replacing them would
    /// garble every text.
    pub fn new(salt: &[u8], known: &[&str]) -> Self {
        Self { salt: salt.to_vec(), own: OwnSecrets::new(known) }
    }

    /// Replaces every secret that is found. Lines keep their numbers, and what is no secret keeps its bytes; redacting the
    /// result again changes nothing. Takes time in proportion to the length of the text, whatever it says.
    ///
    /// A secret is found by what stands around it on its line, and a private key by its lines together, so redact whole
    /// texts before they are cut into lines or shortened.
    pub fn redact<'a>(&self, text: &'a str) -> Redacted<'a> {
        let mut redacted = Redacted { text: Cow::Borrowed(text), found: Vec::new() };
        for _ in 0..MAX_PASSES {
            let hits = merged(self.hits(&redacted.text));
            if hits.is_empty() {
                break;
            }
            let (text, found) = self.replaced(&redacted.text, &hits);
            redacted.text = Cow::Owned(text);
            redacted.found.extend(found);
        }
        redacted.found.sort_unstable();
        redacted
    }

    /// One that knows no secret of the operator's, for what would tell of a guess that it was right.
    pub(crate) fn by_rules_alone(&self) -> Self {
        Self { salt: self.salt.clone(), own: OwnSecrets::new(&[]) }
    }

    fn hits(&self, text: &str) -> Vec<Hit> {
        let mut hits = self.own.hits(text);
        hits.extend(scan::hits(text));
        if hits.is_empty() {
            return hits;
        }
        let standing: Vec<Range<usize>> = PLACEHOLDER.find_iter(text).map(|found| found.range()).collect();
        hits.retain(|hit| {
            let after = standing.partition_point(|placeholder| placeholder.end <= hit.span.start);
            standing.get(after).is_none_or(|placeholder| placeholder.start >= hit.span.end)
        });
        hits
    }

    fn replaced(&self, text: &str, hits: &[Hit]) -> (String, Vec<FoundSecret>) {
        let mut out = String::with_capacity(text.len());
        let mut found = Vec::new();
        let (mut copied, mut line) = (0, 1_u32);
        for hit in hits {
            let Some(kept) = text.get(copied..hit.span.start) else { continue };
            let breaks = kept.bytes().filter(|byte| *byte == b'\n').count();
            line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
            out.push_str(kept);
            out.push_str(&self.placeholder(hit.rule, &hit.secret));
            copied = hit.span.end;
            if !hit.continues {
                found.push(FoundSecret { line, rule: hit.rule });
            }
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        (out, found)
    }

    fn placeholder(&self, rule: &str, secret: &str) -> String {
        let mut hash = Sha256::new();
        // The length keeps salt and secret apart.
        hash.update((self.salt.len() as u64).to_be_bytes());
        hash.update(&self.salt);
        hash.update(secret.as_bytes());
        let digits: String = hex::encode(hash.finalize()).chars().take(DIGITS).collect();
        format!("[redacted:{rule}:{digits}]")
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// Whether the text holds a placeholder, of this run or of another: code that a model proposes must not be posted with one,
/// since whoever applies it would write the placeholder over the secret.
pub fn has_placeholder(text: &str) -> bool {
    PLACEHOLDER.is_match(text)
}

pub(crate) static PLACEHOLDER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[redacted:[a-z0-9-]{1,40}:[0-9a-f]{6}\]").expect("a constant expression"));

/// A secret, or a line of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    /// Never holds a line break.
    span: Range<usize>,
    rule: &'static str,
    /// Of two that overlap, the lower one names the secret.
    rank: usize,
    /// What is hashed: the secret without what its form adds to it.
    secret: String,
    /// Whether this is a further line of a secret that began before.
    continues: bool,
}

/// What is most certain names the secret: ours, then a key by its frame, then a known format, then a mere assignment.
mod rank {
    pub(super) const OWN: usize = 0;
    pub(super) const PRIVATE_KEY: usize = 1;
    /// The rules of the table follow in their order.
    pub(super) const FIRST_RULE: usize = 2;
    pub(super) const ASSIGNMENT: usize = usize::MAX;
}

/// In order and without overlap: hits that share a byte become one that covers both, so that no end of a secret stays.
fn merged(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.retain(|hit| !hit.span.is_empty());
    hits.sort_by_key(|hit| (hit.span.start, hit.rank));
    let mut merged: Vec<Hit> = Vec::with_capacity(hits.len());
    for hit in hits {
        match merged.last_mut() {
            Some(last) if hit.span.start < last.span.end => {
                last.span.end = last.span.end.max(hit.span.end);
                last.continues &= hit.continues;
                if hit.rank < last.rank {
                    (last.rule, last.rank, last.secret) = (hit.rule, hit.rank, hit.secret);
                }
            }
            _ => merged.push(hit),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
