//! `coderabbit-agent review` in a repository on this machine, with a model and nothing else.

use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    model::{ModelServer, Role, Script},
    repository::Repository,
};

use super::{Ended, run};
use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, base_files, both_rules, cart, last_rule};

pub(super) struct Desk {
    pub(super) model: ModelServer,
    pub(super) directory: TempDir,
    pub(super) repository: Repository,
}

impl Desk {
    /// A work tree on the branch `topic`, which changes the cart.
    async fn with(script: Script) -> Self {
        Self::at(ModelServer::start(script).await.unwrap())
    }

    /// The same, with this model.
    pub(super) fn at(model: ModelServer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let repository = Repository::init(directory.path()).unwrap();
        repository.commit(&base_files(), "A shop").unwrap();
        let main = repository.head("main").unwrap();
        let change = repository.change("topic").onto(&main).file(CART, cart(LAST_ITEM, QUERY));
        change.commit("Totals and search").unwrap();
        // What came to the target branch meanwhile is no part of the change.
        repository.commit(&[("src/elsewhere.py", "def elsewhere():\n    return 1\n")], "Elsewhere").unwrap();
        repository.checkout("topic").unwrap();
        Self { model, directory, repository }
    }

    pub(super) async fn review(&self, arguments: &[&str]) -> Ended {
        self.review_with(&self.variables(), arguments).await
    }

    pub(super) async fn review_with(&self, variables: &[(&str, String)], arguments: &[&str]) -> Ended {
        let arguments: Vec<&str> = ["review"].into_iter().chain(arguments.iter().copied()).collect();
        run(self.directory.path(), variables, &arguments).await
    }

    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![("OPENAI_BASE_URL", self.model.base_url()), ("OPENAI_API_KEYS", self.model.key().to_owned())]
    }
}

