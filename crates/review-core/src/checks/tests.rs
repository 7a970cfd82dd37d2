use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    configuration::{CustomCheck, DocstringCheck, Reviews},
    finding::{
        answer::Addressed,
        test_support::{commit, state, thread},
    },
    issue::LinkedItem,
    publication::{CheckState, property},
    pull_request::{PullRequestState, ThreadStatus},
    scope::Reviewed,
    sections::{AssessedObjective, Assessment},
};

fn is_failed(ruling: &Ruling) -> bool {
    matches!(ruling, Ruling::Failed { .. })
}

#[test]
fn titles_that_say_nothing_fail() {
    let cases: &[(bool, &[&str])] = &[
        (
            true,
            &[
                "",
                "  ",
                "WIP",
                "[WIP] fix",
                "Update",
                "fixes & updates",
                "Bug 1234",
                "...",
                "TBD: title",
                "Merge branch into main",
            ],
        ),
        (true, &["feature/add-search", "Feature-add-search", "feature_add_search"]),
        (
            false,
            &["Add search", "Fix typo in README", "feature: add search", "検索を追加する", "Refactoring", "Bump serde to 1.0.2"],
        ),
    ];
    for (fails, titles) in cases {
        for title in *titles {
            assert_eq!(is_failed(&title_ruling(title, "refs/heads/feature/add-search")), *fails, "{title:?}");
        }
    }
}

#[test]
fn descriptions_that_say_nothing_fail() {
    let reviews = Reviews::default();
    let template = "# What\n<!-- Say what it does. -->\n\n## Checklist\n- [ ] Tests\r\n- [ ] Documentation\n";
    let ticked = "# What\r\n\r\n## Checklist\r\n- [x] Tests\r\n- [ ] Documentation";
    let filled = "# What\nThe totals are kept in cents.\n\n## Checklist\n- [x] Tests\n- [ ] Documentation";
    let cases = [
        (true, "", None),
        (true, " \n<!-- nothing\nhere -->\n", None),
        (true, "@CodeRabbitAI summary", None),
        (true, "Add search", None),
        (true, "see above", None),
        (true, template, Some(template)),
        (true, ticked, Some(template)),
        (false, filled, Some(template)),
        (false, ticked, None),
        (false, "検索を追加", None),
        (false, "Adds an index of names, see the design.\n\n@coderabbitai summary", None),
    ];
    for (fails, description, template) in cases {
        assert_eq!(is_failed(&description_ruling(description, "Add search", template, &reviews)), fails, "{description:?}");
    }
}

#[test]
fn where_the_agent_summarizes_no_description_is_wanted() {
    let summarized = Reviews { high_level_summary: true, ..Reviews::default() };
    let ruling = description_ruling("", "Add search", None, &summarized);
    assert!(matches!(ruling, Ruling::Skipped { .. }), "{ruling:?}");
    let elsewhere = Reviews { high_level_summary_in_walkthrough: true, ..summarized };
    assert!(is_failed(&description_ruling("", "Add search", None, &elsewhere)));
}

fn objective(addressed: Addressed, text: &str) -> AssessedObjective {
    AssessedObjective { item: LinkedItem::WorkItem(7), objective: text.to_owned(), addressed, explanation: String::new() }
}

#[test]
fn links_that_cannot_be_read_are_no_missing_links_and_every_objective_has_to_be_addressed() {
    let passed = || Ruling::Passed { why: "yes".to_owned() };
    let without = |linked: &Linked| linked_ruling(linked, &NamedIssues::NoTracker, passed());
    assert!(is_failed(&without(&Linked::Items(Vec::new()))));
    assert!(matches!(without(&Linked::Unknown), Ruling::Inconclusive { .. }));
    assert_eq!(without(&Linked::Items(vec![7, 9])), passed());

    let none = Linked::Items(Vec::new());
    let named = NamedIssues::Known(vec!["CR-5".to_owned()]);
    for linked in [&none, &Linked::Unknown] {
        assert_eq!(linked_ruling(linked, &named, passed()), passed(), "an issue that is named counts as linked");
    }
    assert!(matches!(linked_ruling(&none, &NamedIssues::Unknown, passed()), Ruling::Inconclusive { .. }));
    let Ruling::Failed { why, .. } = linked_ruling(&none, &NamedIssues::Known(Vec::new()), passed()) else {
        panic!("nothing is linked, and nothing is named")
    };
    assert!(why.contains("name no issue that its tracker knows"), "{why}");

    let judged = |said: &[AssessedObjective]| {
        let assessment = Assessment { objectives: said.to_vec(), ..Assessment::default() };
        objectives(&assessment).map(|judgement| (judgement.verdict, judgement.reasoning))
    };
    let (yes, no, unclear) =
        (objective(Addressed::Yes, "Search"), objective(Addressed::No, "Sort."), objective(Addressed::Unclear, "Log"));
    assert_eq!(judged(&[]), None);
    assert_eq!(
        judged(&[yes.clone(), no, unclear.clone()]),
        Some((CheckVerdict::Fail, "1 of 3 objectives of the linked work items not addressed. Sort (work item 7).".to_owned()))
    );
    assert_eq!(judged(&[yes.clone(), unclear]).unwrap().0, CheckVerdict::Inconclusive);
    assert_eq!(judged(&[yes]), Some((CheckVerdict::Pass, "1 objective of the linked work items addressed.".to_owned())));
}

