//! What goes back: JSON in the service's shapes, refusals with `typeKey` and message.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use serde_json::{Value, json};

pub(crate) const JSON: &str = "application/json; charset=utf-8; api-version=7.1";
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

/// Why a request is not done. Becomes an [`Answer`].
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) type_key: &'static str,
    pub(crate) message: String,
}

pub(crate) type Outcome = Result<Answer, Refusal>;

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type: content_type.to_owned(), headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn json(value: &Value) -> Self {
        Self::new(200, JSON, value.to_string())
    }

    /// Lists come wrapped.
    pub(crate) fn list(value: Vec<Value>) -> Self {
        Self::json(&json!({ "count": value.len(), "value": Value::Array(value) }))
    }

    pub(crate) fn empty() -> Self {
        Self { status: 200, content_type: String::new(), headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        if let Ok(value) = HeaderValue::from_str(&self.content_type)
            && !value.is_empty()
        {
            response.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

impl Refusal {
    pub(crate) fn new(status: u16, type_key: &'static str, message: impl Into<String>) -> Self {
        Self { status, type_key, message: message.into() }
    }

    /// 400 for a value that cannot be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidArgumentValueException", message)
    }

    pub(crate) fn pull_request_not_found() -> Self {
        Self::new(404, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found.")
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let space = if refusal.type_key.starts_with("Git") {
            "Microsoft.TeamFoundation.Git.Server"
        } else {
            "Microsoft.VisualStudio.Services.Common"
        };
        let body = json!({
            "$id": "1",
            "innerException": null,
            "message": refusal.message,
            "typeName": format!("{space}.{}, {space}", refusal.type_key),
            "typeKey": refusal.type_key,
            "errorCode": 0,
            "eventId": 3000,
        });
        let told = percent_encoding::utf8_percent_encode(&refusal.message, percent_encoding::NON_ALPHANUMERIC).to_string();
        Self::new(refusal.status, JSON, body.to_string()).header("x-tfs-serviceerror", told)
    }
}
