//! The outcomes of a repository, and what follows from them.

use std::collections::BTreeMap;

use super::{Label, Learning, Trace};
use crate::{
    finding::{Category, DropReason, Dropped, Finding, Severity},
    redaction::has_placeholder,
};

/// How many rejected findings speak against one that is near to them all.
const REJECTED_BEFORE: usize = 3;
/// Outcomes of a category from which on it may fall silent.
pub const SILENT_FROM: u32 = 30;
/// Share of findings acted on, in percent, under which it does.
pub const SILENT_BELOW_PERCENT: u32 = 30;
/// What is believed of a category before anything is known: as much as so many outcomes, half of them acted on. Ten real
/// ones weigh as much as the belief, so that the first few move little.
const PRIOR_OUTCOMES: u64 = 10;
const PRIOR_ACTED_ON: u64 = 5;

/// What became of an earlier finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub category: Category,
    pub path: String,
    pub claim: String,
    pub label: Label,
    /// Whether it counts for its category; false when the category was woken since.
    pub counts: bool,
}

/// How often which outcome was had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub acted_on: u32,
    pub rejected: u32,
    pub ignored: u32,
    pub open: u32,
}

impl Tally {
    pub fn add(&mut self, label: Label) {
        let count = match label {
            Label::ActedOn => &mut self.acted_on,
            Label::Rejected => &mut self.rejected,
            Label::Ignored => &mut self.ignored,
            Label::Open => &mut self.open,
        };
        *count = count.saturating_add(1);
    }

    /// Findings with an outcome.
    pub fn settled(self) -> u32 {
        self.acted_on.saturating_add(self.rejected).saturating_add(self.ignored)
    }

    /// Share of the settled ones that were acted on, in percent, rounded down; None when nothing is settled.
    pub fn acted_on_percent(self) -> Option<u32> {
        let percent = u64::from(self.acted_on).saturating_mul(100).checked_div(u64::from(self.settled()))?;
        u32::try_from(percent).ok()
    }

    /// Whether a category with these outcomes says nothing any more. Security always speaks.
    pub fn is_silent(self, category: Category) -> bool {
        let is_low = self.acted_on_percent().is_some_and(|percent| percent < SILENT_BELOW_PERCENT);
        category != Category::Security && self.settled() >= SILENT_FROM && is_low
    }

    /// The same share in thousandths, smoothed: 500 when nothing is known, nearer to what was seen with every outcome. Grows
    /// with each finding that is acted on, and falls with each that is not.
    fn acceptance_permille(self) -> u64 {
        let (acted_on, settled) = (u64::from(self.acted_on), u64::from(self.settled()));
        (acted_on + PRIOR_ACTED_ON) * 1_000 / (settled + PRIOR_OUTCOMES)
    }
}

/// A category of which a repository hears nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SilentCategory {
    pub category: Category,
    pub tally: Tally,
}

/// By whom a finding's severity was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rated {
    /// A guess: the verifier may still find it one higher.
    ByFinder,
    ByVerifier,
}

/// What is known of a repository. Empty by default: nothing follows from it then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    rejected: Vec<Trace>,
    accepted: Vec<Trace>,
    tallies: BTreeMap<Category, Tally>,
    /// What people taught in words; all that counts here.
    learnings: Vec<Learning>,
}

impl History {
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut history = Self::default();
        for Outcome { category, path, claim, label, counts } in outcomes {
            if counts {
                history.tallies.entry(category).or_default().add(label);
            }
            match label {
                Label::Rejected => history.rejected.push(Trace::of(category, &path, &claim)),
                Label::ActedOn => history.accepted.push(Trace::of(category, &path, &claim)),
                Label::Ignored | Label::Open => {}
            }
        }
        history
    }

    /// The same with what people taught in words.
    #[must_use]
    pub fn with_learnings(self, learnings: Vec<Learning>) -> Self {
        Self { learnings, ..self }
    }

    /// What people taught in words.
    pub fn learnings(&self) -> &[Learning] {
        &self.learnings
    }

    /// By category; one without outcomes is not among them.
    pub fn tallies(&self) -> &BTreeMap<Category, Tally> {
        &self.tallies
    }

    /// In the order of the categories.
    pub fn silent(&self) -> Vec<SilentCategory> {
        let silent = self.tallies.iter().filter(|(category, tally)| tally.is_silent(**category));
        silent.map(|(category, tally)| SilentCategory { category: *category, tally: *tally }).collect()
    }

    /// Those that are to be raised here; the rest as `SilentCategory` or `NearRejected`.
    ///
    /// Dropped are findings of a silent category, unless they are critical, and findings that are near to at least three
    /// rejected ones and to none that was acted on, unless they are about security and critical. A line from which a secret
    /// was taken is always spoken of. To be asked twice: before the verifier, where one that the finder rates high passes as
    /// if it were critical, since the verifier has the last word on the severity; and after it.
    pub fn screen(&self, findings: Vec<Finding>, rated: Rated) -> (Vec<Finding>, Vec<Dropped>) {
        let (mut kept, mut dropped) = (Vec::new(), Vec::new());
        for finding in findings {
            match self.objection(&finding, rated) {
                None => kept.push(finding),
                Some((reason, detail)) => dropped.push(Dropped::of(finding, reason, detail)),
            }
        }
        (kept, dropped)
    }

    /// How much findings of the category are acted on here, in thousandths from 0 to 1,000; see the constants for what is
    /// believed before anything is known.
    pub(crate) fn acceptance_permille(&self, category: Category) -> u64 {
        self.tallies.get(&category).copied().unwrap_or_default().acceptance_permille()
    }

    fn objection(&self, finding: &Finding, rated: Rated) -> Option<(DropReason, String)> {
        if has_placeholder(&finding.quoted_line) {
            return None;
        }
        let passes_from = match rated {
            Rated::ByFinder => Severity::High,
            Rated::ByVerifier => Severity::Critical,
        };
        let may_be_critical = finding.severity >= passes_from;
        let category = finding.category;
        let tally = self.tallies.get(&category).copied().unwrap_or_default();
        if tally.is_silent(category) && !may_be_critical {
            let detail = format!("{} of {} {} findings were acted on here", tally.acted_on, tally.settled(), category.words());
            return Some((DropReason::SilentCategory, detail));
        }
        if category == Category::Security && may_be_critical {
            return None;
        }
        let trace = Trace::of(category, &finding.path, &finding.claim);
        let rejected = self.rejected.iter().filter(|earlier| trace.is_near(earlier)).count();
        if rejected < REJECTED_BEFORE || self.accepted.iter().any(|earlier| trace.is_near(earlier)) {
            return None;
        }
        Some((DropReason::NearRejected, format!("near to {rejected} findings that were rejected here, and to none acted on")))
    }
}

#[cfg(test)]
mod tests;
