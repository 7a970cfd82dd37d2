//! In what a question differs from the recorded one that is most like it.

use std::{fmt, fs, path::Path};

use serde_json::Value;

use super::{
    VERSION,
    exchange::{Exchange, Parts},
    files, plain,
};
use crate::llm::Role;

/// Files that are looked at; a recording of more is compared as far as that.
const MOST_FILES: usize = 2_000;
/// Characters of a line that are shown.
const SHOWN: usize = 80;
/// Of them, before the first one that differs, in a line that is longer.
const BEFORE: usize = 20;

/// A recorded question, and where the one that was asked differs from it.
#[derive(Debug)]
pub(super) struct Nearest {
    file: String,
    recorded_by: String,
    /// Not empty.
    differences: Vec<Difference>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    part: String,
    /// From 1.
    line: usize,
    recorded: String,
    now: String,
}

/// The recorded question of this role, and for the same schema if there is one, that shares most with `parts`.
pub(super) fn nearest(folder: &Path, role: Role, model: &str, parts: &Parts) -> Option<Nearest> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| files::is_exchange(name))
        .collect();
    names.sort_unstable();
    let recorded = names.into_iter().take(MOST_FILES).filter_map(|name| {
        // What cannot be read is no neighbour; the file that is asked for is told of by itself.
        let exchange = files::read::<Exchange>(&folder.join(&name)).ok()??;
        (exchange.role == role.word())
            .then(|| likeness(&exchange, model, parts))
            .map(|(likeness, nearest)| (likeness, name, nearest))
    });
    // Of equals the first by name, so that the same question is told the same way.
    let best = recorded.reduce(|best, other| if other.0 > best.0 { other } else { best });
    best.map(|(_, file, nearest)| Nearest { file, ..nearest })
}

/// Same schema, parts that are the same, and how far the first one that is not goes along: more is nearer.
type Likeness = (bool, usize, usize);

fn likeness(exchange: &Exchange, model: &str, parts: &Parts) -> (Likeness, Nearest) {
    let is_same_schema = exchange.question.schema() == parts.schema();
    let mut names: Vec<&String> = parts.0.keys().chain(exchange.question.0.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let (mut same, mut along, mut differences) = (0, 0, Vec::new());
    if exchange.model == model {
        same += 1;
    } else {
        differences.extend(difference("model", &exchange.model, model));
    }
    for name in names {
        let (recorded, now) = (text(exchange.question.0.get(name)), text(parts.0.get(name)));
        match difference(name, &recorded, &now) {
            None => same += 1,
            Some(difference) => {
                along += common(&recorded, &now);
                differences.push(difference);
            }
        }
    }
    let nearest = Nearest { file: String::new(), recorded_by: plain(exchange.recorded_by.chars(), SHOWN), differences };
    ((is_same_schema, same, along), nearest)
}

fn text(part: Option<&Value>) -> String {
    match part {
        None => "(nothing)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(part) => format!("{part:#}"),
    }
}

/// Bytes at the beginning that are the same.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count()
}

/// None when they are the same.
fn difference(part: &str, recorded: &str, now: &str) -> Option<Difference> {
    if recorded == now {
        return None;
    }
    let (mut before, mut after) = (recorded.split('\n'), now.split('\n'));
    let mut line = 0_usize;
    loop {
        line = line.saturating_add(1);
        match (before.next(), after.next()) {
            (Some(one), Some(other)) if one == other => {}
            (one, other) => {
                let (recorded, now) = (excerpt(one, other), excerpt(other, one));
                return Some(Difference { part: plain(part.chars(), SHOWN), line, recorded, now });
            }
        }
    }
}

/// What stands in `line` about where it begins to differ from `other`, fit for a terminal.
fn excerpt(line: Option<&str>, other: Option<&str>) -> String {
    let Some(line) = line else { return "(it ends there)".to_owned() };
    let same = line.chars().zip(other.unwrap_or_default().chars()).take_while(|(one, other)| one == other).count();
    let from = if line.chars().nth(SHOWN).is_some() { same.saturating_sub(BEFORE) } else { 0 };
    let shown = plain(line.chars().skip(from), SHOWN);
    let head = if from > 0 { "…" } else { "" };
    let tail = if line.chars().nth(from.saturating_add(SHOWN)).is_some() { "…" } else { "" };
    format!("`{head}{shown}{tail}`")
}

impl fmt::Display for Nearest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, recorded_by, differences } = self;
        write!(formatter, "Most like it is {file}, which differs in ")?;
        for (index, Difference { part, line, recorded, now }) in differences.iter().enumerate() {
            let semicolon = if index == 0 { "" } else { "; in " };
            write!(formatter, "{semicolon}{part}, line {line}: recorded {recorded}, now {now}")?;
        }
        let differs = |name: &str| differences.iter().any(|difference| difference.part == name);
        let advice = if recorded_by != VERSION {
            format!(
                "it was recorded by version {recorded_by}, and this is {VERSION}; replay it with that one, or record the run again"
            )
        } else if differs("pack") {
            "review the commits that were recorded, with the same PROMPT_TOKENS, or record this run with `--record`".to_owned()
        } else {
            "an answer before it was another one, or the agent asks otherwise than the one that recorded: record the run again"
                .to_owned()
        };
        write!(formatter, ". What to do: {advice}")
    }
}
