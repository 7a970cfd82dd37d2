//! `generate unit tests`: new files, each looked at before it is written: where it stands, that it parses, and that it names what
//! changed. Nothing is executed here.

use std::collections::{BTreeMap, BTreeSet};

use code_index::SymbolKind;
use review_core::{
    finding::answer::{TestFileAnswer, TestsAnswer},
    own_change::{WrittenFile, new_test_refusal},
    prompt::{self, path_guidance},
    redaction::Redactor,
    render::{NotDone, is_invisible, listed, place},
    scope::is_test,
};

use super::{
    Draft, Occasion, counted,
    files::{ChangedFile, changed_files},
};
use crate::{
    llm::Role,
    pipeline::{
        analysis::AnalysisError,
        checks::touched,
        evidence::{Context, blocking, gather},
    },
};

const MAX_TEST_FILES: usize = 5;
const MAX_TEST_BYTES: usize = 60_000;
/// Paths of tests that are there, as an example.
const MAX_EXAMPLES: usize = 60;
/// Paths of the repository that are compared with new ones.
const MAX_PATHS: usize = 500_000;

pub(super) async fn draft(occasion: &Occasion<'_>, prompt_tokens: usize) -> Result<Draft, AnalysisError> {
    let Occasion { state, iteration, configuration, repository, model, publisher } = occasion;
    let (files, not_done) = changed_files(occasion).await?;
    let mut draft =
        Draft { not_done, nothing: "The change adds or touches no function or type that could be tested.", ..Draft::default() };
    let changed: Vec<(String, String)> = files.iter().filter(|file| !is_test(&file.path)).flat_map(changed_symbols).collect();
    if changed.is_empty() {
        return Ok(draft);
    }
    let context = Context::default();
    let change = context.change(state, iteration, repository, configuration);
    let evidence = gather(change, model.redactor(), prompt_tokens).await?;
    evidence.check_room()?;
    let standing = repository.list(&iteration.head, |_| true, MAX_PATHS).await?;
    let examples: Vec<String> =
        standing.iter().filter(|path| new_test_refusal(path).is_none()).take(MAX_EXAMPLES).cloned().collect();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let guidance = path_guidance(&configuration.code_generation.unit_tests.path_instructions, &paths);
    let named: Vec<String> = changed.iter().map(|(path, name)| format!("{path}: {name}")).collect();
    let question = prompt::unit_tests(&named, &examples, &guidance);
    let answer = model.ask::<TestsAnswer>(Role::Heavy, &evidence.pack.text, &question, publisher.cancel).await?.answer;
    draft.nothing = "The model saw nothing that it could test without running it.";
    let taken: BTreeSet<String> = standing.iter().map(|path| path.to_lowercase()).collect();
    let names: BTreeSet<String> = changed.into_iter().map(|(_, name)| name).collect();
    for (number, file) in answer.files.into_iter().enumerate() {
        let path = file.path.trim().trim_start_matches("./").to_owned();
        let above: Vec<&str> = path.match_indices('/').filter_map(|(at, _)| path.get(..at)).chain([path.as_str()]).collect();
        let there = if new_test_refusal(&path).is_none() {
            repository.standing_at(&iteration.head, &above).await?
        } else {
            BTreeMap::new()
        };
        let is_given = draft.files.iter().any(|known: &WrittenFile| known.path.eq_ignore_ascii_case(&path));
        let (names, redactor, about) = (names.clone(), model.redactor().clone(), file.about.clone());
        let is_surplus = number >= MAX_TEST_FILES;
        let why = if is_surplus {
            Err("more files than are taken")
        } else if taken.contains(&path.to_lowercase()) || is_given || is_blocked(&path, &there) {
            Err("something stands at this path already")
        } else {
            let path = path.clone();
            blocking("looking at a test", move || checked(&path, &file, &names, &redactor)).await?
        };
        let at = place(&path, None, "");
        match why {
            Ok(text) => {
                draft.done.push(listed(&at, &model.redactor().redact(&about).text));
                draft.files.push(WrittenFile { path, text, is_new: true });
            }
            Err(why) => draft.not_done.push(NotDone { what: at, why: why.to_owned() }),
        }
    }
    draft.title = format!("Add unit tests in {}", counted(draft.files.len(), "file", "files"));
    Ok(draft)
}

