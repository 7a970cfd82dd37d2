//! Threads, comments, positions.

use super::*;

#[tokio::test]
async fn a_thread_keeps_its_place_and_its_properties() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = format!("{}/threads", path_of(&pull_request));
    let posted = client.write("POST", &path, &inline("/src/Order.cs", 3, 4, 15, 1, "f1")).await;
    assert_eq!(posted.status, 200, "{}", posted.text);
    let id = posted.json()["id"].as_u64().unwrap();
    let read = client.get(&format!("{path}/{id}")).await.json();
    assert_eq!(read["properties"]["bot.fingerprint"], json!({ "$type": "System.String", "$value": "f1" }));
    assert_eq!(read["threadContext"]["rightFileEnd"], json!({ "line": 4, "offset": 15 }));
    assert_eq!(read["comments"][0]["id"], json!(1));
    assert_eq!(read["comments"][0]["author"]["id"], json!(azure.bot().id));
    let reply = json!({ "content": "Thanks.", "parentCommentId": 1, "commentType": 1 });
    assert_eq!(client.write("POST", &format!("{path}/{id}/comments"), &reply).await.json()["id"], json!(2));
    let update = json!({ "status": 2, "properties": { "count": 3, "plain": "text", "typed": { "type": "x", "value": "y" }, "bot.fingerprint": null } });
    let fixed = client.write("PATCH", &format!("{path}/{id}"), &update).await.json();
    assert_eq!(fixed["status"], json!("fixed"));
    assert_eq!(fixed["properties"]["count"]["$value"], json!("3"), "numbers come back as texts");
    assert_eq!(fixed["properties"]["typed"]["$value"], json!("y"));
    assert!(fixed["properties"].get("bot.fingerprint").is_none());
    assert_eq!(azure.violations(), []);
}

#[tokio::test]
async fn a_wrong_place_is_stored_and_told_to_the_test() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = format!("{}/threads", path_of(&pull_request));
    let mut one_ended = inline("/src/Order.cs", 3, 3, 5, 1, "a");
    one_ended["threadContext"].as_object_mut().unwrap().remove("rightFileEnd");
    let mut no_status = inline("/src/Order.cs", 3, 3, 5, 1, "b");
    no_status.as_object_mut().unwrap().remove("status");
    let mut wrong_file = inline("/src/Order.cs", 3, 3, 5, 1, "c");
    wrong_file["pullRequestThreadContext"]["changeTrackingId"] = json!(77);
    for (body, expected) in [
        (inline("/src/Nothing.cs", 1, 1, 2, 1, "d"), "there is no such file"),
        (inline("/src/Order.cs", 9, 9, 2, 1, "e"), "there is no line 9"),
        (inline("/src/Order.cs", 3, 3, 99, 1, "f"), "no column 99"),
        (inline("/src/Order.cs", 4, 3, 2, 1, "g"), "ends before it starts"),
        (inline("/src/Order.cs", 3, 3, 2, 8, "h"), "no iteration 8"),
        (one_ended, "only one of"),
        (no_status, "Unknown"),
        (wrong_file, "changeTrackingId 77"),
    ] {
        let before = azure.violations().len();
        assert_eq!(client.write("POST", &path, &body).await.status, 200);
        let found: Vec<String> = azure.violations().into_iter().skip(before).map(|violation| violation.problem).collect();
        assert!(found.iter().any(|problem| problem.contains(expected)), "{expected}: {found:?}");
    }
}

#[tokio::test]
async fn deletion_is_soft_and_comments_are_ones_own() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let theirs = pull_request.comment(&azure.author(), "Mine").await.unwrap();
    let path = format!("{}/threads", path_of(&pull_request));
    let refused = client.write("PATCH", &format!("{path}/{theirs}/comments/1"), &json!({ "content": "x" })).await;
    assert_eq!(refused.status, 403);
    let ours = pull_request.comment(&azure.bot(), "First").await.unwrap();
    pull_request.reply(&azure.bot(), ours, "Second").await.unwrap();
    assert_eq!(
        client.write("PATCH", &format!("{path}/{ours}/comments/1"), &json!({ "content": "Edited" })).await.json()["content"],
        json!("Edited")
    );
    assert_eq!(client.write("DELETE", &format!("{path}/{ours}/comments/1"), &json!({})).await.status, 200);
    let half = client.get(&format!("{path}/{ours}")).await.json();
    assert_eq!((&half["isDeleted"], &half["comments"][0]["isDeleted"]), (&json!(false), &json!(true)));
    assert!(half["comments"][0].get("content").is_none());
    client.write("DELETE", &format!("{path}/{ours}/comments/2"), &json!({})).await;
    assert_eq!(client.get(&format!("{path}/{ours}")).await.json()["isDeleted"], json!(true));
    assert_eq!(client.write("PATCH", &format!("{path}/{ours}/comments/1"), &json!({ "content": "x" })).await.status, 400);
}

