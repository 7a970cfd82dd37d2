//! Pull requests, iterations, changes, statuses, work items.

use super::*;

#[tokio::test]
async fn a_push_makes_an_iteration_with_its_merge_base_and_a_system_thread() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let base = repository.git().head("main").unwrap();
    assert_eq!(pull_request.push(&[("src/New.cs", "class New {}\n")]).await.unwrap(), 2);
    repository.commit(&[("README.md", "moved on\n")], "The target moves").await.unwrap();
    assert_eq!(pull_request.force_push(&[("src/Other.cs", "class Other {}\n")]).await.unwrap(), 3);
    let client = Client::new(&azure);
    let listed = client.get(&format!("{}/iterations", path_of(&pull_request))).await.json();
    let reasons: Vec<&str> =
        listed["value"].as_array().unwrap().iter().map(|iteration| iteration["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["create", "push", "forcePush"]);
    assert!(listed["value"].as_array().unwrap().iter().all(|iteration| iteration["commonRefCommit"]["commitId"] == json!(base)));
    let updates: Vec<String> = pull_request
        .all_threads()
        .into_iter()
        .filter_map(|thread| thread.properties.get("CodeReviewThreadType").cloned())
        .collect();
    assert_eq!(updates, ["RefUpdate", "RefUpdate"]);
    let threads = client.get(&format!("{}/threads", path_of(&pull_request))).await.json();
    assert!(threads["value"][0].get("status").is_none(), "system threads have no status: {threads}");
    assert_eq!(threads["value"][0]["identities"]["1"]["id"], json!(azure.author().id));
}

#[tokio::test]
async fn a_push_by_git_itself_is_seen_before_the_next_answer() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    repository.git().change("feature/totals").file("src/x.cs", "x\n").commit("Behind the back").unwrap();
    let listed = Client::new(&azure).get(&format!("{}/iterations", path_of(&pull_request))).await.json();
    assert_eq!(listed["count"], json!(2));
}

#[tokio::test]
async fn changes_are_told_in_pages_with_ids_that_last() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let make = |change: crate::repository::Change<'_>| {
        change
            .rename("src/Old.cs", "src/Newer.cs")
            .file("a.txt", "a\n")
            .symlink("link", "a.txt")
            .submodule("lib", &"1".repeat(40))
            .commit("More")
    };
    pull_request.push_change(make).await.unwrap();
    let client = Client::new(&azure);
    let path = format!("{}/iterations/2/changes", path_of(&pull_request));
    let whole = client.get(&path).await.json();
    assert!(whole.get("nextSkip").is_none(), "absent on the last page");
    let entries = whole["changeEntries"].as_array().unwrap();
    let kinds: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry["changeType"].as_str().unwrap(), entry["item"]["path"].as_str().unwrap())).collect();
    assert_eq!(
        kinds,
        [("add", "/a.txt"), ("add", "/lib"), ("add", "/link"), ("rename", "/src/Newer.cs"), ("edit", "/src/Order.cs")]
    );
    assert_eq!(entries[3]["originalPath"], json!("/src/Old.cs"));
    assert_eq!(entries[4]["changeTrackingId"], json!(1), "the id of the first iteration");
    let first = client.get(&format!("{path}?$top=2")).await.json();
    assert_eq!((first["nextSkip"].clone(), first["nextTop"].clone()), (json!(2), json!(2)));
    let since = client.get(&format!("{path}?$compareTo=1")).await.json();
    assert_eq!(since["changeEntries"].as_array().unwrap().len(), 4, "without what the first iteration brought");
    azure.set_upper_case_ids(true);
    let upper = client.get(&path).await.json();
    let id = upper["changeEntries"][4]["item"]["objectId"].as_str().unwrap().to_owned();
    assert_eq!(id, id.to_uppercase());
}

