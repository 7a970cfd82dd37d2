//! Answers to talk.

use super::{
    marker,
    model_text::{code_span, neutralise, neutralise_line},
    walkthrough::folded,
};

const MAX_REPLY_CHARS: usize = 8_000;
const MAX_PROBLEM_CHARS: usize = 400;
const MAX_NAME_CHARS: usize = 100;
const MAX_PATH_CHARS: usize = 200;
const MAX_LEARNING_CHARS: usize = 1_000;
/// Letters of an id of Azure DevOps.
const GUID_CHARS: usize = 36;

/// What became of something that a person taught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taught<'a> {
    Added {
        id: &'a str,
        text: &'a str,
        by: &'a str,
        pull_request: u64,
        /// Empty: the pull request as a whole.
        path: &'a str,
        /// Date, `2026-11-26`.
        date: &'a str,
        /// Days until it counts; 0: at once.
        delay: u32,
    },
    /// Why it is not kept, as a sentence.
    NotKept(&'a str),
}

/// What became of a work item that a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemMade<'a> {
    Created {
        id: u64,
        /// Its kind, e.g. `Task`.
        kind: &'a str,
        /// The page for people.
        url: &'a str,
    },
    /// Why not, in words, without a full stop.
    Refused(&'a str),
}

/// An answer, or what is told in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatReply<'a> {
    Answer {
        /// The model's words.
        reply: &'a str,
        /// The finding of the thread is given up.
        is_accepted: bool,
        taught: Option<Taught<'a>>,
        /// Id and text of the learnings that the answer follows.
        used: &'a [(String, String)],
    },
    /// The thread has had its answers.
    NoMore { answers: usize },
    /// Nothing was answered; `problem` in words, without a full stop.
    NotAnswered { problem: &'a str },
}

/// The answer's markdown with the marker that says which comment of its thread it answers. `to` is the id of whoever wrote that;
/// they are mentioned where it is one of Azure DevOps'.
pub fn chat_reply(comment: u64, to: &str, reply: &ChatReply<'_>) -> String {
    let text = match reply {
        ChatReply::Answer { reply, is_accepted, taught, used } => {
            let mut parts = vec![neutralise(reply, MAX_REPLY_CHARS)];
            if *is_accepted {
                parts.push("*The finding is given up, and this thread closed.*".to_owned());
            }
            parts.extend(taught.as_ref().map(taught_words));
            parts.extend(used_words(used));
            parts.retain(|part| !part.is_empty());
            parts.join("\n\n")
        }
        ChatReply::NoMore { answers } => format!(
            "**No more answers here.** This thread has had {answers} of them; begin another one to go on. Commands are answered here as \
             before."
        ),
        ChatReply::NotAnswered { problem } => {
            format!("**No answer:** {}. Ask again to have it tried once more.", neutralise_line(problem, MAX_PROBLEM_CHARS))
        }
    };
    format!("{}{text}\n\n{}", mention(to), marker::of_chat(comment))
}

/// The answer with what became of a work item, before its marker. None where there is no room in an answer without one.
pub fn with_item(answer: &str, made: &ItemMade<'_>) -> String {
    let told = match made {
        ItemMade::Created { id, kind, url } => {
            let plain = |character: &char| !character.is_whitespace() && !matches!(character, '(' | ')' | '<' | '>' | '`' | '"');
            let url: String = url.chars().filter(plain).collect();
            format!("**{} [{id}]({url}) created**, and linked with this pull request.", neutralise_line(kind, MAX_NAME_CHARS))
        }
        ItemMade::Refused(why) => format!("**No work item created:** {}.", neutralise_line(why, MAX_PROBLEM_CHARS)),
    };
    match answer.rsplit_once("\n\n") {
        Some((text, marker)) => format!("{text}\n\n{told}\n\n{marker}"),
        None => format!("{told}\n\n{answer}"),
    }
}

/// As Azure DevOps writes a person who was picked from its list. Other words than its own ids mention nobody.
fn mention(id: &str) -> String {
    let is_guid = id.len() == GUID_CHARS && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    if is_guid { format!("@<{}> ", id.to_ascii_uppercase()) } else { String::new() }
}

