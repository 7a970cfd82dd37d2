use super::{
    Additions, CheckState, DesiredFinding, DesiredState, DesiredStatus, DesiredTexts, MAX_PROPERTY_CHARS, NewThread,
    PublicationStep, ReopenedFinding, WalkthroughState, Withheld, plan, plan_walkthrough, property,
};
use crate::{
    checks::CheckReport,
    finding::{
        fingerprint,
        test_support::{commit, finding, state, thread},
    },
    pull_request::{Anchor, PullRequestState, Side, Thread, ThreadStatus},
    render::{WalkthroughInput, finding_comment, marker, walkthrough},
};

const DONE: &str = "<!-- coderabbit-agent:walkthrough -->\n> **Reviewed.** all of it\n\n<!-- coderabbit-agent:body -->\n## Walkthrough\n\nAdds totals.\n";
const DONE_AGAIN: &str = "<!-- coderabbit-agent:walkthrough -->\n> **Reviewed.** more\n\n<!-- coderabbit-agent:body -->\n## Walkthrough\n\nAdds more.\n";

fn desired_finding(line: u32, claim: &str) -> DesiredFinding {
    let finding = finding("src/a.rs", line, line, claim);
    let fingerprint = fingerprint(&finding);
    DesiredFinding {
        content: finding_comment(&finding, &fingerprint, true),
        anchor: Anchor { path: finding.path.clone(), side: Side::Right, lines: finding.lines },
        last_line_utf16: 32,
        fingerprint,
        finding,
    }
}

fn desired(findings: Vec<DesiredFinding>) -> DesiredState {
    DesiredState {
        iteration: 2,
        head: commit('b'),
        base: commit('0'),
        findings,
        resolved: Vec::new(),
        reopened: Vec::new(),
        walkthrough: DONE.to_owned(),
        walkthrough_state: WalkthroughState::Complete,
        status: DesiredStatus { state: CheckState::Succeeded, description: "1 finding".to_owned() },
        texts: DesiredTexts::default(),
        reposts_walkthrough: false,
        additions: Additions::default(),
        withheld: Withheld::default(),
        checks: CheckReport::default(),
    }
}

/// What the service makes of the steps: the threads afterwards.
fn apply(state: &mut PullRequestState, steps: &[PublicationStep]) {
    for step in steps {
        match step {
            PublicationStep::CreateThread(new) => {
                let id = state.threads.iter().map(|thread| thread.id).max().unwrap_or(0) + 1;
                let mut created = thread(id, &[("me", &new.content)]);
                created.status = new.status.clone();
                created.anchor = new.anchor.as_ref().map(|anchor| anchor.anchor.clone());
                created.properties = new.properties.iter().cloned().collect();
                state.threads.push(created);
            }
            PublicationStep::UpdateThread { thread, comment, content, properties } => {
                let thread = by_id(state, *thread);
                thread.comments.iter_mut().find(|one| one.id == *comment).unwrap().content = content.clone();
                thread.properties.extend(properties.iter().cloned());
            }
            PublicationStep::ResolveThread { thread: id, reply, status } => {
                let answer = thread(*id, &[("me", reply)]).comments.remove(0);
                let thread = by_id(state, *id);
                thread.comments.push(crate::pull_request::Comment { id: thread.comments.len() as u64 + 1, ..answer });
                thread.status = status.clone();
            }
            PublicationStep::ReopenThread { thread: id, reply } => {
                let answer = thread(*id, &[("me", reply)]).comments.remove(0);
                let thread = by_id(state, *id);
                thread.comments.push(crate::pull_request::Comment { id: thread.comments.len() as u64 + 1, ..answer });
                thread.status = ThreadStatus::Active;
            }
            PublicationStep::SetThreadStatus { thread, status } => by_id(state, *thread).status = status.clone(),
            PublicationStep::CloseThread { thread } => by_id(state, *thread).status = ThreadStatus::Closed,
            PublicationStep::AddLabel(_)
            | PublicationStep::AddReviewer(_)
            | PublicationStep::SetStatus { .. }
            | PublicationStep::SetCheckStatus { .. } => {}
        }
    }
}

fn by_id(state: &mut PullRequestState, id: u64) -> &mut Thread {
    state.threads.iter_mut().find(|thread| thread.id == id).unwrap()
}

