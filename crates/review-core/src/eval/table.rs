//! A report and a comparison as text with columns.

use std::collections::BTreeMap;

use super::{
    CaseReport, CaseRun, Comparison, Fate, Figures, Place, Report, RunCounts, Scoring, Spread, Stage, Worth,
    compare::Verdict,
    figures::{METRICS, Metric, Unit, float, scores_of},
};
use crate::render::shortened;

/// Characters of a claim in a row.
const MAX_CLAIM_CHARS: usize = 100;

/// The report. Names and sentences of cases stand in it as they are written: what shows it makes them fit for a terminal.
pub fn report_table(report: &Report) -> String {
    let mut text = format!("{}\n", headline(report));
    for warning in warnings(report) {
        text.push_str(&format!("{warning}\n"));
    }
    text.push('\n');
    text.push_str(&aligned(&measure_rows(report), &[]));
    text.push('\n');
    text.push_str(&aligned(&stage_rows(report), &[1, 2]));
    let fates = fate_rows(report);
    if fates.len() > 1 {
        text.push('\n');
        text.push_str(&aligned(&fates, &[]));
    }
    let noise = noise_rows(report);
    if noise.len() > 1 {
        text.push('\n');
        text.push_str(&aligned(&noise, &[]));
    }
    let failures = failures(report);
    if !failures.is_empty() {
        text.push_str("\nfailed\n");
        text.extend(failures.into_iter().map(|(case, error)| format!("  {case}: {error}\n")));
    }
    text
}

/// "12 cases (8 with defects, 4 clean), 1 run each; light …"
pub(super) fn headline(report: &Report) -> String {
    let clean = report.cases.iter().filter(|case| case.is_clean()).count();
    let (cases, defects) = (counted(report.cases.len(), "case"), report.cases.len() - clean);
    let runs = if report.runs == 1 { "1 run".to_owned() } else { format!("median of {} runs", report.runs) };
    format!("{cases} ({defects} with defects, {clean} clean), {runs}; {}", report.models)
}

/// What a reader of the figures has to know.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let mut warnings = Vec::new();
    let failures = report.failures();
    if failures > 0 {
        warnings.push(format!(
            "{} failed and {} in no figure",
            counted(failures, "review"),
            if failures == 1 { "is" } else { "are" }
        ));
    }
    let partial = report.cases.iter().flat_map(CaseReport::done).filter(|run| run.is_partial).count();
    if partial > 0 {
        warnings
            .push(format!("{} read only a part of the change: PROMPT_TOKENS has no room for more", counted(partial, "review")));
    }
    if report.is_replay {
        warnings.push("a replay: tokens and cost are those of the recording, the time is not".to_owned());
    }
    let unpriced = report.cases.iter().flat_map(CaseReport::done).any(|run| run.usage.unpriced_calls > 0);
    if unpriced {
        warnings.push("the cost is not known: a model has no price; set MODEL_PRICES".to_owned());
    }
    let judge = report.cases.iter().flat_map(CaseReport::done).fold(crate::usage::Usage::default(), |mut sum, run| {
        sum += run.judge_usage;
        sum
    });
    if let Some(cost) = judge.cost_words() {
        warnings.push(format!(
            "the judge took {} tokens in {}, {cost}; no figure counts it",
            tokens(float(judge.tokens())),
            counted_u64(judge.calls, "question")
        ));
    }
    warnings
}

/// Failed reviews: the case, with the run where there are several, and why.
pub(super) fn failures(report: &Report) -> Vec<(String, String)> {
    let mut failures = Vec::new();
    for case in &report.cases {
        for (number, run) in (1..).zip(&case.runs) {
            if let CaseRun::Failed(error) = run {
                let name = if report.runs == 1 { case.name.clone() } else { format!("{}, run {number}", case.name) };
                failures.push((name, error.clone()));
            }
        }
    }
    failures
}

