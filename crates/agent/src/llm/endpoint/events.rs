//! Answers that came in pieces, put together as they would have come whole (source: OpenAI's API reference, "Streaming", and
//! Anthropic's, "Streaming Messages").

use serde_json::{Map, Value, json};

use crate::llm::question::Failure;

/// More tools than this at once are noise.
const MOST_TOOLS_AT_ONCE: usize = 64;

fn cut() -> Failure {
    Failure::unanswered("the answer was cut in the middle: its stream ended without an end")
}

/// A `chat.completion` out of its chunks.
pub(super) fn openai(events: &[Value]) -> Result<Value, Failure> {
    let (mut content, mut tool_calls, mut usage, mut ended) = (String::new(), Vec::<Value>::new(), Value::Null, Value::Null);
    for event in events {
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
        let choice = &event["choices"][0];
        if !choice["finish_reason"].is_null() {
            ended = choice["finish_reason"].clone();
        }
        let delta = &choice["delta"];
        content.push_str(delta["content"].as_str().unwrap_or_default());
        for piece in delta["tool_calls"].as_array().into_iter().flatten().filter(|piece| piece["function"].is_object()) {
            let index = piece["index"].as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(tool_calls.len());
            if index >= MOST_TOOLS_AT_ONCE {
                continue;
            }
            while tool_calls.len() <= index {
                tool_calls.push(json!({ "id": "", "function": { "name": "", "arguments": "" } }));
            }
            let Some(call) = tool_calls.get_mut(index) else { continue };
            append(&mut call["id"], &piece["id"]);
            append(&mut call["function"]["name"], &piece["function"]["name"]);
            append(&mut call["function"]["arguments"], &piece["function"]["arguments"]);
        }
    }
    if ended.is_null() {
        return Err(cut());
    }
    let message = json!({ "role": "assistant", "content": content, "tool_calls": tool_calls });
    Ok(json!({ "choices": [{ "message": message, "finish_reason": ended }], "usage": usage }))
}

fn append(text: &mut Value, piece: &Value) {
    if let (Value::String(text), Some(piece)) = (text, piece.as_str()) {
        text.push_str(piece);
    }
}

