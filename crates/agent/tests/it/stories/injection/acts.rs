//! What of a markdown text would do something on a pull request, apart from what the agent itself puts there.

use std::sync::LazyLock;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

/// The agent's own lines: its markers, and the folds with their titles.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:<!-- coderabbit-agent:(?:walkthrough|body|checks|end of checks|finding v1 [0-9a-f]{20}|chat v1 [0-9]+|resolved v1 [0-9a-f]{40}) -->|</?details>|<summary>(?:Prompt for AI agents|Walkthrough|Learnings added|Learnings used|The same in words|Passed or nothing to check \([0-9]+\)|Review details|Files set aside|Configuration: [0-9a-z, ]+)</summary>)$",
    )
    .unwrap()
});

/// Its own links: a number of the forge, and the page that it has on the stand-in.
static OWN_LINK: LazyLock<Regex> = LazyLock::new(|| {
    let page = r"http://127\.0\.0\.1:\d+/(?:@\d+/)?contoso/Web%20Shop/(?:_workitems/edit|_git/orders/pullrequest)/\d+";
    Regex::new(&format!(r"\[(?:(?:Work item|Pull request) )?\d+\]\({page}\)")).unwrap()
});

/// At the beginning of an answer: whoever asked.
static OWN_MENTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^@<[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}> ").unwrap());

/// The text without its own links, without the mention of whoever is answered, and without what holds its own diagrams.
pub(super) fn without_own(markdown: &str) -> String {
    static DIAGRAM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^::: mermaid\n(sequenceDiagram\n(?:    [^\n]*\n)+):::$").unwrap());
    DIAGRAM.replace_all(&OWN_LINK.replace_all(&without_mention(markdown), "a link"), "$1").into_owned()
}

fn without_mention(comment: &str) -> String {
    let is_answer = comment.trim_end().lines().next_back().is_some_and(|last| last.starts_with("<!-- coderabbit-agent:chat v1 "));
    if is_answer { OWN_MENTION.replace(comment, "").into_owned() } else { comment.to_owned() }
}

/// Of a whole comment of the agent: its own marks stand where they belong, once each, and nothing else acts.
pub(super) fn acts_in_comment(content: &str) -> Vec<String> {
    let mut acts = Vec::new();
    let mut rest = String::new();
    let (mut fence, mut folds, mut is_drawn) = (None::<String>, 0_i32, false);
    for line in without_mention(content).lines() {
        // A diagram of its own: what stands in it is words, as in a block of code.
        if fence.is_none() && line == if is_drawn { ":::" } else { "::: mermaid" } {
            is_drawn = !is_drawn;
            rest.push_str(if is_drawn { "```text\n" } else { "```\n" });
            continue;
        }
        if is_drawn && !line.starts_with("    ") && line != "sequenceDiagram" {
            acts.push(format!("{line} in a diagram"));
        }
        let ticks: String = line.trim_start().chars().take_while(|tick| *tick == '`').collect();
        match &fence {
            Some(open) if line.trim() == open => fence = None,
            None if ticks.len() >= 3 => fence = Some(ticks),
            _ => {}
        }
        if fence.is_none() && OWN.is_match(line) {
            folds += i32::from(line == "<details>") - i32::from(line == "</details>");
            if !(0..=1).contains(&folds) {
                acts.push(format!("a fold that is not its own: {folds}"));
            }
            rest.push('\n');
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    if folds != 0 || fence.is_some() || is_drawn {
        acts.push("a fold or a fence without its end".to_owned());
    }
    acts.extend(misplaced_markers(content));
    acts.extend(acts_in_text(&without_own(&rest)));
    acts
}

fn misplaced_markers(content: &str) -> Vec<String> {
    let lines: Vec<&str> = content.trim_end().lines().collect();
    let mut acts = Vec::new();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("<!-- coderabbit-agent:")) {
        let is_in_place = if line.contains(":walkthrough") {
            number == 0
        } else if line.contains("checks -->") {
            let body = lines.iter().position(|other| other.contains(":body"));
            body.is_some_and(|body| body < number) && lines.iter().filter(|other| other == &line).count() == 1
        } else if line.contains(":body") {
            lines[0].contains(":walkthrough") && lines.iter().filter(|other| other == &line).count() == 1
        } else {
            number + 1 == lines.len()
        };
        if !is_in_place {
            acts.push(format!("{line} in line {}", number + 1));
        }
    }
    acts
}

/// Of a text in which nothing of the agent's own stands.
pub(super) fn acts_in_text(markdown: &str) -> Vec<String> {
    // Whatever stands around it: the service looks for these in the raw text, in code too.
    static RAW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)@<|<!--|@coderabbit").unwrap());
    static READ: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)[#!]\d|@<|[a-z]://|\bwww\.|\bmailto:|javascript:").unwrap());
    static BLOCK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^\s*:::|^\s*> ?\[!").unwrap());
    let mut acts: Vec<String> = RAW.find_iter(markdown).map(|found| found.as_str().to_owned()).collect();
    acts.extend(
        markdown.chars().filter(|character| is_invisible(*character)).map(|character| character.escape_unicode().to_string()),
    );
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_GFM
        | Options::ENABLE_MATH
        | Options::ENABLE_FOOTNOTES;
    let (mut text, mut outside, mut suggests) = (String::new(), markdown.to_owned(), None::<String>);
    let mut in_code = false;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                in_code = true;
                outside.replace_range(range.clone(), &"x".repeat(range.len()));
                if let CodeBlockKind::Fenced(language) = kind {
                    match language.trim().to_lowercase().as_str() {
                        "" | "text" | "rust" => {}
                        "suggestion" if suggests.is_none() => suggests = Some(String::new()),
                        other => acts.push(format!("a block of {other}")),
                    }
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                in_code = false;
                text.push('\n');
            }
            Event::Text(piece) if !in_code => text.push_str(&piece),
            Event::Code(_) => {
                text.push('\u{1}');
                outside.replace_range(range.clone(), &"x".repeat(range.len()));
            }
            Event::SoftBreak | Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableCell) => {
                text.push('\n');
            }
            Event::Start(
                Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock | Tag::FootnoteDefinition(_) | Tag::BlockQuote(Some(_)),
            )
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_) => acts.push(format!("{event:?}")),
            _ => {}
        }
    }
    acts.extend(READ.find_iter(&text).map(|found| format!("{} in {text:?}", found.as_str())));
    acts.extend(BLOCK.find_iter(&outside).map(|found| found.as_str().to_owned()));
    acts
}

