//! `migrate`, `dead-letters`, `costs` and `serve`.

use std::{path::Path, time::Duration};

use coderabbit_agent::{
    app,
    store::{JobKind, NewJob, Store},
};
use review_core::{
    money::Money,
    pull_request::{PullRequestKey, RepositoryKey},
    usage::Usage,
};

use super::run;

fn database(directory: &Path) -> Vec<(&'static str, String)> {
    vec![("DATABASE_URL", format!("sqlite://{}/agent.db", directory.display()))]
}

/// Everything that `serve` needs, but for anybody who listens there.
fn complete(directory: &Path) -> Vec<(&'static str, String)> {
    let path = |name: &str| directory.join(name).display().to_string();
    vec![
        ("AZURE_DEVOPS_URL", "http://127.0.0.1:9/contoso".to_owned()),
        ("AZURE_DEVOPS_BOT_TOKEN", "canary-token".to_owned()),
        ("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit".to_owned()),
        ("OPENAI_API_KEYS", "canary-key".to_owned()),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1".to_owned()),
        ("TEMP_PATH", path("cache")),
        ("DATA_PATH", path("data")),
        ("HOST", "127.0.0.1".to_owned()),
        ("PORT", "0".to_owned()),
    ]
}

fn with(mut variables: Vec<(&'static str, String)>, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    variables.retain(|(known, _)| more.iter().all(|(name, _)| name != known));
    variables.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    variables
}

#[tokio::test]
async fn migrating_twice_is_migrating_once() {
    let directory = tempfile::tempdir().unwrap();
    let variables = database(directory.path());
    let first = run(directory.path(), &variables, &["migrate"]).await;
    assert_eq!(first.code, Some(0), "{first:?}");
    assert!(first.stdout.contains("applied"), "{}", first.stdout);
    let second = run(directory.path(), &variables, &["migrate"]).await;
    assert_eq!((second.code, second.stdout.as_str()), (Some(0), "the database is up to date\n"), "{second:?}");

    let postgres = [("DATABASE_URL", "postgres://agent:canary-password@127.0.0.1:9/agent".to_owned())];
    let other = run(directory.path(), &postgres, &["migrate"]).await;
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.stderr.contains("DATABASE_URL"), "{}", other.stderr);
    other.assert_hides(&["canary-password"]);
}

/// A job that was given up.
async fn dead_letter(url: &str) -> String {
    let store = Store::open(&url.to_owned().into()).await.unwrap();
    let repository = RepositoryKey {
        collection: "https://dev.azure.com/contoso".to_owned(),
        project: "Shop".to_owned(),
        repository: "orders".to_owned(),
    };
    let key = PullRequestKey { repository, id: 7 };
    let job = NewJob {
        kind: JobKind::Review { pull_request: key.clone() },
        dedup_key: format!("review:{key}"),
        serial_key: key.to_string(),
        priority: 0,
        run_at: 0,
        head: None,
        closes: false,
    };
    store.enqueue(&job, app::now()).await.unwrap();
    let claimed = store.claim("story", Duration::from_mins(1), app::now()).await.unwrap().unwrap();
    store.bury(&claimed.lease, "the model does not answer", app::now()).await.unwrap();
    store.close().await;
    claimed.lease.job
}

