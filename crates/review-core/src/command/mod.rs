//! What people ask of the agent in the comments of a pull request.
//!
//! A command is a line that begins with a mention of the agent and holds nothing else but the command's words. Which of them
//! are still to be answered is read off the threads: a command is answered in its own thread, and the answer names it. Whatever
//! else is said to the agent is talk ([`crate::chat`]).

mod parse;
mod pending;

pub use parse::{Addressee, Names, asked, is_addressed_to_somebody, is_recipe, recipe_asked};
pub(crate) use parse::{spoken, unquoted};
pub use pending::{MAX_AGE, Pending, is_done, pending};

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    Review,
    FullReview,
    Pause,
    Resume,
    Ignore,
    Resolve,
    Summary,
    Diagram,
    Docstrings,
    UnitTests,
    Autofix,
    AutofixStacked,
    Simplify,
    /// A recipe of the repository's configuration; [`recipe_asked`] tells which.
    Run,
    Plan,
    Configuration,
    Help,
}

/// Every command with its words, and what it does in one sentence.
pub const COMMANDS: [(Command, &str, &str); 17] = [
    (
        Command::Review,
        "review",
        "Reviews what came since the last review, also where reviews are paused, off or not made by themselves.",
    ),
    (Command::FullReview, "full review", "Reads the whole change once more, whatever was reviewed before."),
    (Command::Pause, "pause", "No more reviews of this pull request by themselves."),
    (Command::Resume, "resume", "Goes on with reviews after a pause; what came meanwhile is reviewed now."),
    (
        Command::Ignore,
        "ignore",
        "The same as `pause`; as a text in the description it stops reviews for as long as it stands there.",
    ),
    (Command::Resolve, "resolve", "Closes all threads of findings that are still open."),
    (Command::Summary, "summary", "Writes the summary in the description, at its placeholder or its end, anew."),
    (Command::Diagram, "generate sequence diagram", "Draws the flow that the change is about, in an answer."),
    (
        Command::Docstrings,
        "generate docstrings",
        "Documents the functions and types that the change adds or touches and that lack it; comes as a pull request into this one.",
    ),
    (
        Command::UnitTests,
        "generate unit tests",
        "Writes new files of tests for the change; comes as a pull request into this one. They were run by nobody.",
    ),
    (Command::Autofix, "autofix", "Settles open findings of the agent by a commit on the source branch."),
    (Command::AutofixStacked, "autofix stacked pr", "The same as a pull request into this one."),
    (
        Command::Simplify,
        "simplify",
        "Makes the changed code simpler, where the repository allows it; comes as a pull request into this one.",
    ),
    (
        Command::Run,
        "run",
        "Makes the change of a recipe of `.coderabbit.yaml` (`run` and its name); comes as a pull request into this one.",
    ),
    (
        Command::Plan,
        "plan",
        "Says in an answer how to settle open findings and what linked work items ask for. No code is changed.",
    ),
    (Command::Configuration, "configuration", "Shows the configuration that counts here, and where each part comes from."),
    (Command::Help, "help", "Shows this list."),
];

/// Commands of the commercial product that this agent does not follow yet, with why.
const UNKNOWN_HERE: [(&str, &str); 3] = [
    ("fix-ci", "it is about checks of GitHub"),
    ("rate limit", "it has no limit of reviews; the operator may set one on costs"),
    ("generate configuration", "`configuration` shows the one that counts"),
];

impl Command {
    /// As people write it.
    pub fn words(self) -> &'static str {
        COMMANDS.iter().find(|(command, ..)| *command == self).map_or("", |(_, words, _)| words)
    }
}

/// What a line that begins with a mention of the agent says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Command(Command),
    /// A command of the commercial product that is not followed here: its words, and why.
    NotHere {
        words: &'static str,
        why: &'static str,
    },
    /// A mention alone, or one word that is nearly a command.
    Unknown,
}

impl Asked {
    /// One word for markers and metrics: lower-case letters and `-`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Command(Command::FullReview) => "full-review",
            Self::Command(Command::Diagram) => "diagram",
            Self::Command(Command::Docstrings) => "docstrings",
            Self::Command(Command::UnitTests) => "unit-tests",
            Self::Command(Command::AutofixStacked) => "autofix-stacked",
            Self::Command(command) => command.words(),
            Self::NotHere { .. } => "not-here",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
