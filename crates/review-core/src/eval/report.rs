//! What is kept of a run over cases, in `--json`. Everything that is shown is counted from `cases`.

use serde::{Deserialize, Serialize};

use super::{Candidate, ExpectedFinding, Figures, Scores, figures};
use crate::usage::Usage;

/// The form of the file. A version that keeps something else counts on.
pub const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub format: u32,
    /// Version of the agent.
    pub agent: String,
    /// When the run began, in UTC as RFC 3339 writes it.
    pub started_at: String,
    /// Which models played which role.
    pub models: String,
    /// Whether a recording answered: tokens and money are those of the recording then, and times mean nothing.
    pub is_replay: bool,
    /// How often each case was reviewed.
    pub runs: u32,
    /// Counted from `cases`; for readers of the file.
    pub figures: Vec<Figures>,
    pub cases: Vec<CaseReport>,
}

/// A case, and what became of it in each run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseReport {
    /// Name of its folder.
    pub name: String,
    pub title: String,
    pub expected: Vec<ExpectedFinding>,
    pub runs: Vec<CaseRun>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseRun {
    Done(Box<DoneRun>),
    /// Not reviewed, and why; no figure counts it.
    Failed(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DoneRun {
    pub candidates: Vec<Candidate>,
    pub by_place: Scores,
    /// With a judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_meaning: Option<Scores>,
    /// With a judge: comments that mean nothing that was expected and that it takes for right, by their indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_real: Option<Vec<usize>>,
    /// Of the review.
    pub usage: Usage,
    /// Of the judge; no figure of the review counts it.
    #[serde(default)]
    pub judge_usage: Usage,
    /// Milliseconds of the review.
    pub millis: u64,
    /// Whether files were left out for their size, or for lack of room.
    pub is_partial: bool,
}

impl Report {
    /// The same report with its figures counted.
    #[must_use]
    pub fn with_figures(mut self) -> Self {
        self.figures = figures(&self);
        self
    }

    /// Reviews that failed, over all cases and runs.
    pub fn failures(&self) -> usize {
        self.cases.iter().flat_map(|case| &case.runs).filter(|run| matches!(run, CaseRun::Failed(_))).count()
    }

    /// Whether a judge scored every review that was made.
    pub fn is_judged(&self) -> bool {
        let mut done = self.cases.iter().flat_map(CaseReport::done).peekable();
        done.peek().is_some() && done.all(|run| run.by_meaning.is_some())
    }
}

impl CaseReport {
    /// The runs in which it was reviewed.
    pub fn done(&self) -> impl Iterator<Item = &DoneRun> {
        self.runs.iter().filter_map(|run| match run {
            CaseRun::Done(run) => Some(run.as_ref()),
            CaseRun::Failed(_) => None,
        })
    }

    pub fn is_clean(&self) -> bool {
        self.expected.is_empty()
    }
}

/// Reads a report that was saved; the error is a sentence about the file.
pub fn parse_report(text: &str) -> Result<Report, String> {
    #[derive(Deserialize)]
    struct Form {
        format: u32,
    }
    let Form { format } = serde_json::from_str(text).map_err(|error| format!("it is no report of `eval --json`: {error}"))?;
    if format != FORMAT {
        return Err(format!("it has the form {format}, and this version reads {FORMAT}; make it again with this version"));
    }
    let report: Report = serde_json::from_str(text).map_err(|error| format!("it is no report of `eval --json`: {error}"))?;
    let fits = |case: &CaseReport| {
        case.done().all(|run| {
            let is_known = |index: &usize| *index < run.candidates.len();
            if !run.judged_real.iter().flatten().all(is_known) {
                return false;
            }
            let scores = std::iter::once(&run.by_place).chain(&run.by_meaning);
            scores
                .into_iter()
                .all(|scores| scores.expected.len() == case.expected.len() && scores.candidates.len() == run.candidates.len())
        })
    };
    match report.cases.iter().find(|case| !fits(case)) {
        Some(case) => Err(format!("the scores of the case {:?} do not fit what was expected and found", case.name)),
        None => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use super::{CaseRun, parse_report};
    use crate::eval::test_support::{case, report};

    #[test]
    fn a_report_that_was_saved_is_read_as_it_was() {
        let mut failed = case("failed", &[true], 0);
        failed.runs = vec![CaseRun::Failed("the model is away".to_owned())];
        let saved = report(vec![case("orders", &[true, false], 1), failed]);
        let text = serde_json::to_string(&saved).unwrap();
        assert_eq!(parse_report(&text), Ok(saved));
    }

    #[test]
    fn what_is_no_report_of_this_version_is_refused_with_words() {
        let other_form = r#"{ "format": 2 }"#;
        let saved = report(vec![case("orders", &[true, false], 1)]);
        let mut torn = saved.clone();
        torn.cases[0].expected.pop();
        let torn = serde_json::to_string(&torn).unwrap();
        for (text, words) in [
            ("", "it is no report of `eval --json`: "),
            ("{}", "it is no report of `eval --json`: missing field `format`"),
            (other_form, "it has the form 2, and this version reads 1; make it again with this version"),
            (r#"{ "format": 1 }"#, "it is no report of `eval --json`: missing field"),
            (&torn, "the scores of the case \"orders\" do not fit"),
        ] {
            let refusal = parse_report(text).unwrap_err();
            assert!(refusal.starts_with(words), "{refusal}");
        }
    }
}
