//! What a file says, checked against the schema: what does not fit is left out and told, the rest counts.

mod meaning;
mod nearest;

use serde_json::{Map, Number, Value as Json};

use super::{
    keys,
    remark::{Level, Remark, Source, quoted},
    schema::schema,
    yaml::{Entry, Node, Position, Scalar, Value},
};

/// Remarks about one file.
const MAX_REMARKS: usize = 100;

/// A path as people write it, and as the tables of keys do.
#[derive(Debug, Clone)]
struct Path {
    /// `reviews.path_instructions[2].path`, entries counted from 1.
    shown: String,
    /// `reviews.path_instructions[].path`.
    pattern: String,
}

impl Path {
    fn root() -> Self {
        Self { shown: String::new(), pattern: String::new() }
    }

    fn key(&self, name: &str) -> Self {
        let join = |path: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        Self { shown: join(&self.shown), pattern: join(&self.pattern) }
    }

    fn entry(&self, index: usize) -> Self {
        Self { shown: format!("{}[{}]", self.shown, index + 1), pattern: format!("{}[]", self.pattern) }
    }
}

pub(super) struct Check<'a> {
    source: &'a Source,
    pub(super) remarks: Vec<Remark>,
}

impl<'a> Check<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, remarks: Vec::new() }
    }

    /// The settings of the file; None when it is no mapping.
    pub(super) fn file(&mut self, root: &Node) -> Option<Map<String, Json>> {
        match &root.value {
            Value::Scalar(scalar) if scalar.is_null() => Some(Map::new()),
            Value::Mapping(entries) => Some(self.mapping(entries, schema(), &Path::root())),
            _ => None,
        }
    }

    pub(super) fn warn(&mut self, at: Position, text: String) {
        self.say(Level::Warning, at, text);
    }

    fn say(&mut self, level: Level, at: Position, text: String) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(Remark { level, source: self.source.clone(), at: Some(at), text });
        }
    }

    fn mapping(&mut self, entries: &[Entry], schema: &'static Json, path: &Path) -> Map<String, Json> {
        let mut found = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object);
        let any = schema.get("additionalProperties").filter(|schema| schema.is_object());
        for Entry { key, key_at, value } in entries {
            let path = path.key(key);
            let known = properties.and_then(|properties| properties.get(key)).or(any);
            let Some(known) = known else {
                self.unknown(&path, key, *key_at, properties);
                continue;
            };
            let before = self.remarks.len();
            if let Some(json) = self.value(value, known, &path) {
                // Of something in it that was wrong enough has been said.
                if self.remarks.len() == before {
                    self.note(&path, *key_at, known, &json);
                }
                found.insert(key.clone(), json);
            }
        }
        found
    }

    fn unknown(&mut self, path: &Path, key: &str, at: Position, siblings: Option<&Map<String, Json>>) {
        if path.pattern == "$schema" {
            return;
        }
        if let Some(instead) = keys::dead(&path.pattern) {
            return self.warn(at, format!("{} is read no more: {instead}", quoted(&path.shown)));
        }
        let text = match nearest::key(key, siblings) {
            Some(near) => format!("{} is no key; did you mean {}?", quoted(&path.shown), quoted(&near)),
            None => format!("{} is no key, and is ignored", quoted(&path.shown)),
        };
        self.warn(at, text);
    }

    /// Says so when a key means nothing here, or nothing yet, and somebody counts on it.
    fn note(&mut self, path: &Path, at: Position, schema: &Json, value: &Json) {
        // Of entries of a list the list is told of.
        if schema.get("properties").is_some() || path.pattern.contains("[]") {
            return;
        }
        if let Some(text) = keys::status(&path.pattern).and_then(|status| status.note(value)) {
            self.say(Level::Note, at, format!("{}: {text}", quoted(&path.shown)));
        }
    }

    fn value(&mut self, node: &Node, schema: &'static Json, path: &Path) -> Option<Json> {
        let schema = alternative(node, schema);
        let kind = schema.get("type").and_then(Json::as_str).unwrap_or("string");
        match (&node.value, kind) {
            // Nothing is said, as in `reviews:` with nothing below it.
            (Value::Scalar(scalar), _) if scalar.is_null() => None,
            (Value::Mapping(entries), "object") => self.object(entries, schema, path, node.at),
            (Value::List(items), "array") => Some(self.list(items, schema, path, node.at)),
            (Value::Scalar(scalar), _) if !matches!(kind, "object" | "array") => self.scalar(scalar, schema, kind, path, node.at),
            (found, _) => {
                let found = match found {
                    Value::Scalar(scalar) => quoted(scalar.text()),
                    Value::List(_) => "a list".to_owned(),
                    Value::Mapping(_) => "a mapping".to_owned(),
                };
                self.wrong(path, node.at, &wanted(schema), &found, None);
                None
            }
        }
    }

    fn object(&mut self, entries: &[Entry], schema: &'static Json, path: &Path, at: Position) -> Option<Json> {
        let found = self.mapping(entries, schema, path);
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let missing: Vec<String> = required.filter(|name| !found.contains_key(*name)).map(quoted).collect();
        if !missing.is_empty() {
            self.warn(at, format!("{} needs {}, and is left out", quoted(&path.shown), missing.join(" and ")));
            return None;
        }
        Some(Json::Object(found))
    }

    fn list(&mut self, items: &[Node], schema: &'static Json, path: &Path, at: Position) -> Json {
        let most = bound(schema, "maxItems").map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
        if items.len() > most {
            let text = format!("{} has {} entries; the first {most} count", quoted(&path.shown), items.len());
            self.warn(at, text);
        }
        let Some(of) = schema.get("items") else { return Json::Array(Vec::new()) };
        let items = items.iter().take(most).enumerate();
        Json::Array(items.filter_map(|(index, item)| self.value(item, of, &path.entry(index))).collect())
    }

    fn scalar(&mut self, scalar: &Scalar, schema: &Json, kind: &str, path: &Path, at: Position) -> Option<Json> {
        let value = match kind {
            "boolean" => scalar.flag().map(Json::Bool),
            "integer" => scalar.whole().map(Json::from),
            "number" => scalar.number().and_then(Number::from_f64).map(Json::Number),
            _ => Some(Json::String(scalar.text().to_owned())),
        };
        let Some(value) = value.filter(|value| is_allowed(value, schema)) else {
            let near = schema.get("enum").and_then(|choices| nearest::choice(scalar.text(), choices));
            let near = near.or_else(|| (kind == "boolean").then(|| nearest::flag(scalar.text())).flatten());
            self.wrong(path, at, &wanted(schema), &quoted(scalar.text()), near);
            return None;
        };
        if let Some(problem) = value.as_str().and_then(|text| length_problem(text, schema)) {
            self.warn(at, format!("{} {problem}, and is left out", quoted(&path.shown)));
            return None;
        }
        match meaning::problem(&path.pattern, &value) {
            Some(problem) => {
                self.warn(at, format!("{}: {problem}", quoted(&path.shown)));
                None
            }
            None => Some(value),
        }
    }

    fn wrong(&mut self, path: &Path, at: Position, wanted: &str, found: &str, near: Option<String>) {
        let end = near.map_or_else(|| "it is left out".to_owned(), |near| format!("did you mean {}?", quoted(&near)));
        self.warn(at, format!("{} takes {wanted}, not {found}; {end}", quoted(&path.shown)));
    }
}

