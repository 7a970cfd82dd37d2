use crate::{
    finding::{
        Category, DropReason, Finding, StandingFinding, came_back, count_votes, dedupe, fingerprint, test_support::finding,
    },
    pull_request::{Anchor, LineRange, Side, ThreadStatus},
};

/// A thread about `finding`, as a later run reads it.
fn thread_about(finding: &Finding, status: ThreadStatus) -> StandingFinding {
    StandingFinding {
        thread: 4,
        status,
        is_deleted: false,
        is_resolved_by_us: false,
        fingerprint: fingerprint(finding),
        anchor: Some(Anchor { path: finding.path.clone(), side: finding.side, lines: finding.lines }),
        iteration: 1,
        category: finding.category,
        quoted_line: finding.quoted_line.clone(),
        claim: finding.claim.clone(),
        is_predecessors: false,
    }
}

fn is_raised(finding: &Finding, standing: &StandingFinding) -> bool {
    let (fresh, dropped) = dedupe(vec![finding.clone()], std::slice::from_ref(standing));
    assert_eq!(fresh.len() + dropped.len(), 1);
    assert!(dropped.iter().all(|dropped| dropped.reason == DropReason::AlreadyRaised && dropped.detail.contains("thread 4")));
    fresh.is_empty()
}

/// Same place and matter, but other words and another line of it.
fn rephrased(finding: &Finding) -> Finding {
    let mut other = finding.clone();
    other.claim = "Zero quantities are let through.".to_owned();
    other.quoted_line = "let price = order.price;".to_owned();
    other.lines = LineRange::new(finding.lines.last + 3, finding.lines.last + 3);
    other
}

#[test]
fn the_same_finding_is_never_raised_twice_whatever_became_of_it() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    for status in [
        ThreadStatus::Active,
        ThreadStatus::Pending,
        ThreadStatus::Fixed,
        ThreadStatus::WontFix,
        ThreadStatus::ByDesign,
        ThreadStatus::Closed,
        ThreadStatus::Other("unknown".to_owned()),
    ] {
        let standing = thread_about(&one, status);
        assert!(is_raised(&one, &standing));
        let mut bare = standing.clone();
        (bare.anchor, bare.quoted_line) = (None, String::new());
        assert!(is_raised(&one, &bare), "the fingerprint alone is enough");
        let mut deleted = standing;
        deleted.is_deleted = true;
        assert!(is_raised(&one, &deleted));
    }
}

#[test]
fn other_words_at_the_same_place_are_the_same_finding() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    let standing = thread_about(&one, ThreadStatus::WontFix);
    assert!(is_raised(&rephrased(&one), &standing));

    let mut farther = rephrased(&one);
    farther.lines = LineRange::new(16, 16);
    assert!(!is_raised(&farther, &standing));
    let mut elsewhere = rephrased(&one);
    elsewhere.path = "src/b.rs".to_owned();
    assert!(!is_raised(&elsewhere, &standing));
    let mut removed = rephrased(&one);
    removed.side = Side::Left;
    assert!(!is_raised(&removed, &standing));
}

#[test]
fn a_moved_line_is_known_by_its_text() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    let standing = thread_about(&one, ThreadStatus::Active);
    let mut moved = rephrased(&one);
    moved.lines = LineRange::new(200, 200);
    moved.quoted_line = format!("        {}  ", one.quoted_line);
    assert!(is_raised(&moved, &standing));
}

#[test]
fn another_category_needs_shared_words() {
    let one = finding("src/a.rs", 10, 12, "The quantity of an order is not checked for zero.");
    let standing = thread_about(&one, ThreadStatus::Active);
    let mut other = rephrased(&one);
    other.category = Category::Security;
    other.claim = "The password is logged.".to_owned();
    assert!(!is_raised(&other, &standing));
    other.claim = "An attacker passes a zero quantity.".to_owned();
    assert!(is_raised(&other, &standing));
}

#[test]
fn new_code_in_place_of_a_fixed_line_may_be_wrong_again() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    let standing = thread_about(&one, ThreadStatus::Fixed);
    assert!(!is_raised(&rephrased(&one), &standing));
    let mut same_line = rephrased(&one);
    same_line.quoted_line = one.quoted_line.clone();
    assert!(is_raised(&same_line, &standing));
}

