//! `coderabbit-agent eval`: labelled cases, what becomes of every candidate, and what is wrong with a case.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{
    eval,
    model::{Fault, Kind, ModelServer, Role, Rule, Script},
    repository::Repository,
};

use super::{Ended, run};

/// The cases that are shipped.
fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../eval/cases")
}

fn variables(model: &ModelServer) -> Vec<(&'static str, String)> {
    let cap = ("MAX_INLINE_COMMENTS", "2".to_owned());
    vec![("OPENAI_BASE_URL", model.base_url()), ("OPENAI_API_KEYS", model.key().to_owned()), cap]
}

/// A folder for cases and reports, and a model.
struct Bench {
    model: ModelServer,
    place: TempDir,
}

impl Bench {
    async fn with(script: Script) -> Self {
        Self { model: ModelServer::start(script).await.unwrap(), place: tempfile::tempdir().unwrap() }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.place.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn case(&self, name: &str, case: &Value) {
        self.write(&format!("cases/{name}/case.json"), &case.to_string());
    }

    /// A case in folders, whose change adds `line`.
    fn small_case(&self, name: &str, line: &str, expected: &Value) {
        self.case(name, &json!({ "title": name, "description": "", "expected": expected }));
        let before = "def first(items):\n    return items[0]\n";
        self.write(&format!("cases/{name}/base/src/{name}.py"), before);
        self.write(&format!("cases/{name}/head/src/{name}.py"), &format!("{before}\n\ndef last(items):\n    {line}\n"));
    }

    async fn eval(&self, arguments: &[&str]) -> Ended {
        let arguments: Vec<&str> = ["eval"].into_iter().chain(arguments.iter().copied()).collect();
        run(self.place.path(), &variables(&self.model), &arguments).await
    }

    fn json(&self, file: &str) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.place.path().join(file)).unwrap()).unwrap()
    }
}

const LAST: &str = "return items[len(items)]";

fn last_is_wrong(name: &str) -> Value {
    let what = format!("The index of {name} is one past the last item.");
    json!([{ "file": format!("src/{name}.py"), "lines": 6, "severity": "high", "context": "diff", "what": what }])
}

fn last_rule(name: &str) -> Rule {
    Rule::new(Kind::True, &format!("src/{name}.py"), LAST, &format!("Reads one past the end in {name}."))
        .about(&format!("The index of {name}"))
}

/// Every stage of the scripted run: candidates that ended there, and how many of these stood at an expected place.
const STAGES: &[(&str, u64, u64)] = &[
    ("malformed", 1, 0),
    ("quote_not_found", 2, 1),
    ("duplicate", 2, 2),
    ("refuted", 4, 1),
    ("unproven", 1, 1),
    ("pre_existing", 1, 0),
    ("small_matter", 1, 1),
    ("posted", 15, 13),
];

/// The fate of everything that the shipped cases expect, in their order.
const FATES: &[(&str, &[&str])] = &[
    ("clean-csharp-dashboard", &[]),
    ("clean-go-feed-client", &[]),
    ("clean-python-sort-column", &[]),
    ("clean-typescript-job-route", &[]),
    ("csharp-customer-null", &["posted", "quote_not_found"]),
    ("go-session-deadlock", &["posted"]),
    ("java-cart-totals", &["posted", "unproven"]),
    ("python-double-charge", &["posted", "refuted"]),
    ("rust-catalogue-pages", &["posted", "duplicate", "small_matter", "posted"]),
    ("sql-order-state", &["posted", "posted", "posted"]),
    ("typescript-price-cache", &["posted", "never_found"]),
    ("yaml-release-gate", &["posted", "posted"]),
];

fn fate(fate: &Value) -> &str {
    match fate {
        Value::String(word) => word,
        Value::Object(fate) if fate.contains_key("posted") => "posted",
        fate => fate["lost"][0].as_str().unwrap(),
    }
}

