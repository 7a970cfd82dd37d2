//! `coderabbit-agent review --record` and `--replay`: the same review again, without a model.

use std::{fs, path::Path};

use serde_json::Value;
use testkit::model::{Fault, ModelOptions, ModelServer, Role, Script};

use super::{Ended, review::Desk};
use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, both_rules, cart, last_rule};

const JSON: [&str; 4] = ["--base", "main", "--format", "json"];

/// Outside of the work tree, which a recording is no part of.
struct Shelf(tempfile::TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn recording(&self) -> String {
        self.0.path().join("recording").display().to_string()
    }

    /// Names and texts of what was recorded.
    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.recording()).unwrap().map(|entry| entry.unwrap());
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        entries.map(|entry| (entry.file_name().into_string().unwrap(), text(&entry.path()))).collect()
    }
}

async fn desk(options: ModelOptions, script: Script) -> Desk {
    Desk::at(ModelServer::start_with(options, script).await.unwrap())
}

async fn record(desk: &Desk, shelf: &Shelf) -> Ended {
    let recording = shelf.recording();
    desk.review(&[&JSON[..], &["--record", &recording]].concat()).await
}

/// Without a single variable: nobody could be asked.
async fn replay(desk: &Desk, shelf: &Shelf) -> Ended {
    let recording = shelf.recording();
    desk.review_with(&[], &[&JSON[..], &["--replay", &recording]].concat()).await
}

/// Records a review, and shows that it is the same again when the model is gone.
async fn same_without_a_model(desk: &Desk, shelf: &Shelf) -> Value {
    let recorded = record(desk, shelf).await;
    assert_eq!(recorded.code, Some(0), "{recorded:?}");
    let asked = desk.model.calls().len() + desk.model.refusals().len();
    let replayed = replay(desk, shelf).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    assert_eq!(replayed.stdout, recorded.stdout, "findings, what was dropped, usage");
    assert_eq!(desk.model.calls().len() + desk.model.refusals().len(), asked, "nobody was asked");
    serde_json::from_str(&replayed.stdout).unwrap()
}

