//! How an answer in a schema is asked for, from the strictest form down, and how it is read.

use review_core::finding::answer::Answer;

use super::question::Failure;

/// What an endpoint understands of a request. Starts at the strictest; steps down when the endpoint says so.
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that a server takes or does not, apart from all others")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) output: Output,
    /// `max_completion_tokens`, or the older `max_tokens`.
    pub(super) old_limit: bool,
    /// Where the provider must be told up to where it keeps what it read; older models of Bedrock cannot.
    pub(super) cache_point: bool,
    /// Tools to look further with.
    pub(super) tools: bool,
    /// The answer in pieces, so that silence is told from thought.
    pub(super) stream: bool,
    /// `reasoning_effort`, which models that do not reason refuse.
    pub(super) effort: bool,
}

/// The strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Output {
    /// The provider's own way: `response_format: json_schema`, strict, or a tool that must be called.
    Schema,
    /// `response_format: json_object`, the schema in the prompt; only where the provider has that.
    Object,
    /// The schema in the prompt, nothing else.
    Words,
}

impl Default for Form {
    fn default() -> Self {
        Self { output: Output::Schema, old_limit: false, cache_point: true, tools: true, stream: true, effort: true }
    }
}

impl Form {
    /// What is understood by an endpoint that takes neither more than this nor more than `other`: two calls at a time may
    /// each have learnt something.
    pub(super) fn weakest(self, other: Self) -> Self {
        Self {
            output: self.output.max(other.output),
            old_limit: self.old_limit || other.old_limit,
            cache_point: self.cache_point && other.cache_point,
            tools: self.tools && other.tools,
            stream: self.stream && other.stream,
            effort: self.effort && other.effort,
        }
    }

    /// The next form to try when the failure says that this one is not understood; None when it says something else.
    /// `has_object`: the provider has a form between its own and words. `with_tools`: tools were offered.
    pub(super) fn weaker_after(self, failure: &Failure, has_object: bool, with_tools: bool) -> Option<Self> {
        if !matches!(failure.status, Some(400 | 404 | 415 | 422 | 500 | 501)) {
            return None;
        }
        let message = failure.message.to_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| message.contains(word));
        if !self.old_limit && names(&["max_completion_tokens"]) {
            return Some(Self { old_limit: true, ..self });
        }
        if self.old_limit && names(&["max_tokens"]) && names(&["max_completion_tokens"]) {
            return None;
        }
        if self.cache_point && names(&["cachepoint", "cache point", "cache_control", "prompt caching"]) {
            return Some(Self { cache_point: false, ..self });
        }
        if self.effort && names(&["reasoning_effort", "reasoning effort"]) {
            return Some(Self { effort: false, ..self });
        }
        if self.stream && names(&["stream"]) {
            return Some(Self { stream: false, ..self });
        }
        // A forced answer is a tool for some: what is optional goes first.
        if self.tools && with_tools && names(&["tool", "function"]) {
            return Some(Self { tools: false, ..self });
        }
        let about_output = names(&[
            "response_format",
            "json_schema",
            "json schema",
            "json_object",
            "structured output",
            "grammar",
            "guided",
            "sampler",
            "tool_choice",
            "toolchoice",
            "toolconfig",
            "tool use",
            "input_schema",
        ]);
        let output = match self.output {
            Output::Schema if about_output && has_object => Output::Object,
            Output::Schema | Output::Object if about_output => Output::Words,
            _ => return None,
        };
        Some(Self { output, ..self })
    }
}

/// Reads an answer: the whole text, what a code fence holds, or the outermost braces.
pub(super) fn parse<A: Answer>(content: &str) -> Result<A, String> {
    let text = content.trim();
    let mut problem = match serde_json::from_str(text) {
        Ok(answer) => return Ok(answer),
        Err(error) => error.to_string(),
    };
    // Some servers print the reasoning before the answer.
    let after_reasoning = text.rsplit_once("</think>").map_or(text, |(_, answer)| answer);
    let outermost =
        after_reasoning.find('{').zip(after_reasoning.rfind('}')).and_then(|(first, last)| after_reasoning.get(first..=last));
    if let Some(object) = outermost {
        match serde_json::from_str(object) {
            Ok(answer) => return Ok(answer),
            Err(error) => problem = error.to_string(),
        }
    } else if text.is_empty() {
        "the answer is empty".clone_into(&mut problem);
    } else {
        "the answer holds no JSON object".clone_into(&mut problem);
    }
    Err(one_line(&problem))
}

