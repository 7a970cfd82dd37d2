//! What becomes of an answer: fit to be read, worth another try, or an error in words.

use percent_encoding::percent_decode_str;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, LOCATION, WWW_AUTHENTICATE},
};
use url::Url;

use crate::azure_devops::{AzureDevOpsError, wire};

/// Header that repeats the message of a refusal, percent-encoded; some refusals have no other.
const SERVICE_ERROR: &str = "x-tfs-serviceerror";

/// Where the token is set, for every hint.
const TOKEN_HINT: &str = "create a token of this organisation that is valid, and set AZURE_DEVOPS_BOT_TOKEN";

/// Pull requests that were completed or abandoned meanwhile.
const CLOSED_KEYS: [&str; 2] = ["GitPullRequestStatusNotEditableException", "GitPullRequestNotEditableException"];

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

#[derive(Debug)]
pub(super) enum Verdict {
    Fine,
    /// The api-version was refused, before anything was done.
    Version {
        type_key: String,
        message: String,
    },
    /// The service is busy or ill.
    Transient {
        problem: String,
    },
    Final(AzureDevOpsError),
}

/// `presentable` makes a text of the service fit for a log.
pub(super) fn judge(answer: &Answer, action: &str, is_write: bool, presentable: impl Fn(&str) -> String) -> Verdict {
    let status = answer.status;
    let action = action.to_owned();
    if status.is_redirection() || status == StatusCode::NON_AUTHORITATIVE_INFORMATION {
        return Verdict::Final(AzureDevOpsError::Unauthorized { action, detail: presentable(&sign_in_detail(answer)) });
    }
    if status.is_success() {
        return match kind(answer) {
            Content::Json | Content::Empty => Verdict::Fine,
            Content::Html => Verdict::Final(AzureDevOpsError::Unauthorized {
                action,
                detail: format!("it answered with a page for people instead of JSON; {TOKEN_HINT}"),
            }),
            Content::Other(kind) => Verdict::Final(AzureDevOpsError::Unreadable {
                action,
                problem: presentable(&format!("it is {kind}, not JSON; is a proxy in between?")),
            }),
        };
    }
    let (type_key, message) = refusal(answer);
    let (type_key, message) = (presentable(&type_key), presentable(&message));
    if matches!(type_key.as_str(), "VssVersionOutOfRangeException" | "VssInvalidPreviewVersionException") {
        return Verdict::Version { type_key, message };
    }
    let is_closed = CLOSED_KEYS.contains(&type_key.as_str()) || message.starts_with("TF401181") || status == StatusCode::CONFLICT;
    if is_write && is_closed && status.is_client_error() {
        return Verdict::Final(AzureDevOpsError::Closed { action, type_key, message });
    }
    match status.as_u16() {
        401 => Verdict::Final(AzureDevOpsError::Unauthorized { action, detail: unauthorized_detail(answer, &message) }),
        403 if matches!(kind(answer), Content::Html) => {
            let message = format!("{message}, with a page for people; it may be of a proxy or a firewall in between");
            Verdict::Final(AzureDevOpsError::Forbidden { action, type_key, message })
        }
        403 => Verdict::Final(AzureDevOpsError::Forbidden { action, type_key, message }),
        407 => {
            let message = "the proxy wants other credentials; check HTTP_PROXY and HTTPS_PROXY, or NO_PROXY if it is not needed";
            Verdict::Final(AzureDevOpsError::Refused { action, status: 407, type_key, message: message.to_owned() })
        }
        404 => Verdict::Final(AzureDevOpsError::NotFound { action, type_key, message }),
        408 | 425 | 429 | 500..=599 => {
            Verdict::Transient { problem: format!("Azure DevOps answered {status} ({type_key}): {message}") }
        }
        _ => Verdict::Final(AzureDevOpsError::Refused { action, status: status.as_u16(), type_key, message }),
    }
}

enum Content {
    Json,
    Html,
    Empty,
    Other(String),
}

fn kind(answer: &Answer) -> Content {
    let declared = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if answer.body.is_empty() {
        Content::Empty
    } else if media_type == "application/json" || media_type.ends_with("+json") {
        Content::Json
    } else if media_type.contains("html") || answer.body.trim_ascii_start().starts_with(b"<") {
        Content::Html
    } else if media_type.is_empty() {
        Content::Json
    } else {
        Content::Other(media_type)
    }
}

/// `typeKey` and message of a refusal, or what stands for them.
fn refusal(answer: &Answer) -> (String, String) {
    let body: wire::Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
    // "Namespace.VssVersionOutOfRangeException, Assembly"
    let from_name = body.type_name.as_deref().and_then(|name| name.split(',').next()?.rsplit('.').next().map(str::to_owned));
    let type_key = body.type_key.or(from_name).filter(|key| !key.is_empty()).unwrap_or_else(|| "no typeKey".to_owned());
    let from_header = || {
        let value = answer.headers.get(SERVICE_ERROR)?.to_str().ok()?;
        Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
    };
    let message = body.message.filter(|message| !message.is_empty()).or_else(from_header);
    (type_key, message.unwrap_or_else(|| answer.status.canonical_reason().unwrap_or("no message").to_owned()))
}

fn sign_in_detail(answer: &Answer) -> String {
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else {
        return format!("it answered with its sign-in page ({}); {TOKEN_HINT}", answer.status.as_u16());
    };
    let place = Url::parse(location).map_or_else(
        |_| location.split('?').next().unwrap_or_default().to_owned(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    );
    if place.to_ascii_lowercase().contains("signin") {
        format!("it redirects to its sign-in page, {place}; {TOKEN_HINT}")
    } else {
        format!(
            "it redirects to {place}, which is not followed; if that is the right place, set AZURE_DEVOPS_URL accordingly, else {TOKEN_HINT}"
        )
    }
}

fn unauthorized_detail(answer: &Answer, message: &str) -> String {
    let schemes: Vec<&str> = answer
        .headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split_whitespace().next())
        .collect();
    let offers = |scheme: &str| schemes.iter().any(|offered| offered.eq_ignore_ascii_case(scheme));
    if message.to_ascii_lowercase().contains("personal access token used has expired") {
        format!("the token has expired; {TOKEN_HINT}")
    } else if (offers("negotiate") || offers("ntlm")) && !offers("basic") && !offers("bearer") {
        format!("{message}; the server takes Windows sign-in only: allow personal access tokens on it")
    } else {
        format!("{message}; {TOKEN_HINT}")
    }
}
