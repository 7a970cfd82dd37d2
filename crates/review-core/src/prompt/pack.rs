//! The shared first part of every prompt of a run.
//!
//! # Format
//!
//! Markdown headings of our own, and between them untrusted text in fences (see [`Fence`]), in this order: guidelines,
//! intent (title, description, work items, issues of trackers), files by path, leads, what is not shown. A file's fence holds its path,
//! what was done to it, an empty line, and rows:
//!
//! ```text
//! path: src/orders.rs
//! change: renamed from src/order.rs
//!
//!     10   fn total(items: &[Item]) -> u32 {
//!    b11 -     items.len()
//!     11 +     items.iter().sum()
//! >   12 +         .max(1)
//!     13   }
//!       …
//! @@ impl Order
//!     40       let x = 1;
//! ```
//!
//! A row is a mark, a number in five columns, a blank, a sign, a blank, and the line verbatim. Signs: blank for context,
//! `+` added, `-` removed. A number is that of the head version; on a removed line it is that of the base version, with a
//! `b` before it. The mark `>` stands on changed lines that are new since the last review; on a first review there are
//! none. `…` alone stands for lines that are left out; a row that begins with `@@` names the function or section that the
//! rows after it belong to, as git knows it. A line of more than [`MAX_SHOWN_LINE_CHARS`] characters is cut and ends in
//! `…[+n characters]`.

mod files;
mod leads;
mod texts;

use std::cmp::Reverse;

use crate::{
    diff::{FileDiff, FreshLines},
    issue::Issue,
    lead::{Lead, SearchedPart},
    prompt::{Fence, TokenCount, visible},
    pull_request::{LineRange, PullRequest, WorkItem},
    scope::worth::worth,
    scope::{FileSetAside, SetAside},
};

pub use files::MAX_SHOWN_LINE_CHARS;
pub(crate) use files::shown_line;

/// A file of conventions that applies to the changed paths, from the target branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guideline {
    /// As it is shown, with what it is for where that is not what lies below its folder.
    pub path: String,
    /// The folder that it is for, from the root, without slashes at its ends.
    pub folder: String,
    pub text: String,
}

impl Guideline {
    /// General ones (of folders nearer to the root) before special ones.
    pub fn order(&self) -> (usize, &str, &str, &str) {
        (self.folder.split('/').filter(|name| !name.is_empty()).count(), &self.folder, &self.path, &self.text)
    }
}

/// A file to be reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFile {
    pub diff: FileDiff,
    /// None on a full review: every changed line counts.
    pub fresh: Option<FreshLines>,
    /// The head version's text; None when it could not be read.
    pub head_text: Option<String>,
    /// Functions of the head version that enclose changed lines; hunks are widened to them.
    pub enclosing: Vec<LineRange>,
}

#[derive(Debug, Clone)]
pub struct PackInput<'a> {
    pub pull_request: &'a PullRequest,
    pub work_items: &'a [WorkItem],
    /// Issues of trackers that the pull request names.
    pub issues: &'a [Issue],
    pub guidelines: &'a [Guideline],
    pub files: &'a [PackFile],
    pub leads: &'a [Lead],
    /// None: leads were looked for in the whole repository, or not at all.
    pub searched_part: Option<SearchedPart>,
    /// Tokens that the whole pack may take. Below a thousand or so there is room for no file.
    pub budget: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    pub text: String,
    pub tokens: usize,
    /// Paths whose hunks are in the text.
    pub included: Vec<String>,
    /// Files without room (`SetAside::OverBudget`), or without a changed line since the last review (`Unchanged`).
    pub left_out: Vec<FileSetAside>,
}

/// Parts of the budget, each one in so many: guidelines, intent, leads, the list of what is not shown.
const GUIDELINES_SHARE: usize = 8;
const INTENT_SHARE: usize = 6;
const LEADS_SHARE: usize = 10;
const NOT_SHOWN_SHARE: usize = 40;

/// Tokens that the list of what is not shown may always take: that something is missing must be said.
const LEAST_NOT_SHOWN: usize = 100;

/// A text of more bytes per token than this is not counted at all: it has no room.
const MOST_BYTES_PER_TOKEN: usize = 16;

const INTRODUCTION: &str = include_str!("pack/introduction.md");

/// A fenced piece of the pack.
struct Section {
    label: &'static str,
    body: String,
    tokens: usize,
}

/// A file that may go into the pack.
struct PackedFile<'a> {
    path: &'a str,
    section: Section,
}

