//! Chat completions, at OpenAI, at everything that speaks like it, and at Azure OpenAI (sources: OpenAI's API reference,
//! "Create chat completion" and "List models"; Azure OpenAI's REST reference, "Chat completions - Create").

use review_core::usage::Usage;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use url::Url;

use super::{
    events,
    http::{AnswerBody, Answered, Patience, send},
};
use crate::llm::{
    form::{Form, Output},
    keys::Credential,
    question::{Completion, Failure, Question, Tool, ToolUse, Turn, excerpt},
};

/// Where the requests go, and what they carry beside the question.
#[derive(Debug, Clone)]
pub(super) enum Place {
    OpenAi {
        base_url: Url,
        organization: Option<String>,
        project: Option<String>,
    },
    Azure {
        endpoint: Url,
        api_version: String,
        /// Model name to the name of its deployment.
        deployments: Vec<(&'static str, String)>,
    },
}

impl Place {
    /// For messages.
    pub(super) fn address(&self) -> &str {
        match self {
            Self::OpenAi { base_url, .. } => base_url.as_str(),
            Self::Azure { endpoint, .. } => endpoint.as_str(),
        }
    }

    pub(super) async fn complete(
        &self,
        (http, patience): (&reqwest::Client, Patience),
        credential: &Credential,
        model: &str,
        question: &Question<'_>,
        form: Form,
    ) -> Result<Completion, Failure> {
        let (url, name) = match self {
            Self::OpenAi { base_url, .. } => (below(base_url, "chat/completions"), model),
            Self::Azure { endpoint, api_version, deployments } => {
                let deployment = deployments.iter().find(|(known, _)| *known == model).map_or(model, |(_, name)| name.as_str());
                let mut url = endpoint.clone();
                // A base URL always has a path; one that cannot have any is refused by the settings.
                if let Ok(mut segments) = url.path_segments_mut() {
                    segments.pop_if_empty().extend(["openai", "deployments", deployment, "chat", "completions"]);
                }
                url.query_pairs_mut().append_pair("api-version", api_version);
                (url.to_string(), deployment)
            }
        };
        let request = self.with_credential(http.post(url).json(&body(name, question, form)), credential);
        let Answered { body, remaining } = send(request, patience, &credential.secrets(), question.begun).await?;
        let answer = match body {
            AnswerBody::Whole(answer) => answer,
            AnswerBody::Events(events) => events::openai(&events)?,
        };
        Ok(Completion { remaining, ..completion(&answer)? })
    }

    /// Names of the models; None where there is no list, or none that says which of them answer here.
    pub(super) async fn list(
        &self,
        (http, patience): (&reqwest::Client, Patience),
        credential: &Credential,
    ) -> Result<Option<Vec<String>>, Failure> {
        let Self::OpenAi { base_url, .. } = self else { return Ok(None) };
        let request = self.with_credential(http.get(below(base_url, "models")), credential);
        let AnswerBody::Whole(answer) = send(request, patience, &credential.secrets(), None).await?.body else { return Ok(None) };
        let listed = answer["data"].as_array().into_iter().flatten();
        Ok(Some(listed.filter_map(|model| model["id"].as_str()).map(str::to_owned).collect()))
    }

    fn with_credential(&self, mut request: reqwest::RequestBuilder, credential: &Credential) -> reqwest::RequestBuilder {
        let bearer = |request: reqwest::RequestBuilder, secret: &SecretString| request.bearer_auth(secret.expose_secret());
        match self {
            Self::OpenAi { organization, project, .. } => {
                request = match (&credential.token, &credential.key) {
                    (Some(token), _) => bearer(request, token),
                    (None, Some(key)) => bearer(request, &key.secret),
                    (None, None) => request,
                };
                if let Some(organization) = organization {
                    request = request.header("OpenAI-Organization", organization);
                }
                if let Some(project) = project {
                    request = request.header("OpenAI-Project", project);
                }
            }
            // A gateway in front may want its subscription key beside the token.
            Self::Azure { .. } => {
                if let Some(key) = &credential.key {
                    request = request.header("api-key", sensitive(&key.secret));
                }
                if let Some(token) = &credential.token {
                    request = bearer(request, token);
                }
            }
        }
        request
    }
}

/// A header's value that debug output does not show; what cannot stand in a header becomes an empty one, which is refused.
pub(super) fn sensitive(secret: &SecretString) -> reqwest::header::HeaderValue {
    let mut value = reqwest::header::HeaderValue::from_str(secret.expose_secret())
        .unwrap_or_else(|_| reqwest::header::HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn below(base_url: &Url, path: &str) -> String {
    format!("{}/{path}", base_url.as_str().trim_end_matches('/'))
}

fn body(model: &str, question: &Question<'_>, form: Form) -> Value {
    let with_schema = form.output != Output::Schema;
    let first = format!("{}\n\n{}", question.pack, question.instruction_for(form, with_schema));
    let mut messages = vec![json!({ "role": "system", "content": question.system }), json!({ "role": "user", "content": first })];
    for turn in &question.turns {
        match turn {
            Turn::Repair { answer, complaint } => {
                messages.push(json!({ "role": "assistant", "content": answer }));
                messages.push(json!({ "role": "user", "content": complaint }));
            }
            Turn::Used { said, uses } => {
                let calls: Vec<Value> = uses.iter().map(|(tool_use, _)| call(tool_use)).collect();
                let said = if said.is_empty() { Value::Null } else { said.as_str().into() };
                messages.push(json!({ "role": "assistant", "content": said, "tool_calls": calls }));
                let results = uses.iter().map(|(tool_use, result)| (&tool_use.id, result));
                messages.extend(results.map(|(id, result)| json!({ "role": "tool", "tool_call_id": id, "content": result })));
            }
        }
    }
    let limit = if form.old_limit { "max_tokens" } else { "max_completion_tokens" };
    let mut body = json!({ "model": model, "messages": messages, limit: question.max_tokens });
    if let Some(toolbox) = question.tools_for(form) {
        body["tools"] = toolbox.tools.iter().map(function).collect();
        if question.must_answer {
            body["tool_choice"] = "none".into();
        }
    }
    if let Some(effort) = question.effort.filter(|_| form.effort) {
        body["reasoning_effort"] = effort.word().into();
    }
    if form.stream {
        body["stream"] = true.into();
        body["stream_options"] = json!({ "include_usage": true });
    }
    match form.output {
        Output::Schema => {
            let schema = &question.schema;
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": { "name": schema.name, "strict": true, "schema": schema.json },
            });
        }
        Output::Object => body["response_format"] = json!({ "type": "json_object" }),
        Output::Words => {}
    }
    body
}

fn function(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters,
            "strict": true,
        },
    })
}

