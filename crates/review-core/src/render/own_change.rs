//! Changes of the agent's own, in words: the pull request that brings one, and what is answered to who asked.

use super::model_text::{code_span, neutralise, neutralise_line};
use crate::{
    description::MAX_DESCRIPTION_UTF16,
    own_change::{OwnChangeKind, Plan, Step},
    pull_request::CommitId,
};

const MAX_PATH_CHARS: usize = 200;
const MAX_NAME_CHARS: usize = 100;
const MAX_WORDS_CHARS: usize = 300;
const MAX_STEP_CHARS: usize = 1_500;
const MAX_LISTED: usize = 40;
/// Of an answer's lists.
const MAX_ACCOUNT_CHARS: usize = 12_000;
/// Marks a pull request as one of the agent's own. Decides nothing: anybody can write it.
const MARKER: &str = "<!-- coderabbit-agent:own-change v1 -->";

/// Something that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDone {
    /// As [`place`] writes it, or a few words.
    pub what: String,
    /// Without a full stop; made harmless here.
    pub why: String,
}

/// A place in a file, as markdown: `` `src/a.rs`, line 12 (`name`) ``.
pub fn place(path: &str, line: Option<u32>, name: &str) -> String {
    let path = code_span(path, MAX_PATH_CHARS);
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    let name = if name.is_empty() { String::new() } else { format!(" ({})", code_span(name, MAX_NAME_CHARS)) };
    format!("{path}{line}{name}")
}

/// One line about a place in the words of a model.
pub fn listed(place: &str, words: &str) -> String {
    let words = neutralise_line(words, MAX_WORDS_CHARS);
    if words.is_empty() { place.to_owned() } else { format!("{place}: {words}") }
}

/// What an account tells.
#[derive(Debug, Clone, Copy)]
pub struct AccountOf<'a> {
    pub kind: OwnChangeKind,
    /// What was done, a line each, as [`place`] and [`listed`] write it.
    pub done: &'a [String],
    pub not_done: &'a [NotDone],
}

/// What was done and what was not, for the answer and the description.
pub fn account(of: &AccountOf<'_>) -> String {
    let AccountOf { kind, done, not_done } = of;
    let mut parts = Vec::new();
    if !done.is_empty() {
        let verb = match kind {
            OwnChangeKind::Docstrings => "Documented",
            OwnChangeKind::UnitTests => "Written",
            OwnChangeKind::Fixes | OwnChangeKind::StackedFixes => "Fixed",
            OwnChangeKind::Simplification | OwnChangeKind::Recipe => "Changed",
        };
        parts.push(format!("{verb}:\n\n{}", bullets(done.iter().cloned(), done.len())));
    }
    if !not_done.is_empty() {
        let line = |left: &NotDone| format!("{}: {}", left.what, neutralise_line(&left.why, MAX_WORDS_CHARS));
        parts.push(format!("Not done:\n\n{}", bullets(not_done.iter().map(line), not_done.len())));
    }
    parts.join("\n\n")
}

