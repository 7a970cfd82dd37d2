//! What stands after summary and changes.

use insta::assert_snapshot;
use pulldown_cmark::{Event, Parser};

use super::Run;
use crate::{
    configuration::{Effective, Layer, Source},
    consulted::{Consulted, Searches},
    finding::{DropReason, Dropped, answer::Addressed, test_support::person},
    issue::{Issue, IssueKey, LinkedItem, Tracker},
    mermaid::{MermaidError, SequenceDiagram},
    pull_request::Person,
    render::MAX_COMMENT_CHARS,
    sections::{
        AssessedObjective, Assessment, Diagram, Effort, OutOfScope, Reason, RelatedPullRequest, RelatedWorkItem, Sections,
        SuggestedLabel, SuggestedReviewer,
    },
};

const FLOW: &str = "sequenceDiagram\nactor C as Customer\nC->>Shop: order\nloop each item\nShop-->>Stock: reserve\nend";

fn diagram(title: &str) -> Diagram {
    Diagram { title: title.to_owned(), chart: SequenceDiagram::parse(FLOW).unwrap() }
}

fn objective(objective: &str, addressed: Addressed, explanation: &str) -> AssessedObjective {
    let (objective, explanation) = (objective.to_owned(), explanation.to_owned());
    AssessedObjective { item: LinkedItem::WorkItem(12), objective, addressed, explanation }
}

fn named(name: &str) -> Person {
    Person { display_name: name.to_owned(), ..person(name) }
}

/// Every section with `words` wherever words of models or people stand.
fn all(words: &str) -> Sections {
    let text = || words.to_owned();
    Sections {
        diagrams: vec![diagram(words)],
        refused_diagrams: Vec::new(),
        effort: Some(Effort { complexity: 3, minutes: 25 }),
        assessment: Some(Assessment {
            objectives: vec![
                objective(words, Addressed::Yes, "`total` adds them up."),
                objective("Taxes", Addressed::No, words),
                objective("Speed", Addressed::Unclear, ""),
            ],
            out_of_scope: vec![
                OutOfScope { path: Some("src/sql.rs".to_owned()), change: text() },
                OutOfScope { path: None, change: "Renames a file.".to_owned() },
            ],
        }),
        related_pull_requests: vec![
            RelatedPullRequest {
                id: 41,
                repository: None,
                title: text(),
                is_completed: true,
                work_items: vec![12],
                files: ["a.rs", "b.rs", "c.rs", "d.rs"].map(str::to_owned).to_vec(),
                words: Vec::new(),
            },
            RelatedPullRequest {
                id: 40,
                repository: None,
                title: "Carts".to_owned(),
                is_completed: false,
                work_items: Vec::new(),
                files: Vec::new(),
                words: vec!["cart".to_owned(), text()],
            },
        ],
        related_work_items: vec![RelatedWorkItem {
            id: 13,
            kind: text(),
            title: text(),
            state: "Active".to_owned(),
            linked_from: 12,
        }],
        labels: vec![
            SuggestedLabel { name: text(), reason: text() },
            SuggestedLabel { name: "sql".to_owned(), reason: String::new() },
        ],
        reviewers: vec![
            SuggestedReviewer {
                person: named(words),
                reason: Reason::Files { pull_requests: 2, files: vec!["src/orders.rs".to_owned()] },
            },
            SuggestedReviewer { person: named("Ben"), reason: Reason::Said(text()) },
        ],
        poem: format!("{words}\n\nAll sums are right."),
        release_notes: text(),
        title: text(),
    }
}

fn configured(text: &str) -> Effective {
    Effective::of(vec![Layer::read(Source::Environment, text.as_bytes()).unwrap()], Vec::new())
}

/// From the body on, without the details.
fn body(run: &Run) -> String {
    let text = run.rendered();
    let (_, body) = text.split_once("<!-- coderabbit-agent:body -->\n").unwrap();
    let (body, _) = body.split_once("\n\n<details>\n<summary>Review details").unwrap();
    body.to_owned()
}

