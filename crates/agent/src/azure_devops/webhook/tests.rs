use std::{fs, path::PathBuf};

use proptest::prelude::*;

use super::*;

const PROJECT: &str = "3f1c9f5e-7a0b-4c7e-9a55-0d2f6a1b7c10";
const REPOSITORY: &str = "b8e2d1a4-5c3f-4e0d-8f77-91a6c2d3e4f5";
const ANN: &str = "c4b7e1f0-9d8c-4b3a-8e2f-1a2b3c4d5e6f";
const HEAD: &str = "4f2d8a9be01c3d5e6f708192a3b4c5d6e7f80912";
const CLOUD: &str = "https://dev.azure.com/contoso";
const SERVER: &str = "https://tfs.corp.example:8080/tfs/Main";

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/azure_devops/fixtures")
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixtures().join(format!("{name}.json"))).unwrap()
}

fn event(name: &str) -> WebhookEvent {
    parse_event(&fixture(name)).unwrap()
}

#[test]
fn a_created_event_tells_everything() {
    assert_eq!(
        event("created-1.0"),
        WebhookEvent {
            kind: EventKind::Created,
            event_type: "git.pullrequest.created".to_owned(),
            event_id: Some("6b7a1f52-0c9d-4e3a-b5f1-22aa33bb44cc".to_owned()),
            subscription_id: Some("e7c9b0aa-3b89-45fb-9af9-0fe220348c1d".to_owned()),
            notification_id: Some(17),
            collection: Some(CLOUD.to_owned()),
            project: Some(PROJECT.to_owned()),
            repository: Some(REPOSITORY.to_owned()),
            pull_request: Some(42),
            head: CommitId::parse(HEAD),
            status: Some("active".to_owned()),
            comment: None,
        }
    );
}

#[test]
fn every_version_and_detail_level_names_its_pull_request() {
    let full = (Some(PROJECT), Some(REPOSITORY), Some(42));
    for (name, kind, collection, named) in [
        ("created-1.0", EventKind::Created, CLOUD, full),
        ("updated-1.0-visualstudio", EventKind::Updated, CLOUD, full),
        ("updated-1.0-completed-upper-case", EventKind::Updated, CLOUD, full),
        ("merged-1.0", EventKind::MergeAttempted, CLOUD, full),
        ("created-1.0-preview.1-server", EventKind::Created, SERVER, full),
        ("created-1.0-server-no-collection-url", EventKind::Created, SERVER, full),
        ("updated-1.0-minimal", EventKind::Updated, CLOUD, full),
        ("updated-1.0-url-only", EventKind::Updated, CLOUD, full),
        ("updated-1.0-none", EventKind::Updated, CLOUD, (Some(PROJECT), None, None)),
        ("updated-1.0-absent", EventKind::Updated, CLOUD, (Some(PROJECT), None, None)),
        ("comment-2.0", EventKind::Commented, CLOUD, full),
        ("comment-2.0-deleted", EventKind::Commented, CLOUD, full),
        ("comment-1.0", EventKind::Commented, CLOUD, full),
        ("comment-1.0-bare", EventKind::Commented, CLOUD, (None, Some(REPOSITORY), Some(42))),
        ("build-complete", EventKind::Unknown, CLOUD, (Some(PROJECT), None, None)),
    ] {
        let event = event(name);
        assert_eq!(event.kind, kind, "{name}");
        assert_eq!(event.collection.as_deref(), Some(collection), "{name}");
        assert_eq!((event.project.as_deref(), event.repository.as_deref(), event.pull_request), named, "{name}");
    }
}

#[test]
fn ids_and_commits_are_told_in_lower_case() {
    let event = event("updated-1.0-completed-upper-case");
    assert_eq!(event.head.as_ref().map(CommitId::as_str), Some(HEAD));
    assert_eq!(event.status.as_deref(), Some("completed"));
    assert_eq!(event.project.as_deref(), Some(PROJECT));
}