/// Packs by value until the budget is spent: guidelines, intent, then hunks of the most telling files, then leads.
/// Every line of the head version carries its number; removed lines carry `-`. Sorted, no times, no ids: the same
/// input gives the same bytes. The format is described at the head of this module.
///
/// Guidelines get at most an eighth of the budget, the intent a sixth, leads a tenth. Risky source comes before other
/// source, source before tests, tests before the rest, and small files before large ones.
pub fn build_pack(input: &PackInput<'_>, count: TokenCount<'_>) -> Pack {
    let budget = input.budget;
    let counter = Counter::new(count);
    let for_not_shown = (budget / NOT_SHOWN_SHARE).max(LEAST_NOT_SHOWN);
    let mut left_out = Vec::new();

    let guidelines = texts::guidelines(input.guidelines, budget / GUIDELINES_SHARE, &counter);
    let intent = texts::intent(input, budget / INTENT_SHARE, &counter);
    let mut leads = leads::leads(input.leads, input.searched_part, budget / LEADS_SHARE, &counter);

    let fixed: usize = guidelines.iter().chain(&intent).chain(&leads).map(|section| section.tokens).sum();
    let mut room = budget.saturating_sub(counter.frame + fixed + for_not_shown);
    let mut packed = Vec::new();
    for file in by_value(input.files) {
        let path = file.diff.path.as_str();
        let Some(body) = files::render(file) else {
            let why = if file.fresh.is_some() { SetAside::Unchanged } else { SetAside::NoContentChange };
            left_out.push(FileSetAside { path: path.to_owned(), why });
            continue;
        };
        match counter.section("file", body, room) {
            Some(section) => {
                room -= section.tokens;
                packed.push(PackedFile { path, section });
            }
            None => left_out.push(FileSetAside { path: path.to_owned(), why: SetAside::OverBudget }),
        }
    }

    // The sum of the sections' tokens is all but exact; what it misses is corrected on the whole.
    loop {
        let not_shown = texts::not_shown(&left_out, for_not_shown, &counter);
        let text = assemble(&guidelines, &intent, &packed, leads.as_ref(), not_shown.as_ref());
        let tokens = count(&text);
        let mut excess = tokens.saturating_sub(budget);
        if excess > 0 && !(packed.is_empty() && leads.is_none()) {
            if packed.is_empty() {
                leads = None;
            }
            while excess > 0
                && let Some(file) = packed.pop()
            {
                excess = excess.saturating_sub(file.section.tokens);
                left_out.push(FileSetAside { path: file.path.to_owned(), why: SetAside::OverBudget });
            }
            continue;
        }
        let mut included: Vec<String> = packed.iter().map(|file| file.path.to_owned()).collect();
        included.sort_unstable();
        left_out.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        return Pack { text, tokens, included, left_out };
    }
}

/// The most telling files first.
fn by_value(files: &[PackFile]) -> Vec<&PackFile> {
    let mut keyed: Vec<_> = files
        .iter()
        .map(|file| {
            let lines = file.diff.hunks().iter().flat_map(|hunk| &hunk.lines);
            let size: usize = lines.map(|line| line.text.len() + 1).sum();
            (Reverse(worth(&file.diff.path)), size, &file.diff.path, file)
        })
        .collect();
    keyed.sort_by(|one, other| (one.0, one.1, one.2).cmp(&(other.0, other.1, other.2)));
    keyed.into_iter().map(|(_, _, _, file)| file).collect()
}

fn assemble(
    guidelines: &[Section],
    intent: &[Section],
    files: &[PackedFile<'_>],
    leads: Option<&Section>,
    not_shown: Option<&Section>,
) -> String {
    let mut files: Vec<&PackedFile<'_>> = files.iter().collect();
    files.sort_unstable_by_key(|file| file.path);
    let files: Vec<&Section> = files.into_iter().map(|file| &file.section).collect();
    let parts: [(&str, Vec<&Section>); 5] = [
        ("Conventions of the repository; where two differ, that of the nearer folder holds", guidelines.iter().collect()),
        ("Intent of the change, in its author's words", intent.iter().collect()),
        ("Changed files", files),
        ("Leads: what programs noticed, by names alone or by rules, to be checked", leads.into_iter().collect()),
        ("Not shown here", not_shown.into_iter().collect()),
    ];
    let fence = Fence::over(parts.iter().flat_map(|(_, sections)| sections).map(|section| section.body.as_str()));
    let mut text = INTRODUCTION.to_owned();
    for (heading, sections) in parts {
        if !sections.is_empty() {
            text.extend(["\n## ", heading, "\n\n"]);
        }
        for section in sections {
            text.push_str(&fence.wrap(section.label, &section.body));
        }
    }
    text
}

/// The token counter with the constant costs of the pack.
struct Counter<'a> {
    count: TokenCount<'a>,
    /// Introduction and headings.
    frame: usize,
    /// The two lines of a fence.
    fence: usize,
}

impl<'a> Counter<'a> {
    fn new(count: TokenCount<'a>) -> Self {
        // Nonces differ in tokens by a few, and a heading by less.
        let fence = count(&Fence::over([]).wrap("leads", "")) + 8;
        Self { count, frame: count(INTRODUCTION) + 60, fence }
    }

    /// The section, if it fits `room`. The body is one without invisible characters, so it is counted as it will stand.
    fn section(&self, label: &'static str, body: String, room: usize) -> Option<Section> {
        if body.len() / MOST_BYTES_PER_TOKEN > room {
            return None;
        }
        let tokens = (self.count)(&body) + self.fence;
        (tokens <= room).then_some(Section { label, body, tokens })
    }

    /// The section, its body cut to `room` where it must be. None when there is room for less than a few words, or
    /// nothing to say.
    fn cut_section(&self, label: &'static str, body: &str, room: usize) -> Option<Section> {
        let body = visible(body.trim());
        let body = texts::cut(&body, room.checked_sub(self.fence)?, self.count)?;
        let tokens = (self.count)(&body) + self.fence;
        Some(Section { label, body, tokens })
    }
}

#[cfg(test)]
mod tests;