#[test]
fn documentation_is_counted_against_the_threshold() {
    let coverage = |documented: usize, without: usize, unread: usize| DocstringCoverage {
        documented,
        undocumented: (1..=without)
            .map(|number| Undocumented {
                path: "src/a.py".to_owned(),
                line: u32::try_from(number).unwrap(),
                name: format!("f{number}"),
            })
            .collect(),
        unread,
    };
    let ruling = |coverage: &DocstringCoverage| docstring_ruling(coverage, &DocstringCheck::default());
    assert!(matches!(ruling(&coverage(0, 0, 0)), Ruling::Skipped { .. }));
    assert!(matches!(ruling(&coverage(0, 0, 1)), Ruling::Inconclusive { .. }));
    assert!(matches!(ruling(&coverage(4, 1, 0)), Ruling::Passed { .. }), "80 % are enough");
    let Ruling::Failed { why, resolution } = ruling(&coverage(10, 10, 2)) else { panic!("half is not enough") };
    assert_eq!(
        why,
        "10 of 20 functions and types are documented (50 %); at least 80 % are wanted. 2 files were too large to be read, and not counted."
    );
    assert!(resolution.starts_with("Document `f1` (`src/a.py:1`), ") && resolution.ends_with(", 2 more."), "{resolution}");
    let never = DocstringCheck { threshold: 0.0, ..DocstringCheck::default() };
    assert!(matches!(docstring_ruling(&coverage(0, 3, 0), &never), Ruling::Passed { .. }));
}

fn custom(name: &str, instructions: &str, mode: Mode) -> CustomCheck {
    CustomCheck { mode, name: name.to_owned(), instructions: instructions.to_owned() }
}

#[test]
fn names_of_teams_become_stable_and_unique_names_of_statuses() {
    let names = ["No hacks", "no-hacks", "No hacks", "Größe", "!!!", "../../etc", "a".repeat(60).as_str()].map(str::to_owned);
    let slugs = status::custom_slugs(names.iter().map(String::as_str));
    assert_eq!(slugs[0], "custom-no-hacks");
    assert!(slugs[1].starts_with("custom-no-hacks-") && slugs[2].starts_with("custom-no-hacks-"), "{slugs:?}");
    assert!(slugs[3].starts_with("custom-gr-e-") && slugs[5].starts_with("custom-etc-"), "{slugs:?}");
    assert_eq!(slugs[6].len(), 57);
    // A check that is added behind, and one that is switched off, rename no other.
    assert_eq!(status::custom_slugs(names.iter().take(2).map(String::as_str)), slugs[..2]);
    let checks = PreMergeChecks {
        custom_checks: vec![custom("No hacks", "x", Mode::Off), custom("No-hacks", "x", Mode::Error)],
        ..PreMergeChecks::default()
    };
    assert_eq!(wanted(&checks).last().unwrap().slug, status::custom_slugs(["No hacks", "No-hacks"].into_iter())[1]);
}

