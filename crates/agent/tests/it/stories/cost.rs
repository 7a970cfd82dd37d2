//! What reviews cost, who is told, and where it ends.

use coderabbit_agent::store::{PastReview, Store};
use review_core::finding::DropReason;
use sqlx::{Connection as _, SqliteConnection};
use testkit::{
    azure_devops::{AzureDevOps, PullRequestHandle, PullRequestSpec},
    model::{Kind, ModelOptions, ModelServer, Role, Rule, Script},
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, Reviewed, Stage, both_rules, cart};

async fn with(variables: &[(&str, &str)]) -> Stage {
    Stage::set_with(AzureDevOps::builder(), both_rules(), variables).await
}

async fn store(stage: &Stage) -> Store {
    Store::open(&format!("sqlite://{}", stage.database().display()).into()).await.unwrap()
}

/// The record of the newest review; it is written after the status.
async fn record(stage: &Stage, reviews: u64) -> (Store, PastReview) {
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#, reviews).await;
    let store = store(stage).await;
    let record = store.recent_reviews(1).await.unwrap().remove(0);
    (store, record)
}

/// Changes what is on the account for finding.
async fn spend(stage: &Stage, change: &'static str) {
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", stage.database().display())).await.unwrap();
    assert_eq!(sqlx::query(change).execute(&mut database).await.unwrap().rows_affected(), 1);
}

async fn push_the_fix(pull_request: &PullRequestHandle) {
    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY).as_str())]).await.unwrap();
}

#[tokio::test]
async fn a_review_records_what_it_cost_and_shows_it() {
    let stage = with(&[]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;

    let (store, review) = record(&stage, 1).await;
    let usage = review.usage;
    assert!(usage.cost.micros() > 0 && usage.unpriced_calls == 0, "{usage:?}");
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains(&format!("; about {}\n", usage.cost)), "{} in\n{walkthrough}", usage.cost);
    assert_eq!(store.spent_on_pull_request(&review.pull_request).await.unwrap(), usage);
    let repositories = store.spending_by_repository(None).await.unwrap();
    let [repository] = &repositories[..] else { panic!("{repositories:?}") };
    let names = (repository.on.project_name.as_str(), repository.on.repository_name.as_str());
    assert_eq!((names, repository.usage), (("Web Shop", "orders"), usage));

    let (_, metrics) = stage.get("/metrics").await;
    let counted = metrics.lines().filter(|line| line.starts_with("coderabbit_agent_model_cost_dollars_total{"));
    let dollars: f64 = counted.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
    assert!((dollars - usage.cost.dollars()).abs() < 1e-9, "{dollars} and {}", usage.cost);
    stage.assert_sound();
}

#[tokio::test]
async fn a_push_past_the_ceiling_of_the_pull_request_is_not_reviewed_and_the_pull_request_says_why() {
    let stage = with(&[("COST_LIMIT_PULL_REQUEST", "1")]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    let (store, review) = record(&stage, 1).await;
    spend(&stage, "update spending set cost = cost + 1000000 where role = 'medium'").await;
    let spent = store.spent_on_pull_request(&review.pull_request).await.unwrap();
    let asked = stage.model.calls().len();

    push_the_fix(&pull_request).await;
    let sentence = format!(
        "The reviews of this pull request have cost about {}, and their ceiling is $1.00; whoever runs the agent can raise \
         `COST_LIMIT_PULL_REQUEST`.",
        spent.cost
    );
    assert_eq!(pull_request.reviewed(2).await, format!("notApplicable: Not reviewed: {sentence}"));
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains(&format!("> **Review skipped.** {sentence}")), "{walkthrough}");
    assert!(walkthrough.contains("## Walkthrough"), "the account of the last review stays:\n{walkthrough}");
    assert_eq!(stage.model.calls().len(), asked);
    assert_eq!(stage.counted(r#"coderabbit_agent_reviews_skipped_total{reason="cost_limit_pull_request"}"#, 1).await, 1);
    let open = pull_request.inline();
    assert!(open.iter().all(|thread| thread.status.as_deref() == Some("active")), "nothing was judged: {open:#?}");
    stage.assert_sound();
}

#[tokio::test]
async fn secrets_are_told_also_where_a_ceiling_stops_the_review_before_it_began() {
    let stage = with(&[("COST_LIMIT_PULL_REQUEST", "1")]).await;
    let pull_request = stage.open(&[("src/other.py", "def other():\n    return 1\n")]).await;
    pull_request.reviewed(1).await;
    record(&stage, 1).await;
    spend(&stage, "update spending set cost = cost + 1000000 where role = 'medium'").await;
    let asked = stage.model.calls().len();

    // Put together here, so that no scanner takes this file for a leak.
    let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let deploy = format!("def deploy():\n    login(\"{secret}\")\n");
    let files = [(CART, cart(LAST_ITEM, QUERY)), ("src/deploy.py", deploy)];
    pull_request.push(&files).await.unwrap();
    let told = pull_request.reviewed(2).await;
    assert!(told.starts_with("notApplicable: Not reviewed: The reviews of this pull request have cost about $"), "{told}");
    assert!(told.ends_with(" 1 secret in added lines found all the same."), "{told}");
    let threads = pull_request.inline();
    assert_eq!((threads.len(), threads[0].path.as_deref()), (1, Some("src/deploy.py")));
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains("1 secret in added lines was found without a model"), "{walkthrough}");
    assert!(walkthrough.contains("> **Review skipped.**") && walkthrough.contains("## Walkthrough"), "{walkthrough}");
    assert_eq!(stage.model.calls().len(), asked, "no model was asked");

    // What nobody read is read as soon as there is money, and the secret is not told twice.
    spend(&stage, "update spending set cost = 0 where role = 'medium'").await;
    pull_request.push(&[("src/more.py", "def more():\n    return 2\n")]).await.unwrap();
    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high), 1 still open");
    assert_eq!(pull_request.inline().len(), 3);
    stage.assert_sound();
}

