//! `plan`: how to settle what is open. One question, an answer in the thread, and no change of code.

use std::collections::{BTreeSet, HashSet};

use review_core::{
    finding::{answer::PlanAnswer, standing_findings},
    own_change::plan,
    prompt,
    render::{PlannedFinding, coding_plan, place},
};

use super::Occasion;
use crate::{
    llm::Role,
    pipeline::{
        analysis::AnalysisError,
        elsewhere::Elsewhere,
        evidence::{Context, gather},
        review::Reviewer,
    },
};

const MAX_FINDINGS: usize = 50;
const MAX_PATHS: usize = 500_000;

impl Reviewer {
    /// The plan as markdown, or why there is none.
    pub(super) async fn planned_work(&self, occasion: &Occasion<'_>) -> Result<String, AnalysisError> {
        let Occasion { publisher, state, iteration, configuration, repository, model } = occasion;
        let open = standing_findings(state).into_iter().filter(|finding| finding.status.is_open() && !finding.is_deleted);
        let open: Vec<_> = open.take(MAX_FINDINGS).collect();
        let elsewhere = Elsewhere::of(self, &state.pull_request, &iteration.head, None, configuration).await;
        if open.is_empty() && state.work_items.is_empty() && elsewhere.issues.is_empty() {
            return Ok("**Nothing to plan.** No finding of the agent is open, no work item is linked, and no issue is named that its tracker knows.".to_owned());
        }
        let context = Context { elsewhere, ..Context::default() };
        let change = context.change(state, iteration, repository, configuration);
        let evidence = gather(change, model.redactor(), self.prompt_tokens).await?;
        evidence.check_room()?;
        let question = prompt::coding_plan(&open) + &prompt::writer_manner(configuration);
        let mut answer =
            model.ask::<PlanAnswer>(Role::Heavy, evidence.overview_text(), &question, publisher.cancel).await?.answer;
        let clean = |text: &mut String| *text = model.redactor().redact(text).text.into_owned();
        clean(&mut answer.summary);
        for step in &mut answer.steps {
            clean(&mut step.title);
            clean(&mut step.what);
        }
        let named: BTreeSet<String> = answer
            .steps
            .iter()
            .flat_map(|step| step.files.iter().chain(&step.new_files))
            .map(|path| path.trim().trim_start_matches('/').to_owned())
            .collect();
        let there: HashSet<String> =
            repository.list(&iteration.head, |path| named.contains(path), MAX_PATHS).await?.into_iter().collect();
        let planned = plan(&answer, open.len(), &|path| there.contains(path));
        let findings: Vec<PlannedFinding> = open
            .iter()
            .map(|finding| PlannedFinding {
                place: finding
                    .anchor
                    .as_ref()
                    .map_or_else(String::new, |anchor| place(&anchor.path, Some(anchor.lines.first), "")),
                claim: finding.claim.clone(),
            })
            .collect();
        let told = coding_plan(&planned, &findings);
        Ok(told.unwrap_or_else(|| "**No plan.** The model gave no step.".to_owned()))
    }
}
