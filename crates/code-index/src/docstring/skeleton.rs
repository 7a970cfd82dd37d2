//! What a text says to a compiler: its tree without comments.

use std::collections::BTreeSet;

use tree_sitter::Node;

use crate::{Language, parse::parse};

/// A node: how deep it lies, its kind, and of a leaf its text.
pub(super) type Piece = (u32, u16, String);

/// All nodes but comments, in order. In Python a text that stands alone in `inserted` rows (counted from 0) is left out as well.
/// White space is left out; where it means something, the tree is another one. None: the text cannot be parsed.
pub(super) fn skeleton(language: Language, text: &str, inserted: &BTreeSet<usize>) -> Option<Vec<Piece>> {
    let tree = parse(language, text, &|| false).ok()?;
    let mut pieces = Vec::new();
    let mut cursor = tree.walk();
    let mut depth = 0_u32;
    loop {
        let node = cursor.node();
        let is_aside = (node.is_extra() && node.kind().contains("comment")) || is_docstring(language, node, inserted);
        if !is_aside {
            let leaf = if node.child_count() == 0 { text.get(node.byte_range())?.trim() } else { "" };
            if node.is_named() || !leaf.is_empty() || node.child_count() > 0 {
                pieces.push((depth, node.kind_id(), leaf.to_owned()));
            }
            if cursor.goto_first_child() {
                depth += 1;
                continue;
            }
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Some(pieces);
            }
            depth -= 1;
        }
    }
}

/// A plain text, alone on lines that were put in.
fn is_docstring(language: Language, node: Node<'_>, inserted: &BTreeSet<usize>) -> bool {
    if language != Language::Python || node.kind() != "expression_statement" || node.named_child_count() != 1 {
        return false;
    }
    let Some(string) = node.named_child(0).filter(|child| child.kind() == "string") else { return false };
    let has_interpolation = string.children(&mut string.walk()).any(|child| child.kind() == "interpolation");
    let rows = node.start_position().row..=node.end_position().row;
    !has_interpolation && rows.into_iter().all(|row| inserted.contains(&row))
}
