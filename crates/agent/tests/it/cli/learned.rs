//! `learned`: what became of findings, as it is told, woken and forgotten on the command line.

use std::time::Duration;

use coderabbit_agent::store::{JobKind, NewChat, NewJob, PlannedChat, Store};
use review_core::{
    finding::{Category, Fingerprint},
    learning::{Learning, PostedFinding, Reaction, SeenFinding, learning_id},
    pull_request::{Person, PullRequestKey, PullRequestStatus, RepositoryKey, ThreadStatus},
};

use super::run;

/// `rejected` and `fixed` findings of a category in a repository.
async fn learn(store: &Store, repository: &str, category: Category, rejected: u64, fixed: u64) {
    let repository = RepositoryKey {
        collection: "https://dev.azure.com/contoso".to_owned(),
        project: "4d2f".to_owned(),
        repository: repository.to_owned(),
    };
    let key = PullRequestKey { repository, id: 7 };
    let job = NewJob {
        kind: JobKind::Review { pull_request: key.clone() },
        dedup_key: format!("{} {category:?}", key.repository.repository),
        serial_key: format!("{} {category:?}", key.repository.repository),
        priority: 0,
        run_at: 0,
        head: None,
        closes: false,
    };
    store.enqueue(&job, 0).await.unwrap();
    let lease = store.claim("story", Duration::from_mins(1), 1).await.unwrap().unwrap().lease;
    let seen = (0..rejected + fixed).map(|number| SeenFinding {
        posted: PostedFinding {
            fingerprint: Fingerprint(format!("{} {number}", category.key())),
            category,
            path: "src/a.rs".to_owned(),
            claim: "It is \u{1b}wrong.".to_owned(),
            iteration: 1,
        },
        thread: number + 1,
        reaction: Reaction {
            status: if number < rejected { ThreadStatus::WontFix } else { ThreadStatus::Fixed },
            is_deleted: false,
            replies: 0,
            likes: 0,
            pull_request: PullRequestStatus::Completed,
            lines_changed: None,
        },
    });
    let seen: Vec<SeenFinding> = seen.collect();
    store.record_seen(&lease, &key, &seen, 1_795_564_799_999).await.unwrap();
    store
        .name_repository(&key.repository, "Web Shop", if key.repository.repository == "9c1e" { "ord\u{1b}ers" } else { "cart" })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_learned_is_listed_woken_and_forgotten_by_repository_and_category() {
    let directory = tempfile::tempdir().unwrap();
    let variables = vec![("DATABASE_URL", format!("sqlite://{}/agent.db", directory.path().display()))];
    let learned = async |arguments: &[&str]| {
        let arguments: Vec<&str> = std::iter::once("learned").chain(arguments.iter().copied()).collect();
        run(directory.path(), &variables, &arguments).await
    };
    let new = learned(&["list"]).await;
    assert_eq!(new.code, Some(2), "{new:?}");
    assert!(new.stderr.contains("coderabbit-agent migrate"), "{}", new.stderr);
    run(directory.path(), &variables, &["migrate"]).await;
    let none = learned(&["list"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), "no finding was posted yet\n"), "{none:?}");

    let store = Store::open(&variables[0].1.clone().into()).await.unwrap();
    learn(&store, "9c1e", Category::Performance, 28, 3).await;
    learn(&store, "9c1e", Category::ResourceLeak, 2, 1).await;
    learn(&store, "77ab", Category::Security, 40, 0).await;
    store.close().await;
    let listed = learned(&["list"]).await;
    let expected = [
        "https://dev.azure.com/contoso/Web Shop/_git/cart",
        "  category  acted on  rejected  ignored  open  share  state",
        "  security         0        40        0     0    0 %  heard",
        "",
        "https://dev.azure.com/contoso/Web Shop/_git/orders",
        "  category       acted on  rejected  ignored  open  share  state",
        "  resource_leak         1         2        0     0   33 %  heard",
        "  performance           3        28        0     0    9 %  silent",
    ];
    assert_eq!(listed.stdout.lines().collect::<Vec<_>>(), expected);

    let address = "https://dev.azure.com/contoso/Web%20Shop/_git/cart";
    let json: serde_json::Value = serde_json::from_str(&learned(&["list", address, "--json"]).await.stdout).unwrap();
    let rows = json["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{json:#}");
    assert_eq!(
        (&rows[0]["category"], &rows[0]["rejected"], &rows[0]["is_silent"]),
        (&"security".into(), &40.into(), &false.into())
    );

    let woken = learned(&["wake", "9c1e", "performance"]).await;
    let told = "https://dev.azure.com/contoso/Web Shop/_git/orders: the outcomes of performance are counted anew from now on (31 do not \
                count any more)\n";
    assert_eq!((woken.code, woken.stdout.as_str()), (Some(0), told), "{woken:?}");
    let listed = learned(&["list", "9c1e"]).await.stdout;
    let row = listed.lines().find(|line| line.contains("performance")).unwrap();
    assert!(row.contains(" -  heard, woken 2"), "{listed}");
    assert!(listed.contains("resource_leak         1         2 "), "the other category counts as before: {listed}");

    let forgotten = learned(&["forget", "Web Shop/cart"]).await;
    assert!(forgotten.stdout.ends_with("/cart: what became of 40 findings of all categories is forgotten\n"), "{forgotten:?}");
    let gone = learned(&["wake", "Web Shop/cart"]).await;
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.stderr.contains("nothing was learned in Web Shop/cart"), "{}", gone.stderr);
    let wrong = learned(&["wake", "9c1e", "style"]).await;
    assert!(wrong.code == Some(2) && wrong.stderr.contains("resource_leak"), "{wrong:?}");
}

