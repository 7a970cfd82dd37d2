use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use review_core::{redaction::Redactor, usage::Usage};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    MODELS, Recorder, Recording, RecordingError,
    exchange::{self, FailureKind, RecordedFailure},
};
use crate::llm::{
    ModelError, Role,
    question::{Completion, Question, Schema, Turn},
    roles::ModelTable,
};

const USAGE: Usage = Usage {
    calls: 1,
    input_tokens: 100,
    cached_tokens: 40,
    cache_write_tokens: 0,
    output_tokens: 7,
    cost: review_core::money::Money::from_micros(42_000),
    unpriced_calls: 0,
};

fn question() -> Question<'static> {
    Question {
        system: "rules",
        pack: "the change\nx = 1\n",
        instruction: "find",
        turns: Vec::new(),
        toolbox: None,
        must_answer: false,
        effort: None,
        begun: None,
        schema: Schema { name: "review_findings", json: json!({ "type": "object" }) },
        max_tokens: 9,
    }
}

fn answer(content: &str) -> Completion {
    Completion { content: content.to_owned(), uses: Vec::new(), cut: false, usage: USAGE, remaining: None }
}

/// As settings with these secrets give it.
fn redactor(secrets: &[&str]) -> Redactor {
    Redactor::new(secrets.concat().as_bytes(), secrets)
}

struct Tape {
    directory: TempDir,
}

