use super::*;

#[test]
fn only_full_object_ids_are_commit_ids() {
    let sha1 = "0123456789abcdef0123456789ABCDEF01234567";
    let sha256 = "f".repeat(64);
    assert_eq!(CommitId::parse(sha1).unwrap().as_str(), sha1.to_ascii_lowercase());
    assert_eq!(CommitId::parse(&sha256).unwrap().as_str(), sha256);
    for text in
        ["", "HEAD", "main", "--upload-pack=touch", "0123456", sha1.get(1..).unwrap(), &format!("{sha1}0"), &"é".repeat(20)]
    {
        assert_eq!(CommitId::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_commit_id_is_checked_when_it_is_read_back() {
    let id = CommitId::parse(&"a1".repeat(20)).unwrap();
    assert_eq!(id.short(), "a1a1a1a1");
    assert_eq!(format!("{id} {id:?}"), format!("{0} {0}", "a1".repeat(20)));
    let json = serde_json::to_string(&id).unwrap();
    assert_eq!(serde_json::from_str::<CommitId>(&json).unwrap(), id);
    let error = serde_json::from_str::<CommitId>("\"main\"").unwrap_err();
    assert!(error.to_string().starts_with("\"main\" is no commit id"), "{error}");
}

#[test]
fn a_line_range_is_put_in_order_and_begins_at_one() {
    assert_eq!(LineRange::new(7, 3), LineRange { first: 3, last: 7 });
    assert_eq!(LineRange::new(0, 0), LineRange { first: 1, last: 1 });
    assert_eq!(LineRange::new(3, 7).len(), 5);
}

#[test]
fn ranges_read_from_outside_are_counted_without_overflow() {
    assert_eq!(LineRange { first: 0, last: u32::MAX }.len(), u32::MAX);
    assert_eq!(LineRange { first: 9, last: 2 }.len(), 1);
}

#[test]
fn distance_is_between_the_nearest_lines() {
    let range = LineRange::new(10, 12);
    let cases = [((10, 12), 0), ((12, 20), 0), ((1, 10), 0), ((13, 13), 1), ((9, 9), 1), ((20, 30), 8), ((1, 4), 6)];
    for ((first, last), distance) in cases {
        let other = LineRange::new(first, last);
        assert_eq!(range.distance(other), distance, "{other:?}");
        assert_eq!(other.distance(range), distance, "{other:?}");
        assert_eq!(range.overlaps(other), distance == 0, "{other:?}");
    }
    assert!(range.contains(10) && range.contains(12) && !range.contains(9) && !range.contains(13));
}

#[test]
fn open_threads_are_those_that_ask_for_something() {
    let open = [ThreadStatus::Active, ThreadStatus::Pending];
    let closed = [
        ThreadStatus::Fixed,
        ThreadStatus::WontFix,
        ThreadStatus::ByDesign,
        ThreadStatus::Closed,
        ThreadStatus::Other("unknown".into()),
    ];
    assert!(open.iter().all(ThreadStatus::is_open));
    assert!(!closed.iter().any(ThreadStatus::is_open));
}

#[test]
fn a_pull_request_is_shown_by_its_address() {
    let repository =
        RepositoryKey { collection: "https://dev.azure.com/contoso".into(), project: "shop".into(), repository: "api".into() };
    let key = PullRequestKey { repository, id: 12 };
    assert_eq!(key.to_string(), "https://dev.azure.com/contoso/shop/_git/api/pullrequest/12");
}
