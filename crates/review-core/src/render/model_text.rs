//! Words of a model (or of a repository) made harmless.
//!
//! The text is parsed as markdown and written anew from the few nodes that are allowed. What is not allowed keeps its
//! words: HTML is shown instead of meant, a link shows its label, an image its description.

use std::{iter::Peekable, sync::LazyLock};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use regex::Regex;

/// Deeper lists are written at this depth: indentation must not grow with what a model nests.
const MAX_DEPTH: usize = 4;

/// Markdown with what could act or deceive taken out: no HTML, no images, links as text unless relative, mentions
/// (`@<guid>`) and commands to reviewing bots (`@coderabbitai`), work item and pull request links (`#1`, `!1`, `AB#1`) and closing
/// keywords broken, no formulas, at most `max_chars`.
///
/// Code stays verbatim, except that mentions and HTML comments are broken there too: the service looks for the first in
/// the raw text, and the second carry our own markers.
pub fn neutralise(text: &str, max_chars: usize) -> String {
    within(text, max_chars, |text| blocks(text).join("\n\n"))
}

/// The same in one line without blocks, for headings and table cells; `|` is escaped, emphasis dropped.
pub(crate) fn neutralise_line(text: &str, max_chars: usize) -> String {
    within(text, max_chars, one_line)
}

/// `text` in a code span that it cannot end, in one line, at most `max_chars` of it.
pub(crate) fn code_span(text: &str, max_chars: usize) -> String {
    let flat: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let code = tamed_code(&shortened(flat.trim(), max_chars));
    let mut span = String::new();
    push_code(&mut span, &code, false);
    span
}

/// `text` in a fenced block that it cannot end.
pub(crate) fn code_block(language: &str, text: &str) -> String {
    let text = tamed_code(text.trim_end_matches('\n'));
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

/// Characters that have no shape of their own but change how or whether others are read, or carry what nobody sees: controls,
/// zero width, bidirectional marks, fillers, tags, selectors of variants (but those of text and emoji).
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
    )
}

pub(crate) fn shortened(text: &str, max_chars: usize) -> String {
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    let kept = kept.trim_end();
    if max_chars == 0 { String::new() } else { format!("{kept}…") }
}

/// Cuts the text before it is rendered, again and again, so that no tag or fence of the result is cut.
fn within(text: &str, max_chars: usize, render: impl Fn(&str) -> String) -> String {
    // What lies far beyond the limit is not even looked at.
    let text: String = text.chars().take(max_chars.saturating_mul(4)).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|&character| !is_invisible(character)).collect();
    let mut taken = max_chars;
    loop {
        let rendered = render(&shortened(text.trim(), taken));
        let length = rendered.chars().count();
        if length <= max_chars {
            return rendered;
        }
        if taken == 0 {
            return String::new();
        }
        // Proportionally less, and always less.
        taken = (taken * max_chars / length).min(taken - 1);
    }
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
}

fn one_line(text: &str) -> String {
    let mut inline = Inline::default();
    let mut in_code_block = false;
    for event in parser(text) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                in_code_block = true;
                inline.text(" ");
            }
            Event::End(TagEnd::CodeBlock) => in_code_block = false,
            Event::Text(text) if in_code_block => {
                for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                    inline.code(line);
                    inline.text(" ");
                }
            }
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {}
            Event::Start(tag) if is_block(&tag) => inline.text(" "),
            Event::End(_) => inline.close_link(),
            event => inline.event(event),
        }
    }
    inline.written(true)
}

fn is_block(tag: &Tag<'_>) -> bool {
    !matches!(tag, Tag::Link { .. } | Tag::Image { .. })
}

/// The blocks of a text, each to be followed by an empty line.
fn blocks(text: &str) -> Vec<String> {
    let mut writer = Writer::default();
    let mut events = parser(text).peekable();
    while let Some(event) = events.next() {
        writer.event(event, &mut events);
    }
    writer.end_block();
    writer.blocks
}

