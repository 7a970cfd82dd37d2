//! What people read of a finding, kept short: a claim of one sentence, and all prose together within [`MAX_WORDS`].
//!
//! Only what is shown is cut. The whole stands in the finding, in the prompt for AI agents, and in whatever compares it.

use crate::finding::Finding;

/// Words of claim, scenario and fix together. Code in fences is none of them.
const MAX_WORDS: usize = 80;
/// Words that a fix may take for sure, however long the scenario is.
const WORDS_OF_FIX: usize = 30;
/// What does not end a sentence although a full stop stands there.
const ABBREVIATIONS: &[&str] = &["e.g.", "i.e.", "cf.", "vs.", "etc.", "approx.", "no.", "z.b.", "d.h.", "bzw.", "p.ex."];

/// Claim, scenario and fix as a comment shows them, before they are made harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prose {
    pub(super) claim: String,
    pub(super) scenario: String,
    pub(super) fix: String,
}

pub(super) fn of(finding: &Finding) -> Prose {
    let (claim, more) = first_sentence(finding.claim.trim());
    // A second sentence of the claim is the beginning of the story.
    let scenario = match (more, finding.scenario.trim()) {
        ("", scenario) => scenario.to_owned(),
        // A list or code needs its own line.
        (more, scenario) if scenario.starts_with(char::is_alphabetic) => format!("{more} {scenario}"),
        (more, scenario) => format!("{more}\n\n{scenario}"),
    };
    let claim = within_words(claim, MAX_WORDS / 2);
    let rest = MAX_WORDS.saturating_sub(words(&claim));
    let for_fix = words(&finding.fix).min(WORDS_OF_FIX);
    let scenario = within_words(&scenario, rest.saturating_sub(for_fix));
    let fix = within_words(&finding.fix, rest.saturating_sub(words(&scenario)));
    Prose { claim, scenario, fix }
}

/// The first sentence, and what follows it.
fn first_sentence(text: &str) -> (&str, &str) {
    sentence_ends(text).next().map_or((text, ""), |end| {
        let (first, rest) = text.split_at(end);
        (first.trim(), rest.trim())
    })
}

/// Where sentences end inside of the text: behind the mark. The end of the text is none of these.
fn sentence_ends(text: &str) -> impl Iterator<Item = usize> {
    let (mut is_code, mut word) = (false, 0);
    text.char_indices().filter_map(move |(at, character)| {
        if character.is_whitespace() {
            word = at + character.len_utf8();
        }
        // Inside of a code span a full stop ends nothing.
        is_code ^= character == '`';
        let is_wide = matches!(character, '。' | '！' | '？');
        if is_code || !is_wide && !matches!(character, '.' | '!' | '?') {
            return None;
        }
        let end = at + character.len_utf8();
        let after = text.get(end..)?;
        let next = after.trim_start().chars().next()?;
        let last_word = text.get(word..end).unwrap_or_default().trim_start_matches(['(', '"', '\'']);
        let is_short = ABBREVIATIONS.iter().any(|short| last_word.eq_ignore_ascii_case(short));
        let begins = is_wide || after.starts_with(char::is_whitespace) && !next.is_lowercase();
        (begins && !is_short).then_some(end)
    })
}

/// The text, or as many of its whole sentences as `most` words hold; where not even one fits, its beginning with an ellipsis.
fn within_words(text: &str, most: usize) -> String {
    let text = text.trim();
    if words(text) <= most {
        return text.to_owned();
    }
    let paragraphs = text.match_indices("\n\n").map(|(at, _)| at);
    let mut ends: Vec<usize> = sentence_ends(text).chain(paragraphs).collect();
    ends.sort_unstable();
    // More words with every end: the last that fits is found by halves.
    let fits = |end: &usize| text.get(..*end).is_some_and(|kept| words(kept) <= most);
    let whole = ends.partition_point(fits).checked_sub(1).and_then(|last| ends.get(last));
    match whole.and_then(|end| text.get(..*end)).map(str::trim) {
        Some(kept) if !kept.is_empty() => kept.to_owned(),
        _ => beginning(text, most),
    }
}