impl Tape {
    async fn of(exchanges: &[(&str, Question<'_>, Result<Completion, ModelError>)]) -> Self {
        Self::recorded_with(&redactor(&[]), exchanges).await
    }

    async fn recorded_with(redactor: &Redactor, exchanges: &[(&str, Question<'_>, Result<Completion, ModelError>)]) -> Self {
        let tape = Self { directory: tempfile::tempdir().unwrap() };
        let recorder = Recorder::open(&tape.folder(), redactor.clone()).unwrap();
        let models = ["small", "middle", "large"].map(|name| vec![name.to_owned()]);
        recorder.keep_models(&ModelTable::of_models(models).unwrap()).await;
        for (model, question, result) in exchanges {
            recorder.keep(Role::Medium, model, question, result).await;
        }
        tape
    }

    fn folder(&self) -> PathBuf {
        self.directory.path().join("recording")
    }

    /// The exchanges, by name.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = entries.filter(|path| !path.ends_with(MODELS)).collect();
        files.sort();
        files
    }

    fn only(&self) -> PathBuf {
        let files = self.files();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    }

    async fn play(&self, model: &str, question: &Question<'_>) -> Result<Completion, ModelError> {
        Recording::open(&self.folder(), redactor(&[])).unwrap().completion(Role::Medium, model, question).await
    }
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn change(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut document = json_of(path);
    edit(&mut document);
    fs::write(path, document.to_string()).unwrap();
}

#[tokio::test]
async fn what_was_answered_is_answered_again_with_what_it_took() {
    let tape = Tape::of(&[("middle", question(), Ok(answer("{}")))]).await;
    assert_eq!(tape.play("middle", &question()).await.unwrap(), answer("{}"));
    let recording = Recording::open(&tape.folder(), redactor(&[])).unwrap();
    assert_eq!(recording.models().to_string(), "light small, medium middle, heavy large");

    let kept = json_of(&tape.only());
    assert_eq!((&kept["format"], &kept["role"], &kept["model"]), (&json!(1), &json!("medium"), &json!("middle")));
    assert_eq!(kept["question"]["pack"], "the change\nx = 1\n");
    assert_eq!(kept["answer"]["usage"]["cost_microdollars"], 42_000);
}

#[tokio::test]
async fn a_recording_is_readable_for_its_owner_only_and_nothing_half_written_stays() {
    let tape = Tape::of(&[("middle", question(), Ok(answer("{}")))]).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&tape.folder()), 0o700);
    for entry in fs::read_dir(tape.folder()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{path:?}");
        assert_eq!(path.extension().unwrap(), "json", "{path:?}");
    }
}

#[tokio::test]
async fn every_part_of_a_question_makes_it_another_one() {
    let repair =
        |answer: &str, complaint: &str| vec![Turn::Repair { answer: answer.to_owned(), complaint: complaint.to_owned() }];
    let others = [
        ("large", question()),
        ("middle", Question { system: "other rules", ..question() }),
        ("middle", Question { pack: "the change\nx = 2\n", ..question() }),
        ("middle", Question { pack: "the change\nx = 1", instruction: "\nfind", ..question() }),
        ("middle", Question { instruction: "look", ..question() }),
        ("middle", Question { turns: repair("", ""), ..question() }),
        ("middle", Question { turns: repair("a", ""), ..question() }),
        ("middle", Question { turns: repair("", "a"), ..question() }),
        ("middle", Question { schema: Schema { name: "other", json: json!({ "type": "object" }) }, ..question() }),
        ("middle", Question { schema: Schema { name: "review_findings", json: json!({}) }, ..question() }),
        ("middle", Question { max_tokens: 10, ..question() }),
    ];
    let tape = Tape::of(&[("middle", question(), Ok(answer("{}")))]).await;
    for (model, other) in &others {
        let error = tape.play(model, other).await.unwrap_err();
        assert!(matches!(error, ModelError::Recording(RecordingError::Missing(_))), "{model} {other:?}: {error}");
    }
    let all: Vec<_> = others.into_iter().map(|(model, other)| (model, other, Ok(answer("{}")))).collect();
    assert_eq!(Tape::of(&all).await.files().len(), all.len());
}

#[tokio::test]
async fn no_secret_is_kept_wherever_it_stood_and_a_machine_without_ours_finds_the_same_answers() {
    // Put together here, so that no scanner takes this file for a leak.
    let theirs = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let ours = "canary-of-the-operator-1";
    let key = format!("-----BEGIN {0} KEY-----\nMIIEvAIBADANBgkqhkiG9w0BAQEFAASC\n-----END {0} KEY-----\n", "PRIVATE");
    let recording = redactor(&[ours]);
    // The pack is redacted before it is asked, with the salt of the process.
    let pack_of = |redactor: &Redactor| redactor.redact(&format!("token = {theirs}\n")).text.into_owned();
    let said = json!({ "findings": [{ "claim": format!("{theirs} and {ours} are shown"), "fix": key }] }).to_string();
    let pack = pack_of(&recording);
    let turns = vec![Turn::Repair { answer: format!("{{{theirs}"), complaint: format!("bad: {theirs}") }];
    let asked = Question { pack: &pack, turns, ..question() };
    let refused = ModelError::Refused { endpoint: String::new(), model: String::new(), message: format!("bad {theirs}") };
    let tape =
        Tape::recorded_with(&recording, &[("middle", asked.clone(), Ok(answer(&said))), ("large", asked.clone(), Err(refused))])
            .await;

    for file in tape.files() {
        let text = fs::read_to_string(&file).unwrap();
        for secret in [theirs.as_str(), ours, "MIIEvAIBADANBg"] {
            assert!(!text.contains(secret), "{secret} in\n{text}");
        }
        let salted = pack.split("github-token:").nth(1).unwrap().split(']').next().unwrap();
        assert!(!text.contains(salted), "nothing of the salted hash is kept:\n{text}");
        assert!(text.contains("token = [redacted:github-token:000001]"), "{text}");
    }

    let elsewhere = pack_of(&redactor(&[]));
    assert_ne!(elsewhere, pack);
    let played = tape.play("middle", &Question { pack: &elsewhere, ..asked }).await.unwrap();
    let placeholder = elsewhere.trim_start_matches("token = ").trim_end();
    let document: Value = serde_json::from_str(&played.content).unwrap();
    assert_eq!(
        document["findings"][0]["claim"],
        format!("{placeholder} and [redacted:own-secret:000002] are shown"),
        "as the question has it, where it has it"
    );
}

#[tokio::test]
async fn failures_that_a_run_goes_on_after_are_played_again_and_never_hide_an_answer() {
    let (endpoint, model, text) = (String::new, || "middle".to_owned(), || "what it said".to_owned());
    let overloaded = |is_overloaded| ModelError::Unavailable {
        endpoint: endpoint(),
        model: model(),
        problem: text(),
        is_overloaded,
        retry_after: None,
    };
    let kept = [
        ModelError::ModelMissing { endpoint: endpoint(), model: model(), message: text() },
        ModelError::ContextTooLong { model: model(), message: text() },
        ModelError::Refused { endpoint: endpoint(), model: model(), message: text() },
        overloaded(true),
    ];
    let mut kinds = Vec::new();
    for failure in kept {
        let (shown, expected) = (failure.to_string(), RecordedFailure::of(&failure));
        kinds.extend(expected.as_ref().map(|failure| failure.kind));
        let tape = Tape::of(&[("middle", question(), Err(failure))]).await;
        let played = tape.play("middle", &question()).await.unwrap_err();
        assert_eq!(RecordedFailure::of(&played), expected, "{shown}: {played}");
        let recorder = Recorder::open(&tape.folder(), redactor(&[])).unwrap();
        recorder.keep(Role::Medium, "middle", &question(), &Ok(answer("{}"))).await;
        recorder.keep(Role::Medium, "middle", &question(), &Err(played)).await;
        assert_eq!(tape.play("middle", &question()).await.unwrap().content, "{}", "{shown}");
    }
    assert_eq!(kinds, [FailureKind::ModelMissing, FailureKind::ContextTooLong, FailureKind::Refused, FailureKind::Overloaded]);
    let tape =
        Tape::of(&[("middle", question(), Err(overloaded(false))), ("middle", question(), Err(ModelError::Cancelled))]).await;
    assert_eq!(tape.files(), [] as [PathBuf; 0], "no words of the model's");
}

#[tokio::test]
async fn of_two_answers_to_a_question_the_newer_one_stays() {
    let tape = Tape::of(&[("middle", question(), Ok(answer("old"))), ("middle", question(), Ok(answer("new")))]).await;
    assert_eq!(tape.play("middle", &question()).await.unwrap().content, "new");
}

async fn told(tape: &Tape, question: &Question<'_>) -> String {
    let error = tape.play("middle", question).await.unwrap_err().to_string();
    error.replace(&tape.folder().display().to_string(), "DIR")
}

#[tokio::test]
async fn what_was_not_recorded_is_told_with_what_is_nearest_and_what_to_do() {
    let other = Question { instruction: "verify", schema: Schema { name: "review_verdict", json: json!({}) }, ..question() };
    let tape = Tape::of(&[("middle", question(), Ok(answer("{}"))), ("middle", other, Ok(answer("{}")))]).await;
    let asked = Question { pack: "the change\nx = 2\n", ..question() };
    let hash = exchange::hash("middle", &exchange::Parts::of(&asked));
    let near = exchange::hash("middle", &exchange::Parts::of(&question()));
    assert_eq!(
        told(&tape, &asked).await,
        format!(
            "the recording DIR has no answer to this question: {hash} (role medium, model middle, review_findings). Most like it is \
             {near}.json, which differs in pack, line 2: recorded `x = 1`, now `x = 2`. What to do: review the commits that were \
             recorded, with the same PROMPT_TOKENS, or record this run with `--record`"
        )
    );

    let asked = Question { instruction: "look\u{1b}[2J harder", ..question() };
    let text = told(&tape, &asked).await;
    assert!(
        text.contains("differs in instruction, line 1: recorded `find`, now `look\u{fffd}[2J harder`. What to do: an answer"),
        "{text}"
    );

    for file in tape.files() {
        change(&file, |document| document["recorded_by"] = json!("0.0.9\u{1b}"));
    }
    let text = told(&tape, &asked).await;
    assert!(
        text.contains("recorded by version 0.0.9\u{fffd}, and this is ") && text.contains("replay it with that one"),
        "{text}"
    );

    let text = told(&Tape::of(&[]).await, &question()).await;
    assert!(text.contains("holds no question of this role at all") && text.contains("`--record`"), "{text}");
}

#[tokio::test]
async fn a_long_line_is_shown_where_it_differs() {
    let long = |end: &str| format!("{}{end}{}", "é".repeat(500), "z".repeat(500));
    let (recorded, asked) = (long("one"), long("two"));
    let tape = Tape::of(&[("middle", Question { pack: &recorded, ..question() }, Ok(answer("{}")))]).await;
    let text = told(&tape, &Question { pack: &asked, ..question() }).await;
    assert!(text.contains(&format!("`…{}onezzz", "é".repeat(20))) && text.contains("zz…`, now `…"), "{text}");
    assert!(text.chars().count() < 800, "{text}");
}

#[tokio::test]
async fn files_that_no_recorder_wrote_are_refused_by_name() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil, &str); 10] = [
        ("garbage", |path| fs::write(path, "garbage").unwrap(), "is not the JSON"),
        ("nothing", |path| fs::write(path, "").unwrap(), "is not the JSON"),
        (
            "deep",
            |path| fs::write(path, format!(r#"{{"format":1,"question":{}"#, "[".repeat(100_000))).unwrap(),
            "is not the JSON",
        ),
        (
            "no answer",
            |path| change(path, |document| drop(document.as_object_mut().unwrap().remove("answer"))),
            "is not the JSON",
        ),
        (
            "control characters",
            |path| change(path, |document| document["answer"]["usage"]["calls"] = json!("\u{1b}[2J")),
            "is not the JSON",
        ),
        (
            "later version",
            |path| change(path, |document| document["format"] = json!(2)),
            "has the format 2, and this version reads 1",
        ),
        (
            "another question",
            |path| change(path, |document| document["question"]["pack"] = json!("other")),
            "it was changed, or renamed",
        ),
        (
            "a gigabyte",
            |path| fs::File::options().write(true).open(path).unwrap().set_len(1 << 30).unwrap(),
            "has 1073741824 bytes",
        ),
        (
            "a link",
            |path| {
                fs::remove_file(path).unwrap();
                symlink("/dev/zero", path).unwrap();
            },
            "is no plain file",
        ),
        (
            "a folder",
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            "is no plain file",
        ),
    ];
    for (name, spoil, words) in cases {
        let tape = Tape::of(&[("middle", question(), Ok(answer("{}")))]).await;
        let file = tape.only();
        spoil(&file);
        let error = tape.play("middle", &question()).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, ModelError::Recording(RecordingError::BadFile { .. })), "{name}: {text}");
        assert!(text.contains(words) && text.contains(&file.display().to_string()), "{name}: {text}");
        assert!(!text.chars().any(char::is_control), "{name}: {text:?}");
        // They stand in nobody's way when another question is asked.
        let other = tape.play("middle", &Question { instruction: "other", ..question() }).await.unwrap_err();
        assert!(matches!(other, ModelError::Recording(RecordingError::Missing(_))), "{name}: {other}");
    }
}

