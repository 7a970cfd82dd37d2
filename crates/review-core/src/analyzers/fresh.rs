//! What a change brought in: results of the new version that the old one did not have.

use std::collections::HashMap;

use super::ToolResult;

/// A file before and after.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// None: the file is new.
    pub base: Option<&'a str>,
    pub head: &'a str,
}

/// Results of the new version without those that the old version had as well, which lines that moved take along: the same
/// rule and words about the same text of a line, as often as before.
///
/// `texts`: the file of a path; results about others are left out.
pub fn fresh_results<'a>(
    head: Vec<ToolResult>,
    base: &[ToolResult],
    texts: &dyn Fn(&str) -> Option<Texts<'a>>,
) -> Vec<ToolResult> {
    let mut before: HashMap<Key, usize> = HashMap::new();
    for result in base {
        let Some(text) = texts(&result.path).and_then(|texts| texts.base) else { continue };
        *before.entry(key(result, text)).or_default() += 1;
    }
    let is_fresh = |result: &ToolResult| {
        let Some(texts) = texts(&result.path) else { return false };
        match before.get_mut(&key(result, texts.head)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        }
    };
    let mut fresh = head;
    fresh.retain(is_fresh);
    fresh.sort_unstable();
    fresh.dedup();
    fresh
}

type Key = (String, String, String, String, String);

/// Numbers in a message are those of lines and columns as often as not.
fn key(result: &ToolResult, text: &str) -> Key {
    let line = text.lines().nth(result.line.saturating_sub(1) as usize).unwrap_or_default().trim().to_owned();
    let message = result.message.chars().filter(|character| !character.is_ascii_digit()).collect();
    (result.path.clone(), result.tool.clone(), result.rule.clone(), message, line)
}