/// Whether something stands there that is no folder, or at the path itself.
fn is_blocked(path: &str, there: &BTreeMap<String, bool>) -> bool {
    there.iter().any(|(standing, is_folder)| standing == path || !is_folder)
}

/// Path and name of what the change adds or touches.
fn changed_symbols(file: &ChangedFile) -> Vec<(String, String)> {
    let found = touched(&file.index, &file.added).into_iter();
    let found = found.filter(|symbol| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Type));
    found.map(|symbol| (file.path.clone(), symbol.name.clone())).collect()
}

/// The text of the file, or why it is not taken.
fn checked(path: &str, file: &TestFileAnswer, names: &BTreeSet<String>, redactor: &Redactor) -> Result<String, &'static str> {
    if let Some(why) = new_test_refusal(path) {
        return Err(why);
    }
    let text = without_fence(&file.text.replace("\r\n", "\n"));
    if text.trim().is_empty() || text.len() > MAX_TEST_BYTES {
        return Err("it is empty, or longer than a file of tests may be");
    }
    if text.chars().any(|character| is_invisible(character) || character == '\r') {
        return Err("it holds characters that nobody sees");
    }
    if !redactor.redact(&text).found.is_empty() || review_core::redaction::has_placeholder(&text) {
        return Err("it holds what looks like a secret");
    }
    let index = code_index::index(path, &text).filter(|index| index.syntax_errors() == 0);
    let index = index.ok_or("it does not parse")?;
    if !names.iter().any(|name| !index.references_to(name).is_empty()) {
        return Err("it names nothing that the change adds or touches");
    }
    Ok(text)
}

/// With one line ending at its end, and without a fence around all of it.
fn without_fence(text: &str) -> String {
    let bare = text.trim();
    let inside = bare.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")).and_then(|rest| rest.split_once('\n'));
    let text = inside.map_or(text, |(_, body)| body);
    format!("{}\n", text.trim_start_matches('\n').trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_tests_is_looked_at_before_it_is_taken() {
        let redactor = Redactor::new(b"salt", &[]);
        let names = BTreeSet::from(["total".to_owned()]);
        let look = |path: &str, text: &str| {
            let file = TestFileAnswer { path: path.to_owned(), text: text.to_owned(), about: String::new() };
            checked(path, &file, &names, &redactor)
        };
        let good = "from prices import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n";
        assert_eq!(look("tests/test_prices.py", good), Ok(good.to_owned()));
        assert_eq!(look("tests/test_prices.py", &format!("```python\n{good}```")), Ok(good.to_owned()));
        for (path, text) in [
            ("tests/test_prices.py", "def test_other():\n    assert other() == 1\n"),
            ("tests/test_prices.py", "def test_total(:\n    assert total([1]) == 1\n"),
            ("tests/test_prices.py", " \n"),
            ("tests/test_prices.py", "def test_total():\n    assert total(\"\u{202e}\") == 1\n"),
            (
                "tests/test_prices.py",
                "KEY = \"ghp_0123456789abcdefghijABCDEFGHIJ456789\"\n\n\ndef test_total():\n    assert total(KEY)\n",
            ),
            ("azure-pipelines/test_prices.py", good),
            ("tests/conftest.py", good),
            ("../tests/test_prices.py", good),
            ("src/prices.py", good),
        ] {
            assert!(look(path, text).is_err(), "{path}: {text}");
        }
    }

    #[test]
    fn a_path_is_free_when_only_folders_stand_above_it() {
        let there = |entries: &[(&str, bool)]| entries.iter().map(|(path, is_folder)| ((*path).to_owned(), *is_folder)).collect();
        assert!(!is_blocked("tests/a.py", &there(&[("tests", true)])));
        assert!(is_blocked("tests/a.py", &there(&[("tests", false)])), "a link or a file");
        assert!(is_blocked("tests/a.py", &there(&[("tests", true), ("tests/a.py", false)])));
    }
}
