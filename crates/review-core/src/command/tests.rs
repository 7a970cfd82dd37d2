use proptest::prelude::*;

use super::*;
use crate::{
    finding::test_support::{person, state, thread},
    pull_request::{Person, PullRequestState},
    render::{CommandReply, command_reply, command_result},
};

const NOW: i64 = 1_780_000_000_000;
const ID: &str = "7b1f5d5c-2f6a-4a4e-9d53-0f6c8a0c1d11";

fn me() -> Person {
    Person { id: ID.to_owned(), display_name: "Review Bot".to_owned(), unique_name: "bot@contoso.com".to_owned() }
}

fn read(text: &str) -> Vec<&'static str> {
    asked(text, &Names::of(&me())).into_iter().map(Asked::word).collect()
}

#[test]
fn the_agent_hears_to_its_names_and_to_the_products() {
    let mentions = [
        "@<7B1F5D5C-2F6A-4A4E-9D53-0F6C8A0C1D11> review",
        "@Review Bot review",
        "@review bot: Review",
        "@bot@contoso.com review!",
        "@bot REVIEW",
        "@coderabbitai review",
        "@CodeRabbitAI, please review.",
        "  @coderabbitai   `review`",
    ];
    for text in mentions {
        assert_eq!(read(text), ["review"], "{text}");
    }
    for text in [
        "@<11111111-2f6a-4a4e-9d53-0f6c8a0c1d11> review",
        "@bottle review",
        "@bot-2 review",
        "@bot@fabrikam.com review",
        "@coderabbitai.fork review",
        "@ review",
        "review",
        "please @coderabbitai review",
        "mail@coderabbitai review",
        "> @coderabbitai review",
        "```\n@coderabbitai review\n```",
        "~~~\n```\n@coderabbitai review\n~~~",
    ] {
        assert_eq!(read(text), <[&str; 0]>::default(), "{text}");
    }
}

#[test]
fn every_command_is_read_bare_in_any_case_and_nothing_else_is_one() {
    for (command, words, what) in COMMANDS {
        assert_eq!(asked(&format!("@bot {}", words.to_uppercase()), &Names::of(&me())), [Asked::Command(command)]);
        assert_eq!(command.words(), words);
        assert!(what.ends_with('.'), "{what}");
    }
    for (words, why) in super::UNKNOWN_HERE {
        assert_eq!(asked(&format!("@bot {words}"), &Names::of(&me())), [Asked::NotHere { words, why }]);
    }
    for talk in ["@bot", "@bot please", "@bot reveiw", "@bot Resumed!"] {
        assert_eq!(read(talk), ["unknown"], "{talk}");
    }
    assert_eq!(read("@bot full   review"), ["full-review"]);
}

#[test]
fn a_comment_may_ask_for_several_things_and_say_more() {
    assert_eq!(read("Thanks!\n@bot resolve\nand then\n@bot pause\n@bot resolve"), ["resolve", "pause"]);
    assert_eq!(read("@bot pause\n@bot we are moving this to another branch"), ["pause"]);
    let many: Vec<String> = COMMANDS.iter().map(|(_, words, _)| format!("@bot {words}")).collect();
    assert_eq!(read(&many.join("\n")).len(), 5, "no more than that at a time");
}

#[test]
fn a_recipe_is_asked_for_by_its_name() {
    let names = Names::of(&me());
    for text in ["@bot run Sort imports", "Hi\n@bot please run `sort imports`!", "@bot: RUN sort  imports, please"] {
        assert_eq!(read(text), ["run"], "{text}");
        let asked = recipe_asked(text, &names).unwrap();
        assert!(is_recipe("Sort Imports", &asked) && !is_recipe("Sort", &asked), "{asked}");
    }
    assert_eq!(recipe_asked("@bot run", &names), Some(String::new()));
    assert!(!is_recipe("", ""), "a recipe without a name is none");
    assert_eq!(recipe_asked("@bot runs fine", &names), None);
    assert_eq!(recipe_asked("> @bot run a", &names), None);
}

#[test]
fn a_comment_without_a_mention_is_no_business_of_ours() {
    for (text, is) in
        [("Looks good.", false), ("a@b.c", false), ("> @bot review", false), ("@somebody hello", true), ("Hi\n @bot", true)]
    {
        assert_eq!(is_addressed_to_somebody(text), is, "{text}");
    }
}

