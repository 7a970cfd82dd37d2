//! `migrate`, `dead-letters` and `serve`.

use std::{path::Path, time::Duration};

use coderabbit_agent::{
    app,
    store::{JobKind, NewJob, Store},
};
use review_core::pull_request::{PullRequestKey, RepositoryKey};

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