#[test]
fn a_thread_that_lost_its_line_matches_no_empty_line() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    let mut standing = thread_about(&one, ThreadStatus::Active);
    standing.quoted_line = " ".to_owned();
    let mut other = rephrased(&one);
    (other.quoted_line, other.lines) = (String::new(), LineRange::new(99, 99));
    assert!(!is_raised(&other, &standing));
}

#[test]
fn a_very_long_line_is_known_by_what_the_thread_could_keep_of_it() {
    let mut one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    one.quoted_line = format!("    call({});", "argument, ".repeat(200));
    let mut standing = thread_about(&one, ThreadStatus::Active);
    standing.quoted_line = crate::finding::FindingMemory::of(&one).quoted_line;
    assert!(standing.quoted_line.chars().count() <= 500);
    one.claim = "Zero quantities are let through.".to_owned();
    one.lines = LineRange::new(300, 300);
    assert!(is_raised(&one, &standing));
}

#[test]
fn what_several_looks_say_alike_is_one_finding_with_their_votes() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    let mut again = one.clone();
    again.lines = LineRange::new(11, 11);
    let mut far = one.clone();
    far.lines = LineRange::new(90, 90);
    let other = finding("src/a.rs", 10, 12, "The price is rounded twice.");
    let counted = count_votes(vec![one.clone(), other.clone(), again, one.clone(), far.clone()]);
    let votes: Vec<_> = counted.iter().map(|finding| (finding.claim.as_str(), finding.lines.first, finding.votes)).collect();
    assert_eq!(votes, [(one.claim.as_str(), 10, 3), (other.claim.as_str(), 10, 1), (far.claim.as_str(), 90, 1)]);
}

#[test]
fn a_finding_whose_file_nobody_can_name_is_known_by_its_line() {
    let one = finding("src/a.rs", 10, 12, "The quantity is not checked.");
    let mut lost = thread_about(&one, ThreadStatus::Active);
    lost.anchor = None;
    let mut elsewhere = one.clone();
    (elsewhere.path, elsewhere.claim) = ("src/b.rs".to_owned(), "Nobody checks a quantity here.".to_owned());
    elsewhere.lines = LineRange::new(90, 90);
    assert!(is_raised(&elsewhere, &lost));
    assert!(!is_raised(&elsewhere, &thread_about(&one, ThreadStatus::Active)), "a file that is there speaks for its own lines");
    elsewhere.quoted_line = "let price = order.price;".to_owned();
    assert!(!is_raised(&elsewhere, &lost));
}

#[test]
fn what_we_resolved_ourselves_may_come_back_and_what_people_settled_may_not() {
    let back = finding("src/a.rs", 10, 10, "The total overflows.");
    let ours = StandingFinding { is_resolved_by_us: true, ..thread_about(&back, ThreadStatus::Fixed) };
    let (fresh, dropped) = dedupe(vec![back.clone()], std::slice::from_ref(&ours));
    assert_eq!((fresh.len(), dropped.len()), (1, 0));
    assert_eq!(came_back(&back, std::slice::from_ref(&ours)).unwrap().thread, ours.thread);
    // In other words, at the same line.
    let other = Finding { claim: "The sum of the total overflows here.".to_owned(), ..back.clone() };
    assert!(came_back(&other, std::slice::from_ref(&ours)).is_some());
    let mut elsewhere = back.clone();
    elsewhere.quoted_line = "another line".to_owned();
    assert!(came_back(&elsewhere, std::slice::from_ref(&ours)).is_none(), "what replaced it is another matter");

    let theirs = StandingFinding { thread: 99, ..thread_about(&back, ThreadStatus::WontFix) };
    assert!(came_back(&back, std::slice::from_ref(&theirs)).is_none());
    let (fresh, dropped) = dedupe(vec![back], &[ours, theirs]);
    assert_eq!((fresh.len(), dropped[0].reason), (0, DropReason::AlreadyRaised), "the word of people outweighs ours");
}