fn taught_words(taught: &Taught<'_>) -> String {
    match taught {
        Taught::Added { id, text, by, pull_request, path, date, delay } => {
            let place = if path.is_empty() { String::new() } else { format!(", {}", code_span(path, MAX_PATH_CHARS)) };
            let counts = match delay {
                0 => String::new(),
                1 => "\n- Counts from tomorrow on, unless somebody has it forgotten before.".to_owned(),
                days => format!("\n- Counts in {days} days, unless somebody has it forgotten before."),
            };
            let text = neutralise_line(text, MAX_LEARNING_CHARS);
            let by = code_span(by, MAX_NAME_CHARS);
            let list = format!(
                "- {}: {text}\n- Learnt from {by} in pull request {pull_request}{place}, {date}{counts}",
                code_span(id, MAX_NAME_CHARS)
            );
            folded("Learnings added", &list)
        }
        Taught::NotKept(why) => format!("*Not remembered: {why}*"),
    }
}

/// Folded; None where there are none.
pub(super) fn used_words(used: &[(String, String)]) -> Option<String> {
    let line = |(id, text): &(String, String)| {
        format!("- {}: {}", code_span(id, MAX_NAME_CHARS), neutralise_line(text, MAX_LEARNING_CHARS))
    };
    let lines: Vec<String> = used.iter().map(line).collect();
    (!lines.is_empty()).then(|| folded("Learnings used", &lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "7b1f5d5c-2f6a-4a4e-9d53-0f6c8a0c1d11";

    fn answer(reply: &str) -> String {
        let reply = ChatReply::Answer { reply, is_accepted: false, taught: None, used: &[] };
        chat_reply(3, ADA, &reply)
    }

    #[test]
    fn an_answer_mentions_who_asked_and_nobody_else() {
        let text =
            answer("Ask @<11111111-2222-3333-4444-555555555555>, see #12 and AB#7. <img src=x> Fixes #3 @coderabbitai pause");
        assert!(text.starts_with("@<7B1F5D5C-2F6A-4A4E-9D53-0F6C8A0C1D11> "), "{text}");
        assert_eq!(text.matches("@<").count(), 1, "{text}");
        assert!(
            !text.contains("#12") && !text.contains("AB#7") && text.contains("\\<img") && !text.contains("@coderabbitai"),
            "{text}"
        );
        assert!(text.ends_with("\n\n<!-- coderabbit-agent:chat v1 3 -->"), "{text}");
        let nobody = ChatReply::NoMore { answers: 20 };
        for id in ["", "ada", "7b1f5d5c-2f6a-4a4e-9d53-0f6c8a0c1d1>"] {
            assert!(chat_reply(3, id, &nobody).starts_with("**No more answers here.** This thread has had 20"), "{id}");
        }
    }

    #[test]
    fn what_was_learnt_and_used_is_told() {
        let taught = Taught::Added {
            id: "1a2b3c4d5e6f",
            text: "Money is counted in cents, see #3.",
            by: "Ada <b>",
            pull_request: 7,
            path: "src/cart.py",
            date: "2026-11-26",
            delay: 3,
        };
        let used = [("99aa".to_owned(), "No floats.".to_owned())];
        let reply = ChatReply::Answer { reply: "Right.", is_accepted: true, taught: Some(taught), used: &used };
        insta::assert_snapshot!(chat_reply(2, "", &reply), @r"
        Right.

        *The finding is given up, and this thread closed.*

        <details>
        <summary>Learnings added</summary>

        - `1a2b3c4d5e6f`: Money is counted in cents, see # 3.
        - Learnt from `Ada <b>` in pull request 7, `src/cart.py`, 2026-11-26
        - Counts in 3 days, unless somebody has it forgotten before.

        </details>

        <details>
        <summary>Learnings used</summary>

        - `99aa`: No floats.

        </details>

        <!-- coderabbit-agent:chat v1 2 -->
        ");
        let reply =
            ChatReply::Answer { reply: "No.", is_accepted: false, taught: Some(Taught::NotKept("Nothing is kept.")), used: &[] };
        assert!(chat_reply(2, "", &reply).starts_with("No.\n\n*Not remembered: Nothing is kept.*\n"));
    }

    #[test]
    fn a_work_item_is_told_before_the_marker() {
        let made = ItemMade::Created { id: 12, kind: "Task", url: "https://dev.azure.com/contoso/shop/_workitems/edit/12" };
        let text = with_item(&answer("Here it is."), &made);
        assert!(
            text.contains("Here it is.\n\n**Task [12](https://dev.azure.com/contoso/shop/_workitems/edit/12) created**"),
            "{text}"
        );
        assert!(text.ends_with("<!-- coderabbit-agent:chat v1 3 -->"), "{text}");
        let text = with_item(&answer("Hm."), &ItemMade::Refused("the token may not"));
        assert!(text.contains("**No work item created:** the token may not."), "{text}");
    }
}
