//! A fix that a person can commit with one click must apply.

use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::{pull_request::LineRange, render::is_invisible};

/// More new lines than this on top of the replaced ones are a rewrite, which nobody commits with one click.
const MAX_EXTRA_LINES: usize = 10;

/// The new text of a range of whole lines, without a trailing line ending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    pub replacement: String,
}

/// Refuses, with the reason, what would not replace exactly `lines` of `head_text` by something else: no change, a code
/// fence inside, lines past the end, an indentation lost, more than ten lines longer, line endings mixed.
///
/// Taken off before: a fence that the model put around the code, one trailing line ending, `\r` before each `\n`. An
/// indentation that the model lost as a whole is given back where there is only one way to do so.
pub fn check_suggestion(lines: LineRange, replacement: &str, head_text: &str) -> Result<Suggestion, String> {
    let replaced = replaced_lines(lines, head_text)?;
    let text = replacement.replace("\r\n", "\n");
    let text = without_fence(&text);
    let text = text.strip_suffix('\n').unwrap_or(text);
    check_characters(text)?;
    // Comments in HTML are how reviewers, ours and others, mark what they wrote; those of the code itself may stay.
    if text.matches("<!--").count() > replaced.iter().map(|line| line.matches("<!--").count()).sum() {
        return Err("it brings an HTML comment, which may be read as a marker".to_owned());
    }

    let new: Vec<&str> = text.split('\n').collect();
    if new.iter().all(|line| line.trim().is_empty()) {
        return Err("it is empty".to_owned());
    }
    if new.len() > replaced.len() + MAX_EXTRA_LINES {
        return Err(format!("{} lines for {}: more than {MAX_EXTRA_LINES} lines longer", new.len(), replaced.len()));
    }
    let new = with_indentation(&replaced, &new)?;
    if new.iter().map(|line| line.trim_end()).eq(replaced.iter().map(|line| line.trim_end())) {
        return Err("it changes nothing".to_owned());
    }
    Ok(Suggestion { replacement: new.join("\n") })
}

fn replaced_lines(lines: LineRange, head_text: &str) -> Result<Vec<&str>, String> {
    let (first, last) = (lines.first as usize, lines.last as usize);
    let raw: Vec<&str> = head_text.split_inclusive('\n').collect();
    let range = first
        .checked_sub(1)
        .and_then(|start| raw.get(start..last))
        .ok_or_else(|| format!("lines {first}-{last} are not in the file, which has {}", raw.len()))?;
    let ended = |ending: &str| range.iter().filter(|line| line.ends_with(ending)).count();
    if !matches!(ended("\r\n"), 0) && ended("\r\n") != ended("\n") {
        return Err("the replaced lines mix line endings".to_owned());
    }
    let replaced: Vec<&str> = range.iter().map(|line| line.trim_end_matches(['\n', '\r'])).collect();
    // It would count as indentation, and be put into the suggestion.
    if replaced.iter().any(|line| line.contains('\r')) {
        return Err("the replaced lines hold a carriage return that ends no line".to_owned());
    }
    Ok(replaced)
}

fn without_fence(text: &str) -> &str {
    let trimmed = text.trim_matches('\n');
    let inside = trimmed.strip_prefix("```").and_then(|rest| rest.trim_end().strip_suffix("```")).and_then(|rest| {
        let (language, body) = rest.split_once('\n')?;
        (!language.contains('`')).then_some(body)
    });
    inside.unwrap_or(text)
}

fn check_characters(text: &str) -> Result<(), String> {
    static ACTS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(?i)@<[0-9a-f]{8}-|@coderabbit|<!-- *coderabbit").expect("a fixed pattern that the tests compile")
    });
    if text.contains("```") {
        return Err("it holds a code fence".to_owned());
    }
    if ACTS.is_match(text) {
        return Err("it holds a mention, a command to a bot or a marker of one, which would act in the comment".to_owned());
    }
    if text.contains('\r') {
        return Err("it mixes line endings".to_owned());
    }
    if text.chars().any(is_invisible) {
        return Err("it holds invisible characters".to_owned());
    }
    Ok(())
}

/// The new lines with the indentation that the replaced ones have in common.
fn with_indentation(replaced: &[&str], new: &[&str]) -> Result<Vec<String>, String> {
    let unchanged = || new.iter().map(|&line| line.to_owned()).collect();
    let common = common_indentation(replaced);
    let given = common_indentation(new);
    if given.starts_with(common) {
        return Ok(unchanged());
    }
    if !common.starts_with(given) {
        return Err("it is indented with other characters than the lines it replaces".to_owned());
    }
    // `missing` is what every line lacks, if they all lost the same.
    let missing = common.strip_prefix(given).unwrap_or_default();
    let lost_by_all = || new.iter().map(|line| indented(missing, line)).collect::<Vec<_>>();
    let filled: Vec<&str> = new.iter().copied().filter(|line| !line.trim().is_empty()).collect();
    let [first, rest @ ..] = filled.as_slice() else { return Ok(unchanged()) };

    let by_all = lost_by_all();
    let starts_at_common = replaced.iter().find(|line| !line.trim().is_empty()).is_some_and(|line| indentation(line) == common);
    let one_line = filled.len() == 1 && given.is_empty() && starts_at_common;
    let by_first = given.is_empty() && !rest.is_empty() && rest.iter().all(|line| line.starts_with(common));
    if one_line || !by_first && keeps_a_line(replaced, &by_all) && !keeps_a_line(replaced, new) {
        return Ok(by_all);
    }
    if by_first {
        // The whole answer was trimmed, or everything was moved left: a line that stays as it was tells which.
        let (kept_as_given, kept_when_moved) = (keeps_a_line(replaced, rest), keeps_a_line(replaced, &by_all));
        if kept_as_given && !kept_when_moved {
            let mut lines: Vec<String> = unchanged();
            if let Some(line) = lines.iter_mut().find(|line| line.as_str() == *first) {
                line.insert_str(0, missing);
            }
            return Ok(lines);
        }
        if kept_when_moved && !kept_as_given {
            return Ok(by_all);
        }
    }
    Err("its indentation is not that of the lines it replaces".to_owned())
}

/// Whether a line of some substance stands in both, indentation included.
fn keeps_a_line<Line: AsRef<str>>(replaced: &[&str], new: &[Line]) -> bool {
    let substance = |line: &str| line.contains(char::is_alphanumeric);
    new.iter()
        .map(|line| line.as_ref().trim_end())
        .filter(|line| substance(line))
        .any(|line| replaced.iter().any(|old| old.trim_end() == line))
}

fn indented(indentation: &str, line: &str) -> String {
    if line.trim().is_empty() { line.to_owned() } else { format!("{indentation}{line}") }
}

fn indentation(line: &str) -> &str {
    line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
}

/// The longest white space that all non-empty lines begin with.
fn common_indentation<'a>(lines: &[&'a str]) -> &'a str {
    let mut common: Option<&str> = None;
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        let own = indentation(line);
        common = Some(match common {
            None => own,
            Some(common) => {
                let same = common.bytes().zip(own.bytes()).take_while(|(one, other)| one == other).count();
                // White space of several bytes may end inside a character; then nothing is in common.
                common.get(..same).unwrap_or_default()
            }
        });
    }
    common.unwrap_or_default()
}

#[cfg(test)]
mod tests;
