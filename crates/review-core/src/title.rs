//! A pull request's title, where its author leaves it to be written: the placeholder becomes a generated one, and what stands
//! around it stays.

use crate::render::is_invisible;

/// Azure DevOps refuses longer titles (UTF-16 units).
pub const MAX_TITLE_UTF16: usize = 400;
/// A generated title; longer ones are cut at a word.
const MAX_GENERATED_CHARS: usize = 100;

/// Whether the author leaves the title to be written. An empty placeholder stands nowhere.
pub fn wants_title(title: &str, placeholder: &str) -> bool {
    place(title, placeholder).is_some()
}

/// The title with `generated` in the place of the first placeholder. None: nothing to change, or no room.
pub fn with_title(title: &str, placeholder: &str, generated: &str) -> Option<String> {
    let (before, after) = place(title, placeholder)?;
    let generated = plain(generated, placeholder)?;
    let written = format!("{before}{generated}{after}");
    (written.encode_utf16().count() <= MAX_TITLE_UTF16).then_some(written)
}

/// The text before and after the placeholder, in whatever case it is written; one that goes on as a word is none.
fn place<'a>(title: &'a str, placeholder: &str) -> Option<(&'a str, &'a str)> {
    let placeholder = placeholder.trim();
    if placeholder.is_empty() {
        return None;
    }
    // ASCII case folding keeps every byte in its place.
    let (folded, wanted) = (title.to_ascii_lowercase(), placeholder.to_ascii_lowercase());
    let is_whole = |at: &usize| {
        let next = folded.get(at + wanted.len()..).and_then(|rest| rest.chars().next());
        next.is_none_or(|next| !next.is_alphanumeric() && next != '-' && next != '_')
    };
    let (at, _) = folded.match_indices(&wanted).find(|(at, _)| is_whole(at))?;
    Some((title.get(..at)?, title.get(at + placeholder.len()..)?))
}

/// One line of plain text: titles are shown as they are, in mails and lists too. None: nothing is left.
fn plain(generated: &str, placeholder: &str) -> Option<String> {
    let line = generated.lines().map(str::trim).find(|line| !line.is_empty())?;
    // The title becomes the message of the merge, where `fixes #12` would close a work item that nobody named.
    let is_shown = |character: &char| !character.is_control() && !is_invisible(*character) && *character != '#';
    let line: String = line.chars().filter(is_shown).collect();
    let line = line.trim_matches(|character: char| matches!(character, '"' | '`' | '*' | '#' | '.') || character.is_whitespace());
    let is_asking_again = place(line, placeholder).is_some() || line.contains('@');
    let words = line.split_whitespace();
    let mut kept = String::new();
    for word in words {
        if kept.chars().count() + 1 + word.chars().count() > MAX_GENERATED_CHARS {
            break;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(word);
    }
    (!kept.is_empty() && !is_asking_again).then_some(kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_TITLE_UTF16, wants_title, with_title};

    const PLACEHOLDER: &str = "@coderabbitai";

    #[test]
    fn the_placeholder_becomes_a_title_and_the_authors_words_stay() {
        let table = [
            ("@coderabbitai", "Add totals to the cart", Some("Add totals to the cart")),
            ("AB-12: @CodeRabbitAI", "\"Add totals.\"\nand more", Some("AB-12: Add totals")),
            ("[WIP] @coderabbitai (draft)", "  # `Add` totals ", Some("[WIP] Add` totals (draft)")),
            ("@coderabbitai-fork", "Add", None),
            ("Add totals", "Add", None),
            ("@coderabbitai", "Add totals, fixes #12", Some("Add totals, fixes 12")),
            ("AB#7: @coderabbitai", "Add totals", Some("AB#7: Add totals")),
            ("@coderabbitai", " \n", None),
            ("@coderabbitai", "Ask @somebody", None),
        ];
        for (title, generated, expected) in table {
            assert_eq!(with_title(title, PLACEHOLDER, generated).as_deref(), expected, "{title}");
        }
        assert!(!wants_title("Add totals", "") && !wants_title("", " "), "an empty placeholder stands nowhere");
        assert!(wants_title("please title", "TITLE"));
    }

    #[test]
    fn a_long_one_is_cut_at_a_word_and_one_without_room_is_left() {
        let long = "word ".repeat(60);
        assert_eq!(with_title(PLACEHOLDER, PLACEHOLDER, &long).unwrap().chars().count(), 99);
        let full = format!("{}{PLACEHOLDER}", "x".repeat(MAX_TITLE_UTF16 - PLACEHOLDER.len()));
        assert_eq!(with_title(&full, PLACEHOLDER, "Add totals to the cart of a shop"), None);
    }

    proptest! {
        #[test]
        fn the_authors_words_are_never_lost(before in "[^@]{0,60}", after in "( [^@]{0,60})?", generated in "\\PC{0,200}") {
            let title = format!("{before}{PLACEHOLDER}{after}");
            if let Some(written) = with_title(&title, PLACEHOLDER, &generated) {
                prop_assert!(written.starts_with(&before) && written.ends_with(&after), "{written}");
                prop_assert!(!written.contains(PLACEHOLDER));
            }
        }
    }
}
