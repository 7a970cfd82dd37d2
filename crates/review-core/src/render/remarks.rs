//! What a walkthrough says about the configuration of its review.

use std::collections::BTreeMap;

use super::{
    model_text::{code_span, neutralise_line},
    walkthrough::{counted, folded as fold},
};
use crate::configuration::{Effective, Level, Remark};

const MAX_SOURCE_CHARS: usize = 200;
const MAX_TEXT_CHARS: usize = 400;
/// Lines of the list.
const MAX_REMARKS: usize = 40;
/// Keys of which the same is said, in one line.
const MAX_KEYS: usize = 12;

/// A folded list of all that is wrong with the files, and of what changes nothing here. None: there is nothing to say.
pub(super) fn folded(effective: &Effective) -> Option<String> {
    let remarks = &effective.remarks;
    let of = |level: Level| remarks.iter().filter(|remark| remark.level == level).count();
    let (warnings, notes) = (of(Level::Warning), of(Level::Note));
    let mut counts = Vec::new();
    if warnings > 0 {
        counts.push(counted(warnings, "warning", "warnings"));
    }
    if notes > 0 {
        counts.push(counted(notes, "note", "notes"));
    }
    if counts.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = remarks.iter().filter(|remark| remark.level == Level::Warning).map(line).collect();
    lines.extend(notes_by_text(remarks));
    if let Some(more) = lines.len().checked_sub(MAX_REMARKS).filter(|more| *more > 0) {
        lines.truncate(MAX_REMARKS);
        lines.push(format!("- and {more} more; `coderabbit-agent config check` lists all"));
    }
    Some(fold(&format!("Configuration: {}", counts.join(", ")), &lines.join("\n")))
}

/// "- Configuration: `.coderabbit.yaml`, `YAML_CONFIG`".
pub(super) fn sources(effective: &Effective) -> String {
    let sources: Vec<String> = effective.sources.iter().map(|source| code_span(&source.to_string(), MAX_SOURCE_CHARS)).collect();
    format!("- Configuration: {}", sources.join(", "))
}

fn line(remark: &Remark) -> String {
    format!("- {}: {}", place(remark), neutralise_line(&remark.text, MAX_TEXT_CHARS))
}

fn place(remark: &Remark) -> String {
    let source = code_span(&remark.source.to_string(), MAX_SOURCE_CHARS);
    remark.at.map_or_else(|| source.clone(), |at| format!("{source}, line {}, column {}", at.line, at.column))
}

/// One line for all keys of which the same is said: a file may set fifty tools.
fn notes_by_text(remarks: &[Remark]) -> Vec<String> {
    let mut by_text: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut lines = Vec::new();
    for remark in remarks.iter().filter(|remark| remark.level == Level::Note) {
        match remark.text.split_once("`: ") {
            Some((key, text)) => by_text.entry(text).or_default().push(key.trim_start_matches('`')),
            None => lines.push(line(remark)),
        }
    }
    let together = by_text.into_iter().map(|(text, keys)| {
        let mut shown: Vec<String> = keys.iter().take(MAX_KEYS).map(|key| code_span(key, MAX_SOURCE_CHARS)).collect();
        if let Some(more) = keys.len().checked_sub(MAX_KEYS).filter(|more| *more > 0) {
            shown.push(format!("{more} more"));
        }
        format!("- {}: {}", shown.join(", "), neutralise_line(text, MAX_TEXT_CHARS))
    });
    lines.extend(together);
    lines
}
