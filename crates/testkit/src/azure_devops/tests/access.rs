//! Versions, tokens, permissions, limits.

use super::*;

#[tokio::test]
async fn who_am_i_is_told_without_a_version_or_in_preview_only() {
    let azure = AzureDevOps::start().await.unwrap();
    let client = Client::new(&azure);
    let me = client.get("_apis/connectionData").await.json();
    assert_eq!(me["authenticatedUser"]["id"], json!(azure.bot().id));
    assert_eq!(me["authenticatedUser"]["properties"]["Account"]["$value"], json!("coderabbit@contoso.example"));
    assert_eq!(me["deploymentType"], json!("hosted"));
    let refused = client.get("_apis/connectionData?api-version=7.0").await;
    assert_eq!((refused.status, refused.type_key().as_str()), (400, "VssInvalidPreviewVersionException"));
    assert_eq!(client.get("_apis/connectionData?api-version=7.1-preview.1").await.status, 200);
}

#[tokio::test]
async fn each_release_takes_its_own_versions() {
    for (mode, path, version, expected) in [
        (Mode::Services, "iterations", "7.1", ""),
        (Mode::Services, "iterations", "7.2", "VssInvalidPreviewVersionException"),
        (Mode::Services, "iterations", "7.2-preview.2", ""),
        (Mode::Services, "labels", "6.0", ""),
        (Mode::Server2022, "iterations", "7.0", ""),
        (Mode::Server2022, "iterations", "7.1", "VssVersionOutOfRangeException"),
        (Mode::Server2022, "iterations", "7.1-preview.1", "VssVersionOutOfRangeException"),
        (Mode::Server2020, "iterations", "6.0", ""),
        (Mode::Server2020, "iterations", "7.0", "VssVersionOutOfRangeException"),
        (Mode::Server2020, "labels", "6.0", "VssInvalidPreviewVersionException"),
        (Mode::Server2020, "statuses", "6.0-preview.1", ""),
        (Mode::Server2019, "threads", "5.1", ""),
        (Mode::Server2019, "threads", "6.0", "VssVersionOutOfRangeException"),
        (Mode::Services, "threads", "seven", "VssInvalidApiResourceVersionException"),
    ] {
        let azure = AzureDevOps::builder().mode(mode).start().await.unwrap();
        let (_, pull_request) = sample(&azure).await;
        let answer = Client::new(&azure).get(&format!("{}/{path}?api-version={version}", path_of(&pull_request))).await;
        let type_key = if answer.status == 200 { String::new() } else { answer.type_key() };
        assert_eq!(type_key, expected, "{mode:?} {path} {version}");
    }
}

#[tokio::test]
async fn the_largest_version_stands_in_the_message() {
    let azure = AzureDevOps::builder().mode(Mode::Server2022).start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let refused = Client::new(&azure).get(&format!("{}?api-version=7.1", path_of(&pull_request))).await;
    assert_eq!(
        refused.json()["message"],
        json!(
            "The requested REST API version of 7.1 is out of range for this server. The latest REST API version this server supports is 7.0."
        )
    );
}

#[tokio::test]
async fn writes_need_a_version_in_the_query_or_in_accept() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let labels = format!("{}/labels", path_of(&pull_request));
    let without = client.send(client.request("POST", &labels).json(&json!({ "name": "a" }))).await;
    assert_eq!((without.status, without.type_key().as_str()), (400, "VssVersionNotSpecifiedException"));
    let request = client.request("POST", &labels).header("Accept", "application/json;api-version=7.0");
    assert_eq!(client.send(request.json(&json!({ "name": "a" }))).await.status, 200);
    assert_eq!(pull_request.labels(), ["a"]);
}

#[tokio::test]
async fn a_bad_token_gets_what_the_service_would_answer() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let path = path_of(&pull_request);
    let client = Client::new(&azure).with_token("wrong");
    assert_eq!(client.get(&path).await.status, 401);
    let plain = || client.http.get(format!("{}/{path}", client.collection)).header("Authorization", "Basic Ondyb25n");
    let page = client.send(plain()).await;
    assert_eq!(page.status, 203);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    azure.set_sign_in(SignIn::Redirect302);
    let moved = client.get(&path).await;
    assert_eq!(moved.status, 302);
    assert!(moved.headers["location"].to_str().unwrap().contains("_signin"));
    azure.set_sign_in(SignIn::Page203);
    assert_eq!(client.get(&path).await.status, 203);
    azure.set_sign_in(SignIn::Unauthorized401);
    azure.expire_token();
    let expired = Client::new(&azure).get(&path).await;
    assert_eq!(expired.json()["message"], json!("Access Denied: The Personal Access Token used has expired."));
    azure.restore_token();
    assert_eq!(Client::new(&azure).get(&path).await.status, 200);
}

#[tokio::test]
async fn nobody_is_told_that_he_is_nobody_in_a_public_organisation() {
    let azure = AzureDevOps::start().await.unwrap();
    azure.set_public(true);
    let client = Client::new(&azure);
    let answer = client.send(client.http.get(format!("{}/_apis/connectionData", client.collection))).await;
    assert_eq!(answer.json()["authenticatedUser"]["id"], json!("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"));
}

