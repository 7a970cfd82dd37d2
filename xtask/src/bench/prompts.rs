//! The prompts of requests as providers read them, and how much of each was read before.

use coderabbit_agent::llm::count_tokens;
use serde_json::Value;
use testkit::model::Call;

/// One request, in the order in which its provider reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) model: String,
    /// What stands before the messages: tools (OpenAI, Anthropic) and the schema of the answer (OpenAI). Sources: OpenAI's guide
    /// "Prompt caching" ("the schema serves as a prefix to the system message"), Anthropic's "Prompt caching" ("tools, system,
    /// then messages").
    pub(super) head: String,
    /// System and user messages.
    pub(super) text: String,
    /// Bytes of `text` that stand before what this call alone asks. None where the request does not tell: OpenAI's have no mark.
    pub(super) prefix: Option<usize>,
}

impl Prompt {
    /// Of a request to OpenAI or to Anthropic.
    pub(super) fn of(call: &Call) -> Self {
        let body = &call.body;
        let mut head = String::new();
        for part in [&body["tools"], &body["tool_choice"], &body["response_format"]["json_schema"]] {
            if !part.is_null() {
                head.push_str(&part.to_string());
            }
        }
        let mut prompt = Self { model: call.model.clone(), head, text: String::new(), prefix: None };
        prompt.push("system", &body["system"]);
        for message in body["messages"].as_array().into_iter().flatten() {
            prompt.push(message["role"].as_str().unwrap_or_default(), &message["content"]);
            prompt.push("tool_calls", &message["tool_calls"]);
        }
        prompt
    }

    fn push(&mut self, role: &str, content: &Value) {
        let parts = match content {
            Value::Null => return,
            Value::Array(parts) => parts.as_slice(),
            content => std::slice::from_ref(content),
        };
        self.text.push_str(&format!("<{role}>\n"));
        for part in parts {
            let written = part.as_str().or_else(|| part["text"].as_str());
            self.text.push_str(&written.map_or_else(|| part.to_string(), str::to_owned));
            if !part["cache_control"].is_null() {
                self.prefix.get_or_insert(self.text.len());
            }
            self.text.push('\n');
        }
    }

    pub(super) fn tokens(&self) -> usize {
        count_tokens(&self.head).saturating_add(count_tokens(&self.text))
    }

    /// The beginning of the messages that an earlier request began with as well.
    fn shared_with(&self, earlier: &[Self]) -> &str {
        let longest = earlier.iter().map(|other| common(&self.text, &other.text)).max().unwrap_or(0);
        self.text.get(..longest).unwrap_or_default()
    }

    /// Tokens that the provider can take from its cache: the whole beginning was read before, by the same model.
    fn cacheable_after(&self, earlier: &[Self]) -> usize {
        let is_alike = |other: &&Self| other.model == self.model && other.head == self.head;
        let alike: Vec<Self> = earlier.iter().filter(is_alike).cloned().collect();
        if alike.is_empty() { 0 } else { count_tokens(&self.head).saturating_add(count_tokens(self.shared_with(&alike))) }
    }
}

/// Bytes at the beginning that are the same, up to the end of a character.
fn common(one: &str, other: &str) -> usize {
    let same = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    (0..=same).rev().find(|end| one.is_char_boundary(*end)).unwrap_or(0)
}

/// What the requests of a run share, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    /// Of what stands before its own question, the least share that a second or later request has from an earlier one.
    pub(super) of_prefix: f64,
    /// Of the whole messages of the second and later requests, what an earlier one began with.
    pub(super) of_whole: f64,
    /// Of everything that was sent, what the provider can take from its cache.
    pub(super) cacheable: f64,
}

/// `prefix`: bytes before the question of a request that does not tell. None when there are not two requests.
pub(super) fn shares(prompts: &[Prompt], prefix: usize) -> Option<Shares> {
    let (mut of_prefix, mut shared, mut read, mut cacheable) = (1.0_f64, 0_usize, 0_usize, 0_usize);
    for (index, prompt) in prompts.iter().enumerate() {
        let earlier = prompts.get(..index).unwrap_or_default();
        cacheable = cacheable.saturating_add(prompt.cacheable_after(earlier));
        if index > 0 {
            let from_earlier = prompt.shared_with(earlier);
            let prefix = prompt.prefix.unwrap_or(prefix).max(1);
            of_prefix = of_prefix.min(ratio(from_earlier.len().min(prefix), prefix));
            shared = shared.saturating_add(count_tokens(from_earlier));
            read = read.saturating_add(count_tokens(&prompt.text));
        }
    }
    let tokens = prompts.iter().map(Prompt::tokens).sum();
    (prompts.len() > 1).then(|| Shares { of_prefix, of_whole: ratio(shared, read), cacheable: ratio(cacheable, tokens) })
}

/// 0 of nothing.
#[expect(clippy::cast_precision_loss, reason = "tokens of a run are far below 2^52")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Prompt, common};

    fn prompt(model: &str, head: &str, text: &str) -> Prompt {
        Prompt { model: model.to_owned(), head: head.to_owned(), text: text.to_owned(), prefix: None }
    }

    #[test]
    fn a_beginning_ends_with_a_whole_character() {
        assert_eq!([common("aé", "aè"), common("a", "ab"), common("", "a"), common("éa", "éa")], [1, 1, 0, 3]);
    }

    #[test]
    fn the_messages_may_be_shared_where_no_cache_can_be() {
        let pack = "word ".repeat(90);
        let all = [
            prompt("m", "findings", &format!("{pack}find")),
            prompt("m", "verdict", &format!("{pack}{}", "ask ".repeat(10))),
            prompt("m", "verdict", &format!("{pack}{}", "ask ".repeat(10))),
            prompt("n", "verdict", &format!("{pack}more")),
        ];
        let shares = super::shares(&all, pack.len()).unwrap();
        assert!((shares.of_prefix - 1.0).abs() < f64::EPSILON, "{shares:?}");
        assert!((0.9..1.0).contains(&shares.of_whole), "{shares:?}");
        assert!((0.2..0.3).contains(&shares.cacheable), "one of four by the same model with the same schema: {shares:?}");
        assert_eq!(super::shares(&all[..1], pack.len()), None);
    }

    #[test]
    fn a_time_in_the_pack_is_seen() {
        let pack = |time: &str| format!("rules of the house\nat {time}\n{}", "word ".repeat(90));
        let all = ["10:00", "10:01", "10:02"].map(|time| prompt("m", "", &format!("{}find", pack(time))));
        let shares = super::shares(&all, pack("10:00").len()).unwrap();
        assert!(shares.of_prefix < 0.1, "{shares:?}");
    }

    #[test]
    fn anthropics_cache_point_says_where_the_question_of_a_call_begins() {
        let mut with_point = prompt("m", "", "");
        with_point.push("system", &json!("rules"));
        let first = json!([{ "type": "text", "text": "pack", "cache_control": { "type": "ephemeral" } }, { "type": "text", "text": "ask" }]);
        with_point.push("user", &first);
        with_point.push("assistant", &json!([{ "type": "tool_use", "name": "read" }]));
        assert_eq!(
            with_point.text,
            "<system>\nrules\n<user>\npack\nask\n<assistant>\n{\"type\":\"tool_use\",\"name\":\"read\"}\n"
        );
        assert_eq!(with_point.prefix, Some("<system>\nrules\n<user>\npack".len()));
    }
}
