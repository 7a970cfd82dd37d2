//! `.editorconfig`, by its specification (<https://spec.editorconfig.org>, 0.17.2), as far as it matters to who reads code:
//! indentation, the longest line, line endings.
//!
//! A crate would not do: `ec4rs` matches patterns by trying, which a pattern can make last, and reads files by itself.

use std::collections::BTreeMap;

use super::{is_below, relative_to, section::SectionPattern};
use crate::prompt::Guideline;

pub(super) const NAME: &str = ".editorconfig";

/// Lines of one file that are read.
const MAX_LINES: usize = 2_000;
/// Sections of one file.
const MAX_SECTIONS: usize = 200;
/// Changed files that are asked about: among those of a larger change the same is said.
const MAX_FILES: usize = 200;
/// Files that are named with a setting.
const MAX_NAMED: usize = 5;
/// Settings that are told of.
const MAX_SENTENCES: usize = 12;
/// The keys that count.
const KEYS: &[&str] = &["indent_style", "indent_size", "tab_width", "max_line_length", "end_of_line"];

type Properties = BTreeMap<&'static str, String>;

struct EditorConfig {
    is_root: bool,
    sections: Vec<(SectionPattern, Properties)>,
}

pub(super) fn is_file(path: &str) -> bool {
    path.rsplit('/').next() == Some(NAME)
}

/// One sentence for each setting that the files have for changed paths.
pub(super) fn guideline(files: &[(&str, &str)], changed: &[&str]) -> Option<Guideline> {
    let mut files: Vec<(&str, EditorConfig)> =
        files.iter().map(|(path, text)| (path.rsplit_once('/').map_or("", |(folder, _)| folder), read(text))).collect();
    files.sort_by_key(|(folder, _)| folder.len());
    let mut told: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let asked: Vec<&str> = changed.iter().copied().take(MAX_FILES).collect();
    for path in &asked {
        for setting in settings(&properties(&files, path)) {
            told.entry(setting).or_default().push(path);
        }
    }
    let sentences: Vec<String> =
        told.iter().take(MAX_SENTENCES).map(|(setting, paths)| format!("{setting}: {}.", named(paths, asked.len()))).collect();
    (!sentences.is_empty()).then(|| Guideline { path: NAME.to_owned(), folder: String::new(), text: sentences.join("\n") })
}

fn named(paths: &[&str], all: usize) -> String {
    if paths.len() == all {
        return "all changed files".to_owned();
    }
    let names = paths.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(MAX_NAMED) {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// What holds for a path: the files from the nearest one that calls itself the root down to the nearest one, each over the ones
/// before it.
fn properties(files: &[(&str, EditorConfig)], path: &str) -> Properties {
    let above: Vec<_> = files.iter().filter(|(folder, _)| is_below(path, folder)).collect();
    let from = above.iter().rposition(|(_, file)| file.is_root).unwrap_or_default();
    let mut found = Properties::new();
    for (folder, file) in above.into_iter().skip(from) {
        let Some(below) = relative_to(path, folder) else { continue };
        for (_, properties) in file.sections.iter().filter(|(pattern, _)| pattern.is_match(below)) {
            found.extend(properties.iter().map(|(key, value)| (*key, value.clone())));
        }
    }
    found.retain(|_, value| value != "unset");
    found
}

/// In words, without their end; what is no value of its key says nothing.
fn settings(properties: &Properties) -> Vec<String> {
    let value = |key: &str| properties.get(key).map(String::as_str);
    let number = |key: &str| value(key).and_then(|value| value.parse::<u16>().ok()).filter(|number| *number > 0);
    let size = number("indent_size").or_else(|| number("tab_width"));
    let indentation = match (value("indent_style"), size) {
        (Some("tab"), _) => Some("Indentation by tabs".to_owned()),
        (Some("space"), Some(1)) => Some("Indentation by 1 space".to_owned()),
        (Some("space"), Some(size)) => Some(format!("Indentation by {size} spaces")),
        (Some("space"), None) => Some("Indentation by spaces".to_owned()),
        (_, Some(size)) if value("indent_size") != Some("tab") && number("indent_size").is_some() => {
            Some(format!("Indentation is {size} wide"))
        }
        _ => None,
    };
    let longest = number("max_line_length").map(|most| format!("Lines of at most {most} characters"));
    let ending = match value("end_of_line") {
        Some("lf") => Some("Lines end with LF"),
        Some("crlf") => Some("Lines end with CRLF"),
        Some("cr") => Some("Lines end with CR"),
        _ => None,
    };
    [indentation, longest, ending.map(str::to_owned)].into_iter().flatten().collect()
}

fn read(text: &str) -> EditorConfig {
    let mut file = EditorConfig { is_root: false, sections: Vec::new() };
    // None: the section's pattern is none, and what stands in it is for nothing.
    let mut section: Option<Option<usize>> = None;
    for line in text.trim_start_matches('\u{feff}').lines().take(MAX_LINES) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let pattern = SectionPattern::new(header).filter(|_| file.sections.len() < MAX_SECTIONS);
            section = Some(pattern.map(|pattern| {
                file.sections.push((pattern, Properties::new()));
                file.sections.len() - 1
            }));
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let (key, value) = (key.trim().to_lowercase(), value.trim().to_lowercase());
        match section {
            None if key == "root" => file.is_root = value == "true",
            Some(Some(at)) => {
                let known = KEYS.iter().find(|known| **known == key);
                if let (Some(known), Some((_, properties))) = (known, file.sections.get_mut(at)) {
                    properties.insert(known, value);
                }
            }
            None | Some(None) => {}
        }
    }
    file
}
