//! Markdown of comments as HTML that cannot do anything: a few tags without attributes, links to the web, no pictures.

use std::fmt::Write as _;

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::escape;

/// Tags that pass, when they are written exactly so.
const HARMLESS: [&str; 14] = [
    "<details>",
    "</details>",
    "<summary>",
    "</summary>",
    "<br>",
    "<br/>",
    "<br />",
    "<b>",
    "</b>",
    "<sub>",
    "</sub>",
    "<sup>",
    "</sup>",
    "<details open>",
];

/// `anchored` are the lines that the thread hangs on: what a suggestion replaces.
pub(super) fn render(markdown: &str, anchored: &[String]) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS | Options::ENABLE_GFM;
    let markdown = with_diagrams_as_code(markdown);
    let mut events: Vec<Event<'_>> = Vec::new();
    let mut raw = Raw::default();
    // Text of the code block or HTML block that we are in.
    let mut suggestion: Option<String> = None;
    let mut block: Option<String> = None;
    for event in Parser::new_ext(&markdown, options) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) if is_suggestion(&language) => {
                suggestion = Some(String::new());
            }
            Event::End(TagEnd::CodeBlock) if suggestion.is_some() => {
                let text = suggestion.take().unwrap_or_default();
                events.push(Event::Html(change(anchored, &text).into()));
            }
            Event::Text(text) if suggestion.is_some() => suggestion.iter_mut().for_each(|kept| kept.push_str(&text)),
            Event::Start(Tag::HtmlBlock) => block = Some(String::new()),
            Event::Html(text) if block.is_some() => block.iter_mut().for_each(|kept| kept.push_str(&text)),
            Event::End(TagEnd::HtmlBlock) => {
                let text = block.take().unwrap_or_default();
                events.push(Event::Html(raw.harmless(&text).into()));
            }
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::InlineHtml(raw.harmless(&text).into())),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = if is_harmless(&dest_url) { dest_url } else { CowStr::Borrowed("#") };
                events.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            }
            Event::Start(Tag::Image { .. }) => events.push(Event::Text("[image: ".into())),
            Event::End(TagEnd::Image) => events.push(Event::Text("]".into())),
            other => events.push(other),
        }
    }
    let mut out = String::new();
    html::push_html(&mut out, events.into_iter());
    out.push_str(&raw.close());
    out
}

/// The service draws what stands in a container of Mermaid's; without a script it is shown as it was written.
fn with_diagrams_as_code(markdown: &str) -> String {
    let mut is_drawn = false;
    let lines = markdown.split('\n').map(|line| match line.trim_end() {
        "::: mermaid" if !is_drawn => {
            is_drawn = true;
            "```mermaid"
        }
        ":::" if is_drawn => {
            is_drawn = false;
            "```"
        }
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn is_suggestion(language: &str) -> bool {
    language.split([' ', ':', ',']).next() == Some("suggestion")
}

fn is_harmless(url: &str) -> bool {
    let lower = url.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:", "#", "/"].iter().any(|start| lower.starts_with(start))
}

/// The anchored lines and what would stand there instead.
fn change(anchored: &[String], replacement: &str) -> String {
    let mut rows = String::new();
    for (class, sign, lines) in [
        ("del", "−", anchored.iter().map(String::as_str).collect::<Vec<_>>()),
        ("add", "+", replacement.split_terminator('\n').collect()),
    ] {
        for line in lines {
            write!(rows, "<tr class=\"{class}\"><td class=\"sign\">{sign}</td><td class=\"code\">{}</td></tr>", escape(line))
                .ok();
        }
    }
    format!("<div class=\"suggestion\"><div class=\"title\">Suggested change</div><table class=\"diff\">{rows}</table></div>\n")
}

/// Keeps `details` balanced over all HTML of a comment.
#[derive(Debug, Default)]
struct Raw {
    open: Vec<&'static str>,
}

impl Raw {
    /// Comments vanish, harmless tags pass, everything else is shown as it was written.
    fn harmless(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(comment) = rest.strip_prefix("<!--") {
                rest = comment.split_once("-->").map_or("", |(_, after)| after);
                continue;
            }
            let tag = HARMLESS.iter().find_map(|tag| rest.strip_prefix(tag).map(|after| (*tag, after)));
            if let Some((tag, after)) = tag {
                rest = after;
                if self.take(tag) {
                    out.push_str(tag);
                }
                continue;
            }
            out.push_str(&escape(first.encode_utf8(&mut [0; 4])));
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        out
    }

    /// False for an end without its start.
    fn take(&mut self, tag: &'static str) -> bool {
        if tag.starts_with("<br") {
            return true;
        }
        let name = tag.trim_matches(['<', '>', '/']).split(' ').next().unwrap_or(tag);
        if !tag.starts_with("</") {
            self.open.push(name);
            return true;
        }
        let is_last = self.open.last() == Some(&name);
        if is_last {
            self.open.pop();
        }
        is_last
    }

    fn close(&mut self) -> String {
        let mut out = String::new();
        for name in self.open.drain(..).rev() {
            write!(out, "</{name}>").ok();
        }
        out
    }
}
