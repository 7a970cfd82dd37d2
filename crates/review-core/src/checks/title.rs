//! Whether a title says something.

use super::Ruling;
use crate::scope::worth::words;

/// Words that say nothing of a change by themselves.
#[rustfmt::skip]
const EMPTY_WORDS: &[&str] = &[
    "a", "an", "and", "asdf", "branch", "bug", "bugfix", "change", "changes", "code", "commit", "draft", "fix", "fixed", "fixes",
    "foo", "hotfix", "in", "initial", "into", "issue", "main", "master", "merge", "minor", "misc", "more", "my", "new", "of", "patch",
    "pr", "progress", "pull", "quick", "request", "small", "some", "stuff", "tbd", "temp", "test", "testing", "tests", "the", "things",
    "title", "tmp", "to", "todo", "untitled", "update", "updated", "updates", "various", "wip", "work", "x", "xxx",
];

/// Judges a title by rules alone. `source_ref` is the full name of the source branch.
pub fn title_ruling(title: &str, source_ref: &str) -> Ruling {
    let fail = |why: String| Ruling::Failed { why, resolution: "Say in one line what the change does.".to_owned() };
    if title.trim().is_empty() {
        return fail("The title is empty.".to_owned());
    }
    let told: Vec<String> = words(title).collect();
    let is_number = |word: &String| word.chars().all(char::is_numeric);
    if told.iter().all(|word| is_number(word) || EMPTY_WORDS.contains(&word.as_str())) {
        return fail("No word of the title says anything about the change.".to_owned());
    }
    let branch: Vec<String> = words(source_ref.trim_start_matches("refs/heads/")).collect();
    let is_one_word = !title.trim().contains(char::is_whitespace);
    if is_one_word && told == branch {
        return fail("The title is the name of the branch.".to_owned());
    }
    Ruling::Passed { why: "The title says something about the change.".to_owned() }
}
