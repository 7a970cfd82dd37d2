//! Reading a diagram, line by line; what is open stands on a stack of its own.

use std::collections::HashMap;

use super::{
    Arrow, Bar, Block, BlockKind, Colour, MAX_DEPTH, MAX_LABEL_CHARS, MAX_PARTICIPANTS, MAX_SOURCE_CHARS, MAX_STEPS,
    MAX_TEXT_CHARS, MermaidError, Part, Participant, Place, SequenceDiagram, Step, text::clean,
};

/// The longest first, so that none is taken for the beginning of another.
const ARROWS: [(&str, Arrow); 8] = [
    ("<<-->>", Arrow::DottedHead),
    ("<<->>", Arrow::Head),
    ("-->>", Arrow::DottedHead),
    ("->>", Arrow::Head),
    ("-->", Arrow::DottedLine),
    ("->", Arrow::Line),
    ("--)", Arrow::DottedOpen),
    ("-)", Arrow::Open),
];
/// Looked for when there is no other: `-x` may be part of a name.
const CROSSES: [(&str, Arrow); 2] = [("--x", Arrow::DottedCross), ("-x", Arrow::Cross)];

/// What no name of a participant holds.
const NOT_IN_NAMES: [char; 13] = ['<', '>', ':', ',', ';', '+', '@', '{', '}', '#', '%', '"', '`'];

/// What a line does wrong; its number is added where lines are counted.
type Problem = &'static str;

#[derive(Default)]
struct Reader {
    is_numbered: bool,
    participants: Vec<Participant>,
    /// Names as the source writes them.
    places: HashMap<String, usize>,
    steps: Vec<Step>,
    open: Vec<OpenBlock>,
    count: usize,
}

struct OpenBlock {
    block: Block,
    /// The word that begins its next part.
    divider: Option<&'static str>,
}

pub(super) fn diagram(source: &str) -> Result<SequenceDiagram, MermaidError> {
    if source.chars().nth(MAX_SOURCE_CHARS).is_some() {
        return Err(MermaidError::TooLarge { most: MAX_SOURCE_CHARS, what: "characters" });
    }
    let mut reader = Reader::default();
    let mut has_begun = false;
    for (number, line) in source.lines().enumerate() {
        let line = line.trim().trim_end_matches(';').trim_end();
        let is_wrapping = line.starts_with("```") || line.starts_with(":::");
        let is_comment = line.starts_with("%%") && !line.starts_with("%%{");
        if line.is_empty() || is_wrapping || is_comment {
            continue;
        }
        let read = if has_begun {
            reader.line(line)
        } else if line.eq_ignore_ascii_case("sequenceDiagram") {
            has_begun = true;
            Ok(())
        } else {
            Err("a sequence diagram begins with `sequenceDiagram`")
        };
        read.map_err(|problem| MermaidError::Syntax { line: number.saturating_add(1), problem })?;
        if reader.participants.len() > MAX_PARTICIPANTS {
            return Err(MermaidError::TooLarge { most: MAX_PARTICIPANTS, what: "participants" });
        }
        if reader.count > MAX_STEPS {
            return Err(MermaidError::TooLarge { most: MAX_STEPS, what: "steps" });
        }
        if reader.open.len() > MAX_DEPTH {
            return Err(MermaidError::TooLarge { most: MAX_DEPTH, what: "blocks inside each other" });
        }
    }
    reader.diagram(source.lines().count())
}

impl Reader {
    fn diagram(self, lines: usize) -> Result<SequenceDiagram, MermaidError> {
        let Self { is_numbered, participants, mut steps, open, .. } = self;
        if !open.is_empty() {
            return Err(MermaidError::Syntax { line: lines, problem: "a block is not ended" });
        }
        if !has_flow(&steps) {
            return Err(MermaidError::NoFlow);
        }
        // Mermaid draws nothing at all when a bar ends that did not begin; without its bars a diagram says the same.
        if !is_balanced(&steps, &mut vec![0; participants.len()]) {
            without_bars(&mut steps);
        }
        Ok(SequenceDiagram { is_numbered, participants, steps })
    }