proptest! {
    #[test]
    fn whatever_checks_are_called_their_statuses_differ_and_are_short(names in prop::collection::vec(".{0,60}", 0..20)) {
        let slugs = status::custom_slugs(names.iter().map(String::as_str));
        let unique: std::collections::BTreeSet<&String> = slugs.iter().collect();
        prop_assert_eq!(unique.len(), names.len());
        for slug in &slugs {
            prop_assert!(slug.len() <= 80 && slug.chars().all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'));
        }
    }

    #[test]
    fn whatever_is_said_of_checks_none_passes_that_was_not_answered(text in ".{0,200}") {
        let mut answers = Answers::default();
        let batch = vec![question("one"), question("two")];
        if let Ok(answer) = serde_json::from_str::<ChecksAnswer>(&text) {
            answers.take_up(&batch, &answer);
        }
        if !text.contains("pass") {
            let passed = matches!(answers.ruling("one", 0), Ruling::Passed { .. });
            prop_assert!(!passed);
        }
    }
}

fn question(slug: &str) -> Question {
    Question { slug: slug.to_owned(), name: slug.to_owned(), instructions: "Passes.".to_owned() }
}

#[test]
fn states_of_statuses_follow_outcome_and_mode() {
    let cases = [
        (Ruling::Passed { why: "yes".to_owned() }, Mode::Error, CheckState::Succeeded),
        (Ruling::Failed { why: "no".to_owned(), resolution: String::new() }, Mode::Error, CheckState::Failed),
        (Ruling::Failed { why: "no".to_owned(), resolution: String::new() }, Mode::Warning, CheckState::Succeeded),
        (Ruling::Inconclusive { why: "who knows".to_owned() }, Mode::Error, CheckState::Pending),
        (Ruling::Inconclusive { why: "who knows".to_owned() }, Mode::Warning, CheckState::NotApplicable),
        (Ruling::Skipped { why: "nothing".to_owned() }, Mode::Error, CheckState::NotApplicable),
    ];
    for (ruling, mode, expected) in cases {
        let title = Wanted { subject: Subject::Title, slug: "title".to_owned(), name: "Title".to_owned(), mode };
        let result = CheckResult::of(&title, ruling.clone());
        let [status] = statuses(&[result]).try_into().unwrap();
        assert_eq!((status.name.as_str(), status.status.state), ("check/title", expected), "{ruling:?} {mode:?}");
        if matches!(ruling, Ruling::Failed { .. }) && mode == Mode::Warning {
            assert_eq!(status.status.description, "Warning, which holds nothing up: no");
        }
    }
}

#[test]
fn a_status_that_stands_is_not_written_again() {
    let status = |name: &str, state, description: &str| CheckStatus {
        name: name.to_owned(),
        status: crate::publication::DesiredStatus { state, description: description.to_owned() },
    };
    let long = "Failed: the description says next to nothing";
    let wanted =
        vec![status("check/title", CheckState::Succeeded, "Passed: yes"), status("check/description", CheckState::Failed, long)];
    assert_eq!(missing(wanted.clone(), &wanted), []);
    let cut = [wanted[0].clone(), status("check/description", CheckState::Failed, "Failed: the description says")];
    assert_eq!(missing(wanted.clone(), &cut), [], "the service may cut the words");
    let other = [status("check/title", CheckState::Pending, "Passed: yes")];
    assert_eq!(missing(wanted.clone(), &other), wanted);
}

#[test]
fn only_checks_that_can_hold_up_are_pending_while_nothing_is_known() {
    let mut checks = PreMergeChecks::default();
    assert_eq!(unchecked(&checks, "The review is under way."), []);
    checks.title.mode = Mode::Error;
    checks.custom_checks = vec![custom("Has tests", "x", Mode::Error), custom("Has docs", "x", Mode::Warning)];
    let names: Vec<String> = unchecked(&checks, "The review is under way.").into_iter().map(|status| status.name).collect();
    assert_eq!(names, ["check/title", "check/custom-has-tests"]);
}

#[test]
fn models_may_answer_in_many_forms_and_what_is_unclear_is_inconclusive() {
    let batch = [question("a"), question("b"), question("c")];
    let said = |answer: serde_json::Value| {
        let mut answers = Answers::default();
        answers.take_up(&batch, &serde_json::from_value(answer).unwrap());
        ["a", "b", "c"].map(|slug| answers.of(slug).map(|judgement| judgement.verdict))
    };
    let (pass, fail, unsure) = (Some(CheckVerdict::Pass), Some(CheckVerdict::Fail), Some(CheckVerdict::Inconclusive));
    let entry = |check: serde_json::Value, verdict: serde_json::Value| json!({ "check": check, "verdict": verdict });
    let cases = [
        (json!({ "checks": [entry(json!(1), json!("pass")), entry(json!("check 2"), json!("FAILED"))] }), [pass, fail, None]),
        (json!([entry(json!("3"), json!(true)), entry(json!(9), json!("pass"))]), [None, None, pass]),
        (entry(json!(1), json!("mostly")), [unsure, None, None]),
        (json!({ "checks": [entry(json!(1), json!("pass")), entry(json!(1), json!("fail"))] }), [None, None, None]),
        (json!({ "checks": null }), [None, None, None]),
        (json!({ "checks": [{ "verdict": "pass" }, 7, null] }), [None, None, None]),
    ];
    for (answer, expected) in cases {
        assert_eq!(said(answer.clone()), expected, "{answer}");
    }
    assert!(serde_json::from_value::<ChecksAnswer>(json!("all pass")).is_err());
}

#[test]
fn what_passes_on_a_part_of_the_change_is_inconclusive() {
    let mut answers = Answers::default();
    let answer = json!([{ "check": 1, "verdict": "pass", "reasoning": "No hack is added." }, { "check": 2, "verdict": "fail" }]);
    answers.take_up(&[question("a"), question("b")], &serde_json::from_value(answer).unwrap());
    assert!(matches!(answers.ruling("a", 0), Ruling::Passed { .. }));
    let Ruling::Inconclusive { why } = answers.ruling("a", 2) else { panic!("two files were not read") };
    assert_eq!(why, "2 files were not read. Of the rest: No hack is added.");
    assert!(is_failed(&answers.ruling("b", 2)), "what fails on a part fails");
}

#[test]
fn many_checks_are_asked_in_portions() {
    let questions = |count: usize, length: usize| vec![Question { instructions: "x".repeat(length), ..question("a") }; count];
    let sizes = |questions| batches(questions).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes(questions(0, 1)), [0; 0]);
    assert_eq!(sizes(questions(23, 10)), [10, 10, 3]);
    assert_eq!(sizes(questions(5, 10_000)), [2, 2, 1]);
}

