//! A question as every provider is asked it, and what comes back.

use std::time::Duration;

use review_core::usage::Usage;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Begun, budget::Remaining, form::Form};
use crate::settings::Effort;

/// One question, with what was said since it was asked.
#[derive(Debug, Clone)]
pub(super) struct Question<'a> {
    pub(super) system: &'a str,
    /// What all questions of a run begin with, byte for byte. May be empty. Providers that must be told where their cache ends
    /// are told: here.
    pub(super) pack: &'a str,
    pub(super) instruction: &'a str,
    pub(super) turns: Vec<Turn>,
    pub(super) schema: Schema,
    pub(super) max_tokens: u32,
    /// What the model may use before it answers.
    pub(super) toolbox: Option<Toolbox<'a>>,
    /// It has looked enough.
    pub(super) must_answer: bool,
    /// How long a model that reasons should do so; None: as its provider has it.
    pub(super) effort: Option<Effort>,
    /// Told when the answer begins to come. Decides nothing of what is asked.
    pub(super) begun: Option<&'a Begun>,
}

/// Tools, and what the model is told about them.
#[derive(Debug, Clone, Copy)]
pub struct Toolbox<'a> {
    /// Never empty, and always in the same order: they stand before everything that providers cache.
    pub tools: &'a [Tool],
    /// Stands behind the instruction, where the model is given the tools at all.
    pub words: &'a str,
}

/// Something that a model may use to look further.
#[derive(Debug, Clone)]
pub struct Tool {
    /// Letters, digits and `_` only.
    pub name: &'static str,
    pub description: &'static str,
    /// JSON Schema of an object, closed and with all of its properties required, as OpenAI's strict mode wants it.
    pub parameters: Value,
}

/// What the model wants to use, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The provider's; connects the result with it.
    pub(super) id: String,
    /// As the model wrote it: it may name no tool.
    pub name: String,
    /// JSON, if the model kept to it.
    pub arguments: String,
}

impl ToolUse {
    /// The arguments as JSON; an empty object where the model wrote none.
    pub(super) fn input(&self) -> Value {
        serde_json::from_str(&self.arguments).ok().filter(Value::is_object).unwrap_or_else(|| Value::Object(Map::new()))
    }
}

/// What was said after the question.
#[derive(Debug, Clone)]
pub(super) enum Turn {
    /// An answer that could not be read, and what was said about it.
    Repair { answer: String, complaint: String },
    /// Tools that were used, each with its result.
    Used { said: String, uses: Vec<(ToolUse, String)> },
}

/// The JSON Schema of the answer.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// Letters, digits and `_` only.
    pub(super) name: &'static str,
    pub(super) json: Value,
}

impl<'a> Question<'a> {
    /// Bytes of everything that the model reads, but for a few.
    pub(super) fn bytes(&self) -> usize {
        let turns = self.turns.iter().map(|turn| match turn {
            Turn::Repair { answer, complaint } => answer.len() + complaint.len(),
            Turn::Used { said, uses } => {
                said.len() + uses.iter().map(|(tool_use, result)| tool_use.arguments.len() + result.len()).sum::<usize>()
            }
        });
        self.system.len() + self.pack.len() + self.instruction.len() + turns.sum::<usize>()
    }

    /// The first thing that the user says, behind the pack.
    pub(super) fn instruction_for(&self, form: Form, with_schema: bool) -> String {
        let mut text = self.instruction.to_owned();
        if let Some(toolbox) = self.tools_for(form) {
            text = format!("{text}\n\n{}", toolbox.words);
        }
        if with_schema {
            text = format!(
                "{text}\n\nAnswer with one JSON object, and nothing before or after it, that matches the schema `{}`:\n{}",
                self.schema.name, self.schema.json
            );
        }
        text
    }

    /// The tools, where the model takes any.
    pub(super) fn tools_for(&self, form: Form) -> Option<Toolbox<'a>> {
        self.toolbox.filter(|_| form.tools)
    }
}

/// What came back: an answer, or the wish to use tools first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Completion {
    pub(super) content: String,
    /// Not empty: the content is no answer yet.
    pub(super) uses: Vec<ToolUse>,
    /// The token limit ended it.
    pub(super) cut: bool,
    /// Without its price as the endpoints give it; `calls` puts that on.
    pub(super) usage: Usage,
    /// What the provider says is left of its rate limit.
    #[serde(skip)]
    pub(super) remaining: Option<Remaining>,
}