fn created(steps: &[PublicationStep]) -> Vec<&NewThread> {
    steps
        .iter()
        .filter_map(|step| match step {
            PublicationStep::CreateThread(new) => Some(new),
            _ => None,
        })
        .collect()
}

fn property<'a>(thread: &'a NewThread, key: &str) -> Option<&'a str> {
    thread.properties.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

#[test]
fn a_first_review_writes_threads_then_the_walkthrough_then_the_status() {
    let one = desired_finding(10, "It overflows.");
    let steps = plan(&state(Vec::new()), &desired(vec![one.clone()]));
    assert_eq!(steps.len(), 3);

    let PublicationStep::CreateThread(found) = &steps[0] else { panic!("{steps:?}") };
    assert_eq!((&found.content, &found.status), (&one.content, &ThreadStatus::Active));
    let anchor = found.anchor.as_ref().unwrap();
    assert_eq!((&anchor.anchor, anchor.iteration, anchor.last_line_utf16), (&one.anchor, 2, 32));
    assert_eq!(property(found, property::KIND), Some("finding"));
    assert_eq!(property(found, property::FINGERPRINT), Some(one.fingerprint.0.as_str()));
    assert_eq!(property(found, property::ITERATION), Some("2"));
    assert_eq!(property(found, property::HEAD), Some(commit('b').as_str()));
    assert_eq!(property(found, property::BASE), Some(commit('0').as_str()));
    assert!(property(found, property::FINDING).unwrap().contains("It overflows."));

    let PublicationStep::CreateThread(about_all) = &steps[1] else { panic!("{steps:?}") };
    assert_eq!((about_all.content.as_str(), &about_all.status, &about_all.anchor), (DONE, &ThreadStatus::Closed, &None));
    assert_eq!(property(about_all, property::KIND), Some("walkthrough"));
    assert_eq!(property(about_all, property::STATE), Some("complete"));
    assert_eq!(property(about_all, property::HEAD), Some(commit('b').as_str()));

    assert_eq!(steps[2], PublicationStep::SetStatus { iteration: 2, status: desired(vec![]).status });
}

#[test]
fn after_any_cut_the_rest_is_written_and_nothing_twice() {
    let mut wish = desired(vec![desired_finding(10, "It overflows."), desired_finding(40, "It leaks.")]);
    let answered = desired_finding(90, "It was slow.");
    let before = {
        let mut before = state(Vec::new());
        let mut earlier = desired(vec![answered]);
        earlier.walkthrough = DONE_AGAIN.to_owned();
        let steps = plan(&before, &earlier);
        apply(&mut before, &steps);
        before
    };
    wish.resolved = vec![1, 1];
    let whole = plan(&before, &wish);
    assert_eq!(whole.len(), 5);
    let mut uncut = before.clone();
    apply(&mut uncut, &whole);
    for cut in 0..=whole.len() {
        let mut now = before.clone();
        apply(&mut now, &whole[..cut]);
        let rest = plan(&now, &wish);
        apply(&mut now, &rest);
        assert_eq!(now.threads, uncut.threads, "cut after {cut} writes");
        assert_eq!(plan(&now, &wish).len(), 1, "only the status is left");
    }
}

#[test]
fn one_fingerprint_is_one_thread() {
    let one = desired_finding(10, "It overflows.");
    let steps = plan(&state(Vec::new()), &desired(vec![one.clone(), one]));
    assert_eq!(created(&steps).len(), 2, "the finding once, and the walkthrough");
}

