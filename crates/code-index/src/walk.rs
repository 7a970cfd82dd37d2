//! One pass over all nodes of a tree, without recursion: hostile files nest a million deep.

use std::{collections::HashMap, ops::Range};

use tree_sitter::{Node, Tree};

use crate::{Language, NotIndexed};

/// A query looks from each node along its siblings for the next named one. Programs alternate; an error node with a million
/// brackets would take hours. This bounds the sum of those looks.
const MOST_LOOKS: usize = 100_000_000;
/// Longer leaves are no identifiers that anybody looks for.
const LONGEST_IDENTIFIER: usize = 200;

/// What the pass collects.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// In order of the text.
    pub(crate) identifiers: Vec<Identifier>,
    /// Error and missing nodes.
    pub(crate) syntax_errors: u32,
    /// Comments, attributes, annotations and decorators, in order of their start.
    pub(crate) asides: Vec<Range<usize>>,
    /// For a node that attributes stand before as its siblings: the row of the first of them, by the id of the node.
    pub(crate) led_from: HashMap<usize, usize>,
}

/// A leaf that names something.
#[derive(Debug, Clone)]
pub(crate) struct Identifier {
    /// Of its node.
    pub(crate) id: usize,
    pub(crate) bytes: Range<usize>,
    /// Counted from 1.
    pub(crate) line: u32,
    /// The grammar knows it as the name of a type.
    pub(crate) is_type: bool,
}

/// The siblings so far on one open level.
#[derive(Debug)]
struct Level {
    /// How many nodes without a name (brackets, keywords) came one after the other.
    unnamed: usize,
    /// The row where the run of attributes begins that stands before the next sibling.
    attributes_from: Option<usize>,
    /// Whether what stands here names nothing that other code could name: a variable of PHP, the label of an argument.
    is_private: bool,
    /// Whether this is the name of a shell's command. Everywhere else a word is an argument.
    is_command_name: bool,
}

impl Level {
    fn below(parent: &str) -> Self {
        let is_private = matches!(parent, "variable_name" | "value_argument_label");
        Self { unnamed: 0, attributes_from: None, is_private, is_command_name: parent == "command_name" }
    }
}

impl Walk {
    /// An error when the queries would take too long on this tree.
    pub(crate) fn over(language: Language, tree: &Tree) -> Result<Self, NotIndexed> {
        let mut walk = Self::default();
        let mut looks: usize = 0;
        let mut cursor = tree.walk();
        let mut levels = vec![Level::below("")];
        loop {
            let node = cursor.node();
            let kind = node.kind();
            if let Some(level) = levels.last_mut() {
                level.unnamed = if node.is_named() { 0 } else { level.unnamed + 1 };
                looks = looks.saturating_add(level.unnamed);
                if looks > MOST_LOOKS {
                    return Err(NotIndexed::TooMuchWork);
                }
                walk.visit(language, &node, kind, level);
            }
            if cursor.goto_first_child() {
                levels.push(Level::below(kind));
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return Ok(walk);
                }
                levels.pop();
            }
        }
    }

    fn visit(&mut self, language: Language, node: &Node<'_>, kind: &str, level: &mut Level) {
        if node.is_error() || node.is_missing() {
            self.syntax_errors = self.syntax_errors.saturating_add(1);
        }
        let is_comment = node.is_extra() && kind.contains("comment");
        // In PowerShell the type of a parameter is an attribute.
        let is_attribute = language != Language::PowerShell
            && matches!(kind, "attribute_item" | "attribute_list" | "decorator" | "annotation" | "marker_annotation");
        if is_comment || is_attribute {
            self.asides.push(node.byte_range());
        }
        if is_attribute {
            level.attributes_from.get_or_insert(node.start_position().row);
        } else if !is_comment && let Some(row) = level.attributes_from.take() {
            self.led_from.insert(node.id(), row);
        }
        let names = is_identifier(node, kind) || (kind == "word" && level.is_command_name);
        if names && !level.is_private && (1..=LONGEST_IDENTIFIER).contains(&node.byte_range().len()) {
            self.identifiers.push(Identifier {
                id: node.id(),
                bytes: node.byte_range(),
                line: line_of(node.start_position().row),
                is_type: kind == "type_identifier",
            });
        }
    }
}

/// Line number, counted from 1, of a row, counted from 0.
pub(crate) fn line_of(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX).saturating_add(1)
}

fn is_identifier(node: &Node<'_>, kind: &str) -> bool {
    let is_leaf = node.is_named() && node.child_count() == 0;
    let is_named_so = kind.ends_with("identifier") || kind.starts_with("shorthand_property_identifier");
    // Ruby, PHP, C#, shells and PowerShell call it by other names.
    let is_other = matches!(kind, "constant" | "name" | "implicit_parameter" | "command_name" | "simple_name" | "variable_name");
    is_leaf && (is_named_so || is_other)
}
