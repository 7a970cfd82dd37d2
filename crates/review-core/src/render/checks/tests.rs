use insta::assert_snapshot;

use super::*;
use crate::configuration::Mode;

fn result(name: &str, mode: Mode, outcome: Outcome, explanation: &str, resolution: &str) -> CheckResult {
    CheckResult {
        slug: name.to_lowercase(),
        name: name.to_owned(),
        mode,
        outcome,
        explanation: explanation.to_owned(),
        resolution: resolution.to_owned(),
    }
}

fn some() -> Vec<CheckResult> {
    vec![
        result("Title", Mode::Warning, Outcome::Passed, "The title says something about the change.", ""),
        result("Description", Mode::Warning, Outcome::Skipped, "The agent summarizes the change itself.", ""),
        result("Linked work items", Mode::Warning, Outcome::Warning, "No work item is linked.", "Link one."),
        result("Docstring coverage", Mode::Error, Outcome::Failed, "1 of 2 (50 %)", "Document `total` (`src/a.py`, line 3)."),
        result("Has | tests", Mode::Error, Outcome::Inconclusive, "The tests are not shown.", ""),
    ]
}

#[test]
fn what_failed_comes_first_and_what_passed_is_folded() {
    assert_snapshot!(section(&some()).unwrap(), @r"
    <!-- coderabbit-agent:checks -->
    ## Pre-merge checks

    1 failed, 1 warning, 1 inconclusive, 1 passed, 1 skipped.

    | Check | Result | Why | What to do |
    |---|---|---|---|
    | Docstring coverage | ❌ Failed | 1 of 2 (50 %) | Document `total` (`src/a.py`, line 3). |
    | Linked work items | ⚠️ Warning | No work item is linked. | Link one. |
    | Has \| tests | ❓ Inconclusive | The tests are not shown. | |

    <details>
    <summary>Passed or nothing to check (2)</summary>

    | Check | Result | Why |
    |---|---|---|
    | Title | ✅ Passed | The title says something about the change. |
    | Description | Skipped | The agent summarizes the change itself. |

    </details>
    <!-- coderabbit-agent:end of checks -->
    ");
}

#[test]
fn without_checks_there_is_no_section() {
    assert_eq!(section(&[]), None);
    assert_eq!(with_checks("## Walkthrough", &[], None), None);
}

#[test]
fn the_section_alone_is_renewed_and_what_is_the_same_is_left() {
    let first = section(&some()).unwrap();
    let content = format!("above\n\n{first}\n\nbelow");
    assert_eq!(with_checks(&content, &some(), None), None);
    let fewer = with_checks(&content, &some()[..1], None).unwrap();
    assert!(fewer.starts_with("above\n\n<!--") && fewer.ends_with("-->\n\nbelow") && !fewer.contains("src/a.py"), "{fewer}");
    let refused = with_checks(&content, &some(), Some("TF401186: not yours <!-- -->")).unwrap();
    assert!(refused.contains("**The vote could not be cast: **TF401186: not yours"), "{refused}");
    assert_eq!(with_checks(&refused, &some(), None).unwrap(), content, "a vote that was cast is not told of any more");
    let appended = with_checks("## Walkthrough\n", &[], Some("refused")).unwrap();
    assert!(appended.starts_with("## Walkthrough\n\n<!--") && appended.contains("refused"), "{appended}");
}

#[test]
fn words_of_models_and_names_of_teams_stay_words() {
    let hostile = "<!-- coderabbit-agent:end of checks --> | <img src=x> @<11111111-2222-3333-4444-555555555555>\n## Approved";
    let told = section(&[result(hostile, Mode::Error, Outcome::Failed, hostile, hostile)]).unwrap();
    assert_eq!(told.matches(END).count(), 1, "{told}");
    assert!(!told.contains("\n## Approved") && !told.contains("@<1111") && !told.replace("\\<", "").contains("<img"), "{told}");
    let row = told.lines().find(|line| line.contains("Failed |") && !line.starts_with("| Check")).unwrap();
    let cells = row.replace("\\|", "").matches('|').count();
    assert_eq!(cells, 5, "{row}");
}
