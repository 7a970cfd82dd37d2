//! What finders and verifiers look at beside what they are shown.

use serde_json::json;
use testkit::azure_devops::{AzureDevOps, Fault as AzureFault, On, PullRequestSpec};
use testkit::model::{Fault, ModelOptions, ModelServer, Role, StructuredOutput};

use crate::harness::{CART, LAST_ITEM, QUERY, Reviewed, Stage, both_rules, cart};

const BOTH: &str = "succeeded: Reviewed: 2 findings (1 critical, 1 high)";

#[tokio::test]
async fn a_finder_and_its_verifiers_read_on_in_the_repository_before_they_answer() {
    let head = |path: &str| json!({ "path": path, "first_line": 1, "last_line": 50, "version": "head" });
    let script = both_rules()
        .looking(Role::Findings, "read_file", head("src/prices.py"))
        .looking(Role::Findings, "find_references", json!({ "name": "prices" }))
        .looking(Role::Findings, "read_file", head("../../etc/passwd"))
        .looking(Role::Findings, "read_file", head("config/.env"))
        .looking(Role::Findings, "read_file", head("src/settings.py"))
        .looking(Role::Findings, "run_shell", json!({ "command": "env" }))
        .looking(Role::Verdict, "read_file", json!({ "path": CART, "first_line": 1, "last_line": 9, "version": "base" }));
    let stage = Stage::set(script).await;
    let settings = "TOKEN = \"ghp_0123456789abcdefghijABCDEFGHIJ456789\"\nLIMIT = 3\n";
    let files = [("src/settings.py", settings), ("config/.env", "PASSWORD=hunter2hunter2\n")];
    stage.repository.push("main", &files, "Settings").await.unwrap();
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);

    let finder = stage.model.calls_of(Role::Findings);
    assert_eq!(finder.len(), 6, "five looks that there is a tool for, and the answer");
    let seen = finder[5].prompt();
    assert!(seen.contains("src/prices.py (after the change)"), "{seen}");
    assert!(seen.contains("lines that hold prices, by text") && seen.contains("src/prices.py:"), "{seen}");
    assert!(seen.contains("without `..`") && seen.contains("That file is not shown"), "{seen}");
    assert!(seen.contains("LIMIT = 3") && !seen.contains("ghp_0123") && !seen.contains("hunter2"), "{seen}");
    for (earlier, later) in finder.iter().zip(&finder[1..]) {
        assert!(later.prompt().starts_with(&earlier.prompt()), "what was said stays as it was, for the provider's cache");
    }
    let verdicts = stage.model.calls_of(Role::Verdict);
    assert_eq!(verdicts.len(), 4);
    assert_eq!(verdicts.iter().filter(|call| call.prompt().contains("(before the change)")).count(), 4);
    stage.assert_sound();
}