fn measure_rows(report: &Report) -> Vec<Vec<String>> {
    let mut head = vec![String::new()];
    head.extend(report.figures.iter().map(|figures| scoring_words(figures.scoring).to_owned()));
    let mut rows = vec![head];
    for metric in METRICS {
        let cells: Vec<Option<String>> = report.figures.iter().map(|figures| cell(metric, figures)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let indent = if metric.key.starts_with("recall_") { "  " } else { "" };
        let mut row = vec![format!("{indent}{}", metric.name)];
        row.extend(cells.into_iter().map(|cell| cell.unwrap_or_else(|| "–".to_owned())));
        rows.push(row);
    }
    rows
}

/// "61 % (11 of 18)", "0.17 a pull request", over several runs "61 % (55 to 70 %)".
fn cell(metric: &Metric, figures: &Figures) -> Option<String> {
    let Spread { median, lowest, highest } = *figures.measures.get(metric.key)?;
    let shown = value(metric.unit, median?);
    let each = if metric.unit == Unit::Percent { "" } else { " a pull request" };
    let about = match figures.runs.as_slice() {
        [counts] if metric.unit == Unit::Percent => {
            let (hits, of) = (metric.of)(counts);
            format!(" ({hits} of {of})")
        }
        [_] => String::new(),
        _ => range(metric.unit, lowest?, highest?).map(|range| format!(" ({range})")).unwrap_or_default(),
    };
    Some(format!("{shown}{each}{about}"))
}

fn stage_rows(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![["where candidates end", "candidates", "at an expected place"].map(str::to_owned).to_vec()];
    rows.extend(
        stages(report)
            .into_iter()
            .map(|(words, candidates, at_expected)| vec![format!("  {words}"), number(candidates), number(at_expected)]),
    );
    rows
}

/// The stages at which candidates ended, with how many there were and how many of these at an expected place: the median over
/// runs. The sum of all comes first.
pub(super) fn stages(report: &Report) -> Vec<(&'static str, f64, f64)> {
    let Some(figures) = report.figures.first() else { return Vec::new() };
    let runs: Vec<&RunCounts> = figures.runs.iter().filter(|counts| counts.reviews > 0).collect();
    let median = |figures: Vec<u32>| Spread::over(figures.into_iter().map(|count| Some(f64::from(count)))).median.unwrap_or(0.0);
    let found: Vec<_> = runs.iter().map(|counts| counts.found()).collect();
    let mut rows = vec![(
        "found",
        median(found.iter().map(|count| count.candidates).collect()),
        median(found.iter().map(|count| count.at_expected).collect()),
    )];
    let mut seen: Vec<Stage> = runs.iter().flat_map(|counts| &counts.stages).map(|count| count.stage).collect();
    seen.sort_by_key(|stage| stage.order());
    seen.dedup();
    for stage in seen {
        let of_runs: Vec<_> = runs.iter().map(|counts| counts.stages.iter().find(|count| count.stage == stage)).collect();
        rows.push((
            stage.words(),
            median(of_runs.iter().map(|count| count.map_or(0, |count| count.candidates)).collect()),
            median(of_runs.iter().map(|count| count.map_or(0, |count| count.at_expected)).collect()),
        ));
    }
    rows
}

fn fate_rows(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![["expected findings", "at", "severity", "needs"].map(str::to_owned).to_vec()];
    if let Some(head) = rows.first_mut() {
        head.extend(report.figures.iter().map(|figures| scoring_words(figures.scoring).to_owned()));
    }
    for case in &report.cases {
        for (index, expected) in case.expected.iter().enumerate() {
            let mut row = vec![
                format!("  {}", case.name),
                place_words(&expected.place),
                expected.severity.to_string(),
                expected.context.word().to_owned(),
            ];
            row.extend(report.figures.iter().map(|figures| fate_words(case, index, figures.scoring)));
            rows.push(row);
        }
    }
    rows
}

/// Comments that found nothing expected; by meaning where that is known.
fn noise_rows(report: &Report) -> Vec<Vec<String>> {
    let scoring = report.figures.last().map_or(Scoring::Place, |figures| figures.scoring);
    let mut rows = vec![["noise", "at", "what was said"].map(str::to_owned).to_vec()];
    for case in &report.cases {
        for run in case.done() {
            let worths = run.candidates.iter().zip(&scores_of(run, scoring).candidates);
            rows.extend(worths.filter(|(_, worth)| **worth == Some(Worth::Noise)).map(|(candidate, _)| {
                let place = candidate.place.as_ref().map(place_words).unwrap_or_default();
                vec![format!("  {}", case.name), place, shortened(&candidate.claim.replace('\n', " "), MAX_CLAIM_CHARS)]
            }));
        }
    }
    rows
}

/// "posted", over several runs "posted 2, refuted 1".
pub(super) fn fate_words(case: &CaseReport, index: usize, scoring: Scoring) -> String {
    let fates: Vec<Fate> = case.done().filter_map(|run| scores_of(run, scoring).expected.get(index).copied()).collect();
    match fates.as_slice() {
        [] => "failed".to_owned(),
        [fate] => fate.words().to_owned(),
        _ => {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for fate in &fates {
                *counts.entry(fate.words()).or_default() += 1;
            }
            let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
            counts.sort_by_key(|(words, count)| (std::cmp::Reverse(*count), *words));
            let words: Vec<String> = counts.into_iter().map(|(words, count)| format!("{words} {count}")).collect();
            words.join(", ")
        }
    }
}

/// "src/a.rs:12-14"
pub(super) fn place_words(Place { file, lines }: &Place) -> String {
    if lines.first == lines.last { format!("{file}:{}", lines.first) } else { format!("{file}:{}-{}", lines.first, lines.last) }
}

pub(super) fn scoring_words(scoring: Scoring) -> &'static str {
    match scoring {
        Scoring::Place => "by place",
        Scoring::Meaning => "by meaning",
    }
}