/// A `message` out of its events.
pub(super) fn anthropic(events: &[Value]) -> Result<Value, Failure> {
    let (mut content, mut usage, mut stop_reason) = (Vec::<Value>::new(), Map::new(), Value::Null);
    let mut inputs = Vec::<String>::new();
    let mut is_ended = false;
    for event in events {
        for counts in [&event["message"]["usage"], &event["usage"]] {
            for (name, count) in counts.as_object().into_iter().flatten().filter(|(_, count)| count.is_number()) {
                usage.insert(name.clone(), count.clone());
            }
        }
        match event["type"].as_str() {
            Some("content_block_start") if content.len() < MOST_TOOLS_AT_ONCE => {
                content.push(event["content_block"].clone());
                inputs.push(String::new());
            }
            Some("content_block_delta") => {
                let delta = &event["delta"];
                if let (Some(Value::String(text)), Some(piece)) =
                    (content.last_mut().and_then(|block| block.get_mut("text")), delta["text"].as_str())
                {
                    text.push_str(piece);
                }
                if let (Some(input), Some(piece)) = (inputs.last_mut(), delta["partial_json"].as_str()) {
                    input.push_str(piece);
                }
            }
            Some("message_delta") => stop_reason = event["delta"]["stop_reason"].clone(),
            Some("message_stop") => is_ended = true,
            _ => {}
        }
    }
    if !is_ended {
        return Err(cut());
    }
    for (block, input) in content.iter_mut().zip(inputs).filter(|(block, _)| block["type"] == "tool_use") {
        // What was cut at the token limit is no JSON; the text shows how far it came.
        block["input"] = serde_json::from_str(&input).unwrap_or(Value::String(input));
    }
    Ok(json!({ "content": content, "stop_reason": stop_reason, "usage": usage }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{anthropic, openai};

    fn chunk(delta: &Value, ended: Option<&str>) -> Value {
        json!({ "choices": [{ "delta": delta, "finish_reason": ended }] })
    }

    #[test]
    fn pieces_of_text_and_of_tools_are_put_together() {
        let call = |piece: Value| chunk(&json!({ "tool_calls": [piece] }), None);
        let whole = openai(&[
            chunk(&json!({ "role": "assistant", "content": "" }), None),
            chunk(&json!({ "content": "Let me " }), None),
            chunk(&json!({ "content": "look." }), None),
            call(json!({ "index": 0, "id": "call_1", "function": { "name": "grep", "arguments": "" } })),
            call(json!({ "index": 0, "function": { "arguments": "{\"pattern\":" } })),
            call(json!({ "index": 1, "id": "call_2", "function": { "name": "read", "arguments": "{}" } })),
            call(json!({ "index": 0, "function": { "arguments": "\"x\"}" } })),
            chunk(&json!({}), Some("tool_calls")),
            json!({ "choices": [], "usage": { "prompt_tokens": 7 } }),
        ])
        .unwrap();
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["content"], "Let me look.");
        assert_eq!(message["tool_calls"][0]["function"], json!({ "name": "grep", "arguments": "{\"pattern\":\"x\"}" }));
        assert_eq!(message["tool_calls"][1]["id"], "call_2");
        assert_eq!((&whole["choices"][0]["finish_reason"], &whole["usage"]["prompt_tokens"]), (&json!("tool_calls"), &json!(7)));

        let whole = anthropic(&[
            json!({ "type": "message_start", "message": { "usage": { "input_tokens": 7, "output_tokens": 1 } } }),
            json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            json!({ "type": "ping" }),
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "Let me look." } }),
            json!({ "type": "content_block_stop", "index": 0 }),
            json!({ "type": "content_block_start", "index": 1,
                    "content_block": { "type": "tool_use", "id": "toolu_1", "name": "grep", "input": {} } }),
            json!({ "type": "content_block_delta", "index": 1, "delta": { "partial_json": "{\"pattern\":" } }),
            json!({ "type": "content_block_delta", "index": 1, "delta": { "partial_json": "\"x\"}" } }),
            json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" }, "usage": { "output_tokens": 9 } }),
            json!({ "type": "message_stop" }),
        ])
        .unwrap();
        assert_eq!(
            whole,
            json!({
                "content": [
                    { "type": "text", "text": "Let me look." },
                    { "type": "tool_use", "id": "toolu_1", "name": "grep", "input": { "pattern": "x" } },
                ],
                "stop_reason": "tool_use",
                "usage": { "input_tokens": 7, "output_tokens": 9 },
            })
        );
    }

    #[test]
    fn a_stream_without_an_end_is_no_answer() {
        let text = "cut in the middle";
        assert!(openai(&[chunk(&json!({ "content": "{}" }), None)]).unwrap_err().message.contains(text));
        assert!(anthropic(&[json!({ "type": "message_start" })]).unwrap_err().message.contains(text));
        assert!(openai(&[]).is_err() && anthropic(&[]).is_err());
    }

    #[test]
    fn a_stream_of_nonsense_is_survived() {
        let far = json!({ "tool_calls": [{ "index": u64::MAX, "id": 7 }, "x", null] });
        let whole = openai(&[json!(null), json!([1]), chunk(&far, None), chunk(&json!("x"), Some("stop"))]).unwrap();
        assert_eq!(whole["choices"][0]["message"]["tool_calls"], json!([]));
        let nonsense = json!({ "type": "content_block_delta", "delta": { "text": "lost" } });
        let whole = anthropic(&[nonsense, json!({ "type": "message_stop" })]).unwrap();
        assert_eq!(whole["content"], json!([]));
    }
}