fn stages(report: &Value) -> Vec<(String, u64, u64)> {
    let stages = report["figures"][0]["runs"][0]["stages"].as_array().unwrap();
    let word = |stage: &Value| stage.as_str().or_else(|| stage["dropped"].as_str()).unwrap().to_owned();
    let number = |count: &Value| count.as_u64().unwrap();
    stages.iter().map(|count| (word(&count["stage"]), number(&count["candidates"]), number(&count["at_expected"]))).collect()
}

#[tokio::test]
async fn the_shipped_cases_show_what_every_stage_does_with_what_was_planted() {
    let bench = Bench::with(eval::script()).await;
    let cases = shipped();
    let ended = bench.eval(&[cases.to_str().unwrap(), "--json", "report.json", "--html", "report.html", "--parallel", "2"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let report = bench.json("report.json");
    let planned: Vec<(String, u64, u64)> =
        STAGES.iter().map(|(stage, candidates, there)| ((*stage).to_owned(), *candidates, *there)).collect();
    assert_eq!(stages(&report), planned, "{}", ended.stdout);

    let fates: Vec<(&str, Vec<&str>)> = report["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| {
            let fates = case["runs"][0]["done"]["by_place"]["expected"].as_array().unwrap();
            (case["name"].as_str().unwrap(), fates.iter().map(fate).collect())
        })
        .collect();
    let planned: Vec<(&str, Vec<&str>)> = FATES.iter().map(|(case, fates)| (*case, fates.to_vec())).collect();
    assert_eq!(fates, planned);

    let counts = &report["figures"][0]["runs"][0];
    for (key, expected) in [
        ("reviews", json!(12)),
        ("failed", json!(0)),
        ("true_comments", json!(12)),
        ("duplicates", json!(1)),
        ("noise", json!(2)),
        ("silent", json!({ "hits": 3, "of": 4 })),
        (
            "by_severity",
            json!({ "low": { "hits": 0, "of": 1 }, "high": { "hits": 1, "of": 2 }, "critical": { "hits": 11, "of": 15 } }),
        ),
        (
            "by_context",
            json!({ "diff": { "hits": 3, "of": 5 }, "file": { "hits": 1, "of": 1 }, "repository": { "hits": 8, "of": 12 } }),
        ),
    ] {
        assert_eq!(counts[key], expected, "{key}");
    }
    assert!(counts["usage"]["cost_microdollars"].as_u64().unwrap() > 0, "{counts:#}");

    for words in [
        "recall",
        "67 % (12 of 18)",
        "86 % (12 of 14)",
        "75 % (3 of 4)",
        "0.17 a pull request",
        "small",
        "A body that is no JSON throws",
    ] {
        assert!(ended.stdout.contains(words), "{words} is not in\n{}", ended.stdout);
    }
    let page = std::fs::read_to_string(bench.place.path().join("report.html")).unwrap();
    assert!(page.contains("sql-order-state") && page.contains("3 of 3 found") && page.contains("clean, not silent"), "{page}");
}

#[tokio::test]
async fn a_judge_finds_the_same_by_meaning_as_the_script_planted_by_place() {
    let bench = Bench::with(eval::script()).await;
    let ended = bench.eval(&[shipped().to_str().unwrap(), "--judge", "--json", "report.json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = bench.json("report.json");
    let [place, meaning] = [0, 1].map(|index| &report["figures"][index]);
    assert_eq!((&place["scoring"], &meaning["scoring"]), (&json!("place"), &json!("meaning")));
    assert_eq!(place["runs"][0]["by_severity"], meaning["runs"][0]["by_severity"]);
    assert_eq!(meaning["runs"][0]["noise"], 2);
    assert!(ended.stdout.contains("by meaning") && ended.stdout.contains("the judge took"), "{}", ended.stdout);

    // Every comment of a case with defects was compared with each of them, and nobody was asked about the clean ones.
    let asked = bench.model.calls_of(Role::Judgement);
    assert!(asked.len() >= 20, "{} questions", asked.len());
    assert!(asked.iter().all(|call| call.model == "o3"), "the heavy role judges");
    assert!(asked.iter().all(|call| !call.prompt().contains("JSON.parse")));

    // Of what nobody expected it was asked whether it is right, with the code before it.
    let asked = bench.model.calls_of(Role::Reality);
    assert_eq!(asked.len(), 2, "one question for each");
    assert!(asked.iter().all(|call| call.prompt().contains("# The code there, with the change")), "{}", asked[0].prompt());
    let real = meaning["runs"][0]["judged_real"].as_u64().unwrap();
    assert!(place["runs"][0].get("judged_real").is_none() && real <= 2, "{real}");
    assert!(ended.stdout.contains("precision with judged-real"), "{}", ended.stdout);
}

#[tokio::test]
async fn a_candidate_at_the_right_place_with_another_meaning_is_told_apart() {
    let other = Rule::new(Kind::True, "src/one.py", LAST, "The function has no type annotations.").about("something else");
    let bench = Bench::with(Script::with_rules([other])).await;
    bench.small_case("one", LAST, &last_is_wrong("one"));
    let ended = bench.eval(&["cases", "--judge", "--json", "report.json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = &bench.json("report.json")["cases"][0]["runs"][0]["done"];
    assert_eq!(run["by_place"]["expected"], json!([{ "posted": 0 }]));
    assert_eq!((&run["by_meaning"]["expected"], &run["by_meaning"]["candidates"]), (&json!(["never_found"]), &json!(["noise"])));
    assert_eq!(run["judged_real"], json!([0]), "it is right, although nobody expected it");
    let row = ended.stdout.lines().find(|line| line.starts_with("precision with judged-real")).unwrap();
    assert!(row.contains("100 % (1 of 1)"), "{row}");
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_cases_is_told_and_nothing_is_run() {
    let bench = Bench::with(Script::silent()).await;
    bench.small_case("good", LAST, &last_is_wrong("good"));
    bench.small_case(
        "elsewhere",
        LAST,
        &json!([
            { "file": "src/gone.py", "lines": 1, "severity": "low", "context": "diff", "what": "No such file." },
            { "file": "src/elsewhere.py", "lines": [6, 60], "severity": "low", "context": "diff", "what": "No such lines." },
        ]),
    );
    bench.write("cases/typo/case.json", r#"{ "titel": "T", "description": "", "expected": [] }"#);
    bench.write("cases/no-folders/case.json", r#"{ "title": "T", "description": "", "expected": [] }"#);
    bench.write("cases/empty/readme.txt", "not a case");
    bench.case("same", &json!({ "title": "T", "description": "", "expected": [] }));
    bench.write("cases/same/base/a.py", "x = 1\n");
    bench.write("cases/same/head/a.py", "x = 1\n");
    bench.case(
        "no-bundle",
        &json!({ "title": "T", "description": "", "bundle": "gone", "base": "a", "head": "b", "expected": [] }),
    );
    let ended = bench.eval(&["cases", "--json", "report.json"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended:?}");
    for problem in [
        "cases/elsewhere/case.json: expected[0].file: there is no file of text called \"src/gone.py\" in the head version",
        "cases/elsewhere/case.json: expected[1].lines: 6 to 60, but \"src/elsewhere.py\" has 6 lines in the head version",
        "cases/empty/case.json: there is no such file",
        "cases/no-folders/base: there is no such folder",
        "cases/no-folders/head: there is no such folder",
        "cases/same/case.json: base and head are the same: there is nothing to review",
        "cases/no-bundle/case.json: bundle: ",
        "cases/typo/case.json: titel: there is no such key",
        "cases/typo/case.json: title: it is missing",
        "9 problems with the cases, so nothing was run",
    ] {
        assert!(ended.stderr.contains(problem), "{problem} is not in\n{}", ended.stderr);
    }
    assert_eq!(bench.model.calls().len(), 0);

    let nothing = bench.eval(&["cases/empty"]).await;
    assert!(nothing.code == Some(2) && nothing.stderr.contains("there is no case in it"), "{nothing:?}");
    let unwritable = bench.eval(&["cases/good", "--html", "no/such/folder.html"]).await;
    assert!(unwritable.code == Some(2) && unwritable.stderr.contains("no/such/folder.html cannot be written"), "{unwritable:?}");
    assert_eq!(bench.model.calls().len(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_a_case_leads_nowhere_and_a_repository_in_it_is_no_part_of_it() {
    let bench = Bench::with(Script::silent()).await;
    bench.small_case("one", LAST, &json!([]));
    bench.write("secret.txt", "what nobody may read\n");
    let head = bench.place.path().join("cases/one/head/src");
    std::os::unix::fs::symlink(bench.place.path().join("secret.txt"), head.join("link.py")).unwrap();
    std::os::unix::fs::symlink(bench.place.path(), head.join("folder")).unwrap();
    let ended = bench.eval(&["cases"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = bench.model.calls();
    assert!(!asked.is_empty() && asked.iter().all(|call| !call.prompt().contains("nobody may read")));

    bench.write("cases/one/head/src/.git/config", "[core]\n");
    let ended = bench.eval(&["cases"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("src/.git: this is a repository of its own"), "{}", ended.stderr);
}

#[tokio::test]
async fn a_review_that_fails_is_told_and_ends_no_other() {
    let bench = Bench::with(Script::with_rules([last_rule("one"), last_rule("two")])).await;
    bench.small_case("one", LAST, &last_is_wrong("one"));
    bench.small_case("two", LAST, &last_is_wrong("two"));
    bench.model.fault(Role::Findings, 1, Fault::Refusal);
    bench.model.fault(Role::Findings, 1, Fault::Refusal);
    let ended = bench.eval(&["cases", "--json", "report.json", "--html", "report.html"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("1 review failed and is in no figure"), "{}", ended.stdout);
    assert!(ended.stdout.contains("100 % (1 of 1)"), "{}", ended.stdout);
    let report = bench.json("report.json");
    let error = report["cases"][0]["runs"][0]["failed"].as_str().unwrap();
    assert!(error.contains("o4-mini"), "{error}");
    assert_eq!(report["figures"][0]["runs"][0]["failed"], 1);
    assert!(std::fs::read_to_string(bench.place.path().join("report.html")).unwrap().contains("1 review failed"));
}

#[tokio::test]
async fn a_case_may_be_commits_of_a_bundle_or_of_a_repository() {
    let bench = Bench::with(Script::with_rules([last_rule("three")])).await;
    let source = tempfile::tempdir().unwrap();
    let repository = Repository::init(source.path()).unwrap();
    let before = "def first(items):\n    return items[0]\n";
    repository.commit(&[("src/three.py", before)], "A shop").unwrap();
    let main = repository.head("main").unwrap();
    let after = format!("{before}\n\ndef last(items):\n    {LAST}\n");
    let topic = repository.change("topic").onto(&main).file("src/three.py", after).commit("Last").unwrap();
    // What came to the target branch meanwhile is no part of the change.
    repository.commit(&[("src/elsewhere.py", "x = 1\n")], "Elsewhere").unwrap();
    let bundle = bench.place.path().join("cases/bundled/change.bundle");
    std::fs::create_dir_all(bundle.parent().unwrap()).unwrap();
    repository.git(&["bundle", "create", "--quiet", bundle.to_str().unwrap(), "main", "topic"]).unwrap();

    let expected = last_is_wrong("three");
    let case = |more: Value| {
        let mut case = json!({ "title": "Last", "description": "Adds last.", "expected": expected });
        case.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        case
    };
    bench.case("bundled", &case(json!({ "bundle": "change.bundle", "base": "main", "head": "refs/heads/topic" })));
    bench.case("cloned", &case(json!({ "repository": source.path(), "base": "main", "head": topic })));
    let ended = bench.eval(&["cases"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("100 % (2 of 2)"), "{}", ended.stdout);
    let asked = bench.model.calls_of(Role::Findings);
    assert!(asked.iter().all(|call| call.prompt().contains("Adds last.") && !call.prompt().contains("elsewhere.py")));

    bench.case("bundled", &case(json!({ "bundle": "change.bundle", "base": "main", "head": "nothing" })));
    let ended = bench.eval(&["cases/bundled"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.stderr.contains("head: the bundle has no \"nothing\"; it has refs/heads/main, refs/heads/topic"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn several_runs_give_a_median_and_a_recording_gives_the_same_again() {
    let bench = Bench::with(Script::with_rules([last_rule("one")])).await;
    bench.small_case("one", LAST, &last_is_wrong("one"));
    bench.small_case("quiet", "return items[-1]", &json!([]));
    let ended = bench.eval(&["cases", "--runs", "3", "--json", "three.json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("median of 3 runs") && ended.stdout.contains("posted 3"), "{}", ended.stdout);
    assert_eq!(bench.json("three.json")["cases"][1]["runs"].as_array().unwrap().len(), 3);

    let recorded = bench.eval(&["cases", "--record", "recording", "--json", "recorded.json"]).await;
    assert_eq!(recorded.code, Some(0), "{recorded:?}");
    let calls = bench.model.calls().len();
    let replayed = run(bench.place.path(), &[], &["eval", "cases", "--replay", "recording", "--json", "replayed.json"]).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    assert_eq!(bench.model.calls().len(), calls, "no model is asked");
    assert!(replayed.stdout.contains("a replay: "), "{}", replayed.stdout);
    let scores = |file: &str| bench.json(file)["cases"][0]["runs"][0]["done"]["by_place"].clone();
    assert_eq!(scores("recorded.json"), scores("replayed.json"));

    let both = bench.eval(&["cases", "--replay", "recording", "--runs", "2"]).await;
    assert!(both.code == Some(2) && both.stderr.contains("cannot be used with"), "the runs would be the same: {both:?}");
}

#[tokio::test]
async fn two_reports_are_compared_without_a_model() {
    let bench = Bench::with(Script::silent()).await;
    for name in ["one", "two", "three"] {
        bench.small_case(name, LAST, &last_is_wrong(name));
    }
    let before = bench.eval(&["cases", "--json", "before.json"]).await;
    assert_eq!(before.code, Some(0), "{before:?}");
    bench.model.set_script(Script::with_rules(["one", "two", "three"].map(last_rule)));
    let after = bench.eval(&["cases", "--json", "after.json"]).await;
    assert_eq!(after.code, Some(0), "{after:?}");

    let compared = run(
        bench.place.path(),
        &[],
        &["eval", "--compare", "before.json", "after.json", "--json", "compared.json", "--html", "compared.html"],
    )
    .await;
    assert_eq!(compared.code, Some(0), "{compared:?}");
    let page = std::fs::read_to_string(bench.place.path().join("compared.html")).unwrap();
    assert!(page.contains("Which reviews are better") && page.contains("3 cases in both, scored by place"), "{page}");
    let recall = compared.stdout.lines().find(|line| line.starts_with("recall")).unwrap();
    let cells: Vec<&str> = recall.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells, ["recall", "0 %", "100 %", "+100 points", "+100 to +100 points", "better"]);
    assert_eq!(bench.json("compared.json")[0]["cases"], json!(["one", "three", "two"]));
    let again = run(bench.place.path(), &[], &["eval", "--compare", "before.json", "after.json"]).await;
    assert_eq!(again.stdout, compared.stdout, "the same reports give the same intervals");

    bench.write("other.json", r#"{ "format": 99 }"#);
    let wrong = run(bench.place.path(), &[], &["eval", "--compare", "other.json", "gone.json"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
    assert!(wrong.stderr.contains("other.json: it has the form 99") && wrong.stderr.contains("gone.json"), "{}", wrong.stderr);
}

#[tokio::test]
async fn what_the_script_says_is_about_lines_that_the_cases_have() {
    let mut texts: Vec<(String, String)> = Vec::new();
    for case in std::fs::read_dir(shipped()).unwrap() {
        let head = case.unwrap().path().join("head");
        let mut waiting = vec![head.clone()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    let inside = path.strip_prefix(&head).unwrap().to_str().unwrap().to_owned();
                    texts.push((inside, std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    for rule in eval::script().rules {
        let files = texts.iter().filter(|(path, _)| *path == rule.path);
        let lines = files.flat_map(|(_, text)| text.lines()).filter(|line| line.trim() == rule.needle).count();
        assert!(lines >= 1, "{} has no line {:?}", rule.path, rule.needle);
    }
}
