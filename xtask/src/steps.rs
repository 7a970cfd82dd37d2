//! Named steps, one after the other, with a table of what came of them.

use std::time::{Duration, Instant};

use anyhow::bail;

use crate::process::say;

#[derive(Debug, Default)]
pub(crate) struct Steps {
    ended: Vec<Ended>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Ended {
    name: &'static str,
    took: Duration,
    failure: Option<String>,
}

impl Steps {
    /// Runs a step. A failure is remembered and told at the end, so that one run shows them all.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> anyhow::Result<()>) -> bool {
        say(&format!("\n== {name}"));
        let started = Instant::now();
        let failure = step().err().map(|error| format!("{error:#}"));
        let passed = failure.is_none();
        if let Some(failure) = &failure {
            say(&format!("{name}: {failure}"));
        }
        self.ended.push(Ended { name, took: started.elapsed(), failure });
        passed
    }

    /// Something worth repeating at the end, e.g. the test runner's summary.
    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Prints the table; an error when a step failed.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        say("");
        for step in &self.ended {
            let result = if step.failure.is_some() { "FAILED" } else { "ok" };
            say(&format!("{result:>6}  {:>7.1} s  {}", step.took.as_secs_f64(), step.name));
        }
        for note in &self.notes {
            say(note);
        }
        let failed: Vec<&Ended> = self.ended.iter().filter(|step| step.failure.is_some()).collect();
        if failed.is_empty() {
            say("everything passed");
            return Ok(());
        }
        for step in &failed {
            say(&format!("\n{}: {}", step.name, step.failure.as_deref().unwrap_or_default()));
        }
        bail!("{} of {} steps failed", failed.len(), self.ended.len())
    }
}
