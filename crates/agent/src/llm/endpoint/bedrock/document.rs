//! JSON as the SDK holds it.

use aws_smithy_types::{Document, Number};
use serde_json::Value;

pub(super) fn from_json(value: &Value) -> Document {
    match value {
        Value::Null => Document::Null,
        Value::Bool(flag) => Document::Bool(*flag),
        Value::Number(number) => Document::Number(match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => Number::PosInt(whole),
            (None, Some(negative)) => Number::NegInt(negative),
            (None, None) => Number::Float(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Document::String(text.clone()),
        Value::Array(items) => Document::Array(items.iter().map(from_json).collect()),
        Value::Object(fields) => Document::Object(fields.iter().map(|(name, value)| (name.clone(), from_json(value))).collect()),
    }
}

pub(super) fn to_json(document: &Document) -> Value {
    match document {
        Document::Null => Value::Null,
        Document::Bool(flag) => Value::Bool(*flag),
        Document::Number(Number::PosInt(whole)) => (*whole).into(),
        Document::Number(Number::NegInt(negative)) => (*negative).into(),
        // JSON has no infinity.
        Document::Number(Number::Float(number)) => serde_json::Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Document::String(text) => Value::String(text.clone()),
        Document::Array(items) => Value::Array(items.iter().map(to_json).collect()),
        Document::Object(fields) => Value::Object(fields.iter().map(|(name, value)| (name.clone(), to_json(value))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{from_json, to_json};

    #[test]
    fn every_json_goes_there_and_back() {
        let json = json!({"a": [1, -2, 2.5, u64::MAX, i64::MIN], "b": {"c": null, "d": true}, "e": "é"});
        assert_eq!(to_json(&from_json(&json)), json);
    }
}