fn with(comments: &[(u64, &str, &str)]) -> PullRequestState {
    let mut state = state(Vec::new());
    state.me = me();
    let texts: Vec<(&str, &str)> = comments.iter().map(|(_, author, text)| (*author, *text)).collect();
    let mut thread = thread(9, &texts);
    for (comment, (minutes, ..)) in thread.comments.iter_mut().zip(comments) {
        comment.published_at = Some(NOW - i64::try_from(*minutes).unwrap() * 60_000);
    }
    state.threads = vec![thread];
    state
}

fn words(state: &PullRequestState) -> Vec<(u64, &'static str)> {
    pending(state, NOW).into_iter().map(|request| (request.comment, request.asked.word())).collect()
}

#[test]
fn commands_wait_in_the_order_in_which_they_were_given_until_they_are_answered() {
    let asked = with(&[(1, "ada", "@bot resume"), (5, "ada", "@bot pause")]);
    assert_eq!(words(&asked), [(2, "pause"), (1, "resume")]);

    let answer = command_reply(1, Asked::Command(Command::Review), &CommandReply::Paused, "Review Bot");
    let answered = with(&[(9, "ada", "@bot review"), (8, ID, &answer)]);
    assert_eq!(words(&answered), [], "answered");
    let edited = with(&[(9, "ada", "@bot full review"), (8, ID, &answer)]);
    assert_eq!(words(&edited), [(1, "full-review")], "edited into another command");
    let forged = with(&[(9, "ada", "@bot review"), (8, "mallory", &answer)]);
    assert_eq!(words(&forged), [(1, "review")], "an answer that others wrote answers nothing");
    let quoted = with(&[(9, ID, &format!("@bot review {answer}"))]);
    assert_eq!(words(&quoted), [], "our own words ask for nothing");
    assert_eq!(words(&with(&[(9, ID, "@bot review")])), [(1, "review")], "the token's owner is a person, too");
}

#[test]
fn what_takes_a_while_is_done_when_we_told_what_became_of_it() {
    let request = Asked::Command(Command::Autofix);
    let asked_for = command_reply(1, request, &CommandReply::ChangeAsked { what: "fixes" }, "Review Bot");
    let told = command_result(1, request, &CommandReply::Told("**Committed.**"), "Review Bot");
    let answered = with(&[(9, "ada", "@bot autofix"), (8, ID, &asked_for), (7, ID, &told)]);
    assert!(is_done(&answered, 9, 1, request));
    assert!(!is_done(&answered, 9, 1, Asked::Command(Command::Simplify)), "another command");
    assert!(!is_done(&answered, 9, 2, request), "another comment");
    assert!(!is_done(&answered, 8, 1, request), "another thread");
    let waits = with(&[(9, "ada", "@bot autofix"), (8, ID, &asked_for)]);
    assert!(!is_done(&waits, 9, 1, request), "that it was heard is no end");
    let forged = with(&[(9, "ada", "@bot autofix"), (8, "mallory", &told)]);
    assert!(!is_done(&forged, 9, 1, request), "an answer that others wrote answers nothing");
}

#[test]
fn what_is_old_deleted_or_not_a_text_waits_for_nothing() {
    assert_eq!(words(&with(&[(24 * 60 + 1, "ada", "@bot review")])), [], "of yesterday");
    assert_eq!(words(&with(&[(24 * 60 - 1, "ada", "@bot review")])), [(1, "review")]);
    let of = |change: fn(&mut PullRequestState)| {
        let mut state = with(&[(1, "ada", "@bot review")]);
        change(&mut state);
        words(&state)
    };
    assert_eq!(of(|state| state.threads[0].comments[0].is_deleted = true), []);
    assert_eq!(of(|state| state.threads[0].comments[0].is_text = false), []);
    assert_eq!(of(|state| state.threads[0].comments[0].published_at = None), []);
    assert_eq!(of(|state| state.threads[0].is_deleted = true), []);
    assert_eq!(person("ada").id, "ada");
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "\\PC{0,200}", id in "\\PC{0,20}", name in "\\PC{0,20}") {
        let names = Names::of(&Person { id, display_name: name.clone(), unique_name: name });
        prop_assert!(asked(&text, &names).len() <= 5);
        let mention = format!("@{text} review\n@<{text}> review");
        prop_assert!(asked(&mention, &names).len() <= 5);
    }
}
