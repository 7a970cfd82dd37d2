//! What a model answers about checks. The schema is strict, the reader is not: one check that was answered oddly must not cost
//! the others.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::Ruling;
use crate::finding::answer::Answer;

/// Entries that are read; there are no more checks.
const MAX_ENTRIES: usize = 200;

/// What a model answers about the checks of one question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChecksAnswer {
    /// One for each check.
    pub checks: Vec<JudgedCheck>,
}

impl Answer for ChecksAnswer {
    const NAME: &'static str = "review_checks";
}

/// The reasoning comes first: a verdict before its reasons is a guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct JudgedCheck {
    /// Number of the check.
    pub check: u32,
    /// What was looked at, and what it shows; two sentences.
    pub reasoning: String,
    pub verdict: CheckVerdict,
    /// What to change so that the check passes, in one sentence; empty when it passes.
    pub resolution: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    Pass,
    Fail,
    /// What is shown does not decide it.
    Inconclusive,
}

/// What a model says of one check; none of its words are made harmless yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    pub verdict: CheckVerdict,
    pub reasoning: String,
    pub resolution: String,
}

impl Judgement {
    /// `passed` is said where the model gave no reason.
    pub(super) fn ruling(&self, passed: &str) -> Ruling {
        let why = match self.reasoning.trim() {
            "" if self.verdict == CheckVerdict::Pass => format!("No reason was given; {passed}."),
            "" => "No reason was given.".to_owned(),
            reasoning => reasoning.to_owned(),
        };
        match self.verdict {
            CheckVerdict::Pass => Ruling::Passed { why },
            CheckVerdict::Fail => Ruling::Failed { why, resolution: self.resolution.trim().to_owned() },
            CheckVerdict::Inconclusive => Ruling::Inconclusive { why },
        }
    }
}

impl ChecksAnswer {
    /// What is said of the check with this number. None: nothing, or different things.
    pub(super) fn of(&self, number: u32) -> Option<Judgement> {
        let mut said = self.checks.iter().filter(|judged| judged.check == number);
        let first = said.next()?;
        let is_sure = said.all(|other| other.verdict == first.verdict);
        let JudgedCheck { reasoning, verdict, resolution, .. } = first.clone();
        is_sure.then_some(Judgement { verdict, reasoning, resolution })
    }
}

impl<'de> Deserialize<'de> for ChecksAnswer {
    /// Takes `{"checks": […]}`, the bare list, or one check alone.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = match Value::deserialize(deserializer)? {
            Value::Array(list) => list,
            Value::Object(mut answer) => match answer.remove("checks") {
                Some(Value::Array(list)) => list,
                Some(single @ Value::Object(_)) => vec![single],
                Some(Value::Null) => Vec::new(),
                None if answer.contains_key("verdict") => vec![Value::Object(answer)],
                _ => return Err(serde::de::Error::missing_field("checks")),
            },
            _ => return Err(serde::de::Error::custom("the answer is no object with `checks`")),
        };
        Ok(Self { checks: list.iter().take(MAX_ENTRIES).filter_map(judged).collect() })
    }
}

/// None: it names no check.
fn judged(entry: &Value) -> Option<JudgedCheck> {
    let text = |key: &str| match entry.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    let check = match entry.get("check")? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok()?,
        Value::String(word) => word.trim().trim_start_matches(|first: char| !first.is_ascii_digit()).parse().ok()?,
        _ => return None,
    };
    let resolution = Some(text("resolution")).filter(|text| !matches!(text.trim(), "null" | "None" | "none" | "N/A"));
    Some(JudgedCheck {
        check,
        reasoning: text("reasoning"),
        verdict: verdict(entry.get("verdict")),
        resolution: resolution.unwrap_or_default(),
    })
}

/// A word that is none of the verdicts decides nothing.
fn verdict(stated: Option<&Value>) -> CheckVerdict {
    let word = match stated {
        Some(Value::Bool(passes)) => passes.to_string(),
        Some(Value::String(word)) => word.trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "pass" | "passed" | "passes" | "true" | "yes" | "ok" => CheckVerdict::Pass,
        "fail" | "failed" | "fails" | "false" | "no" | "error" => CheckVerdict::Fail,
        _ => CheckVerdict::Inconclusive,
    }
}
