//! A request to the API, taken apart.

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::Refusal;

/// A request within one collection.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Index into the collections.
    pub(crate) collection: usize,
    /// As it stands in the path, decoded.
    pub(crate) project: Option<String>,
    /// What follows `_apis`, decoded.
    pub(crate) rest: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
    /// Index into the users.
    pub(crate) user: usize,
    /// For the ledger.
    pub(crate) path: String,
}

impl Call {
    /// The path after `_apis` in lower case, as the service compares it.
    pub(crate) fn lower(&self) -> Vec<String> {
        self.rest.iter().map(|segment| segment.to_lowercase()).collect()
    }

    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// A query parameter by its name in any case.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A number that is not negative.
    pub(crate) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.query(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text.parse::<i64>().ok().and_then(|number| usize::try_from(number).ok());
        number
            .map(Some)
            .ok_or_else(|| Refusal::invalid(format!("The value '{text}' of parameter {name} is not a number from 0.")))
    }

    pub(crate) fn json(&self) -> Result<Value, Refusal> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Refusal::new(
                400,
                "VssRequestContentTypeNotSupportedException",
                format!("The body of the request is not JSON: {error}"),
            )
        })
    }

    pub(crate) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        match self.json()? {
            Value::Object(object) => Ok(object),
            other => Err(Refusal::new(
                400,
                "ArgumentNullException",
                format!("Value cannot be null. The body of the request is {}, not an object.", kind(&other)),
            )),
        }
    }
}

/// Splits a path and decodes its segments; None for one that is not UTF-8 once decoded.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let decode = |segment: &str| percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

/// A path of decoded segments, each with a slash in front.
pub(crate) fn joined(segments: &[String]) -> String {
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned())).collect()
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Looks a member up by its name in any case, as the service reads JSON; null is like missing.
pub(crate) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let found =
        object.get(name).or_else(|| object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value));
    found.filter(|value| !value.is_null())
}

/// A text member; other types are refused.
pub(crate) fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match member(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(Refusal::invalid(format!("{name} must be a text, not {}.", kind(other)))),
    }
}

pub(crate) fn boolean(object: &Map<String, Value>, name: &str) -> Result<Option<bool>, Refusal> {
    match member(object, name) {
        None => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(other) => Err(Refusal::invalid(format!("{name} must be a boolean, not {}.", kind(other)))),
    }
}

/// A whole number from `low` to the largest that the service stores.
pub(crate) fn integer(object: &Map<String, Value>, name: &str, low: i64) -> Result<Option<u32>, Refusal> {
    let Some(value) = member(object, name) else { return Ok(None) };
    let number = value.as_i64().filter(|number| (low..=i64::from(i32::MAX)).contains(number));
    match number.and_then(|number| u32::try_from(number).ok()) {
        Some(number) => Ok(Some(number)),
        None => Err(Refusal::invalid(format!("{name} must be a whole number from {low}, not {value}."))),
    }
}

/// A member of an enumeration, by its name in any case or by its number: official clients send numbers.
pub(crate) fn word(object: &Map<String, Value>, name: &str, words: &[&'static str]) -> Result<Option<String>, Refusal> {
    let Some(value) = member(object, name) else { return Ok(None) };
    let found = match value {
        Value::String(text) => words.iter().find(|word| word.eq_ignore_ascii_case(text)),
        Value::Number(number) => {
            number.as_u64().and_then(|number| usize::try_from(number).ok()).and_then(|number| words.get(number))
        }
        _ => None,
    };
    match found.filter(|word| !word.is_empty()) {
        Some(word) => Ok(Some((*word).to_owned())),
        None => Err(Refusal::invalid(format!("The value {value} of {name} is none of {}.", words.join(", ")))),
    }
}
