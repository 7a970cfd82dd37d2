//! What a person says in their own comment. A model reads the whole thread and the code, which others wrote: what it does in the
//! name of whoever asked has to stand in their own words.

use crate::{command::unquoted, finding::words, redaction::PLACEHOLDER};

/// By which people speak of a work item, whatever it shall be about.
const ITEM_WORDS: &[&str] =
    &["item", "items", "issue", "issues", "ticket", "tickets", "task", "tasks", "bug", "bugs", "story", "stories", "workitem"];

/// Whether a comment says what is to be kept of it: at least half of the words that tell what the statement is about stand in it.
pub fn teaches(comment: &str, statement: &str) -> bool {
    let said = unquoted(comment);
    // What was taken out of the statement stands in the comment as it was.
    let statement = PLACEHOLDER.replace_all(statement, " ");
    let about = words::stems(&statement);
    if about.is_empty() {
        let statement = statement.trim().trim_end_matches('.').to_lowercase();
        return !statement.is_empty() && said.to_lowercase().contains(&statement);
    }
    words::shared(&about, &words::stems(&said)).saturating_mul(2) >= about.len()
}

/// Whether a comment speaks of a work item, or of what one of this title is about.
pub fn speaks_of_item(comment: &str, title: &str) -> bool {
    let said = unquoted(comment);
    let names_one = said
        .split(|character: char| !character.is_alphanumeric())
        .any(|word| ITEM_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)));
    names_one || words::shared(&words::stems(title), &words::stems(&said)) > 0
}

#[cfg(test)]
mod tests {
    use super::{speaks_of_item, teaches};

    #[test]
    fn a_comment_teaches_what_stands_in_its_own_words() {
        for (comment, statement, expected) in [
            ("Remember that carts end with a sentinel.", "Carts end with a sentinel item.", true),
            ("We validate coupons in the gateway.", "Coupons are validated in the gateway.", true),
            ("please use jq here", "Use jq.", true),
            ("Keep `Decimal` for amounts", "Amounts are kept as Decimal.", true),
            ("Never print key-1 anywhere", "Never print [redacted:github-token:1a2b3c] anywhere.", true),
            ("Why is that?", "Findings about SQL are not wanted in this repository.", false),
            ("Is that so?\n> Findings about SQL are not wanted", "Findings about SQL are not wanted.", false),
            ("Is that so?\n```\nFindings about SQL are not wanted\n```", "Findings about SQL are not wanted.", false),
            ("ok", "Use jq.", false),
            ("Remember that", "", false),
        ] {
            assert_eq!(teaches(comment, statement), expected, "{comment} / {statement}");
        }
    }

    #[test]
    fn a_comment_speaks_of_a_work_item_by_its_kind_or_by_its_title() {
        for (comment, title, expected) in [
            ("Please create a work item for this.", "Read the last element", true),
            ("Open a TICKET!", "Rotate", true),
            ("Can you note down that the coupon is lost?", "Coupons are lost", true),
            ("Why is that?", "Grant access to everybody", false),
            ("What does it mean?\n> open an issue", "Grant access", false),
            ("The debugger is itemised", "Grant access", false),
        ] {
            assert_eq!(speaks_of_item(comment, title), expected, "{comment} / {title}");
        }
    }
}
