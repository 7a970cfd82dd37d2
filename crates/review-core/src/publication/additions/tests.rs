use std::collections::BTreeMap;

use super::{Additions, NewReviewer, PlannedAdditions, plan_additions};
use crate::{
    finding::test_support::{person, state, thread},
    publication::{PublicationStep, Withheld, property},
    pull_request::{PullRequestState, Reviewer},
};

/// A pull request with our walkthrough, whose thread remembers this.
fn standing(remembered: &[(&str, &str)], is_deleted: bool) -> PullRequestState {
    let mut properties = BTreeMap::from([(property::KIND.to_owned(), property::KIND_WALKTHROUGH.to_owned())]);
    properties.extend(remembered.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let mut ours = thread(3, &[("me", "text")]);
    (ours.properties, ours.is_deleted) = (properties, is_deleted);
    state(vec![ours])
}

fn wish(labels: &[&str], reviewers: &[&str]) -> Additions {
    let reviewer = |id: &&str| NewReviewer { id: (*id).to_owned(), name: format!("Mx. {id}") };
    Additions {
        labels: labels.iter().map(|&name| name.to_owned()).collect(),
        reviewers: reviewers.iter().map(reviewer).collect(),
    }
}

fn names(planned: &PlannedAdditions) -> Vec<String> {
    let name = |step: &PublicationStep| match step {
        PublicationStep::AddLabel(name) => format!("label {name}"),
        PublicationStep::AddReviewer(reviewer) => format!("reviewer {}", reviewer.id),
        other => format!("{other:?}"),
    };
    planned.steps.iter().map(name).collect()
}

#[test]
fn each_is_set_once_and_remembered() {
    let planned = plan_additions(&standing(&[], false), &wish(&["Bug", "sql"], &["ANN"]));
    assert_eq!(names(&planned), ["label Bug", "label sql", "reviewer ANN"]);
    let memory: Vec<(&str, &str)> = planned.remembered.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(memory, [(property::LABELS, r#"["bug","sql"]"#), (property::REVIEWERS, r#"["ann"]"#)]);

    let again = plan_additions(&standing(&memory, false), &wish(&["bug", "SQL"], &["ann"]));
    assert_eq!((names(&again), again.remembered), (Vec::<String>::new(), Vec::new()), "taken off by somebody");
}

#[test]
fn what_stands_is_not_set_again_but_remembered() {
    let mut state = standing(&[], false);
    state.pull_request.labels = vec!["BUG".to_owned()];
    state.pull_request.reviewers = vec![Reviewer { person: person("Ann"), vote: 0, is_group: false }];
    let planned = plan_additions(&state, &wish(&["bug"], &["ann"]));
    assert_eq!(names(&planned), Vec::<String>::new());
    assert_eq!(planned.remembered.len(), 2);
}

#[test]
fn nothing_is_set_where_it_could_not_be_remembered() {
    let wish = wish(&["bug"], &["ann"]);
    assert_eq!(names(&plan_additions(&standing(&[], true), &wish)), Vec::<String>::new(), "the walkthrough was deleted");
    let broken = standing(&[(property::LABELS, "{broken"), (property::REVIEWERS, "[]")], false);
    assert_eq!(names(&plan_additions(&broken, &wish)), ["reviewer ann"]);
    let full = format!("[\"{}\"]", "x".repeat(1_995));
    assert_eq!(names(&plan_additions(&standing(&[(property::LABELS, &full)], false), &wish)), ["reviewer ann"]);
    assert_eq!(names(&plan_additions(&state(Vec::new()), &wish)).len(), 2, "the walkthrough is created with them");
}

#[test]
fn what_the_forge_refuses_costs_only_itself() {
    let (mut additions, mut withheld) = (wish(&["bug", "a,b"], &["ann"]), Withheld::default());
    assert!(additions.withhold(&PublicationStep::AddLabel("a,b".to_owned()), &mut withheld));
    assert!(!additions.withhold(&PublicationStep::AddLabel("a,b".to_owned()), &mut withheld));
    let ann = additions.reviewers[0].clone();
    assert!(additions.withhold(&PublicationStep::AddReviewer(ann), &mut withheld));
    assert_eq!((withheld.labels, withheld.reviewers), (vec!["a,b".to_owned()], vec!["Mx. ann".to_owned()]));
    assert_eq!(additions, wish(&["bug"], &[]));
}
