//! Property bags: read in one shape, written in three.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::azure_devops::{
    answer::Refusal,
    call::{kind, member},
};

/// Merges what a client wrote into `bag`; null removes a key. Everything but the number types of the service itself is kept
/// as a text.
pub(super) fn merge(bag: &mut BTreeMap<String, Value>, written: &Value) -> Result<(), Refusal> {
    let Value::Object(written) = written else {
        return Err(Refusal::invalid(format!("properties must be an object, not {}.", kind(written))));
    };
    for (key, value) in written {
        if value.is_null() {
            bag.remove(key);
        } else {
            bag.insert(key.clone(), string(key, value)?);
        }
    }
    Ok(())
}

/// A bag as texts.
pub(crate) fn texts(bag: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| match value.get("$value") {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    bag.iter().map(|(key, value)| (key.clone(), text(value))).collect()
}

/// Takes `{"$type","$value"}`, `{"type","value"}` and a bare scalar.
pub(super) fn string(key: &str, value: &Value) -> Result<Value, Refusal> {
    let wrapped = |object: &Map<String, Value>| member(object, "$value").or_else(|| member(object, "value")).cloned();
    let scalar = match value {
        Value::Object(object) => wrapped(object),
        other => Some(other.clone()),
    };
    let text = match scalar {
        Some(Value::String(text)) => text,
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(flag)) => (if flag { "True" } else { "False" }).to_owned(),
        _ => return Err(Refusal::invalid(format!("The value of property {key} is neither a scalar nor a typed value."))),
    };
    Ok(json!({ "$type": "System.String", "$value": text }))
}
