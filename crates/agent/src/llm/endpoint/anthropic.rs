//! Anthropic's Messages API (source: Anthropic's API reference, "Messages", "Models", "Errors", "Prompt caching").

use review_core::usage::Usage;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use url::Url;

use super::{
    events,
    http::{AnswerBody, Answered, Patience, send},
    openai::sensitive,
};
use crate::llm::{
    form::{Form, Output},
    keys::Credential,
    question::{Completion, Failure, Question, ToolUse, Turn, excerpt},
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
        (http, patience): (&reqwest::Client, Patience),
        credential: &Credential,
        model: &str,
        question: &Question<'_>,
        form: Form,
    ) -> Result<Completion, Failure> {
        let request = with_credential(http.post(self.below("v1/messages")).json(&body(model, question, form)), credential);
        let Answered { body, remaining } = send(request, patience, &credential.secrets(), question.begun).await?;
        let answer = match body {
            AnswerBody::Whole(answer) => answer,
            AnswerBody::Events(events) => events::anthropic(&events)?,
        };
        Ok(Completion { remaining, ..completion(&answer, question.schema.name)? })
    }

    pub(super) async fn list(
        &self,
        (http, patience): (&reqwest::Client, Patience),
        credential: &Credential,
    ) -> Result<Option<Vec<String>>, Failure> {
        let request = with_credential(http.get(self.below("v1/models")).query(&[("limit", LISTED)]), credential);
        let AnswerBody::Whole(answer) = send(request, patience, &credential.secrets(), None).await?.body else { return Ok(None) };
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

/// The pack ends with a point up to which the provider keeps what it read, and so does the newest result of a tool; a prompt
/// that is too short for its cache is read as if there were none.
fn body(model: &str, question: &Question<'_>, form: Form) -> Value {
    let is_forced = form.output == Output::Schema;
    let marked = |mut block: Value| {
        if form.cache_point {
            block["cache_control"] = json!({ "type": "ephemeral" });
        }
        block
    };
    let instruction = json!({ "type": "text", "text": question.instruction_for(form, !is_forced) });
    let first = if question.pack.is_empty() {
        json!([instruction])
    } else {
        json!([marked(json!({ "type": "text", "text": question.pack })), instruction])
    };
    let mut messages = vec![json!({ "role": "user", "content": first })];
    for (index, turn) in question.turns.iter().enumerate() {
        let is_newest = index + 1 == question.turns.len();
        match turn {
            Turn::Repair { answer, complaint } => {
                // An empty text is refused.
                let answer = if answer.trim().is_empty() { "(nothing)" } else { answer };
                messages.push(json!({ "role": "assistant", "content": answer.trim_end() }));
                messages.push(json!({ "role": "user", "content": complaint }));
            }
            Turn::Used { said, uses } => {
                let mut blocks = Vec::new();
                if !said.trim().is_empty() {
                    blocks.push(json!({ "type": "text", "text": said.trim_end() }));
                }
                blocks.extend(uses.iter().map(|(tool_use, _)| {
                    let input = tool_use.input();
                    json!({ "type": "tool_use", "id": tool_use.id, "name": tool_use.name, "input": input })
                }));
                messages.push(json!({ "role": "assistant", "content": blocks }));
                let mut results: Vec<Value> = uses
                    .iter()
                    .map(|(tool_use, result)| json!({ "type": "tool_result", "tool_use_id": tool_use.id, "content": result }))
                    .collect();
                if let Some(last) = results.pop() {
                    results.push(if is_newest { marked(last) } else { last });
                }
                messages.push(json!({ "role": "user", "content": results }));
            }
        }
    }
    let mut body = json!({
        "model": model,
        "max_tokens": question.max_tokens,
        "system": question.system,
        "messages": messages,
    });
    let toolbox = question.tools_for(form);
    let mut tools: Vec<Value> = Vec::new();
    for tool in toolbox.iter().flat_map(|toolbox| toolbox.tools) {
        tools.push(json!({ "name": tool.name, "description": tool.description, "input_schema": tool.parameters }));
    }
    if is_forced {
        let schema = &question.schema;
        tools.push(json!({
            "name": schema.name,
            "description": "Takes the answer to the question.",
            "input_schema": schema.json,
        }));
    }
    let may_look = toolbox.is_some() && !question.must_answer;
    match (is_forced, may_look) {
        (true, true) => body["tool_choice"] = json!({ "type": "any" }),
        (true, false) => body["tool_choice"] = json!({ "type": "tool", "name": question.schema.name }),
        (false, false) if toolbox.is_some() => body["tool_choice"] = json!({ "type": "none" }),
        (false, _) => {}
    }
    if !tools.is_empty() {
        body["tools"] = tools.into();
    }
    if form.stream {
        body["stream"] = true.into();
    }
    body
}

/// `answer_tool`: the tool that takes the answer; whatever else is used beside it comes too late.
fn completion(answer: &Value, answer_tool: &str) -> Result<Completion, Failure> {
    let Some(parts) = answer["content"].as_array() else {
        return Err(Failure::unanswered(format!("the answer holds no content: {}", excerpt(&answer.to_string()))));
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let uses: Vec<ToolUse> = parts
        .iter()
        .filter(|part| part["type"] == "tool_use")
        .map(|part| ToolUse { id: text(&part["id"]), name: text(&part["name"]), arguments: written(&part["input"]) })
        .collect();
    let said: String = parts.iter().filter_map(|part| part["text"].as_str()).collect();
    let (content, uses) = match uses.iter().find(|tool_use| tool_use.name == answer_tool) {
        Some(given) => (given.arguments.clone(), Vec::new()),
        None => (said, uses),
    };
    let cut = answer["stop_reason"] == "max_tokens";
    Ok(Completion { content, uses, cut, usage: usage(&answer["usage"]), remaining: None })
}

/// What was cut in the middle of a stream is no JSON, and stays as it came.
fn written(input: &Value) -> String {
    input.as_str().map_or_else(|| input.to_string(), str::to_owned)
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
        question::{Question, Schema, Tool, ToolUse, Toolbox, Turn},
    };

    fn question() -> Question<'static> {
        Question {
            system: "rules",
            pack: "pack",
            instruction: "ask",
            turns: Vec::new(),
            schema: Schema { name: "verdict", json: json!({"type": "object"}) },
            max_tokens: 9,
            toolbox: None,
            must_answer: false,
            effort: None,
            begun: None,
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
                "stream": true,
            })
        );
        let words = body("claude", &Question { pack: "", ..question() }, Form { output: Output::Words, ..Form::default() });
        assert!(words.get("tools").is_none());
        assert_eq!(words["messages"][0]["content"].as_array().unwrap().len(), 1, "an empty text is refused");
    }

    #[test]
    fn an_empty_answer_can_be_repaired() {
        let turns = vec![Turn::Repair { answer: " \n".to_owned(), complaint: "that was nothing".to_owned() }];
        let body = body("claude", &Question { turns, ..question() }, Form::default());
        assert_eq!(body["messages"][1]["content"], "(nothing)");
    }

    #[test]
    fn an_answer_is_what_went_into_the_tool_or_else_the_text() {
        let usage =
            json!({"input_tokens": 10, "cache_creation_input_tokens": 20, "cache_read_input_tokens": 70, "output_tokens": 5});
        let forced = completion(
            &json!({
                "content": [{"type": "text", "text": "Here:"}, {"type": "tool_use", "name": "verdict", "input": {"a": 1}}],
                "stop_reason": "tool_use",
                "usage": usage,
            }),
            "verdict",
        )
        .unwrap();
        assert_eq!((forced.content.as_str(), forced.cut), (r#"{"a":1}"#, false));
        let Usage { input_tokens, cached_tokens, cache_write_tokens, output_tokens, .. } = forced.usage;
        assert_eq!((input_tokens, cached_tokens, cache_write_tokens, output_tokens), (100, 70, 20, 5));
        let text =
            completion(&json!({"content": [{"type": "text", "text": "{}"}], "stop_reason": "max_tokens"}), "verdict").unwrap();
        assert_eq!((text.content.as_str(), text.cut), ("{}", true));
        assert!(completion(&json!({"type": "message"}), "verdict").unwrap_err().message.contains("no content"));
    }

    #[test]
    fn the_base_url_may_hold_the_version() {
        for base in ["https://api.anthropic.com", "https://api.anthropic.com/", "https://api.anthropic.com/v1/"] {
            let anthropic = Anthropic { base_url: base.parse().unwrap() };
            assert_eq!(anthropic.below("v1/messages"), "https://api.anthropic.com/v1/messages");
        }
    }

    #[test]
    fn a_model_that_may_look_first_must_use_a_tool_and_its_newest_result_ends_what_is_kept() {
        let tools = [Tool { name: "grep", description: "Finds.", parameters: json!({"type": "object"}) }];
        let toolbox = Some(Toolbox { tools: &tools, words: "Look first." });
        let used = |id: &str| {
            let tool_use = ToolUse { id: id.to_owned(), name: "grep".to_owned(), arguments: "{\"pattern\":\"x\"}".to_owned() };
            Turn::Used { said: "Let me look. ".to_owned(), uses: vec![(tool_use, "nothing found".to_owned())] }
        };
        let asked = Question { toolbox, turns: vec![used("a"), used("b")], ..question() };
        let looking = body("claude", &asked, Form::default());
        assert_eq!(looking["tool_choice"], json!({"type": "any"}));
        assert_eq!(looking["tools"].as_array().unwrap().len(), 2);
        assert_eq!(
            looking["messages"][1]["content"],
            json!([
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "a", "name": "grep", "input": {"pattern": "x"}},
            ])
        );
        assert_eq!(
            [&looking["messages"][2]["content"][0]["cache_control"], &looking["messages"][4]["content"][0]["cache_control"]],
            [&json!(null), &json!({"type": "ephemeral"})]
        );
        let answering = body("claude", &Question { must_answer: true, ..asked }, Form::default());
        assert_eq!(answering["tool_choice"], json!({"type": "tool", "name": "verdict"}));
        assert_eq!(answering["tools"], looking["tools"], "or nothing of what was read would be kept");

        let wish = json!({"content": [{"type": "tool_use", "id": "c", "name": "grep", "input": {"pattern": "y"}}]});
        let wish = completion(&wish, "verdict").unwrap();
        assert_eq!((wish.uses[0].name.as_str(), wish.uses[0].arguments.as_str()), ("grep", r#"{"pattern":"y"}"#));
    }
}