#[derive(Default)]
struct Writer {
    blocks: Vec<String>,
    inline: Inline,
    lists: Vec<List>,
    /// What the next block begins with: the bullet of its item.
    bullet: Option<String>,
    heading: bool,
}

struct List {
    /// The number of the next item; None: bullets.
    next: Option<u64>,
    /// Whether an item of it stands in the output, so that what is inside has something to be indented under.
    begun: bool,
}

impl Writer {
    fn event<'a>(&mut self, event: Event<'a>, events: &mut Peekable<impl Iterator<Item = Event<'a>>>) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                self.end_block();
                let mut code = String::new();
                while let Some(Event::Text(text)) = events.next_if(|event| matches!(event, Event::Text(_))) {
                    code.push_str(&text);
                }
                self.push(&code_block(&language(&kind), &code));
            }
            Event::Start(Tag::List(first)) => {
                self.end_block();
                self.lists.push(List { next: first, begun: false });
            }
            Event::End(TagEnd::List(_)) => {
                self.end_block();
                self.lists.pop();
                self.bullet = None;
            }
            Event::Start(Tag::Item) => {
                self.end_block();
                self.bullet = Some(match self.lists.last_mut() {
                    Some(List { next: Some(number), .. }) => {
                        let bullet = format!("{number}. ");
                        *number = number.saturating_add(1);
                        bullet
                    }
                    _ => "- ".to_owned(),
                });
            }
            Event::Start(Tag::Heading { .. }) => {
                self.end_block();
                self.heading = true;
            }
            // A row of a table is a line of text, its cells apart.
            Event::Start(Tag::TableCell) => {
                if !self.inline.is_empty() {
                    self.inline.text(" — ");
                }
            }
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) if !self.heading => self.inline.mark("*"),
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) if !self.heading => self.inline.mark("**"),
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::TableCell) => {}
            Event::End(TagEnd::Link | TagEnd::Image) => self.inline.close_link(),
            Event::Start(tag) if is_block(&tag) => self.end_block(),
            Event::End(_) | Event::Rule => self.end_block(),
            event => self.inline.event(event),
        }
    }

    /// What was gathered becomes a paragraph.
    fn end_block(&mut self) {
        let inline = std::mem::take(&mut self.inline);
        let heading = std::mem::take(&mut self.heading);
        let written = inline.written(false);
        if written.is_empty() {
            return;
        }
        self.push(&if heading { format!("**{written}**") } else { written });
    }

    fn push(&mut self, block: &str) {
        let begun = |lists: &[List]| lists.iter().filter(|list| list.begun).count().min(MAX_DEPTH);
        let bullet = self.bullet.take();
        let around = self.lists.len().saturating_sub(usize::from(bullet.is_some()));
        // Three columns hold the text of `1. ` as well as of `- `.
        let outer = "   ".repeat(begun(self.lists.get(..around).unwrap_or_default()));
        if let (Some(_), Some(list)) = (&bullet, self.lists.last_mut()) {
            list.begun = true;
        }
        let inner = "   ".repeat(begun(&self.lists));
        let lines = block.lines().enumerate().map(|(index, line)| match (&bullet, index) {
            (Some(bullet), 0) => format!("{outer}{bullet:<3}{line}"),
            _ if line.is_empty() => String::new(),
            _ => format!("{inner}{line}"),
        });
        self.blocks.push(lines.collect::<Vec<_>>().join("\n"));
    }
}

/// A language for the highlighter; never one that the service acts on.
fn language(kind: &CodeBlockKind<'_>) -> String {
    let CodeBlockKind::Fenced(stated) = kind else { return String::new() };
    let word = stated.split_whitespace().next().unwrap_or_default();
    let plain = word.len() <= 20 && word.chars().all(|character| character.is_ascii_alphanumeric() || "+#-_".contains(character));
    let acts = ["suggestion", "mermaid"].iter().any(|name| word.eq_ignore_ascii_case(name));
    if plain && !acts { word.to_owned() } else { "text".to_owned() }
}