#[tokio::test]
async fn an_edited_rename_is_two_words_in_one() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let make = |change: crate::repository::Change<'_>| {
        change
            .delete("src/Old.cs")
            .file("src/Newer.cs", "class Old\n{\n    int old;\n    int oldest;\n}\n")
            .commit("Edited rename")
    };
    pull_request.push_change(make).await.unwrap();
    let path = format!("{}/iterations/2/changes", path_of(&pull_request));
    let client = Client::new(&azure);
    assert_eq!(client.get(&path).await.json()["changeEntries"][0]["changeType"], json!("edit, rename"));
    azure.set_combined_change_types(false);
    assert_eq!(client.get(&path).await.json()["changeEntries"][0]["changeType"], json!("rename"));
}

#[tokio::test]
async fn a_description_has_a_limit_and_lists_cut_it() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let long = "😀".repeat(2_000);
    assert_eq!(client.write("PATCH", &path, &json!({ "description": long })).await.status, 200);
    assert_eq!(client.write("PATCH", &path, &json!({ "description": format!("{long}x") })).await.status, 400);
    assert_eq!(pull_request.description(), long);
    let listed = client.get("Shop%20Floor/_apis/git/pullrequests?searchCriteria.status=active").await.json();
    assert_eq!(listed["value"][0]["description"].as_str().unwrap().chars().count(), 400);
    let by_id = client.get(&format!("_apis/git/pullrequests/{}", pull_request.id())).await.json();
    assert_eq!(by_id["description"], json!(long));
    assert_eq!(by_id["title"], json!("Add totals"));
}

#[tokio::test]
async fn a_closed_pull_request_takes_no_more_edits() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    pull_request.abandon().await.unwrap();
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    assert_eq!(client.write("PATCH", &path, &json!({ "title": "x" })).await.type_key(), "GitPullRequestNotEditableException");
    pull_request.reactivate().await.unwrap();
    pull_request.complete().await.unwrap();
    let status = json!({ "state": "pending", "context": { "name": "review" } });
    let refused = client.write("POST", &format!("{path}/statuses"), &status).await;
    assert_eq!((refused.status, refused.type_key().as_str()), (403, "GitPullRequestStatusNotEditableException"));
    assert!(
        repository.git().git(&["show", "main:src/Order.cs"]).unwrap().ends_with(b"int total;\n}\n"),
        "the target has the merge"
    );
    pull_request.delete();
    assert_eq!(client.get(&path).await.type_key(), "GitPullRequestNotFoundException");
}

#[tokio::test]
async fn a_queued_merge_has_no_commits_yet_and_conflicts_are_found() {
    let azure = AzureDevOps::start().await.unwrap();
    azure.set_merges(MergeComputation::QueuedWithoutCommits);
    let (repository, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let queued = client.get(&path_of(&pull_request)).await.json();
    assert_eq!(queued["mergeStatus"], json!("queued"));
    assert!(queued.get("lastMergeSourceCommit").is_none() && queued.get("lastMergeCommit").is_none());
    pull_request.finish_merge().await.unwrap();
    let merged = client.get(&path_of(&pull_request)).await.json();
    assert_eq!(merged["mergeStatus"], json!("succeeded"));
    let reference = format!("refs/pull/{}/merge", pull_request.id());
    assert_eq!(merged["lastMergeCommit"]["commitId"], json!(repository.git().resolve_ref(&reference).unwrap()));
    azure.set_merges(MergeComputation::Immediate);
    repository.commit(&[("src/Order.cs", "class Order\n{\n    int a;\n    long other;\n}\n")], "Conflict").await.unwrap();
    let conflict = client.get(&path_of(&pull_request)).await.json();
    assert_eq!(conflict["mergeStatus"], json!("conflicts"));
    assert!(conflict.get("lastMergeCommit").is_none());
    assert_eq!(repository.git().resolve_ref(&reference), None);
}

#[tokio::test]
async fn statuses_are_appended_and_the_newest_counts() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let status =
        |state: &str| json!({ "state": state, "description": "…", "context": { "genre": "coderabbit", "name": "review" } });
    assert_eq!(client.write("POST", &format!("{path}/statuses"), &status("pending")).await.status, 200);
    let posted = client.write("POST", &format!("{path}/iterations/1/statuses"), &status("succeeded")).await.json();
    assert_eq!(posted["iterationId"], json!(1));
    assert_eq!(client.write("POST", &format!("{path}/iterations/9/statuses"), &status("failed")).await.status, 404);
    assert_eq!(client.write("POST", &format!("{path}/statuses"), &status("splendid")).await.status, 400);
    assert_eq!(pull_request.statuses().len(), 2);
    assert_eq!(pull_request.latest_status("coderabbit", "review").unwrap().state, "succeeded");
    let of_iteration = client.get(&format!("{path}/iterations/1/statuses")).await.json();
    assert_eq!(of_iteration["count"], json!(1));
}

