//! The JSON Schema of the file, made from its types: for editors, and for the check of a file.

use std::sync::LazyLock;

use serde_json::Value;

use super::types::Configuration;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Configuration>().to_value();
    tidy(&mut schema);
    if let Value::Object(root) = &mut schema {
        root.insert("title".to_owned(), ".coderabbit.yaml".into());
    }
    schema
});

/// The schema, every part of it in its place.
pub(super) fn schema() -> &'static Value {
    &SCHEMA
}

/// The schema as a file.
pub fn schema_file() -> String {
    serde_json::to_string_pretty(schema()).map(|text| text + "\n").unwrap_or_default()
}

/// Formats are Rust's, and the default of a mapping is that of each of its keys.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // A property may have such a name; its value is a schema then, hence a mapping.
            let is_section = object.get("type").is_some_and(Value::is_string) && object.contains_key("properties");
            object.retain(|key, value| match key.as_str() {
                "format" | "title" => value.is_object(),
                "default" => !is_section,
                _ => true,
            });
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// A key that holds no keys itself, with its schema. Entries of lists belong to the list.
pub(super) fn leaves() -> Vec<(String, &'static Value)> {
    let mut found = Vec::new();
    collect("", schema(), &mut found);
    found
}

fn collect(path: &str, schema: &'static Value, found: &mut Vec<(String, &'static Value)>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        found.push((path.to_owned(), schema));
        return;
    };
    for (name, schema) in properties {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        collect(&path, schema, found);
    }
}
