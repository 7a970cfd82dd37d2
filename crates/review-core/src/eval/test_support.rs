//! Cases and candidates for the tests of this module.

use super::{Candidate, CaseReport, CaseRun, Context, DoneRun, ExpectedFinding, FORMAT, Place, Report, Stage, score_by_place};
use crate::{finding::Severity, money::Money, pull_request::LineRange, usage::Usage};

pub(super) fn place(file: &str, first: u32, last: u32) -> Place {
    Place { file: file.to_owned(), lines: LineRange::new(first, last) }
}

/// A high one that the diff shows.
pub(super) fn expected(file: &str, first: u32, last: u32) -> ExpectedFinding {
    ExpectedFinding {
        place: place(file, first, last),
        also_at: Vec::new(),
        severity: Severity::High,
        context: Context::Diff,
        what: format!("What is wrong at {file}:{first}."),
    }
}

pub(super) fn candidate(file: &str, line: u32, stage: Stage) -> Candidate {
    Candidate {
        place: Some(place(file, line, line)),
        claim: format!("Something is wrong at {file}:{line}."),
        scenario: "An empty list panics.".to_owned(),
        severity: Some(Severity::High),
        stage,
        detail: String::new(),
    }
}

/// A case in one run, of which the expected findings were posted or not, with so much noise beside them.
pub(super) fn case(name: &str, is_found: &[bool], noise: u32) -> CaseReport {
    let lines = |index: usize| u32::try_from(index).unwrap() * 100 + 10;
    let wanted: Vec<ExpectedFinding> =
        (0..is_found.len()).map(|index| expected("src/a.rs", lines(index), lines(index))).collect();
    let found = is_found.iter().enumerate().filter(|(_, found)| **found);
    let mut candidates: Vec<Candidate> = found.map(|(index, _)| candidate("src/a.rs", lines(index), Stage::Posted)).collect();
    candidates.extend((0..noise).map(|number| candidate("src/noise.rs", number * 20 + 1, Stage::Posted)));
    CaseReport {
        name: name.to_owned(),
        title: format!("Title of {name}"),
        runs: vec![done(&wanted, candidates)],
        expected: wanted,
    }
}

pub(super) fn done(wanted: &[ExpectedFinding], candidates: Vec<Candidate>) -> CaseRun {
    let usage = Usage {
        calls: 3,
        input_tokens: 9_000,
        cached_tokens: 4_000,
        output_tokens: 1_000,
        cost: Money::from_micros(42_000),
        ..Usage::default()
    };
    let by_place = score_by_place(wanted, &candidates);
    CaseRun::Done(Box::new(DoneRun {
        candidates,
        by_place,
        by_meaning: None,
        judged_real: None,
        usage,
        judge_usage: Usage::default(),
        millis: 1_500,
        is_partial: false,
    }))
}

pub(super) fn report(cases: Vec<CaseReport>) -> Report {
    let runs = cases.iter().map(|case| case.runs.len()).max().unwrap_or(1);
    let report = Report {
        format: FORMAT,
        agent: "0.1.0".to_owned(),
        started_at: "2026-03-01T09:00:00Z".to_owned(),
        models: "light gpt-4.1-mini, medium o4-mini, heavy o3".to_owned(),
        is_replay: false,
        runs: u32::try_from(runs).unwrap(),
        figures: Vec::new(),
        cases,
    };
    report.with_figures()
}
