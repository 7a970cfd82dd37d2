//! Findings, threads and diffs for the tests of this crate.

use std::collections::BTreeMap;

use super::{Category, Evidence, Finding, Severity};
use crate::{
    diff::{DiffBody, FileChange, FileDiff, Hunk, HunkLine, LineKind},
    pull_request::{
        Comment, CommitId, Iteration, LineRange, Person, PullRequest, PullRequestKey, PullRequestState, PullRequestStatus,
        RepositoryKey, Side, Thread, ThreadStatus,
    },
};

pub(crate) fn finding(path: &str, first: u32, last: u32, claim: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        side: Side::Right,
        lines: LineRange::new(first, last),
        quoted_line: format!("let total_{first} = price * quantity;"),
        claim: claim.to_owned(),
        scenario: "An order of zero items gives a negative total.".to_owned(),
        fix: "Check the quantity first.".to_owned(),
        category: Category::Correctness,
        severity: Severity::High,
        evidence: Vec::new(),
        suggestion: None,
        votes: 1,
        learnings: Vec::new(),
    }
}

pub(crate) fn evidence(path: &str, line: u32) -> Evidence {
    Evidence { path: path.to_owned(), line, why: "the caller".to_owned() }
}

pub(crate) fn person(id: &str) -> Person {
    Person { id: id.to_owned(), display_name: "Reviewer".to_owned(), unique_name: "reviewer@example.com".to_owned() }
}

pub(crate) fn commit(digit: char) -> CommitId {
    CommitId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// A thread whose comments are by the given people, the first one first.
pub(crate) fn thread(id: u64, comments: &[(&str, &str)]) -> Thread {
    let comment = |(number, &(author, content)): (u64, &(&str, &str))| Comment {
        id: number,
        author: person(author),
        content: content.to_owned(),
        is_deleted: false,
        is_text: true,
        published_at: None,
        liked_by: Vec::new(),
    };
    Thread {
        id,
        status: ThreadStatus::Active,
        comments: (1..).zip(comments).map(comment).collect(),
        anchor: None,
        properties: BTreeMap::new(),
        is_deleted: false,
    }
}

/// A pull request with two iterations, seen by the identity `me`.
pub(crate) fn state(threads: Vec<Thread>) -> PullRequestState {
    PullRequestState {
        pull_request: PullRequest {
            key: PullRequestKey {
                repository: RepositoryKey {
                    collection: "https://dev.azure.com/contoso".to_owned(),
                    project: "shop".to_owned(),
                    repository: "orders".to_owned(),
                },
                id: 7,
            },
            title: "Totals".to_owned(),
            description: String::new(),
            status: PullRequestStatus::Active,
            is_draft: false,
            source_ref: "refs/heads/totals".to_owned(),
            target_ref: "refs/heads/main".to_owned(),
            author: person("author"),
            labels: Vec::new(),
            reviewers: Vec::new(),
            web_url: "https://dev.azure.com/contoso/shop/_git/orders/pullrequest/7".to_owned(),
            remote_url: "https://dev.azure.com/contoso/shop/_git/orders".to_owned(),
            fork_url: None,
            project_name: "shop".to_owned(),
            repository_name: "orders".to_owned(),
        },
        iterations: vec![
            Iteration { id: 1, head: commit('a'), base: commit('0') },
            Iteration { id: 2, head: commit('b'), base: commit('0') },
        ],
        threads,
        work_items: Vec::new(),
        me: person("me"),
    }
}

/// A one-hunk diff from lines written as in a patch (` `, `+` or `-` first), beginning at the given lines.
pub(crate) fn file_diff(path: &str, old_start: u32, new_start: u32, patch: &[&str]) -> FileDiff {
    FileDiff {
        path: path.to_owned(),
        old_path: None,
        change: FileChange::Modified,
        body: DiffBody::Text(vec![hunk(old_start, new_start, patch)]),
    }
}

pub(crate) fn hunk(old_start: u32, new_start: u32, patch: &[&str]) -> Hunk {
    let (mut old_line, mut new_line) = (old_start, new_start);
    let mut lines = Vec::new();
    for line in patch {
        let mut characters = line.chars();
        let kind = match characters.next() {
            Some('+') => LineKind::Added,
            Some('-') => LineKind::Removed,
            _ => LineKind::Context,
        };
        let (old, new) = (kind != LineKind::Added, kind != LineKind::Removed);
        lines.push(HunkLine {
            kind,
            old_line: old.then_some(old_line),
            new_line: new.then_some(new_line),
            text: characters.as_str().to_owned(),
        });
        old_line += u32::from(old);
        new_line += u32::from(new);
    }
    Hunk { old_start, old_len: old_line - old_start, new_start, new_len: new_line - new_start, section: String::new(), lines }
}