/// The text without its code and without what is escaped; the lines that begin and end a block of code are left.
pub(super) fn outside_of_code(markdown: &str) -> String {
    static ESCAPED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\[[:punct:]]").unwrap());
    let mut outside = markdown.to_owned();
    let mut in_block = false;
    for (event, range) in Parser::new_ext(markdown, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_block = true,
            Event::End(TagEnd::CodeBlock) => in_block = false,
            Event::Text(_) if in_block => outside.replace_range(range.clone(), &"x".repeat(range.len())),
            Event::Code(_) => outside.replace_range(range.clone(), &"x".repeat(range.len())),
            _ => {}
        }
    }
    ESCAPED.replace_all(&outside, "\u{1}").into_owned()
}

fn is_invisible(character: char) -> bool {
    let is_control = character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    is_control
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[test]
fn what_acts_is_found_and_what_is_the_agents_own_is_not() {
    for harmful in [
        "[a](b)",
        "![a](b)",
        "<b>",
        "x https://evil.example",
        "fixes #1",
        "@<4C7A>",
        "`@<4C7A>`",
        "```mermaid\nx\n```",
        "::: mermaid",
        "> [!NOTE]\n> x",
        "$$x$$",
        "a\u{202e}b",
        "x <!-- coderabbit-agent:body -->",
        "x\n\n<!-- coderabbit-agent:body -->\n\nx",
        "<details>\nx",
        "</details>",
        "```suggestion\na\n```\n\n```suggestion\nb\n```",
    ] {
        assert!(!acts_in_comment(harmful).is_empty(), "{harmful}");
    }
    let finding = format!(
        "*High · security*\n\n```suggestion\nx\n```\n\n<details>\n<summary>Prompt for AI agents</summary>\n\n```text\n</details> https://x\n```\n\n</details>\n\n<!-- coderabbit-agent:finding v1 {} -->",
        "a".repeat(20)
    );
    assert_eq!(acts_in_comment(&finding), Vec::<String>::new());
    let diagram = |line: &str| acts_in_comment(&format!("::: mermaid\nsequenceDiagram\n{line}\n:::\n"));
    assert_eq!(diagram("    p1->>p2: x"), Vec::<String>::new());
    assert!(!diagram("click p1").is_empty() && !diagram("    p1->>p2: @<4C7A>").is_empty());
    assert_eq!(
        acts_in_comment("<!-- coderabbit-agent:walkthrough -->\n> **x**\n\n<!-- coderabbit-agent:body -->\ny\n"),
        Vec::<String>::new()
    );
}
