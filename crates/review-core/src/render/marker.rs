//! The hidden markers, and the parts of a walkthrough that they separate.
//!
//! They say what a comment of ours is. Whose a comment is they do not say: anybody can write them, so every reader looks
//! at the author first.

use crate::{finding::Fingerprint, pull_request::CommitId};

pub(crate) const WALKTHROUGH: &str = "<!-- coderabbit-agent:walkthrough -->";
/// What follows is the last complete review; above it stands the state of the newest run.
const BODY: &str = "<!-- coderabbit-agent:body -->";

const FINDING: &str = "<!-- coderabbit-agent:finding v1 ";
const RESOLVED: &str = "<!-- coderabbit-agent:resolved v1 ";
const COMMAND: &str = "<!-- coderabbit-agent:command v1 ";
const CHAT: &str = "<!-- coderabbit-agent:chat v1 ";
const REOPENED: &str = "<!-- coderabbit-agent:reopened v1 ";
const END: &str = " -->";

pub(crate) fn of_finding(fingerprint: &Fingerprint) -> String {
    // A fingerprint is hexadecimal; whatever else were in it must not end the marker.
    let digits: String = fingerprint.0.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{FINDING}{digits}{END}")
}

pub(crate) fn of_resolution(head: &CommitId) -> String {
    format!("{RESOLVED}{head}{END}")
}

/// Of the answer to a command: the comment that gave it, within its thread, and the command's word.
pub(crate) fn of_command(comment: u64, word: &str) -> String {
    format!("{COMMAND}{comment} {word}{END}")
}

/// The same of the answer that tells what became of a command that took a while.
pub(crate) fn of_result(comment: u64, word: &str) -> String {
    of_command(comment, &format!("{word}-done"))
}

/// Of the answer to talk: the comment that is answered, within its thread.
pub(crate) fn of_chat(comment: u64) -> String {
    format!("{CHAT}{comment}{END}")
}

/// Whether a comment answers talk.
pub(crate) fn is_chat(content: &str) -> bool {
    content.contains(CHAT)
}

pub(crate) fn of_reopening(head: &CommitId) -> String {
    format!("{REOPENED}{head}{END}")
}

/// Whether a comment says that the code answers a finding.
pub(crate) fn is_resolution(content: &str) -> bool {
    content.contains(RESOLVED)
}

/// The fingerprint in the last finding marker of a comment.
pub(crate) fn fingerprint(content: &str) -> Option<&str> {
    let (_, rest) = content.rsplit_once(FINDING)?;
    let (digits, _) = rest.split_once(END)?;
    let hexadecimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hexadecimal.then_some(digits)
}

/// A walkthrough from its status block and, when there is one, the body of the last complete review.
pub(crate) fn compose_walkthrough(status: &str, body: Option<&str>) -> String {
    let status = status.trim();
    match body.map(str::trim).filter(|body| !body.is_empty()) {
        Some(body) => format!("{WALKTHROUGH}\n{status}\n\n{BODY}\n{body}\n"),
        None => format!("{WALKTHROUGH}\n{status}\n"),
    }
}

pub(crate) fn walkthrough_body(content: &str) -> Option<&str> {
    content.split_once(BODY).map(|(_, body)| body.trim()).filter(|body| !body.is_empty())
}

pub(crate) fn walkthrough_status(content: &str) -> &str {
    let content = content.split_once(BODY).map_or(content, |(status, _)| status);
    content.split_once(WALKTHROUGH).map_or(content, |(_, status)| status).trim()
}
