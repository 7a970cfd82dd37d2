//! What git's stderr means, and what of it may be shown.
//!
//! git has no machine-readable errors; the texts below are those of git's own sources under `LC_ALL=C` (`http.c`,
//! `remote-curl.c`, `fetch-pack.c`, `upload-pack.c`, `packfile.c`, `object-file.c`), the `TF…` codes those of Azure DevOps.

use std::process::ExitStatus;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use secrecy::ExposeSecret;
use url::Url;

use super::{GitError, command::Surroundings};

/// How much of the end of stderr an error shows.
const SHOWN_CHARACTERS: usize = 2000;

/// The server wants other credentials. A redirect is Azure DevOps' sign-in page; an answer that is no git repository is that
/// page with status 203.
const REFUSED_CREDENTIALS: &[&str] = &[
    "could not read Username",
    "could not read Password",
    "Authentication failed",
    "requested URL returned error: 401",
    "requested URL returned error: 403",
    "requested URL returned error: 302",
    "unable to update url base from redirection",
    "not valid: is this a git repository?",
    "dumb http transport does not support",
];

/// The server was asked for the object and does not give it.
const NO_SUCH_OBJECT: &[&str] = &["not our ref", "TF401035", "couldn't find remote ref", "no such remote ref"];

/// The server was not asked, as it has said that it gives tips of refs only.
const TIPS_ONLY: &[&str] = &["does not allow request for unadvertised object"];

/// Files of our own copy are damaged.
const DAMAGED: &[&str] = &[
    "is corrupt",
    "corrupt loose object",
    "is empty",
    "bad object",
    "bad tree object",
    "bad config line",
    "bad pack header",
    "cannot be accessed",
    "does not match index",
    "inflate: data stream error",
    "missing object",
    "missing blob object",
    "not a git repository",
    "packfile .",
    "unable to read tree",
    "unable to unpack",
    "wrong index",
    "invalid object name",
    "bad signature",
    "index file",
];

/// The error for a process that ended badly.
pub(super) fn of(action: &str, remote: Option<&Url>, status: ExitStatus, stderr: String) -> GitError {
    match remote {
        Some(url) if contains_any(&stderr, REFUSED_CREDENTIALS) => {
            GitError::Unauthorized { url: url.as_str().to_owned(), stderr }
        }
        _ => GitError::Failed { action: action.to_owned(), status: status.to_string(), stderr },
    }
}

pub(super) fn is_missing_object(error: &GitError) -> bool {
    stderr_of(error).is_some_and(|stderr| contains_any(stderr, NO_SUCH_OBJECT))
}

pub(super) fn is_tips_only(error: &GitError) -> bool {
    stderr_of(error).is_some_and(|stderr| contains_any(stderr, TIPS_ONLY))
}

/// The server has no partial clone and says so by failing (most just ignore the wish).
pub(super) fn is_about_filter(error: &GitError) -> bool {
    stderr_of(error).is_some_and(|stderr| stderr.contains("filter"))
}

/// A lock file counts too: fetches into a mirror wait for each other, so one that is in the way was left by a git that was
/// killed (with its container, say), and nobody would ever remove it.
pub(super) fn is_damage(error: &GitError) -> bool {
    stderr_of(error).is_some_and(|stderr| contains_any(stderr, DAMAGED) || is_about_lock(stderr))
}

/// `lockfile.c`: `Unable to create '….lock': File exists.`
fn is_about_lock(stderr: &str) -> bool {
    stderr.contains(".lock'") && stderr.contains("File exists")
}

/// Removes what nobody may read from what git prints.
pub(super) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    pub(super) fn new(surroundings: &Surroundings) -> Self {
        let mut secrets = Vec::new();
        if let Some(authorization) = surroundings.remote.as_ref().and_then(|remote| remote.authorization.as_ref()) {
            let value = authorization.expose_secret();
            secrets.push(value.to_owned());
            if let Some((_, credential)) = value.split_once(' ') {
                secrets.push(credential.to_owned());
                let decoded = STANDARD.decode(credential.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                secrets.extend(decoded.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, token)| token.to_owned()));
            }
        }
        for (_, value) in surroundings.variables.iter() {
            // A proxy's password; the rest of such a URL helps the reader.
            let url = Url::parse(value.expose_secret()).ok();
            if let Some(password) = url.as_ref().and_then(Url::password) {
                secrets.push(percent_decode_str(password).decode_utf8_lossy().into_owned());
                secrets.push(password.to_owned());
            }
        }
        secrets.retain(|secret| secret.len() >= 4);
        // Longest first, so that no part of a longer one stays.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { secrets }
    }

    /// One readable line.
    pub(super) fn clean(&self, stderr: &[u8]) -> String {
        let mut text = String::from_utf8_lossy(stderr).into_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), "[removed]");
        }
        let lines = text.split(['\n', '\r']).map(|line| line.chars().filter(|c| !c.is_control()).collect::<String>());
        let lines: Vec<String> = lines.map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        let text = lines.join("; ");
        let surplus = text.chars().count().saturating_sub(SHOWN_CHARACTERS);
        if text.is_empty() { "no message".to_owned() } else { text.chars().skip(surplus).collect() }
    }
}

fn stderr_of(error: &GitError) -> Option<&str> {
    match error {
        GitError::Failed { stderr, .. } => Some(stderr),
        _ => None,
    }
}

fn contains_any(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}
