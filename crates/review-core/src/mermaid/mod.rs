//! Sequence diagrams in Mermaid's language: read strictly, and written anew from what was read.
//!
//! A model's diagram reaches a page only through this tree, so that nothing of it is meant by anybody else: no directive, no
//! link, no HTML, no end of the container, and no syntax that the service does not draw. What is not understood is an error,
//! never a guess. The language is that of <https://mermaid.js.org/syntax/sequenceDiagram.html>, as far as Azure DevOps draws
//! it; its `create`, `destroy`, `box`, `link` and `links` are not taken.

mod emit;
mod parse;
mod text;

/// Most characters of a diagram that is read at all.
pub const MAX_SOURCE_CHARS: usize = 8_000;
/// Most participants: more of them do not fit beside each other.
pub const MAX_PARTICIPANTS: usize = 10;
/// Most messages, notes, activations and blocks together.
pub const MAX_STEPS: usize = 50;
/// Most blocks inside each other.
pub const MAX_DEPTH: usize = 4;
/// Most characters of a participant's name.
pub const MAX_LABEL_CHARS: usize = 40;
/// Most characters of a message, a note or a block's condition.
pub const MAX_TEXT_CHARS: usize = 100;

/// A sequence diagram that can be drawn. All its texts are harmless, see `text::clean`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceDiagram {
    pub(crate) is_numbered: bool,
    /// From left to right.
    pub(crate) participants: Vec<Participant>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Participant {
    pub(crate) label: String,
    /// Drawn as a person, not as a box.
    pub(crate) is_actor: bool,
}

/// Participants are named by their place in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Message { from: usize, to: usize, arrow: Arrow, bar: Bar, text: String },
    Note { place: Place, text: String },
    Activate(usize),
    Deactivate(usize),
    Block(Block),
}

/// The two-headed arrows of newer versions are read as `->>`, for the same reason as with [`BlockKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrow {
    Line,
    DottedLine,
    Head,
    DottedHead,
    Cross,
    DottedCross,
    Open,
    DottedOpen,
}

/// What a message does with a bar of activation: `+` begins the receiver's, `-` ends the sender's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    Stays,
    Begins,
    Ends,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    LeftOf(usize),
    RightOf(usize),
    Over(usize),
    Across(usize, usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    /// Never empty.
    pub(crate) parts: Vec<Part>,
}

/// `critical` and `break` of newer versions are read as `alt` and `opt` that say so: Azure DevOps draws with a Mermaid of version 8,
/// which takes neither (measured with 8.14.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Loop,
    Alt,
    Opt,
    Par,
    Rect(Colour),
}

/// `rgb(…)`, or `rgba(…)` with the opacity in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) rgb: [u8; 3],
    pub(crate) opacity: Option<u8>,
}

/// A branch of a block; only `alt` and `par` have more than one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) label: String,
    pub(crate) steps: Vec<Step>,
}

/// Why a text is no diagram that is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MermaidError {
    #[error("line {line}: {problem}")]
    Syntax {
        /// Counts from 1.
        line: usize,
        problem: &'static str,
    },
    #[error("the diagram has more than {most} {what}")]
    TooLarge { most: usize, what: &'static str },
    #[error("the diagram shows no message between two participants")]
    NoFlow,
}

impl SequenceDiagram {
    /// Reads a diagram that begins with `sequenceDiagram`, with or without the fence or container around it.
    ///
    /// # Errors
    /// When a line is not understood, when something is larger than the limits above, and when nothing flows.
    pub fn parse(source: &str) -> Result<Self, MermaidError> {
        parse::diagram(source)
    }
}

impl BlockKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::Alt => "alt",
            Self::Opt => "opt",
            Self::Par => "par",
            Self::Rect(_) => "rect",
        }
    }

    /// What begins its next part.
    pub(crate) fn divider(self) -> Option<&'static str> {
        match self {
            Self::Alt => Some("else"),
            Self::Par => Some("and"),
            Self::Loop | Self::Opt | Self::Rect(_) => None,
        }
    }
}

impl Arrow {
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Line => "->",
            Self::DottedLine => "-->",
            Self::Head => "->>",
            Self::DottedHead => "-->>",
            Self::Cross => "-x",
            Self::DottedCross => "--x",
            Self::Open => "-)",
            Self::DottedOpen => "--)",
        }
    }
}

#[cfg(test)]
mod tests;
