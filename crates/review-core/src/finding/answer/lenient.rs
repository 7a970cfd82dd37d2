//! Readers of single fields that take what models really send.

use std::fmt;

use serde::{Deserialize, Deserializer, de, de::DeserializeOwned};
use serde_json::Value;

use super::{Addressed, Candidate, FindingsAnswer, MAX_CANDIDATES, Verdict};
use crate::finding::{Category, Evidence, Severity};

impl<'de> Deserialize<'de> for FindingsAnswer {
    /// Takes `{"findings": […]}`, the bare list, or one finding alone; each entry is read by itself.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (list, counted_before) = match Value::deserialize(deserializer)? {
            Value::Array(list) => (list, 0),
            Value::Object(mut answer) => {
                let counted = answer.get("malformed").and_then(Value::as_u64).unwrap_or(0);
                match answer.remove("findings") {
                    Some(Value::Array(list)) => (list, counted),
                    Some(Value::Null) => (Vec::new(), counted),
                    Some(single @ Value::Object(_)) => (vec![single], counted),
                    Some(other) => return Err(de::Error::custom(format!("`findings` is {}, not a list", kind(&other)))),
                    None => return Err(de::Error::missing_field("findings")),
                }
            }
            other => return Err(de::Error::custom(format!("the answer is {}, not an object with `findings`", kind(&other)))),
        };
        let stated = list.len();
        let findings: Vec<Candidate> =
            list.into_iter().take(MAX_CANDIDATES).filter_map(|entry| serde_json::from_value(entry).ok()).collect();
        let counted_before = usize::try_from(counted_before).unwrap_or(usize::MAX);
        Ok(Self { malformed: (stated - findings.len()).saturating_add(counted_before), findings })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) fn is_zero(count: &usize) -> bool {
    *count == 0
}

pub(super) fn always() -> bool {
    true
}

/// What an unreadable or missing severity is taken for: neither hidden nor alarming.
pub(super) fn usual_severity() -> Severity {
    Severity::Medium
}

pub(super) fn usual_category() -> Category {
    Category::Correctness
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text),
        Value::Null => Ok(String::new()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Array(parts) if parts.iter().all(Value::is_string) => {
            Ok(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
        }
        other => Err(unexpected(&other, "a text")),
    }
}

/// None for null, for an empty text, and for the words that models write instead of null.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !matches!(text.trim(), "" | "null" | "None" | "none" | "N/A" | "n/a") => Some(text),
        Value::Array(parts) if !parts.is_empty() && parts.iter().all(Value::is_string) => {
            Some(parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"))
        }
        _ => None,
    })
}

/// A line number; 0 where none is given. Numbers that no file has are an error.
pub(super) fn line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let stated = Value::deserialize(deserializer)?;
    line_of(&stated).ok_or_else(|| unexpected(&stated, "a line number"))
}

fn line_of(stated: &Value) -> Option<u32> {
    match stated {
        Value::Null => Some(0),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => u32::try_from(whole).ok(),
            None => number.as_f64().and_then(whole_line),
        },
        Value::String(text) => {
            let digits = text.trim().trim_start_matches(['L', 'l', '#', '+']);
            digits.parse::<u32>().ok().or_else(|| digits.parse::<f64>().ok().and_then(whole_line))
        }
        _ => None,
    }
}

/// `12.0` is line 12, `12.5` is none.
fn whole_line(stated: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "guarded: a whole number within u32")]
    ((0.0..=f64::from(u32::MAX)).contains(&stated) && stated.fract() == 0.0).then_some(stated as u32)
}

pub(super) fn yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(flag) => Ok(flag),
        Value::Null => Ok(false),
        Value::Number(number) => Ok(number.as_f64().is_some_and(|number| number != 0.0)),
        Value::String(word) => match word.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" | "1" => Ok(true),
            "false" | "no" | "n" | "0" | "" => Ok(false),
            _ => Err(de::Error::custom(format!("{:?} is neither true nor false", shortened(&word)))),
        },
        other => Err(unexpected(&other, "true or false")),
    }
}

pub(super) fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Severity, D::Error> {
    Ok(match word(&Value::deserialize(deserializer)?).as_str() {
        "critical" | "blocker" | "fatal" | "severe" | "p0" | "sev0" | "sev1" => Severity::Critical,
        "high" | "major" | "important" | "error" | "serious" | "p1" | "sev2" => Severity::High,
        "low" | "minor" | "info" | "informational" | "trivial" | "nit" | "nitpick" | "note" | "style" | "p3" | "p4" => {
            Severity::Low
        }
        _ => usual_severity(),
    })
}