#[test]
fn comments_of_both_versions_name_thread_comment_and_author() {
    for name in ["comment-2.0", "comment-1.0"] {
        assert_eq!(
            event(name).comment,
            Some(CommentHint {
                thread: Some(141_415_813),
                comment: Some(2),
                author_id: Some(ANN.to_owned()),
                is_reply: true,
                content: "@<5A0D7C1E-33B2-4F6A-A1C9-7E8F9A0B1C2D> why twice?".to_owned(),
                is_deleted: false,
            }),
            "{name}"
        );
    }
    let deleted = event("comment-2.0-deleted").comment.unwrap();
    assert!(deleted.is_deleted);
    assert_eq!(deleted.content, "");
    let bare = event("comment-1.0-bare").comment.unwrap();
    assert_eq!((bare.thread, bare.comment, bare.author_id), (Some(141_415_813), Some(2), None));
}

#[test]
fn the_test_button_is_recognised() {
    for name in ["test-created", "test-comment", "test-updated-other-id"] {
        assert_eq!(event(name).kind, EventKind::Test, "{name}");
    }
}

#[test]
fn an_organisation_that_is_really_called_fabrikam_is_reviewed() {
    let real = String::from_utf8(fixture("created-1.0")).unwrap().replace("/contoso", "/fabrikam");
    let event = parse_event(real.as_bytes()).unwrap();
    assert_eq!(event.kind, EventKind::Created);
    assert_eq!(event.collection.as_deref(), Some("https://dev.azure.com/fabrikam"));
}

