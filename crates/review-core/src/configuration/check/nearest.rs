//! "Did you mean …": what somebody most likely wanted to write.

use serde_json::{Map, Value as Json};

use crate::configuration::schema::leaves;

/// The key for which somebody wrote `key`: one of its siblings, or one that stands elsewhere under the same name.
pub(super) fn key(key: &str, siblings: Option<&Map<String, Json>>) -> Option<String> {
    let names: Vec<&str> = siblings.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    if let Some(near) = closest(key, &names) {
        return Some(near.to_owned());
    }
    let named_so = |path: &String| path.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case(key));
    let mut elsewhere = leaves().into_iter().map(|(path, _)| path).filter(named_so);
    // `enabled` stands in fifty places: then nobody can say which was meant.
    elsewhere.next().filter(|_| elsewhere.next().is_none())
}

pub(super) fn choice(text: &str, choices: &Json) -> Option<String> {
    let choices: Vec<&str> = choices.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    closest(text, &choices).map(str::to_owned)
}

/// The words of older YAML, and texts in quotes.
pub(super) fn flag(text: &str) -> Option<String> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" | "1" => Some("true".to_owned()),
        "no" | "off" | "false" | "0" => Some("false".to_owned()),
        _ => None,
    }
}

/// Near enough to be a slip: upper case, `-` in the place of `_`, or one letter in three.
fn closest<'a>(text: &str, names: &[&'a str]) -> Option<&'a str> {
    // Distances are computed in the square of the length.
    if text.len() > 100 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let text = plain(text);
    let limit = (text.chars().count() / 3).min(3);
    let distances = names.iter().map(|name| (strsim::osa_distance(&text, &plain(name)), *name));
    distances.filter(|(distance, _)| *distance <= limit).min().map(|(_, name)| name)
}
