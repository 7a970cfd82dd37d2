//! What a model answers to talk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, lenient};

/// The answer to one comment. The reasoning comes first: a reply before its reasons is a guess.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChatAnswer {
    /// What was looked at, and what it shows.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub reasoning: String,
    /// Markdown for the person who wrote the comment; empty when nothing needs to be said.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub reply: String,
    /// Whether what the person says, checked against the code, shows that the finding of the thread is wrong.
    #[serde(default, deserialize_with = "lenient::yes")]
    pub accepts: bool,
    /// One statement to be remembered for later reviews, in the words of the person who teaches it; empty: none.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub learning: String,
    /// Numbers of the learnings that the reply follows.
    #[serde(default, deserialize_with = "lenient::each")]
    pub learnings_used: Vec<u32>,
    /// A work item that the person asks for.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[schemars(!default)]
    pub create_item: ItemAnswer,
}

impl Answer for ChatAnswer {
    const NAME: &'static str = "review_chat";
}

/// A work item; without a title there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemAnswer {
    /// One line; empty when nobody asked for a work item.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub title: String,
    /// What is to be done and why, in sentences.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub description: String,
}
