//! A report as one page of HTML, with nothing from elsewhere and no script.
//!
//! Titles and sentences come from cases that anybody may have written, claims and reasons from models: all of them are
//! escaped, and what cannot be seen in them is made visible. A policy in the page forbids whatever else a browser could load.

mod comparison;

pub use comparison::comparison_page;

use super::{
    CaseReport, CaseRun, DoneRun, Fate, Figures, Report, Scoring, Spread, Stage, Worth,
    figures::{METRICS, Metric, Unit, scores_of},
    table::{failures, fate_words, headline, number, place_words, range, scoring_words, stages, value, warnings},
};
use crate::prompt::visible;

const STYLE: &str = include_str!("page/style.css");

/// Figures at the top, by the keys of their metrics.
const TILES: &[&str] = &[
    "recall",
    "recall_critical_high",
    "precision",
    "precision_judged_real",
    "noise_per_review",
    "silent_when_clean",
    "tokens_per_review",
    "dollars_per_review",
    "seconds_per_review",
];
const BY_SEVERITY: &[&str] = &["recall_critical", "recall_high", "recall_medium", "recall_low"];
const BY_CONTEXT: &[&str] = &["recall_diff", "recall_file", "recall_repository"];

/// The page.
pub fn page(report: &Report) -> String {
    let mut html = begin("How good the reviews are");
    html.push_str(&format!("<p class=\"about\">{}</p>\n", escaped(&headline(report))));
    let made = format!("Begun {} with coderabbit-agent {}.", report.started_at, report.agent);
    html.push_str(&format!("<p class=\"about\">{}</p>\n", escaped(&made)));
    push_warnings(&mut html, report);
    push_tiles(&mut html, report);
    push_recall(&mut html, report);
    push_stages(&mut html, report);
    push_expected(&mut html, report);
    push_cases(&mut html, report);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

/// A page up to its heading.
fn begin(title: &str) -> String {
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n",
    );
    html.push_str(&format!("<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"));
    html
}

fn push_warnings(html: &mut String, report: &Report) {
    let failures = failures(report);
    let warnings = warnings(report);
    if warnings.is_empty() {
        return;
    }
    html.push_str(if failures.is_empty() { "<ul class=\"notes\">\n" } else { "<ul class=\"notes failed\">\n" });
    for warning in warnings {
        html.push_str(&format!("<li>{}</li>\n", escaped(&capitalised(&warning))));
    }
    for (case, error) in failures {
        html.push_str(&format!("<li><b>{}</b>: {}</li>\n", escaped(&case), escaped(&error)));
    }
    html.push_str("</ul>\n");
}

fn push_tiles(html: &mut String, report: &Report) {
    html.push_str("<section class=\"tiles\" aria-label=\"Figures\">\n");
    for metric in TILES.iter().filter_map(|key| metric(key)) {
        let is_told = report.figures.iter().any(|figures| figure(metric, figures).is_some());
        if metric.key == "precision_judged_real" && !is_told {
            continue;
        }
        let name = match metric.key {
            "recall_critical_high" => "recall, critical and high",
            _ => metric.name,
        };
        html.push_str(&format!("<div class=\"tile\"><h3>{name}</h3>"));
        for (index, figures) in report.figures.iter().enumerate() {
            // What a review costs is the same by whatever it is scored.
            if index > 0 && !is_score(metric) {
                continue;
            }
            let label = if report.figures.len() > 1 && is_score(metric) { scoring_words(figures.scoring) } else { "" };
            let shown = figure(metric, figures).map_or_else(|| "–".to_owned(), |median| value(metric.unit, median));
            html.push_str(&format!("<p class=\"figure\">{shown} <small>{label}</small></p>"));
            html.push_str(&format!("<p class=\"detail\">{}</p>", escaped(&detail(metric, figures))));
        }
        html.push_str("</div>\n");
    }
    html.push_str("</section>\n");
}

/// Whether the figure depends on the scoring.
fn is_score(metric: &Metric) -> bool {
    matches!(metric.unit, Unit::Percent | Unit::Number) && metric.key != "silent_when_clean"
}

/// "11 of 18", "a pull request", over several runs "55 % to 70 %".
fn detail(metric: &Metric, figures: &Figures) -> String {
    let each = if metric.unit == Unit::Percent { "" } else { "a pull request" };
    match (figures.runs.as_slice(), figures.measures.get(metric.key)) {
        ([counts], _) if metric.unit == Unit::Percent => {
            let (hits, of) = (metric.of)(counts);
            if of > 0.0 { format!("{hits} of {of}") } else { "nothing to find".to_owned() }
        }
        ([_], _) => each.to_owned(),
        (_, Some(Spread { lowest: Some(lowest), highest: Some(highest), .. })) => {
            let range = range(metric.unit, *lowest, *highest).unwrap_or_default();
            format!("{each} {range}").trim().to_owned()
        }
        _ => String::new(),
    }
}

