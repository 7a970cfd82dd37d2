//! What there is to say about a configuration.

use std::fmt;

use super::yaml::Position;

/// Longest piece of a file that is quoted.
const MAX_QUOTED_CHARS: usize = 60;

/// Where a layer comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The repository's file, as the target branch has it.
    Repository(String),
    /// The repository's file, as the pull request has it.
    PullRequest(String),
    /// The file that `remote_config` names.
    Remote(String),
    /// The file of the repository `coderabbit`.
    Central(String),
    /// `YAML_CONFIG`.
    Environment,
    /// A file on this machine.
    File(String),
    Defaults,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository(name) | Self::File(name) => formatter.write_str(name),
            Self::PullRequest(name) => write!(formatter, "{name} of the pull request"),
            Self::Remote(name) => write!(formatter, "{name} (remote_config)"),
            Self::Central(name) => write!(formatter, "{name} of the central repository"),
            Self::Environment => formatter.write_str("YAML_CONFIG"),
            Self::Defaults => formatter.write_str("defaults"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something in the file does not count.
    Warning,
    /// It is as it should be, and does nothing here.
    Note,
}

/// One thing to say about one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub level: Level,
    pub source: Source,
    /// None: about the file as a whole.
    pub at: Option<Position>,
    /// A sentence in one line, its quotations in backticks.
    pub text: String,
}

impl fmt::Display for Remark {
    /// `FILE:LINE:COLUMN: warning: …`, as compilers write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Warning => "warning",
            Level::Note => "note",
        };
        match self.at {
            Some(Position { line, column }) => write!(formatter, "{}:{line}:{column}: {level}: {}", self.source, self.text),
            None => write!(formatter, "{}: {level}: {}", self.source, self.text),
        }
    }
}

/// A piece of a file in backticks that it cannot end, short and in one line.
pub(super) fn quoted(text: &str) -> String {
    let plain = |character: char| match character {
        '`' => '\'',
        character if character.is_control() => ' ',
        character => character,
    };
    let mut short: String = text.chars().take(MAX_QUOTED_CHARS).map(plain).collect();
    if text.chars().count() > MAX_QUOTED_CHARS {
        short.push('…');
    }
    format!("`{short}`")
}
