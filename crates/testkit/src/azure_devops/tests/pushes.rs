//! Commits by the API: real ones, refused where the real service refuses them.

use super::*;

const PUSHES: &str = "Shop%20Floor/_apis/git/repositories/orders/pushes";
const ZEROS: &str = "0000000000000000000000000000000000000000";

fn push(branch: &str, old: &str, kind: &str, path: &str, text: &str) -> Value {
    json!({
        "refUpdates": [{ "name": format!("refs/heads/{branch}"), "oldObjectId": old }],
        "commits": [{
            "comment": "By the API",
            "changes": [{
                "changeType": kind,
                "item": { "path": path },
                "newContent": { "content": STANDARD.encode(text), "contentType": "base64Encoded" },
            }],
        }],
    })
}

#[tokio::test]
async fn a_commit_by_the_api_is_a_real_one_and_an_iteration_of_the_pull_request() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let head = repository.git().head("feature/totals").unwrap();
    let made = client.write("POST", PUSHES, &push("feature/totals", &head, "edit", "/src/Old.cs", "class Old { }\n")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let commit = made.json()["commits"][0]["commitId"].as_str().unwrap().to_owned();
    assert_eq!(repository.git().head("feature/totals").unwrap(), commit);
    assert_eq!(made.json()["commits"][0]["parents"][0], head.as_str());
    assert_eq!(pull_request.file("src/Old.cs").await.unwrap().unwrap(), b"class Old { }\n");
    assert_eq!(pull_request.iterations().len(), 2);
    let written = azure.bot_writes().pop().unwrap();
    assert_eq!((written.action, written.content.as_str()), (Action::Push("refs/heads/feature/totals".into()), "By the API"));

    // A branch that is not there begins where it is told to.
    let made = client.write("POST", PUSHES, &push("bot/docs", &commit, "add", "docs/new.md", "New.\n")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["refUpdates"][0]["oldObjectId"], ZEROS);
    let log = repository.git().git(&["log", "--format=%an %s", "-2", "bot/docs"]).unwrap();
    assert_eq!(String::from_utf8(log).unwrap(), "CodeRabbit By the API\nCodeRabbit By the API\n");
}

#[tokio::test]
async fn what_moved_what_stands_and_what_is_missing_is_refused() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, _) = sample(&azure).await;
    let client = Client::new(&azure);
    let (head, main) = (repository.git().head("feature/totals").unwrap(), repository.git().head("main").unwrap());
    let branch = "feature/totals";
    let cases = [
        (push(branch, &main, "edit", "/src/Old.cs", "x"), 409, "GitReferenceStaleException"),
        (push(branch, ZEROS, "edit", "/src/Old.cs", "x"), 409, "GitReferenceStaleException"),
        (push("new", &"a".repeat(40), "add", "/a", "x"), 500, "GitObjectDoesNotExistException"),
        (push(branch, &head, "add", "/src/Old.cs", "x"), 400, "GitPathExistsException"),
        (push(branch, &head, "edit", "/src/None.cs", "x"), 400, "GitPathDoesNotExistException"),
        (push(branch, &head, "delete", "/src/None.cs", ""), 400, "GitPathDoesNotExistException"),
        (push(branch, &head, "add", "/../a", "x"), 400, "InvalidGitPathException"),
        (push(branch, &head, "add", "/.git/hooks/x", "x"), 400, "InvalidGitPathException"),
        (push("a..b", &head, "add", "/a", "x"), 400, "InvalidGitRefNameException"),
        (push(branch, "main", "edit", "/src/Old.cs", "x"), 400, "InvalidArgumentValueException"),
        (json!({ "refUpdates": [], "commits": [] }), 400, "InvalidArgumentValueException"),
    ];
    for (body, status, key) in cases {
        let answer = client.write("POST", PUSHES, &body).await;
        assert_eq!((answer.status, answer.type_key().as_str()), (status, key), "{body}");
    }
    azure.deny(Permission::CreateBranch);
    let refused = client.write("POST", PUSHES, &push("new", &head, "add", "/a", "x")).await;
    assert!(refused.status == 403 && refused.text.contains("'CreateBranch'"), "{}", refused.text);
    azure.deny(Permission::ContributeCode);
    let refused = client.write("POST", PUSHES, &push(branch, &head, "edit", "/src/Old.cs", "x")).await;
    assert!(refused.status == 403 && refused.text.contains("'GenericContribute'"), "{}", refused.text);
    assert_eq!(azure.bot_writes(), []);
    assert_eq!(repository.git().head(branch).unwrap(), head);
}
