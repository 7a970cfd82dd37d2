//! What becomes of findings is kept, and what follows from it.

use coderabbit_agent::store::{KnownOutcome, PastReview, Store};
use review_core::{
    finding::DropReason,
    learning::Label,
    pull_request::{PullRequestKey, PullRequestStatus},
};
use sqlx::{Connection as _, SqliteConnection};
use testkit::{
    azure_devops::{AzureDevOps, Details, Fault, On, Order, PullRequestHandle, PullRequestSpec, ServedCommits},
    model::{Kind, Role, Rule, Script},
};

use crate::{
    cli,
    harness::{Reviewed, Stage, subscription},
};

/// A pull request that is closed, whose outcomes are stored.
const CLOSED: &str = r#"coderabbit_agent_jobs_ended_total{outcome="not_active"}"#;
const REVIEWED: &str = r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#;

/// The one line of a file that is wrong.
fn needle(path: &str) -> String {
    format!("    wrong = items[len(items)]  # {path}")
}

/// A file with that line in the middle: line 6.
fn body(path: &str) -> String {
    format!("import shop\n\n\ndef serve(items):\n    before = 1\n{}\n    after = 2\n    return before\n", needle(path))
}

fn rule(path: &str, claim: &str) -> Rule {
    Rule::new(Kind::True, path, &needle(path), claim).scenario("Any input reaches this line.")
}

async fn set(rules: Vec<Rule>) -> Stage {
    Stage::set_with(AzureDevOps::builder(), Script::with_rules(rules), &[("MAX_INLINE_COMMENTS", "20")]).await
}

/// A pull request of its own branch that adds these files.
async fn open(stage: &Stage, branch: &str, paths: &[&str]) -> PullRequestHandle {
    let files: Vec<(&str, String)> = paths.iter().map(|path| (*path, body(path))).collect();
    let spec = PullRequestSpec::new(branch).files(&files).branches(branch, "main");
    stage.repository.open_pull_request(spec).await.unwrap()
}

async fn store(stage: &Stage) -> Store {
    Store::open(&format!("sqlite://{}", stage.database().display()).into()).await.unwrap()
}

/// What is known of the findings of a pull request, by their paths.
async fn outcomes(stage: &Stage, pull_request: &PullRequestHandle) -> Vec<KnownOutcome> {
    let store = store(stage).await;
    let repositories = store.repositories_with_outcomes().await.unwrap();
    let [repository] = repositories.as_slice() else { panic!("{repositories:?}") };
    let key = PullRequestKey { repository: repository.key.clone(), id: pull_request.id().into() };
    let mut known = store.outcomes(&key).await.unwrap();
    known.sort_by(|one, other| one.posted.path.cmp(&other.posted.path));
    known
}

fn thread_on(pull_request: &PullRequestHandle, path: &str) -> u32 {
    let inline = pull_request.inline();
    let found: Vec<u32> = inline.iter().filter(|thread| thread.path.as_deref() == Some(path)).map(|thread| thread.id).collect();
    assert_eq!(found.len(), 1, "one thread on {path} in {inline:#?}");
    found[0]
}

/// The newest review, once `reviews` are recorded.
async fn record(stage: &Stage, reviews: u64) -> (Store, PastReview) {
    stage.counted(REVIEWED, reviews).await;
    let store = store(stage).await;
    let record = store.recent_reviews(1).await.unwrap().remove(0);
    (store, record)
}

async fn reasons(stage: &Stage, reviews: u64) -> Vec<DropReason> {
    let (store, review) = record(stage, reviews).await;
    store.dropped_findings(&review.id).await.unwrap().into_iter().map(|dropped| dropped.reason).collect()
}