/// Parts of words that models use for a category.
const STEMS: [(&str, Category); 27] = [
    ("secur", Category::Security),
    ("vuln", Category::Security),
    ("inject", Category::Security),
    ("auth", Category::Security),
    ("concurren", Category::Concurrency),
    ("race", Category::Concurrency),
    ("thread", Category::Concurrency),
    ("deadlock", Category::Concurrency),
    ("leak", Category::ResourceLeak),
    ("resource", Category::ResourceLeak),
    ("error", Category::ErrorHandling),
    ("exception", Category::ErrorHandling),
    ("data", Category::DataIntegrity),
    ("integrity", Category::DataIntegrity),
    ("migration", Category::DataIntegrity),
    ("contract", Category::ApiContract),
    ("compat", Category::ApiContract),
    ("interface", Category::ApiContract),
    ("api", Category::ApiContract),
    ("perf", Category::Performance),
    ("efficien", Category::Performance),
    ("test", Category::Test),
    ("maintain", Category::Maintainability),
    ("style", Category::Maintainability),
    ("readab", Category::Maintainability),
    ("naming", Category::Maintainability),
    ("doc", Category::Maintainability),
];

pub(super) fn category<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Category, D::Error> {
    let stated = word(&Value::deserialize(deserializer)?);
    if let Some(known) = Category::ALL.into_iter().find(|category| category.key() == stated) {
        return Ok(known);
    }
    let nearest = STEMS.into_iter().find(|(stem, _)| stated.contains(stem));
    Ok(nearest.map_or_else(usual_category, |(_, category)| category))
}

/// A word that is none of the verdicts proves nothing.
pub(super) fn verdict<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Verdict, D::Error> {
    Ok(match word(&Value::deserialize(deserializer)?).as_str() {
        "confirmed" | "confirm" | "true" | "valid" | "correct" => Verdict::Confirmed,
        "refuted" | "refute" | "false" | "invalid" | "rejected" | "incorrect" => Verdict::Refuted,
        _ => Verdict::CannotTell,
    })
}

/// The places that can be read; the others are left out.
pub(super) fn evidence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Evidence>, D::Error> {
    let Value::Array(list) = Value::deserialize(deserializer)? else { return Ok(Vec::new()) };
    let place = |entry: &Value| {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::trim);
        let path = text("path").filter(|path| !path.is_empty())?.to_owned();
        let line = line_of(entry.get("line").unwrap_or(&Value::Null)).filter(|&line| line > 0)?;
        Some(Evidence { path, line, why: text("why").unwrap_or_default().to_owned() })
    };
    Ok(list.iter().filter_map(place).collect())
}

/// What cannot be read is as if it had not been said.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A text, or the empty one for whatever is none.
pub(super) fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(text(Value::deserialize(deserializer)?).unwrap_or_default())
}

/// A number, or 0 for whatever is none.
pub(super) fn line_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(line_of(&Value::deserialize(deserializer)?).unwrap_or_default())
}

impl<'de> Deserialize<'de> for Addressed {
    /// A word that says neither is unclear.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match word(&Value::deserialize(deserializer)?).as_str() {
            "yes" | "true" | "addressed" | "done" | "met" | "full" | "fully" | "✅" => Self::Yes,
            "no" | "false" | "not_addressed" | "missing" | "unmet" | "none" | "❌" => Self::No,
            _ => Self::Unclear,
        })
    }
}

/// A list of which the readable entries are kept; null is the empty list.
pub(super) fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Array(list) => Ok(list.into_iter().filter_map(|entry| serde_json::from_value(entry).ok()).collect()),
        Value::Null => Ok(Vec::new()),
        single => Ok(serde_json::from_value(single).ok().into_iter().collect()),
    }
}

/// A stated word as the schema would spell it.
fn word(stated: &Value) -> String {
    match stated {
        Value::String(text) => text.trim().to_ascii_lowercase().replace([' ', '-', '/'], "_"),
        other => other.to_string(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn unexpected<E: de::Error>(found: &Value, wanted: impl fmt::Display) -> E {
    E::custom(format!("found {} ({}), wanted {wanted}", shortened(&found.to_string()), kind(found)))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
