//! What a finder and a verifier may look at beside the pack: tools that read the repository and do nothing else.
//!
//! A look names a path of a tree or a text to search for. Nothing that a model writes reaches a shell, a file system or an
//! address, but for the queries of searches of the web where those are wanted (`web`); what is never shown of a change (key files, generated and vendored code, what `path_filters` leave out) is not shown here either.

mod history;
mod linked;
mod web;

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};

pub use history::{MAX_COMMITS, PastCommit, show_history};
pub use linked::{LinkedName, linked_words, parse_linked_look, repository_of, with_repositories};
pub use web::{MAX_RESULTS, WEB_SEARCH, WEB_WORDS, WebResult, repeats, show_results, web_query, web_tool};

use super::{Fence, shown_line};
use crate::{configuration::PathFilters, pull_request::LineRange, scope::set_aside_by_path};

/// What the model is told about its tools.
pub const TOOL_WORDS: &str = include_str!("tools.md");

/// Lines that one look at a file shows at most.
pub const MAX_READ_LINES: u32 = 300;
/// Characters that one look returns at most.
const MAX_SHOWN_CHARS: usize = 24_000;
const MAX_SEARCH_CHARS: usize = 200;
const MAX_PATH_CHARS: usize = 1_000;
const NOTHING_FOUND: &str = "Nothing was found.";

/// Which state of the repository is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Version {
    /// With the change.
    Head,
    /// Without it.
    Base,
}

impl Version {
    fn words(self) -> &'static str {
        match self {
            Self::Head => "after the change",
            Self::Base => "before the change",
        }
    }
}

/// What a model wants to look at, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// Lines of a file; at most [`MAX_READ_LINES`].
    Read { path: String, lines: LineRange, version: Version },
    /// Lines that hold a text, letter by letter.
    Search { text: String, under: String, version: Version },
    /// Where a name is defined and used, each place with the function around it.
    References { name: String },
    /// Paths of files below a folder.
    List { under: String },
    /// The newest commits before the change that touched a file.
    History { path: String },
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolDefinition {
    pub name: &'static str,
    pub description: &'static str,
    /// JSON Schema of its arguments: a closed object with all properties required.
    pub parameters: Value,
}

/// The tools, always in this order.
pub fn tools() -> Vec<ToolDefinition> {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let line = |description: &str| json!({ "type": "integer", "description": description });
    let version = json!({ "type": "string", "enum": ["head", "base"], "description": "head: after the change; base: before it" });
    let object = |properties: Value| {
        let names: Vec<&String> = properties.as_object().into_iter().flat_map(serde_json::Map::keys).collect();
        json!({ "type": "object", "properties": properties, "required": names, "additionalProperties": false })
    };
    vec![
        ToolDefinition {
            name: "read_file",
            description: "Shows lines of a file with their numbers, at most 300 at a time.",
            parameters: object(json!({
                "path": text("path from the root of the repository"),
                "first_line": line("number of the first line, from 1"),
                "last_line": line("number of the last line"),
                "version": version,
            })),
        },
        ToolDefinition {
            name: "search_text",
            description: "Shows lines that hold a text, letter by letter and case by case; it is no pattern.",
            parameters: object(json!({
                "text": text("what to search for, on one line"),
                "under": text("folder or file to search in; empty for the whole repository"),
                "version": version,
            })),
        },
        ToolDefinition {
            name: "find_references",
            description: "Shows where a name is defined and used after the change, with the function around each use: its callers, its tests.",
            parameters: object(json!({ "name": text("name of a function, a type, a field, a setting") })),
        },
        ToolDefinition {
            name: "list_files",
            description: "Lists the paths of files after the change.",
            parameters: object(json!({ "under": text("folder to list; empty for the whole repository") })),
        },
        ToolDefinition {
            name: "file_history",
            description: "Shows the last commits before the change that touched a file: when, by whom, and the first line of what they said of it.",
            parameters: object(json!({ "path": text("path from the root of the repository") })),
        },
    ]
}

#[derive(Deserialize)]
struct ReadArguments {
    path: String,
    first_line: i64,
    last_line: i64,
    #[serde(default = "head")]
    version: Version,
}

#[derive(Deserialize)]
struct SearchArguments {
    text: String,
    #[serde(default)]
    under: String,
    #[serde(default = "head")]
    version: Version,
}

#[derive(Deserialize)]
struct ReferencesArguments {
    name: String,
}

