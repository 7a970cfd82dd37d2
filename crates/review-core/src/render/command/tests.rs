use super::*;
use crate::{command::Command, finding::test_support::commit, render::is_ours};

fn told(reply: &CommandReply<'_>) -> String {
    let whole = command_reply(3, Asked::Command(Command::Review), reply, "Review `Bot`");
    assert!(is_ours(&whole), "{whole}");
    let text = whole.strip_suffix("\n\n<!-- coderabbit-agent:command v1 3 review -->").expect("the marker ends the answer");
    text.to_owned()
}

#[test]
fn each_answer_says_what_happens_now() {
    let (head, since) = (commit('2'), commit('1'));
    let replies = [
        CommandReply::ReviewAsked { head: &head, since: None },
        CommandReply::ReviewAsked { head: &head, since: Some(&since) },
        CommandReply::FullReviewAsked { head: &head },
        CommandReply::NothingNew { head: &head },
        CommandReply::Paused,
        CommandReply::AlreadyPaused { by: "Ada\n# Lovelace" },
        CommandReply::Resumed { is_behind: true },
        CommandReply::Resumed { is_behind: false },
        CommandReply::Resolved { closed: 0 },
        CommandReply::Resolved { closed: 1 },
        CommandReply::Resolved { closed: 12 },
        CommandReply::NotHere { words: "autofix", why: "this version changes no code by itself" },
        CommandReply::Unknown,
        CommandReply::NotAllowed,
        CommandReply::Closed,
        CommandReply::NothingToReview,
        CommandReply::SummaryAsked,
        CommandReply::SummaryWritten,
        CommandReply::NoRoomForSummary,
        CommandReply::DiagramAsked,
        CommandReply::NoDiagram,
        CommandReply::ChangeAsked { what: "docstrings, as a pull request into this one" },
        CommandReply::PlanAsked,
        CommandReply::Refused { why: "It is turned off (`a.b`)." },
        CommandReply::NotWritten { problem: "the model did not answer" },
    ];
    insta::assert_snapshot!(replies.iter().map(told).collect::<Vec<_>>().join("\n\n"), @r"
    **Review asked for.** `22222222` will be read; the walkthrough and the status tell how it goes.

    **Review asked for.** What is new in `22222222` since the review of `11111111` will be read; the walkthrough and the status tell how it goes.

    **Full review asked for.** The whole change up to `22222222` will be read once more; the walkthrough and the status tell how it goes. Findings that stand already are not repeated.

    **Nothing new to review.** `22222222` was reviewed already; `@Review Bot full review` reads the whole change once more.

    **Reviews paused.** What is pushed from now on is not reviewed by itself. `@Review Bot resume` goes on, `@Review Bot review` reviews once.

    **Reviews are paused already**, by `Ada # Lovelace`. `@Review Bot resume` goes on.

    **Reviews resumed.** What was pushed since the last review is read now.

    **Reviews resumed.** Nothing was pushed since the last review; the next push is reviewed by itself.

    **Nothing to close.** No thread of a finding is open.

    **One thread closed.** No thread of a finding is open now.

    **12 threads closed.** No thread of a finding is open now.

    **Not done: `autofix`.** This version changes no code by itself. `@Review Bot help` lists what is.

    **That is no command that I know**, so nothing is done. `@Review Bot help` lists them.

    **Not done: commands are reserved here.** The operator of this agent has named the people who may give them (`AZURE_DEVOPS_COMMAND_USERS`, `AZURE_DEVOPS_COMMAND_TEAMS`), and you are none of them; ask one of them, or the operator.

    **Nothing to do.** The pull request is closed.

    **Nothing to read.** The service lists no change of this pull request, or none in files that are reviewed.

    **Summary asked for.** It is written now, into the description.

    **The summary stands in the description.** The author's text is as it was.

    **The summary has no room.** A description may have 4,000 characters, and the author's text takes them; it was left as it is.

    **Diagram asked for.** It comes as an answer here.

    **No diagram.** The model saw no flow worth one, or drew none that this service could show.

    **Asked for: docstrings, as a pull request into this one.** It takes a while; what became of it comes as an answer here.

    **Plan asked for.** It comes as an answer here.

    **Not done.** It is turned off (`a.b`).

    **Not written:** the model did not answer. The command may be given again.
    ");
}

#[test]
fn help_lists_every_command() {
    insta::assert_snapshot!(told(&CommandReply::Help), @r"
    A command is a line of its own in any comment, after a mention: `@Review Bot review`. Capitals do not matter.

    | Command | What it does |
    |---|---|
    | `review` | Reviews what came since the last review, also where reviews are paused, off or not made by themselves. |
    | `full review` | Reads the whole change once more, whatever was reviewed before. |
    | `pause` | No more reviews of this pull request by themselves. |
    | `resume` | Goes on with reviews after a pause; what came meanwhile is reviewed now. |
    | `ignore` | The same as `pause`; as a text in the description it stops reviews for as long as it stands there. |
    | `resolve` | Closes all threads of findings that are still open. |
    | `summary` | Writes the summary in the description, at its placeholder or its end, anew. |
    | `generate sequence diagram` | Draws the flow that the change is about, in an answer. |
    | `generate docstrings` | Documents the functions and types that the change adds or touches and that lack it; comes as a pull request into this one. |
    | `generate unit tests` | Writes new files of tests for the change; comes as a pull request into this one. They were run by nobody. |
    | `autofix` | Settles open findings of the agent by a commit on the source branch. |
    | `autofix stacked pr` | The same as a pull request into this one. |
    | `simplify` | Makes the changed code simpler, where the repository allows it; comes as a pull request into this one. |
    | `run` | Makes the change of a recipe of `.coderabbit.yaml` (`run` and its name); comes as a pull request into this one. |
    | `plan` | Says in an answer how to settle open findings and what linked work items ask for. No code is changed. |
    | `configuration` | Shows the configuration that counts here, and where each part comes from. |
    | `help` | Shows this list. |
    ");
}

#[test]
fn the_configuration_is_shown_with_where_each_part_comes_from() {
    use crate::configuration::{Layer, Source};
    let yaml = "reviews:\n  profile: assertive\n  poems: false\n";
    let layer = Layer::read(Source::Repository(".coderabbit.yaml".to_owned()), yaml.as_bytes()).unwrap();
    let text = told(&CommandReply::Configuration(&Effective::of(vec![layer], Vec::new())));
    assert!(text.starts_with("Configuration: `.coderabbit.yaml`\n\n```yaml\n"), "{text}");
    assert!(text.contains("  profile: \"assertive\" # Source: .coderabbit.yaml\n"), "{text}");
    assert!(text.contains("<summary>Configuration: 1 warning</summary>") && text.contains("poems"), "{text}");
}
