//! How good reviews are: labelled cases, scores of a run over them, and whether one run is better than another.
//!
//! - `case`: a case as its author writes it, with everything that is wrong with it
//! - `assignment`: the best one-to-one assignment of findings to what was expected; `score`: what became of each of them
//! - `judge`: the question whether two descriptions mean the same issue
//! - `report`: what is kept of a run; `figures`: what is counted from it
//! - `compare`: two reports, with confidence intervals
//! - `table`, `page`: for people

mod assignment;
mod case;
mod compare;
mod figures;
mod judge;
mod page;
mod report;
mod score;
mod table;
#[cfg(test)]
mod test_support;

pub use assignment::assign;
pub use case::{CaseFile, CommitSource, Context, ExpectedFinding, Place, Source, parse_case, places_without_code};
pub use compare::{Comparison, Interval, Measured, RESAMPLES, SEED, Tally, bootstrap, compare};
pub use figures::{Figures, RunCounts, Scoring, Share, Spread, figures};
pub use judge::{Pair, judge_instruction, judge_pack, pairs_to_judge, real_instruction, real_pack, unlabelled};
pub use page::{comparison_page, page};
pub use report::{CaseReport, CaseRun, DoneRun, FORMAT, Report, parse_report};
pub use score::{Candidate, Fate, NEAR_EXPECTED_LINES, Scores, Stage, Worth, candidates, score_by_meaning, score_by_place};
pub use table::{comparison_table, report_table};