#[derive(Deserialize)]
struct HistoryArguments {
    path: String,
}

#[derive(Deserialize)]
struct ListArguments {
    #[serde(default)]
    under: String,
}

fn head() -> Version {
    Version::Head
}

/// Reads what a model wrote; what `filters` leave out is not shown. The error is a sentence for the model.
pub fn parse_look(tool: &str, arguments: &str, filters: &PathFilters) -> Result<Look, String> {
    fn read<'a, T: Deserialize<'a>>(arguments: &'a str) -> Result<T, String> {
        serde_json::from_str(arguments).map_err(|error| format!("The arguments cannot be read: {error}."))
    }
    match tool {
        "read_file" => {
            let ReadArguments { path, first_line, last_line, version } = read(arguments)?;
            let line = |number: i64| u32::try_from(number.max(1)).unwrap_or(u32::MAX);
            let first = line(first_line);
            let last = line(last_line).max(first).min(first.saturating_add(MAX_READ_LINES - 1));
            Ok(Look::Read { path: shown_path(&path, filters)?, lines: LineRange::new(first, last), version })
        }
        "search_text" => {
            let SearchArguments { text, under, version } = read(arguments)?;
            Ok(Look::Search { text: searched(&text)?, under: folder(&under)?, version })
        }
        "find_references" => Ok(Look::References { name: searched(&read::<ReferencesArguments>(arguments)?.name)? }),
        "list_files" => Ok(Look::List { under: folder(&read::<ListArguments>(arguments)?.under)? }),
        "file_history" => Ok(Look::History { path: shown_path(&read::<HistoryArguments>(arguments)?.path, filters)? }),
        other => Err(format!("There is no tool called {}.", other.chars().take(60).collect::<String>().escape_debug())),
    }
}

fn searched(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_good = !text.is_empty() && text.chars().count() <= MAX_SEARCH_CHARS && !text.contains(['\0', '\n', '\r']);
    is_good.then(|| text.to_owned()).ok_or_else(|| format!("Search for one line of 1 to {MAX_SEARCH_CHARS} characters."))
}

/// A path that may be shown.
fn shown_path(path: &str, filters: &PathFilters) -> Result<String, String> {
    let path = folder(path)?;
    if path.is_empty() {
        return Err("Name a file.".to_owned());
    }
    match set_aside_by_path(&path, filters) {
        Some(reason) => Err(format!("That file is not shown: {}.", reason.words())),
        None => Ok(path),
    }
}

/// A path of a tree, without slashes at its ends; empty for the root.
fn folder(path: &str) -> Result<String, String> {
    let path = path.trim().trim_start_matches("./").trim_matches('/');
    let is_inside = path.is_empty() || path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let is_plain = path.chars().count() <= MAX_PATH_CHARS && !path.chars().any(char::is_control);
    let path = if path == "." { "" } else { path };
    (path.is_empty() || is_inside && is_plain)
        .then(|| path.to_owned())
        .ok_or_else(|| "Name a path from the root of the repository, without `..`.".to_owned())
}

/// A line that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub path: String,
    pub line: u32,
    pub text: String,
    /// The function around it.
    pub within: Option<String>,
}

/// Lines of a file with their numbers, fenced. `text` is the whole file, without its secrets; None: there is no such file.
pub fn show_lines(path: &str, version: Version, lines: LineRange, text: Option<&str>) -> String {
    lines_of(path, version.words(), lines, text)
}

/// The same of a linked repository.
pub fn show_linked_lines(repository: &str, path: &str, lines: LineRange, text: Option<&str>) -> String {
    lines_of(&format!("{repository}: {path}"), "at the tip of its default branch", lines, text)
}

fn lines_of(path: &str, when: &str, lines: LineRange, text: Option<&str>) -> String {
    let Some(text) = text else {
        return format!("There is no file of text called {path} {when}, or it is too large.");
    };
    let count = text.lines().count();
    let (mut shown, mut next) = (String::new(), lines.first);
    for (number, line) in (1_u32..).zip(text.lines()).skip_while(|(number, _)| *number < lines.first) {
        let row = format!("{number:>6}  {}\n", shown_line(line));
        if number > lines.last || shown.len() + row.len() > MAX_SHOWN_CHARS {
            break;
        }
        shown.push_str(&row);
        next = number.saturating_add(1);
    }
    if shown.is_empty() {
        return format!("{path} has {count} lines {when}.");
    }
    let more = if (next as usize) <= count { format!("\nThe file goes on to line {count}.") } else { String::new() };
    let fence = Fence::over([shown.as_str()]);
    format!("{}{more}", fence.wrap(&format!("{path} ({when})"), &shown))
}