#[tokio::test]
async fn at_the_ceiling_of_a_day_no_pull_request_is_reviewed_and_the_next_push_after_midnight_is() {
    let stage = with(&[("COST_LIMIT_DAY", "1")]).await;
    stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await.reviewed(1).await;
    record(&stage, 1).await;
    spend(&stage, "update spending set cost = cost + 1000000 where role = 'medium'").await;

    let spec = PullRequestSpec::new("Search").files(&[(CART, cart(LAST_ITEM, QUERY))]).branches("other", "main");
    let other = stage.repository.open_pull_request(spec).await.unwrap();
    let told = other.reviewed(1).await;
    assert!(told.starts_with("notApplicable: Not reviewed: All reviews of today have reached their ceiling of $1.00;"), "{told}");
    assert!(other.walkthrough().contains("the next push after midnight (UTC) is reviewed"), "{}", other.walkthrough());
    assert_eq!(stage.counted(r#"coderabbit_agent_reviews_skipped_total{reason="cost_limit_day"}"#, 1).await, 1);

    spend(&stage, "update spending set day = day - 1 where role = 'medium'").await;
    push_the_fix(&other).await;
    assert_eq!(other.reviewed(2).await, "succeeded: Reviewed: 1 finding (1 critical)");
    assert!(!other.walkthrough().contains("Review skipped."), "{}", other.walkthrough());
    stage.assert_sound();
}

#[tokio::test]
async fn a_ceiling_reached_before_anything_was_verified_makes_no_review_and_what_was_paid_for_is_not_paid_again() {
    let prices = "gpt-4.1-mini=0/0/0,o4-mini=1000/1000/1000,o3=0/0/0";
    let stage = with(&[("COST_LIMIT_PULL_REQUEST", "0.01"), ("MODEL_PRICES", prices)]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    let told = pull_request.reviewed(1).await;
    assert!(told.starts_with("notApplicable: Not reviewed: The reviews of this pull request have cost about $"), "{told}");
    assert_eq!((pull_request.inline().len(), stage.model.calls_of(Role::Verdict).len()), (0, 0));
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains("Review skipped.") && !walkthrough.contains("findings"), "{walkthrough}");

    spend(&stage, "update spending set cost = 0 where role = 'medium'").await;
    pull_request.abandon().await.unwrap();
    pull_request.reactivate().await.unwrap();
    pull_request.has_status("succeeded").await;
    assert_eq!(pull_request.inline().len(), 2);
    assert_eq!(stage.model.calls_of(Role::Findings).len(), 1, "the answer of the run that was stopped was kept");
    stage.assert_sound();
}

#[tokio::test]
async fn a_ceiling_reached_while_findings_are_verified_makes_a_partial_review_that_says_what_was_not_checked() {
    // More than are verified at a time.
    const CANDIDATES: usize = 13;
    let names: Vec<String> = (0..CANDIDATES).map(|number| format!("src/part{number}.py")).collect();
    let needle = |number: usize| format!("part = items[{number} + len(items)]");
    let rules = names
        .iter()
        .enumerate()
        .map(|(number, name)| Rule::new(Kind::True, name, &needle(number), &format!("The index {number} is past the end.")));
    let prices = "gpt-4.1-mini=0/0/0,o4-mini=0/0/0,o3=1000/1000/1000";
    let variables = [("COST_LIMIT_PULL_REQUEST", "0.01"), ("MODEL_PRICES", prices), ("MAX_INLINE_COMMENTS", "20")];
    let stage = Stage::set_with(AzureDevOps::builder(), Script::with_rules(rules), &variables).await;
    let texts: Vec<String> = (0..CANDIDATES).map(|number| format!("items = read()\n{}\n", needle(number))).collect();
    let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let pull_request = stage.open(&files).await;
    let told = pull_request.reviewed(1).await;
    assert!(told.starts_with("succeeded: Partly reviewed, stopped at the ceiling on costs: 13 files; Reviewed: "), "{told}");

    let (store, review) = record(&stage, 1).await;
    let dropped = store.dropped_findings(&review.id).await.unwrap();
    let unchecked = dropped.iter().filter(|dropped| dropped.reason == DropReason::CostLimit).count();
    let posted = pull_request.inline().len();
    assert_eq!((posted + unchecked, dropped.len()), (CANDIDATES, unchecked), "{dropped:#?}");
    assert!(posted > 0 && unchecked > 0, "{posted} posted, {unchecked} unchecked");
    assert_eq!(stage.model.calls_of(Role::Verdict).len(), posted, "those under way are not cut, and no other one is asked");
    assert_eq!(review.outcome, "partial");
    let walkthrough = pull_request.walkthrough();
    assert!(
        walkthrough.contains("> **Partly reviewed.** ") && walkthrough.contains(" not checked. The reviews of"),
        "{walkthrough}"
    );
    assert!(walkthrough.contains(&format!("{unchecked} not checked for their cost\n")), "{walkthrough}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_ceiling_reached_before_earlier_findings_were_judged_leaves_them_open_and_the_review_partial() {
    let prices = "gpt-4.1-mini=0/0/0,o4-mini=1/1/1,o3=0/0/0";
    let stage = with(&[("COST_LIMIT_PULL_REQUEST", "1"), ("MODEL_PRICES", prices)]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    record(&stage, 1).await;
    spend(&stage, "update spending set cost = 999999 where role = 'medium'").await;

    push_the_fix(&pull_request).await;
    assert_eq!(
        pull_request.reviewed(2).await,
        "succeeded: Partly reviewed, stopped at the ceiling on costs: 1 file; Reviewed: no finding confirmed, 2 still open"
    );
    assert!(pull_request.walkthrough().contains("> **Partly reviewed.** "), "{}", pull_request.walkthrough());
    assert_eq!(stage.model.calls_of(Role::Resolution).len(), 0);
    let open = pull_request.inline();
    assert!(open.iter().all(|thread| thread.status.as_deref() == Some("active")), "nothing was judged: {open:#?}");
    stage.assert_sound();
}

#[tokio::test]
async fn a_model_without_a_price_is_told_as_such_and_counts_against_no_ceiling() {
    let options = ModelOptions { models: vec!["our-coder".to_owned()], ..ModelOptions::default() };
    let model = ModelServer::start_with(options, both_rules()).await.unwrap();
    let limits = [("COST_LIMIT_PULL_REQUEST", "0.000001"), ("COST_LIMIT_DAY", "0.000001")];
    let stage = Stage::set_on(AzureDevOps::builder(), model, &limits).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    let text = pull_request.walkthrough();
    assert!(text.contains("; cost not known: the model's price is not known\n"), "{text}");
    let (_, review) = record(&stage, 1).await;
    assert_eq!((review.usage.unpriced_calls, review.usage.cost.micros()), (review.usage.calls, 0));

    push_the_fix(&pull_request).await;
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    stage.metric(r#"coderabbit_agent_model_unpriced_calls_total{role="medium",model="our-coder"}"#).await;
    stage.assert_sound();
}
