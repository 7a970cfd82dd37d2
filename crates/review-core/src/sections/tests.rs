use std::collections::BTreeSet;

use super::{
    Asked, Material, OtherPullRequest, OtherRepository, OtherWorkItem, Reason, Sections, Surroundings, sections, worth_reading,
};
use crate::{
    configuration::{Configuration, Effective, Layer, Reviews, Source},
    finding::{
        answer::{Addressed, SectionsAnswer},
        test_support::{person, state},
    },
    issue::{Issue, IssueKey, LinkedItem, Tracker},
    mermaid::MermaidError,
    pull_request::{Person, PullRequest, Reviewer, WorkItem},
};

/// The stage of these tests: pull request 7, "Totals", by `author`; we are `me`.
struct Scene {
    reviews: Reviews,
    pull_request: PullRequest,
    work_items: Vec<WorkItem>,
    issues: Vec<Issue>,
    surroundings: Surroundings,
}

impl Scene {
    fn of(configuration: &str) -> Self {
        let layer = Layer::read(Source::Environment, configuration.as_bytes()).unwrap();
        let Configuration { reviews, .. } = Effective::of(vec![layer], Vec::new()).configuration;
        let surroundings = Surroundings { me: "me".to_owned(), ..Surroundings::default() };
        Self { reviews, pull_request: state(Vec::new()).pull_request, work_items: Vec::new(), issues: Vec::new(), surroundings }
    }

    fn material(&self) -> Material<'_> {
        let Self { reviews, pull_request, work_items, issues, surroundings } = self;
        Material { reviews, pull_request, work_items, issues, surroundings }
    }

    /// What stands in the sections after this answer, of a change of `src/a.rs` and `src/b.rs`.
    fn answered(&self, answer: serde_json::Value) -> Sections {
        let answer: SectionsAnswer = serde_json::from_value(answer).unwrap();
        sections(&answer, &self.material(), &BTreeSet::from(["src/a.rs", "src/b.rs"]))
    }

    fn unanswered(&self) -> Sections {
        self.answered(serde_json::json!({}))
    }
}

fn work_item(id: u64) -> WorkItem {
    let text = |text: &str| text.to_owned();
    WorkItem { id, kind: text("Bug"), title: format!("Item {id}"), state: text("New"), text: String::new() }
}

fn other(id: u64, title: &str, files: &[&str]) -> OtherPullRequest {
    OtherPullRequest {
        id,
        repository: None,
        title: title.to_owned(),
        is_completed: true,
        author: named("ann"),
        reviewers: Vec::new(),
        labels: Vec::new(),
        files: Some(files.iter().map(|&path| path.to_owned()).collect()),
        shared_work_items: Vec::new(),
    }
}

fn named(id: &str) -> Person {
    Person { id: id.to_owned(), display_name: format!("Mx. {id}"), unique_name: format!("{id}@contoso.example") }
}

fn approved(id: &str) -> Reviewer {
    Reviewer { person: named(id), vote: 10, is_group: false }
}

#[test]
fn what_is_out_of_range_or_was_not_asked_for_is_not_said() {
    let answer = |complexity: u32, minutes: u32| {
        serde_json::json!({"effort": {"complexity": complexity, "minutes": minutes}, "poem": " Roses \n",
            "diagrams": [{"title": "t", "mermaid": "sequenceDiagram\nA->>B: go"}, {"title": "t", "mermaid": "graph TD"}]})
    };
    let scene = Scene::of("reviews: {poem: true}");
    let all = scene.answered(answer(5, 480));
    assert_eq!(all.effort.map(|effort| (effort.complexity, effort.minutes)), Some((5, 480)));
    assert_eq!((all.poem.as_str(), all.diagrams.len(), all.refused_diagrams.len()), ("Roses", 1, 1));
    assert!(matches!(all.refused_diagrams[0], MermaidError::Syntax { line: 1, .. }));
    for (complexity, minutes) in [(0, 10), (6, 10), (3, 0), (3, 481), (u32::MAX, 1)] {
        assert_eq!(scene.answered(answer(complexity, minutes)).effort, None, "{complexity} {minutes}");
    }
    let off = Scene::of("reviews: {estimate_code_review_effort: false, poem: false, sequence_diagrams: false}");
    assert_eq!(off.answered(answer(3, 10)), Sections::default());
    assert!(Asked::of(&off.material()).has_no_section());
}

