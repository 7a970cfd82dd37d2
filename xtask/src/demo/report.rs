//! What stands on the pull request, and whether it is what a good review would have left there.

use anyhow::{Context, bail};
use serde_json::Value;
use testkit::{
    model::{Kind, Rule},
    scenario::Scenario,
};

use crate::process::say;

const KIND: &str = "coderabbitAgent.kind";
/// Statuses of a thread that waits for nobody.
const CLOSED: &[&str] = &["fixed", "closed", "byDesign", "wontFix"];

/// A thread, as far as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) id: u64,
    /// `walkthrough`, `finding`, or empty for threads of others.
    pub(super) kind: String,
    pub(super) status: String,
    /// Path from the root of the repository, and the first line on the right side.
    pub(super) place: Option<(String, u64)>,
    /// Comments, oldest first.
    pub(super) comments: Vec<String>,
}

impl Thread {
    /// From the answer to `GET …/threads`; threads without a comment are left out.
    pub(super) fn list(answer: &Value) -> anyhow::Result<Vec<Self>> {
        let threads = answer["value"].as_array().context("the list of threads has no `value`")?;
        Ok(threads
            .iter()
            .filter(|thread| thread["isDeleted"] != true)
            .map(Self::read)
            .filter(|thread| !thread.comments.is_empty())
            .collect())
    }

    fn read(thread: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let context = &thread["threadContext"];
        let line = context["rightFileStart"]["line"].as_u64().or_else(|| context["leftFileStart"]["line"].as_u64());
        let path = context["filePath"].as_str().map(|path| path.trim_start_matches('/').to_owned());
        let comments = thread["comments"].as_array().into_iter().flatten();
        Self {
            id: thread["id"].as_u64().unwrap_or_default(),
            kind: text(&thread["properties"][KIND]["$value"]),
            status: text(&thread["status"]),
            place: path.zip(line),
            comments: comments.filter_map(|comment| comment["content"].as_str()).map(str::to_owned).collect(),
        }
    }

    fn is_open(&self) -> bool {
        !CLOSED.contains(&self.status.as_str())
    }

    fn says(&self, words: &str) -> bool {
        self.comments.first().is_some_and(|comment| comment.contains(words))
    }

    /// What the first suggestion would put in place of the lines.
    fn suggestion(&self) -> Option<&str> {
        let (_, after) = self.comments.first()?.split_once("```suggestion\n")?;
        let (suggestion, _) = after.split_once("\n```")?;
        Some(suggestion)
    }
}

/// Prints everything that the agent wrote, as a person would read it.
pub(super) fn print(threads: &[Thread]) {
    let ours = threads.iter().filter(|thread| !thread.kind.is_empty());
    for thread in ours {
        let place = thread.place.as_ref().map_or_else(|| "the pull request".to_owned(), |(path, line)| format!("{path}:{line}"));
        say(&format!("\n  [{}] {place} ({}, thread {})", thread.kind, thread.status, thread.id));
        for (index, comment) in thread.comments.iter().enumerate() {
            let mark = if index == 0 { "  " } else { "> " };
            for line in visible_lines(comment) {
                say(&format!("    {mark}{line}"));
            }
        }
    }
}

