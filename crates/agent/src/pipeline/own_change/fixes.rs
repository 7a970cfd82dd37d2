//! `autofix`: open findings of ours, each settled by the suggestion that stands in its thread, as long as its lines are what they
//! were; the others by edits that a model writes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{FutureExt as _, StreamExt as _, stream};
use review_core::{
    diff::{LineMap, Mapped},
    finding::{StandingFinding, answer::EditsAnswer, standing_findings},
    own_change::{WrittenFile, protected, replace_lines, suggestion_in},
    prompt,
    pull_request::{Anchor, CommitId, LineRange, PullRequestState, Side},
    redaction::Redactor,
    render::{NotDone, listed, place},
};

use super::{Draft, Occasion, QUESTIONS_AT_ONCE, counted, docstrings::sentence, edits::apply_edits, files::parses_as_well};
use crate::{
    git::GitError,
    llm::Role,
    pipeline::{analysis::AnalysisError, evidence::blocking},
    store::Writing,
};

/// Findings that are looked at, the newest first.
const MAX_FINDINGS: usize = 50;
const MAX_FILE_BYTES: u64 = 300_000;

/// A finding that is open, with what its own comment says.
#[derive(Debug, Clone)]
struct Open {
    finding: StandingFinding,
    said: String,
    suggestion: Option<String>,
}

impl Open {
    fn place(&self) -> String {
        let anchor = self.finding.anchor.as_ref();
        let at = anchor.map(|anchor| place(&anchor.path, Some(anchor.lines.first), ""));
        listed(&at.unwrap_or_else(|| "A finding without a place".to_owned()), &self.finding.claim)
    }

    fn left(&self, why: impl Into<String>) -> NotDone {
        NotDone { what: self.place(), why: why.into() }
    }
}

/// Findings of one file, and its text as it becomes.
struct Repaired {
    path: String,
    before: String,
    text: String,
    done: Vec<String>,
    not_done: Vec<NotDone>,
    /// Those that no suggestion settled.
    rest: Vec<Open>,
}

/// The heads at which open findings were made, where those are wanted at all.
pub(super) fn heads_of_findings(state: &PullRequestState, writing: Writing) -> BTreeSet<CommitId> {
    if !matches!(writing, Writing::Autofix | Writing::AutofixStacked) {
        return BTreeSet::new();
    }
    let open = open_findings(state);
    let heads = state.iterations.iter().filter(|iteration| open.iter().any(|open| open.finding.iteration == iteration.id));
    heads.map(|iteration| iteration.head.clone()).collect()
}

fn open_findings(state: &PullRequestState) -> Vec<Open> {
    let open = standing_findings(state).into_iter().filter(|finding| finding.status.is_open() && !finding.is_deleted);
    let with_text = open.filter_map(|finding| {
        let thread = state.threads.iter().find(|thread| thread.id == finding.thread)?;
        let first = thread.comments.iter().min_by_key(|comment| comment.id)?;
        // What agents are told is told here in other words.
        let said = first.content.split("<details>").next().unwrap_or_default();
        let said = said.split("```suggestion").next().unwrap_or_default().trim().to_owned();
        // The commercial product's blocks may hold what was never checked.
        let suggestion = suggestion_in(&first.content).filter(|_| !finding.is_predecessors);
        // What is fixed on request has to be what we said, not what others may have put into the thread's properties.
        let finding = finding.as_its_comment_says(&first.content);
        Some(Open { finding, said, suggestion })
    });
    let mut open: Vec<Open> = with_text.collect();
    open.sort_by_key(|open| std::cmp::Reverse(open.finding.thread));
    open
}

pub(super) async fn draft(occasion: &Occasion<'_>) -> Result<Draft, AnalysisError> {
    let mut draft = Draft { nothing: "No finding of the agent is open.", ..Draft::default() };
    let mut by_file: BTreeMap<String, Vec<Open>> = BTreeMap::new();
    for (number, open) in open_findings(occasion.state).into_iter().enumerate() {
        match &open.finding.anchor {
            _ if number >= MAX_FINDINGS => draft.not_done.push(open.left("more findings than are fixed at a time")),
            Some(Anchor { path, side: Side::Right, .. }) => match protected(path) {
                Some(why) => draft.not_done.push(open.left(why)),
                None => by_file.entry(path.clone()).or_default().push(open),
            },
            _ => draft.not_done.push(open.left("it is about lines that are gone")),
        }
    }
    let asked: Vec<_> = by_file.into_iter().map(|(path, open)| repaired(occasion, path, open).boxed()).collect();
    let mut repaired = stream::iter(asked).buffered(QUESTIONS_AT_ONCE);
    while let Some(file) = repaired.next().await {
        let Repaired { path, before, text, done, not_done, .. } = file?;
        draft.done.extend(done);
        draft.not_done.extend(not_done);
        if text != before {
            draft.files.push(WrittenFile { path, text, is_new: false });
        }
    }
    draft.title =
        format!("Fix {} in {}", counted(draft.done.len(), "finding", "findings"), counted(draft.files.len(), "file", "files"));
    Ok(draft)
}