    fn line(&mut self, line: &str) -> Result<(), Problem> {
        let (word, rest) = line.split_once(char::is_whitespace).map_or((line, ""), |(word, rest)| (word, rest.trim()));
        match word.to_ascii_lowercase().as_str() {
            "participant" => return self.declare(rest, false),
            "actor" => return self.declare(rest, true),
            "autonumber" => self.is_numbered = true,
            // The title stands above the diagram as it is.
            "title" | "title:" => {}
            word if word.starts_with("%%") => return Err("directives are not taken"),
            "loop" => self.begin(BlockKind::Loop, rest),
            "alt" => self.begin(BlockKind::Alt, rest),
            "opt" => self.begin(BlockKind::Opt, rest),
            "par" => self.begin(BlockKind::Par, rest),
            "critical" => {
                self.begin(BlockKind::Alt, &said("critical", rest));
                self.open.last_mut().into_iter().for_each(|open| open.divider = Some("option"));
            }
            "break" => self.begin(BlockKind::Opt, &said("break", rest)),
            "rect" => self.begin(BlockKind::Rect(colour(rest).ok_or("`rect` takes `rgb(…)` or `rgba(…)`")?), ""),
            divider @ ("else" | "and" | "option") => return self.divide(divider, rest),
            "end" if rest.is_empty() => return self.end(),
            "activate" => {
                let place = self.place(rest)?;
                return self.push(Step::Activate(place));
            }
            "deactivate" => {
                let place = self.place(rest)?;
                return self.push(Step::Deactivate(place));
            }
            "note" => return self.note(rest),
            _ => return self.message(line),
        }
        Ok(())
    }

    fn push(&mut self, step: Step) -> Result<(), Problem> {
        self.count = self.count.saturating_add(1);
        let steps = match self.open.last_mut() {
            None => &mut self.steps,
            Some(open) => open.block.parts.last_mut().map(|part| &mut part.steps).ok_or("a block without a part")?,
        };
        steps.push(step);
        Ok(())
    }

    /// `Shop`, or `s as Shop`.
    fn declare(&mut self, stated: &str, is_actor: bool) -> Result<(), Problem> {
        let (name, label) = stated.split_once(" as ").map_or((stated, stated), |(name, label)| (name.trim(), label.trim()));
        check_name(name)?;
        let label = clean(label, MAX_LABEL_CHARS);
        if label.is_empty() {
            return Err("a participant has no name");
        }
        match self.places.get(name).and_then(|place| self.participants.get_mut(*place)) {
            Some(known) => *known = Participant { label, is_actor },
            None => self.add(name, Participant { label, is_actor }),
        }
        Ok(())
    }

    fn add(&mut self, name: &str, participant: Participant) {
        self.places.insert(name.to_owned(), self.participants.len());
        self.participants.push(participant);
    }

    /// The participant of this name; one that was not declared is there from now on.
    fn place(&mut self, name: &str) -> Result<usize, Problem> {
        let name = name.trim();
        if let Some(place) = self.places.get(name) {
            return Ok(*place);
        }
        check_name(name)?;
        let label = clean(name, MAX_LABEL_CHARS);
        if label.is_empty() {
            return Err("a participant has no name");
        }
        let place = self.participants.len();
        self.add(name, Participant { label, is_actor: false });
        Ok(place)
    }

    fn begin(&mut self, kind: BlockKind, label: &str) {
        self.count = self.count.saturating_add(1);
        let block = Block { kind, parts: vec![Part { label: clean(label, MAX_TEXT_CHARS), steps: Vec::new() }] };
        self.open.push(OpenBlock { block, divider: kind.divider() });
    }

