use serde_json::{Value, json};

use super::{JiraEdition, JiraServer, LinearServer, TrackedIssue, graphql::parse};

fn http() -> reqwest::Client {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the test is the client here")]
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn jira_shows_only_the_fields_that_were_asked_for_and_nothing_without_a_token() {
    let jira = JiraServer::start(JiraEdition::DataCenter, &[TrackedIssue::new("CR-5", "Search", "By name.")]).await.unwrap();
    let url = format!("{}/rest/api/2/issue/cr-5?fields=summary", jira.host());
    let refused = http().get(&url).bearer_auth("other").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    let shown: Value = http().get(&url).bearer_auth(jira.pat()).send().await.unwrap().json().await.unwrap();
    assert_eq!((&shown["key"], &shown["fields"]), (&json!("CR-5"), &json!({ "summary": "Search" })));
    jira.move_issue("CR-5", "WEB-9");
    let moved: Value = http().get(&url).bearer_auth(jira.pat()).send().await.unwrap().json().await.unwrap();
    assert_eq!(moved["key"], "WEB-9");
    assert_eq!(jira.looked_up(), ["cr-5"; 3]);
}

#[tokio::test]
async fn linear_refuses_fields_that_its_types_do_not_have_and_keys_as_bearers() {
    let linear = LinearServer::start(&[TrackedIssue::new("ENG-1", "Search", "")]).await.unwrap();
    let ask = async |authorization: String, query: &str| {
        let request = http().post(linear.url()).header("Authorization", authorization);
        let answer = request.json(&json!({ "query": query, "variables": { "id": "ENG-1" } })).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let key = || linear.key().to_owned();
    let query = "query Q($id: String!) { issue(id: $id) { key: identifier description state { name } } }";
    let (status, body) = ask(key(), query).await;
    assert_eq!(
        (status, &body["data"]["issue"]),
        (200, &json!({ "key": "ENG-1", "description": null, "state": { "name": "To Do" } }))
    );
    for (wrong, words) in [
        ("query Q($id: String!) { issue(id: $id) { summary } }", "Cannot query field \"summary\" on type \"Issue\"."),
        ("query Q($id: String!) { issue(id: $id) { state } }", "must have a selection of subfields"),
        ("query Q($id: String!) { issue(id: $id) { title { x } } }", "must not have a selection"),
        ("query Q { issue(id: $id) { title } }", "is not defined"),
        ("query Q($other: String!) { viewer { name } }", "was not provided"),
        ("{ viewer { ...User } }", "no fragments"),
    ] {
        let (status, body) = ask(key(), wrong).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(body["errors"][0]["message"].as_str().unwrap().contains(words), "{wrong}: {body}");
    }
    assert_eq!(ask(format!("Bearer {}", linear.key()), query).await.0, 400);
    assert_eq!(ask("other".to_owned(), query).await.0, 401);
}

#[test]
fn a_document_with_comments_commas_and_literals_is_read() {
    let operation = parse("# c\nquery { a(x: \"y\", n: 3) { b, c } }", &json!({})).unwrap();
    assert_eq!(operation.selection[0].arguments["x"], "y");
    assert_eq!(operation.selection[0].arguments["n"], 3);
    assert_eq!(operation.selection[0].selection.len(), 2);
}
