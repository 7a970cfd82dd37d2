//! Talk: what people say to the agent that is no command.
//!
//! - `pending`: which comments of a pull request wait for an answer, read off its threads
//! - `pleasantry`: those that want none, by plain rules
//! - `own_words`: whether a person said themselves what is done in their name
//! - `thread`: what is shown of a thread, and which finding may be given up in one
//!
//! A comment waits when it mentions the agent anywhere outside of quotes and code, or when it stands in a thread in which the
//! agent takes part and speaks to nobody else. What the answer may do beside being written is decided by the shell and by the
//! person who asked, never by the text of a comment.

mod own_words;
mod pending;
mod pleasantry;
mod thread;

pub use own_words::{speaks_of_item, teaches};
pub use pending::{Bound, MAX_ANSWERS, Waiting, pending};
pub(crate) use pleasantry::is_courtesy;
pub use pleasantry::is_pleasantry;
pub use thread::{may_be_given_up, spoken_comments};

#[cfg(test)]
mod tests;