fn call(tool_use: &ToolUse) -> Value {
    json!({
        "id": tool_use.id,
        "type": "function",
        "function": { "name": tool_use.name, "arguments": tool_use.arguments },
    })
}

fn completion(answer: &Value) -> Result<Completion, Failure> {
    let choice = &answer["choices"][0];
    let content = match &choice["message"]["content"] {
        Value::String(content) => content.clone(),
        // Some servers answer in parts.
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    if choice.is_null() {
        return Err(Failure::unanswered(format!("the answer holds no choices: {}", excerpt(&answer.to_string()))));
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let calls = choice["message"]["tool_calls"].as_array().into_iter().flatten();
    let uses = calls.map(|call| ToolUse {
        id: text(&call["id"]),
        name: text(&call["function"]["name"]),
        arguments: text(&call["function"]["arguments"]),
    });
    Ok(Completion {
        content,
        uses: uses.collect(),
        cut: choice["finish_reason"] == "length",
        usage: usage(&answer["usage"]),
        remaining: None,
    })
}

fn usage(usage: &Value) -> Usage {
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    Usage {
        calls: 1,
        input_tokens: count(&usage["prompt_tokens"]),
        cached_tokens: count(&usage["prompt_tokens_details"]["cached_tokens"]),
        output_tokens: count(&usage["completion_tokens"]),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::body;
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
            schema: Schema { name: "review_findings", json: json!({"type": "object"}) },
            max_tokens: 9,
            toolbox: None,
            must_answer: false,
            effort: None,
            begun: None,
        }
    }

    #[test]
    fn a_weaker_form_carries_the_schema_in_the_prompt() {
        let strict = body("m", &question(), Form::default());
        assert_eq!(strict["response_format"]["json_schema"]["name"], "review_findings");
        assert_eq!(strict["messages"][1]["content"], "pack\n\nask");
        assert_eq!(strict["max_completion_tokens"], 9);
        let words = body("m", &question(), Form { output: Output::Words, old_limit: true, ..Form::default() });
        assert!(words.get("response_format").is_none());
        let content = words["messages"][1]["content"].as_str().unwrap();
        assert!(content.starts_with("pack\n\nask\n\n") && content.contains("schema `review_findings`"), "{content}");
        assert_eq!(words["max_tokens"], 9);
    }

    #[test]
    fn a_repair_is_a_turn_of_its_own_behind_the_same_beginning() {
        let first = body("m", &question(), Form::default());
        let turns_so_far = vec![Turn::Repair { answer: "{".to_owned(), complaint: "half".to_owned() }];
        let second = body("m", &Question { turns: turns_so_far, ..question() }, Form::default());
        let turns = |body: &serde_json::Value| body["messages"].as_array().unwrap().clone();
        assert_eq!(turns(&second)[..2], turns(&first)[..]);
        assert_eq!(
            turns(&second)[2..],
            [json!({"role": "assistant", "content": "{"}), json!({"role": "user", "content": "half"})]
        );
    }

    #[test]
    fn tools_are_offered_their_results_are_shown_and_at_the_end_they_are_withheld() {
        let tools = [Tool { name: "grep", description: "Finds.", parameters: json!({"type": "object"}) }];
        let toolbox = Some(Toolbox { tools: &tools, words: "Look first." });
        let tool_use = ToolUse { id: "call_1".to_owned(), name: "grep".to_owned(), arguments: "{}".to_owned() };
        let used = Turn::Used { said: String::new(), uses: vec![(tool_use, "nothing found".to_owned())] };
        let asked = Question { toolbox, turns: vec![used], must_answer: true, ..question() };
        let offered = body("m", &asked, Form::default());
        assert_eq!(offered["messages"][1]["content"], "pack\n\nask\n\nLook first.");
        assert_eq!(offered["messages"][2]["tool_calls"][0]["function"], json!({"name": "grep", "arguments": "{}"}));
        assert_eq!(offered["messages"][3], json!({"role": "tool", "tool_call_id": "call_1", "content": "nothing found"}));
        assert_eq!((&offered["tools"][0]["function"]["name"], &offered["tool_choice"]), (&json!("grep"), &json!("none")));
        let plain = body("m", &Question { turns: Vec::new(), ..asked }, Form { tools: false, ..Form::default() });
        assert!(plain.get("tools").is_none() && plain["messages"][1]["content"] == "pack\n\nask");
    }
}