#[tokio::test]
async fn work_items_are_linked_and_missing_ones_are_null() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let story = azure.add_work_item("Shop Floor", "User Story", "Totals", &[("System.Description", "<p>Sum</p>")]).unwrap();
    pull_request.link_work_item(story);
    let client = Client::new(&azure);
    let linked = client.get(&format!("{}/workitems", path_of(&pull_request))).await.json();
    assert_eq!(linked["value"][0]["id"], json!(story.to_string()), "the id is a text");
    let items = client.get(&format!("Shop%20Floor/_apis/wit/workitems?ids={story},99&errorPolicy=omit")).await.json();
    assert_eq!(items["value"][0]["fields"]["System.Description"], json!("<p>Sum</p>"));
    assert_eq!(items["value"][1], Value::Null);
    assert_eq!(client.get("_apis/wit/workitems?ids=99").await.status, 404);
}

#[tokio::test]
async fn files_come_raw_or_as_json() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, _) = sample(&azure).await;
    let head = repository.git().head("feature/totals").unwrap();
    let client = Client::new(&azure);
    let path = format!(
        "Shop%20Floor/_apis/git/repositories/{}/items?path=/src/Order.cs&versionDescriptor.versionType=commit&versionDescriptor.version={head}",
        repository.id()
    );
    assert_eq!(client.get(&path).await.text, "class Order\n{\n    int a;\n    int total;\n}\n");
    let item = client.get(&format!("{path}&includeContent=true&$format=json")).await.json();
    assert!(item["content"].as_str().unwrap().contains("int total"));
    assert_eq!(client.get(&path.replace("Order", "Nothing")).await.type_key(), "GitItemNotFoundException");
    let below = client.get("Shop%20Floor/_apis/git/repositories/orders/items?scopePath=/&recursionLevel=full").await.json();
    assert_eq!(below["count"], json!(4), "the root, src and two files: {below}");
}

#[tokio::test]
async fn votes_are_ones_own() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let other = azure.add_user("Robin Reviewer");
    let refused = client.write("PUT", &format!("{path}/reviewers/{}", other.id), &json!({ "vote": 10 })).await;
    assert_eq!(refused.status, 403);
    assert_eq!(client.write("PUT", &format!("{path}/reviewers/{}", azure.bot().id), &json!({ "vote": 3 })).await.status, 400);
    assert_eq!(client.write("PUT", &format!("{path}/reviewers/{}", azure.bot().id), &json!({ "vote": -5 })).await.status, 200);
    pull_request.vote(&other, 10).await.unwrap();
    let votes: Vec<(String, i64)> = pull_request.votes().into_iter().map(|(person, vote)| (person.display_name, vote)).collect();
    assert_eq!(votes, [("CodeRabbit".to_owned(), -5), ("Robin Reviewer".to_owned(), 10)]);
}

#[tokio::test]
async fn words_that_nobody_knows_yet_can_be_sent() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let thread = pull_request.comment(&azure.author(), "Hello").await.unwrap();
    pull_request.set_unknown_merge_status("reticulating");
    pull_request.set_unknown_reason("timeTravel");
    pull_request.set_unknown_thread_words(thread, "triaged", "aiReview");
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    assert_eq!(client.get(&path).await.json()["mergeStatus"], json!("reticulating"));
    assert_eq!(client.get(&format!("{path}/iterations/1")).await.json()["reason"], json!("timeTravel"));
    let shown = client.get(&format!("{path}/threads/{thread}")).await.json();
    assert_eq!((&shown["status"], &shown["comments"][0]["commentType"]), (&json!("triaged"), &json!("aiReview")));
}
