use proptest::prelude::*;

use super::*;
use crate::{
    command::{Addressee, Names},
    finding::test_support::{state, thread},
    pull_request::{Person, PullRequestState},
    render::{ChatReply, CommandReply, chat_reply, command_reply},
};

const NOW: i64 = 1_780_000_000_000;
const ID: &str = "7b1f5d5c-2f6a-4a4e-9d53-0f6c8a0c1d11";
const ADA: &str = "11111111-2222-3333-4444-555555555555";
const FINDING: &str = "**The index is off.**\n\n<!-- coderabbit-agent:finding v1 ab12 -->";

fn me() -> Person {
    Person { id: ID.to_owned(), display_name: "Review Bot".to_owned(), unique_name: "bot@contoso.com".to_owned() }
}

/// One thread; of each comment the author and the text, a minute apart.
fn with(comments: &[(&str, &str)]) -> PullRequestState {
    let mut state = state(Vec::new());
    state.me = me();
    let mut thread = thread(9, comments);
    for (minute, comment) in (1..).zip(thread.comments.iter_mut().rev()) {
        comment.published_at = Some(NOW - minute * 60_000);
    }
    state.threads = vec![thread];
    state
}

/// Comments that wait, and whether they name the agent.
fn waiting(comments: &[(&str, &str)]) -> Vec<(u64, bool)> {
    pending(&with(comments), NOW).into_iter().map(|waiting| (waiting.comment, waiting.is_named)).collect()
}

fn answer(comment: u64, reply: &str) -> String {
    chat_reply(comment, ADA, &ChatReply::Answer { reply, is_accepted: false, taught: None, used: &[] })
}

#[test]
fn a_mention_waits_wherever_it_stands_and_a_command_does_not() {
    for text in [
        "@bot why is this slow?",
        "Hm, can @Review Bot explain the loop?",
        "Please look:\n@bot what does `len` do here?",
        "@<7B1F5D5C-2F6A-4A4E-9D53-0F6C8A0C1D11> is this right",
        "@coderabbitai, remember that we count in cents.",
        "What about this one?\n\n@bot",
        "@bot why?",
        "Hi @Ada, @bot says more",
    ] {
        assert_eq!(waiting(&[("ada", text)]), [(1, true)], "{text}");
    }
    for text in [
        "@bot review",
        "@bot reveiw",
        "@bot",
        "@bot autofix",
        "Why is this slow?",
        "> @bot why is this slow?",
        "`@bot why` is what I wrote",
        "```\n@bot why is this slow?\n```",
        "mail me at someone@bot.example, please",
        "@bottle why is this slow?",
        "@Ada, do you think @bot is right?",
        "@bot thanks!",
        "Thanks @bot :tada:",
    ] {
        assert_eq!(waiting(&[("ada", text)]), [], "{text}");
    }
    assert_eq!(waiting(&[("ada", "@Ada look\n@bot what do you say?")]), [(1, true)], "the second line speaks to us");
}

#[test]
fn in_a_thread_of_ours_a_reply_needs_no_mention_unless_it_speaks_to_somebody_else() {
    let reply = |text: &str| waiting(&[(ID, FINDING), ("ada", text)]);
    assert_eq!(reply("Why is that wrong?"), [(2, false)]);
    assert_eq!(reply("The @Override is missing, too."), [(2, false)], "an annotation is no colleague");
    assert_eq!(reply("@bot why is that wrong?"), [(2, true)]);
    for text in ["@Bob what do you think?", &format!("@<{}> look", ADA.to_uppercase()), &format!("I would ask @<{ADA}> first.")] {
        assert_eq!(reply(text), [], "{text}");
    }
    assert_eq!(waiting(&[("bob", "Why?"), ("ada", "Because of the lock.")]), [], "two people");
    let joined = [("bob", "@bot why?"), (ID, &*answer(1, "Because.")), ("ada", "And the other branch?")];
    assert_eq!(waiting(&joined), [(3, false)], "it takes part since it was asked");
    let forged = [("mallory", FINDING), ("ada", "Why is that wrong?")];
    assert_eq!(waiting(&forged), [], "a marker makes no thread ours");
}

#[test]
fn what_a_tool_wrote_is_never_answered_whoever_owns_the_token() {
    assert_eq!(waiting(&[(ID, FINDING), (ID, "Why is that wrong?")]), [(2, false)], "the owner is a person, too");
    for text in [&*answer(1, "Is it?"), "What? <!-- This is an auto-generated reply by CodeRabbit -->", FINDING] {
        assert_eq!(waiting(&[(ID, FINDING), (ID, text)]), [], "{text}");
        assert_eq!(waiting(&[(ID, FINDING), ("other-bot", text)]), [], "{text}");
    }
    let mut state = with(&[(ID, FINDING), ("build", "@bot the build failed, why?")]);
    state.threads[0].comments[1].author.unique_name = "Build\\9c1e".to_owned();
    assert_eq!(pending(&state, NOW), []);
}