#[test]
fn all_sections_stand_in_their_order_and_the_walkthrough_is_folded() {
    assert_snapshot!(body(&Run { sections: all("Order totals"), ..Run::default() }), @r"
    **No new findings.**

    <details>
    <summary>Walkthrough</summary>

    ## Walkthrough

    Adds totals to orders.

    ## Changes

    | Files | Summary |
    |---|---|
    | **Order storage**: `src/orders.rs`, `src/sql.rs` | Stores the total. |
    | `a\|b.rs` | Uses it \| shows it. |

    ## Estimated code review effort

    🎯 3 (Moderate) | ⏱️ ~25 minutes

    ## Assessment against linked work items

    | Objective | Addressed | Explanation |
    |---|---|---|
    | [12](https://dev.azure.com/contoso/Web%20Shop/_workitems/edit/12): Order totals | ✅ Yes | `total` adds them up. |
    | [12](https://dev.azure.com/contoso/Web%20Shop/_workitems/edit/12): Taxes | ❌ No | Order totals |
    | [12](https://dev.azure.com/contoso/Web%20Shop/_workitems/edit/12): Speed | ❓ Unclear |  |

    Changes that no linked work item asks for:

    - `src/sql.rs`: Order totals
    - Renames a file.

    ## Possibly related work items

    - [Work item 13](https://dev.azure.com/contoso/Web%20Shop/_workitems/edit/13) (Order totals, Active), Order totals: linked with work item 12

    ## Possibly related pull requests

    - [Pull request 41](https://dev.azure.com/contoso/Web%20Shop/_git/orders/pullrequest/41) (completed), Order totals: linked with work item 12, too; changes `a.rs`, `b.rs`, `c.rs`, and 1 more, too
    - [Pull request 40](https://dev.azure.com/contoso/Web%20Shop/_git/orders/pullrequest/40) (active), Carts: its title says cart, Order totals, too

    ## Suggested labels

    - `Order totals`: Order totals
    - `sql`

    ## Suggested reviewers

    - Order totals: wrote or approved 2 pull requests that changed `src/orders.rs`
    - Ben: Order totals

    ## Poem

    > Order totals  
    > All sums are right.

    </details>

    ## Sequence diagram

    **Order totals**

    ::: mermaid
    sequenceDiagram
        actor p1 as Customer
        participant p2 as Shop
        participant p3 as Stock
        p1->>p2: order
        loop each item
            p2-->>p3: reserve
        end
    :::

    <details>
    <summary>The same in words</summary>

    - Customer → Shop: order
    - loop: each item
      - Shop → Stock: reserve

    </details>
    ");
}

#[test]
fn who_wants_it_unfolded_reads_all_in_one_and_the_diagram_after_the_changes() {
    let configuration =
        configured("reviews: {collapse_walkthrough: false, auto_apply_labels: true, auto_assign_reviewers: true}");
    let text = body(&Run { sections: all("Order totals"), configuration: Some(configuration), ..Run::default() });
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(
        headings,
        [
            "## Walkthrough",
            "## Changes",
            "## Sequence diagram",
            "## Estimated code review effort",
            "## Assessment against linked work items",
            "## Possibly related work items",
            "## Possibly related pull requests",
            "## Suggested labels",
            "## Suggested reviewers",
            "## Poem",
        ]
    );
    assert!(!text.contains("<summary>Walkthrough</summary>"), "{text}");
    assert!(
        text.contains("\nSet on this pull request by the review;") && text.contains("\nAdded as optional reviewers"),
        "{text}"
    );
}

#[test]
fn each_section_is_off_by_its_key_and_empty_ones_show_nothing() {
    let off = "reviews: {changed_files_summary: false, assess_linked_issues: false, suggested_labels: false, suggested_reviewers: false}";
    let text = body(&Run { sections: all("x"), configuration: Some(configured(off)), ..Run::default() });
    for heading in ["Changes", "Assessment", "Suggested"] {
        assert!(!text.contains(&format!("## {heading}")), "{heading} in {text}");
    }
    let empty = body(&Run::default());
    let headings: Vec<&str> = empty.lines().filter(|line| line.starts_with("## ")).collect();
    assert_eq!(headings, ["## Walkthrough", "## Changes"]);
}

#[test]
fn a_diagram_that_cannot_be_drawn_is_told_of() {
    let refused_diagrams = vec![MermaidError::NoFlow, MermaidError::Syntax { line: 3, problem: "a message has no arrow" }];
    let text = Run { sections: Sections { refused_diagrams, ..Sections::default() }, ..Run::default() }.rendered();
    let told = "- 2 diagrams are not shown, because the model wrote what cannot be drawn: the diagram shows no message between two \
                participants\n";
    assert!(text.contains(told) && !text.contains("mermaid\n"), "{text}");
}

#[test]
fn who_wants_all_details_reads_what_was_not_posted_one_by_one() {
    let dropped = Dropped {
        finding: None,
        claim: "The <b>lock</b> is kept | #12".to_owned(),
        path: "src/a.rs".to_owned(),
        lines: None,
        reason: DropReason::Refuted,
        detail: String::new(),
    };
    let run = |configuration: &str| Run {
        dropped: [(DropReason::Refuted, 1)].into(),
        candidates: vec![dropped.clone()],
        reviewed_files: (0..80).map(|number| format!("{number}.rs")).collect(),
        configuration: Some(configured(configuration)),
        ..Run::default()
    };
    let text = run("reviews: {review_details: true}").rendered();
    assert!(text.contains("\n  - `src/a.rs`: The \\<b\\>lock\\</b\\> is kept \\| # 12 (refuted by the code)\n"), "{text}");
    assert!(text.contains("`79.rs`"), "{text}");
    let short = run("").rendered();
    assert!(short.contains("- Candidates not posted (1): 1 refuted by the code\n"), "{short}");
    assert!(!short.contains("lock") && short.contains("and 20 more"), "{short}");
}

#[test]
fn words_of_models_and_people_act_nowhere() {
    let evil = "</details> <!-- coderabbit-agent:body --> <img src=x onerror=y> @<4C7A2F10-0000-0000-0000-000000000000> fixes #12 !13 \
                [click](https://evil.example/?q=1) https://evil.example | ::: ```mermaid @coderabbitai review";
    for configuration in ["reviews: {collapse_walkthrough: false}", ""] {
        let run = Run { sections: all(evil), configuration: Some(configured(configuration)), ..Run::default() };
        let text = run.rendered();
        assert_eq!(text.matches("<!--").count(), 2, "{text}");
        assert!(
            !text.contains("@<") && !text.contains("@coderabbit") && !text.contains("#12") && !text.contains("!13"),
            "{text}"
        );
        assert_eq!(text.matches(":::").count(), text.matches("\\:::").count() + text.matches(" :::").count() + 2, "{text}");
        let (mut open, mut links) = (0_i32, Vec::new());
        for event in Parser::new_ext(&text, pulldown_cmark::Options::ENABLE_TABLES) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    assert!(!html.contains("img"), "{html}");
                    open += i32::try_from(html.matches("<details>").count()).unwrap();
                    open -= i32::try_from(html.matches("</details>").count()).unwrap();
                    assert!(open >= 0, "{text}");
                }
                Event::Start(pulldown_cmark::Tag::Link { dest_url, .. }) => links.push(dest_url.to_string()),
                _ => {}
            }
        }
        assert_eq!(open, 0, "{text}");
        assert!(links.iter().all(|link| link.starts_with("https://dev.azure.com/contoso/Web%20Shop/")), "{links:?}");
        assert_eq!(links.len(), 6, "{links:?}");
    }
}

#[test]
fn the_largest_sections_leave_room_for_the_details() {
    let mut sections = all(&"[".repeat(5_000));
    let lines: String = std::iter::repeat_n("A->>B: ".to_owned() + &"x".repeat(100) + "\n", 50).collect();
    let chart = SequenceDiagram::parse(&format!("sequenceDiagram\n{lines}")).unwrap();
    sections.diagrams = vec![Diagram { title: String::new(), chart }; 2];
    if let Some(assessment) = &mut sections.assessment {
        assessment.objectives = vec![objective(&"|".repeat(900), Addressed::No, &"`".repeat(900)); 20];
    }
    let text = Run { sections, ..Run::default() }.rendered();
    assert!(text.chars().count() <= MAX_COMMENT_CHARS);
    assert!(text.contains("<summary>Review details</summary>") && text.contains("## Suggested labels"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn issues_of_trackers_are_linked_by_addresses_of_ours_alone() {
    let issue = |key: &str, url: Option<&str>| AssessedObjective {
        item: LinkedItem::Issue { key: key.to_owned(), url: url.map(str::to_owned) },
        ..objective("Search", Addressed::Yes, "")
    };
    let objectives = vec![issue("CR-5", Some("https://jira.example/browse/CR-5")), issue("ENG-1", None)];
    let assessment = Some(Assessment { objectives, ..Assessment::default() });
    let rendered = Run { sections: Sections { assessment, ..Sections::default() }, ..Run::default() }.rendered();
    assert!(rendered.contains("| [CR-5](https://jira.example/browse/CR-5): Search | ✅ Yes |  |"), "{rendered}");
    assert!(rendered.contains("| ENG-1: Search | ✅ Yes |  |"), "{rendered}");
}

#[test]
fn the_details_tell_who_was_asked_beside_the_forge_and_who_did_not_answer() {
    let key = IssueKey::parse("CR-5").unwrap();
    let consulted = Consulted {
        issues: vec![Issue::new(Tracker::Jira, key, None, ["Search", "Open", "x"])],
        problems: vec!["Linear did not answer: <b>away</b>".to_owned()],
        searches: Some(Searches { answered: 2, refused: 1, failed: 0 }),
        repositories: vec![("backend-api".to_owned(), "0123456789abcdef".to_owned())],
    };
    let rendered = Run { consulted, ..Run::default() }.rendered();
    let told: Vec<&str> = rendered.lines().skip_while(|line| !line.starts_with("- Issues")).take(4).collect();
    assert_snapshot!(told.join("\n"), @r"
    - Issues: CR-5 (Jira)
    - Linked repositories: `backend-api` at `0123456789a…`
    - Web: 2 searches, 1 not sent
    - Linear did not answer: \<b\>away\</b\>
    ");
    let unasked = Run { consulted: Consulted { searches: Some(Searches::default()), ..Consulted::default() }, ..Run::default() };
    assert!(!unasked.rendered().contains("Web:"));
}