enum Piece {
    /// Plain words, not escaped yet.
    Text(String),
    Code(String),
    Mark(&'static str),
}

/// The inline content of one block. Texts that become neighbours are joined before they are escaped, so that nothing
/// dangerous can be put together from harmless pieces.
#[derive(Default)]
struct Inline {
    pieces: Vec<Piece>,
    /// Where the open links lead, innermost last.
    links: Vec<Option<String>>,
}

impl Inline {
    fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => self.text(&text),
            Event::Code(code) => self.code(&code),
            Event::Start(Tag::Link { dest_url, .. }) => self.links.push(is_relative(&dest_url).then(|| dest_url.to_string())),
            Event::Start(Tag::Image { .. }) => self.links.push(None),
            Event::SoftBreak | Event::HardBreak => self.text(" "),
            Event::TaskListMarker(_) | Event::Rule | Event::Start(_) | Event::End(_) => {}
        }
    }

    fn text(&mut self, text: &str) {
        let text = text.replace(['\n', '\t'], " ");
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(&text),
            _ => self.pieces.push(Piece::Text(text)),
        }
    }

    fn code(&mut self, code: &str) {
        self.pieces.push(Piece::Code(tamed_code(&code.replace('\n', " "))));
    }

    fn mark(&mut self, mark: &'static str) {
        self.pieces.push(Piece::Mark(mark));
    }

    /// Whether a reader would find something to act on that emphasis divides, as in `*@*<id>`: the pieces are harmless one by one.
    fn has_hidden_by_marks(&self) -> bool {
        static ACTS: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(?i)@<|@coderabbit|[#!]\p{N}|://|\bwww\.|\bmailto:").expect("a fixed pattern that the tests compile")
        });
        let (mut joined, mut apart) = (String::new(), 0_usize);
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    apart = apart.saturating_add(ACTS.find_iter(text).count());
                    joined.push_str(text);
                }
                Piece::Code(_) => joined.push(' '),
                Piece::Mark(_) => {}
            }
        }
        ACTS.find_iter(&joined).count() > apart
    }

    fn drop_marks(&mut self) {
        for piece in std::mem::take(&mut self.pieces) {
            match piece {
                Piece::Text(text) => self.text(&text),
                Piece::Mark(_) => {}
                code @ Piece::Code(_) => self.pieces.push(code),
            }
        }
    }

    fn close_link(&mut self) {
        if let Some(Some(destination)) = self.links.pop() {
            self.text(" (");
            self.code(&destination);
            self.text(")");
        }
    }

    fn written(mut self, in_table: bool) -> String {
        if self.has_hidden_by_marks() {
            self.drop_marks();
        }
        let mut out = String::new();
        for piece in self.pieces {
            match piece {
                Piece::Mark(mark) => out.push_str(mark),
                Piece::Code(code) => push_code(&mut out, &code, in_table),
                Piece::Text(text) => push_text(&mut out, &text, in_table),
            }
        }
        let out = out.trim().to_owned();
        if out.chars().all(|character| character == '*') { String::new() } else { out }
    }
}

/// Relative paths only; `//host` and `\\host` are none, nor is anything that begins with a scheme.
fn is_relative(destination: &str) -> bool {
    let schemeless = !destination.split(['/', '?', '#']).next().unwrap_or_default().contains(':');
    !destination.is_empty() && schemeless && !destination.starts_with("//") && !destination.contains('\\')
}

/// What the service, or a reader that looks for it in the raw text, acts on although it stands in code.
fn tamed_code(code: &str) -> String {
    static BOT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("(?i)@(coderabbit)").expect("a fixed pattern that the tests compile"));
    let visible: String = code.chars().filter(|&character| !is_invisible(character)).collect();
    let tamed = visible.replace("@<", "@ <").replace("<!--", "<! --").replace("```suggestion", "``` suggestion");
    BOT.replace_all(&tamed, "@ $1").into_owned()
}

