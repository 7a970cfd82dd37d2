//! A labelled case: a pull request, and what a good review of it says.
//!
//! Its form is described in `docs/eval.md`. Everything that is wrong with a file is told at once: who labels twenty cases
//! mends them in one go.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{finding::Severity, pull_request::LineRange};

/// Expected findings of one case at most: a pull request with more of them tells little about a reviewer.
const MAX_EXPECTED: usize = 100;
/// Characters of a title, a description or a sentence at most.
const MAX_CHARS: usize = 20_000;

/// `case.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    pub title: String,
    pub description: String,
    pub source: Source,
    /// Empty: a clean pull request, about which a good review is silent.
    pub expected: Vec<ExpectedFinding>,
}

/// Where the two versions come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The folders `base` and `head` beside the file.
    Folders,
    Commits {
        from: CommitSource,
        /// A commit, a branch or a tag; the change is what came since the merge base of the two.
        base: String,
        head: String,
    },
}

/// Each with its path as it is written, relative to the folder of the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitSource {
    Bundle(String),
    Repository(String),
}

/// A defect that a good review finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedFinding {
    #[serde(flatten)]
    pub place: Place,
    /// Other places at which a finding of this defect is as good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_at: Vec<Place>,
    pub severity: Severity,
    pub context: Context,
    /// What is wrong, in a sentence.
    pub what: String,
}

/// Lines of a file of the head version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// From the root, without a leading slash.
    pub file: String,
    pub lines: LineRange,
}

/// How much somebody has to read to see a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// The changed lines with those around them.
    Diff,
    /// Other lines of a changed file.
    File,
    /// A file that the change leaves as it is.
    Repository,
}

impl Context {
    pub const ALL: [Self; 3] = [Self::Diff, Self::File, Self::Repository];

    /// As a case spells it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Diff => "diff",
            Self::File => "file",
            Self::Repository => "repository",
        }
    }
}

/// Reads a case. The error lists all that is wrong, each as `where: what`.
pub fn parse_case(text: &str) -> Result<CaseFile, Vec<String>> {
    let object = match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Err(vec!["it holds no JSON object".to_owned()]),
        Err(error) => return Err(vec![format!("it is no JSON: {error}")]),
    };
    let mut reader = Reader::new("", &object);
    reader.no_others(&["title", "description", "note", "repository", "bundle", "base", "head", "expected"]);
    let title = reader.text("title");
    if title.as_ref().is_some_and(|title| title.trim().is_empty()) {
        reader.complain("title", "it is empty");
    }
    let description = reader.text("description");
    // For people who read the case: why it is right as it is.
    reader.optional_text("note");
    let source = source(&mut reader);
    let expected = expected(&mut reader);
    match (title, description, source) {
        (Some(title), Some(description), Some(source)) if reader.problems.is_empty() => {
            Ok(CaseFile { title, description, source, expected })
        }
        _ => Err(reader.problems),
    }
}

/// Places of expected findings that are not in the head version. `line_count` gives the lines of a file of it; None: there is
/// no such file of text.
pub fn places_without_code(case: &CaseFile, line_count: &dyn Fn(&str) -> Option<usize>) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, expected) in case.expected.iter().enumerate() {
        let also = expected.also_at.iter().enumerate();
        let also = also.map(|(number, place)| (format!("expected[{index}].also_at[{number}]"), place));
        for (key, Place { file, lines }) in std::iter::once((format!("expected[{index}]"), &expected.place)).chain(also) {
            match line_count(file) {
                None => problems.push(format!("{key}.file: there is no file of text called {file:?} in the head version")),
                Some(count) if lines.last as usize > count => {
                    let LineRange { first, last } = lines;
                    problems.push(format!("{key}.lines: {first} to {last}, but {file:?} has {count} lines in the head version"));
                }
                Some(_) => {}
            }
        }
    }
    problems
}

fn source(reader: &mut Reader<'_>) -> Option<Source> {
    let (repository, bundle) = (reader.optional_text("repository"), reader.optional_text("bundle"));
    let (base, head) = (reader.optional_text("base"), reader.optional_text("head"));
    let from = match (repository, bundle) {
        (Some(_), Some(_)) => {
            reader.complain("bundle", "there is a `repository` as well; name one of them");
            return None;
        }
        (Some(path), None) => CommitSource::Repository(path),
        (None, Some(path)) => CommitSource::Bundle(path),
        (None, None) => {
            for (key, given) in [("base", base), ("head", head)] {
                if given.is_some() {
                    reader.complain(key, "name the `repository` or the `bundle` that it is in, or leave it out for the folders");
                }
            }
            return Some(Source::Folders);
        }
    };
    for (key, given) in [("base", &base), ("head", &head)] {
        if given.as_ref().is_none_or(|given| given.trim().is_empty()) {
            reader.complain(key, "it is missing: a commit, a branch or a tag of the repository or bundle");
        }
    }
    Some(Source::Commits { from, base: base?, head: head? })
}