#[tokio::test]
async fn dead_letters_are_listed_queued_again_and_discarded() {
    let directory = tempfile::tempdir().unwrap();
    let variables = database(directory.path());
    let new = run(directory.path(), &variables, &["dead-letters"]).await;
    assert_eq!(new.code, Some(2), "{new:?}");
    assert!(new.stderr.contains("coderabbit-agent migrate"), "{}", new.stderr);
    run(directory.path(), &variables, &["migrate"]).await;
    let none = run(directory.path(), &variables, &["dead-letters"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "no dead letters\n"), "{none:?}");

    let job = dead_letter(&variables[0].1).await;
    let listed = run(directory.path(), &variables, &["dead-letters"]).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    for part in [job.as_str(), "the model does not answer", "orders"] {
        assert!(listed.stdout.contains(part), "{}", listed.stdout);
    }
    let retried = run(directory.path(), &variables, &["dead-letters", "--retry", &job]).await;
    assert_eq!(retried.code, Some(0), "{retried:?}");
    let twice = run(directory.path(), &variables, &["dead-letters", "--retry", &job]).await;
    assert_eq!(twice.code, Some(2), "{twice:?}");
    assert!(twice.stderr.contains("is no dead letter"), "{}", twice.stderr);

    let again = dead_letter(&variables[0].1).await;
    assert_eq!(again, job, "the job that was queued again is claimed again");
    let discarded = run(directory.path(), &variables, &["dead-letters", "--discard", &job]).await;
    assert_eq!(discarded.code, Some(0), "{discarded:?}");
    let none = run(directory.path(), &variables, &["dead-letters"]).await;
    assert_eq!(none.stdout, "no dead letters\n");
    let both = run(directory.path(), &variables, &["dead-letters", "--retry", &job, "--discard", &job]).await;
    assert_eq!(both.code, Some(2), "{both:?}");
}

/// Calls on two days, on two pull requests of two repositories; one of a model without a price.
async fn spend(url: &str) {
    let store = Store::open(&url.to_owned().into()).await.unwrap();
    let pull_request = |repository: &str, id: u64| {
        let (collection, project) = ("https://dev.azure.com/contoso".to_owned(), "4d2f".to_owned());
        PullRequestKey { repository: RepositoryKey { collection, project, repository: repository.to_owned() }, id }
    };
    let (orders, other) = (pull_request("9c1e", 7), pull_request("77ab", 8));
    store.name_repository(&orders.repository, "Web Shop", "ord\u{1b}ers").await.unwrap();
    let paid = Usage {
        calls: 2,
        input_tokens: 12_000,
        cached_tokens: 8_000,
        cache_write_tokens: 0,
        output_tokens: 900,
        cost: Money::from_micros(42_000),
        unpriced_calls: 0,
    };
    let unknown = Usage { calls: 1, input_tokens: 500, output_tokens: 10, unpriced_calls: 1, ..Usage::default() };
    let (tuesday, wednesday) = (1_795_564_799_999, 1_795_564_800_000);
    store.record_spending(&orders, "heavy", "o3", paid, tuesday).await.unwrap();
    store.record_spending(&orders, "light", "our-coder", unknown, wednesday).await.unwrap();
    store.record_spending(&other, "heavy", "o3", paid, wednesday).await.unwrap();
    store.close().await;
}

/// First and last column of each line but the head.
fn name_and_cost(table: &str) -> Vec<String> {
    let ends = |line: &str| {
        let (name, rest) = line.split_once("  ")?;
        Some(format!("{name}: {}", rest.rsplit("  ").next()?))
    };
    table.lines().skip(1).filter_map(ends).collect()
}