/// Of several schemas the one for what stands there.
fn alternative(node: &Node, schema: &'static Json) -> &'static Json {
    let Some(choices) = schema.get("anyOf").and_then(Json::as_array) else { return schema };
    let kind = match node.value {
        Value::Scalar(_) => "string",
        Value::List(_) => "array",
        Value::Mapping(_) => "object",
    };
    let fits = |choice: &&Json| choice.get("type").and_then(Json::as_str) == Some(kind);
    choices.iter().find(fits).or(choices.first()).unwrap_or(schema)
}

fn bound(schema: &Json, name: &str) -> Option<u64> {
    let bound = schema.get(name)?;
    bound.as_u64().or_else(|| bound.as_f64().filter(|bound| *bound >= 0.0).and_then(|bound| format!("{bound:.0}").parse().ok()))
}

fn is_allowed(value: &Json, schema: &Json) -> bool {
    let is_choice = schema.get("enum").and_then(Json::as_array).is_none_or(|choices| choices.contains(value));
    let number = value.as_f64();
    let limit = |name: &str| schema.get(name).and_then(Json::as_f64);
    let is_in_range = number.is_none_or(|number| {
        limit("minimum").is_none_or(|least| number >= least) && limit("maximum").is_none_or(|most| number <= most)
    });
    // Counts are kept in 32 bits.
    let fits = schema.get("type").and_then(Json::as_str) != Some("integer")
        || value.as_u64().is_some_and(|number| u32::try_from(number).is_ok());
    is_choice && is_in_range && fits
}

fn length_problem(text: &str, schema: &Json) -> Option<String> {
    let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    if let Some(most) = bound(schema, "maxLength").filter(|most| length > *most) {
        return Some(format!("has {length} characters, more than {most}"));
    }
    bound(schema, "minLength").filter(|least| length < *least).map(|_| "is empty".to_owned())
}

/// What a schema takes, in words.
pub(super) fn wanted(schema: &Json) -> String {
    const MAX_CHOICES: usize = 12;
    if let Some(choices) = schema.get("enum").and_then(Json::as_array) {
        let choices: Vec<String> = choices.iter().filter_map(Json::as_str).map(quoted).collect();
        return match choices.len() {
            0..=MAX_CHOICES => format!("one of {}", choices.join(", ")),
            count => format!("one of {count} codes such as {}", choices.iter().take(3).cloned().collect::<Vec<_>>().join(", ")),
        };
    }
    if schema.get("anyOf").is_some() {
        return "a text or a mapping".to_owned();
    }
    let least = bound(schema, "minimum");
    let most = bound(schema, "maximum");
    let range = match (least, most) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" from {least} on"),
        _ => String::new(),
    };
    match schema.get("type").and_then(Json::as_str) {
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("integer") => format!("a whole number{range}"),
        Some("number") => format!("a number{range}"),
        Some("array") => "a list".to_owned(),
        Some("object") => "a mapping".to_owned(),
        _ => match bound(schema, "maxLength") {
            Some(most) => format!("a text of at most {most} characters"),
            None => "a text".to_owned(),
        },
    }
}
