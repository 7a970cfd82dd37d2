//! Secrets that the change adds: told whatever the models say of the rest.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use review_core::{
    checks::Answers,
    finding::{
        DropReason, Dropped, Finding, SecretFinding, StandingFinding,
        answer::{SectionsAnswer, WalkthroughAnswer},
        came_back, is_about_secret, standing_secret,
    },
    learning::History,
    redaction::Redactor,
    sections::{Sections, sections},
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::{Analysis, AnalysisError, Limits, examine},
    evidence::Change,
};
use crate::llm::{Model, ModelError};

/// Secrets told in one review, beside the findings of models: neither takes the place of the other. Who adds more than these
/// knows by then.
const MAX_TOLD: usize = 10;

/// Reviews a change, and tells of the secrets that it adds. `standing` are the findings of earlier runs: none is raised again.
/// `history` is what became of findings in this repository. Where a ceiling on costs stops everything else, they are told alone.
pub(super) async fn analyse(
    model: &Model,
    change: Change<'_>,
    standing: &[StandingFinding],
    history: &Arc<History>,
    limits: Limits,
    cancel: &CancellationToken,
) -> Result<Analysis, AnalysisError> {
    let mut secrets = Vec::new();
    let examined = Box::pin(examine(model, change, standing, history, limits, &mut secrets, cancel)).await;
    let mut analysis = match examined {
        Err(AnalysisError::Model(ModelError::CostLimit(reached))) => {
            let mut unread = Analysis { cost_limit: Some(reached), is_unread: true, ..Analysis::default() };
            tell(&mut unread, secrets, standing);
            let is_said = unread.findings.is_empty() && unread.reopened.is_empty();
            return if is_said { Err(ModelError::CostLimit(reached).into()) } else { Ok(unread) };
        }
        examined => examined?,
    };
    without_secrets(&mut analysis, model.redactor());
    analysis.sections = sections_of(&analysis, &change);
    tell(&mut analysis, secrets, standing);
    Ok(analysis)
}

/// Of the answer as it may be posted.
fn sections_of(analysis: &Analysis, change: &Change<'_>) -> Sections {
    let set_aside = analysis.set_aside.iter().map(|file| &file.path);
    let changed: BTreeSet<&str> = analysis.reviewed_files.iter().chain(set_aside).map(String::as_str).collect();
    let unanswered = SectionsAnswer::default();
    let answer = analysis.walkthrough.as_ref().map_or(&unanswered, |answer| &answer.sections);
    sections(answer, &change.material(), &changed)
}

/// What models write is posted where more people read it than the code: once more, nothing that they should not know of may
/// be in it.
fn without_secrets(analysis: &mut Analysis, redactor: &Redactor) {
    let clean = |text: &mut String| {
        if let Cow::Owned(redacted) = redactor.redact(text).text {
            *text = redacted;
        }
    };
    for finding in analysis.findings.iter_mut().chain(&mut analysis.small_matters) {
        for text in [&mut finding.claim, &mut finding.scenario, &mut finding.fix, &mut finding.quoted_line] {
            clean(text);
        }
        for place in &mut finding.evidence {
            clean(&mut place.path);
            clean(&mut place.why);
        }
        // Without its secret it would be committed with a placeholder.
        finding.suggestion.take_if(|suggestion| matches!(redactor.redact(&suggestion.replacement).text, Cow::Owned(_)));
    }
    for dropped in &mut analysis.dropped {
        clean(&mut dropped.claim);
    }
    if let Some(WalkthroughAnswer { summary, cohorts, sections }) = &mut analysis.walkthrough {
        clean(summary);
        sections.texts_mut().for_each(clean);
        for cohort in cohorts {
            clean(&mut cohort.title);
            clean(&mut cohort.summary);
            cohort.paths.iter_mut().for_each(clean);
        }
    }
    clean_judgements(&mut analysis.checks.answers, redactor);
}

/// The same for what models say of checks.
pub(super) fn clean_judgements(answers: &mut Answers, redactor: &Redactor) {
    for judgement in answers.judgements_mut() {
        for text in [&mut judgement.reasoning, &mut judgement.resolution] {
            if let Cow::Owned(redacted) = redactor.redact(text).text {
                *text = redacted;
            }
        }
    }
}