#[tokio::test]
async fn why_a_file_is_as_it_is_comes_from_the_commits_before_the_change() {
    let look = |path: &str| json!({ "path": path });
    let script = both_rules()
        .looking(Role::Findings, "file_history", look(CART))
        .looking(Role::Findings, "file_history", look("src/new_prices.py"))
        .looking(Role::Findings, "file_history", look("src/nowhere.py"))
        .looking(Role::Findings, "file_history", look(".env"))
        .looking(Role::Verdict, "file_history", look(CART));
    let stage = Stage::set_with(AzureDevOps::builder(), script, &[("MAX_LOOKS", "1")]).await;
    let first_cart = format!("{}# The cart of the shop.\n", crate::harness::base_files()[1].1);
    stage.repository.push("main", &[(CART, first_cart.as_str())], "Say whose cart it is\n\nSomebody asked.").await.unwrap();
    stage.repository.push("main", &[("docs/other.md", "Other people's work.\n")], "Elsewhere").await.unwrap();
    let base = stage.repository.git().head("main").unwrap();
    let asked = String::from_utf8(stage.repository.git().git(&["rev-parse", "main~1"]).unwrap()).unwrap();
    let change = stage.repository.git().change("feature").onto(&base).file(CART, cart(LAST_ITEM, QUERY));
    let moved = "def total(prices):\n    return sum(prices)\n# moved\n";
    change.rename("src/prices.py", "src/new_prices.py").file("src/new_prices.py", moved).commit("Totals and search").unwrap();
    let pull_request = stage.open_as(PullRequestSpec::new("Totals and search")).await;
    // What comes to the target branch later was not there.
    stage.repository.push("main", &[(CART, "gone = True\n")], "Throw the cart away").await.unwrap();
    assert_eq!(pull_request.reviewed(1).await, BOTH);

    let finder = stage.model.calls_of(Role::Findings);
    let seen: Vec<&str> = finder
        .last()
        .unwrap()
        .messages
        .iter()
        .filter(|message| message.role == "tool")
        .map(|message| message.content.as_str())
        .collect();
    let rows: Vec<&str> = seen[0].lines().filter(|line| !line.contains("untrusted")).collect();
    assert_eq!(rows.len(), 2, "{}", seen[0]);
    assert!(rows[0].ends_with(": Say whose cart it is") && rows[1].ends_with(": A shop"), "{}", seen[0]);
    assert!(rows[0].starts_with(asked.get(..12).unwrap()) && !rows[0].starts_with(base.get(..12).unwrap()), "{}", seen[0]);
    assert!(seen[0].contains("commits before the change that touched src/cart.py"), "{}", seen[0]);
    assert!(seen[1].contains("touched src/prices.py") && seen[1].contains(": A shop"), "by its old name: {}", seen[1]);
    assert_eq!(seen[2], "No commit before the change touched src/nowhere.py, as far as is known.");
    assert!(seen[3].starts_with("That file is not shown"), "{}", seen[3]);
    let batches = stage.azure.requests().iter().filter(|request| request.path.contains("/commitsbatch")).count();
    assert_eq!(batches, 3, "one for each file, whoever asks");
    stage.assert_sound();
}