#[test]
fn an_answer_is_given_once_and_an_edit_changes_nothing() {
    let asked = ("ada", "@bot why?");
    assert_eq!(waiting(&[asked, (ID, &answer(1, "Because."))]), []);
    assert_eq!(waiting(&[asked, ("mallory", &answer(1, "Because."))]), [(1, true)], "others answer nothing for us");
    assert_eq!(waiting(&[("ada", "@bot and why not?"), (ID, &answer(1, "Because."))]), [], "edited");
    let unknown = command_reply(1, crate::command::Asked::Unknown, &CommandReply::Unknown, "bot");
    assert_eq!(waiting(&[asked, (ID, &unknown)]), [], "answered by an older version");
    let mut old = with(&[asked]);
    old.threads[0].comments[0].published_at = Some(NOW - crate::command::MAX_AGE);
    assert_eq!(pending(&old, NOW), [], "of yesterday");
    for change in [
        |state: &mut PullRequestState| state.threads[0].comments[0].is_deleted = true,
        |state: &mut PullRequestState| state.threads[0].comments[0].is_text = false,
        |state: &mut PullRequestState| state.threads[0].is_deleted = true,
    ] {
        let mut state = with(&[asked]);
        change(&mut state);
        assert_eq!(pending(&state, NOW), []);
    }
}

#[test]
fn a_thread_has_its_answers_and_is_told_once_that_there_are_no_more() {
    let answers: Vec<String> = (1..=MAX_ANSWERS as u64 + 1).map(|number| answer(1_000 + number, "So.")).collect();
    let bounds = |count: usize| {
        let mut comments: Vec<(&str, &str)> = answers.iter().take(count).map(|text| (ID, text.as_str())).collect();
        comments.push(("ada", "@bot and then?"));
        pending(&with(&comments), NOW).into_iter().map(|waiting| waiting.bound).collect::<Vec<_>>()
    };
    assert_eq!(bounds(MAX_ANSWERS - 1), [Bound::Within]);
    assert_eq!(bounds(MAX_ANSWERS), [Bound::Reached]);
    assert_eq!(bounds(MAX_ANSWERS + 1), []);
}

#[test]
fn courtesies_are_told_from_words_that_want_an_answer() {
    let names = Names::of(&me());
    for text in [
        "Thanks!",
        "thank you so much",
        "👍",
        ":+1: :tada:",
        "Done.",
        "Fixed in 1a2b3c4d, thanks",
        "ok",
        "Good catch, will do!",
        "@bot thanks",
        "Thanks, @Review Bot!",
        "LGTM",
        "+1",
        "I've fixed it",
        "",
        "> quoted\n\nAgreed.",
        "makes sense 🙂",
        "It's done now",
    ] {
        assert!(is_pleasantry(text, &names), "{text}");
    }
    for text in [
        "Thanks, but why?",
        "Not fixed",
        "Done?",
        "`ok`",
        "ok, but the lock is held",
        "no",
        "This is wrong",
        "all",
        "thanks to the lock this is safe",
        "```\nthanks\n```",
        "fixed 12 of them",
        "remember this",
        "That is by design.",
    ] {
        assert!(!is_pleasantry(text, &names), "{text}");
    }
    let asked_back = [("ada", "@bot why?"), (ID, &*answer(1, "Shall I create a work item?")), ("ada", "Sure, thanks")];
    assert_eq!(waiting(&asked_back), [(3, false)], "an answer to what we asked");
    let told = [("ada", "@bot why?"), (ID, &*answer(1, "Because of the lock.")), ("ada", "Sure, thanks")];
    assert_eq!(waiting(&told), []);
}

#[test]
fn a_thread_is_read_with_names_and_without_what_was_deleted() {
    let mut state = with(&[(ID, FINDING), ("ada", "Ask @<ADA>, or @<0000>, or @<ada"), ("bob", "Gone.")]);
    state.threads[0].comments[1].author.display_name = "Ada L.".to_owned();
    state.threads[0].comments[2].is_deleted = true;
    let spoken = spoken_comments(&state, &state.threads[0]);
    assert_eq!(spoken.iter().map(|spoken| spoken.is_ours).collect::<Vec<_>>(), [true, false]);
    assert_eq!((spoken[1].by.as_str(), spoken[1].text.as_str()), ("Ada L.", "Ask @Ada L., or @<0000>, or @<ada"));
}

#[test]
fn an_open_finding_may_be_given_up_unless_it_is_about_a_secret() {
    let state = with(&[(ID, FINDING)]);
    let thread = &state.threads[0];
    let finding = crate::finding::standing_findings(&state).remove(0);
    assert!(may_be_given_up(&finding, thread));
    let changed = |change: fn(&mut crate::finding::StandingFinding)| {
        let mut finding = finding.clone();
        change(&mut finding);
        may_be_given_up(&finding, thread)
    };
    assert!(!changed(|finding| finding.status = crate::pull_request::ThreadStatus::Fixed));
    assert!(!changed(|finding| finding.is_deleted = true));
    assert!(!changed(|finding| finding.quoted_line = "key = [redacted:github-token:1a2b3c]".to_owned()));
    assert!(!changed(|finding| finding.claim = "A secret is committed on this line (`aws`).".to_owned()));
    let told = with(&[(ID, "**A secret is committed on this line (`aws`).**\n\n<!-- coderabbit-agent:finding v1 ab12 -->")]);
    assert!(!may_be_given_up(&finding, &told.threads[0]), "whatever its properties were made to say");
}

proptest! {
    #[test]
    fn no_text_breaks_the_readers(text in "\\PC{0,200}", name in "\\PC{0,20}") {
        let names = Names::of(&Person { id: ID.to_owned(), display_name: name.clone(), unique_name: name });
        is_pleasantry(&text, &names);
        names.addressee(&format!("@{text}\n@<{text}> @bot"));
        prop_assert_eq!(names.addressee(&text.replace('@', "")), Addressee::Everybody);
    }
}
