use proptest::prelude::*;

use super::*;
use crate::{finding::test_support::state, pull_request::PullRequest};

const HOST: &str = "https://contoso.atlassian.net";

fn pull_request(title: &str, description: &str, branch: &str) -> PullRequest {
    let source_ref = format!("refs/heads/{branch}");
    PullRequest { title: title.to_owned(), description: description.to_owned(), source_ref, ..state(Vec::new()).pull_request }
}

fn named_in(title: &str, description: &str, branch: &str, projects: &[&str]) -> Vec<String> {
    let projects: Vec<String> = projects.iter().map(|&project| project.to_owned()).collect();
    let keys = named_keys(&pull_request(title, description, branch), HOST, &projects);
    keys.iter().map(ToString::to_string).collect()
}

#[test]
fn keys_are_found_where_people_write_them() {
    let table: &[(&str, &[&str])] = &[
        ("CR-5 Search orders", &["CR-5"]),
        ("Search orders (CR-5, CR-6)", &["CR-5", "CR-6"]),
        ("Closes CR-5, fixes ENG-123.", &["CR-5", "ENG-123"]),
        ("[CR-5]: search", &["CR-5"]),
        ("CR-5", &["CR-5"]),
        ("CR-5 and CR-5 again", &["CR-5"]),
        ("A_B2-77 holds", &["A_B2-77"]),
        ("as cr-5 says", &[]),
        ("UTF-8 and CVE-2024-1234", &["UTF-8"]),
        ("RFC-7231.2", &[]),
        ("CR-5. Then CR-6.", &["CR-5", "CR-6"]),
        ("X-1 is too short, CR-0 is none, CR-05 neither", &[]),
        ("path/CR-5.txt and id#CR-5", &[]),
        ("äCR-5 ✓CR-6", &["CR-5", "CR-6"]),
        ("", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(named_in(text, "", "main", &[]), *expected, "{text}");
        assert_eq!(named_in("", text, "main", &[]), *expected, "{text}");
    }
}

#[test]
fn addresses_name_an_issue_only_on_the_host_itself() {
    let table: &[(&str, &[&str])] = &[
        ("https://contoso.atlassian.net/browse/CR-5", &["CR-5"]),
        ("[CR-5](https://contoso.atlassian.net/browse/CR-5)", &["CR-5"]),
        ("<https://CONTOSO.atlassian.net/browse/cr-5>", &["CR-5"]),
        ("https://contoso.atlassian.net/jira/boards/1?x=1&selectedIssue=CR-5", &["CR-5"]),
        ("https://contoso.atlassian.net/jira/software/c/projects/CR/issues/CR-5/?filter=1", &["CR-5"]),
        ("https://contoso.atlassian.net/wiki/CR-5", &[]),
        ("https://evil.example/browse/CR-5", &[]),
        ("https://contoso.atlassian.net.evil.example/browse/CR-5", &[]),
        ("https://contoso.atlassian.net@evil.example/browse/CR-5", &[]),
        ("https://evil.example/?u=https://contoso.atlassian.net/browse/CR-5", &[]),
        ("https://contoso.atlassian.net", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(named_in("", text, "main", &[]), *expected, "{text}");
    }
}

#[test]
fn branches_name_issues_in_either_case_at_the_beginning_of_their_parts() {
    let table: &[(&str, &[&str])] = &[
        ("CR-5", &["CR-5"]),
        ("feature/CR-5-search", &["CR-5"]),
        ("ada/eng-123-search-orders", &["ENG-123"]),
        ("feature/add-cr-5", &[]),
        ("release-2024-11", &[]),
        ("CR-5_search", &["CR-5"]),
        ("users/x", &[]),
    ];
    for (branch, expected) in table {
        assert_eq!(named_in("", "", branch, &[]), *expected, "{branch}");
    }
}

#[test]
fn a_list_of_projects_leaves_out_all_others_and_counts_before_the_limit() {
    let noise = (1..50).map(|number| format!("UTF-{number}")).collect::<Vec<_>>().join(" ");
    assert_eq!(named_in("", &format!("{noise} CR-5"), "main", &["cr"]), ["CR-5"]);
    assert_eq!(named_in("", &noise, "main", &[]).len(), MOST_NAMED);
    assert_eq!(named_in("CR-5 ENG-1", "", "main", &["ENG"]), ["ENG-1"]);
}

#[test]
fn an_issue_that_our_own_summary_names_is_not_named_by_the_author() {
    let own = crate::description::with_summary(
        "By hand.",
        "Does CR-9.",
        crate::description::Place { placeholder: "@summary", at_end: true },
    );
    let own = own.unwrap();
    assert!(own.contains("CR-9"), "{own}");
    assert_eq!(named_in("", &own, "main", &[]), Vec::<String>::new());
}

#[test]
fn pages_are_made_of_what_is_trusted() {
    let key = IssueKey::parse("cr-5").unwrap();
    assert_eq!(Tracker::Jira.page_of("https://jira.corp/jira/", &key, None).unwrap(), "https://jira.corp/jira/browse/CR-5");
    let linear = |told: &str| Tracker::Linear.page_of("", &key, Some(told));
    assert_eq!(linear("https://linear.app/contoso/issue/CR-5/search-orders").unwrap(), "https://linear.app/contoso/issue/CR-5");
    for other in ["https://evil.example/contoso/issue/CR-5", "https://linear.app.evil/contoso/issue/CR-5", "javascript:1", ""] {
        assert_eq!(linear(other), None, "{other}");
    }
    assert_eq!(Tracker::Linear.page_of("", &key, None), None);
}

#[test]
fn models_name_items_in_their_own_ways() {
    let issue = LinkedItem::Issue { key: "CR-5".to_owned(), url: None };
    for said in ["CR-5", " cr-5 ", "[CR-5]", "`CR-5`"] {
        assert!(issue.is_named(said), "{said}");
    }
    assert!(!issue.is_named("CR-55") && !issue.is_named("5"));
    for said in ["12", "#12", "AB#12"] {
        assert!(LinkedItem::WorkItem(12).is_named(said), "{said}");
    }
    assert!(!LinkedItem::WorkItem(12).is_named("CR-12"));
}

proptest! {
    #[test]
    fn no_text_breaks_the_search_and_every_key_could_be_a_part_of_a_path(text in "\\PC{0,200}", branch in "\\PC{0,60}") {
        for key in named_keys(&pull_request(&text, &text, &branch), HOST, &[]) {
            let key = key.to_string();
            prop_assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')), "{key}");
        }
    }

    #[test]
    fn a_key_between_other_words_is_found(before in "[a-z ]{0,20}", project in "[A-Z]{2,6}", number in 1_u32..99_999, after in "[a-z ]{0,20}") {
        let key = format!("{project}-{number}");
        prop_assert_eq!(named_in(&format!("{before} {key} {after}"), "", "main", &[]), [key]);
    }
}
