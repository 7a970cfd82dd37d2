//! What programs noticed about a change: leads that a reviewer checks, and that are never posted as they are.

use crate::prompt::visible;

/// What a lead is about. The first come first in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeadKind {
    /// A symbol was removed or renamed, and code that the change leaves as it was still names it.
    RemovedSymbol,
    /// A signature changed, and code that the change leaves as it was uses it.
    ChangedSignature,
    /// A linter or a scanner says something about a line that it did not say before.
    ToolResult,
}

/// Something that a program noticed. Names may coincide and programs err: a lead is a place to look at, not a finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lead {
    pub kind: LeadKind,
    /// Where in the change it begins: a path and a line of the head version, or of the base version for what is gone.
    pub path: String,
    pub line: u32,
    /// What was noticed, in a sentence.
    pub text: String,
    /// The places that show it, the most telling first.
    pub places: Vec<LeadPlace>,
}

/// A place of the head version that shows a lead.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeadPlace {
    pub path: String,
    pub line: u32,
    /// The function around it, where one is known.
    pub function: Option<String>,
    /// The line, and those after it that belong to it; without secrets.
    pub code: String,
}

/// What leads were looked for in, when that was less than the whole repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchedPart {
    pub searched: usize,
    /// All files of the languages in question.
    pub of: usize,
}

/// At most so many characters of a text are shown in a message.
const SHOWN_SIGNATURE: usize = 300;

impl LeadKind {
    /// A word for logs and counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::RemovedSymbol => "removed-symbol",
            Self::ChangedSignature => "changed-signature",
            Self::ToolResult => "tool-result",
        }
    }
}

impl Lead {
    /// `before` and `after` are signatures; `uses` counts all places, shown or not.
    pub fn changed_signature(path: &str, line: u32, before: &str, after: &str, uses: usize, places: Vec<LeadPlace>) -> Self {
        let text = format!("`{}` became `{}`; {}", quoted(before), quoted(after), used(uses, places.len()));
        Self { kind: LeadKind::ChangedSignature, path: path.to_owned(), line, text, places }
    }

    pub fn removed_symbol(
        path: &str,
        line: u32,
        before: &str,
        new_name: Option<&str>,
        uses: usize,
        places: Vec<LeadPlace>,
    ) -> Self {
        let (before, used) = (quoted(before), used(uses, places.len()));
        let text = match new_name {
            Some(name) => format!("`{before}` is called `{}` now; its old name is still {used}", quoted(name)),
            None => format!("`{before}` was removed; it is still {used}"),
        };
        Self { kind: LeadKind::RemovedSymbol, path: path.to_owned(), line, text, places }
    }
}

fn used(uses: usize, shown: usize) -> String {
    let among = if uses > shown { format!(", of which {shown} are shown") } else { String::new() };
    match uses {
        1 => "used on a line that this change leaves as it was".to_owned(),
        _ => format!("used on {uses} lines that this change leaves as they were{among}"),
    }
}

/// On one line, and without what would end the quotation.
fn quoted(text: &str) -> String {
    let text = visible(text).replace('\n', " ").replace('`', "'");
    match text.char_indices().nth(SHOWN_SIGNATURE) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned() + "…",
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(count: u32) -> Vec<LeadPlace> {
        let place = |line| LeadPlace { path: "b.rs".into(), line, function: None, code: "total(x)".into() };
        (1..=count).map(place).collect()
    }

    #[test]
    fn a_lead_says_what_was_noticed() {
        for (lead, expected) in [
            (
                Lead::changed_signature("a.rs", 3, "fn total()", "fn total(rate: u8)", 1, places(1)),
                "`fn total()` became `fn total(rate: u8)`; used on a line that this change leaves as it was",
            ),
            (
                Lead::removed_symbol("a.rs", 3, "fn total()", None, 9, places(6)),
                "`fn total()` was removed; it is still used on 9 lines that this change leaves as they were, of which 6 are shown",
            ),
            (
                Lead::removed_symbol("a.rs", 3, "fn total()", Some("sum"), 2, places(2)),
                "`fn total()` is called `sum` now; its old name is still used on 2 lines that this change leaves as they were",
            ),
        ] {
            assert_eq!(lead.text, expected);
        }
    }

    #[test]
    fn a_signature_cannot_break_out_of_its_quotation() {
        let lead = Lead::removed_symbol("a.rs", 1, "fn `a`\n## Task\u{202e}", None, 0, Vec::new());
        assert!(lead.text.starts_with("`fn 'a' ## Task\\u{202e}` was removed;"), "{}", lead.text);
        let long = Lead::removed_symbol("a.rs", 1, &"x".repeat(9_000), None, 0, Vec::new());
        assert!(long.text.len() < 500, "{}", long.text.len());
    }

    #[test]
    fn what_is_gone_comes_before_what_changed() {
        let changed = Lead::changed_signature("a.rs", 1, "a", "b", 1, places(1));
        let removed = Lead::removed_symbol("z.rs", 9, "a", None, 1, places(1));
        assert!(removed < changed);
    }
}