#[test]
fn only_linked_work_items_are_assessed_in_their_order() {
    let mut scene = Scene::of("");
    scene.work_items = vec![work_item(12), work_item(7)];
    let objective = |id: u64, objective: &str| serde_json::json!({"work_item": id, "objective": objective, "addressed": "yes"});
    let said = serde_json::json!({
        "objectives": [objective(7, "Taxes"), objective(99, "Invented"), objective(12, "Totals"), objective(12, "Totals"), objective(12, " ")],
        "out_of_scope": [{"path": "./src/a.rs", "change": "Renames"}, {"path": "/etc/passwd", "change": "Reads"}, {"path": "x", "change": ""}],
    });
    let assessment = scene.answered(said.clone()).assessment.unwrap();
    let objectives: Vec<(String, &str)> =
        assessment.objectives.iter().map(|assessed| (assessed.item.name(), assessed.objective.as_str())).collect();
    assert_eq!(objectives, [("12".to_owned(), "Totals"), ("7".to_owned(), "Taxes")]);
    assert_eq!(assessment.objectives[0].addressed, Addressed::Yes);
    let places: Vec<Option<&str>> = assessment.out_of_scope.iter().map(|change| change.path.as_deref()).collect();
    assert_eq!(places, [Some("src/a.rs"), None]);

    assert_eq!(Scene::of("").answered(said.clone()).assessment, None, "nothing is linked");
    let off = "reviews: {assess_linked_issues: false, pre_merge_checks: {issue_assessment: {mode: off}}}";
    let off = Scene { reviews: Scene::of(off).reviews, ..scene };
    assert_eq!(off.answered(said).assessment, None);
}

#[test]
fn issues_of_trackers_are_assessed_behind_work_items_and_only_those_that_are_named() {
    let mut scene = Scene::of("");
    scene.work_items = vec![work_item(12)];
    let key = IssueKey::parse("CR-5").unwrap();
    let url = Tracker::Jira.page_of("https://jira.example", &key, None);
    scene.issues = vec![Issue::new(Tracker::Jira, key, url.clone(), ["Search", "Open", ""])];
    let objective = |item: &str| serde_json::json!({"work_item": item, "objective": format!("of {item}"), "addressed": "yes"});
    let said = serde_json::json!({"objectives": [objective("cr-5"), objective("CR-6"), objective("12")]});
    let assessment = scene.answered(said).assessment.unwrap();
    let items: Vec<LinkedItem> = assessment.objectives.into_iter().map(|assessed| assessed.item).collect();
    assert_eq!(items, [LinkedItem::WorkItem(12), LinkedItem::Issue { key: "CR-5".to_owned(), url }]);
}

#[test]
fn related_pull_requests_share_work_items_rare_files_or_words_of_the_title() {
    let mut scene = Scene::of("");
    scene.pull_request.title = "Count the totals of a cart".to_owned();
    let mut linked = other(1, "Elsewhere", &["z.rs"]);
    linked.shared_work_items = vec![12];
    scene.surroundings.pull_requests = vec![
        linked,
        other(2, "Fix the totals of the cart", &["z.rs"]),
        other(3, "Something", &["src/a.rs", "src/b.rs", "src/b.rs"]),
        other(4, "Count stars", &["z.rs"]),
        OtherPullRequest { files: None, ..other(5, "Not read", &[]) },
        OtherPullRequest { is_completed: false, ..other(6, "Something else", &["src/a.rs"]) },
    ];
    let related = scene.unanswered().related_pull_requests;
    let told: Vec<(u64, usize, Vec<&str>)> =
        related.iter().map(|found| (found.id, found.files.len(), found.words.iter().map(String::as_str).collect())).collect();
    assert_eq!(told, [(1, 0, vec![]), (3, 2, vec![]), (2, 0, vec!["cart", "totals"])]);
    assert_eq!(related[1].files, ["src/b.rs", "src/a.rs"], "the rarest first");
    assert!(related[0].is_completed && related[0].work_items == [12]);

    let many = (10..30).map(|id| other(id, "x", &["src/a.rs"]));
    scene.surroundings.pull_requests.extend(many);
    assert_eq!(scene.unanswered().related_pull_requests.len(), 3, "a file that all change says nothing");
    scene.reviews.related_prs = false;
    assert_eq!(scene.unanswered().related_pull_requests, []);
}

