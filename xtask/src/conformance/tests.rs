//! The way through, without Prism; and what Prism says when it objects.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method},
};
use serde_json::json;
use tokio::net::TcpListener;

use super::{
    entry::{Entry, Route, route},
    specifications::{Family, accept_older_versions_of},
    violations::{Counts, Ledger, problems_in},
};

#[test]
fn calls_are_sorted_by_what_describes_them() {
    let area = |path: &str| route(&Method::GET, path).unwrap().area;
    let threads = "/@41234/contoso/Shop/_apis/git/repositories/orders/pullRequests/1/threads?api-version=7.0";
    assert_eq!(
        route(&Method::POST, threads),
        Some(Route { port: 41_234, prefix: String::new(), path: threads.replace("/@41234", ""), area: Some("git".to_owned()) })
    );
    assert_eq!(area("/@1/contoso/_apis/wit/workitems?ids=1&api-version=7.0").as_deref(), Some("wit"));
    assert_eq!(area("/@1/contoso/_apis/projects/Shop?api-version=7.0").as_deref(), Some("core"));
    assert_eq!(area("/@1/contoso/_apis/connectionData"), None);
    assert_eq!(area("/@1/contoso/Shop/_git/orders/info/refs?service=git-upload-pack"), None);
    assert_eq!(area("/@1/contoso/Shop/_apis/git/repositories/orders/items?path=/a.cs&api-version=7.0"), None);
    assert_eq!(area("/@1/contoso/Shop/_apis/git/repositories/orders/items?scopePath=/").as_deref(), Some("git"));
    let server = route(&Method::GET, "/@1/tfs/Contoso/Shop/_apis/git/repositories").unwrap();
    assert_eq!((server.prefix.as_str(), server.path.as_str()), ("/tfs", "/Contoso/Shop/_apis/git/repositories"));
    assert_eq!(route(&Method::OPTIONS, "/@1/contoso/_apis/git").unwrap().area, None);
    for other in ["/", "/contoso/_apis/git", "/@x/contoso", "/@70000/contoso", "/@1"] {
        assert_eq!(route(&Method::GET, other), None, "{other}");
    }
}

#[test]
fn prisms_objections_are_read_from_its_page_and_from_its_header() {
    let page = json!({
        "type": "https://stoplight.io/prism/errors#UNPROCESSABLE_ENTITY",
        "title": "Invalid request", "status": 422, "detail": "Your request is not valid and no HTTP validation response was found.",
        "validation": [{ "location": ["query", "api-version"], "severity": "Error", "code": "required", "message": "is required" }],
    });
    let problems = problems_in(&HeaderMap::new(), page.to_string().as_bytes()).unwrap();
    assert!(problems.starts_with("UNPROCESSABLE_ENTITY") && problems.ends_with("[query.api-version] is required"), "{problems}");
    let mut headers = HeaderMap::new();
    let listed = r#"[{"location":["response","body","id"],"severity":"Error","message":"must be integer"},{"severity":"Warning","message":"x"}]"#;
    headers.insert("sl-violations", HeaderValue::from_static(listed));
    assert_eq!(problems_in(&headers, b"{}").as_deref(), Some("[response.body.id] must be integer"));
    let of_the_service = json!({ "message": "TF401179", "typeKey": "GitPullRequestExistsException" }).to_string();
    assert_eq!(problems_in(&HeaderMap::new(), of_the_service.as_bytes()), None);
    assert_eq!(problems_in(&HeaderMap::new(), b"<html>"), None);
}

#[test]
fn older_versions_are_accepted_and_newer_ones_are_not() {
    let mut specification = json!({ "parameters": {
        "api-Version": { "name": "api-version", "enum": ["7.0"] },
        "api-version-preview-1": { "name": "api-version", "enum": ["7.0-preview.2"] },
        "other": { "name": "top", "enum": ["1"] },
    } });
    accept_older_versions_of(&mut specification, Family::Server);
    let takes = |parameter: &str, version: &str| {
        specification["parameters"][parameter]["enum"].as_array().unwrap().iter().any(|one| one == version)
    };
    assert!(takes("api-Version", "7.0") && takes("api-Version", "6.0") && takes("api-Version", "6.0-preview.1"));
    assert!(!takes("api-Version", "7.1") && !takes("api-Version", "7.1-preview.1"));
    assert!(takes("api-version-preview-1", "6.0-preview.2") && !takes("api-version-preview-1", "7.0"));
    assert!(takes("other", "1") && !takes("other", "7.0"));
}

#[tokio::test]
async fn a_call_reaches_the_stand_in_that_its_path_names() {
    let stand_in = Router::new().fallback(async |request: Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1_000).await.unwrap_or_else(|_| Bytes::new());
        format!("{} {} {} {:?}", parts.method, parts.uri, String::from_utf8_lossy(&body), parts.headers.get("authorization"))
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, stand_in).await });
    drop(rustls::crypto::ring::default_provider().install_default());

    let ledger = Arc::new(Ledger::default());
    let entry = Entry::start(Arc::clone(&ledger)).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the client of this test needs no proxies or certificates")]
    let client = reqwest::Client::new();
    let url = format!("{}/@{port}/contoso/Shop/_git/orders/git-upload-pack?x=%20", entry.url());
    let answer = client.post(url).header("authorization", "Basic eA==").body("0000").send().await.unwrap().text().await.unwrap();
    assert_eq!(answer, "POST /contoso/Shop/_git/orders/git-upload-pack?x=%20 0000 Some(\"Basic eA==\")");
    assert_eq!(ledger.counts(), Counts { undescribed: 1, ..Counts::default() });
}