async fn repaired(occasion: &Occasion<'_>, path: String, open: Vec<Open>) -> Result<Repaired, AnalysisError> {
    let Occasion { repository, iteration, state, model, .. } = occasion;
    let empty = |not_done| Repaired {
        path: path.clone(),
        before: String::new(),
        text: String::new(),
        done: Vec::new(),
        not_done,
        rest: Vec::new(),
    };
    let all_left = |why: &str, open: &[Open]| empty(open.iter().map(|open| open.left(why)).collect());
    let Some(bytes) = repository.blob(&iteration.head, &path, MAX_FILE_BYTES).await? else {
        return Ok(all_left("the file is gone under this name, or too large", &open));
    };
    let Ok(text) = String::from_utf8(bytes) else { return Ok(all_left("the file is no text in UTF-8", &open)) };
    let heads: HashMap<u32, &CommitId> = state.iterations.iter().map(|iteration| (iteration.id, &iteration.head)).collect();
    // What stood there when each finding was made; None where nobody knows any more.
    let mut then: BTreeMap<u32, Option<String>> = BTreeMap::new();
    for number in open.iter().map(|open| open.finding.iteration) {
        if then.contains_key(&number) {
            continue;
        }
        let found = match heads.get(&number) {
            Some(head) => match repository.blob(head, &path, MAX_FILE_BYTES).await {
                Ok(found) => found.and_then(|bytes| String::from_utf8(bytes).ok()),
                Err(GitError::Failed { .. } | GitError::CommitMissing { .. }) => None,
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        then.insert(number, found);
    }
    let (name, redactor) = (path.clone(), model.redactor().clone());
    let mut file = blocking("applying suggestions", move || suggested(name, text, open, &then, &redactor)).await?;
    if !file.rest.is_empty() {
        edited(occasion, &mut file).await?;
    }
    Ok(file)
}

/// Applies the suggestions whose lines are what they were, from the last line to the first.
fn suggested(
    path: String,
    before: String,
    open: Vec<Open>,
    then: &BTreeMap<u32, Option<String>>,
    redactor: &Redactor,
) -> Repaired {
    let mut file = Repaired { path, text: before.clone(), before, done: Vec::new(), not_done: Vec::new(), rest: Vec::new() };
    let mut placed: Vec<(LineRange, Open, String)> = Vec::new();
    for open in open {
        let lines = open.finding.anchor.as_ref().map(|anchor| anchor.lines);
        let old = then.get(&open.finding.iteration).and_then(Option::as_ref);
        let kept = lines.zip(old).and_then(|(lines, old)| match LineMap::between(old, &file.before).range(lines) {
            Mapped::Kept(now) => Some(now),
            Mapped::Changed(_) | Mapped::Gone => None,
        });
        match (kept, open.suggestion.clone()) {
            (Some(now), Some(suggestion)) => placed.push((now, open, suggestion)),
            _ => file.rest.push(open),
        }
    }
    placed.sort_by_key(|(lines, ..)| std::cmp::Reverse((lines.first, lines.last)));
    let mut above = u32::MAX;
    for (lines, open, suggestion) in placed {
        if lines.last >= above {
            file.not_done.push(open.left("its lines are those of another suggestion, which was taken"));
            continue;
        }
        let made = replace_lines(&file.text, lines, &suggestion).map_err(|refusal| refusal.to_string()).and_then(|made| {
            if !parses_as_well(&file.path, &file.text, &made) {
                return Err("with its suggestion the file would not parse as before".to_owned());
            }
            let brings_secret = redactor.redact(&made).found.len() > redactor.redact(&file.text).found.len();
            if brings_secret { Err("its suggestion brings what looks like a secret".to_owned()) } else { Ok(made) }
        });
        match made {
            Ok(made) => {
                (file.text, above) = (made, lines.first);
                file.done.push(format!("{} (its suggestion)", open.place()));
            }
            Err(why) => file.not_done.push(open.left(why)),
        }
    }
    file
}

/// Asks for edits that settle what no suggestion did.
async fn edited(occasion: &Occasion<'_>, file: &mut Repaired) -> Result<(), AnalysisError> {
    let redactor = occasion.model.redactor().clone();
    let rest = std::mem::take(&mut file.rest);
    let shown = redactor.redact(&file.text).text.into_owned();
    let findings: Vec<(&StandingFinding, &str)> = rest.iter().map(|open| (&open.finding, open.said.as_str())).collect();
    let question = prompt::fixes(&file.path, &shown, &findings);
    let answer = match occasion.model.ask::<EditsAnswer>(Role::Heavy, "", &question, occasion.publisher.cancel).await {
        Ok(reply) => reply.answer,
        Err(error) if error.is_about_this_question() => {
            file.not_done.extend(rest.iter().map(|open| open.left(sentence(&error))));
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let declined: HashMap<u32, String> = answer.declined.into_iter().map(|declined| (declined.number, declined.why)).collect();
    let (path, text, edits) = (file.path.clone(), file.text.clone(), answer.edits);
    let is_asked = {
        let count = rest.len();
        move |number: u32| usize::try_from(number).is_ok_and(|number| (1..=count).contains(&number))
    };
    let applied = blocking("editing", move || {
        let edits: Vec<_> = edits.into_iter().filter(|edit| is_asked(edit.number)).collect();
        apply_edits(&path, &text, &edits, &redactor)
    });
    let applied = applied.await?;
    file.text = applied.text;
    for (number, open) in (1_u32..).zip(&rest) {
        let is_done = applied.done.iter().any(|(done, _)| *done == number);
        let refused = applied.refused.iter().find(|(refused, _)| *refused == number).map(|(_, why)| why.clone());
        if is_done {
            file.done.push(open.place());
        } else {
            let declined =
                declined.get(&number).filter(|why| !why.trim().is_empty()).map(|why| format!("the model declined: {why}"));
            let why = refused.or(declined).unwrap_or_else(|| "the model gave no edit for it".to_owned());
            file.not_done.push(open.left(why));
        }
    }
    Ok(())
}
