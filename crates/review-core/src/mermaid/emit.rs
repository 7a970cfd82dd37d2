//! Writing a diagram.

use super::{Bar, Block, BlockKind, Colour, Place, SequenceDiagram, Step};

impl SequenceDiagram {
    /// The diagram in Mermaid's language, without a container; no line is empty. Reading it gives the same diagram.
    pub fn to_mermaid(&self) -> String {
        let mut lines = vec!["sequenceDiagram".to_owned()];
        if self.is_numbered {
            lines.push("    autonumber".to_owned());
        }
        for (place, participant) in self.participants.iter().enumerate() {
            let kind = if participant.is_actor { "actor" } else { "participant" };
            lines.push(format!("    {kind} {} as {}", id(place), participant.label));
        }
        write(&self.steps, 1, &mut lines);
        lines.join("\n")
    }

    /// The same in words, for pages that draw nothing: one line for each message, note and branch, with how deep it lies in
    /// blocks.
    pub fn to_words(&self) -> Vec<(usize, String)> {
        let mut lines = Vec::new();
        self.tell(&self.steps, 0, &mut lines);
        lines
    }

    fn tell(&self, steps: &[Step], depth: usize, lines: &mut Vec<(usize, String)>) {
        let name = |place: usize| self.participants.get(place).map_or("", |participant| participant.label.as_str());
        for step in steps {
            match step {
                Step::Message { from, to, text, .. } => lines.push((depth, format!("{} → {}: {text}", name(*from), name(*to)))),
                Step::Note { place, text } => {
                    let of = match *place {
                        Place::LeftOf(one) | Place::RightOf(one) | Place::Over(one) => name(one).to_owned(),
                        Place::Across(one, other) => format!("{}, {}", name(one), name(other)),
                    };
                    lines.push((depth, format!("({of}: {text})")));
                }
                Step::Activate(_) | Step::Deactivate(_) => {}
                Step::Block(Block { kind: BlockKind::Rect(_), parts }) => {
                    for part in parts {
                        self.tell(&part.steps, depth, lines);
                    }
                }
                Step::Block(Block { kind, parts }) => {
                    for (number, part) in parts.iter().enumerate() {
                        let word = if number == 0 { kind.word() } else { kind.divider().unwrap_or(kind.word()) };
                        lines.push((
                            depth,
                            if part.label.is_empty() { word.to_owned() } else { format!("{word}: {}", part.label) },
                        ));
                        self.tell(&part.steps, depth.saturating_add(1), lines);
                    }
                }
            }
        }
    }
}

/// Ids of our own: a name may hold what Mermaid takes for its own words.
fn id(place: usize) -> String {
    format!("p{}", place.saturating_add(1))
}

fn write(steps: &[Step], depth: usize, lines: &mut Vec<String>) {
    let indent = "    ".repeat(depth);
    for step in steps {
        match step {
            Step::Message { from, to, arrow, bar, text } => {
                let bar = match bar {
                    Bar::Stays => "",
                    Bar::Begins => "+",
                    Bar::Ends => "-",
                };
                lines.push(format!("{indent}{}{}{bar}{}: {text}", id(*from), arrow.token(), id(*to)));
            }
            Step::Note { place, text } => {
                let place = match *place {
                    Place::LeftOf(one) => format!("left of {}", id(one)),
                    Place::RightOf(one) => format!("right of {}", id(one)),
                    Place::Over(one) => format!("over {}", id(one)),
                    Place::Across(one, other) => format!("over {},{}", id(one), id(other)),
                };
                lines.push(format!("{indent}Note {place}: {text}"));
            }
            Step::Activate(one) => lines.push(format!("{indent}activate {}", id(*one))),
            Step::Deactivate(one) => lines.push(format!("{indent}deactivate {}", id(*one))),
            Step::Block(Block { kind, parts }) => {
                for (number, part) in parts.iter().enumerate() {
                    let word = if number == 0 { kind.word() } else { kind.divider().unwrap_or_default() };
                    let label = match kind {
                        BlockKind::Rect(colour) => colour.token(),
                        _ => part.label.clone(),
                    };
                    lines.push(format!("{indent}{word} {label}").trim_end().to_owned());
                    write(&part.steps, depth.saturating_add(1), lines);
                }
                lines.push(format!("{indent}end"));
            }
        }
    }
}

impl Colour {
    fn token(self) -> String {
        let [red, green, blue] = self.rgb;
        match self.opacity {
            None => format!("rgb({red}, {green}, {blue})"),
            Some(100) => format!("rgba({red}, {green}, {blue}, 1)"),
            Some(hundredths) => format!("rgba({red}, {green}, {blue}, 0.{hundredths:02})"),
        }
    }
}
