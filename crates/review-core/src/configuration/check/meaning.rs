//! What a text must be beside a text: a pattern, a regular expression, an address.

use serde_json::Value as Json;

use crate::{
    configuration::glob::{Glob, dead_reason},
    scope::branch_pattern,
};

/// Why a value, right in its form, means nothing. None: it means something.
pub(super) fn problem(pattern: &str, value: &Json) -> Option<String> {
    let text = value.as_str()?;
    match pattern {
        "reviews.path_filters[]" => path_problem(text.trim().trim_start_matches('!')),
        "reviews.path_instructions[].path"
        | "code_generation.docstrings.path_instructions[].path"
        | "code_generation.unit_tests.path_instructions[].path" => path_problem(text),
        "reviews.auto_review.base_branches[]" => branch_pattern(text).err(),
        "reviews.auto_review.ignore_title_keywords[]" => {
            text.trim().is_empty().then(|| "an empty word stands in every title; it is left out".to_owned())
        }
        "reviews.auto_review.labels[]" => {
            text.trim().trim_start_matches('!').is_empty().then(|| "a label without a name; it is left out".to_owned())
        }
        "remote_config.url" => (!text.is_empty() && !text.starts_with("https://"))
            .then(|| "it must begin with `https://`; it is left out".to_owned()),
        _ => None,
    }
}

fn path_problem(pattern: &str) -> Option<String> {
    if let Some(reason) = dead_reason(pattern) {
        return Some(format!("{reason}; it is left out"));
    }
    Glob::new(pattern).err().map(|problem| format!("{problem}; it is left out"))
}
