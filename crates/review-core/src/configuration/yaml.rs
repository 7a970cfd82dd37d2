//! YAML as a tree that knows where everything stands, within limits: the file is hostile input.
//!
//! The parser gives events one by one and does not recurse; the tree is built here, so that aliases are counted before they
//! are copied. Scalars stay text until somebody asks what they are, by the core schema of YAML 1.2: `yes` is a word there.

mod scalar;

use std::collections::{BTreeMap, BTreeSet};

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

pub(super) use scalar::Scalar;

/// Longest file that is read, in bytes: a hundred times what the longest real ones have.
pub const MAX_BYTES: usize = 512 * 1024;
/// Values of a file, those that an alias repeats counted each time.
const MAX_NODES: usize = 20_000;
/// Lists and mappings in each other.
const MAX_DEPTH: usize = 32;

/// A place in a file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    /// In characters.
    pub column: usize,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) at: Position,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_at: Position,
    pub(super) value: Node,
}

/// Why a text is no YAML that is read, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) at: Option<Position>,
    pub(super) problem: String,
}

/// A file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// None: nothing stands in it but comments.
    pub(super) root: Option<Node>,
    /// Keys that stand twice in their mapping, of which the last one counts.
    pub(super) repeated: Vec<(String, Position)>,
    /// Where a second document begins, which nobody reads.
    pub(super) second: Option<Position>,
}

/// Reads the first document of a text.
pub(super) fn read(text: &str) -> Result<Document, Unreadable> {
    let unreadable = |problem: String| Unreadable { at: None, problem };
    if text.len() > MAX_BYTES {
        let (size, most) = (text.len() / 1024, MAX_BYTES / 1024);
        return Err(unreadable(format!("the file has {size} KiB, more than the {most} KiB that are read")));
    }
    let mut options = Options::default();
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    options.disallow_directives = true;
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| Unreadable {
            at: Some(place(error.marker().line(), error.marker().col())),
            problem: error.info().lines().next().unwrap_or_default().to_owned(),
        })?;
        if !builder.take(event, span)? {
            break;
        }
    }
    Ok(Document { root: builder.root, repeated: builder.repeated, second: builder.second })
}

/// The parser counts columns from 0.
fn place(line: usize, column: usize) -> Position {
    Position { line: line.max(1), column: column.saturating_add(1) }
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    repeated: Vec<(String, Position)>,
    documents: usize,
    second: Option<Position>,
}

/// What an alias copies.
struct Anchored {
    node: Node,
    nodes: usize,
    depth: usize,
}

/// A list or mapping that has begun.
struct Open {
    anchor: usize,
    at: Position,
    nodes_before: usize,
    /// How deep what is in it goes.
    depth: usize,
    holds: Holds,
}

enum Holds {
    List(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<(String, Position)> },
}

impl Builder {
    /// False: the rest of the text does not matter.
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<bool, Unreadable> {
        let at = place(span.start.line(), span.start.col());
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.second = Some(at);
                    return Ok(false);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = style != ScalarStyle::Plain || tag.is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let node = Node { value: Value::Scalar(Scalar::new(text.into_owned(), is_text)), at };
                self.count(1, at)?;
                self.add(node, anchor, 1, 0)?;
            }
            Event::SequenceStart(_, anchor, _) => self.begin(anchor, at, Holds::List(Vec::new()))?,
            Event::MappingStart(_, anchor, _) => {
                self.begin(anchor, at, Holds::Mapping { entries: Vec::new(), key: None })?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end()?,
            Event::Alias(anchor) => self.repeat(anchor, at)?,
            _ => {}
        }
        Ok(true)
    }

    fn begin(&mut self, anchor: usize, at: Position, holds: Holds) -> Result<(), Unreadable> {
        self.count(1, at)?;
        self.open.push(Open { anchor, at, nodes_before: self.nodes - 1, depth: 0, holds });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        let Some(Open { anchor, at, nodes_before, depth, holds }) = self.open.pop() else { return Ok(()) };
        let value = match holds {
            Holds::List(items) => Value::List(items),
            Holds::Mapping { entries, .. } => Value::Mapping(self.merged(entries)),
        };
        self.add(Node { value, at }, anchor, self.nodes.saturating_sub(nodes_before), depth + 1)
    }

    fn repeat(&mut self, anchor: usize, at: Position) -> Result<(), Unreadable> {
        // Of an anchor around itself there is no node yet.
        let Some(Anchored { node, nodes, depth }) = self.anchors.get(&anchor) else {
            return Err(Unreadable { at: Some(at), problem: "an alias stands within what it stands for".to_owned() });
        };
        let (nodes, depth) = (*nodes, *depth);
        let node = Node { value: node.value.clone(), at };
        self.count(nodes, at)?;
        self.add(node, 0, nodes, depth)
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), Unreadable> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            let problem = format!("the file has more than {MAX_NODES} values, what its aliases repeat included");
            return Err(Unreadable { at: Some(at), problem });
        }
        Ok(())
    }

    /// Puts a finished node where it belongs. `depth`: levels of lists and mappings in it.
    fn add(&mut self, node: Node, anchor: usize, nodes: usize, depth: usize) -> Result<(), Unreadable> {
        if self.open.len() + depth > MAX_DEPTH {
            let problem = format!("lists and mappings stand more than {MAX_DEPTH} deep in each other");
            return Err(Unreadable { at: Some(node.at), problem });
        }
        if anchor != 0 {
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, depth });
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        open.depth = open.depth.max(depth);
        match &mut open.holds {
            Holds::List(items) => items.push(node),
            Holds::Mapping { entries, key } => {
                if let Some((key, key_at)) = key.take() {
                    entries.push(Entry { key, key_at, value: node });
                } else if let Value::Scalar(scalar) = &node.value {
                    *key = Some((scalar.text().to_owned(), node.at));
                } else {
                    let problem = "a list or mapping stands where a key is expected".to_owned();
                    return Err(Unreadable { at: Some(node.at), problem });
                }
            }
        }
        Ok(())
    }

    /// What `<<` brings in counts where the mapping itself does not say otherwise; of keys that stand twice, the last.
    fn merged(&mut self, entries: Vec<Entry>) -> Vec<Entry> {
        let (bring, own): (Vec<Entry>, Vec<Entry>) = entries.into_iter().partition(|entry| entry.key == "<<");
        let mut known = BTreeSet::new();
        let mut kept = Vec::new();
        for entry in own.into_iter().rev() {
            if known.insert(entry.key.clone()) {
                kept.push(entry);
            } else {
                self.repeated.push((entry.key, entry.key_at));
            }
        }
        kept.reverse();
        for entry in bring {
            let sources = match entry.value.value {
                Value::List(items) => items,
                value => vec![Node { value, at: entry.value.at }],
            };
            for source in sources {
                let Value::Mapping(more) = source.value else { continue };
                kept.extend(more.into_iter().filter(|entry| known.insert(entry.key.clone())));
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests;