#[test]
fn what_the_forge_refuses_is_told_in_the_walkthrough_and_the_rest_is_written() {
    let (taken, refused) = (desired_finding(10, "It overflows."), desired_finding(40, "It leaks [x](http://evil)."));
    let before = state(vec![thread(1, &[("me", "finding")])]);
    let mut wish = desired(vec![taken.clone(), refused.clone()]);
    wish.resolved = vec![1];
    for step in plan(&before, &wish) {
        let is_about = match &step {
            PublicationStep::CreateThread(thread) => thread.content == refused.content,
            PublicationStep::ResolveThread { .. } => true,
            _ => false,
        };
        // Neither a walkthrough nor a status can be left out.
        if is_about || !matches!(&step, PublicationStep::CreateThread(thread) if thread.anchor.is_some()) {
            assert_eq!(wish.withhold(&step), is_about, "{step:?}");
        }
    }
    assert_eq!(wish.withheld, Withheld { findings: vec![refused.finding], threads: vec![1], ..Withheld::default() });
    assert_eq!(wish.walkthrough_state(), WalkthroughState::Partial);

    let steps = plan(&before, &wish);
    let threads = created(&steps);
    assert_eq!((threads.len(), steps.len()), (2, 3), "{steps:?}");
    assert_eq!(threads[0].content, taken.content);
    let told = &threads[1].content;
    assert_eq!(
        told.lines().take_while(|line| !line.contains("body")).collect::<Vec<_>>().join("\n"),
        "<!-- coderabbit-agent:walkthrough -->\n\
         > **Reviewed.** all of it\n\n\
         **Azure DevOps refused to take 1 finding as a thread**; told here instead:\n\n\
         - `src/a.rs`, line 40 (high): It leaks x.\n\n\
         **Azure DevOps refused to resolve 1 thread** that the new code answers; please close them by hand.\n"
    );
    assert!(told.ends_with("## Walkthrough\n\nAdds totals.\n"), "{told}");
    let PublicationStep::SetStatus { status, .. } = &steps[2] else { panic!("{steps:?}") };
    assert_eq!(status.description, "1 finding; 1 of them only in the walkthrough");
}

#[test]
fn a_thread_that_somebody_closed_or_deleted_is_not_written_again() {
    let wish = desired(vec![desired_finding(10, "It overflows.")]);
    let mut posted = state(Vec::new());
    let steps = plan(&posted, &wish);
    apply(&mut posted, &steps);
    for change in [
        |thread: &mut Thread| thread.status = ThreadStatus::WontFix,
        |thread: &mut Thread| thread.properties.clear(),
        |thread: &mut Thread| {
            (thread.is_deleted, thread.comments[0].is_deleted) = (true, true);
            thread.comments[0].content.clear();
        },
    ] {
        let mut now = posted.clone();
        change(&mut now.threads[0]);
        assert_eq!(plan(&now, &wish).len(), 1);
    }
}

#[test]
fn somebody_elses_copy_of_our_thread_hides_nothing() {
    let wish = desired(vec![desired_finding(10, "It overflows.")]);
    let mut copied = state(Vec::new());
    let steps = plan(&copied, &wish);
    apply(&mut copied, &steps);
    for thread in &mut copied.threads {
        thread.comments[0].author.id = "author".to_owned();
    }
    assert_eq!(created(&plan(&copied, &wish)).len(), 2);
}

#[test]
fn only_open_threads_of_ours_are_resolved_and_answered_once() {
    let mut threads: Vec<Thread> = (1..=6).map(|id| thread(id, &[("me", "finding")])).collect();
    threads[1].status = ThreadStatus::WontFix;
    threads[2].comments[0].author.id = "author".to_owned();
    threads[3].is_deleted = true;
    let answer = format!("Addressed.\n{}", marker::of_resolution(&commit('b')));
    threads[4] = thread(5, &[("me", "finding"), ("me", &answer)]);
    threads[5] = thread(6, &[("me", "finding"), ("author", &answer)]);
    let mut wish = desired(Vec::new());
    wish.resolved = vec![6, 5, 4, 3, 2, 1, 99];
    let resolutions: Vec<PublicationStep> = plan(&state(threads), &wish)
        .into_iter()
        .filter(|step| matches!(step, PublicationStep::ResolveThread { .. } | PublicationStep::SetThreadStatus { .. }))
        .collect();
    let reply = crate::render::resolution_reply(&commit('b'));
    let status = ThreadStatus::Fixed;
    assert_eq!(
        resolutions,
        [
            PublicationStep::ResolveThread { thread: 1, reply: reply.clone(), status: status.clone() },
            PublicationStep::SetThreadStatus { thread: 5, status: status.clone() },
            PublicationStep::ResolveThread { thread: 6, reply, status },
        ]
    );
}

