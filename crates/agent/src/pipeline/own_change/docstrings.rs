//! `generate docstrings`: the functions and types that the check of docstrings counts as undocumented, each asked about and put in
//! place by `code_index::docstring`.

use code_index::{
    Symbol,
    docstring::{Documentation, Documented, document},
};
use futures::{FutureExt as _, StreamExt as _, stream};
use review_core::{
    finding::answer::{DocstringAnswer, DocstringsAnswer},
    own_change::WrittenFile,
    prompt::{self, SymbolAsked, path_guidance},
    pull_request::LineRange,
    redaction::Redactor,
    render::{NotDone, place},
    scope::is_test,
};

use super::{Draft, Occasion, QUESTIONS_AT_ONCE, counted, files::ChangedFile, files::changed_files};
use crate::{
    llm::{ModelError, Role},
    pipeline::{analysis::AnalysisError, checks::touched, evidence::blocking, excerpts::numbered},
};

/// Symbols of one file that are asked about.
const MAX_SYMBOLS: usize = 40;
/// A file of more lines is shown around its symbols only.
const MAX_WHOLE_LINES: usize = 800;
const MARGIN: u32 = 5;
const MOST_LINES_OF_SYMBOL: u32 = 150;

pub(super) async fn draft(occasion: &Occasion<'_>) -> Result<Draft, AnalysisError> {
    let (files, not_done) = changed_files(occasion).await?;
    let mut draft = Draft {
        not_done,
        nothing: "Every function and type that the change adds or touches is documented, or none is in files that may be changed.",
        ..Draft::default()
    };
    let lacking = files.into_iter().filter(|file| !is_test(&file.path)).map(|file| {
        let symbols = undocumented(&file);
        (file, symbols)
    });
    let asked = lacking.filter(|(_, symbols)| !symbols.is_empty()).map(|(file, symbols)| ask(occasion, file, symbols).boxed());
    let asked: Vec<_> = asked.collect();
    let mut answered = stream::iter(asked).buffered(QUESTIONS_AT_ONCE);
    while let Some(answer) = answered.next().await {
        let (file, done, left) = answer?;
        draft.files.extend(file);
        draft.done.extend(done);
        draft.not_done.extend(left);
    }
    draft.title = format!("Add docstrings to {}", counted(draft.files.len(), "file", "files"));
    Ok(draft)
}

/// The indices of those that the check counts as undocumented, so that command and check agree.
fn undocumented(file: &ChangedFile) -> Vec<usize> {
    let counted = touched(&file.index, &file.added);
    let is_counted = |symbol: &Symbol| counted.iter().any(|found| std::ptr::eq(*found, symbol));
    let symbols = file.index.symbols().iter().enumerate();
    symbols.filter(|(_, symbol)| !symbol.is_documented && is_counted(symbol)).map(|(place, _)| place).collect()
}

type Answered = (Option<WrittenFile>, Vec<String>, Vec<NotDone>);

async fn ask(occasion: &Occasion<'_>, file: ChangedFile, symbols: Vec<usize>) -> Result<Answered, AnalysisError> {
    let Occasion { configuration, model, publisher, .. } = occasion;
    let settings = &configuration.code_generation.docstrings;
    let at = |symbol: usize| {
        let found = file.index.symbols().get(symbol);
        place(&file.path, found.map(|found| found.lines.first), found.map_or("", |found| &found.name))
    };
    let left_out = |symbol: usize, why: &str| NotDone { what: at(symbol), why: why.to_owned() };
    let (asked, surplus) = symbols.split_at(symbols.len().min(MAX_SYMBOLS));
    let mut not_done: Vec<NotDone> =
        surplus.iter().map(|symbol| left_out(*symbol, "more than are asked about at a time")).collect();
    let question = prompt::docstrings(
        &file.path,
        &shown(&file, asked, model.redactor()),
        &asked.iter().filter_map(|symbol| file.index.symbols().get(*symbol)).map(listed).collect::<Vec<_>>(),
        settings.language.name(),
        &path_guidance(&settings.path_instructions, &[&file.path]),
    );
    let answer = match model.ask::<DocstringsAnswer>(Role::Medium, "", &question, publisher.cancel).await {
        Ok(reply) => reply.answer,
        Err(error) if error.is_about_this_question() => {
            not_done.push(NotDone { what: place(&file.path, None, ""), why: sentence(&error).to_owned() });
            return Ok((None, Vec::new(), not_done));
        }
        Err(error) => return Err(error.into()),
    };
    let wanted: Vec<(usize, Documentation)> = (1_u32..)
        .zip(asked)
        .filter_map(|(number, symbol)| {
            let said = answer.docstrings.iter().find(|said| said.symbol == number)?;
            Some((*symbol, documentation(said, model.redactor())))
        })
        .collect();
    let unsaid = asked.iter().filter(|symbol| !wanted.iter().any(|(known, _)| known == *symbol));
    not_done.extend(unsaid.map(|symbol| left_out(*symbol, "the model had nothing to say of it")));
    let (language, text) = (file.language, file.text.clone());
    let made = blocking("documenting", move || document(language, &text, &wanted)).await?;
    let Ok(Documented { text, documented, refused }) = made else {
        not_done.push(NotDone { what: place(&file.path, None, ""), why: "the file cannot be parsed".to_owned() });
        return Ok((None, Vec::new(), not_done));
    };
    not_done.extend(refused.iter().map(|(symbol, refusal)| left_out(*symbol, &refusal.to_string())));
    let done: Vec<String> = documented.iter().map(|symbol| at(*symbol)).collect();
    let written = (!done.is_empty()).then(|| WrittenFile { path: file.path.clone(), text, is_new: false });
    Ok((written, done, not_done))
}

pub(super) fn sentence(error: &ModelError) -> &'static str {
    match error {
        ModelError::ContextTooLong { .. } => "too large for the model",
        ModelError::Refused { .. } => "the model endpoint refuses the request",
        ModelError::ModelMissing { .. } => "the model endpoint does not have the agent's model",
        _ => "the model did not give an answer that can be read",
    }
}

fn listed(symbol: &Symbol) -> SymbolAsked {
    SymbolAsked { name: symbol.name.clone(), line: symbol.lines.first, signature: symbol.signature.clone() }
}

/// The numbered code, without its secrets: the whole file, or of a long one what is around the symbols.
fn shown(file: &ChangedFile, symbols: &[usize], redactor: &Redactor) -> String {
    let text = redactor.redact(&file.text).text;
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    if usize::try_from(lines).is_ok_and(|lines| lines <= MAX_WHOLE_LINES) {
        return numbered(&text, LineRange::new(1, lines), 0);
    }
    let ranges = symbols.iter().filter_map(|symbol| file.index.symbols().get(*symbol)).map(|symbol| {
        let last = symbol.lines.last.min(symbol.lines.first.saturating_add(MOST_LINES_OF_SYMBOL));
        numbered(&text, LineRange::new(symbol.lines.first, last), MARGIN)
    });
    ranges.collect::<Vec<_>>().join("     …\n")
}

fn documentation(said: &DocstringAnswer, redactor: &Redactor) -> Documentation {
    let clean = |text: &str| redactor.redact(text).text.into_owned();
    Documentation {
        summary: clean(&said.summary),
        parameters: said.parameters.iter().map(|parameter| (parameter.name.clone(), clean(&parameter.meaning))).collect(),
        returns: clean(&said.returns),
        errors: clean(&said.errors),
    }
}