#[test]
fn what_is_no_recording_is_refused_at_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let open = |folder: &Path| Recording::open(folder, redactor(&[])).err().map(|error| error.to_string()).unwrap_or_default();
    let text = open(&directory.path().join("absent"));
    assert!(text.contains("there is no such folder") && text.contains("MODEL_RECORD_PATH"), "{text}");
    assert!(open(directory.path()).contains("it has no models.json"));
    let models = |content: &str| fs::write(directory.path().join(MODELS), content).unwrap();
    models(r#"{"format":1,"recorded_by":"1","light":["a"],"medium":[],"heavy":["b"]}"#);
    assert!(open(directory.path()).contains("names no model for one of the roles"));
    models("[]");
    assert!(open(directory.path()).contains("is not the JSON"));
}

#[test]
fn a_folder_that_holds_something_else_is_not_recorded_into() {
    let directory = tempfile::tempdir().unwrap();
    let open = |folder: &Path| Recorder::open(folder, redactor(&[])).err().map(|error| error.to_string()).unwrap_or_default();
    fs::write(directory.path().join("thesis.tex"), "").unwrap();
    assert!(open(directory.path()).contains("it holds other files (thesis.tex)"), "{}", open(directory.path()));
    assert!(open(&directory.path().join("thesis.tex/recording")).contains("cannot hold a recording"));
}