#[test]
fn only_who_wants_a_model_to_judge_is_asked_to_pay_for_one() {
    let checks = PreMergeChecks::default();
    assert!(custom_questions(&checks).is_empty() && requirements_question(&checks).is_none());
    let strict = PreMergeChecks { custom_checks: vec![custom("Has tests", "x", Mode::Warning)], ..PreMergeChecks::default() };
    assert_eq!(custom_questions(&strict).len(), 1);
}

// ------------------------------------------------------------------------------------------------ later looks

#[test]
fn a_later_look_judges_again_what_changed_without_a_push_and_nothing_else() {
    let mut reviews = Reviews::default();
    let mut pull_request = state(Vec::new()).pull_request;
    pull_request.title = "WIP".to_owned();
    pull_request.description = String::new();
    let (none, coverage, answers) = (Linked::Items(Vec::new()), DocstringCoverage::default(), Answers::default());
    let facts = |pull_request, linked| Facts {
        pull_request,
        template: None,
        linked,
        issues: &NamedIssues::NoTracker,
        coverage: &coverage,
        unread: 0,
        is_read: true,
        answers: &answers,
        is_later: true,
    };
    let outcomes = |results: &[CheckResult]| results.iter().map(|result| result.outcome.word()).collect::<Vec<_>>().join(" ");
    let first = results(&reviews, &facts(&pull_request, &none));
    assert_eq!(outcomes(&first), "Warning Warning Warning Skipped");
    let report = CheckReport { results: first, title: "WIP".to_owned(), linked: Some(Vec::new()), ..CheckReport::default() };
    assert_eq!(refreshed(&reviews, &report, &facts(&pull_request, &none)), report.results);

    let mended = crate::pull_request::PullRequest {
        title: "Add search".to_owned(),
        description: "Names are found by their beginning.".to_owned(),
        ..pull_request.clone()
    };
    let linked = Linked::Items(vec![7]);
    assert_eq!(outcomes(&refreshed(&reviews, &report, &facts(&mended, &linked))), "Passed Passed Inconclusive Skipped");
    let named = NamedIssues::Known(vec!["CR-5".to_owned()]);
    let now = refreshed(&reviews, &report, &Facts { issues: &named, ..facts(&pull_request, &none) });
    assert_eq!(outcomes(&now), "Warning Warning Inconclusive Skipped", "an issue was named since");
    let away = Facts { issues: &NamedIssues::Unknown, ..facts(&pull_request, &none) };
    assert_eq!(refreshed(&reviews, &report, &away), report.results, "what nobody knows changes nothing");
    reviews.pre_merge_checks.title.mode = Mode::Error;
    reviews.pre_merge_checks.docstrings.mode = Mode::Off;
    assert_eq!(outcomes(&refreshed(&reviews, &report, &facts(&pull_request, &linked))), "Failed Warning Inconclusive");
}

// ------------------------------------------------------------------------------------------------ votes

