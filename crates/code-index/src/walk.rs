//! One pass over all nodes of a tree, without recursion: hostile files nest a million deep.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use tree_sitter::{Node, Tree};

/// A query looks from each node along its siblings for the next named one. Programs alternate; an error node with a million
/// brackets would take hours. This bounds the sum of those looks.
const MOST_LOOKS: usize = 100_000_000;
/// Longer leaves are no identifiers that anybody looks for.
const LONGEST_IDENTIFIER: usize = 200;

/// What the pass collects.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// Lines (counted from 1, ascending, each once) on which each identifier stands.
    pub(crate) identifiers: BTreeMap<String, Vec<u32>>,
    /// Error and missing nodes.
    pub(crate) syntax_errors: usize,
    /// Comments, attributes, annotations and decorators, in order of their start.
    pub(crate) asides: Vec<Range<usize>>,
    /// For a node that attributes stand before as its siblings: the row of the first of them, by the id of the node.
    pub(crate) led_from: HashMap<usize, usize>,
}

/// The siblings so far on one open level.
#[derive(Debug, Default)]
struct Level {
    /// How many nodes without a name (brackets, keywords) came one after the other.
    unnamed: usize,
    /// The row where the run of attributes begins that stands before the next sibling.
    attributes_from: Option<usize>,
}

impl Walk {
    /// None: the queries would take too long on this tree.
    pub(crate) fn over(tree: &Tree, text: &str) -> Option<Self> {
        let mut walk = Self::default();
        let mut looks: usize = 0;
        let mut cursor = tree.walk();
        let mut levels = vec![Level::default()];
        loop {
            let node = cursor.node();
            if let Some(level) = levels.last_mut() {
                level.unnamed = if node.is_named() { 0 } else { level.unnamed + 1 };
                looks = looks.saturating_add(level.unnamed);
                if looks > MOST_LOOKS {
                    return None;
                }
                walk.visit(&node, text, level);
            }
            if cursor.goto_first_child() {
                levels.push(Level::default());
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return Some(walk);
                }
                levels.pop();
            }
        }
    }

    fn visit(&mut self, node: &Node<'_>, text: &str, level: &mut Level) {
        if node.is_error() || node.is_missing() {
            self.syntax_errors += 1;
        }
        let kind = node.kind();
        let is_comment = node.is_extra() && kind.contains("comment");
        let is_attribute = matches!(kind, "attribute_item" | "attribute_list" | "decorator" | "annotation" | "marker_annotation");
        if is_comment || is_attribute {
            self.asides.push(node.byte_range());
        }
        if is_attribute {
            level.attributes_from.get_or_insert(node.start_position().row);
        } else if !is_comment && let Some(row) = level.attributes_from.take() {
            self.led_from.insert(node.id(), row);
        }
        if is_identifier(node, kind)
            && let Some(name) = text.get(node.byte_range()).filter(|name| !name.is_empty() && name.len() <= LONGEST_IDENTIFIER)
        {
            let line = line_of(node.start_position().row);
            match self.identifiers.get_mut(name) {
                Some(lines) if lines.last() == Some(&line) => {}
                Some(lines) => lines.push(line),
                None => {
                    self.identifiers.insert(name.to_owned(), vec![line]);
                }
            }
        }
    }
}

/// Line number, counted from 1, of a row, counted from 0.
pub(crate) fn line_of(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX).saturating_add(1)
}

fn is_identifier(node: &Node<'_>, kind: &str) -> bool {
    // `constant`: Ruby. `name`: PHP. `word` and `variable_name`: shells. The rest calls it some identifier.
    let names = kind.ends_with("identifier") || kind.starts_with("shorthand_property_identifier");
    node.is_named() && node.child_count() == 0 && (names || matches!(kind, "constant" | "name" | "word" | "variable_name"))
}