/// The description of a pull request of the agent's own: never longer than the service takes.
pub fn description(kind: OwnChangeKind, pull_request: u64, head: &CommitId, account: &str) -> String {
    let proof = match kind {
        OwnChangeKind::Docstrings => {
            "Only comments were added: each file was parsed before and after, and is the same but for them. The words are those of \
             a language model; read them before you merge."
        }
        OwnChangeKind::UnitTests => {
            "Only new files of tests were added. **Nobody has run them**, the agent executes no code of the repository: they parse, \
             and name what changed; your own build will tell the rest."
        }
        OwnChangeKind::Fixes | OwnChangeKind::StackedFixes => {
            "Each fix was made where its text stood exactly as it was found. **Nothing was built or run**; your own build will \
             tell, and the next review looks at it."
        }
        OwnChangeKind::Simplification | OwnChangeKind::Recipe => {
            "Each edit was made where its text stood exactly once, and the files parse as before. **Nothing was built or run**; read \
             it before you merge."
        }
    };
    let head = head.short();
    let intro = format!("Made because it was asked for by a command in !{pull_request}, for its state `{head}`. {proof}");
    let room = MAX_DESCRIPTION_UTF16.saturating_sub(utf16(&intro) + utf16(MARKER) + 100);
    let mut kept = String::new();
    for line in account.lines() {
        if utf16(&kept) + utf16(line) + 1 > room {
            kept.push_str("\n…");
            break;
        }
        kept.extend([line, "\n"]);
    }
    format!("{intro}\n\n{}\n\n{MARKER}", kept.trim_end())
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A finding that a plan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFinding {
    /// As [`place`] writes it.
    pub place: String,
    pub claim: String,
}

/// A coding plan as an answer; None: it has no step.
pub fn coding_plan(plan: &Plan, findings: &[PlannedFinding]) -> Option<String> {
    if plan.steps.is_empty() {
        return None;
    }
    let mut parts = vec!["**Plan.** No code was changed.".to_owned()];
    parts.extend(Some(neutralise(&plan.summary, MAX_STEP_CHARS)).filter(|summary| !summary.is_empty()));
    for (number, step) in (1_u32..).zip(&plan.steps) {
        let Step { title, what, files, new_files, settles } = step;
        let mut lines = vec![format!("**{number}. {}**", neutralise_line(title, MAX_WORDS_CHARS))];
        lines.extend(Some(neutralise(what, MAX_STEP_CHARS)).filter(|what| !what.is_empty()));
        let files = files.iter().map(|path| code_span(path, MAX_PATH_CHARS));
        let new = new_files.iter().map(|path| format!("{} (new)", code_span(path, MAX_PATH_CHARS)));
        let named: Vec<String> = files.chain(new).collect();
        if !named.is_empty() {
            lines.push(format!("Files: {}", named.join(", ")));
        }
        let settled = settles.iter().filter_map(|number| findings.get(usize::try_from(*number).ok()?.checked_sub(1)?));
        lines.extend(settled.map(|finding| format!("Settles {}", listed(&finding.place, &finding.claim))));
        parts.push(lines.join("\n\n"));
    }
    if plan.unknown_files > 0 {
        let are = if plan.unknown_files == 1 { "file was left out that is" } else { "files were left out that are" };
        parts.push(format!("{} {are} not there.", plan.unknown_files));
    }
    Some(parts.join("\n\n"))
}

fn bullets(lines: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = String::new();
    let mut shown = 0;
    for line in lines.take(MAX_LISTED) {
        if text.chars().count() + line.chars().count() > MAX_ACCOUNT_CHARS {
            break;
        }
        text.push_str(&format!("- {line}\n"));
        shown += 1;
    }
    if let Some(more) = count.checked_sub(shown).filter(|more| *more > 0) {
        text.push_str(&format!("- and {more} more\n"));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_models_and_repositories_are_harmless_in_accounts_and_descriptions() {
        let done =
            vec![listed(&place("src/`a`.rs", Some(3), "b<c>"), "Closes #1 @<00000000-0000-0000-0000-000000000000> <img src=x>")];
        let left = [NotDone { what: place("b.rs", None, ""), why: "holds <script> and !7".to_owned() }];
        let text = account(&AccountOf { kind: OwnChangeKind::StackedFixes, done: &done, not_done: &left });
        assert!(text.starts_with("Fixed:\n\n- ``src/`a`.rs``, line 3 (`b<c>`): "), "{text}");
        assert!(text.contains(r"Closes # 1 @ \<00000000-") && text.contains(r"\<img src=x\>"), "{text}");
        assert!(text.contains(r"holds \<script\> and ! 7"), "{text}");
        let head = CommitId::parse(&"a".repeat(40)).unwrap();
        let text = description(OwnChangeKind::UnitTests, 7, &head, &"- line\n".repeat(2_000));
        assert!(utf16(&text) <= MAX_DESCRIPTION_UTF16 && text.contains("\n…\n") && text.ends_with(MARKER), "{text}");
        assert!(text.starts_with("Made because it was asked for by a command in !7, for its state `aaaaaaaa`."), "{text}");
    }

    #[test]
    fn long_lists_say_how_much_is_left_out() {
        let done: Vec<String> = (0..100).map(|line| place("a.rs", Some(line), "")).collect();
        let text = account(&AccountOf { kind: OwnChangeKind::Docstrings, done: &done, not_done: &[] });
        assert!(text.ends_with("- and 60 more"), "{text}");
    }
}
