use proptest::prelude::*;

use super::*;
use crate::{
    finding::test_support::{finding, state, thread},
    publication::property,
    pull_request::{Anchor, Person},
    render::finding_comment,
};

fn reaction() -> Reaction {
    Reaction {
        status: ThreadStatus::Active,
        is_deleted: false,
        replies: 0,
        likes: 0,
        pull_request: PullRequestStatus::Completed,
        lines_changed: Some(false),
    }
}

#[test]
fn the_label_follows_from_what_was_seen() {
    use Label::{ActedOn, Ignored, Open, Rejected};
    use PullRequestStatus::{Abandoned, Active, Completed};
    use ThreadStatus as Status;

    let other = || Status::Other("parked".to_owned());
    // (thread status, deleted, pull request, lines changed, likes, label)
    let cases = [
        (Status::Fixed, false, Active, None, 0, ActedOn),
        (Status::Fixed, true, Completed, Some(false), 0, ActedOn),
        (Status::WontFix, false, Active, None, 0, Rejected),
        (Status::WontFix, false, Completed, Some(true), 9, Rejected),
        (Status::ByDesign, false, Abandoned, None, 0, Rejected),
        (Status::Active, true, Active, None, 0, Rejected),
        (Status::Closed, true, Completed, Some(true), 1, Rejected),
        (Status::Active, false, Active, None, 0, Open),
        (Status::Closed, false, Active, None, 0, Open),
        (Status::Closed, false, Abandoned, Some(true), 0, Open),
        (Status::Active, false, PullRequestStatus::Other("merging".to_owned()), Some(true), 0, Open),
        (Status::Active, false, Completed, None, 3, Open),
        (Status::Active, false, Completed, Some(true), 0, ActedOn),
        (Status::Pending, false, Completed, Some(true), 0, ActedOn),
        (Status::Closed, false, Completed, Some(true), 0, ActedOn),
        (other(), false, Completed, Some(true), 0, ActedOn),
        (Status::Closed, false, Completed, Some(false), 0, Rejected),
        (Status::Closed, false, Completed, Some(false), 1, Ignored),
        (Status::Active, false, Completed, Some(false), 0, Ignored),
        (Status::Active, false, Completed, Some(false), 5, Ignored),
        (Status::Pending, false, Completed, Some(false), 0, Ignored),
        (other(), false, Completed, Some(false), 0, Ignored),
    ];
    for (status, is_deleted, pull_request, lines_changed, likes, expected) in cases {
        for replies in [0, 7] {
            let reaction = Reaction {
                status: status.clone(),
                is_deleted,
                pull_request: pull_request.clone(),
                lines_changed,
                likes,
                replies,
            };
            assert_eq!(reaction.label(), expected, "{reaction:?}");
        }
    }
}

/// A thread of ours about a finding in line 10 to 12, with the answers of these people.
fn ours(id: u64, claim: &str, answers: &[(&str, &str)]) -> Thread {
    let planted = finding("src/a.rs", 10, 12, claim);
    let identity = fingerprint(&planted);
    let text = finding_comment(&planted, &identity, true);
    let comments: Vec<(&str, &str)> = [("me", text.as_str())].into_iter().chain(answers.iter().copied()).collect();
    let mut thread = thread(id, &comments);
    thread.anchor = Some(Anchor { path: planted.path.clone(), side: Side::Right, lines: planted.lines });
    thread.properties.insert(property::FINGERPRINT.to_owned(), identity.0);
    thread.properties.insert(property::ITERATION.to_owned(), "2".to_owned());
    thread.properties.insert(property::FINDING.to_owned(), FindingMemory::of(&planted).to_json());
    thread
}

fn only(thread: Thread) -> SeenFinding {
    let mut seen = seen_findings(&state(vec![thread]));
    assert_eq!(seen.len(), 1);
    seen.remove(0)
}

#[test]
fn a_finding_is_remembered_as_it_was_posted_and_seen_as_its_thread_stands() {
    let mut thread = ours(5, "The total overflows.", &[("dana", "No."), ("me", "Addressed in abc."), ("lee", "Yes.")]);
    thread.status = ThreadStatus::WontFix;
    thread.comments[0].liked_by = vec!["lee".to_owned(), "ME".to_owned(), "lee".to_owned(), "kim".to_owned()];
    thread.comments[1].liked_by = vec!["lee".to_owned()];
    let seen = only(thread);

    assert_eq!(seen.posted, PostedFinding::of(&finding("src/a.rs", 10, 12, "The total overflows."), 2));
    assert_eq!(seen.thread, 5);
    let expected = Reaction {
        status: ThreadStatus::WontFix,
        replies: 2,
        likes: 2,
        pull_request: PullRequestStatus::Active,
        lines_changed: None,
        ..reaction()
    };
    assert_eq!(seen.reaction, expected);
}

#[test]
fn a_thread_that_a_command_closed_with_all_others_says_nothing_about_its_finding() {
    let mut thread = ours(5, "The total overflows.", &[]);
    thread.status = ThreadStatus::Closed;
    assert_eq!(only(thread.clone()).reaction.status, ThreadStatus::Closed, "somebody closed it");
    thread.properties.insert(property::CLOSED_BY.to_owned(), property::CLOSED_BY_COMMAND.to_owned());
    assert_eq!(only(thread.clone()).reaction.status, ThreadStatus::Active);
    thread.status = ThreadStatus::WontFix;
    assert_eq!(only(thread).reaction.status, ThreadStatus::WontFix, "somebody said so afterwards");
}

