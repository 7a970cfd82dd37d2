//! What became of the findings that were posted in a repository, and what follows from it for the next ones.
//!
//! - `outcome`: what can be seen of a finding's thread, and the one rule that makes a [`Label`] of it
//! - `nearness`: when two findings are about the same kind of matter, by the words of their claims
//! - `history`: the outcomes of a repository together: which findings and which categories are not raised there any more, and
//!   how much a category's findings are acted on
//! - `taught`: what people taught in words, and which of it is near to a question
//!
//! No model judges the outcomes: statuses, likes, replies and changed lines are facts, and what follows from them can be
//! counted by hand.

mod history;
mod nearness;
mod outcome;
mod taught;

pub use history::{History, Outcome, Rated, SILENT_BELOW_PERCENT, SILENT_FROM, SilentCategory, Tally};
pub use nearness::Trace;
pub use outcome::{Label, PostedFinding, Reaction, SeenFinding, lines_changed, seen_findings};
pub use taught::{Learning, MAX_LEARNING_CHARS, kept, learning_id, nearest};