fn tell(analysis: &mut Analysis, secrets: Vec<SecretFinding>, standing: &[StandingFinding]) {
    if secrets.is_empty() {
        return;
    }
    let mut told: Vec<(Finding, u32)> =
        std::mem::take(&mut analysis.findings).into_iter().zip(analysis.last_line_utf16.drain(..)).collect();
    told.retain(|(finding, _)| {
        let is_same = secrets.iter().any(|secret| is_about_secret(finding, &secret.finding));
        if is_same {
            let detail = "the secret on this line is told of without a model";
            analysis.dropped.push(Dropped::of(finding.clone(), DropReason::Duplicate, detail));
        }
        !is_same
    });
    let mut count = 0;
    for SecretFinding { finding, last_line_utf16, .. } in secrets {
        let earlier = standing_secret(&finding, standing);
        if earlier.is_some_and(|earlier| earlier.is_resolved_by_us) && came_back(&finding, standing).is_some() {
            analysis.reopen(finding, standing);
        } else if let Some(earlier) = earlier {
            analysis.standing_secrets.push(earlier.thread);
            let detail = format!("thread {} is about it", earlier.thread);
            analysis.dropped.push(Dropped::of(finding, DropReason::AlreadyRaised, detail));
        } else if count < MAX_TOLD {
            count += 1;
            told.push((finding, last_line_utf16));
        } else {
            analysis.dropped.push(Dropped::of(finding, DropReason::OverCap, format!("{MAX_TOLD} other secrets are told of")));
        }
    }
    told.sort_by(|(one, _), (other, _)| (&one.path, one.lines.first).cmp(&(&other.path, other.lines.first)));
    (analysis.findings, analysis.last_line_utf16) = told.into_iter().unzip();
}

#[cfg(test)]
mod tests {
    use review_core::{diff::parse_patch, finding::secrets, redaction::Redactor, scope::path_filters};

    use super::*;

    fn added(lines: usize) -> Vec<SecretFinding> {
        // Put together here, so that no scanner takes this file for a leak.
        let token = |number: usize| format!("ghp_{}{number:02}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7");
        let rows: String = (0..lines).map(|number| format!("+{}\n", token(number))).collect::<Vec<_>>().concat();
        let patch = format!(
            "diff --git a/a.py b/a.py\nindex 1111111..2222222 100644\n--- a/a.py\n+++ b/a.py\n@@ -0,0 +1,{lines} @@\n{rows}"
        );
        secrets(&parse_patch(patch.as_bytes()).unwrap(), &Redactor::new(b"salt", &[]), &path_filters(&[]))
    }

    #[test]
    fn no_text_of_a_model_tells_a_secret_not_even_a_small_matter() {
        let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let mut telling = added(1).remove(0).finding;
        telling.claim = format!("The token {token} is written twice.");
        telling.scenario.clone_from(&telling.claim);
        let (findings, small_matters) = (vec![telling.clone()], vec![telling]);
        let mut analysis = Analysis { findings, small_matters, ..Analysis::default() };
        without_secrets(&mut analysis, &Redactor::new(b"salt", &[]));
        for finding in analysis.findings.iter().chain(&analysis.small_matters) {
            assert!(!finding.claim.contains(&token) && !finding.scenario.contains(&token), "{finding:?}");
        }
    }

    #[test]
    fn secrets_take_no_place_from_other_findings_and_those_past_their_own_number_are_counted() {
        let secrets = added(12);
        assert_eq!(secrets.len(), 12);
        let mut injection = secrets[3].finding.clone();
        injection.claim = "The name is put into the SQL text.".to_owned();
        let mut same = secrets[4].finding.clone();
        same.claim = "A token is written into the code.".to_owned();
        let findings = vec![injection.clone(), same.clone()];
        let mut analysis = Analysis { findings, last_line_utf16: vec![1, 2], ..Analysis::default() };
        tell(&mut analysis, secrets, &[]);
        assert_eq!(analysis.findings.len(), 11);
        assert_eq!(analysis.last_line_utf16.len(), 11);
        assert!(analysis.findings.contains(&injection) && !analysis.findings.contains(&same));
        let dropped = analysis.dropped_by_reason();
        assert_eq!((dropped[&DropReason::Duplicate], dropped[&DropReason::OverCap]), (1, 2));
        assert!(analysis.findings.is_sorted_by_key(|finding| finding.lines.first));
    }
}
