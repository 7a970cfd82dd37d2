//! Answers of `ConverseStream`, put together as `Converse` gives them (source: Amazon Bedrock's API reference,
//! `ConverseStream`).

use aws_sdk_bedrockruntime::{
    error::{ProvideErrorMetadata as _, SdkError},
    operation::converse_stream::ConverseStreamOutput,
    types::{ContentBlockDelta, ContentBlockStart, ConverseStreamOutput as Event, StopReason, error::ConverseStreamOutputError},
};
use review_core::usage::Usage;

use super::{answer, usage, with_causes};
use crate::llm::question::{Completion, Failure, ToolUse, excerpt};

/// Reads it to its end. A stream without `messageStop` was cut, whatever came before.
pub(super) async fn completion(mut output: ConverseStreamOutput, answer_tool: &str) -> Result<Completion, Failure> {
    let (mut said, mut uses, mut stop, mut used) = (String::new(), Vec::<ToolUse>::new(), None, None);
    while let Some(event) = output.stream.recv().await.map_err(|error| failure(&error))? {
        match event {
            Event::ContentBlockStart(start) => {
                if let Some(ContentBlockStart::ToolUse(wish)) = start.start() {
                    let (id, name) = (wish.tool_use_id().to_owned(), wish.name().to_owned());
                    uses.push(ToolUse { id, name, arguments: String::new() });
                }
            }
            Event::ContentBlockDelta(delta) => match delta.delta() {
                Some(ContentBlockDelta::Text(text)) => said.push_str(text),
                Some(ContentBlockDelta::ToolUse(piece)) => {
                    if let Some(wish) = uses.last_mut() {
                        wish.arguments.push_str(piece.input());
                    }
                }
                _ => {}
            },
            Event::MessageStop(end) => stop = Some(end.stop_reason().clone()),
            Event::Metadata(metadata) => used = metadata.usage().map(usage),
            _ => {}
        }
    }
    let Some(stop) = stop else {
        return Err(Failure::unanswered("the answer was cut in the middle: its stream ended without messageStop"));
    };
    let used = used.unwrap_or(Usage { calls: 1, ..Usage::default() });
    Ok(answer(said, uses, answer_tool, stop == StopReason::MaxTokens, used))
}

/// An error after the first words, when the status was sent long ago; frames that do not add up.
fn failure<R: std::fmt::Debug + Send + Sync + 'static>(error: &SdkError<ConverseStreamOutputError, R>) -> Failure {
    let SdkError::ServiceError(refusal) = error else {
        return Failure::unanswered(format!("the answer was cut in the middle: {}", excerpt(&with_causes(error))));
    };
    let refusal = refusal.err();
    let status = match refusal {
        ConverseStreamOutputError::ThrottlingException(_) => 429,
        ConverseStreamOutputError::ValidationException(_) => 400,
        ConverseStreamOutputError::ServiceUnavailableException(_) => 503,
        _ => 500,
    };
    let kind = refusal.code().unwrap_or("error");
    let said = refusal.message().unwrap_or("without a word");
    Failure {
        status: Some(status),
        message: format!("{status} {kind} in the middle of the answer: {}", excerpt(said)),
        code: Some(kind.to_owned()),
        retry_after: None,
    }
}
