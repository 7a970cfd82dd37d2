//! What was asked.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Instant,
};

use super::request::{ChatRequest, Message};

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Findings,
    Verdict,
    Walkthrough,
    Resolution,
    /// Whether a comment means a defect that somebody wrote down.
    Judgement,
    /// Whether a comment that nobody expected is right.
    Reality,
    /// Checks before merging.
    Checks,
    /// The answer to a comment.
    Chat,
    /// Documentation of symbols.
    Docstrings,
    /// New files of tests.
    Tests,
    /// Changes of files.
    Edits,
    /// Steps that settle what is open.
    Plan,
    /// No known schema is named.
    Other,
}

impl Role {
    const NAMED: [(Self, &'static str); 12] = [
        (Self::Findings, "review_findings"),
        (Self::Verdict, "review_verdict"),
        (Self::Walkthrough, "review_walkthrough"),
        (Self::Resolution, "review_resolution"),
        (Self::Judgement, "review_judgement"),
        (Self::Reality, "review_reality"),
        (Self::Checks, "review_checks"),
        (Self::Chat, "review_chat"),
        (Self::Docstrings, "review_docstrings"),
        (Self::Tests, "review_tests"),
        (Self::Edits, "review_edits"),
        (Self::Plan, "review_plan"),
    ];

    pub(super) fn is_answer_tool(name: &str) -> bool {
        Self::NAMED.iter().any(|(_, known)| *known == name)
    }

    /// By the name of the schema that the answer must have; where none is sent, by the one that the prompt names last as
    /// "schema `name`".
    pub(super) fn of(request: &ChatRequest) -> Self {
        let by_name = |name: &str| Self::NAMED.iter().find(|(_, known)| *known == name).map(|(role, _)| *role);
        if let Some(name) = request.schema.as_deref() {
            return by_name(name).unwrap_or(Self::Other);
        }
        let named_in = |text: &str| {
            Self::NAMED
                .iter()
                .filter_map(|(role, name)| text.rfind(&format!("schema `{name}`")).map(|position| (position, *role)))
                .max_by_key(|(position, _)| *position)
                .map(|(_, role)| role)
        };
        request.messages.iter().rev().find_map(|message| named_in(&message.content)).unwrap_or(Self::Other)
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// Held by a gate, or being answered.
    Open,
    /// The whole answer was made, with this HTTP status.
    Answered(u16),
    /// The client went away before there was an answer.
    Abandoned,
}

/// One call that got past the keys.
#[derive(Debug, Clone)]
pub struct Call {
    /// From 0, in order of arrival.
    pub number: usize,
    pub role: Role,
    pub model: String,
    pub messages: Vec<Message>,
    /// Of model, messages and form: equal for a request that was sent twice.
    pub hash: u64,
    /// Index in [`super::ModelOptions::keys`] of the key that was used.
    pub key: Option<usize>,
    /// The whole request.
    pub body: serde_json::Value,
    pub state: CallState,
    /// When it was understood.
    pub begun: Instant,
    /// When its answer was made, or its client gone.
    pub ended: Option<Instant>,
}

impl Call {
    pub(super) fn new(number: usize, role: Role, key: Option<usize>, request: &ChatRequest) -> Self {
        let mut hasher = DefaultHasher::new();
        request.body.to_string().hash(&mut hasher);
        Self {
            number,
            role,
            model: request.model.clone(),
            messages: request.messages.clone(),
            hash: hasher.finish(),
            key,
            body: request.body.clone(),
            state: CallState::Open,
            begun: Instant::now(),
            ended: None,
        }
    }

    /// All messages, one after the other.
    pub fn prompt(&self) -> String {
        let contents: Vec<&str> = self.messages.iter().map(|message| message.content.as_str()).collect();
        contents.join("\n")
    }
}