#[tokio::test]
async fn costs_are_told_by_day_repository_pull_request_and_model() {
    let directory = tempfile::tempdir().unwrap();
    let variables = database(directory.path());
    let new = run(directory.path(), &variables, &["costs"]).await;
    assert_eq!(new.code, Some(2), "{new:?}");
    assert!(new.stderr.contains("coderabbit-agent migrate"), "{}", new.stderr);
    run(directory.path(), &variables, &["migrate"]).await;
    let none = run(directory.path(), &variables, &["costs"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "nothing was asked of a model\n"), "{none:?}");

    spend(&variables[0].1).await;
    let days = run(directory.path(), &variables, &["costs"]).await;
    assert_eq!(days.code, Some(0), "{days:?}");
    let expected = [
        "day (UTC)   calls  tokens in  of them cached  tokens out  cost",
        "2026-11-24      2      12000            8000         900  about $0.042",
        "2026-11-25      3      12500            8000         910  about $0.042 and 1 call whose price is not known",
        "total           5      24500           16000        1810  about $0.084 and 1 call whose price is not known",
    ];
    assert_eq!(days.stdout.lines().collect::<Vec<_>>(), expected);
    let pull_requests = run(directory.path(), &variables, &["costs", "--by", "pull-request"]).await;
    let expected = [
        "https://dev.azure.com/contoso/4d2f/_git/77ab/pullrequest/8: about $0.042",
        "https://dev.azure.com/contoso/Web Shop/_git/orders/pullrequest/7: about $0.042 and 1 call whose price is not known",
        "total: about $0.084 and 1 call whose price is not known",
    ];
    assert_eq!(name_and_cost(&pull_requests.stdout), expected);
    let repositories = run(directory.path(), &variables, &["costs", "--by", "repository", "--since", "2026-11-25"]).await;
    let expected = [
        "https://dev.azure.com/contoso/4d2f/_git/77ab: about $0.042",
        "https://dev.azure.com/contoso/Web Shop/_git/orders: cost not known: the model's price is not known",
        "total: about $0.042 and 1 call whose price is not known",
    ];
    assert_eq!(name_and_cost(&repositories.stdout), expected);

    let models = run(directory.path(), &variables, &["costs", "--by", "model", "--since", "2026-11-25", "--json"]).await;
    let models: serde_json::Value = serde_json::from_str(&models.stdout).unwrap();
    assert_eq!((&models["by"], &models["since"]), (&"model".into(), &"2026-11-25".into()));
    assert_eq!((&models["rows"][0]["model"], &models["rows"][0]["usage"]["cost_microdollars"]), (&"o3".into(), &42_000.into()));
    assert_eq!((&models["total"]["calls"], &models["total"]["unpriced_calls"]), (&3.into(), &1.into()));
    let parts = run(directory.path(), &variables, &["costs", "--by", "pull-request", "--json"]).await;
    let parts: serde_json::Value = serde_json::from_str(&parts.stdout).unwrap();
    assert_eq!((&parts["rows"][0]["pull_request"], &parts["rows"][0]["repository"]), (&8.into(), &"77ab".into()), "{parts:#}");
    assert_eq!(&parts["rows"][1]["project_name"], "Web Shop", "{parts:#}");

    let later = run(directory.path(), &variables, &["costs", "--since", "2026-11-26"]).await;
    assert_eq!((later.code, later.stdout.as_str()), (Some(0), "nothing was asked of a model since 2026-11-26\n"), "{later:?}");
    for wrong in ["yesterday", "2026-02-30"] {
        let refused = run(directory.path(), &variables, &["costs", "--since", wrong]).await;
        assert!(refused.code == Some(2) && refused.stderr.contains(wrong), "{refused:?}");
    }
}

#[tokio::test]
async fn serve_names_every_wrong_setting_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("PORT", "port".to_owned()),
        ("WORKERS", "0".to_owned()),
        ("LLM_TIMEOUT", "soon".to_owned()),
        ("AZURE_DEVOPS_URL", "ftp://canary-user:canary-word@x".to_owned()),
        ("AZURE_DEVOPS_WEBHOOK_PASSWORD", "canary-hook".to_owned()),
    ];
    let ended = run(directory.path(), &variables, &["serve"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for name in [
        "PORT",
        "WORKERS",
        "LLM_TIMEOUT",
        "AZURE_DEVOPS_URL",
        "AZURE_DEVOPS_BOT_TOKEN",
        "AZURE_DEVOPS_BOT_USERNAME",
        "AZURE_DEVOPS_WEBHOOK_USERNAME",
        "OPENAI_API_KEYS",
    ] {
        let named = ended.stderr.lines().any(|line| line.starts_with(&format!("error: {name}: ")));
        assert!(named, "{name} is missing in\n{}", ended.stderr);
    }
    assert!(ended.stderr.contains("8 settings need your attention"), "{}", ended.stderr);
    assert!(ended.stdout.is_empty());
    ended.assert_hides(&["canary-word", "canary-hook"]);
}

#[tokio::test]
async fn serve_says_when_its_port_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let variables = with(complete(directory.path()), &[("PORT", &address.port().to_string())]);
    let ended = run(directory.path(), &variables, &["serve"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(&format!("cannot listen on {address}")) && ended.stderr.contains("PORT"), "{}", ended.stderr);
    ended.assert_hides(&["canary-"]);
}