/// A learning from a comment of a pull request.
async fn teach(store: &Store, repository: &str, comment: u64, text: &str) -> String {
    let repository = RepositoryKey {
        collection: "https://dev.azure.com/contoso".to_owned(),
        project: "4d2f".to_owned(),
        repository: repository.to_owned(),
    };
    let key = PullRequestKey { repository, id: 7 };
    store.enqueue(&NewJob::chat(&key, (1, comment), 0), 0).await.unwrap();
    let lease = store.claim("story", Duration::from_mins(1), 1).await.unwrap().unwrap().lease;
    let by = Person { id: "ada".to_owned(), display_name: "A\u{1b}da".to_owned(), unique_name: String::new() };
    let learning = Learning {
        id: learning_id(&key, 1, comment),
        text: text.to_owned(),
        path: "src/cart.py".to_owned(),
        taught_by: by.display_name.clone(),
        pull_request: 7,
        taught_at: 1_795_564_799_999,
    };
    let id = learning.id.clone();
    let answer = Some(PlannedChat { text: "I will.".to_owned(), closes: false, item: None });
    let chat = NewChat { thread: 1, comment, by: &by, answer, learning: Some(learning) };
    let taken = store.take_chat(&lease, &key, &chat, 2).await.unwrap();
    assert_eq!(taken.answered_at, None);
    let again = NewChat { answer: None, learning: None, ..chat };
    assert_eq!(store.take_chat(&lease, &key, &again, 3).await.unwrap(), taken, "what was decided first counts");
    store.name_repository(&key.repository, "Web Shop", "orders").await.unwrap();
    id
}

#[tokio::test]
async fn learnings_are_listed_approved_and_forgotten_by_their_ids() {
    let directory = tempfile::tempdir().unwrap();
    let variables = vec![("DATABASE_URL", format!("sqlite://{}/agent.db", directory.path().display()))];
    let learned = async |arguments: &[&str]| {
        let arguments: Vec<&str> = std::iter::once("learned").chain(arguments.iter().copied()).collect();
        run(directory.path(), &variables, &arguments).await
    };
    run(directory.path(), &variables, &["migrate"]).await;
    let store = Store::open(&variables[0].1.clone().into()).await.unwrap();
    let cents = teach(&store, "9c1e", 2, "Amounts are whole cents.").await;
    store.close().await;
    let listed = learned(&["list", "orders"]).await.stdout;
    let expected = [
        "no finding was posted yet".to_owned(),
        String::new(),
        "https://dev.azure.com/contoso/Web Shop/_git/orders, what people taught".to_owned(),
        format!("  {cents}  Amounts are whole cents."),
        "                2026-11-24, Ada, pull request 7, src/cart.py".to_owned(),
    ];
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);

    let approved = learned(&["approve", &cents.to_uppercase()]).await;
    assert_eq!((approved.code, approved.stdout), (Some(0), format!("learning {cents} counts from now on\n")));
    let json: serde_json::Value = serde_json::from_str(&learned(&["list", "--json"]).await.stdout).unwrap();
    assert_eq!((&json["learnings"][0]["id"], json["learnings"][0]["approved_at"].is_i64()), (&cents.clone().into(), true));
    let forgotten = learned(&["forget", &cents]).await;
    assert_eq!((forgotten.code, forgotten.stdout), (Some(0), format!("learning {cents} is forgotten\n")));
    for command in ["forget", "approve"] {
        let gone = learned(&[command, &cents]).await;
        assert!(gone.code == Some(2) && gone.stderr.contains(&format!("there is no learning {cents}")), "{gone:?}");
    }
}