#[test]
fn what_is_no_event_is_refused_with_the_reason() {
    let not_json = |body: &[u8]| matches!(parse_event(body), Err(WebhookError::NotJson(_)));
    assert!(not_json(b""));
    assert!(not_json(b"eventType=git.push"));
    assert!(not_json(br#"{"eventType":"git.pullrequest.created","#));
    assert!(not_json(b"{\"eventType\":\"\xff\xfe\"}"));
    for body in
        [&b"[]"[..], b"null", b"7", b"{}", br#"{"eventType":null}"#, br#"{"eventType":7}"#, br#"{"eventType":["git.push"]}"#]
    {
        assert!(matches!(parse_event(body), Err(WebhookError::NotAnEvent(_))), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn deep_nesting_is_refused_and_brackets_in_text_are_not_nesting() {
    let nested = |depth: usize| format!(r#"{{"eventType":"x","resource":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert!(parse_event(nested(63).as_bytes()).is_ok());
    assert_eq!(parse_event(nested(64).as_bytes()), Err(WebhookError::NotJson("nested deeper than 64".to_owned())));
    assert!(matches!(parse_event("[".repeat(1_000_000).as_bytes()), Err(WebhookError::NotJson(_))));
    let text = format!(r#"{{"eventType":"x","message":"{} \" {}"}}"#, "[".repeat(500), "{".repeat(500));
    assert_eq!(parse_event(text.as_bytes()).unwrap().kind, EventKind::Unknown);
}

#[test]
fn a_byte_order_mark_and_a_long_event_type_are_survived() {
    let body = format!("\u{feff}{{\"eventType\":\"{}\"}}", "ü".repeat(5_000));
    let event = parse_event(body.as_bytes()).unwrap();
    assert_eq!(event.event_type.chars().count(), 200);
    assert_eq!(event.kind, EventKind::Unknown);
}

#[test]
fn names_that_would_leave_their_place_in_a_path_are_not_taken() {
    for name in ["..", ".", "a/b", "a\\\\b", "a\\u0000b", ""] {
        let body = format!(
            r#"{{"eventType":"git.pullrequest.created","resource":{{"pullRequestId":1,"repository":{{"id":"{name}","project":{{"id":"{name}"}}}}}}}}"#
        );
        let event = parse_event(body.as_bytes()).unwrap();
        assert_eq!((event.repository, event.project), (None, None), "{name}");
    }
}

#[test]
fn numbers_out_of_range_are_missing() {
    for number in ["0", "-1", "1.5", "1e30", "2147483648", "18446744073709551615", "\"42\"", "null", "[42]"] {
        let body = format!(
            r#"{{"eventType":"git.pullrequest.updated","notificationId":{number},"resource":{{"pullRequestId":{number}}}}}"#
        );
        assert_eq!(parse_event(body.as_bytes()).unwrap().pull_request, None, "{number}");
    }
}

#[test]
fn a_payload_that_names_another_host_says_so_and_is_left_to_the_allow_list() {
    let forged = String::from_utf8(fixture("created-1.0")).unwrap().replace("dev.azure.com/contoso", "evil.example/contoso");
    assert_eq!(parse_event(forged.as_bytes()).unwrap().collection.as_deref(), Some("https://evil.example/contoso"));
}

fn all_fixtures() -> Vec<Value> {
    let mut names: Vec<PathBuf> = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names.iter().map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// Every place in `value`, as JSON pointers.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(map) => {
            for (key, child) in map {
                pointers(child, &format!("{here}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                pointers(child, &format!("{here}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn any_single_field_of_the_wrong_type_is_only_missing() {
    let wrong = [Value::Null, Value::Bool(true), Value::from(-3), Value::from("x"), Value::from(vec![1]), serde_json::json!({})];
    for payload in all_fixtures() {
        let mut places = Vec::new();
        pointers(&payload, "", &mut places);
        for place in places.iter().filter(|place| !place.is_empty() && *place != "/eventType") {
            for value in &wrong {
                let mut mutated = payload.clone();
                *mutated.pointer_mut(place).unwrap() = value.clone();
                let event = parse_event(&serde_json::to_vec(&mutated).unwrap());
                assert!(event.is_ok(), "{place} = {value}: {event:?}");
            }
        }
    }
}

fn arbitrary_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        "https?://[a-z.@:0-9%/_-]{0,60}".prop_map(Value::from),
    ];
    let keys = prop_oneof![
        Just("eventType"),
        Just("resource"),
        Just("comment"),
        Just("pullRequest"),
        Just("repository"),
        Just("_links"),
        Just("self"),
        Just("href"),
        Just("url"),
        Just("id"),
        Just("pullRequestId"),
        Just("resourceContainers"),
        Just("collection"),
        Just("baseUrl"),
    ];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|pairs| pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..2_000)) {
        prop_assert!(parse_event(&body).map_or(true, |event| event.event_type.chars().count() <= 200));
    }

    #[test]
    fn arbitrary_json_with_an_event_type_is_always_an_event(
        mut value in arbitrary_json(),
        kind in prop_oneof![Just("git.pullrequest.created"), Just("ms.vss-code.git-pullrequest-comment-event"), Just("other")],
    ) {
        if let Some(envelope) = value.as_object_mut() {
            envelope.insert("eventType".to_owned(), Value::from(kind));
            prop_assert!(parse_event(&serde_json::to_vec(&value).unwrap()).is_ok());
        }
    }

    #[test]
    fn mutated_payloads_never_panic(which in 0_usize..20, place in any::<prop::sample::Index>(), value in arbitrary_json()) {
        let payloads = all_fixtures();
        let mut payload = payloads[which % payloads.len()].clone();
        let mut places = Vec::new();
        pointers(&payload, "", &mut places);
        let place: &String = place.get(&places);
        *payload.pointer_mut(place).unwrap() = value;
        if let Ok(event) = parse_event(&serde_json::to_vec(&payload).unwrap()) {
            prop_assert!(event.collection.is_none_or(|url| collection::normalise(&url).is_some()));
        }
    }

    #[test]
    fn truncated_and_flipped_payloads_never_panic(which in 0_usize..20, at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let payloads = all_fixtures();
        let mut body = serde_json::to_vec(&payloads[which % payloads.len()]).unwrap();
        let at = at.index(body.len());
        if cut {
            body.truncate(at);
            prop_assert!(parse_event(&body).is_err());
        } else {
            body[at] = byte;
            prop_assert!(parse_event(&body).map_or(true, |event| event.pull_request.is_none_or(|id| id > 0)));
        }
    }
}
