//! Edits that a model writes: pieces that have to stand in the file exactly once, made entry by entry, wholly or not at all.
//! `simplify` and `run` ask for them file by file.

use futures::{FutureExt as _, StreamExt as _, stream};
use review_core::{
    configuration::Recipe,
    finding::answer::{EditAnswer, EditsAnswer},
    own_change::{Edit, WrittenFile, apply},
    prompt,
    redaction::Redactor,
    render::{NotDone, listed, neutralise, place},
};

use super::{
    Draft, Occasion, QUESTIONS_AT_ONCE, counted,
    docstrings::sentence,
    files::{ChangedFile, changed_files, parses_as_well},
};
use crate::{
    llm::Role,
    pipeline::{analysis::AnalysisError, evidence::blocking},
};

/// Edits of one answer that are looked at.
const MAX_EDITS: usize = 60;
const MAX_TITLE_CHARS: usize = 80;

/// What became of a file's edits. Lines with their reasons are by the number of the entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Applied {
    pub(super) text: String,
    pub(super) done: Vec<(u32, String)>,
    pub(super) refused: Vec<(u32, String)>,
}

/// `text` with the edits of each entry, as far as all of one entry can be made and the file still parses as well as before.
pub(super) fn apply_edits(path: &str, text: &str, edits: &[EditAnswer], redactor: &Redactor) -> Applied {
    let mut applied = Applied { text: text.to_owned(), ..Applied::default() };
    let mut numbers: Vec<u32> = edits.iter().take(MAX_EDITS).map(|edit| edit.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    for number in numbers {
        let of_entry = || edits.iter().take(MAX_EDITS).filter(move |edit| edit.number == number);
        let made = of_entry().try_fold(applied.text.clone(), |text, edit| {
            apply(&text, &Edit { search: edit.search.clone(), replace: edit.replace.clone() })
                .map_err(|refusal| refusal.to_string())
        });
        let checked = made.and_then(|made| {
            if !parses_as_well(path, &applied.text, &made) {
                Err("with the edit the file would not parse as before".to_owned())
            } else if redactor.redact(&made).found.len() > redactor.redact(&applied.text).found.len() {
                Err("the edit brings what looks like a secret".to_owned())
            } else {
                Ok(made)
            }
        });
        match checked {
            Ok(made) => {
                applied.text = made;
                let about =
                    of_entry().map(|edit| edit.about.trim()).filter(|about| !about.is_empty()).collect::<Vec<_>>().join("; ");
                applied.done.push((number, redactor.redact(&about).text.into_owned()));
            }
            Err(why) => applied.refused.push((number, why)),
        }
    }
    applied
}

/// Edits of the changed files that make them simpler, or what a recipe says.
pub(super) async fn draft(occasion: &Occasion<'_>, recipe: Option<&Recipe>) -> Result<Draft, AnalysisError> {
    let (files, not_done) = changed_files(occasion).await?;
    let mut draft = Draft { not_done, nothing: "No changed file gives reason for it.", ..Draft::default() };
    let asked: Vec<_> =
        files.into_iter().filter(|file| !file.added.is_empty()).map(|file| ask(occasion, file, recipe).boxed()).collect();
    let mut answered = stream::iter(asked).buffered(QUESTIONS_AT_ONCE);
    while let Some(answer) = answered.next().await {
        let (file, done, left) = answer?;
        draft.files.extend(file);
        draft.done.extend(done);
        draft.not_done.extend(left);
    }
    let count = counted(draft.files.len(), "file", "files");
    draft.title = match recipe {
        None => format!("Simplify {count}"),
        // From the target branch's configuration, but a name of people all the same.
        Some(recipe) => format!("{}: {count}", neutralise(&recipe.name, MAX_TITLE_CHARS).replace('\n', " ")),
    };
    Ok(draft)
}

type Answered = (Option<WrittenFile>, Vec<String>, Vec<NotDone>);

async fn ask(occasion: &Occasion<'_>, file: ChangedFile, recipe: Option<&Recipe>) -> Result<Answered, AnalysisError> {
    let redactor = occasion.model.redactor().clone();
    let shown = redactor.redact(&file.text).text.into_owned();
    let question = match recipe {
        None => prompt::simplification(&file.path, &shown, &file.added_ranges()),
        Some(recipe) => prompt::recipe(&file.path, &shown, &recipe.instructions, &file.added_ranges()),
    };
    let at = place(&file.path, None, "");
    let left = |why: String| NotDone { what: at.clone(), why };
    let answer = match occasion.model.ask::<EditsAnswer>(Role::Heavy, "", &question, occasion.publisher.cancel).await {
        Ok(reply) => reply.answer,
        Err(error) if error.is_about_this_question() => return Ok((None, Vec::new(), vec![left(sentence(&error).to_owned())])),
        Err(error) => return Err(error.into()),
    };
    let (path, text, before) = (file.path.clone(), file.text.clone(), file.text);
    // Each edit by itself: they are one entry each, and need not hold together.
    let edits: Vec<EditAnswer> = (1_u32..).zip(answer.edits).map(|(number, edit)| EditAnswer { number, ..edit }).collect();
    let applied = blocking("editing", move || apply_edits(&path, &text, &edits, &redactor)).await?;
    let done: Vec<String> = applied.done.iter().map(|(_, about)| listed(&at, about)).collect();
    let declined = answer.declined.into_iter().map(|declined| declined.why).filter(|why| !why.trim().is_empty());
    let not_done = applied.refused.into_iter().map(|(_, why)| why).chain(declined).map(left).collect();
    let written = (applied.text != before).then_some(WrittenFile { path: file.path, text: applied.text, is_new: false });
    Ok((written, done, not_done))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(number: u32, search: &str, replace: &str) -> EditAnswer {
        EditAnswer { number, search: search.to_owned(), replace: replace.to_owned(), about: format!("Entry {number}.") }
    }

    #[test]
    fn an_entry_is_settled_wholly_or_not_at_all() {
        let redactor = Redactor::new(b"salt", &[]);
        let text = "def a():\n    return 1\n\n\ndef b():\n    return 1\n";
        let edits = [
            edit(1, "def a():\n    return 1", "def a():\n    return 2"),
            edit(2, "def b():\n    return 1", "def b():\n    return 3"),
            edit(2, "def c():", "def d():"),
            edit(3, "def b():", "def b(:"),
            edit(4, "def b():\n    return 1", "def b():\n    return \"ghp_0123456789abcdefghijABCDEFGHIJ456789\""),
        ];
        let applied = apply_edits("a.py", text, &edits, &redactor);
        assert_eq!(applied.text, text.replacen("return 1", "return 2", 1));
        assert_eq!(applied.done, [(1, "Entry 1.".to_owned())]);
        let refused: Vec<_> = applied.refused.iter().map(|(number, _)| *number).collect();
        assert_eq!(refused, [2, 3, 4], "{:?}", applied.refused);
    }
}