/// The command on the stage's database.
async fn learned(stage: &Stage, arguments: &[&str]) -> String {
    let database = [("DATABASE_URL", format!("sqlite://{}", stage.database().display()))];
    let arguments: Vec<&str> = std::iter::once("learned").chain(arguments.iter().copied()).collect();
    let ended = cli::run(stage.directory(), &database, &arguments).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

#[tokio::test]
async fn what_people_and_pushes_made_of_each_finding_is_known_when_the_pull_request_is_completed() {
    let names = ["closed", "gone", "guarded", "kept", "liked", "moved", "refused", "renamed"];
    let paths = names.map(|name| format!("src/{name}.py"));
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let rules = paths.iter().map(|path| rule(path, &format!("The items of {path} are read past their end.")));
    let stage = set(rules.chain([rule("src/other.py", "Never said.")]).collect()).await;
    let pull_request = open(&stage, "feature", &paths).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 8 findings (8 high)");

    let (dana, lee) = (stage.azure.author(), stage.azure.add_user("Lee"));
    pull_request
        .push_change(|change| {
            let guarded = body("src/guarded.py").replace("    before = 1\n", "    before = 1\n    check(items)\n");
            let moved = format!("VERSION = 2\n{}", body("src/moved.py"));
            let change = change.file("src/guarded.py", guarded).file("src/moved.py", moved);
            change.delete("src/gone.py").rename("src/renamed.py", "src/other.py").commit("Second thoughts")
        })
        .await
        .unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 7 still open");
    let thread = |name: &str| thread_on(&pull_request, &format!("src/{name}.py"));
    for (name, status) in [("closed", "closed"), ("liked", "closed"), ("refused", "wontFix")] {
        pull_request.set_thread_status(&dana, thread(name), status).await.unwrap();
    }
    pull_request.like(&lee, thread("liked"), 1).await.unwrap();
    pull_request.like(&stage.azure.bot(), thread("closed"), 1).await.unwrap();
    pull_request.reply(&dana, thread("refused"), "This never happens here.").await.unwrap();
    pull_request.reply(&lee, thread("refused"), "Agreed.").await.unwrap();
    let before = outcomes(&stage, &pull_request).await;
    assert!(before.iter().all(|known| known.reaction.pull_request == PullRequestStatus::Active), "{before:#?}");

    stage.hooks.set_doubled(true);
    pull_request.complete().await.unwrap();
    stage.counted(CLOSED, 1).await;
    stage.hooks.settled(crate::harness::PATIENCE).await.unwrap();
    let known = outcomes(&stage, &pull_request).await;
    let labels: Vec<(&str, Label)> = known.iter().map(|known| (known.posted.path.as_str(), known.reaction.label())).collect();
    let expected = [
        ("src/closed.py", Label::Rejected),
        ("src/gone.py", Label::ActedOn),
        ("src/guarded.py", Label::ActedOn),
        ("src/kept.py", Label::Ignored),
        ("src/liked.py", Label::Ignored),
        ("src/moved.py", Label::Ignored),
        ("src/refused.py", Label::Rejected),
        ("src/renamed.py", Label::Ignored),
    ];
    assert_eq!(labels, expected);
    let counts: Vec<(u32, u32)> = known.iter().map(|known| (known.reaction.replies, known.reaction.likes)).collect();
    assert_eq!(counts, [(0, 0), (0, 0), (0, 0), (0, 0), (0, 1), (0, 0), (2, 0), (0, 0)]);
    assert!(known.iter().all(|known| known.posted.iteration == 1 && known.thread.is_some()), "{known:#?}");
    for (outcome, count) in [("acted_on", 2), ("rejected", 2), ("ignored", 4)] {
        let metric = format!(r#"coderabbit_agent_finding_outcomes_total{{category="correctness",outcome="{outcome}"}}"#);
        assert_eq!(stage.count(&metric).await, count, "{outcome}, each once, however often the event is delivered");
    }
    stage.assert_sound();
}

#[tokio::test]
async fn the_code_decides_also_when_the_last_push_was_never_reviewed_and_git_is_away_at_first() {
    let paths = ["src/guarded.py", "src/kept.py"];
    let stage = set(paths.iter().map(|path| rule(path, &format!("{path} is read past its end."))).collect()).await;
    let pull_request = open(&stage, "feature", &paths).await;
    pull_request.reviewed(1).await;
    record(&stage, 1).await;

    stage.hooks.hold();
    let guarded = body(paths[0]).replace("    after = 2\n", "    undo(wrong)\n    after = 2\n");
    pull_request.push(&[(paths[0], guarded.as_str())]).await.unwrap();
    pull_request.complete().await.unwrap();
    stage.azure.fail_next(On::git(), Fault::Status(503, None));
    stage.hooks.release(Order::AsHappened);
    stage.counted(CLOSED, 1).await;
    stage.hooks.settled(crate::harness::PATIENCE).await.unwrap();
    let known = outcomes(&stage, &pull_request).await;
    let changed: Vec<Option<bool>> = known.iter().map(|known| known.reaction.lines_changed).collect();
    assert_eq!(changed, [Some(true), Some(false)]);
    assert_eq!(stage.model.calls_of(Role::Resolution).len(), 0, "no model is asked");
    assert!(stage.count(r#"coderabbit_agent_jobs_ended_total{outcome="retried"}"#).await >= 1, "the outage was met");
}

#[tokio::test]
async fn what_the_server_has_forgotten_stays_without_an_outcome() {
    let mut stage = set(vec![rule("src/kept.py", "The items are read past their end.")]).await;
    stage.repository.serve(ServedCommits::Reachable, true).unwrap();
    let pull_request = open(&stage, "feature", &["src/kept.py"]).await;
    pull_request.reviewed(1).await;
    record(&stage, 1).await;
    stage.hooks.hold();
    pull_request.force_push(&[("src/kept.py", "rewritten = True\n")]).await.unwrap();
    stage.stop().await;
    std::fs::remove_dir_all(stage.directory().join("cache")).unwrap();
    stage.start_again().await;

    pull_request.complete().await.unwrap();
    stage.counted(CLOSED, 1).await;
    let known = outcomes(&stage, &pull_request).await;
    let reaction = &known[0].reaction;
    assert_eq!((reaction.pull_request.clone(), reaction.lines_changed), (PullRequestStatus::Completed, None));
    assert_eq!(reaction.label(), Label::Open);
}

#[tokio::test]
async fn an_abandoned_pull_request_that_is_taken_up_again_is_judged_by_its_last_end() {
    let stage = set(vec![rule("src/kept.py", "The items are read past their end.")]).await;
    let pull_request = open(&stage, "feature", &["src/kept.py"]).await;
    pull_request.reviewed(1).await;
    record(&stage, 1).await;
    let end = async |stage: &Stage| {
        let reaction = outcomes(stage, &pull_request).await.remove(0).reaction;
        (reaction.pull_request.clone(), reaction.label())
    };
    pull_request.abandon().await.unwrap();
    stage.counted(CLOSED, 1).await;
    assert_eq!(end(&stage).await, (PullRequestStatus::Abandoned, Label::Open), "nobody had to decide");

    pull_request.reactivate().await.unwrap();
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="already_reviewed"}"#, 1).await;
    assert_eq!(end(&stage).await, (PullRequestStatus::Active, Label::Open));
    pull_request.complete().await.unwrap();
    stage.counted(CLOSED, 2).await;
    assert_eq!(end(&stage).await, (PullRequestStatus::Completed, Label::Ignored));
}

#[tokio::test]
async fn events_without_details_lead_to_pull_requests_that_ended_too() {
    let mut stage = set(vec![rule("src/kept.py", "The items are read past their end.")]).await;
    stage.hooks.hold();
    let told = subscription(stage.agent.address).details(Details::None).messages(Details::None, Details::None);
    stage.hooks = stage.azure.subscribe(told);
    let pull_request = open(&stage, "feature", &["src/kept.py"]).await;
    pull_request.reviewed(1).await;
    record(&stage, 1).await;

    pull_request.complete().await.unwrap();
    stage.counted(CLOSED, 1).await;
    assert_eq!(outcomes(&stage, &pull_request).await[0].reaction.label(), Label::Ignored);
    let looked = stage.count(r#"coderabbit_agent_jobs_ended_total{outcome="swept"}"#).await;
    open(&stage, "another", &["src/clean.py"]).await.reviewed(1).await;
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="swept"}"#, looked + 1).await;
    stage.counted(REVIEWED, 2).await;
    assert_eq!(stage.count(CLOSED).await, 1, "an end that was seen is not looked for again");
}

#[tokio::test]
async fn what_was_rejected_three_times_is_not_said_again_until_it_is_forgotten() {
    let claims = [
        ("src/one.py", "The result of `save` is not checked, so errors are lost.", "medium"),
        ("src/two.py", "The result of flush() is never checked; errors are lost.", "medium"),
        ("src/three.py", "Errors are lost because nobody checked the result.", "high"),
        ("src/four.py", "Nobody checks the result of `send`, so errors are lost.", "medium"),
        ("src/five.py", "The result of `close` is not checked and errors are lost.", "medium"),
    ];
    let rules = claims.map(|(path, claim, severity)| rule(path, claim).rated("error_handling", severity));
    let stage = set(rules.to_vec()).await;
    for (number, (path, ..)) in (1..).zip(&claims[..3]) {
        let pull_request = open(&stage, path, &[path]).await;
        assert!(pull_request.reviewed(1).await.starts_with("succeeded: Reviewed: 1 finding ("), "{path}");
        let status = if number == 2 { "byDesign" } else { "wontFix" };
        pull_request.set_thread_status(&stage.azure.author(), thread_on(&pull_request, path), status).await.unwrap();
        pull_request.abandon().await.unwrap();
        stage.counted(CLOSED, number).await;
    }
    assert_eq!(stage.model.calls_of(Role::Verdict).len(), 3);

    let fourth = open(&stage, "fourth", &["src/four.py"]).await;
    assert_eq!(fourth.reviewed(1).await, "succeeded: Reviewed: no new findings");
    assert!(fourth.walkthrough().contains("1 near to what was rejected here before"), "{}", fourth.walkthrough());
    assert_eq!(stage.model.calls_of(Role::Verdict).len(), 3, "nothing is spent on it");
    assert_eq!(reasons(&stage, 4).await, [DropReason::NearRejected]);
    assert_eq!(stage.count(r#"coderabbit_agent_findings_dropped_total{reason="near_rejected"}"#).await, 1);

    let told = learned(&stage, &["forget", "Web Shop/orders", "error_handling"]).await;
    assert!(told.contains("3 findings of error_handling"), "{told}");
    let fifth = open(&stage, "fifth", &["src/five.py"]).await;
    assert_eq!(fifth.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 medium)");
    stage.assert_sound();
}

/// As if the one finding had been posted thirty times, and rejected each time.
async fn reject_thirty_times(stage: &Stage) {
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", stage.database().display())).await.unwrap();
    let more = "
        with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 30)
        insert into outcome (collection, project, repository, number, fingerprint, category, path, claim, iteration, posted_at,
                             status, is_deleted, replies, likes, pull_request, seen_at)
        select collection, project, repository, 1000 + n, fingerprint, category, path, '', iteration, posted_at,
               'wont_fix', 0, 0, 0, 'completed', seen_at
        from outcome, numbers";
    assert_eq!(sqlx::query(more).execute(&mut database).await.unwrap().rows_affected(), 30);
}

#[tokio::test]
async fn a_category_that_nobody_acts_on_falls_silent_in_the_open_and_is_woken_by_the_command_that_stands_there() {
    let slow = [
        ("src/first.py", "The list is sorted in every pass.", "medium"),
        ("src/second.py", "A query is sent for each order.", "medium"),
        ("src/worse.py", "The lock is held while the network is waited for.", "high"),
        ("src/grave.py", "The page loads the whole database into memory.", "critical"),
        ("src/third.py", "The same text is parsed again and again.", "medium"),
    ];
    let rules = slow.map(|(path, claim, severity)| rule(path, claim).rated("performance", severity));
    let stage = set(rules.to_vec()).await;
    let first = open(&stage, "first", &["src/first.py"]).await;
    assert_eq!(first.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 medium)");
    assert!(!first.walkthrough().contains("Silent here"), "{}", first.walkthrough());
    record(&stage, 1).await;
    reject_thirty_times(&stage).await;

    let second = open(&stage, "second", &["src/second.py", "src/worse.py", "src/grave.py"]).await;
    assert_eq!(second.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 critical)");
    let text = second.walkthrough();
    let told = "- Silent here, because fewer than 30 % of at least 30 were acted on: performance (0 of 30 findings acted on).";
    assert!(text.contains(told) && text.contains("2 of a category that is silent here"), "{text}");
    assert_eq!(reasons(&stage, 2).await, [DropReason::SilentCategory; 2]);
    let verified = stage.model.calls_of(Role::Verdict).len();
    assert_eq!(verified, 3, "of the second pull request the two that may be critical; nothing is spent on the other");
    assert_eq!(stage.count(r#"coderabbit_agent_reviews_in_silence_total{category="performance"}"#).await, 1);

    let listed = learned(&stage, &["list"]).await;
    let row = listed.lines().find(|line| line.contains("performance")).unwrap_or_else(|| panic!("{listed}"));
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["performance", "0", "30", "0", "2", "0", "%", "silent"]);
    let command = text.split('`').find(|span| span.starts_with("coderabbit-agent learned wake ")).unwrap();
    let arguments: Vec<&str> = command.split(' ').skip(2).collect();
    let woken = learned(&stage, &arguments).await;
    assert!(woken.contains("all categories are counted anew"), "{woken}");
    assert!(learned(&stage, &["list"]).await.contains("heard, woken 2"), "{listed}");

    let third = open(&stage, "third", &["src/third.py"]).await;
    assert_eq!(third.reviewed(1).await, "succeeded: Reviewed: 1 finding (1 medium)");
    assert!(!third.walkthrough().contains("Silent here"), "{}", third.walkthrough());
    stage.assert_sound();
}