/// A comment without markers, and with what is folded away as one line.
fn visible_lines(comment: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut folds = 0_usize;
    for line in comment.lines().map(str::trim_end).filter(|line| !line.trim_start().starts_with("<!--")) {
        if line == "<details>" {
            folds += 1;
        } else if line == "</details>" {
            folds = folds.saturating_sub(1);
        } else if folds > 0 {
            let title = line.strip_prefix("<summary>").and_then(|rest| rest.strip_suffix("</summary>"));
            lines.extend(title.filter(|_| folds == 1).map(|title| format!("[+] {title}")));
        } else if !(line.is_empty() && lines.last().is_none_or(String::is_empty)) {
            lines.push(line.to_owned());
        }
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// Whether the first review is what the script should lead to: each true finding once, at its line, and none of the others.
pub(super) fn judge_first(threads: &[Thread], scenario: &Scenario) -> anyhow::Result<()> {
    let findings: Vec<&Thread> = threads.iter().filter(|thread| thread.kind == "finding").collect();
    let mut problems = Vec::new();
    for rule in &scenario.script.rules {
        let said = findings.iter().filter(|thread| thread.says(&rule.claim)).count();
        let wanted = usize::from(Scenario::is_worth_posting(rule));
        if said != wanted {
            problems.push(format!("{:?}, \"{}\": {said} threads instead of {wanted}", rule.kind, rule.claim));
        }
    }
    for rule in scenario.script.rules.iter().filter(|rule| Scenario::is_worth_posting(rule)) {
        let Some(thread) = findings.iter().find(|thread| thread.says(&rule.claim)) else { continue };
        let place = line_of(scenario, rule).map(|line| (rule.path.clone(), line));
        if thread.place != place {
            problems.push(format!("\"{}\" stands at {:?} instead of {place:?}", rule.claim, thread.place));
        }
        if !thread.is_open() {
            problems.push(format!("\"{}\" is {} at once", rule.claim, thread.status));
        }
        if rule.kind == Kind::True && rule.suggestion.as_deref() != thread.suggestion() {
            problems.push(format!("\"{}\" suggests {:?} instead of {:?}", rule.claim, thread.suggestion(), rule.suggestion));
        }
    }
    let expected = scenario.script.rules.iter().filter(|rule| Scenario::is_worth_posting(rule)).count();
    if findings.len() != expected {
        problems.push(format!("{} findings stand, {expected} are worth it", findings.len()));
    }
    if !findings.iter().any(|thread| thread.suggestion().is_some()) {
        problems.push("no finding has a suggestion".to_owned());
    }
    conclude(&problems, "the first review")
}

/// Whether the second push resolved what it fixed, left the rest open, and brought nothing twice.
pub(super) fn judge_second(before: &[Thread], after: &[Thread], scenario: &Scenario) -> anyhow::Result<()> {
    let mut problems = Vec::new();
    let fixed = scenario.fixed_by_second_push().context("the scenario fixes nothing")?;
    for thread in after.iter().filter(|thread| thread.kind == "finding") {
        if !before.iter().any(|earlier| earlier.id == thread.id) {
            problems.push(format!("new thread {} although the push brought nothing wrong: {:?}", thread.id, thread.comments));
        }
        if thread.says(&fixed.claim) == thread.is_open() {
            problems.push(format!(
                "thread {} is {} although the push {}",
                thread.id,
                thread.status,
                if thread.is_open() { "fixed it" } else { "left it" }
            ));
        }
    }
    for thread in before.iter().filter(|thread| !thread.kind.is_empty()) {
        if !after.iter().any(|later| later.id == thread.id) {
            problems.push(format!("thread {} is gone", thread.id));
        }
    }
    if after.iter().filter(|thread| thread.kind == "walkthrough").count() != 1 {
        problems.push("there is not exactly one walkthrough".to_owned());
    }
    conclude(&problems, "the second review")
}

fn conclude(problems: &[String], what: &str) -> anyhow::Result<()> {
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{what} is not what it should be:\n  - {}", problems.join("\n  - "))
}

/// Where the rule's line stands in the first push.
fn line_of(scenario: &Scenario, rule: &Rule) -> Option<u64> {
    let file = scenario.first.iter().find(|file| file.path == rule.path)?;
    let text = String::from_utf8_lossy(file.content);
    let index = text.lines().position(|line| line.trim() == rule.needle)?;
    Some(index as u64 + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use testkit::scenario::{Scenario, orders};

    use super::{Thread, judge_first, judge_second, line_of, visible_lines};

    type Spoil = fn(&mut Vec<Thread>);

    /// A thread for each finding that is worth it, and the walkthrough.
    fn perfect(scenario: &Scenario) -> Vec<Thread> {
        let worth = scenario.script.rules.iter().filter(|rule| Scenario::is_worth_posting(rule));
        let mut threads: Vec<Thread> = worth
            .zip(2..)
            .map(|(rule, id)| {
                let suggestion = rule.suggestion.as_ref().map(|text| format!("```suggestion\n{text}\n```")).unwrap_or_default();
                Thread {
                    id,
                    kind: "finding".to_owned(),
                    status: "active".to_owned(),
                    place: line_of(scenario, rule).map(|line| (rule.path.clone(), line)),
                    comments: vec![format!("**{}**\n\n{suggestion}\n", rule.claim)],
                }
            })
            .collect();
        threads.push(Thread {
            id: 1,
            kind: "walkthrough".to_owned(),
            status: "closed".to_owned(),
            place: None,
            comments: vec!["Walkthrough".to_owned()],
        });
        threads
    }

    #[test]
    fn a_perfect_review_passes_and_each_way_to_go_wrong_is_named() {
        let scenario = orders();
        let good = perfect(&scenario);
        judge_first(&good, &scenario).unwrap();
        let ways: [(&str, Spoil); 5] = [
            ("0 threads instead of 1", |threads| drop(threads.remove(0))),
            ("2 threads instead of 1", |threads| threads.push(Thread { id: 77, ..threads[0].clone() })),
            ("stands at", |threads| threads[1].place = Some(("src/Other.cs".to_owned(), 1))),
            ("suggests", |threads| threads[0].comments[0] = threads[0].comments[0].replace("index <", "index !=")),
            ("1 threads instead of 0", |threads| {
                let lie = "The output file is never closed when writing a row fails.";
                threads.push(Thread { id: 78, comments: vec![lie.to_owned()], ..threads[0].clone() });
            }),
        ];
        for (expected, spoil) in ways {
            let mut bad = good.clone();
            spoil(&mut bad);
            let problem = judge_first(&bad, &scenario).unwrap_err().to_string();
            assert!(problem.contains(expected), "{expected}: {problem}");
        }
    }

    #[test]
    fn the_second_review_resolves_what_was_fixed_and_nothing_else() {
        let scenario = orders();
        let before = perfect(&scenario);
        let claim = &scenario.fixed_by_second_push().unwrap().claim;
        let mut after = before.clone();
        assert!(judge_second(&before, &after, &scenario).unwrap_err().to_string().contains("the push fixed it"));
        after.iter_mut().filter(|thread| thread.says(claim)).for_each(|thread| thread.status = "fixed".to_owned());
        judge_second(&before, &after, &scenario).unwrap();
        after.push(Thread { id: 99, ..before[0].clone() });
        assert!(judge_second(&before, &after, &scenario).unwrap_err().to_string().contains("new thread 99"));
        after.pop();
        for thread in &mut after {
            thread.status = "fixed".to_owned();
        }
        assert!(judge_second(&before, &after, &scenario).unwrap_err().to_string().contains("the push left it"));
    }

    #[test]
    fn what_is_folded_away_is_one_line() {
        let comment = "<!-- mark -->\nOne\n\n\n<details>\n<summary>More</summary>\n\ntext\n<details>\n<summary>x</summary>\n</details>\n</details>\n\nTwo\n\n";
        assert_eq!(visible_lines(comment), ["One", "", "[+] More", "", "Two"]);
    }

    #[test]
    fn threads_are_read_as_the_service_writes_them() {
        let answer = json!({ "count": 3, "value": [
            { "id": 4, "status": "active", "properties": { "coderabbitAgent.kind": { "$type": "System.String", "$value": "finding" } },
              "threadContext": { "filePath": "/src/a.cs", "rightFileStart": { "line": 7, "offset": 1 } },
              "comments": [{ "content": "one\n```suggestion\n  x\n  y\n```\n" }, { "isDeleted": true }] },
            { "id": 5, "threadContext": null, "properties": null, "comments": [{ "content": "system" }] },
            { "id": 6, "isDeleted": true, "comments": [{ "content": "gone" }] },
        ] });
        let threads = Thread::list(&answer).unwrap();
        assert_eq!(threads.len(), 2);
        assert_eq!(threads[0].place, Some(("src/a.cs".to_owned(), 7)));
        assert_eq!((threads[0].suggestion(), threads[0].comments.len()), (Some("  x\n  y"), 1));
        assert_eq!((threads[1].kind.as_str(), threads[1].place.as_ref()), ("", None));
    }
}