#[tokio::test]
async fn comments_have_limits() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let longest = "x".repeat(150_000);
    let thread = pull_request.comment(&azure.bot(), &longest).await.unwrap();
    assert!(pull_request.comment(&azure.bot(), &format!("{longest}x")).await.is_err());
    for _ in 1..500 {
        pull_request.reply(&azure.author(), thread, "again").await.unwrap();
    }
    let refused = pull_request.reply(&azure.author(), thread, "once too often").await.unwrap_err();
    assert!(refused.to_string().contains("500"), "{refused}");
}

#[tokio::test]
async fn likes_come_and_go() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let thread = pull_request.comment(&azure.author(), "Nice?").await.unwrap();
    let client = Client::new(&azure);
    let path = format!("{}/threads/{thread}/comments/1/likes", path_of(&pull_request));
    assert_eq!(client.write("POST", &path, &json!({})).await.status, 200);
    assert_eq!(client.get(&path).await.json()["value"][0]["displayName"], json!("CodeRabbit"));
    pull_request.like(&azure.author(), thread, 1).await.unwrap();
    let threads = format!("{}/threads", path_of(&pull_request));
    let liked = client.get(&threads).await.json()["value"][0]["comments"][0]["usersLiked"].clone();
    let names: Vec<&str> = liked.as_array().unwrap().iter().filter_map(|who| who["displayName"].as_str()).collect();
    assert_eq!(names, ["CodeRabbit", "Dana Developer"], "the list of threads shows them");
    pull_request.unlike(&azure.author(), thread, 1).await.unwrap();
    client.write("DELETE", &path, &json!({})).await;
    assert_eq!(client.get(&path).await.json()["count"], json!(0));
}

#[tokio::test]
async fn positions_move_with_the_code_when_an_iteration_is_asked_for() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let bot = azure.bot();
    let stays = pull_request.comment_on(&bot, "src/Order.cs", 4, 4, "This line.").await.unwrap();
    let goes = pull_request.comment_on(&bot, "src/Order.cs", 3, 3, "That line.").await.unwrap();
    pull_request.push(&[("src/Order.cs", "// New\n// lines\nclass Order\n{\n    long a;\n    int total;\n}\n")]).await.unwrap();
    let client = Client::new(&azure);
    let path = format!("{}/threads", path_of(&pull_request));
    let moved = client.get(&format!("{path}/{stays}?$iteration=2&$baseIteration=0")).await.json();
    assert_eq!(moved["threadContext"]["rightFileStart"]["line"], json!(6));
    assert_eq!(moved["pullRequestThreadContext"]["trackingCriteria"]["origRightFileStart"]["line"], json!(4));
    let gone = client.get(&format!("{path}/{goes}?$iteration=2&$baseIteration=0")).await.json();
    assert_eq!(gone["threadContext"]["rightFileStart"], gone["threadContext"]["rightFileEnd"], "outdated is an empty range");
    let plain = client.get(&format!("{path}/{stays}")).await.json();
    assert_eq!(plain["threadContext"]["rightFileStart"]["line"], json!(4), "as created");
    assert_eq!(pull_request.place_now(stays).await.unwrap(), Some(("src/Order.cs".to_owned(), 6, 6)));
    assert_eq!(pull_request.place_now(goes).await.unwrap(), None);
}

#[tokio::test]
async fn positions_on_the_left_move_with_the_merge_base() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let on_the_left = |line: u32| {
        json!({
            "comments": [{ "parentCommentId": 0, "content": "Why not?", "commentType": "text" }],
            "status": "active",
            "threadContext": {
                "filePath": "/src/Old.cs",
                "leftFileStart": { "line": line, "offset": 1 },
                "leftFileEnd": { "line": line, "offset": 5 },
            },
            "pullRequestThreadContext": {
                "iterationContext": { "firstComparingIteration": 1, "secondComparingIteration": 1 },
            },
        })
    };
    pull_request.push_change(|change| change.delete("src/Old.cs").commit("Delete")).await.unwrap();
    let stays = pull_request.post_thread(&azure.author(), on_the_left(4)).await.unwrap();
    let goes = pull_request.post_thread(&azure.author(), on_the_left(3)).await.unwrap();
    assert_eq!(azure.violations(), []);
    let place = |line: u32| Some(("src/Old.cs".to_owned(), line, line));
    assert_eq!(pull_request.place_now(stays).await.unwrap(), place(4), "what is on the right plays no part");

    let old = "// New\nclass Old\n{\n    int new;\n    int older;\n}\n";
    let target = repository.commit(&[("src/Old.cs", old)], "The target moves").await.unwrap();
    assert_eq!(pull_request.place_now(stays).await.unwrap(), place(4), "nor does a target that was not merged");
    pull_request.push_change(move |change| change.merging(&target).commit("Merge main")).await.unwrap();
    assert_eq!(pull_request.place_now(stays).await.unwrap(), place(5));
    assert_eq!(pull_request.place_now(goes).await.unwrap(), None);
    let path = format!("{}/threads/{stays}?$iteration=3&$baseIteration=0", path_of(&pull_request));
    let moved = Client::new(&azure).get(&path).await.json();
    let context = &moved["threadContext"];
    assert_eq!((&context["leftFileStart"]["line"], context.get("rightFileStart")), (&json!(5), None));
    assert_eq!(moved["pullRequestThreadContext"]["trackingCriteria"]["origLeftFileStart"]["line"], json!(4));
}