fn beginning(text: &str, most: usize) -> String {
    let kept: Vec<&str> = text.split_whitespace().take(most).collect();
    if kept.is_empty() { String::new() } else { format!("{}…", kept.join(" ")) }
}

/// Words outside of code fences.
fn words(text: &str) -> usize {
    let mut is_code = false;
    let mut count = 0_usize;
    for line in text.lines() {
        let is_fence = ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence));
        is_code ^= is_fence;
        if !is_code && !is_fence {
            count = count.saturating_add(line.split_whitespace().count());
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{MAX_WORDS, first_sentence, of, within_words, words};
    use crate::finding::test_support::finding;

    fn sentences(count: usize) -> String {
        (1..=count).map(|number| format!("Sentence {number} has five words.")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_short_stays_as_it_is() {
        let finding = finding("a.rs", 1, 1, "The total of `a.b` wraps, e.g. for i.e. Euro amounts.");
        let prose = of(&finding);
        assert_eq!((prose.claim, prose.scenario, prose.fix), (finding.claim, finding.scenario, finding.fix));
    }

    #[test]
    fn a_claim_is_one_sentence_and_what_follows_goes_before_the_scenario() {
        for (text, first, rest) in [
            ("It wraps. Then it fails.", "It wraps.", "Then it fails."),
            ("Does it wrap? `x` says so.", "Does it wrap?", "`x` says so."),
            ("`a. B` is read", "`a. B` is read", ""),
            ("Version 1.5 of Foo.Bar fails", "Version 1.5 of Foo.Bar fails", ""),
            ("それは失敗する。次の文。", "それは失敗する。", "次の文。"),
        ] {
            assert_eq!(first_sentence(text), (first, rest), "{text}");
        }
        let prose = of(&finding("a.rs", 1, 1, "It wraps. It then fails."));
        assert_eq!(prose.claim, "It wraps.");
        assert!(prose.scenario.starts_with("It then fails. An order of zero"), "{}", prose.scenario);
    }

    #[test]
    fn long_prose_is_cut_at_a_sentence_and_the_fix_keeps_its_place() {
        let mut long = finding("a.rs", 1, 1, "The total wraps.");
        (long.scenario, long.fix) = (sentences(40), sentences(5));
        let prose = of(&long);
        assert_eq!(prose.scenario, sentences(10), "80 words, less 3 of the claim and 25 of the fix");
        assert_eq!(prose.fix, sentences(5));
        long.scenario = sentences(1);
        long.fix = sentences(40);
        assert_eq!(of(&long).fix, sentences(14), "what the scenario leaves goes to the fix");
    }

    #[test]
    fn a_sentence_without_end_is_cut_with_an_ellipsis_and_code_counts_no_words() {
        assert_eq!(within_words("one two three four", 2), "one two…");
        assert_eq!(within_words("one two", 0), "");
        let code = format!("Do this:\n\n```rust\n{}\n```", "let x = 1;\n".repeat(60));
        assert_eq!(words(&code), 2);
        assert_eq!(within_words(&code, 2), code);
    }

    proptest! {
        #[test]
        fn no_comment_has_more_words(claim in "(\\PC|\n| \\PC{1,9}){0,200}", scenario in "([a-z.]{1,5}[ \n]){0,300}", fix in "([A-Z.`]{1,5} ){0,300}") {
            let mut long = finding("a.rs", 1, 1, &claim);
            (long.scenario, long.fix) = (scenario, fix);
            let prose = of(&long);
            let count = words(&prose.claim) + words(&prose.scenario) + words(&prose.fix);
            prop_assert!(count <= MAX_WORDS, "{} words in {:?}", count, prose);
        }
    }
}