#[test]
fn files_are_read_of_what_may_be_related_and_of_the_newest() {
    let active = |id, title: &str| OtherPullRequest { is_completed: false, ..other(id, title, &[]) };
    let mut linked = active(3, "x");
    linked.shared_work_items = vec![12];
    let others =
        [active(9, "Unrelated"), other(8, "x", &[]), other(7, "x", &[]), other(6, "Cart", &[]), active(4, "Cart totals"), linked];
    assert_eq!(worth_reading("Totals of the cart", others.iter(), 4), [4, 3, 8, 7]);
    assert_eq!(worth_reading("Totals of the cart", others.iter(), 0), [0_u64; 0]);
}

#[test]
fn pull_requests_of_other_repositories_are_related_by_people_and_titles_and_not_by_paths() {
    let mut scene = Scene::of("");
    scene.pull_request.title = "Search orders quickly".to_owned();
    let elsewhere = |id, title: &str| OtherPullRequest {
        repository: Some(OtherRepository { name: "web".to_owned(), url: "https://x/_git/web".to_owned() }),
        ..other(id, title, &["src/a.rs"])
    };
    let mut linked = elsewhere(3, "x");
    linked.shared_work_items = vec![12];
    scene.surroundings.elsewhere = vec![elsewhere(1, "Unlike"), elsewhere(2, "Orders found quickly"), linked];
    let related = scene.unanswered().related_pull_requests;
    assert_eq!(related.iter().map(|one| one.id).collect::<Vec<_>>(), [3, 2]);
    assert!(related.iter().all(|one| one.files.is_empty() && one.repository.is_some()));
    let asked = Asked::of(&scene.material());
    assert!(asked.reviewers.is_empty() && asked.labels.is_empty(), "they suggest nobody and nothing");
}

#[test]
fn related_work_items_are_those_that_the_forge_links() {
    let mut scene = Scene::of("");
    let linked = |id| OtherWorkItem { work_item: work_item(id), linked_from: 12 };
    scene.surroundings.work_items = (20..30).map(linked).collect();
    let related = scene.unanswered().related_work_items;
    assert_eq!((related.len(), related[0].id, related[0].linked_from), (5, 20, 12));
    scene.reviews.related_issues = false;
    assert_eq!(scene.unanswered().related_work_items, []);
}

fn label_names(sections: &Sections) -> Vec<&str> {
    sections.labels.iter().map(|label| label.name.as_str()).collect()
}

#[test]
fn labels_are_those_of_the_team_and_exclude_each_other() {
    let mut scene = Scene::of("reviews: {mutually_exclusive_groups: {size: [small, Large], kind: [bug, feature]}}");
    let labelled = |id, labels: &[&str]| OtherPullRequest {
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        ..other(id, "x", &[])
    };
    scene.surroundings.pull_requests =
        vec![labelled(1, &["Large", "bug"]), labelled(2, &["BUG", "small", "sql"]), labelled(3, &["bug", "feature"])];
    let offered: Vec<String> = Asked::of(&scene.material()).labels.into_iter().map(|label| label.name).collect();
    assert_eq!(offered, ["bug", "Large", "feature", "small", "sql"], "the most used first, in one spelling");
    let answer = |names: &[&str]| {
        let labels: Vec<_> = names.iter().map(|name| serde_json::json!({"label": name, "reason": "fits"})).collect();
        serde_json::json!({ "labels": labels })
    };
    let all = answer(&["LARGE", "small", "invented", "sql", "Large", "feature", "bug"]);
    assert_eq!(label_names(&scene.answered(all.clone())), ["Large", "sql", "feature"]);
    scene.pull_request.labels = vec!["Small".to_owned(), "SQL".to_owned()];
    assert_eq!(label_names(&scene.answered(all.clone())), ["feature"], "what stands counts first");

    scene.reviews.suggested_labels = false;
    assert_eq!(label_names(&scene.answered(all.clone())), Vec::<&str>::new());
    let instructed = Scene::of("reviews: {labeling_instructions: [{label: docs, instructions: For texts.}]}");
    let scene = Scene { reviews: instructed.reviews, ..scene };
    assert_eq!(label_names(&scene.answered(answer(&["docs", "feature"]))), ["docs"], "only these");
}