/// Lines that were found, fenced; those of files that are never shown, or that `filters` leave out, are left out. `is_all`: nothing was cut off before.
pub fn show_hits(label: &str, hits: &[Hit], is_all: bool, filters: &PathFilters) -> String {
    show_groups(&[(label, hits)], is_all, filters).unwrap_or_else(|| NOTHING_FOUND.to_owned())
}

/// How a name was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// By syntax in the files that the code index covers, by text in the others.
    Index,
    /// By text: the index covers files, and none of them has the name.
    TextForUnknownName,
    /// By text: there is no index of this commit.
    TextWithoutIndex,
}

impl FoundBy {
    fn words(self) -> &'static str {
        match self {
            Self::Index => {
                "From the code index: variables and parameters of that name are left out, and the likeliest uses come first. Files \
                 that it does not cover were searched by text."
            }
            Self::TextForUnknownName => "By text: the code index knows no such name.",
            Self::TextWithoutIndex => "By text, for want of a code index: what has the same name may be something else.",
        }
    }
}

/// Where a name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameHits {
    pub found_by: FoundBy,
    pub definitions: Vec<Hit>,
    pub uses: Vec<Hit>,
    /// Found by text.
    pub lines: Vec<Hit>,
    /// Nothing was cut off.
    pub is_all: bool,
}

/// Where a name stands, fenced as [`show_hits`] does, with a word on how it was found.
pub fn show_name(name: &str, hits: &NameHits, filters: &PathFilters) -> String {
    let NameHits { found_by, definitions, uses, lines, is_all } = hits;
    let labels = [format!("definitions of {name}"), format!("references to {name}"), format!("lines that hold {name}, by text")];
    let [of_definitions, of_uses, of_lines] = &labels;
    let groups: [(&str, &[Hit]); 3] = [(of_definitions, definitions), (of_uses, uses), (of_lines, lines)];
    let shown = show_groups(&groups, *is_all, filters);
    shown.map_or_else(|| NOTHING_FOUND.to_owned(), |shown| format!("{}\n{shown}", found_by.words()))
}

/// Each group in a fence of its own; None: there is nothing to be shown.
fn show_groups(groups: &[(&str, &[Hit])], is_all: bool, filters: &PathFilters) -> Option<String> {
    let (mut bodies, mut room, mut left_out) = (Vec::new(), MAX_SHOWN_CHARS, 0_usize);
    for (label, hits) in groups {
        let mut body = String::new();
        for hit in hits.iter().filter(|hit| set_aside_by_path(&hit.path, filters).is_none()) {
            let within = hit.within.as_deref().map(|within| format!(" in {within}")).unwrap_or_default();
            let row = format!("{}:{}{within}: {}\n", hit.path, hit.line, shown_line(hit.text.trim()));
            match room.checked_sub(row.len()) {
                Some(left) => {
                    room = left;
                    body.push_str(&row);
                }
                None => left_out += 1,
            }
        }
        if !body.is_empty() {
            bodies.push((label, body));
        }
    }
    if bodies.is_empty() {
        return None;
    }
    let fence = Fence::over(bodies.iter().map(|(_, body)| body.as_str()));
    let mut result: String = bodies.iter().map(|(label, body)| fence.wrap(label, body)).collect();
    if left_out > 0 || !is_all {
        result.push_str("\nThere is more: narrow it down.");
    }
    Some(result)
}

/// Paths, fenced. `is_all`: nothing was cut off before.
pub fn show_paths(under: &str, paths: &[String], is_all: bool) -> String {
    let mut shown = String::new();
    let mut fits = true;
    for path in paths {
        fits = shown.len() + path.len() < MAX_SHOWN_CHARS;
        if !fits {
            break;
        }
        writeln!(shown, "{path}").expect("a String takes every write");
    }
    if shown.is_empty() {
        return "There are no files.".to_owned();
    }
    let label = if under.is_empty() { "files" } else { under };
    let more = if fits && is_all { "" } else { "\nThere are more: name a folder further down." };
    format!("{}{more}", Fence::over([shown.as_str()]).wrap(label, &shown))
}

#[cfg(test)]
mod tests;