fn push_recall(html: &mut String, report: &Report) {
    html.push_str("<section>\n<h2>What was found</h2>\n<div class=\"columns\">\n");
    for (title, keys) in [("By severity", BY_SEVERITY), ("By what one has to read", BY_CONTEXT)] {
        html.push_str(&format!("<table class=\"bars\"><caption>{title}</caption>\n"));
        for metric in keys.iter().filter_map(|key| metric(key)) {
            for figures in &report.figures {
                let Some(median) = figure(metric, figures) else { continue };
                let label = if report.figures.len() > 1 { format!(" {}", scoring_words(figures.scoring)) } else { String::new() };
                html.push_str(&format!(
                    "<tr><th scope=\"row\">{}<small>{label}</small></th><td class=\"wide\">{}</td><td class=\"number\">{}</td>\
                     <td class=\"detail\">{}</td></tr>\n",
                    metric.name,
                    bar(median, 1.0, ""),
                    value(metric.unit, median),
                    escaped(&detail(metric, figures)),
                ));
            }
        }
        html.push_str("</table>\n");
    }
    html.push_str("</div>\n</section>\n");
}

fn push_stages(html: &mut String, report: &Report) {
    html.push_str(
        "<section>\n<h2>Where candidates end</h2>\n<p>Every candidate of every finder, by the stage at which it ended. The strongly \
         coloured part stood at the place of an expected finding: in a stage that drops candidates it is what should not have been \
         dropped.</p>\n<table class=\"bars\">\n<tr><th scope=\"col\">stage</th><td></td><th scope=\"col\" class=\"number\">candidates</th>\
         <th scope=\"col\" class=\"number\">at an expected place</th></tr>\n",
    );
    let stages = stages(report);
    let most = stages.iter().map(|(_, candidates, _)| *candidates).fold(1.0, f64::max);
    for (words, candidates, at_expected) in stages {
        let bars = format!("{}{}", bar(candidates, most, "all"), bar(at_expected, most, "expected"));
        html.push_str(&format!(
            "<tr><th scope=\"row\">{}</th><td class=\"wide stacked\">{bars}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
            escaped(words),
            number(candidates),
            number(at_expected),
        ));
    }
    html.push_str("</table>\n</section>\n");
}

fn push_expected(html: &mut String, report: &Report) {
    if report.cases.iter().all(CaseReport::is_clean) {
        return;
    }
    html.push_str(
        "<section>\n<h2>Expected findings</h2>\n<div class=\"scroll\"><table class=\"list\">\n<tr><th>case</th><th>what is wrong</th>\
         <th>severity</th><th>needs</th>",
    );
    for figures in &report.figures {
        html.push_str(&format!("<th>{}</th>", scoring_words(figures.scoring)));
    }
    html.push_str("</tr>\n");
    for case in &report.cases {
        for (index, expected) in case.expected.iter().enumerate() {
            html.push_str("<tr>");
            if index == 0 {
                let name = escaped(&case.name);
                html.push_str(&format!("<td rowspan=\"{}\"><b>{name}</b></td>", case.expected.len()));
            }
            html.push_str(&format!(
                "<td class=\"text\">{}<br><code>{}</code></td><td>{}</td><td class=\"word\">{}</td>",
                escaped(&expected.what),
                escaped(&place_words(&expected.place)),
                badge(&expected.severity.to_string(), "plain"),
                expected.context.word(),
            ));
            for figures in &report.figures {
                let fates = case.done().filter_map(|run| scores_of(run, figures.scoring).expected.get(index).copied());
                let fates: Vec<Fate> = fates.collect();
                let kind = if !fates.is_empty() && fates.iter().all(|fate| fate.is_posted()) {
                    "good"
                } else if fates.iter().any(|fate| fate.is_posted()) {
                    "middling"
                } else {
                    "bad"
                };
                html.push_str(&format!("<td>{}</td>", badge(&fate_words(case, index, figures.scoring), kind)));
            }
            html.push_str("</tr>\n");
        }
    }
    html.push_str("</table></div>\n</section>\n");
}