#[tokio::test]
async fn missing_rights_are_told_by_their_type_key() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    azure.deny(Permission::ContributeToPullRequests);
    let refused = client.write("POST", &format!("{path}/threads"), &inline("/src/Order.cs", 4, 4, 15, 1, "x")).await;
    assert_eq!((refused.status, refused.type_key().as_str()), (403, "GitNeedsPermissionException"));
    assert!(refused.json()["message"].as_str().unwrap().starts_with("TF401027"), "{}", refused.text);
    azure.allow(Permission::ContributeToPullRequests);
    azure.deny(Permission::ReadCode);
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(azure.writes().iter().filter(|write| write.action == Action::CreateThread).count(), 0);
}

#[tokio::test]
async fn paths_are_taken_in_any_case_and_below_a_prefix() {
    let azure =
        AzureDevOps::builder().mode(Mode::Server2022).prefix("tfs").collections(&["DefaultCollection"]).start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    assert!(azure.collection_url().ends_with("/tfs/DefaultCollection"));
    let client = Client::new(&azure);
    let path = path_of(&pull_request).to_lowercase();
    let lower = Client { collection: client.collection.to_lowercase(), ..client.clone() };
    let answer = lower.get(&path).await.json();
    assert_eq!(answer["pullRequestId"], json!(pull_request.id()));
    assert!(!answer["repository"]["remoteUrl"].as_str().unwrap().contains('@'), "servers have no user in the URL");
    assert_eq!(client.get("_apis/resourceAreas").await.json(), json!({ "count": 0, "value": null }));
}

#[tokio::test]
async fn the_list_of_locations_comes_to_anybody() {
    let azure = AzureDevOps::start().await.unwrap();
    let client = Client::new(&azure);
    let git =
        client.send(client.http.request("OPTIONS".parse().unwrap(), format!("{}/_apis/git", client.collection))).await.json();
    let listed = git["value"].as_array().unwrap();
    assert!(listed.len() > 40);
    assert!(listed.iter().all(|location| location["area"] == json!("Git")));
}

#[tokio::test]
async fn a_limit_shows_in_headers() {
    let azure = AzureDevOps::start().await.unwrap();
    azure.set_rate_limit(Some(RateLimit { retry_after: Some(7), delay: Some(1.5), limit: 200, remaining: 3 }));
    let answer = Client::new(&azure).get("_apis/connectionData").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["retry-after"], "7");
    assert_eq!(answer.headers["x-ratelimit-delay"], "1.50");
}

#[tokio::test]
async fn junk_is_refused_in_the_services_shape() {
    let azure = AzureDevOps::start().await.unwrap();
    let (_, pull_request) = sample(&azure).await;
    let client = Client::new(&azure);
    let path = path_of(&pull_request);
    let thread = pull_request.comment(&azure.bot(), "Hello").await.unwrap();
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    for body in [
        "",
        "{",
        "null",
        "[]",
        "3",
        "\"x\"",
        "{\"comments\":null}",
        "{\"comments\":[null]}",
        "{\"comments\":[{\"content\":7}]}",
        &deep,
    ] {
        for (method, path) in [
            ("POST", format!("{path}/threads")),
            ("POST", format!("{path}/threads/{thread}/comments")),
            ("PATCH", format!("{path}/threads/{thread}/comments/1")),
            ("POST", format!("{path}/statuses")),
            ("POST", format!("{path}/labels")),
            ("PATCH", format!("{path}/properties")),
            ("POST", "_apis/hooks/subscriptions".to_owned()),
        ] {
            let request = client.request(method, &format!("{path}?api-version=7.0")).header("Content-Type", "application/json");
            let answer = client.send(request.body(body.to_owned())).await;
            let is_empty_patch = path.ends_with("/properties") && body == "[]";
            assert_eq!(answer.status, if is_empty_patch { 200 } else { 400 }, "{method} {path} {body:.60}: {}", answer.text);
            assert!(is_empty_patch || !answer.type_key().is_empty());
        }
    }
    for query in ["$top=-1", "$skip=x", "$top=99999999999999999999"] {
        assert_eq!(client.get(&format!("{path}/iterations/1/changes?{query}")).await.status, 400, "{query}");
    }
    assert_eq!(client.get("Shop%20Floor/_apis/git/nothing/here").await.status, 404);
    assert_eq!(client.get("Shop%20Floor/_apis/git/repositories/orders/pullRequests/%FF").await.status, 404);
}

#[tokio::test]
async fn a_renamed_repository_keeps_its_ids_and_is_not_found_under_its_old_name() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let (id, old_path, old_url) = (repository.id(), path_of(&pull_request), repository.remote_url());
    repository.rename("sales");
    assert_eq!((repository.id(), repository.name()), (id.clone(), "sales".to_owned()));
    let client = Client::new(&azure);
    let gone = client.get(&old_path).await;
    assert_eq!((gone.status, gone.type_key().as_str()), (404, "GitRepositoryNotFoundException"));
    let advertised = |url: &str| {
        let path = url.strip_prefix(&azure.collection_url()).unwrap().trim_start_matches('/').to_owned();
        let client = client.clone();
        async move { client.get(&format!("{path}/info/refs?service=git-upload-pack")).await.status }
    };
    assert_eq!((advertised(&old_url).await, advertised(&repository.remote_url()).await), (404, 200));
    for path in [old_path.replace("/orders/", "/sales/"), old_path.replace("/orders/", &format!("/{id}/"))] {
        let shape = client.get(&path).await.json();
        assert_eq!(shape["repository"]["name"], json!("sales"), "{path}");
        assert!(shape["repository"]["remoteUrl"].as_str().unwrap().ends_with("/_git/sales"), "{shape}");
    }
}
