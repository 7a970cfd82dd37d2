//! Linters and scanners: which there are, how each is called, and what its output means.
//!
//! No tool ever sees a configuration of the repository: each is called with one of ours. What a tool says is a lead for the
//! reviewer and a line of the walkthrough, never a finding by itself.

mod fresh;
mod reading;
mod table;

use crate::{
    configuration::{Profile, Tools},
    finding::Finding,
    lead::{Lead, LeadKind},
};

pub use fresh::{Texts, fresh_results};
pub use table::{ANALYZERS, analyzer};

/// Characters of a message that are kept.
pub const MAX_MESSAGE_CHARS: usize = 300;
const MAX_RULE_CHARS: usize = 80;
/// Results of one tool that are kept; past it a tool has its say, but no more.
pub const MAX_RESULTS: usize = 500;
/// Results that are read of one output. More than are kept: which of them are new shows only when all are compared.
const MAX_READ: usize = 20_000;

/// A program that looks at files of one kind.
#[derive(Debug)]
pub struct Analyzer {
    /// Its key in `reviews.tools`.
    pub key: &'static str,
    /// As people know it.
    pub name: &'static str,
    /// The program, in one of the folders that are searched.
    pub program: &'static str,
    takes: fn(&str) -> bool,
    is_on: fn(&Tools) -> bool,
    /// Before the files; [`CONFIGURATION`] stands for the path of `configuration`, [`FOLDER`] for the folder that holds it.
    pub arguments: &'static [&'static str],
    /// A file of ours, by name and content, in a folder of its own.
    pub configuration: Option<(&'static str, &'static str)>,
    pub feeding: Feeding,
    pub output: Output,
    /// Exit codes with which it has read everything.
    pub exits: &'static [i32],
    read: fn(&str) -> Result<Vec<Reported>, Unreadable>,
}

/// In an argument: the path of the configuration.
pub const CONFIGURATION: &str = "{configuration}";
/// In an argument: the folder that holds the configuration.
pub const FOLDER: &str = "{folder}";

/// How a tool gets its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feeding {
    /// By their paths, from an empty folder: what lies beside a file is not looked for.
    Paths,
    /// By their paths, from the folder that holds them. For tools that leave out what lies elsewhere.
    PathsWithin,
    /// One after the other, on standard input.
    Input,
}

/// Where a tool writes its results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Stdout,
    Stderr,
}

/// How grave a tool calls something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    Error,
    Warning,
    Note,
}

/// What a tool says about a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reported {
    /// As the tool writes it; empty where it read one file from its input.
    pub path: String,
    /// From 1.
    pub line: u32,
    pub gravity: Gravity,
    /// Its name for what it checks, such as `F841`.
    pub rule: String,
    pub message: String,
}

/// A result about a file of the change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ToolResult {
    /// From the root of the repository.
    pub path: String,
    pub line: u32,
    pub gravity: Gravity,
    /// The tool's name.
    pub tool: String,
    pub rule: String,
    pub message: String,
}

/// How the run of a tool ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ToolRun {
    pub tool: String,
    /// Files that it was given.
    pub files: usize,
    /// Why there are no results of it, or not all.
    pub problem: Option<String>,
}

/// What the tools have to say about a change.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Linted {
    /// What the change brought in.
    pub results: Vec<ToolResult>,
    pub runs: Vec<ToolRun>,
    /// Why no tool ran although some are installed.
    pub refused: Option<String>,
}

/// Why the output of a tool means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its output cannot be read: {0}")]
pub struct Unreadable(pub(crate) String);

impl Analyzer {
    /// Whether it has something to say about a file of this path.
    pub fn takes(&self, path: &str) -> bool {
        (self.takes)(path)
    }

    /// Whether the repository wants it.
    pub fn is_on(&self, tools: &Tools) -> bool {
        (self.is_on)(tools)
    }

    /// What its output says, each with a line and words.
    ///
    /// # Errors
    /// When the output is not what this tool writes.
    pub fn read(&self, output: &str) -> Result<Vec<Reported>, Unreadable> {
        let mut reported = (self.read)(output)?;
        reported.retain(|result| result.line > 0 && !result.message.trim().is_empty());
        reported.sort_unstable();
        reported.dedup();
        reported.truncate(MAX_READ);
        Ok(reported)
    }
}

impl Linted {
    /// What is worth somebody's time: notes only for who asked for small matters.
    pub fn worth_telling(&self, profile: Profile) -> impl Iterator<Item = &ToolResult> {
        self.results.iter().filter(move |result| profile == Profile::Assertive || result.gravity != Gravity::Note)
    }

    /// The same without what a finding says already, on the same lines.
    pub fn not_said<'a>(&'a self, profile: Profile, posted: &'a [Finding]) -> impl Iterator<Item = &'a ToolResult> {
        let is_said = |result: &ToolResult| {
            posted
                .iter()
                .any(|finding| finding.path == result.path && (finding.lines.first..=finding.lines.last).contains(&result.line))
        };
        self.worth_telling(profile).filter(move |result| !is_said(result))
    }
}

impl ToolResult {
    /// The same on one line and no longer than anybody reads; once its secrets are out, for half a one is none that could be found.
    #[must_use]
    pub fn shortened(self) -> Self {
        Self { rule: clipped(&self.rule, MAX_RULE_CHARS), message: clipped(&self.message, MAX_MESSAGE_CHARS), ..self }
    }

    /// For the reviewer to check.
    pub fn lead(&self) -> Lead {
        let Self { path, line, gravity, tool, rule, message } = self;
        let text = format!("{tool} says ({}, {rule}): {message}", gravity.word());
        Lead { kind: LeadKind::ToolResult, path: path.clone(), line: *line, text, places: Vec::new() }
    }
}

impl Gravity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// On one line, and of `most` characters at the most.
fn clipped(text: &str, most: usize) -> String {
    let line: Vec<&str> = text.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(most) {
        Some((end, _)) => line.get(..end).unwrap_or_default().to_owned() + "…",
        None => line,
    }
}

#[cfg(test)]
mod tests;
