//! What people taught in words, and which of it is near to a question.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{finding::words, prompt::TokenCount, pull_request::PullRequestKey};

/// Of what is kept.
pub const MAX_LEARNING_CHARS: usize = 600;
/// Tokens that the learnings of one question may take.
const MAX_TOKENS: usize = 1_500;
/// Hexadecimal digits of an id: enough to tell the learnings of an organisation apart.
const ID_DIGITS: usize = 12;
const IN_THE_SAME_FILE: usize = 8;
const IN_THE_SAME_FOLDER: usize = 4;

/// One statement, as somebody taught it in the comments of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Learning {
    /// As it is shown, and named to have it forgotten; see [`learning_id`].
    pub id: String,
    /// Without secrets, on one line.
    pub text: String,
    /// Of the thread that it was taught in; empty: the pull request as a whole.
    pub path: String,
    /// Display name of whoever taught it.
    pub taught_by: String,
    /// Number of the pull request.
    pub pull_request: u64,
    /// In milliseconds since the epoch.
    pub taught_at: i64,
}

/// The same for the same comment, whenever it is asked for: a comment teaches one thing.
pub fn learning_id(pull_request: &PullRequestKey, thread: u64, comment: u64) -> String {
    let hash = Sha256::digest(format!("{pull_request}/{thread}/{comment}"));
    let mut id = hex::encode(hash);
    id.truncate(ID_DIGITS);
    id
}

/// What is kept of a statement: one line, at most [`MAX_LEARNING_CHARS`]. None: it says nothing.
pub fn kept(statement: &str) -> Option<String> {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|character| !character.is_control()).take(MAX_LEARNING_CHARS).collect();
    let line = line.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// Those that have room in a question about files at `paths` and about `text`: the nearest first, by the place that they were taught
/// at and by shared words; of equally near ones the newest first. Those that are near to nothing fill the room that is left: what
/// holds everywhere names no file.
pub fn nearest(learnings: &[Learning], paths: &[&str], text: &str, count: TokenCount<'_>) -> Vec<Learning> {
    let about = words::significant(text);
    let folders: BTreeSet<&str> = paths.iter().map(|path| folder(path)).collect();
    let nearness = |learning: &Learning| {
        let place = match learning.path.as_str() {
            "" => 0,
            path if paths.contains(&path) => IN_THE_SAME_FILE,
            path if folders.contains(folder(path)) => IN_THE_SAME_FOLDER,
            _ => 0,
        };
        place.saturating_add(words::shared(&words::significant(&learning.text), &about))
    };
    let mut ranked: Vec<(usize, &Learning)> = learnings.iter().map(|learning| (nearness(learning), learning)).collect();
    ranked.sort_by_key(|(near, learning)| (std::cmp::Reverse((*near, learning.taught_at)), &learning.id));
    let mut room = MAX_TOKENS;
    let fits = |(_, learning): (usize, &Learning)| {
        // The number and the line ending.
        room = room.checked_sub(count(&learning.text).saturating_add(6))?;
        Some(learning.clone())
    };
    ranked.into_iter().map_while(fits).collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::test_support::state;

    fn learning(id: &str, text: &str, path: &str, taught_at: i64) -> Learning {
        let (id, text, path) = (id.to_owned(), text.to_owned(), path.to_owned());
        Learning { id, text, path, taught_by: "Ada".to_owned(), pull_request: 7, taught_at }
    }

    fn ids(chosen: &[Learning]) -> Vec<&str> {
        chosen.iter().map(|learning| learning.id.as_str()).collect()
    }

    #[test]
    fn the_nearest_come_first_and_what_holds_everywhere_fills_the_room() {
        let known = [
            learning("general", "Tabs are forbidden.", "", 5),
            learning("older", "Tabs are allowed in makefiles.", "", 4),
            learning("folder", "Amounts are whole cents.", "src/prices.py", 1),
            learning("file", "Carts are never empty.", "src/cart.py", 1),
            learning("words", "Coupons expire at midnight of the warehouse's time zone.", "lib/coupon.py", 2),
        ];
        let text = "+    if coupon.expire(midnight):";
        let chosen = nearest(&known, &["src/cart.py", "README.md"], text, &str::len);
        assert_eq!(ids(&chosen), ["file", "folder", "words", "general", "older"]);
        assert_eq!(ids(&nearest(&known, &[], "", &|_: &str| 700)), ["general", "older"], "no more than has room");
        assert_eq!(nearest(&[], &["a"], "b", &str::len), []);
    }

    #[test]
    fn a_comment_teaches_one_thing_under_one_name_on_one_line() {
        let key = state(Vec::new()).pull_request.key;
        let id = learning_id(&key, 3, 2);
        assert_eq!((id.len(), &id), (ID_DIGITS, &learning_id(&key, 3, 2)));
        assert_ne!(id, learning_id(&key, 3, 3));
        assert_eq!(kept("  Count\nin\tcents. "), Some("Count in cents.".to_owned()));
        assert_eq!(kept(" \n"), None);
        assert_eq!(kept(&"é".repeat(2_000)).unwrap().chars().count(), MAX_LEARNING_CHARS);
    }
}