#[tokio::test]
async fn a_branch_is_reviewed_with_nothing_but_a_model_and_the_findings_are_printed() {
    let desk = Desk::with(both_rules()).await;
    let before = desk.repository.git(&["status", "--porcelain"]).unwrap();
    let ended = desk.review(&["--base", "main"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("src/cart.py:9  high  The index is one past the last item."), "{}", ended.stdout);
    assert!(ended.stdout.contains("src/cart.py:13  critical  The name is put into the SQL text."), "{}", ended.stdout);
    assert!(ended.stdout.contains(&format!("    + {LAST_ITEM_FIXED}")), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 findings in 1 file\n"), "{}", ended.stdout);
    assert!(ended.stderr.contains("reviewing "), "{}", ended.stderr);
    ended.assert_hides(&[desk.model.key()]);
    assert!(!desk.model.calls_of(Role::Findings)[0].prompt().contains("def elsewhere"), "three dots, not two");
    assert_eq!(desk.repository.git(&["status", "--porcelain"]).unwrap(), before, "nothing is written to the work tree");

    // From a folder below, of another head, named by its path.
    let elsewhere = tempfile::tempdir().unwrap();
    let path = desk.directory.path().join("src");
    let arguments = ["review", "--base", "main", "--head", "topic", "--repository", path.to_str().unwrap()];
    let again = run(elsewhere.path(), &desk.variables(), &arguments).await;
    assert_eq!((again.code, again.stdout), (ended.code, ended.stdout));
}

#[tokio::test]
async fn the_history_of_a_file_is_read_where_the_clone_has_it() {
    let look = || serde_json::json!({ "path": CART });
    let desk = Desk::with(both_rules().looking(Role::Findings, "file_history", look())).await;
    assert_eq!(desk.review(&["--base", "main"]).await.code, Some(0));
    let seen = desk.model.calls_of(Role::Findings).pop().unwrap().prompt();
    assert!(seen.contains("commits before the change that touched src/cart.py") && seen.contains(": A shop"), "{seen}");

    let shallow = desk.directory.path().join(".git/shallow");
    std::fs::write(shallow, format!("{}\n", desk.repository.head("main").unwrap())).unwrap();
    desk.repository.git(&["rev-parse", "--is-shallow-repository"]).unwrap();
    let base = String::from_utf8(desk.repository.git(&["rev-parse", "topic~1"]).unwrap()).unwrap();
    assert_eq!(desk.review(&["--base", base.trim()]).await.code, Some(0));
    let seen = desk.model.calls_of(Role::Findings).pop().unwrap().prompt();
    assert!(seen.contains("The history is not here: the clone is shallow."), "{seen}");
}

#[tokio::test]
async fn json_and_sarif_hold_what_the_text_says() {
    let desk = Desk::with(both_rules()).await;
    let ended = desk.review(&["--base", "main", "--format", "json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 2, "{document:#}");
    let last = findings.iter().find(|finding| finding["severity"] == "high").unwrap();
    assert_eq!((&last["path"], &last["lines"]["first"], &last["lines"]["last"]), (&CART.into(), &9.into(), &9.into()));
    assert_eq!(last["suggestion"]["replacement"], LAST_ITEM_FIXED);
    assert_eq!(document["partial"], false);
    assert_eq!(document["reviewed_files"], serde_json::json!([CART]));
    assert!(document["usage"]["calls"].as_u64().unwrap() >= 4, "{document:#}");

    let ended = desk.review(&["--base", "main", "--format", "sarif"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let log: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().contains("sarif-2.1.0"));
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "coderabbit-agent");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(rules.iter().any(|rule| rule["id"] == result["ruleId"]), "{result:#}");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], CART);
        assert!([9, 13].map(Value::from).contains(&place["region"]["startLine"]), "{place:#}");
        assert_eq!(result["level"], "error");
    }
}

#[tokio::test]
async fn the_exit_code_tells_a_pipeline_whether_something_grave_was_found() {
    let desk = Desk::with(Script::with_rules([last_rule()])).await;
    for (fail_on, code) in [("low", 1), ("high", 1), ("critical", 0)] {
        let ended = desk.review(&["--base", "main", "--fail-on", fail_on]).await;
        assert_eq!(ended.code, Some(code), "{fail_on}: {ended:?}");
        assert!(ended.stdout.contains("1 finding in 1 file\n"), "{}", ended.stdout);
    }
    let wrong = desk.review(&["--base", "main", "--fail-on", "terrible"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[tokio::test]
async fn nothing_found_and_nothing_to_review_are_said_apart() {
    let desk = Desk::with(Script::silent()).await;
    let clean = desk.review(&["--base", "main", "--fail-on", "low"]).await;
    assert_eq!(clean.code, Some(0), "{clean:?}");
    assert!(clean.stdout.contains("no findings in 1 file\n"), "{}", clean.stdout);
    let asked = desk.model.calls().len();

    let nothing = desk.review(&["--base", "topic"]).await;
    assert_eq!(nothing.code, Some(0), "{nothing:?}");
    assert!(nothing.stdout.contains("nothing to review: the two are the same"), "{}", nothing.stdout);

    desk.repository.change("topic").file("Cargo.lock", "version = 4\n").commit("Lock").unwrap();
    let locked = desk.review(&["--base", "HEAD~1"]).await;
    assert_eq!(locked.code, Some(0), "{locked:?}");
    assert!(locked.stdout.contains("every changed file is set aside"), "{}", locked.stdout);
    assert!(locked.stdout.contains("Cargo.lock") && locked.stdout.contains("lock file"), "{}", locked.stdout);
    assert_eq!(desk.model.calls().len(), asked, "the model is not asked about nothing");
}

#[tokio::test]
async fn what_cannot_be_reviewed_is_an_error_that_says_what_to_do() {
    let desk = Desk::with(Script::silent()).await;
    let bad_revision = desk.review(&["--base", "no-such-branch"]).await;
    assert_eq!(bad_revision.code, Some(2), "{bad_revision:?}");
    assert!(bad_revision.stderr.contains("no-such-branch"), "{}", bad_revision.stderr);
    assert!(bad_revision.stdout.is_empty());
    let option = desk.review(&["--base=--upload-pack=touch canary"]).await;
    assert_eq!(option.code, Some(2), "{option:?}");
    assert!(!desk.directory.path().join("canary").exists());

    let elsewhere = tempfile::tempdir().unwrap();
    let no_repository = run(elsewhere.path(), &desk.variables(), &["review", "--base", "main"]).await;
    assert_eq!(no_repository.code, Some(2), "{no_repository:?}");
    assert!(no_repository.stderr.contains("is no git repository"), "{}", no_repository.stderr);

    let no_key = run(desk.directory.path(), &[], &["review", "--base", "main"]).await;
    assert_eq!(no_key.code, Some(2), "{no_key:?}");
    assert!(no_key.stderr.contains("OPENAI_API_KEYS"), "{}", no_key.stderr);

    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let down = [("OPENAI_BASE_URL", format!("http://{address}/v1")), ("OPENAI_API_KEYS", "sk-canary".to_owned())];
    let down = run(desk.directory.path(), &down, &["review", "--base", "main"]).await;
    assert_eq!(down.code, Some(2), "{down:?}");
    assert!(down.stderr.contains(&address.to_string()), "{}", down.stderr);
    down.assert_hides(&["sk-canary"]);

    let refused = [("OPENAI_BASE_URL", desk.model.base_url()), ("OPENAI_API_KEYS", "sk-wrong-canary".to_owned())];
    let refused = run(desk.directory.path(), &refused, &["review", "--base", "main"]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("OPENAI_API_KEYS"), "{}", refused.stderr);
    refused.assert_hides(&["sk-wrong-canary"]);
}
