//! Answers to commands: what will happen now, or why it will not.

use super::{
    MAX_COMMENT_CHARS, marker,
    model_text::{code_block, code_span, neutralise, neutralise_line, shortened},
    remarks,
    walkthrough::diagram,
};
use crate::{
    command::{Asked, COMMANDS},
    configuration::{Effective, written},
    pull_request::CommitId,
    sections::Diagram,
};

const MAX_NAME_CHARS: usize = 100;
const MAX_PROBLEM_CHARS: usize = 300;
const MAX_REFUSAL_CHARS: usize = 1_500;
/// Of the configuration; the rest of the comment is ours.
const MAX_CONFIGURATION_CHARS: usize = MAX_COMMENT_CHARS - 20_000;

/// What became of a command.
#[derive(Debug, Clone)]
pub enum CommandReply<'a> {
    /// What came since the review of `since` (None: there was none) up to `head` will be read.
    ReviewAsked {
        head: &'a CommitId,
        since: Option<&'a CommitId>,
    },
    FullReviewAsked {
        head: &'a CommitId,
    },
    /// The newest state was reviewed already.
    NothingNew {
        head: &'a CommitId,
    },
    Paused,
    AlreadyPaused {
        by: &'a str,
    },
    /// `is_behind`: something was pushed since the last review.
    Resumed {
        is_behind: bool,
    },
    Resolved {
        closed: usize,
    },
    Configuration(&'a Effective),
    Help,
    NotHere {
        words: &'static str,
        why: &'static str,
    },
    Unknown,
    /// The person is none of those who may give commands.
    NotAllowed,
    /// The pull request is completed or abandoned.
    Closed,
    /// There is no change that could be reviewed.
    NothingToReview,
    SummaryAsked,
    SummaryWritten,
    /// With the author's text the description is full.
    NoRoomForSummary,
    DiagramAsked,
    Diagram(&'a [Diagram]),
    /// The model drew none, or none that can be drawn.
    NoDiagram,
    /// A change of the agent's own, which comes later; what it will be, in a few words.
    ChangeAsked {
        what: &'static str,
    },
    PlanAsked,
    /// `why` in one or more sentences.
    Refused {
        why: &'a str,
    },
    /// Markdown that was made harmless where it was made (`render::own_change`).
    Told(&'a str),
    /// `problem` in words, without a full stop.
    NotWritten {
        problem: &'a str,
    },
}

/// The answer's markdown with the marker that says which request it answers: the comment's number within its thread and the
/// request's word. `name` is how the agent is spoken to.
pub fn command_reply(comment: u64, asked: Asked, reply: &CommandReply<'_>, name: &str) -> String {
    format!("{}\n\n{}", text(reply, name), marker::of_command(comment, asked.word()))
}

/// The same of a command that was answered before, now that it is done.
pub fn command_result(comment: u64, asked: Asked, reply: &CommandReply<'_>, name: &str) -> String {
    format!("{}\n\n{}", text(reply, name), marker::of_result(comment, asked.word()))
}

fn text(reply: &CommandReply<'_>, name: &str) -> String {
    // To be copied as it stands: what makes a mention harmless would make it none. The name is our own.
    let plain = |character: &char| !character.is_control() && !matches!(character, '`' | '<' | '>');
    let name: String = name.chars().filter(plain).take(MAX_NAME_CHARS).collect();
    let example = |command: &str| format!("`@{name} {command}`");
    match reply {
        CommandReply::ReviewAsked { head, since: None } => {
            format!("**Review asked for.** `{}` will be read; the walkthrough and the status tell how it goes.", head.short())
        }
        CommandReply::ReviewAsked { head, since: Some(since) } => format!(
            "**Review asked for.** What is new in `{}` since the review of `{}` will be read; the walkthrough and the status tell \
             how it goes.",
            head.short(),
            since.short()
        ),
        CommandReply::FullReviewAsked { head } => format!(
            "**Full review asked for.** The whole change up to `{}` will be read once more; the walkthrough and the status tell how \
             it goes. Findings that stand already are not repeated.",
            head.short()
        ),
        CommandReply::NothingNew { head } => format!(
            "**Nothing new to review.** `{}` was reviewed already; {} reads the whole change once more.",
            head.short(),
            example("full review")
        ),
        CommandReply::Paused => format!(
            "**Reviews paused.** What is pushed from now on is not reviewed by itself. {} goes on, {} reviews once.",
            example("resume"),
            example("review")
        ),
        CommandReply::AlreadyPaused { by } => {
            format!("**Reviews are paused already**, by {}. {} goes on.", code_span(by, MAX_NAME_CHARS), example("resume"))
        }
        CommandReply::Resumed { is_behind: true } => {
            "**Reviews resumed.** What was pushed since the last review is read now.".to_owned()
        }
        CommandReply::Resumed { is_behind: false } => {
            "**Reviews resumed.** Nothing was pushed since the last review; the next push is reviewed by itself.".to_owned()
        }
        CommandReply::Resolved { closed: 0 } => "**Nothing to close.** No thread of a finding is open.".to_owned(),
        CommandReply::Resolved { closed: 1 } => "**One thread closed.** No thread of a finding is open now.".to_owned(),
        CommandReply::Resolved { closed } => format!("**{closed} threads closed.** No thread of a finding is open now."),
        CommandReply::Configuration(effective) => configuration(effective),
        CommandReply::Help => format!(
            "A command is a line of its own in any comment, after a mention: {}. Capitals do not matter.\n\n{}",
            example("review"),
            list()
        ),
        CommandReply::NotHere { words, why } => {
            format!("**Not done: `{words}`.** {}. {} lists what is.", sentence(why), example("help"))
        }
        CommandReply::Unknown => {
            format!("**That is no command that I know**, so nothing is done. {} lists them.", example("help"))
        }
        CommandReply::NotAllowed => {
            "**Not done: commands are reserved here.** The operator of this agent has named the people who may give them \
             (`AZURE_DEVOPS_COMMAND_USERS`, `AZURE_DEVOPS_COMMAND_TEAMS`), and you are none of them; ask one of them, or the operator."
                .to_owned()
        }
        CommandReply::Closed => "**Nothing to do.** The pull request is closed.".to_owned(),
        CommandReply::NothingToReview => {
            "**Nothing to read.** The service lists no change of this pull request, or none in files that are reviewed.".to_owned()
        }
        CommandReply::SummaryAsked => "**Summary asked for.** It is written now, into the description.".to_owned(),
        CommandReply::SummaryWritten => "**The summary stands in the description.** The author's text is as it was.".to_owned(),
        CommandReply::NoRoomForSummary => "**The summary has no room.** A description may have 4,000 characters, and the author's \
                                           text takes them; it was left as it is."
            .to_owned(),
        CommandReply::DiagramAsked => "**Diagram asked for.** It comes as an answer here.".to_owned(),
        CommandReply::Diagram(diagrams) => diagram::section_of(diagrams).unwrap_or_default(),
        CommandReply::NoDiagram => {
            "**No diagram.** The model saw no flow worth one, or drew none that this service could show.".to_owned()
        }
        CommandReply::ChangeAsked { what } => {
            format!("**Asked for: {what}.** It takes a while; what became of it comes as an answer here.")
        }
        CommandReply::PlanAsked => "**Plan asked for.** It comes as an answer here.".to_owned(),
        CommandReply::Refused { why } => format!("**Not done.** {}", neutralise(why, MAX_REFUSAL_CHARS)),
        CommandReply::Told(markdown) => (*markdown).to_owned(),
        CommandReply::NotWritten { problem } => {
            format!("**Not written:** {}. The command may be given again.", neutralise_line(problem, MAX_PROBLEM_CHARS))
        }
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

fn list() -> String {
    let rows: Vec<String> = COMMANDS.iter().map(|(_, words, what)| format!("| `{words}` | {what} |")).collect();
    format!("| Command | What it does |\n|---|---|\n{}", rows.join("\n"))
}

fn configuration(effective: &Effective) -> String {
    let sources = remarks::sources(effective);
    let sources = sources.trim_start_matches("- ");
    let mut parts = vec![sources.to_owned(), code_block("yaml", &shortened(&written(effective), MAX_CONFIGURATION_CHARS))];
    parts.extend(remarks::folded(effective));
    parts.join("\n\n")
}

#[cfg(test)]
mod tests;
