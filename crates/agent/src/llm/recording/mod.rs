//! All exchanges of a run in a folder, and the same run again from them: for bug reports, tests and measurements.
//!
//! A recording is a folder with one JSON file for each exchange, named after the SHA-256 of what decides the answer, and
//! `models.json`, which says what models play which role. It holds no key, every text in it went through the redactor, and
//! placeholders are numbered (`review_core::numbering`): a machine without our secrets asks for the same files. What stands in a
//! recording is looked up by hash only: no name in it is ever followed.
//!
//! - `exchange`: what is kept, and its hash; `files`: how it is written and read
//! - `recorder`: writes a recording; `replay`: answers from one; `difference`: what is told when an answer is not there

mod difference;
mod exchange;
mod files;
mod recorder;
mod replay;
#[cfg(test)]
mod tests;

use std::{fmt, path::PathBuf};

pub(super) use recorder::Recorder;
pub(super) use replay::Recording;

use self::difference::Nearest;

/// The form of the files. A version that keeps something else, or asks for it by another hash, counts on.
const FORMAT: u32 = 1;
/// Which models play which role.
const MODELS: &str = "models.json";
/// What recorded, for messages about what is not there.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why there is no recording, or no answer in it.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("the folder {} cannot hold a recording: {problem}", .folder.display())]
    NotWritable { folder: PathBuf, problem: String },
    #[error("{} is no recording: {problem}; name the folder that `--record` or MODEL_RECORD_PATH wrote", .folder.display())]
    NoRecording { folder: PathBuf, problem: String },
    /// A file that is not as a recording has it.
    #[error("{} of the recording cannot be used: {problem}; record the run again", .file.display())]
    BadFile { file: PathBuf, problem: String },
    #[error(transparent)]
    Missing(Box<MissingExchange>),
}

/// A question that was not recorded.
#[derive(Debug, thiserror::Error)]
pub struct MissingExchange {
    folder: PathBuf,
    hash: String,
    role: &'static str,
    model: String,
    /// Name of the answer's schema: what the question is for.
    schema: String,
    /// The recorded question of this role that is most like it.
    nearest: Option<Nearest>,
}

/// The first `most` characters of what a file says, fit for a terminal and for one line.
fn plain(text: impl Iterator<Item = char>, most: usize) -> String {
    text.take(most).map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

impl fmt::Display for MissingExchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, hash, role, model, schema, nearest } = self;
        let folder = folder.display();
        write!(
            formatter,
            "the recording {folder} has no answer to this question: {hash} (role {role}, model {model}, {schema})"
        )?;
        match nearest {
            Some(nearest) => write!(formatter, ". {nearest}"),
            None => write!(
                formatter,
                ". It holds no question of this role at all: the run that was recorded took another course. Record this one with `--record`"
            ),
        }
    }
}