fn push_cases(html: &mut String, report: &Report) {
    let scoring = report.figures.last().map_or(Scoring::Place, |figures| figures.scoring);
    html.push_str(&format!(
        "<section>\n<h2>Cases</h2>\n<p>Every candidate with what became of it; comments are judged {}.</p>\n",
        scoring_words(scoring)
    ));
    for case in &report.cases {
        let words = case.runs.first().map(|run| summary(case, run, scoring)).unwrap_or_default();
        html.push_str(&format!(
            "<details><summary><b>{}</b> <span>{}</span> {words}</summary>\n",
            escaped(&case.name),
            escaped(&case.title)
        ));
        for (number, run) in (1..).zip(&case.runs) {
            if report.runs > 1 {
                html.push_str(&format!("<h3>Run {number}</h3>\n"));
            }
            match run {
                CaseRun::Failed(error) => html.push_str(&format!("<p class=\"failed\">Failed: {}</p>\n", escaped(error))),
                CaseRun::Done(run) => push_candidates(html, run, scoring),
            }
        }
        html.push_str("</details>\n");
    }
    html.push_str("</section>\n");
}

/// Badges for the line of a case: how much of it was found, and what was said beside that.
fn summary(case: &CaseReport, run: &CaseRun, scoring: Scoring) -> String {
    let CaseRun::Done(run) = run else { return badge("failed", "bad") };
    let scores = scores_of(run, scoring);
    let found = scores.expected.iter().filter(|fate| fate.is_posted()).count();
    let noise = scores.candidates.iter().flatten().filter(|worth| **worth == Worth::Noise).count();
    let mut badges = String::new();
    if case.is_clean() {
        badges.push_str(&if noise == 0 { badge("clean, silent", "good") } else { badge("clean, not silent", "bad") });
    } else {
        let kind = match found {
            0 => "bad",
            _ if found == case.expected.len() => "good",
            _ => "middling",
        };
        badges.push_str(&badge(&format!("{found} of {} found", case.expected.len()), kind));
    }
    if noise > 0 {
        badges.push_str(&badge(&format!("{noise} noise"), "bad"));
    }
    badges
}

fn push_candidates(html: &mut String, run: &DoneRun, scoring: Scoring) {
    let usage = run.usage;
    let cost = usage.cost_words().map_or_else(String::new, |cost| format!(", {cost}"));
    let calls = if usage.calls == 1 { "1 call".to_owned() } else { format!("{} calls", usage.calls) };
    let took = format!("{calls}, {} tokens{cost}, {} ms", usage.tokens(), run.millis);
    html.push_str(&format!("<p class=\"about\">{}</p>\n", escaped(&took)));
    if run.candidates.is_empty() {
        html.push_str("<p>Nothing was found.</p>\n");
        return;
    }
    html.push_str("<div class=\"scroll\"><table class=\"list\">\n<tr><th>what became of it</th><th>claim</th></tr>\n");
    for (index, (candidate, worth)) in run.candidates.iter().zip(&scores_of(run, scoring).candidates).enumerate() {
        let is_real = scoring == Scoring::Meaning && run.judged_real.iter().flatten().any(|real| *real == index);
        let badge = match (candidate.stage, worth) {
            (Stage::Posted, Some(Worth::Noise)) if is_real => badge("posted, not expected, judged real", "middling"),
            (Stage::Posted, Some(Worth::True(_))) => badge("posted, true", "good"),
            (Stage::Posted, Some(Worth::Duplicate(_))) => badge("posted, duplicate", "middling"),
            (Stage::Posted, _) => badge("posted, noise", "bad"),
            (stage, _) => badge(stage.words(), "plain"),
        };
        let place = candidate.place.as_ref().map(place_words).unwrap_or_default();
        html.push_str(&format!("<tr><td class=\"fate\">{badge}</td><td class=\"text\">{}", escaped(&candidate.claim)));
        if !place.is_empty() {
            html.push_str(&format!("<br><code>{}</code>", escaped(&place)));
        }
        for text in [&candidate.scenario, &candidate.detail] {
            if !text.is_empty() {
                html.push_str(&format!("<br><small>{}</small>", escaped(text)));
            }
        }
        html.push_str("</td></tr>\n");
    }
    html.push_str("</table></div>\n");
}

fn metric(key: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.key == key)
}

fn figure(metric: &Metric, figures: &Figures) -> Option<f64> {
    figures.measures.get(metric.key)?.median
}

/// A bar of which `most` is the whole length.
fn bar(length: f64, most: f64, kind: &str) -> String {
    if length <= 0.0 {
        return String::new();
    }
    let percent = (length / most * 100.0).clamp(0.0, 100.0);
    format!("<span class=\"bar {kind}\" style=\"width:{percent:.1}%\"></span>")
}

fn badge(words: &str, kind: &str) -> String {
    format!("<span class=\"badge {kind}\">{}</span>", escaped(words))
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

/// A text of anybody's, for element content and quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
