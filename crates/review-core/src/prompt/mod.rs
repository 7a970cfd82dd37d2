//! What the models are told: one pack per run, byte-identical for each of its calls, and the role after it.

mod chat;
mod checks;
mod fence;
mod learnings;
mod manner;
mod own_change;
mod pack;
mod pass;
mod role;
mod sections;
pub mod tools;

pub use chat::{ChatInput, Spoken, chat};
pub use checks::{checks, title_check};
pub use fence::{Fence, visible};
pub use learnings::learnings;
pub use manner::{finder_manner, writer_manner};
pub use own_change::{SymbolAsked, coding_plan, docstrings, fixes, path_guidance, recipe, simplification, unit_tests};
pub(crate) use pack::shown_line;
pub use pack::{Guideline, MAX_SHOWN_LINE_CHARS, Pack, PackFile, PackInput, build_pack};
pub use pass::finder_pass;
pub use role::{SYSTEM, finder, resolution, verifier, walkthrough};
pub use sections::sections;

/// Counts the tokens of a text for the model at hand.
pub type TokenCount<'a> = &'a dyn Fn(&str) -> usize;