/// "55 to 70 %"; None where both ends read the same.
pub(super) fn range(unit: Unit, lowest: f64, highest: f64) -> Option<String> {
    let (low, high) = (parts(unit, lowest), parts(unit, highest));
    (low != high).then(|| {
        if low.1 == high.1 {
            format!("{} to {}{}", low.0, high.0, high.1)
        } else {
            format!("{}{} to {}{}", low.0, low.1, high.0, high.1)
        }
    })
}

/// What two reports differ in.
pub fn comparison_table(comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    for comparison in comparisons {
        text.push_str(&format!("{}\n\n", compared_words(comparison)));
        let mut rows = vec![["", "first", "second", "change", "95 % interval", ""].map(str::to_owned).to_vec()];
        rows.extend(comparison_rows(comparison).into_iter().map(Vec::from));
        text.push_str(&aligned(&rows, &[1, 2, 3]));
        if !comparison.left_out.is_empty() {
            text.push_str("\nnot compared\n");
            text.extend(comparison.left_out.iter().map(|(case, reason)| format!("  {case}: {reason}\n")));
        }
        text.push('\n');
    }
    text
}

/// "12 cases in both, scored by place"
pub(super) fn compared_words(comparison: &Comparison) -> String {
    format!("{} in both, scored {}", counted(comparison.cases.len(), "case"), scoring_words(comparison.scoring))
}

/// For each figure that one of the two has: its name, both sides, the change, the interval, and the verdict, empty where none is shown.
pub(super) fn comparison_rows(comparison: &Comparison) -> Vec<[String; 6]> {
    let mut rows = Vec::new();
    for measured in &comparison.measured {
        let Some(metric) = METRICS.iter().find(|metric| metric.key == measured.key) else { continue };
        if measured.first.is_none() && measured.second.is_none() {
            continue;
        }
        let shown = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), |figure| value(metric.unit, figure));
        let (change, interval) = measured.change.map_or_else(
            || ("–".to_owned(), "too few cases".to_owned()),
            |change| {
                let (low, high) = (signed(metric.unit, change.low), signed(metric.unit, change.high));
                (signed(metric.unit, change.difference).concat(), format!("{} to {}", low[0], high.concat()))
            },
        );
        let verdict = match measured.verdict {
            Verdict::Better => "better",
            Verdict::Worse => "worse",
            Verdict::NotShown => "",
        };
        let indent = if metric.key.starts_with("recall_") { "  " } else { "" };
        let name = format!("{indent}{}", metric.name);
        rows.push([name, shown(measured.first), shown(measured.second), change, interval, verdict.to_owned()]);
    }
    rows
}

/// A figure with its unit.
pub(super) fn value(unit: Unit, figure: f64) -> String {
    let (number, unit) = parts(unit, figure);
    number + unit
}

/// The number, and the unit behind it.
fn parts(unit: Unit, figure: f64) -> (String, &'static str) {
    match unit {
        Unit::Percent => (format!("{:.0}", figure * 100.0), " %"),
        Unit::Number => (number(figure), ""),
        Unit::Tokens => (tokens(figure), " tokens"),
        Unit::Dollars => (format!("${figure:.4}"), ""),
        Unit::Seconds => (format!("{figure:.1}"), " s"),
    }
}

/// A difference with its sign, and the unit behind it.
fn signed(unit: Unit, figure: f64) -> [String; 2] {
    let (number, name) = parts(unit, figure.abs());
    let is_zero = number.chars().all(|character| !character.is_ascii_digit() || character == '0');
    let sign = match (is_zero, figure < 0.0) {
        (true, _) => "",
        (false, true) => "−",
        (false, false) => "+",
    };
    let name = if unit == Unit::Percent { " points" } else { name };
    [format!("{sign}{number}"), name.to_owned()]
}

/// Two decimals, and none where there is none.
pub(super) fn number(figure: f64) -> String {
    let shown = format!("{figure:.2}");
    shown.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn tokens(figure: f64) -> String {
    if figure < 1_000.0 {
        format!("{figure:.0}")
    } else if figure < 100_000.0 {
        format!("{:.1}k", figure / 1_000.0)
    } else {
        format!("{:.0}k", figure / 1_000.0)
    }
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn counted_u64(count: u64, noun: &str) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), noun)
}

/// Columns two blanks apart; those of `right` end in one line.
fn aligned(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            if right.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
