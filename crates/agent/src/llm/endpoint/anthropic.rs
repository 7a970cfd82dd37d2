//! Anthropic's Messages API (source: Anthropic's API reference, "Messages", "Models", "Errors", "Prompt caching").

use review_core::usage::Usage;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

use super::{http::send, openai::sensitive};
use crate::llm::{
    form::{Form, Output},
    keys::Credential,
    question::{Completion, Failure, Question, excerpt},
};

const VERSION: &str = "2023-06-01";
/// Models of one page of the list; there are a few dozen.
const LISTED: &str = "1000";

/// Where the requests go.
#[derive(Debug, Clone)]
pub(super) struct Anthropic {
    pub(super) base_url: Url,
}

impl Anthropic {
    pub(super) async fn complete(
        &self,
        http: &reqwest::Client,
        credential: &Credential,
        model: &str,
        question: &Question<'_>,
        form: Form,
    ) -> Result<Completion, Failure> {
        let request = with_credential(http.post(self.below("v1/messages")).json(&body(model, question, form)), credential);
        completion(&send(request, &credential.secrets()).await?)
    }

    pub(super) async fn list(&self, http: &reqwest::Client, credential: &Credential) -> Result<Option<Vec<String>>, Failure> {
        let request = with_credential(http.get(self.below("v1/models")).query(&[("limit", LISTED)]), credential);
        let answer = send(request, &credential.secrets()).await?;
        let listed = answer["data"].as_array().into_iter().flatten();
        Ok(Some(listed.filter_map(|model| model["id"].as_str()).map(str::to_owned).collect()))
    }

    fn below(&self, path: &str) -> String {
        // Whoever copies the address of a gateway may have copied the version with it.
        let base = self.base_url.as_str().trim_end_matches('/');
        format!("{}/{path}", base.strip_suffix("/v1").unwrap_or(base))
    }
}

fn with_credential(request: reqwest::RequestBuilder, credential: &Credential) -> reqwest::RequestBuilder {
    let mut request = request.header("anthropic-version", VERSION);
    if let Some(key) = &credential.key {
        request = request.header("x-api-key", sensitive(&key.secret));
    }
    if let Some(token) = &credential.token {
        request = request.bearer_auth(token.expose_secret());
    }
    request
}

/// The pack ends with a point up to which the provider keeps what it read; a prompt that is too short for its cache is read
/// as if there were none.
fn body(model: &str, question: &Question<'_>, form: Form) -> Value {
    let is_forced = form.output == Output::Schema;
    let instruction = json!({ "type": "text", "text": question.instruction_with_schema(!is_forced) });
    let first = if question.pack.is_empty() {
        json!([instruction])
    } else if form.cache_point {
        json!([{ "type": "text", "text": question.pack, "cache_control": { "type": "ephemeral" } }, instruction])
    } else {
        json!([{ "type": "text", "text": question.pack }, instruction])
    };
    let mut messages = vec![json!({ "role": "user", "content": first })];
    for repair in &question.repairs {
        // An empty text is refused.
        let answer = if repair.answer.trim().is_empty() { "(nothing)" } else { &repair.answer };
        messages.push(json!({ "role": "assistant", "content": answer.trim_end() }));
        messages.push(json!({ "role": "user", "content": repair.complaint }));
    }
    let mut body = json!({
        "model": model,
        "max_tokens": question.max_tokens,
        "system": question.system,
        "messages": messages,
    });
    if is_forced {
        let schema = &question.schema;
        body["tools"] = json!([{
            "name": schema.name,
            "description": "Takes the answer to the question.",
            "input_schema": schema.json,
        }]);
        body["tool_choice"] = json!({ "type": "tool", "name": schema.name });
    }
    body
}

fn completion(answer: &Value) -> Result<Completion, Failure> {
    let Some(parts) = answer["content"].as_array() else {
        return Err(Failure::unanswered(format!("the answer holds no content: {}", excerpt(&answer.to_string()))));
    };
    let given = parts.iter().find(|part| part["type"] == "tool_use").map(|part| part["input"].to_string());
    let content = given.unwrap_or_else(|| parts.iter().filter_map(|part| part["text"].as_str()).collect());
    Ok(Completion { content, cut: answer["stop_reason"] == "max_tokens", usage: usage(&answer["usage"]) })
}

