//! Whether a definition is documented: by a comment in the form that its language gives to documentation.

use crate::{Language, captures::Definition, walk::Walk};

/// Comments and attributes before a definition that are looked at.
const MOST_ASIDES: usize = 100;
/// Bytes of indentation, and between a comment and what it documents: files may be made to hold up whoever looks further.
const MOST_BLANKS: usize = 500;

/// Lines between a comment and what it documents are no document; a comment behind code on its line is none either.
pub(crate) fn is_documented(language: Language, definition: &Definition<'_>, text: &str, walk: &Walk) -> bool {
    match language {
        Language::Python => definition.has_docstring,
        Language::PowerShell => stands_before(language, definition, text, walk) || stands_inside(definition, text, walk),
        _ => language.has_doc_comments() && stands_before(language, definition, text, walk),
    }
}

fn stands_before(language: Language, definition: &Definition<'_>, text: &str, walk: &Walk) -> bool {
    let node = definition.node;
    let own = node.start_byte().saturating_sub(node.start_position().column);
    // Attributes may stand above, and the comment between them.
    let before = walk.asides.partition_point(|aside| aside.start < node.start_byte());
    let (mut at, mut on_line) = (own, node.start_byte());
    for aside in walk.asides.get(..before).unwrap_or_default().iter().rev().take(MOST_ASIDES) {
        let Some(comment) = text.get(aside.clone()).map(str::trim_end) else { return false };
        let end = aside.start.saturating_add(comment.len());
        if aside.start >= own {
            // On the line of the definition: nothing but blanks may stand between.
            let between = text.get(end..on_line).filter(|between| between.len() <= MOST_BLANKS);
            if between.is_none_or(|between| !between.trim().is_empty()) {
                return false;
            }
            on_line = aside.start;
        } else {
            let between = text.get(end..at).filter(|between| between.len() <= MOST_BLANKS).unwrap_or("\n\n");
            let is_adjacent = between.trim().is_empty() && between.matches('\n').count() <= 1;
            let Some(line) = line_of_blanks(text, aside.start).filter(|_| is_adjacent) else { return false };
            at = line;
        }
        if is_document(language, comment) {
            return true;
        }
    }
    false
}

/// The help of PowerShell may stand at the beginning of the body, before the parameters.
fn stands_inside(definition: &Definition<'_>, text: &str, walk: &Walk) -> bool {
    let node = definition.node.byte_range();
    let first = walk.asides.partition_point(|aside| aside.start < node.start);
    let Some(aside) = walk.asides.get(first).filter(|aside| aside.end <= node.end) else { return false };
    let is_help = text.get(aside.clone()).is_some_and(|comment| comment.starts_with("<#"));
    let before = text.get(node.start..aside.start).unwrap_or_default();
    is_help && before.matches('{').count() == 1 && before.trim_end().ends_with('{')
}

fn is_document(language: Language, comment: &str) -> bool {
    let block = comment.starts_with("/**") && !comment.starts_with("/***") && comment != "/**/";
    let lines = comment.starts_with("///") && !comment.starts_with("////");
    match language {
        Language::Rust => block || lines || comment.starts_with("#[doc"),
        Language::CSharp | Language::Swift => block || lines,
        Language::Java
        | Language::Kotlin
        | Language::Scala
        | Language::Php
        | Language::JavaScript
        | Language::TypeScript
        | Language::Tsx => block,
        Language::C | Language::Cpp => comment.starts_with("//") || comment.starts_with("/*"),
        // What speaks to tools is no document.
        Language::Go => comment.starts_with("/*") || (comment.starts_with("//") && !comment.starts_with("//go:")),
        Language::Ruby => comment.starts_with('#') || comment.starts_with("=begin"),
        Language::Bash => comment.starts_with('#') && !comment.starts_with("#!") && !comment.contains("shellcheck "),
        Language::PowerShell => comment.starts_with('#') || comment.starts_with("<#"),
        Language::Python | Language::Sql | Language::Hcl | Language::Yaml | Language::Json => false,
    }
}

/// Where the line begins that holds nothing but blanks before `at`.
fn line_of_blanks(text: &str, at: usize) -> Option<usize> {
    let before = text.as_bytes().get(at.saturating_sub(MOST_BLANKS)..at)?;
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let line = at.saturating_sub(blanks);
    let begins = line == 0 || text.as_bytes().get(line.saturating_sub(1)) == Some(&b'\n');
    begins.then_some(line)
}
