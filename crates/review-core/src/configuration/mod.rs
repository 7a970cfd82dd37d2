//! `.coderabbit.yaml`: what it may say, what it says, and what comes of several of them.
//!
//! - `types`: every key with its type and default; `schema` is made from them, `keys` says what the agent does with each
//! - `yaml`: text to a tree with places, within limits; `check`: the tree against the schema, what does not fit is told
//! - `layers`: several files to one configuration
//! - `glob`, `path_filters`: patterns of paths
//! - `page`: the reference page
//!
//! A file is hostile input: whoever may write it need not be trusted. Nothing in it makes this module panic, run for long
//! or take much memory, and nothing wrong in it keeps the rest from counting.

mod check;
mod glob;
mod keys;
mod languages;
mod layers;
mod page;
mod path_filters;
mod remark;
mod schema;
mod types;
mod yaml;

pub use glob::Glob;
pub use keys::{Status, tests as tests_of_keys};
pub use languages::Language;
pub use layers::{Effective, Layer};
pub use page::{reference_page, written};
pub use path_filters::{Filtered, PathFilters};
pub use remark::{Level, Remark, Source};
pub use schema::schema_file;
pub use types::*;
pub use yaml::{MAX_BYTES, Position};

/// Names of the file, of which the first that exists counts.
pub const FILE_NAMES: [&str; 2] = [".coderabbit.yaml", ".coderabbit.yml"];

#[cfg(test)]
mod tests;