fn reviewed() -> Reviewed {
    Reviewed { iteration: 1, head: commit('a'), base: commit('0') }
}

fn complete() -> CheckReport {
    CheckReport { is_complete: true, ..CheckReport::default() }
}

/// A pull request whose newest iteration was reviewed, with threads of ours of these statuses.
fn with_findings(statuses: &[ThreadStatus]) -> PullRequestState {
    let threads = (1..).zip(statuses).map(|(id, status)| {
        let mut thread = thread(id, &[("me", "A finding.")]);
        thread.properties.insert(property::FINGERPRINT.to_owned(), format!("{id:040}"));
        thread.status = status.clone();
        thread
    });
    let mut state = state(threads.collect());
    let newest = state.iterations.last_mut().unwrap();
    (newest.id, newest.head, newest.base) = (1, commit('a'), commit('0'));
    state.iterations.drain(..state.iterations.len() - 1);
    state.pull_request.author.id = "somebody".to_owned();
    state
}

#[test]
fn an_approval_needs_all_of_its_conditions() {
    use ThreadStatus::{Active, ByDesign, Closed, Fixed, Other, Pending, WontFix};
    let settled = with_findings(&[Fixed, WontFix, ByDesign, Closed]);
    let vote = |state: &PullRequestState, report: &CheckReport| ballot(state, Some(report), Some(&reviewed())).vote;
    assert_eq!(vote(&settled, &complete()), Vote::Approve);
    assert_eq!(vote(&with_findings(&[]), &complete()), Vote::Approve);
    for open in [Active, Pending] {
        assert_eq!(vote(&with_findings(&[Fixed, open]), &complete()), Vote::WaitForAuthor);
    }
    assert_eq!(vote(&with_findings(&[Other("byMagic".to_owned())]), &complete()), Vote::None);
    assert_eq!(vote(&settled, &CheckReport::default()), Vote::None, "a review that was not complete");
    let on_word = CheckReport { unproven: vec![1], ..complete() };
    assert_eq!(vote(&settled, &on_word), Vote::Approve, "a person resolved it");
    let mut by_us = settled.clone();
    by_us.threads[0] = thread(1, &[("me", "A finding."), ("me", &crate::render::marker::of_resolution(&commit('a')))]);
    by_us.threads[0].properties.clone_from(&settled.threads[0].properties);
    by_us.threads[0].status = Fixed;
    assert_eq!(vote(&by_us, &complete()), Vote::Approve);
    assert_eq!(vote(&by_us, &on_word), Vote::None, "a model's word alone");
    assert_eq!(vote(&with_findings(&[Closed]), &on_word), Vote::Approve, "a person closed it");

    let check = |mode, ruling| CheckReport {
        results: vec![CheckResult::of(
            &Wanted { subject: Subject::Title, slug: "title".to_owned(), name: "Title".to_owned(), mode },
            ruling,
        )],
        ..complete()
    };
    let fails = || Ruling::Failed { why: String::new(), resolution: String::new() };
    let unsure = || Ruling::Inconclusive { why: String::new() };
    assert_eq!(vote(&settled, &check(Mode::Error, fails())), Vote::WaitForAuthor);
    assert_eq!(vote(&settled, &check(Mode::Warning, fails())), Vote::Approve);
    assert_eq!(vote(&settled, &check(Mode::Error, unsure())), Vote::None);
    assert_eq!(vote(&settled, &check(Mode::Warning, unsure())), Vote::Approve);

    let mut own = settled.clone();
    own.pull_request.author.id = "ME".to_owned();
    assert_eq!(vote(&own, &complete()), Vote::None, "the agent's own pull request");
    let mut draft = settled.clone();
    draft.pull_request.is_draft = true;
    assert_eq!(vote(&draft, &complete()), Vote::None);
}

#[test]
fn nothing_but_the_newest_iteration_counts() {
    let state = with_findings(&[]);
    let vote = |reviewed: Option<&Reviewed>| ballot(&state, Some(&complete()), reviewed).vote;
    assert_eq!(vote(None), Vote::None);
    assert_eq!(vote(Some(&Reviewed { head: commit('b'), ..reviewed() })), Vote::None);
    assert_eq!(vote(Some(&Reviewed { base: commit('b'), ..reviewed() })), Vote::None, "retargeted");
    assert_eq!(vote(Some(&Reviewed { iteration: 2, ..reviewed() })), Vote::None);
    assert_eq!(ballot(&state, None, Some(&reviewed())).vote, Vote::None, "nothing is known of its checks");
}
