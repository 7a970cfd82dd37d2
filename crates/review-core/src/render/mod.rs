//! Markdown for the pull request, in Azure DevOps' dialect.
//!
//! Three things hold for every text that leaves here: words of a model or of the repository passed [`neutralise`] or
//! stand in a code span or block that they cannot end; nothing is longer than [`MAX_COMMENT_CHARS`]; and the first or
//! last line is a hidden marker of ours.

mod chat;
mod checks;
mod command;
mod comment;
pub(crate) mod marker;
mod model_text;
mod own_change;
mod prose;
mod remarks;
mod walkthrough;

pub use chat::{ChatReply, ItemMade, Taught, chat_reply, with_item};
pub(crate) use checks::with_checks;
pub use command::{CommandReply, command_reply, command_result};
pub use comment::{finding_comment, reopening_reply, resolution_reply};
pub(crate) use model_text::shortened;
pub use model_text::{is_invisible, neutralise};
pub use own_change::{AccountOf, NotDone, PlannedFinding, account, coding_plan, description, listed, place};
pub use walkthrough::{WalkthroughInput, walkthrough};
pub(crate) use walkthrough::{is_delayed, is_in_progress, with_withheld};

/// Azure DevOps refuses longer comments (characters; spec: `runatlantis/atlantis#1585`).
pub const MAX_COMMENT_CHARS: usize = 150_000;

/// Hidden marker of everything that we write; our own comment events are recognised by it.
pub const MARKER: &str = "<!-- coderabbit-agent";

/// Whether a comment's text was written by this agent.
pub fn is_ours(content: &str) -> bool {
    content.contains(MARKER)
}
