//! Secrets in added lines: findings that no model makes, and none can withhold, refute or soften.

use std::collections::BTreeSet;

use super::{Category, Evidence, Finding, FindingMemory, Severity, StandingFinding, fingerprint};
use crate::{
    configuration::PathFilters,
    diff::{FileDiff, Hunk, LineKind},
    pull_request::{LineRange, Side},
    redaction::{PLACEHOLDER, Redactor, has_placeholder},
    scope::{SetAside, set_aside_by_path},
};

/// Further places of a secret that its finding names.
const MAX_PLACES: usize = 5;
const MAX_QUOTE_CHARS: usize = 500;
/// How the claim of every such finding begins.
pub(crate) const SECRET_CLAIM: &str = "A secret is committed on this line";

/// A secret that the change adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFinding {
    /// Critical, about security, with placeholders in the place of secrets.
    pub finding: Finding,
    /// UTF-16 length of its line as it stands in the repository.
    pub last_line_utf16: u32,
    /// The placeholders of its line.
    placeholders: BTreeSet<String>,
}

/// The secrets that the rules of redaction find in added lines, in the order of the files and lines; one that stands in several
/// places is one finding. Read are the diffs as they are: also those of files that no model sees for their size, their name
/// or a mark that says that a tool wrote them. Not read is what the repository leaves out, and what others wrote by its path
/// (lock files, vendored code).
///
/// The operator's own secrets count only where a rule finds them without knowing them: a finding would tell whoever guesses
/// in a pull request that the guess was right.
pub fn secrets(files: &[FileDiff], redactor: &Redactor, filters: &PathFilters) -> Vec<SecretFinding> {
    let by_rules = redactor.by_rules_alone();
    let mut found: Vec<SecretFinding> = Vec::new();
    for file in files.iter().filter(|file| is_read(&file.path, filters)) {
        for hunk in file.hunks() {
            for secret in secrets_of_hunk(&file.path, hunk, redactor, &by_rules) {
                let known = found.iter_mut().find(|known| secret.placeholders.is_subset(&known.placeholders));
                match known {
                    Some(known) => known.stands_also_at(secret.finding),
                    None => found.push(secret),
                }
            }
        }
    }
    found
}

/// The thread of ours that is about this very secret, in whatever status. Nearness counts for nothing here, or a thread about
/// something else would hide a secret beside it.
pub fn standing_secret<'a>(finding: &Finding, standing: &'a [StandingFinding]) -> Option<&'a StandingFinding> {
    let (identity, memory) = (fingerprint(finding), FindingMemory::of(finding));
    standing.iter().find(|earlier| {
        let is_same_file = earlier.anchor.as_ref().is_some_and(|anchor| anchor.path == finding.path);
        let says_the_same = earlier.quoted_line.trim() == memory.quoted_line && earlier.claim == memory.claim;
        earlier.fingerprint == identity || is_same_file && says_the_same && earlier.category == finding.category
    })
}

/// Whether a model's finding is about the secret of this one, so that one of the two is enough.
pub fn is_about_secret(finding: &Finding, secret: &Finding) -> bool {
    let claim = finding.claim.to_lowercase();
    finding.category == Category::Security
        && finding.path == secret.path
        && finding.side == secret.side
        && finding.lines.overlaps(secret.lines)
        && has_placeholder(&finding.quoted_line)
        && ["secret", "credential", "password", "token", "key"].iter().any(|word| claim.contains(word))
}

impl SecretFinding {
    fn stands_also_at(&mut self, place: Finding) {
        if self.finding.evidence.len() < MAX_PLACES {
            let why = "the same secret".to_owned();
            self.finding.evidence.push(Evidence { path: place.path, line: place.lines.first, why });
        }
    }
}

fn is_read(path: &str, filters: &PathFilters) -> bool {
    use SetAside::{Excluded, LeftOutByDefault, LockFile, NotIncluded, Vendored};
    let reason = set_aside_by_path(path, filters);
    !matches!(reason, Some(Excluded | LeftOutByDefault | LockFile | NotIncluded | Vendored))
}

/// Of a secret of several lines, the first added one.
fn secrets_of_hunk(path: &str, hunk: &Hunk, redactor: &Redactor, by_rules: &Redactor) -> Vec<SecretFinding> {
    let lines: Vec<_> = hunk.lines.iter().filter(|line| line.kind != LineKind::Removed).collect();
    let text: String = lines.iter().flat_map(|line| [line.text.as_str(), "\n"]).collect();
    let seen = by_rules.redact(&text);
    if seen.found.is_empty() {
        return Vec::new();
    }
    let shown = redactor.redact(&text);
    let (mut found, mut above): (Vec<SecretFinding>, _) = (Vec::new(), false);
    for ((line, seen), shown) in lines.iter().zip(seen.text.lines()).zip(shown.text.lines()) {
        let rules = new_rules(&line.text, seen);
        // The lines of a key follow one another, each with a placeholder of its own.
        let goes_on = above && rules.contains("private-key");
        let is_added = line.kind == LineKind::Added;
        above = rules.contains("private-key") && (is_added || goes_on);
        let Some(number) = line.new_line.filter(|_| is_added && !goes_on && !rules.is_empty()) else { continue };
        found.push(SecretFinding {
            finding: finding(path, number, shown, &rules),
            last_line_utf16: u32::try_from(line.text.encode_utf16().count()).unwrap_or(u32::MAX - 1),
            placeholders: PLACEHOLDER.find_iter(seen).map(|placeholder| placeholder.as_str().to_owned()).collect(),
        });
    }
    found
}

/// The rules that found something in a line; placeholders that stand in the repository are none of theirs.
fn new_rules(line: &str, redacted: &str) -> BTreeSet<String> {
    let rules = |text: &str| -> BTreeSet<String> {
        let rule = |placeholder: &str| placeholder.split(':').nth(1).unwrap_or_default().to_owned();
        PLACEHOLDER.find_iter(text).map(|placeholder| rule(placeholder.as_str())).collect()
    };
    if line == redacted { BTreeSet::new() } else { rules(redacted) }
}

fn finding(path: &str, line: u32, quoted: &str, rules: &BTreeSet<String>) -> Finding {
    let names: Vec<String> = rules.iter().map(|rule| format!("`{rule}`")).collect();
    Finding {
        path: path.to_owned(),
        side: Side::Right,
        lines: LineRange::new(line, line),
        quoted_line: quoted.trim().chars().take(MAX_QUOTE_CHARS).collect(),
        claim: format!("{SECRET_CLAIM} ({}).", names.join(", ")),
        scenario: "Whoever can read the repository can use it, and it stays in the history when the line is removed.".to_owned(),
        fix: "Revoke it, issue a new one, and have it read from a secret store or a variable of the pipeline. If it is no real \
              secret, close this thread."
            .to_owned(),
        category: Category::Security,
        severity: Severity::Critical,
        evidence: Vec::new(),
        suggestion: None,
        votes: 1,
        learnings: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