/// The parser's words may repeat the model's: no control characters for logs and terminals.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(500).collect()
}

/// The beginning of a bad answer, enough to be told what was wrong with it.
pub(super) fn excerpt(content: &str) -> String {
    content.chars().take(2_000).collect()
}

#[cfg(test)]
mod tests {
    use review_core::finding::answer::ResolutionAnswer;

    use super::{Failure, Form, Output, parse};

    fn failure(status: u16, message: &str) -> Failure {
        Failure { status: Some(status), message: message.to_owned(), code: None, retry_after: None }
    }

    #[test]
    fn the_form_steps_down_only_when_the_endpoint_names_what_it_does_not_take() {
        let strict = Form::default();
        let object = strict
            .weaker_after(&failure(400, "Invalid parameter: 'response_format' of type 'json_schema'"), true, false)
            .unwrap();
        assert_eq!(object.output, Output::Object);
        let words = object.weaker_after(&failure(422, "response_format is not supported"), true, false).unwrap();
        assert_eq!(words.output, Output::Words);
        assert_eq!(words.weaker_after(&failure(400, "response_format is not supported"), true, false), None);
        let refused = failure(400, "tool_choice is not supported for this model");
        assert_eq!(strict.weaker_after(&refused, false, false).unwrap().output, Output::Words, "there is no form between");
        let uncached = strict.weaker_after(&failure(400, "extraneous key [cachePoint] is not permitted"), false, false).unwrap();
        assert!(!uncached.cache_point && uncached.output == Output::Schema);
        let limit = strict
            .weaker_after(&failure(400, "Unrecognized request argument supplied: max_completion_tokens"), true, false)
            .unwrap();
        assert!(limit.old_limit && limit.output == Output::Schema);
        for other in [failure(400, "temperature is not supported"), failure(429, "response_format"), failure(401, "json_schema")]
        {
            assert_eq!(strict.weaker_after(&other, true, false), None, "{other:?}");
        }
    }

    #[test]
    fn tools_and_streams_are_given_up_before_the_answers_form() {
        let strict = Form::default();
        let with_grammar = failure(400, "Cannot use custom grammar constraints with tools.");
        let without_tools = strict.weaker_after(&with_grammar, true, true).unwrap();
        assert!(!without_tools.tools && without_tools.output == Output::Schema);
        assert_eq!(without_tools.weaker_after(&with_grammar, true, true).unwrap().output, Output::Object);
        let whole = strict.weaker_after(&failure(400, "Unknown argument: stream_options"), true, false).unwrap();
        assert!(!whole.stream && whole.tools);
    }

    #[test]
    fn what_two_calls_learnt_at_a_time_adds_up() {
        let object = Form { output: Output::Object, ..Form::default() };
        let limit = Form { old_limit: true, ..Form::default() };
        assert_eq!(object.weakest(limit), Form { output: Output::Object, old_limit: true, ..Form::default() });
        assert_eq!(Form::default().weakest(object), object);
    }

    #[test]
    fn what_a_model_wrote_stays_on_one_line_of_the_log() {
        let problem = parse::<ResolutionAnswer>("{\"fixed\": \"perhaps\\n\\u001b[31mforged line\"}").unwrap_err();
        assert!(!problem.chars().any(char::is_control), "{problem:?}");
    }

    #[test]
    fn answers_are_read_through_fences_prose_and_reasoning() {
        let good = r#"{"reasoning":"guard added","fixed":true}"#;
        for content in [
            good.to_owned(),
            format!("```json\n{good}\n```"),
            format!("Here it is:\n{good}\nHope that helps."),
            format!("<think>maybe {{not}} this</think>\n{good}"),
        ] {
            assert!(parse::<ResolutionAnswer>(&content).unwrap().fixed, "{content}");
        }
        assert_eq!(parse::<ResolutionAnswer>("").unwrap_err(), "the answer is empty");
        assert_eq!(parse::<ResolutionAnswer>("I cannot.").unwrap_err(), "the answer holds no JSON object");
        assert!(parse::<ResolutionAnswer>(r#"{"reasoning":"half"#).is_err());
        assert!(parse::<ResolutionAnswer>("} {").is_err());
    }
}
