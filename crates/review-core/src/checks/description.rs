//! Whether a description is more than nothing and more than its template.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::Ruling;
use crate::{configuration::Reviews, description::without_summary};

/// Where Azure DevOps looks for the template of descriptions, in this order (source: learn.microsoft.com, "Improve pull request
/// descriptions using templates").
#[rustfmt::skip]
pub const TEMPLATES: [&str; 8] = [
    ".azuredevops/pull_request_template.md", ".azuredevops/pull_request_template.txt", ".vsts/pull_request_template.md",
    ".vsts/pull_request_template.txt", "docs/pull_request_template.md", "docs/pull_request_template.txt",
    "pull_request_template.md", "pull_request_template.txt",
];

/// Letters that a description has at least.
const FEWEST_LETTERS: usize = 12;

/// Judges a description by rules alone; nothing is to be judged where the agent writes a summary into every description
/// (`high_level_summary`). `template` is the text that every description begins with in this repository.
pub fn description_ruling(description: &str, title: &str, template: Option<&str>, reviews: &Reviews) -> Ruling {
    if reviews.high_level_summary && !reviews.high_level_summary_in_walkthrough {
        let why = "The agent summarizes the change itself (`reviews.high_level_summary`).";
        return Ruling::Skipped { why: why.to_owned() };
    }
    let fail = |why: &str| Ruling::Failed {
        why: why.to_owned(),
        resolution: "Say what the change does and why, for whoever reviews it now and reads it in a year.".to_owned(),
    };
    let text = without_summary(description).replace("\r\n", "\n");
    let text = without_placeholder(&text, &reviews.high_level_summary_placeholder);
    if without_comments(&text).trim().is_empty() {
        return fail("There is no description.");
    }
    let lines_of_template: BTreeSet<String> = template.map(own_lines).unwrap_or_default().into_iter().collect();
    let own: Vec<String> = own_lines(&text).into_iter().filter(|line| !lines_of_template.contains(line)).collect();
    if own.is_empty() && template.is_some() {
        return fail("The description is the template, and nothing was filled in.");
    }
    let own = own.join(" ");
    if own.trim() == normal(title) {
        return fail("The description repeats the title.");
    }
    if own.chars().filter(|character| character.is_alphanumeric()).map(weight).sum::<usize>() < FEWEST_LETTERS {
        return fail("The description says next to nothing.");
    }
    Ruling::Passed { why: "There is a description.".to_owned() }
}

/// A sign of a language that needs few of them says as much as a syllable.
fn weight(letter: char) -> usize {
    if matches!(letter, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{20000}'..='\u{3ffff}') { 3 } else { 1 }
}

fn without_placeholder(text: &str, placeholder: &str) -> String {
    // ASCII case folding keeps every byte in its place.
    match text.to_ascii_lowercase().find(&placeholder.to_ascii_lowercase()) {
        Some(at) if !placeholder.is_empty() => {
            let after = text.get(at.saturating_add(placeholder.len())..).unwrap_or_default();
            format!("{}{after}", text.get(..at).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

fn without_comments(text: &str) -> String {
    static COMMENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?s)<!--.*?-->").expect("the pattern is part of this file and compiles"));
    COMMENT.replace_all(text, "").into_owned()
}

/// Lines with words, as they are compared: a box that was ticked is the same line.
fn own_lines(text: &str) -> Vec<String> {
    let text = without_comments(&text.replace("\r\n", "\n"));
    text.lines().map(normal).filter(|line| !line.is_empty()).collect()
}

fn normal(line: &str) -> String {
    let line = line.trim().trim_start_matches(['#', '-', '*', '>', '+', ' ']);
    let line = ["[ ]", "[x]", "[X]", "[]"].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line);
    line.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