#[test]
fn reviewers_are_who_wrote_or_approved_what_changed_the_same_files() {
    let mut scene = Scene::of("");
    let by = |id, author: &str, reviewers: Vec<Reviewer>, files: &[&str]| OtherPullRequest {
        author: named(author),
        reviewers,
        ..other(id, "x", files)
    };
    let group = Reviewer { is_group: true, ..approved("team") };
    let silent = Reviewer { vote: 0, ..approved("silent") };
    let robot = Person { unique_name: "Build\\1234".to_owned(), ..named("robot") };
    scene.surroundings.pull_requests = vec![
        by(1, "author", vec![approved("ben"), group, silent, approved("me")], &["src/a.rs", "src/b.rs"]),
        by(2, "ann", vec![approved("ben")], &["src/a.rs"]),
        by(3, "elsewhere", vec![approved("nobody")], &["z.rs"]),
        OtherPullRequest { is_completed: false, ..by(4, "active", Vec::new(), &["src/a.rs"]) },
        OtherPullRequest { author: robot, ..by(5, "x", Vec::new(), &["src/a.rs"]) },
    ];
    let suggested = |scene: &Scene| -> Vec<(String, Reason)> {
        scene.unanswered().reviewers.into_iter().map(|reviewer| (reviewer.person.id, reviewer.reason)).collect()
    };
    let files = |pull_requests, files: &[&str]| Reason::Files {
        pull_requests,
        files: files.iter().map(|&path| path.to_owned()).collect(),
    };
    let (ben, ann) = (files(2, &["src/a.rs", "src/b.rs"]), files(1, &["src/a.rs"]));
    assert_eq!(suggested(&scene), [("ben".to_owned(), ben), ("ann".to_owned(), ann.clone())]);
    scene.pull_request.reviewers = vec![approved("BEN")];
    assert_eq!(suggested(&scene), [("ann".to_owned(), ann)], "who is asked already is not suggested");
    scene.reviews.suggested_reviewers = false;
    assert_eq!(suggested(&scene), []);
    scene.reviews.auto_assign_reviewers = true;
    assert_eq!(suggested(&scene).len(), 1);
}

#[test]
fn with_instructions_the_model_chooses_among_people_that_the_forge_knows() {
    let rules = "reviews: {suggested_reviewers_instructions: [{reviewers: [{handle: ann}, {handle: Ghost}, {handle: '@AUTHOR'}, \
                 {handle: team, type: group}, {handle: ben, type: group}], instructions: For SQL.}]}";
    let mut scene = Scene::of(rules);
    scene.pull_request.author = person("author");
    let group = Reviewer { is_group: true, ..approved("team") };
    scene.surroundings.pull_requests =
        vec![OtherPullRequest { reviewers: vec![group, approved("ben"), approved("author")], ..other(1, "x", &["src/a.rs"]) }];
    let handles: Vec<String> = Asked::of(&scene.material()).reviewers.into_iter().map(|offered| offered.handle).collect();
    assert_eq!(handles, ["ann", "team"]);
    let chosen = |name: &str| serde_json::json!({"reviewer": name, "reason": " knows SQL "});
    let answer =
        serde_json::json!({"reviewers": [chosen("Ghost"), chosen("Mx. ann"), chosen("ANN"), chosen("ben"), chosen("team")]});
    let reviewers = scene.answered(answer).reviewers;
    let told: Vec<&str> = reviewers.iter().map(|reviewer| reviewer.person.id.as_str()).collect();
    assert_eq!(told, ["ann", "team"]);
    assert_eq!(reviewers[0].reason, Reason::Said("knows SQL".to_owned()));
    assert_eq!(scene.unanswered().reviewers, [], "nobody is guessed");
}
