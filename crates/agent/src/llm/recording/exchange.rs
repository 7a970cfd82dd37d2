//! What is kept of an exchange, and the hash that it is found by.

use std::collections::BTreeMap;

use review_core::{numbering::Numbering, redaction::Redactor, usage::Usage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{FORMAT, VERSION};
use crate::llm::{
    ModelError, Role,
    question::{Completion, Question, Schema, ToolUse, Toolbox, Turn},
};
use crate::settings::Effort;

/// A question by its parts: everything that decides the answer, but for the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Parts(pub(super) BTreeMap<String, Value>);

/// A file of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Exchange {
    pub(super) format: u32,
    /// Version of the agent.
    pub(super) recorded_by: String,
    /// As [`Role::word`] spells it.
    pub(super) role: String,
    pub(super) model: String,
    pub(super) question: Parts,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    Answer(RecordedAnswer),
    Failure(RecordedFailure),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedAnswer {
    pub(super) content: String,
    /// Tools that the model used instead of an answer.
    #[serde(default)]
    pub(super) uses: Vec<ToolUse>,
    pub(super) cut: bool,
    /// With what it cost then.
    pub(super) usage: Usage,
}

/// What a run goes on after: with another model, with a smaller pack, without this answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedFailure {
    pub(super) kind: FailureKind,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FailureKind {
    ModelMissing,
    ContextTooLong,
    Refused,
    Overloaded,
}

/// A question as it is kept, and the placeholders and nonces that it was asked with.
pub(super) struct Kept {
    pub(super) parts: Parts,
    pub(super) numbering: Numbering,
}

impl Parts {
    /// Every field by name, so that one that comes to the question later cannot be forgotten.
    pub(super) fn of(question: &Question<'_>) -> Self {
        let Question { system, pack, instruction, turns, schema, max_tokens, toolbox, must_answer, effort, begun: _ } = question;
        let Schema { name, json: schema } = schema;
        let turns: Vec<Value> = turns.iter().map(turn).collect();
        let toolbox = toolbox.map(|Toolbox { tools, words }| {
            let tools = tools.iter().map(|tool| json!([tool.name, tool.description, tool.parameters]));
            json!({ "words": words, "tools": tools.collect::<Vec<_>>() })
        });
        let parts = [
            ("system", json!(system)),
            ("pack", json!(pack)),
            ("instruction", json!(instruction)),
            ("turns", json!(turns)),
            ("schema", json!({ "name": name, "json": schema })),
            ("max_tokens", json!(max_tokens)),
            ("toolbox", json!(toolbox)),
            ("must_answer", json!(must_answer)),
            ("effort", json!(effort.map(Effort::word))),
        ];
        Self(parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
    }

    /// As it is kept: without secrets, placeholders and nonces by number.
    pub(super) fn kept(mut self, redactor: &Redactor) -> Kept {
        let mut numbering = Numbering::default();
        for part in self.0.values_mut() {
            clean(part, redactor, &mut numbering);
        }
        Kept { parts: self, numbering }
    }

    /// The name of the schema of the answer.
    pub(super) fn schema(&self) -> &str {
        self.0.get("schema").and_then(|schema| schema["name"].as_str()).unwrap_or_default()
    }
}

fn turn(turn: &Turn) -> Value {
    match turn {
        Turn::Repair { answer, complaint } => json!({ "answer": answer, "complaint": complaint }),
        Turn::Used { said, uses } => json!({ "said": said, "uses": uses }),
    }
}

/// What an exchange is found by: SHA-256 over the model and all parts of the question, in hexadecimal digits.
pub(super) fn hash(model: &str, parts: &Parts) -> String {
    let mut question = json!([FORMAT, model, parts]);
    question.sort_all_objects();
    hex::encode(Sha256::digest(question.to_string()))
}

impl Exchange {
    pub(super) fn new(
        role: Role,
        model: &str,
        kept: Kept,
        result: Result<Completion, RecordedFailure>,
        redactor: &Redactor,
    ) -> Self {
        let Kept { parts, mut numbering } = kept;
        let mut clean_text = |text: String| {
            let mut value = Value::String(text);
            clean(&mut value, redactor, &mut numbering);
            value.as_str().unwrap_or_default().to_owned()
        };
        let outcome = match result {
            Ok(Completion { content, uses, cut, usage, remaining: _ }) => {
                let mut uses = uses;
                for tool_use in &mut uses {
                    tool_use.arguments = clean_text(std::mem::take(&mut tool_use.arguments));
                }
                Outcome::Answer(RecordedAnswer { content: clean_text(content), uses, cut, usage })
            }
            Err(RecordedFailure { kind, message }) => Outcome::Failure(RecordedFailure { kind, message: clean_text(message) }),
        };
        Self {
            format: FORMAT,
            recorded_by: VERSION.to_owned(),
            role: role.word().to_owned(),
            model: model.to_owned(),
            question: parts,
            outcome,
        }
    }

    pub(super) fn hash(&self) -> String {
        hash(&self.model, &self.question)
    }

    pub(super) fn is_failure(&self) -> bool {
        matches!(self.outcome, Outcome::Failure(_))
    }
}

impl Outcome {
    /// As the endpoint gave it. `numbering`: the placeholders of the question as it is asked now.
    pub(super) fn play(self, endpoint: &str, model: &str, numbering: &Numbering) -> Result<Completion, ModelError> {
        let RecordedFailure { kind, message } = match self {
            Self::Answer(RecordedAnswer { content, mut uses, cut, usage }) => {
                for tool_use in &mut uses {
                    tool_use.arguments = numbering.restore(&tool_use.arguments);
                }
                return Ok(Completion { content: numbering.restore(&content), uses, cut, usage, remaining: None });
            }
            Self::Failure(failure) => failure,
        };
        let (endpoint, model) = (endpoint.to_owned(), model.to_owned());
        Err(match kind {
            FailureKind::ModelMissing => ModelError::ModelMissing { endpoint, model, message },
            FailureKind::ContextTooLong => ModelError::ContextTooLong { model, message },
            FailureKind::Refused => ModelError::Refused { endpoint, model, message },
            FailureKind::Overloaded => {
                ModelError::Unavailable { endpoint, model, problem: message, is_overloaded: true, retry_after: None }
            }
        })
    }
}

impl RecordedFailure {
    /// None for what is no word of the model, such as a refused key: the run ends with it, so there is nothing to play again.
    pub(super) fn of(error: &ModelError) -> Option<Self> {
        let (kind, message) = match error {
            ModelError::ModelMissing { message, .. } => (FailureKind::ModelMissing, message),
            ModelError::ContextTooLong { message, .. } => (FailureKind::ContextTooLong, message),
            ModelError::Refused { message, .. } => (FailureKind::Refused, message),
            ModelError::Unavailable { problem, is_overloaded: true, .. } => (FailureKind::Overloaded, problem),
            _ => return None,
        };
        Some(Self { kind, message: message.clone() })
    }
}

/// Takes secrets out of every text, and numbers placeholders and nonces.
fn clean(value: &mut Value, redactor: &Redactor, numbering: &mut Numbering) {
    each_text(value, &mut |text| *text = redacted(text, redactor));
    each_text(value, &mut |text| *text = numbering.number(text));
}

/// A text without its secrets. In one that is JSON each text is looked at by itself first: a key of several lines is one line
/// there, which no rule would know again.
fn redacted(text: &str, redactor: &Redactor) -> String {
    let inner = serde_json::from_str::<Value>(text).ok().filter(|inner| inner.is_object() || inner.is_array());
    let cleaned = inner.and_then(|before| {
        let mut after = before.clone();
        each_text(&mut after, &mut |text| *text = redacted(text, redactor));
        (after != before).then(|| after.to_string())
    });
    redactor.redact(cleaned.as_deref().unwrap_or(text)).text.into_owned()
}

fn each_text(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each_text(field, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
