use super::*;

#[test]
fn every_spelling_of_a_cloud_organisation_is_one() {
    for text in [
        "https://dev.azure.com/contoso",
        "https://dev.azure.com/Contoso/",
        "https://bot@dev.azure.com/contoso/",
        "https://bot:word@dev.azure.com/contoso?x=1#y",
        "https://contoso.visualstudio.com",
        "https://CONTOSO.visualstudio.com/DefaultCollection/",
        "  https://dev.azure.com/contoso  ",
    ] {
        assert_eq!(normalise(text).as_deref(), Some("https://dev.azure.com/contoso"), "{text}");
    }
}

#[test]
fn a_server_collection_keeps_its_host_port_and_path() {
    assert_eq!(normalise("http://tfs.corp:8080/tfs/Main/").as_deref(), Some("http://tfs.corp:8080/tfs/Main"));
    assert_eq!(normalise("https://user@srv/Coll?a=b").as_deref(), Some("https://srv/Coll"));
}

#[test]
fn what_is_no_collection_url_is_none() {
    for text in [
        "",
        "contoso",
        "ftp://srv/Coll",
        "file:///etc/passwd",
        "https://",
        "https://dev.azure.com/",
        "https://dev.azure.com/a_b",
        "javascript:alert(1)",
    ] {
        assert_eq!(normalise(text), None, "{text}");
    }
    assert_eq!(normalise(&format!("https://srv/{}", "a".repeat(3_000))), None);
}

#[test]
fn without_configuration_only_cloud_organisations_get_the_token() {
    let allowed = |text| allowed(&[], text);
    assert_eq!(allowed("https://contoso.visualstudio.com/DefaultCollection").as_deref(), Some("https://dev.azure.com/contoso"));
    assert_eq!(allowed("https://dev.azure.com/Contoso").as_deref(), Some("https://dev.azure.com/contoso"));
    for text in [
        "https://evil.example/contoso",
        "https://dev.azure.com.evil.example/contoso",
        "https://evilvisualstudio.com/x",
        "https://contoso.visualstudio.com.evil.example",
        "https://dev.azure.com:444/contoso",
        "http://dev.azure.com/contoso",
        "https://dev.azure.com@evil.example/contoso",
        "https://dev.azure.com/",
        "https://dev.azure.com/-contoso",
        "https://a.b.visualstudio.com/",
        "https://.visualstudio.com/",
        "https://dev.azure.com/..%2Fx",
        "http://127.0.0.1/contoso",
    ] {
        assert_eq!(allowed(text), None, "{text}");
    }
}

#[test]
fn with_configuration_nothing_else_gets_the_token_and_the_configured_spelling_is_used() {
    let configured = vec![
        "https://Contoso.visualstudio.com".to_lowercase(),
        "https://tfs.corp:8080/tfs/Main Coll".replace(' ', "%20"),
        "https://dev.azure.com/adatum".to_owned(),
    ];
    let allowed = |text| allowed(&configured, text);
    assert_eq!(allowed("https://dev.azure.com/contoso/").as_deref(), Some("https://contoso.visualstudio.com"));
    assert_eq!(allowed("https://adatum.visualstudio.com/DefaultCollection").as_deref(), Some("https://dev.azure.com/adatum"));
    assert_eq!(allowed("https://TFS.corp:8080/TFS/main coll/").as_deref(), Some("https://tfs.corp:8080/tfs/Main%20Coll"));
    for text in [
        "https://dev.azure.com/other",
        "http://tfs.corp:8080/tfs/Main%20Coll",
        "https://tfs.corp/tfs/Main%20Coll",
        "https://tfs.corp:8080/tfs/Other",
        "https://tfs.corp:8080/tfs/Main%20Coll/deeper",
        "https://tfs.corp:8080/tfs/Other/../../x",
        "https://evil.example/tfs/Main%20Coll",
    ] {
        assert_eq!(allowed(text), None, "{text}");
    }
}

#[test]
fn the_collection_is_found_in_every_kind_of_repository_url() {
    let guid = "7d3d2a53-8f59-4f0c-9d2e-2f4a2f0e9f10";
    let api = format!("https://srv:8080/tfs/Main/{guid}/_apis/git/repositories/{guid}");
    for (text, projects, expected) in [
        ("https://bot@dev.azure.com/contoso/Shop/_git/shop", &["Shop"][..], "https://dev.azure.com/contoso"),
        ("https://contoso.visualstudio.com/DefaultCollection/Shop/_git/shop", &[], "https://dev.azure.com/contoso"),
        (api.as_str(), &[], "https://srv:8080/tfs/Main"),
        ("https://srv/tfs/Main/Web%20Shop/_git/shop", &["Web Shop"], "https://srv/tfs/Main"),
        ("https://srv/tfs/Main/_git/shop", &["shop"], "https://srv/tfs/Main"),
        ("https://srv/tfs/Main/_git/shop", &[], "https://srv/tfs/Main"),
        ("https://srv/Main/Shop/_git/shop", &[], "https://srv/Main"),
        ("https://srv/Main/_git/shop", &["Main"], "https://srv/Main"),
        ("https://srv/Main/_apis/git/repositories/x", &[], "https://srv/Main"),
    ] {
        assert_eq!(of_resource_url(text, projects).as_deref(), Some(expected), "{text}");
    }
    for text in ["https://srv/Main/Shop", "https://srv/_git/shop", "nonsense", "https://dev.azure.com/"] {
        assert_eq!(of_resource_url(text, &[]), None, "{text}");
    }
}

#[test]
fn a_remote_elsewhere_does_not_lie_in_the_collection() {
    let lies = |remote: &str| lies_in(&Url::parse(remote).unwrap(), "https://srv:8080/tfs/Main");
    assert!(lies("https://srv:8080/tfs/main/Shop/_git/shop"));
    assert!(!lies("https://srv:8080/tfs/Mainframe/Shop/_git/shop"));
    assert!(!lies("https://srv/tfs/Main/Shop/_git/shop"));
    assert!(!lies("http://srv:8080/tfs/Main/Shop/_git/shop"));
    assert!(!lies("https://evil.example:8080/tfs/Main/Shop/_git/shop"));
}
