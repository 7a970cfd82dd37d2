//! Pull requests from forks.

use super::*;

/// A fork of the sample's repository and a pull request from its branch `fix`.
async fn from_fork(azure: &AzureDevOps) -> (RepositoryHandle, RepositoryHandle, PullRequestHandle) {
    let (repository, _) = sample(azure).await;
    let fork = repository.fork("orders.dana").await.unwrap();
    let spec = PullRequestSpec::new("From outside").branches("fix", "main").from_fork(&fork);
    let spec = spec.file("src/Order.cs", "class Order\n{\n    long a;\n}\n");
    let pull_request = repository.open_pull_request(spec).await.unwrap();
    (repository, fork, pull_request)
}

fn has_commit(repository: &RepositoryHandle, commit: &str) -> bool {
    repository.git().git(&["cat-file", "-e", commit]).is_ok()
}

#[tokio::test]
async fn a_pull_request_from_a_fork_names_it_and_follows_its_branch() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, fork, pull_request) = from_fork(&azure).await;
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let shape = client.get(&path).await.json();
    assert_eq!(shape["sourceRefName"], json!("refs/heads/fix"));
    assert_eq!(shape["repository"]["id"], json!(repository.id()));
    assert!(shape["repository"].get("isFork").is_none());
    let source = &shape["forkSource"];
    assert_eq!((&source["name"], &source["repository"]["id"]), (&json!("refs/heads/fix"), &json!(fork.id())));
    assert_eq!(source["repository"]["isFork"], json!(true));
    assert!(source["repository"]["remoteUrl"].as_str().unwrap().ends_with("/_git/orders.dana"), "{source}");
    assert_eq!(repository.git().head("fix"), None, "the branch is in the fork only");

    let base = repository.git().head("main").unwrap();
    fork.push("fix", &[("src/New.cs", "class New {}\n")], "More").await.unwrap();
    assert_eq!(pull_request.push(&[("src/Newer.cs", "class Newer {}\n")]).await.unwrap(), 3);
    let iterations = pull_request.iterations();
    assert!(iterations.iter().all(|iteration| iteration.common == base), "{iterations:#?}");
    assert_eq!(iterations.last().map(|last| last.source.clone()), fork.git().head("fix"));
    let changes = client.get(&format!("{path}/iterations/3/changes")).await.json();
    let paths: Vec<&str> =
        changes["changeEntries"].as_array().unwrap().iter().map(|it| it["item"]["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/src/New.cs", "/src/Newer.cs", "/src/Order.cs"]);
    assert_eq!(client.get(&format!("{path}/commits")).await.json()["count"], json!(3));
    let of_fork = client.get(&format!("_apis/git/pullrequests?searchCriteria.sourceRepositoryId={}", fork.id())).await.json();
    assert_eq!((&of_fork["count"], &of_fork["value"][0]["pullRequestId"]), (&json!(1), &json!(pull_request.id())));
}

#[tokio::test]
async fn the_target_has_the_commits_of_a_fork_as_far_as_the_merge_leads_to_them() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, fork, pull_request) = from_fork(&azure).await;
    let reference = format!("refs/pull/{}/merge", pull_request.id());
    let first = pull_request.iterations()[0].source.clone();
    assert!(repository.git().resolve_ref(&reference).is_some() && has_commit(&repository, &first));

    repository.commit(&[("src/Order.cs", "class Order\n{\n    short a;\n}\n")], "Meanwhile").await.unwrap();
    fork.push("fix", &[("src/New.cs", "class New {}\n")], "More").await.unwrap();
    let second = pull_request.iterations()[1].source.clone();
    assert_eq!(repository.git().resolve_ref(&reference), None, "there is no merge of what is in conflict");
    assert!(!has_commit(&repository, &second));
    let client = Client::new(&azure);
    assert_eq!(client.get(&path_of(&pull_request)).await.json()["mergeStatus"], json!("conflicts"));
    let thread = pull_request.comment_on(&azure.author(), "src/New.cs", 1, 1, "What for?").await.unwrap();
    assert_eq!(azure.violations(), [], "the service knows the file");
    assert_eq!(pull_request.place_now(thread).await.unwrap(), Some(("src/New.cs".to_owned(), 1, 1)));

    fork.push("fix", &[("src/Order.cs", "class Order\n{\n    short a;\n}\n")], "Give in").await.unwrap();
    pull_request.complete().await.unwrap();
    assert!(repository.git().git(&["show", "main:src/New.cs"]).is_ok(), "the target has the merge");
}

#[tokio::test]
async fn what_is_no_fork_of_the_target_is_no_source() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, fork, pull_request) = from_fork(&azure).await;
    let other = azure.repository("Shop Floor", "other").await.unwrap();
    other.commit(&[("a.txt", "a\n")], "Start").await.unwrap();
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let path = path.rsplit_once('/').unwrap().0;
    let body = |repository: &RepositoryHandle, branch: &str| {
        let source = format!("refs/heads/{branch}");
        let fork = json!({ "repository": { "id": repository.id() } });
        json!({ "title": "Again", "sourceRefName": source, "targetRefName": "refs/heads/main", "forkSource": fork })
    };
    assert_eq!(client.write("POST", path, &body(&other, "main")).await.status, 400);
    assert_eq!(client.write("POST", path, &body(&fork, "nothing")).await.status, 400);
    assert_eq!(client.write("POST", path, &body(&fork, "fix")).await.type_key(), "GitPullRequestExistsException");
    fork.push("other", &[("b.txt", "b\n")], "Other").await.unwrap();
    let opened = client.write("POST", path, &body(&fork, "other")).await;
    assert_eq!((opened.status, &opened.json()["forkSource"]["repository"]["id"]), (201, &json!(fork.id())));
}
