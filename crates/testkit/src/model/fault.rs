//! What can go wrong with a model, on demand.

use std::time::Duration;

/// What happens to a call instead of the scripted answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers in sentences.
    Prose,
    /// The answer ends in the middle; `finish_reason` is `length`.
    HalfJson,
    /// The right answer, in a Markdown code fence with words around it.
    Fenced,
    /// The right answer with every line number 40 too high.
    WrongLines,
    /// JSON, but of no known shape.
    WrongShape,
    /// An empty string.
    Empty,
    /// `content` is null and `refusal` says why.
    Refusal,
    /// Nothing is sent until the client gives up or the server is dropped.
    NeverAnswers,
    /// 429 with `Retry-After` in whole seconds.
    RateLimited { retry_after: u64 },
    /// 500.
    ServerError,
    /// 401 `invalid_api_key`.
    Unauthorized,
    /// 404 `model_not_found`.
    ModelNotFound,
    /// 400 `context_length_exceeded`.
    ContextTooLong,
    /// The right answer, ten bytes at a time with this pause between them.
    SlowTokens { pause: Duration },
    /// The connection ends in the middle of the body.
    Cut,
    /// Half of the body is sent, then nothing more, and the connection stays open.
    Stalls,
    /// 200 with a page of HTML, as a gateway in between answers.
    HtmlPage,
    /// 200 with a body that is far larger than any answer.
    Huge,
}
