//! Checks as pull request statuses: a name that a branch policy can require, and a state that never looks better than it is.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CheckResult, Outcome, wanted};
use crate::{
    configuration::{Mode, PreMergeChecks},
    publication::{CheckState, DesiredStatus},
    render::{is_invisible, shortened},
};

/// How the names of our checks' statuses begin, in the genre of all our statuses.
pub const STATUS_PREFIX: &str = "check/";
/// How the words of a check begin that was not made.
pub const NOT_CHECKED: &str = "Not checked: ";

/// Characters of the team's own name that are part of a status' name.
const MAX_SLUG: usize = 50;
/// Hexadecimal digits that tell names apart whose letters and digits are the same.
const HASH_DIGITS: usize = 8;
const MAX_DESCRIPTION: usize = 300;

/// A status of one check, e.g. `check/title`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    pub name: String,
    pub status: DesiredStatus,
}

/// One for each check.
///
/// - What passed succeeds; what fails in mode `warning` succeeds, too, with words that say so.
/// - What fails in mode `error` fails.
/// - What nobody could tell is pending in mode `error`, so that a policy holds the pull request up, and not applicable in mode
///   `warning`. What had nothing to judge is not applicable.
pub fn statuses(results: &[CheckResult]) -> Vec<CheckStatus> {
    let status = |result: &CheckResult| {
        let (state, words) = match (result.outcome, result.mode) {
            (Outcome::Passed, _) => (CheckState::Succeeded, "Passed: "),
            (Outcome::Warning, _) => (CheckState::Succeeded, "Warning, which holds nothing up: "),
            (Outcome::Failed, _) => (CheckState::Failed, "Failed: "),
            (Outcome::Inconclusive, Mode::Error) => (CheckState::Pending, "Inconclusive, so a person has to look: "),
            (Outcome::Inconclusive, _) => (CheckState::NotApplicable, "Inconclusive: "),
            (Outcome::Skipped, _) => (CheckState::NotApplicable, "Nothing to check: "),
        };
        named(&result.slug, state, &format!("{words}{}", result.explanation))
    };
    results.iter().map(status).collect()
}

/// What stands for the checks of mode `error` while nobody knows what comes of them, so that an older status that succeeded is
/// none of the newest iteration's. `why`: a sentence.
pub fn unchecked(checks: &PreMergeChecks, why: &str) -> Vec<CheckStatus> {
    let pending = wanted(checks).into_iter().filter(|wanted| wanted.mode == Mode::Error);
    pending.map(|wanted| named(&wanted.slug, CheckState::Pending, why)).collect()
}

/// Those that do not stand already as the newest of their name. Statuses are appended, so one that stands is not repeated.
pub fn missing(wanted: Vec<CheckStatus>, standing: &[CheckStatus]) -> Vec<CheckStatus> {
    let stands = |wanted: &CheckStatus| {
        let known = standing.iter().find(|known| known.name == wanted.name);
        known.is_some_and(|known| known.status.state == wanted.status.state && is_same(&known.status, &wanted.status))
    };
    wanted.into_iter().filter(|wanted| !stands(wanted)).collect()
}

/// The service may keep less of the words than it was given.
fn is_same(standing: &DesiredStatus, wanted: &DesiredStatus) -> bool {
    let (standing, wanted) = (standing.description.trim(), wanted.description.trim());
    standing == wanted || (standing.len() >= 20 && wanted.starts_with(standing))
}

fn named(slug: &str, state: CheckState, words: &str) -> CheckStatus {
    let flat: String = words.chars().map(|character| if character.is_whitespace() { ' ' } else { character }).collect();
    let plain: String = flat.chars().filter(|&character| !is_invisible(character) && !matches!(character, '`' | '*')).collect();
    let description = shortened(plain.trim(), MAX_DESCRIPTION);
    CheckStatus { name: format!("{STATUS_PREFIX}{slug}"), status: DesiredStatus { state, description } }
}

/// A slug for each name, in the same order: stable, so that a policy that requires it finds it again, and unique. A name of
/// letters and digits of ASCII alone keeps them; whatever else a name has goes into a hash behind them.
pub(super) fn custom_slugs<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let slug = |name: &'a str| {
        let plain = plain_slug(name);
        let is_plain =
            !plain.is_empty() && name.trim().chars().all(|character| is_plain(character) || character == ' ' || character == '-');
        let hashed = || {
            let mut hash = hex::encode(Sha256::digest(name.trim().as_bytes()));
            hash.truncate(HASH_DIGITS);
            if plain.is_empty() { format!("custom-{hash}") } else { format!("custom-{plain}-{hash}") }
        };
        let first = Some(format!("custom-{plain}")).filter(|slug| is_plain && !taken.contains(slug)).unwrap_or_else(hashed);
        // The very same name twice.
        let again = (2..).map(|number| format!("{first}-{number}"));
        let free = std::iter::once(first.clone()).chain(again).find(|slug| !taken.contains(slug)).unwrap_or(first);
        taken.insert(free.clone());
        free
    };
    names.map(slug).collect()
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric()
}

fn plain_slug(name: &str) -> String {
    let parts = name.split(|character| !is_plain(character)).filter(|part| !part.is_empty());
    let slug = parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    slug.chars().take(MAX_SLUG).collect::<String>().trim_end_matches('-').to_owned()
}