#[test]
fn replies_are_those_of_people_that_still_stand() {
    let mut thread = ours(5, "The total overflows.", &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]);
    thread.comments[1].is_deleted = true;
    thread.comments[2].is_text = false;
    thread.comments[3].author = Person { unique_name: "build\\1b2c".to_owned(), ..thread.comments[3].author.clone() };
    assert_eq!(only(thread).reaction.replies, 1);
}

#[test]
fn a_deleted_comment_is_known_by_the_properties_of_its_thread() {
    let mut thread = ours(5, "The total overflows.", &[]);
    thread.comments[0].content.clear();
    thread.comments[0].is_deleted = true;
    thread.is_deleted = true;
    let seen = only(thread);
    assert!(seen.reaction.is_deleted && seen.posted.claim == "The total overflows.", "{seen:?}");
    assert_eq!(seen.reaction.label(), Label::Rejected);
}

#[test]
fn threads_of_others_and_walkthroughs_are_no_findings_and_no_finding_is_seen_twice() {
    let mut theirs = ours(4, "The total overflows.", &[]);
    theirs.comments[0].author.id = "dana".to_owned();
    let mut again = ours(9, "The total overflows.", &[]);
    again.status = ThreadStatus::WontFix;
    let threads = vec![again, theirs, ours(7, "The total overflows.", &[]), ours(8, "The total is late.", &[])];
    let seen = seen_findings(&state(threads));
    assert_eq!(seen.iter().map(|seen| seen.thread).collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn what_others_put_into_a_thread_is_cut_and_of_very_many_threads_the_newest_count() {
    let mut thread = ours(5, "The total overflows.", &[]);
    thread.properties.insert(property::FINGERPRINT.to_owned(), "f".repeat(100_000));
    let memory = FindingMemory { category: Category::Correctness, quoted_line: String::new(), claim: "c".repeat(100_000) };
    thread.properties.insert(property::FINDING.to_owned(), serde_json::to_string(&memory).unwrap());
    thread.anchor = thread.anchor.map(|anchor| Anchor { path: "p".repeat(100_000), ..anchor });
    let posted = only(thread).posted;
    assert_eq!((posted.fingerprint.0.len(), posted.claim.len(), posted.path.len()), (64, 500, 1_000));

    let many = (1..=700).map(|id| {
        let mut thread = ours(id, "The total overflows.", &[]);
        thread.properties.insert(property::FINGERPRINT.to_owned(), format!("f{id}"));
        thread
    });
    let seen = seen_findings(&state(many.collect()));
    assert_eq!((seen.len(), seen[0].thread, seen[499].thread), (500, 201, 700));
}

const THEN: &str = "a\nb\nc\nd\ne\nf\ng\n";

#[test]
fn lines_changed_when_they_or_their_neighbours_did() {
    let cases = [
        ("nothing", Some(THEN), false),
        ("the line", Some("a\nb\nc\nX\ne\nf\ng\n"), true),
        ("the line went", Some("a\nb\nc\ne\nf\ng\n"), true),
        ("a guard above", Some("a\nb\nc\nif x:\nd\ne\nf\ng\n"), true),
        ("a call below", Some("a\nb\nc\nd\nclose()\ne\nf\ng\n"), true),
        ("the neighbour", Some("a\nb\nX\nd\ne\nf\ng\n"), true),
        ("far above", Some("X\nb\nc\nd\ne\nf\ng\n"), false),
        ("far below", Some("a\nb\nc\nd\ne\nf\nX\n"), false),
        ("moved", Some("x\ny\nz\na\nb\nc\nd\ne\nf\ng\n"), false),
        ("line endings", Some("a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\n"), false),
        ("emptied", Some(""), true),
        ("the file went", None, true),
    ];
    for (what, now, expected) in cases {
        assert_eq!(lines_changed(Side::Right, LineRange::new(4, 4), THEN, now), expected, "{what}");
    }
    let edges = [(1, "X\na\nb\nc\nd\ne\nf\ng\n"), (7, "a\nb\nc\nd\ne\nf\ng\nX\n")];
    for (line, now) in edges {
        assert!(lines_changed(Side::Right, LineRange::new(line, line), THEN, Some(now)), "{line}");
    }
    assert!(lines_changed(Side::Right, LineRange::new(99, 99), THEN, Some(THEN)), "no such line");
}

#[test]
fn removed_lines_changed_when_they_are_back() {
    let changed = |now| lines_changed(Side::Left, LineRange::new(4, 5), THEN, now);
    assert!(changed(Some("a\nd\ne\n")));
    assert!(!changed(Some("a\nb\nc\nf\ng\n")));
    assert!(!changed(Some("a\nb\nc\nd\nf\ng\n")), "half of them");
    assert!(!changed(None), "the file stays gone");
}

proptest! {
    /// Every reaction has a label, and none has an outcome by silence alone before the pull request is completed.
    #[test]
    fn silence_is_no_outcome_while_the_pull_request_is_open(
        status in prop::sample::select(vec![ThreadStatus::Active, ThreadStatus::Pending, ThreadStatus::Closed]),
        closed in any::<bool>(),
        lines_changed in any::<Option<bool>>(),
        likes in 0_u32..3,
        replies in 0_u32..3,
    ) {
        let pull_request = if closed { PullRequestStatus::Abandoned } else { PullRequestStatus::Active };
        let open = Reaction { status, is_deleted: false, replies, likes, pull_request, lines_changed };
        prop_assert_eq!(open.label(), Label::Open);
        let completed = Reaction { pull_request: PullRequestStatus::Completed, ..open.clone() };
        prop_assert_eq!(completed.label() == Label::Open, lines_changed.is_none());
        prop_assert_eq!(completed.label() == Label::ActedOn, lines_changed == Some(true));
    }
}