#[test]
fn what_came_back_is_opened_again_once_and_only_where_it_still_counts_as_fixed() {
    let reopened = |thread| ReopenedFinding { thread, finding: desired_finding(10, "It overflows.").finding };
    let mut wish = desired(Vec::new());
    wish.reopened = [1, 1, 2, 3, 4, 5, 99].map(reopened).to_vec();
    let reply = crate::render::reopening_reply(&commit('b'));
    let earlier = crate::render::reopening_reply(&commit('a'));
    let statuses = [ThreadStatus::Fixed, ThreadStatus::WontFix, ThreadStatus::Active, ThreadStatus::Fixed, ThreadStatus::Fixed];
    let mut threads: Vec<Thread> =
        (1..).zip(statuses).map(|(id, status)| Thread { status, ..thread(id, &[("me", "It overflows.")]) }).collect();
    // Cut between answer and status; opened again for an older head; somebody else's thread.
    threads[3] = Thread { status: ThreadStatus::Fixed, ..thread(4, &[("me", "It overflows."), ("me", &reply)]) };
    threads[0] = Thread { status: ThreadStatus::Fixed, ..thread(1, &[("me", "It overflows."), ("me", &earlier)]) };
    threads[4] = Thread { status: ThreadStatus::Fixed, ..thread(5, &[("author", "It overflows."), ("me", "Fixed.")]) };
    let mut standing = state(threads);
    let steps: Vec<PublicationStep> = plan(&standing, &wish)
        .into_iter()
        .filter(|step| matches!(step, PublicationStep::ReopenThread { .. } | PublicationStep::SetThreadStatus { .. }))
        .collect();
    assert_eq!(
        steps,
        [
            PublicationStep::ReopenThread { thread: 1, reply },
            PublicationStep::SetThreadStatus { thread: 4, status: ThreadStatus::Active },
        ]
    );
    apply(&mut standing, &steps);
    let again = plan(&standing, &wish);
    assert!(
        !again.iter().any(|step| matches!(step, PublicationStep::ReopenThread { .. } | PublicationStep::SetThreadStatus { .. }))
    );
    assert!(wish.withhold(&steps[0]) && wish.withhold(&steps[1]));
    assert_eq!(wish.withheld.findings.len(), 2, "told in the walkthrough instead");
}

#[test]
fn what_was_not_reviewed_does_not_look_reviewed_for_a_thread_that_was_refused() {
    let refused = desired_finding(10, "A secret.");
    let mut wish = DesiredState { walkthrough_state: WalkthroughState::Skipped, ..desired(vec![refused]) };
    let step = plan(&state(Vec::new()), &wish).remove(0);
    assert!(wish.withhold(&step));
    assert_eq!(wish.walkthrough_state(), WalkthroughState::Skipped);
}

fn step(state: &PullRequestState, content: &str, run: WalkthroughState) -> Option<PublicationStep> {
    plan_walkthrough(state, content, run, 2, &commit('b'), &commit('0'))
}

fn in_progress() -> String {
    walkthrough(&WalkthroughInput::InProgress { head: &commit('b'), base: &commit('0'), incremental: true })
}

/// A pull request with a walkthrough of iteration 1.
fn reviewed() -> PullRequestState {
    let mut reviewed = state(Vec::new());
    let first = plan_walkthrough(&reviewed, DONE, WalkthroughState::Complete, 1, &commit('a'), &commit('0'));
    apply(&mut reviewed, &[first.unwrap()]);
    reviewed
}

#[test]
fn a_first_run_in_progress_is_announced_without_looking_reviewed() {
    let PublicationStep::CreateThread(new) = step(&state(Vec::new()), &in_progress(), WalkthroughState::InProgress).unwrap()
    else {
        panic!("a new thread")
    };
    assert_eq!(new.status, ThreadStatus::Closed);
    assert_eq!(property(&new, property::STATE), Some("in_progress"));
    assert_eq!((property(&new, property::HEAD), property(&new, property::ITERATION)), (None, None));
}