fn expected(reader: &mut Reader<'_>) -> Vec<ExpectedFinding> {
    let list = match reader.object.get("expected") {
        Some(Value::Array(list)) => list,
        Some(_) => {
            reader.complain("expected", "it is no list; a clean pull request has an empty one");
            return Vec::new();
        }
        None => {
            reader.complain("expected", "it is missing; a clean pull request has an empty list");
            return Vec::new();
        }
    };
    if list.len() > MAX_EXPECTED {
        reader.complain("expected", &format!("it has {} entries; at most {MAX_EXPECTED} are taken", list.len()));
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let key = format!("expected[{index}]");
        let Value::Object(entry) = entry else {
            reader.complain(&key, "it is no object");
            continue;
        };
        let mut inner = Reader::new(&key, entry);
        findings.extend(finding(&mut inner));
        reader.problems.append(&mut inner.problems);
    }
    findings
}

fn finding(reader: &mut Reader<'_>) -> Option<ExpectedFinding> {
    reader.no_others(&["file", "lines", "also_at", "severity", "context", "what"]);
    let place = place(reader);
    let severity = reader.word("severity", &[Severity::Critical, Severity::High, Severity::Medium, Severity::Low]);
    let context = reader.word("context", &Context::ALL);
    let what = reader.text("what");
    if what.as_ref().is_some_and(|what| what.trim().is_empty()) {
        reader.complain("what", "it is empty; a sentence says what is wrong");
    }
    let mut also_at = Vec::new();
    match reader.object.get("also_at") {
        None => {}
        Some(Value::Array(list)) => {
            for (index, entry) in list.iter().enumerate() {
                let key = format!("also_at[{index}]");
                let Value::Object(entry) = entry else {
                    reader.complain(&key, "it is no object");
                    continue;
                };
                let mut inner = Reader::new(&reader.key(&key), entry);
                inner.no_others(&["file", "lines"]);
                also_at.extend(self::place(&mut inner));
                reader.problems.append(&mut inner.problems);
            }
        }
        Some(_) => reader.complain("also_at", "it is no list"),
    }
    Some(ExpectedFinding { place: place?, also_at, severity: severity?, context: context?, what: what? })
}

fn place(reader: &mut Reader<'_>) -> Option<Place> {
    let file = reader.text("file");
    let is_inside = |file: &str| file.split('/').all(|part| !matches!(part, "" | "." | "..")) && !file.contains('\\');
    if file.as_deref().is_some_and(|file| !is_inside(file)) {
        reader.complain("file", "it is no path from the root of the repository, with `/` and without `..`");
    }
    let line = |value: &Value| value.as_u64().and_then(|line| u32::try_from(line).ok()).filter(|line| *line > 0);
    let lines = match reader.object.get("lines") {
        None => Err("it is missing"),
        Some(Value::Array(ends)) => match ends.as_slice() {
            [first, last] => line(first).zip(line(last)).filter(|(first, last)| first <= last).ok_or("it is no range"),
            _ => Err("it is no pair"),
        },
        Some(one) => line(one).map(|line| (line, line)).ok_or("it is no line"),
    };
    if let Err(problem) = lines {
        reader.complain("lines", &format!("{problem}; write [12, 14], or 12 for one line, counted from 1"));
    }
    let (first, last) = lines.ok()?;
    Some(Place { file: file?, lines: LineRange::new(first, last) })
}

/// Reads an object of a file, and collects what is wrong with it.
struct Reader<'a> {
    at: String,
    object: &'a Map<String, Value>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(at: &str, object: &'a Map<String, Value>) -> Self {
        Self { at: at.to_owned(), object, problems: Vec::new() }
    }

    fn key(&self, key: &str) -> String {
        if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) }
    }

    fn complain(&mut self, key: &str, problem: &str) {
        self.problems.push(format!("{}: {problem}", self.key(key)));
    }

    fn no_others(&mut self, known: &[&str]) {
        for key in self.object.keys().filter(|key| !known.contains(&key.as_str())) {
            let shown: String = key.chars().take(60).flat_map(char::escape_debug).collect();
            self.complain(&shown, &format!("there is no such key; there are {}", known.join(", ")));
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        if self.object.contains_key(key) {
            return self.optional_text(key);
        }
        self.complain(key, "it is missing");
        None
    }

    fn optional_text(&mut self, key: &str) -> Option<String> {
        match self.object.get(key)? {
            Value::String(text) if text.chars().count() <= MAX_CHARS => return Some(text.clone()),
            Value::String(_) => self.complain(key, &format!("it has more than {MAX_CHARS} characters")),
            _ => self.complain(key, "it is no text"),
        }
        None
    }

    fn word<T: Copy + Serialize>(&mut self, key: &str, allowed: &[T]) -> Option<T> {
        let words: Vec<Value> = allowed.iter().filter_map(|value| serde_json::to_value(value).ok()).collect();
        let given = self.object.get(key);
        let found = given.and_then(|given| allowed.iter().zip(&words).find(|(_, word)| *word == given));
        if found.is_none() {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            let problem = if given.is_none() { "it is missing" } else { "there is no such word" };
            self.complain(key, &format!("{problem}; it is one of {}", words.join(", ")));
        }
        found.map(|(value, _)| *value)
    }
}

#[cfg(test)]
mod tests;