    fn divide(&mut self, divider: &str, label: &str) -> Result<(), Problem> {
        let open = self.open.last_mut().filter(|open| open.divider == Some(divider));
        let open = open.ok_or("this word divides another kind of block")?;
        self.count = self.count.saturating_add(1);
        let label = if divider == "option" { said(divider, label) } else { label.to_owned() };
        open.block.parts.push(Part { label: clean(&label, MAX_TEXT_CHARS), steps: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let OpenBlock { block, .. } = self.open.pop().ok_or("no block is open that `end` could end")?;
        // It was counted where it began.
        self.count = self.count.saturating_sub(1);
        self.push(Step::Block(block))
    }

    /// `over a,b: text`, `left of a: text`, `right of a: text`.
    fn note(&mut self, stated: &str) -> Result<(), Problem> {
        let (place, text) = stated.split_once(':').ok_or("a note has no text")?;
        let lower = place.to_ascii_lowercase();
        let after = |words: &str| lower.starts_with(words).then(|| place.get(words.len()..)).flatten();
        let place = if let Some(name) = after("left of ") {
            Place::LeftOf(self.place(name)?)
        } else if let Some(name) = after("right of ") {
            Place::RightOf(self.place(name)?)
        } else if let Some(names) = after("over ") {
            match names.split_once(',') {
                None => Place::Over(self.place(names)?),
                Some((one, other)) => Place::Across(self.place(one)?, self.place(other)?),
            }
        } else {
            return Err("a note is `left of`, `right of` or `over`");
        };
        let text = clean(text, MAX_TEXT_CHARS);
        if text.is_empty() {
            return Err("a note has no text");
        }
        self.push(Step::Note { place, text })
    }

    fn message(&mut self, line: &str) -> Result<(), Problem> {
        let (ends, text) = line.split_once(':').ok_or("neither a word of the language nor a message")?;
        let found = arrow_in(ends, &ARROWS).or_else(|| arrow_in(ends, &CROSSES));
        let (from, arrow, to) = found.ok_or("a message has no arrow")?;
        let to = to.trim_start();
        let (bar, to) = match (to.strip_prefix('+'), to.strip_prefix('-')) {
            (Some(to), _) => (Bar::Begins, to),
            (_, Some(to)) => (Bar::Ends, to),
            (None, None) => (Bar::Stays, to),
        };
        let (from, to) = (self.place(from)?, self.place(to)?);
        let text = clean(text, MAX_TEXT_CHARS);
        if text.is_empty() {
            return Err("a message has no text");
        }
        self.push(Step::Message { from, to, arrow, bar, text })
    }
}

/// The label of a block that stands for one of another word.
fn said(word: &str, label: &str) -> String {
    if label.is_empty() { word.to_owned() } else { format!("{word}: {label}") }
}

/// The first arrow: what is before it, which one it is, what is behind it.
fn arrow_in<'a>(text: &'a str, arrows: &[(&str, Arrow)]) -> Option<(&'a str, Arrow, &'a str)> {
    text.char_indices().find_map(|(at, _)| {
        let rest = text.get(at..)?;
        let (token, arrow) = arrows.iter().find(|(token, _)| rest.starts_with(token))?;
        Some((text.get(..at)?, *arrow, rest.get(token.len()..)?))
    })
}

fn check_name(name: &str) -> Result<(), Problem> {
    let is_odd = name.is_empty() || name.contains(NOT_IN_NAMES) || name.chars().count() > MAX_TEXT_CHARS;
    if is_odd { Err("this is no name of a participant") } else { Ok(()) }
}

/// `rgb(1, 2, 3)` and `rgba(1, 2, 3, .4)`.
fn colour(stated: &str) -> Option<Colour> {
    let stated = stated.trim().to_ascii_lowercase();
    let (name, rest) = stated.split_once('(')?;
    let numbers: Vec<&str> = rest.strip_suffix(')')?.split(',').map(str::trim).collect();
    let (rgb, opacity) = match (name.trim(), numbers.as_slice()) {
        ("rgb", [red, green, blue]) => ([red, green, blue], None),
        ("rgba", [red, green, blue, opacity]) => ([red, green, blue], Some(hundredths(opacity)?)),
        _ => return None,
    };
    let [red, green, blue] = rgb.map(|number| number.parse::<u8>().ok());
    Some(Colour { rgb: [red?, green?, blue?], opacity })
}

/// `0.25`, `.25` and `1` in hundredths; more digits are cut.
fn hundredths(stated: &str) -> Option<u8> {
    let (whole, part) = stated.split_once('.').unwrap_or((stated, ""));
    if !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits: String = part.chars().chain("00".chars()).take(2).collect();
    match whole {
        "" | "0" => digits.parse().ok(),
        "1" => Some(100),
        _ => None,
    }
}

/// Whether somebody says something to somebody else.
fn has_flow(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Message { from, to, .. } => from != to,
        Step::Block(block) => block.parts.iter().any(|part| has_flow(&part.steps)),
        Step::Note { .. } | Step::Activate(_) | Step::Deactivate(_) => false,
    })
}

/// Whether each bar that ends has begun, in the order of the lines, as Mermaid counts. `open` has a number for each participant.
fn is_balanced(steps: &[Step], open: &mut [u32]) -> bool {
    let begin = |open: &mut [u32], place: usize| {
        if let Some(count) = open.get_mut(place) {
            *count = count.saturating_add(1);
        }
        true
    };
    let end = |open: &mut [u32], place: usize| {
        let count = open.get_mut(place);
        count.and_then(|count| count.checked_sub(1).map(|left| *count = left)).is_some()
    };
    steps.iter().all(|step| match step {
        Step::Message { to, bar: Bar::Begins, .. } => begin(open, *to),
        Step::Message { from, bar: Bar::Ends, .. } => end(open, *from),
        Step::Activate(place) => begin(open, *place),
        Step::Deactivate(place) => end(open, *place),
        Step::Block(block) => block.parts.iter().all(|part| is_balanced(&part.steps, open)),
        Step::Message { .. } | Step::Note { .. } => true,
    })
}

fn without_bars(steps: &mut Vec<Step>) {
    steps.retain(|step| !matches!(step, Step::Activate(_) | Step::Deactivate(_)));
    for step in steps {
        match step {
            Step::Message { bar, .. } => *bar = Bar::Stays,
            Step::Block(block) => block.parts.iter_mut().for_each(|part| without_bars(&mut part.steps)),
            Step::Note { .. } | Step::Activate(_) | Step::Deactivate(_) => {}
        }
    }
}
