//! Checks that a model judges: what is asked, in which portions, and what its answers are worth.

use std::collections::BTreeMap;

use super::{CheckVerdict, ChecksAnswer, Judgement, Ruling, Subject, counted, wanted};
use crate::configuration::PreMergeChecks;

/// Checks of one question, and characters of their instructions: a model that is asked fifty things at a time answers few of
/// them well.
const MOST_OF_A_BATCH: usize = 10;
const CHARACTERS_OF_A_BATCH: usize = 20_000;

/// One check as a model is asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub slug: String,
    pub name: String,
    /// When it passes, in the team's words or in ours.
    pub instructions: String,
}

/// The checks in the team's own words.
pub fn custom_questions(checks: &PreMergeChecks) -> Vec<Question> {
    let question = |wanted: super::Wanted| {
        let Subject::Custom(place) = wanted.subject else { return None };
        let instructions = checks.custom_checks.get(place)?.instructions.clone();
        Some(Question { slug: wanted.slug, name: wanted.name, instructions })
    };
    wanted(checks).into_iter().filter_map(question).collect()
}

/// What the team requires of a title. None: nothing, or nobody wants to know.
pub fn requirements_question(checks: &PreMergeChecks) -> Option<Question> {
    let wanted = wanted(checks).into_iter().find(|wanted| wanted.subject == Subject::Title)?;
    let instructions = checks.title.requirements.trim().to_owned();
    (!instructions.is_empty()).then_some(Question { slug: wanted.slug, name: wanted.name, instructions })
}

/// In portions that are asked at once.
pub fn batches(questions: Vec<Question>) -> Vec<Vec<Question>> {
    let mut batches: Vec<Vec<Question>> = Vec::new();
    let mut characters = 0_usize;
    for question in questions {
        let length = question.instructions.chars().count();
        let fits = characters.saturating_add(length) <= CHARACTERS_OF_A_BATCH;
        if let Some(batch) = batches.last_mut().filter(|batch| fits && batch.len() < MOST_OF_A_BATCH) {
            batch.push(question);
        } else {
            batches.push(vec![question]);
            characters = 0;
        }
        characters = characters.saturating_add(length);
    }
    batches
}

/// What models said, by the slug of the check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(BTreeMap<String, Judgement>);

impl Answers {
    /// Takes up what was answered to a batch, whose checks are numbered from 1.
    pub fn take_up(&mut self, batch: &[Question], answer: &ChecksAnswer) {
        for (number, question) in (1..).zip(batch) {
            if let Some(judgement) = answer.of(number) {
                self.0.insert(question.slug.clone(), judgement);
            }
        }
    }

    /// Takes up what is known from elsewhere.
    pub fn know(&mut self, slug: &str, judgement: Judgement) {
        self.0.insert(slug.to_owned(), judgement);
    }

    pub fn of(&self, slug: &str) -> Option<&Judgement> {
        self.0.get(slug)
    }

    /// The judgements, for whoever cleans their words.
    pub fn judgements_mut(&mut self) -> impl Iterator<Item = &mut Judgement> {
        self.0.values_mut()
    }

    /// What a model says of a check of the whole change, of which `unread` files were not read. What is not answered is
    /// inconclusive, and so is what passes on a part.
    pub fn ruling(&self, slug: &str, unread: usize) -> Ruling {
        let Some(judgement) = self.of(slug) else {
            return Ruling::Inconclusive { why: "The model gave no answer to it.".to_owned() };
        };
        let ruling = judgement.ruling("the check is said to pass");
        match ruling {
            Ruling::Passed { why } if unread > 0 => {
                let count = counted(unread, "file was", "files were");
                Ruling::Inconclusive { why: format!("{count} not read. Of the rest: {why}") }
            }
            ruling => ruling,
        }
    }

    /// The same for the requirements of a title.
    pub fn requirements_ruling(&self, slug: &str) -> Ruling {
        match self.of(slug) {
            Some(judgement) => match judgement.verdict {
                CheckVerdict::Fail if judgement.resolution.trim().is_empty() => Ruling::Failed {
                    why: judgement.reasoning.clone(),
                    resolution: "Reword the title as `reviews.pre_merge_checks.title.requirements` asks.".to_owned(),
                },
                _ => judgement.ruling("the title is said to meet its requirements"),
            },
            None => {
                Ruling::Inconclusive { why: "The model gave no answer to whether the title meets its requirements.".to_owned() }
            }
        }
    }
}