fn push_code(out: &mut String, code: &str, in_table: bool) {
    if code.trim().is_empty() {
        return;
    }
    if out.ends_with('`') {
        // Two spans side by side would be read as one.
        out.push(' ');
    }
    let ticks = "`".repeat(longest_run(code, '`') + 1);
    // Three ticks and a word look like the opening of a fence to whoever searches the raw text.
    let apart = ticks.len() >= 3 || code.starts_with(['`', ' ']) || code.ends_with(['`', ' ']);
    let space = if apart { " " } else { "" };
    let code = if in_table { code.replace('|', "\\|") } else { code.to_owned() };
    out.extend([ticks.as_str(), space, code.as_str(), space, ticks.as_str()]);
}

/// Plain words: bare addresses become code, so that no renderer makes links of them; the rest is escaped.
fn push_text(out: &mut String, text: &str, in_table: bool) {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)[a-z][a-z0-9+.-]*://[^\s`]*|\bwww\.[^\s`]+|\bmailto:[^\s`]+")
            .expect("a fixed pattern that the tests compile")
    });
    let mut rest = text;
    while let Some(found) = ADDRESS.find(rest) {
        let (before, from) = (rest.get(..found.start()).unwrap_or_default(), found.as_str());
        let address = from.trim_end_matches(['.', ',', ';', ':', ')', ']', '}', '>', '"', '\'', '!', '?']);
        push_escaped(out, before, in_table);
        push_code(out, &tamed_code(address), in_table);
        rest = rest.get(found.start() + address.len()..).unwrap_or_default();
    }
    push_escaped(out, rest, in_table);
}

fn push_escaped(out: &mut String, text: &str, in_table: bool) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let before = out.chars().next_back();
        let next = characters.peek().copied();
        let at_start = out.trim().is_empty();
        if character == ' ' && before == Some(' ') {
            continue;
        }
        if character.is_alphanumeric() && out.ends_with("```") {
            // The end of a span and a word, not the beginning of a fence.
            out.push(' ');
        }
        match character {
            // A space breaks what a renderer or the service itself would find, escaped or not.
            '<' if before == Some('@') && next == Some('!') => out.push_str(" \\< "),
            '<' if before == Some('@') => out.push_str(" \\<"),
            '<' if next == Some('!') => out.push_str("\\< "),
            character if character.is_numeric() && matches!(before, Some('#' | '!')) => {
                out.push(' ');
                out.push(character);
            }
            '|' if in_table => out.push_str("\\|"),
            'c' | 'C' if before == Some('@') && names_bot(characters.clone()) => {
                out.push(' ');
                out.push(character);
            }
            // A dollar sign begins a formula, which may hold addresses.
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '~' | '|' | '$' => {
                out.push('\\');
                out.push(character);
            }
            '_' if !(before.is_some_and(char::is_alphanumeric) && next.is_some_and(char::is_alphanumeric)) => out.push_str("\\_"),
            '&' if next.is_some_and(|next| next.is_ascii_alphabetic() || next == '#') => out.push_str("\\&"),
            '#' | '+' | '-' | '=' | ':' if at_start => {
                out.push('\\');
                out.push(character);
            }
            '.' | ')' if !at_start && out.chars().all(|before| before.is_ascii_digit()) => {
                out.push('\\');
                out.push(character);
            }
            _ => out.push(character),
        }
    }
}

/// Whether this is the rest of `coderabbit`: a reviewer, ours or the commercial one, takes what follows for a command.
fn names_bot(rest: impl Iterator<Item = char>) -> bool {
    let name = "oderabbit";
    rest.take(name.len()).map(|character| character.to_ascii_lowercase()).eq(name.chars())
}

fn longest_run(text: &str, of: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for character in text.chars() {
        run = if character == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests;