/// A call that brought no completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// None: no answer at all.
    pub(super) status: Option<u16>,
    /// On one line, without secrets.
    pub(super) message: String,
    /// The provider's own word for it.
    pub(super) code: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn unanswered(message: impl Into<String>) -> Self {
        Self { status: None, message: message.into(), code: None, retry_after: None }
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self.status, Some(401 | 403)) && !self.is_model_missing()
    }

    /// The model, or the deployment of it, is not there or not for this account. OpenAI says `model_not_found` with 404 or
    /// 403, Azure `DeploymentNotFound`, Anthropic `not_found_error`, Bedrock `ResourceNotFoundException`, or other exceptions
    /// with a sentence about the identifier or the access.
    pub(super) fn is_model_missing(&self) -> bool {
        if !matches!(self.status, Some(400 | 403 | 404)) {
            return false;
        }
        let code = self.code.as_deref().unwrap_or_default();
        let message = self.message.to_lowercase();
        let by_code = ["model_not_found", "DeploymentNotFound", "ResourceNotFoundException"];
        let by_words = [
            "model identifier is invalid",
            "access to the model",
            "access to model",
            "end of its life",
            "model does not exist",
            "deployment does not exist",
            "deployment for this resource does not exist",
        ];
        let is_anthropics = code == "not_found_error" && message.contains("model");
        is_anthropics || by_code.contains(&code) || by_words.iter().any(|words| message.contains(words))
    }

    /// OpenAI says `context_length_exceeded`, llama.cpp `exceed_context_size_error`; others only in words, `LiteLLM` with the
    /// name of its exception, a proxy with 413.
    pub(super) fn is_context_too_long(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        let message = self.message.to_lowercase();
        let says_so =
            ["context length", "contextwindowexceeded", "prompt is too long", "input is too long", "too many input tokens"];
        let is_said = ["context_length", "context_size"].iter().any(|part| code.contains(part))
            || says_so.iter().any(|part| message.contains(part));
        self.status == Some(413) || (matches!(self.status, Some(400 | 422)) && is_said)
    }

    /// Nothing is left on the account of this key (OpenAI: 429 `insufficient_quota`; Anthropic: 400 with a sentence): no
    /// pause of seconds helps.
    pub(super) fn is_out_of_quota(&self) -> bool {
        let is_said = self.code.as_deref().is_some_and(|code| code.contains("insufficient_quota"));
        let is_empty = self.status == Some(400) && self.message.contains("credit balance is too low");
        self.status == Some(402) || is_empty || (self.status == Some(429) && is_said)
    }
}

/// The beginning, on one line.
pub(super) fn excerpt(text: &str) -> String {
    text.trim().chars().map(|character| if character.is_control() { ' ' } else { character }).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::{Failure, excerpt};

    fn failure(status: u16, code: &str, message: &str) -> Failure {
        Failure { status: Some(status), message: message.to_owned(), code: Some(code.to_owned()), retry_after: None }
    }

    #[test]
    fn servers_say_in_many_ways_that_a_request_is_too_long() {
        for too_long in [
            failure(400, "context_length_exceeded", ""),
            failure(400, "exceed_context_size_error", "the request exceeds the available context size"),
            failure(400, "", "This model's maximum context length is 8192 tokens."),
            failure(400, "", "litellm.ContextWindowExceededError: too much"),
            failure(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
            failure(400, "ValidationException", "Input is too long for requested model."),
            failure(413, "", "Payload Too Large"),
        ] {
            assert!(too_long.is_context_too_long(), "{too_long:?}");
        }
        for other in
            [failure(400, "", "unknown model"), failure(500, "context_length_exceeded", ""), failure(429, "", "context length")]
        {
            assert!(!other.is_context_too_long(), "{other:?}");
        }
    }

    #[test]
    fn a_missing_model_is_no_refused_key() {
        for missing in [
            failure(404, "model_not_found", "The model `o9` does not exist or you do not have access to it."),
            failure(403, "model_not_found", "Project `proj_1` does not have access to model `o3`"),
            failure(404, "DeploymentNotFound", "The API deployment for this resource does not exist."),
            failure(404, "not_found_error", "model: claude-9"),
            failure(400, "ValidationException", "The provided model identifier is invalid."),
            failure(403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
            failure(404, "ResourceNotFoundException", "This model version has reached the end of its life."),
        ] {
            assert!(missing.is_model_missing() && !missing.is_unauthorized(), "{missing:?}");
        }
        for other in [
            failure(404, "", "Not Found"),
            failure(404, "not_found_error", "File Not Found"),
            failure(401, "invalid_api_key", "Incorrect API key"),
            failure(403, "", "Forbidden"),
        ] {
            assert!(!other.is_model_missing(), "{other:?}");
        }
        assert!(failure(403, "AccessDeniedException", "The security token is invalid").is_unauthorized());
    }

    #[test]
    fn an_empty_account_is_no_rate_limit() {
        assert!(failure(429, "insufficient_quota", "You exceeded your current quota").is_out_of_quota());
        assert!(failure(402, "", "Payment Required").is_out_of_quota());
        assert!(failure(400, "invalid_request_error", "Your credit balance is too low to access the API").is_out_of_quota());
        assert!(!failure(429, "rate_limit_exceeded", "Slow down").is_out_of_quota());
    }

    #[test]
    fn what_a_server_says_stays_on_one_short_line() {
        assert_eq!(excerpt("  a\nb\u{1b}[31m "), "a b [31m");
        assert_eq!(excerpt(&"é".repeat(1_000)).chars().count(), 300);
    }
}