#[tokio::test]
async fn a_review_that_was_recorded_is_the_same_again_when_its_model_is_gone() {
    let (desk, shelf) = (desk(ModelOptions::default(), both_rules()).await, Shelf::new());
    let review = same_without_a_model(&desk, &shelf).await;
    assert_eq!(review["findings"].as_array().unwrap().len(), 2, "{review:#}");
    let calls = desk.model.calls().len();
    assert_eq!(review["usage"]["calls"], calls, "what was taken when it was recorded");
    assert!(review["usage"]["cost_microdollars"].as_u64().unwrap() > 0, "{review:#}");
    let files = shelf.files();
    assert_eq!(files.len(), calls + 1, "an exchange each, and the models");
    for (name, text) in &files {
        assert!(!text.contains(desk.model.key()), "{name} holds the key");
    }

    let (recording, variables) = (shelf.recording(), [("MODEL_REPLAY_PATH", shelf.recording())]);
    let Desk { model, directory, .. } = desk;
    drop(model);
    let ended = super::run(directory.path(), &variables, &["review", "--base", "main", "--fail-on", "critical"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("2 findings in 1 file\n"), "{}", ended.stdout);
    assert!(ended.stderr.contains(&format!("with the recording {recording}")), "{}", ended.stderr);
}

#[tokio::test]
async fn repairs_smaller_packs_and_models_that_stand_in_are_played_again() {
    let (repaired, shelf) = (desk(ModelOptions::default(), both_rules()).await, Shelf::new());
    repaired.model.fault(Role::Findings, 1, Fault::Prose);
    let review = same_without_a_model(&repaired, &shelf).await;
    assert_eq!(review["usage"]["calls"], repaired.model.calls().len());

    // Room for one of the two files.
    let filler: String = (0..600).map(|number| format!("value_{number} = {number}\n")).collect();
    let whole = ModelServer::start(both_rules()).await.unwrap();
    let (desk, shelf) = (Desk::at(whole), Shelf::new());
    desk.repository.change("topic").file("src/filler.py", &filler).commit("Filler").unwrap();
    record(&desk, &shelf).await;
    let pack = desk.model.calls_of(Role::Findings)[0].prompt().len() as u64 / 4;
    let small = ModelOptions { context_tokens: Some(pack - 200), ..ModelOptions::default() };
    let (desk, shelf) = (Desk::at(ModelServer::start_with(small, both_rules()).await.unwrap()), Shelf::new());
    desk.repository.change("topic").file("src/filler.py", &filler).commit("Filler").unwrap();
    let review = same_without_a_model(&desk, &shelf).await;
    assert_eq!(review["partial"], true, "{review:#}");
    assert!(!desk.model.refusals().is_empty(), "the first pack was too large");

    let models = ["gpt-4.1-mini", "o4-mini", "o3", "gpt-4.1"].map(str::to_owned).to_vec();
    let (desk, shelf) = (self::desk(ModelOptions { models, ..ModelOptions::default() }, both_rules()).await, Shelf::new());
    desk.model.fault(Role::Verdict, 1, Fault::ModelNotFound);
    let review = same_without_a_model(&desk, &shelf).await;
    assert_eq!(review["findings"].as_array().unwrap().len(), 2, "{review:#}");
    assert!(desk.model.calls_of(Role::Verdict).iter().any(|call| call.model == "gpt-4.1"), "it stood in");
}

#[tokio::test]
async fn a_recording_holds_no_secret_and_answers_a_machine_that_has_others() {
    // Put together here, so that no scanner takes this file for a leak.
    let theirs = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let rule = last_rule().fix(&format!("Subtract one, and deploy with {theirs}."));
    let (desk, shelf) = (desk(ModelOptions::default(), Script::with_rules([rule])).await, Shelf::new());
    let text = format!("{}# deploys with {theirs}\n", cart(LAST_ITEM, QUERY));
    desk.repository.change("topic").file(CART, &text).commit("A token").unwrap();

    let recorded = record(&desk, &shelf).await;
    assert_eq!(recorded.code, Some(0), "{recorded:?}");
    assert!(recorded.stderr.contains(&format!("recording in {}; it will hold the reviewed code", shelf.recording())));
    for (name, text) in shelf.files() {
        assert!(!text.contains(&theirs) && !text.contains(desk.model.key()), "{name}:\n{text}");
    }
    // The placeholder in the question has other digits there: they are salted with the secrets of the machine.
    let replayed = replay(&desk, &shelf).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    let lines = |ended: &Ended| {
        let document: Value = serde_json::from_str(&ended.stdout).unwrap();
        (document["findings"][0]["lines"].clone(), document["findings"].as_array().unwrap().len())
    };
    assert_eq!(lines(&replayed), lines(&recorded));
    assert_eq!(lines(&replayed).1, 2, "what the model found, and the secret");
}

#[tokio::test]
async fn a_question_that_was_not_recorded_is_an_error_that_says_what_differs() {
    let (desk, shelf) = (desk(ModelOptions::default(), both_rules()).await, Shelf::new());
    record(&desk, &shelf).await;
    desk.repository.change("topic").file(CART, cart(LAST_ITEM_FIXED, QUERY)).commit("Totals and search").unwrap();
    let ended = replay(&desk, &shelf).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stdout.is_empty(), "no review that looks like one: {}", ended.stdout);
    for part in ["has no answer to this question: ", "(role ", "differs in pack, line ", LAST_ITEM_FIXED.trim(), "PROMPT_TOKENS"]
    {
        assert!(ended.stderr.contains(part), "{part}:\n{}", ended.stderr);
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_or_replayed_is_said_at_once() {
    let (desk, shelf) = (desk(ModelOptions::default(), both_rules()).await, Shelf::new());
    let nothing = replay(&desk, &shelf).await;
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(nothing.stderr.contains("is no recording: there is no such folder"), "{}", nothing.stderr);

    let work_tree = desk.directory.path().display().to_string();
    let occupied = desk.review(&["--base", "main", "--record", &work_tree]).await;
    assert_eq!(occupied.code, Some(2), "{occupied:?}");
    assert!(occupied.stderr.contains("it holds other files"), "{}", occupied.stderr);

    let both = desk.review(&["--base", "main", "--record", "a", "--replay", "b"]).await;
    assert_eq!(both.code, Some(2), "{both:?}");
    let variables = [("MODEL_RECORD_PATH", "a".to_owned()), ("MODEL_REPLAY_PATH", "b".to_owned())];
    let both = desk.review_with(&variables, &["--base", "main"]).await;
    assert!(both.code == Some(2) && both.stderr.contains("MODEL_REPLAY_PATH: is set, and MODEL_RECORD_PATH"), "{both:?}");
    assert_eq!(desk.model.calls().len(), 0);

    // The command line wins over the variables.
    let recorded = record(&desk, &shelf).await;
    assert_eq!(recorded.code, Some(0), "{recorded:?}");
    let ended = desk.review_with(&variables, &["--base", "main", "--replay", &shelf.recording()]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