#[test]
fn a_later_run_changes_the_status_and_keeps_text_and_record_until_it_is_done() {
    let mut now = reviewed();
    let record = now.threads[0].properties.clone();
    for (content, run, title) in [
        (in_progress(), WalkthroughState::InProgress, "Review in progress."),
        (
            walkthrough(&WalkthroughInput::Failed { head: &commit('b'), problem: "No model.", will_retry: true }),
            WalkthroughState::Failed,
            "Review failed.",
        ),
    ] {
        let update = step(&now, &content, run).unwrap();
        apply(&mut now, &[update]);
        let text = &now.threads[0].comments[0].content;
        assert!(text.contains(title) && text.contains("Adds totals.") && !text.contains("Reviewed."), "{text}");
        assert_eq!(text.matches("<!--").count(), 2, "{text}");
        assert_eq!(now.threads[0].properties, record);
        assert_eq!(step(&now, &content, run), None, "a repeat writes nothing");
    }

    let update = step(&now, DONE_AGAIN, WalkthroughState::Complete).unwrap();
    apply(&mut now, &[update]);
    assert_eq!(now.threads.len(), 1);
    assert_eq!(now.threads[0].comments[0].content, DONE_AGAIN);
    assert_eq!(now.threads[0].properties[property::HEAD], commit('b').to_string());
    assert_eq!(now.threads[0].properties[property::ITERATION], "2");
    assert_eq!(step(&now, DONE_AGAIN, WalkthroughState::Complete), None);
}

#[test]
fn before_the_first_complete_review_the_state_follows_the_run() {
    let mut now = state(Vec::new());
    for (run, title, key) in [
        (WalkthroughState::InProgress, "Begun", "in_progress"),
        (WalkthroughState::Failed, "Failed", "failed"),
        (WalkthroughState::Skipped, "Skipped", "skipped"),
        (WalkthroughState::Partial, "Partly", "partial"),
        (WalkthroughState::InProgress, "Begun again", "partial"),
    ] {
        let text = format!("<!-- coderabbit-agent:walkthrough -->\n> **{title}**\n");
        let written = step(&now, &text, run).unwrap();
        apply(&mut now, &[written]);
        assert_eq!(now.threads.len(), 1);
        assert_eq!(now.threads[0].properties[property::STATE], key);
    }
}

#[test]
fn a_walkthrough_that_a_person_deleted_stays_deleted() {
    for deleted in [
        |thread: &mut Thread| thread.is_deleted = true,
        |thread: &mut Thread| {
            thread.comments[0].is_deleted = true;
            thread.comments[0].content.clear();
        },
    ] {
        let mut now = reviewed();
        deleted(&mut now.threads[0]);
        for run in [WalkthroughState::InProgress, WalkthroughState::Complete] {
            assert_eq!(step(&now, DONE_AGAIN, run), None);
        }
    }
}

#[test]
fn the_marker_finds_the_walkthrough_when_its_properties_are_gone() {
    let mut now = reviewed();
    now.threads[0].properties.clear();
    let Some(PublicationStep::UpdateThread { thread: 1, comment: 1, properties, .. }) =
        step(&now, DONE_AGAIN, WalkthroughState::Complete)
    else {
        panic!("an update")
    };
    assert_eq!(properties.len(), 5);
}

#[test]
fn of_two_walkthroughs_the_older_is_kept_up_to_date() {
    let mut now = reviewed();
    let mut second = now.threads[0].clone();
    second.id = 9;
    now.threads.insert(0, second);
    let update = step(&now, DONE_AGAIN, WalkthroughState::Complete);
    assert!(matches!(update, Some(PublicationStep::UpdateThread { thread: 1, .. })), "{update:?}");
    now.threads[1].is_deleted = true;
    let update = step(&now, DONE_AGAIN, WalkthroughState::Complete);
    assert!(matches!(update, Some(PublicationStep::UpdateThread { thread: 9, .. })), "{update:?}");
}

#[test]
fn line_endings_changed_on_the_way_are_no_difference() {
    let mut now = reviewed();
    now.threads[0].comments[0].content = DONE.replace('\n', "\r\n").trim_end().to_owned();
    assert_eq!(plan_walkthrough(&now, DONE, WalkthroughState::Complete, 1, &commit('a'), &commit('0')), None);
}

#[test]
fn every_property_fits() {
    let mut long = desired_finding(10, &"\u{1}\"é".repeat(400));
    long.finding.quoted_line = "\\\"".repeat(3_000);
    let steps = plan(&state(Vec::new()), &desired(vec![long]));
    for (key, value) in created(&steps).iter().flat_map(|thread| &thread.properties) {
        assert!(value.chars().count() < MAX_PROPERTY_CHARS, "{key}");
    }
}