#[tokio::test]
async fn a_history_that_cannot_be_had_is_an_answer_and_no_error() {
    let script = both_rules().looking(Role::Findings, "file_history", json!({ "path": CART }));
    let stage = Stage::set(script).await;
    stage.azure.fail_always(On::post("/commitsbatch"), AzureFault::Status(403, None));
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let seen = stage.model.calls_of(Role::Findings).pop().unwrap().prompt();
    assert!(seen.contains("The history could not be read. Do without it."), "{seen}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_model_that_only_ever_looks_is_told_to_answer() {
    let endless = (0..20).fold(both_rules(), |script, _| script.looking(Role::Findings, "list_files", json!({ "under": "src" })));
    let stage = Stage::set(endless).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let finder = stage.model.calls_of(Role::Findings);
    assert_eq!(finder.len(), 9, "eight turns of looks, and the answer");
    assert!(finder[8].prompt().contains("That was the last look: answer now"));
    assert_eq!(finder[8].body["tool_choice"], "none");
    stage.assert_sound();
}

#[tokio::test]
async fn what_a_model_looked_at_last_does_not_fit_and_it_answers_without_it() {
    let whole = json!({ "path": "src/prices.py", "first_line": 1, "last_line": 300, "version": "head" });
    let stage = Stage::set(both_rules().looking(Role::Findings, "read_file", whole)).await;
    let prices: String = (0..300).map(|number| format!("PRICE_{number} = {number}\n")).collect();
    stage.repository.push("main", &[("src/prices.py", prices.as_str())], "Prices").await.unwrap();
    let gate = stage.model.hold(Role::Findings);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    gate.wait_for_held(1).await.unwrap();
    // The first call passes, and the one with what was seen is too long.
    stage.model.fault(Role::Findings, 1, Fault::ContextTooLong);
    gate.release();
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let finder = stage.model.calls_of(Role::Findings);
    assert_eq!(finder.len(), 3, "the look, the answer that was too long, the answer");
    assert!(finder[1].prompt().contains("PRICE_299") && !finder[2].prompt().contains("PRICE_299"));
    assert!(finder[2].prompt().contains("there is no room for it any more"));
    assert_eq!(finder[2].body["tool_choice"], "none");
    assert!(!pull_request.walkthrough().contains("Partly"), "the change itself was read whole");
    stage.assert_sound();
}

#[tokio::test]
async fn what_is_seen_takes_no_more_room_than_a_prompt_may() {
    let whole = || json!({ "path": "src/prices.py", "first_line": 1, "last_line": 300, "version": "head" });
    let script = (0..4).fold(both_rules(), |script, _| script.looking(Role::Findings, "read_file", whole()));
    let stage = Stage::set_with(testkit::azure_devops::AzureDevOps::builder(), script, &[("PROMPT_TOKENS", "4000")]).await;
    let prices: String = (0..300).map(|number| format!("PRICE_{number} = {number} # the price\n")).collect();
    stage.repository.push("main", &[("src/prices.py", prices.as_str())], "Prices").await.unwrap();
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let last = stage.model.calls_of(Role::Findings).pop().unwrap();
    assert_eq!(last.prompt().matches("PRICE_7 = 7").count(), 1, "16,000 bytes hold one such look");
    assert!(last.prompt().contains("there is no room for it any more") && last.body["tool_choice"] == "none");
}

#[tokio::test]
async fn a_search_does_not_tell_by_its_hits_what_a_secret_is() {
    let search = |text: &str| json!({ "text": text, "under": "src", "version": "head" });
    let script = both_rules().looking(Role::Findings, "search_text", search("ghp_0123")).looking(
        Role::Findings,
        "search_text",
        search("LIMIT"),
    );
    let stage = Stage::set(script).await;
    let settings = "TOKEN = \"ghp_0123456789abcdefghijABCDEFGHIJ456789\"\nLIMIT = 3\n";
    stage.repository.push("main", &[("src/settings.py", settings)], "Settings").await.unwrap();
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let finder = stage.model.calls_of(Role::Findings);
    assert!(finder[1].prompt().ends_with("Nothing was found."), "{}", finder[1].prompt());
    assert!(finder[2].prompt().contains("src/settings.py:2"), "{}", finder[2].prompt());
    stage.assert_sound();
}

#[tokio::test]
async fn a_server_that_takes_no_tools_is_asked_without_them() {
    let options = ModelOptions { tools: false, structured_output: StructuredOutput::None, ..ModelOptions::default() };
    let script = both_rules().looking(Role::Findings, "list_files", json!({ "under": "" }));
    let server = ModelServer::start_with(options, script).await.unwrap();
    let stage = Stage::set_on(testkit::azure_devops::AzureDevOps::builder(), server, &[]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let refused = stage.model.refusals().iter().filter(|(_, body)| body.to_string().contains("tools")).count();
    assert!((1..=3).contains(&refused), "it is remembered: {refused}");
    assert!(stage.model.calls().iter().all(|call| call.body.get("tools").is_none()));
}

#[tokio::test]
async fn a_review_that_is_cut_between_two_looks_does_not_pay_for_the_first_again() {
    let look = |under: &str| json!({ "under": under });
    let script = both_rules().looking(Role::Findings, "list_files", look("src")).looking(Role::Findings, "list_files", look(""));
    let mut stage = Stage::set(script).await;
    stage.model.fault(Role::Findings, 1, Fault::SlowTokens { pause: std::time::Duration::from_micros(1) });
    stage.model.fault(Role::Findings, 1, Fault::NeverAnswers);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    stage.model.wait_for(Role::Findings, 2).await.unwrap();
    stage.restart().await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    let turns: Vec<usize> = stage
        .model
        .calls_of(Role::Findings)
        .iter()
        .map(|call| call.messages.iter().filter(|message| message.role == "tool").count())
        .collect();
    assert_eq!(turns, [0, 1, 1, 2]);
    stage.assert_sound();
}

/// A stage whose finder looks for `name`. The target branch holds a function, code that uses it, and more of its name.
async fn asked_for(name: &str) -> Stage {
    let script = both_rules().looking(Role::Findings, "find_references", json!({ "name": name }));
    let stage = Stage::set_with(AzureDevOps::builder(), script, &[("MAX_LOOKS", "1")]).await;
    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let page = format!(
        "from shop import charge\n\n\ndef show(cart):\n    return charge(cart, \"{secret}\")\n\n\ndef other(charge):\n    \
         # charge is a number here\n    return charge + 1\n"
    );
    let base = [
        ("src/shop.py", "import functools\n\n\n@functools.cache\ndef charge(items, key):\n    return len(items)\n"),
        ("src/page.py", page.as_str()),
        ("docs/shop.md", "Call charge before you ship.\n"),
        ("node_modules/left/charge.py", "charge(1)\n"),
    ];
    stage.repository.push("main", &base, "A shop").await.unwrap();
    stage
}

/// What the finder saw after its look.
async fn seen_with(stage: &Stage, shop: &str) -> String {
    let cart = cart(LAST_ITEM, QUERY);
    let files = [(CART, cart.as_str()), ("src/shop.py", shop), ("docs/more.md", "More about the shop.\n")];
    let pull_request = stage.open(&files).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);
    stage.assert_sound();
    let finder = stage.model.calls_of(Role::Findings);
    finder[1].messages.iter().find(|message| message.role == "tool").unwrap().content.clone()
}

const SHOP_CHANGED: &str =
    "import functools\n\n\n@functools.cache\ndef charge(items, key, rate):\n    return len(items) * rate\n";
const SHOP_RENAMED_INSIDE: &str = "import functools\n\n\n@functools.cache\ndef charge(items, key):\n    return len(items) + 1\n";

#[tokio::test]
async fn where_a_name_is_used_comes_from_the_code_index_and_from_the_text_where_that_has_no_say() {
    let stage = asked_for("charge").await;
    let seen = seen_with(&stage, SHOP_CHANGED).await;
    let rows: Vec<&str> = seen.lines().filter(|line| !line.starts_with('<')).collect();
    assert!(rows[0].starts_with("From the code index: variables and parameters of that name are left out"), "{seen}");
    let [definition, import, call, text] = rows[1..] else { panic!("{seen}") };
    assert_eq!(definition, "src/shop.py:5: def charge(items, key, rate):", "the line with the name, not its decorator's");
    assert_eq!(import, "src/page.py:1: from shop import charge");
    assert!(call.starts_with("src/page.py:5 in show: return charge(cart, \"[redacted:github-token:"), "{call}");
    assert_eq!(text, "docs/shop.md:1: Call charge before you ship.");
    assert!(seen.contains("definitions of charge") && seen.contains("lines that hold charge, by text"), "{seen}");
}

#[tokio::test]
async fn without_a_code_index_names_are_looked_for_by_text_and_the_model_is_told_so() {
    // No signature changed, so no index was made.
    let stage = asked_for("charge").await;
    let seen = seen_with(&stage, SHOP_RENAMED_INSIDE).await;
    assert!(seen.starts_with("By text, for want of a code index: what has the same name may be something else.\n"), "{seen}");
    for line in ["src/page.py:5 in show: ", "src/page.py:10 in other: return charge + 1"] {
        assert!(seen.contains(line), "{line} is in\n{seen}");
    }
    assert!(!seen.contains("node_modules"), "{seen}");
}

#[tokio::test]
async fn a_name_that_no_code_defines_or_uses_is_looked_for_by_text() {
    let stage = asked_for("number").await;
    let seen = seen_with(&stage, SHOP_CHANGED).await;
    assert!(seen.starts_with("By text: the code index knows no such name.\n"), "{seen}");
    assert!(seen.contains("src/page.py:9 in other: # charge is a number here"), "{seen}");
}

#[tokio::test]
async fn the_code_index_does_not_tell_by_its_hits_what_a_secret_is() {
    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let stage = asked_for(&secret).await;
    // A name of code, as far as the index can tell.
    let page = format!("from shop import charge\n\n\ndef show(cart):\n    return charge(cart, {secret})\n");
    stage.repository.push("main", &[("src/page.py", page.as_str())], "A name").await.unwrap();
    let seen = seen_with(&stage, SHOP_CHANGED).await;
    assert_eq!(seen, "Nothing was found.");
}
