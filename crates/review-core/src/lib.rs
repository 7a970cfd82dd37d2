//! The pure part of the review: values in, values out.
//!
//! Nothing here reads a file, a clock, a socket or the environment; the manifest of this crate holds no dependency that
//! could. What varies comes in as a parameter (`now`, a token counter, the text of a blob).

pub mod analyzers;
pub mod chat;
pub mod checks;
pub mod command;
pub mod configuration;
pub mod consulted;
pub mod conventions;
pub mod depth;
pub mod description;
pub mod diff;
pub mod eval;
pub mod finding;
pub mod issue;
pub mod lead;
pub mod learning;
pub mod mermaid;
pub mod money;
pub mod numbering;
pub mod own_change;
mod predecessor;
pub mod price;
pub mod prompt;
pub mod publication;
pub mod pull_request;
pub mod redaction;
pub mod render;
pub mod retry;
pub mod sarif;
pub mod scope;
pub mod sections;
pub mod title;
pub mod usage;
