//! What was done to a file before the change, for whoever asks why something is as it is.

use std::fmt::Write as _;

use super::{Fence, MAX_SHOWN_CHARS};
use crate::prompt::visible;

/// Commits that one look shows at most.
pub const MAX_COMMITS: usize = 10;
/// Characters of a commit id, of an author's name and of the first line of a message.
const ID_CHARS: usize = 12;
const AUTHOR_CHARS: usize = 60;
const SUBJECT_CHARS: usize = 200;

/// A commit that touched a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCommit {
    pub id: String,
    /// Day of the author's date in UTC, as in `2026-11-26`; empty when it is not known.
    pub day: String,
    pub author: String,
    /// First line of the message.
    pub subject: String,
}

/// The newest commits before the change that touched a file, fenced, newest first. `is_all`: there are no others.
pub fn show_history(path: &str, commits: &[PastCommit], is_all: bool) -> String {
    let mut shown = String::new();
    for commit in commits.iter().take(MAX_COMMITS) {
        let cut = |text: &str, most: usize| {
            visible(text.lines().next().unwrap_or_default().trim()).chars().take(most).collect::<String>()
        };
        let PastCommit { id, day, author, subject } = commit;
        let (id, day, author, subject) =
            (cut(id, ID_CHARS), cut(day, ID_CHARS), cut(author, AUTHOR_CHARS), cut(subject, SUBJECT_CHARS));
        let row = format!("{id} {day} {author}: {subject}\n");
        if shown.len() + row.len() > MAX_SHOWN_CHARS {
            break;
        }
        write!(shown, "{row}").expect("a String takes every write");
    }
    if shown.is_empty() {
        return format!("No commit before the change touched {path}, as far as is known.");
    }
    let more = if is_all && commits.len() <= MAX_COMMITS { "" } else { "\nThere are older ones." };
    format!("{}{more}", Fence::over([shown.as_str()]).wrap(&format!("commits before the change that touched {path}"), &shown))
}