/// Here `input_tokens` are those that came from no cache and went into none.
fn usage(usage: &Value) -> Usage {
    let count = |name: &str| usage[name].as_u64().unwrap_or_default();
    let cached_tokens = count("cache_read_input_tokens");
    let cache_write_tokens = count("cache_creation_input_tokens");
    let fresh = count("input_tokens").saturating_add(cache_write_tokens);
    let (input_tokens, output_tokens) = (fresh.saturating_add(cached_tokens), count("output_tokens"));
    Usage { calls: 1, input_tokens, cached_tokens, cache_write_tokens, output_tokens, ..Usage::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Anthropic, Usage, body, completion};
    use crate::llm::{
        form::{Form, Output},
        question::{Question, Repair, Schema},
    };

    fn question() -> Question<'static> {
        Question {
            system: "rules",
            pack: "pack",
            instruction: "ask",
            repairs: Vec::new(),
            schema: Schema { name: "verdict", json: json!({"type": "object"}) },
            max_tokens: 9,
        }
    }

    #[test]
    fn the_pack_is_marked_for_the_cache_and_the_answer_is_forced_into_its_schema() {
        assert_eq!(
            body("claude", &question(), Form::default()),
            json!({
                "model": "claude",
                "max_tokens": 9,
                "system": "rules",
                "messages": [{"role": "user", "content": [
                    {"type": "text", "text": "pack", "cache_control": {"type": "ephemeral"}},
                    {"type": "text", "text": "ask"},
                ]}],
                "tools": [{
                    "name": "verdict",
                    "description": "Takes the answer to the question.",
                    "input_schema": {"type": "object"},
                }],
                "tool_choice": {"type": "tool", "name": "verdict"},
            })
        );
        let words = body("claude", &Question { pack: "", ..question() }, Form { output: Output::Words, ..Form::default() });
        assert!(words.get("tools").is_none());
        assert_eq!(words["messages"][0]["content"].as_array().unwrap().len(), 1, "an empty text is refused");
    }

    #[test]
    fn an_empty_answer_can_be_repaired() {
        let repairs = vec![Repair { answer: " \n".to_owned(), complaint: "that was nothing".to_owned() }];
        let body = body("claude", &Question { repairs, ..question() }, Form::default());
        assert_eq!(body["messages"][1]["content"], "(nothing)");
    }

    #[test]
    fn an_answer_is_what_went_into_the_tool_or_else_the_text() {
        let usage =
            json!({"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 70, "output_tokens": 5});
        let forced = completion(&json!({
            "content": [{"type": "text", "text": "Here:"}, {"type": "tool_use", "name": "verdict", "input": {"a": 1}}],
            "stop_reason": "tool_use",
            "usage": usage,
        }))
        .unwrap();
        assert_eq!((forced.content.as_str(), forced.cut), (r#"{"a":1}"#, false));
        let Usage { input_tokens, cached_tokens, cache_write_tokens, output_tokens, .. } = forced.usage;
        assert_eq!((input_tokens, cached_tokens, cache_write_tokens, output_tokens), (100, 70, 20, 5));
        let text = completion(&json!({"content": [{"type": "text", "text": "{}"}], "stop_reason": "max_tokens"})).unwrap();
        assert_eq!((text.content.as_str(), text.cut), ("{}", true));
        assert!(completion(&json!({"type": "message"})).unwrap_err().message.contains("no content"));
    }

    #[test]
    fn the_base_url_may_hold_the_version() {
        for base in ["https://api.anthropic.com", "https://api.anthropic.com/", "https://api.anthropic.com/v1/"] {
            let anthropic = Anthropic { base_url: base.parse().unwrap() };
            assert_eq!(anthropic.below("v1/messages"), "https://api.anthropic.com/v1/messages");
        }
    }
}
