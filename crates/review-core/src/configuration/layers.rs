//! The layers of a configuration, and what comes of them.
//!
//! The first layer that can be read is used alone, unless it says `inheritance: true`; then what it does not say is taken
//! from the next one, and so on. Mappings are merged key by key. Of lists the upper layer's entries come first, then those
//! of the lower one that it does not have; entries with a name (`path`, `name`, `label`, `repository`) are the same when
//! their names are. Everything else is taken from the upper layer.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::{
    check::Check,
    remark::{Level, Remark, Source},
    types::{Configuration, RemoteConfig},
    yaml::{self, Document, Unreadable},
};

/// Keys by which entries of lists are the same.
const NAMES: [&str; 4] = ["path", "name", "label", "repository"];

/// One file as it was read: what is right in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    pub source: Source,
    pub remarks: Vec<Remark>,
    settings: Map<String, Json>,
}

impl Layer {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with a file that cannot be used at all: it is no UTF-8, no YAML, no mapping, or too large.
    pub fn read(source: Source, bytes: &[u8]) -> Result<Self, Remark> {
        let unusable = |at, problem: &str| Remark {
            level: Level::Warning,
            source: source.clone(),
            at,
            text: format!("the file is not used: {problem}"),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| unusable(None, "it is not UTF-8 text"))?;
        let Document { root, repeated, second } =
            yaml::read(text).map_err(|Unreadable { at, problem }| unusable(at, &problem.replace('`', "'")))?;
        let mut check = Check::new(&source);
        for (key, at) in repeated {
            check.warn(at, format!("{} stands twice; the last one counts", super::remark::quoted(&key)));
        }
        if let Some(at) = second {
            check.warn(at, "a second document begins here; only the first one counts".to_owned());
        }
        let settings = match &root {
            None => Map::new(),
            Some(root) => check.file(root).ok_or_else(|| unusable(Some(root.at), "it holds no keys with values"))?,
        };
        let mut remarks = check.remarks;
        remarks.sort_by_key(|remark| remark.at);
        Ok(Self { source, remarks, settings })
    }

    /// Whether what this layer does not say is taken from the next one.
    pub fn inherits(&self) -> bool {
        self.settings.get("inheritance").and_then(Json::as_bool) == Some(true)
    }

    /// The file that is used in the place of this one. Err: why `remote_config` does not count, where it stands.
    pub fn redirect(&self) -> Result<Option<RemoteConfig>, Remark> {
        let Some(remote) = self.settings.get("remote_config") else { return Ok(None) };
        let ignored = |text: &str| Remark {
            level: Level::Warning,
            source: self.source.clone(),
            at: None,
            text: format!("`remote_config` does not count: {text}"),
        };
        if self.settings.len() > 1 {
            return Err(ignored("other keys stand beside it; it counts alone"));
        }
        let remote: RemoteConfig = serde_json::from_value(remote.clone()).unwrap_or_default();
        match (remote.url.is_empty(), remote.repository.is_empty()) {
            (true, true) => Err(ignored("it names neither a `url` nor a `repository`")),
            (false, false) => Err(ignored("it names a `url` and a `repository`; one of them is enough")),
            _ => Ok(Some(remote)),
        }
    }
}

/// The configuration that counts, with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    pub configuration: Configuration,
    /// The layers that were used, the uppermost first; `Defaults` when there was none.
    pub sources: Vec<Source>,
    /// What there is to say about them.
    pub remarks: Vec<Remark>,
    /// Which layer a key that is not at its default comes from.
    origins: BTreeMap<String, Source>,
}

impl Default for Effective {
    fn default() -> Self {
        Self::of(Vec::new(), Vec::new())
    }
}

impl Effective {
    /// What comes of `layers`, the uppermost first. Layers below one that does not inherit play no part. `remarks`: what
    /// there is to say about files that could not be used.
    pub fn of(layers: Vec<Layer>, mut remarks: Vec<Remark>) -> Self {
        let mut merged = Map::new();
        let (mut sources, mut origins) = (Vec::new(), BTreeMap::new());
        for layer in layers {
            let inherits = layer.inherits();
            let mut keys = Vec::new();
            leaves("", &layer.settings, &mut keys);
            for key in keys {
                origins.entry(key).or_insert_with(|| layer.source.clone());
            }
            merge(&mut merged, layer.settings);
            sources.push(layer.source);
            remarks.extend(layer.remarks);
            if !inherits {
                break;
            }
        }
        if sources.is_empty() {
            sources.push(Source::Defaults);
        }
        // Every layer was checked against the schema of these very types.
        let configuration = serde_json::from_value(Json::Object(merged)).unwrap_or_else(|error| {
            let text = format!("the configuration cannot be used ({error}), and the defaults are taken; please report this");
            remarks.push(Remark { level: Level::Warning, source: Source::Defaults, at: None, text });
            Configuration::default()
        });
        Self { configuration, sources, remarks, origins }
    }

    /// The layer that a key (`reviews.profile`) comes from.
    pub fn origin(&self, key: &str) -> &Source {
        self.origins.get(key).unwrap_or(&Source::Defaults)
    }
}

/// Adds what `lower` says and `upper` does not.
fn merge(upper: &mut Map<String, Json>, lower: Map<String, Json>) {
    for (key, below) in lower {
        match (upper.get_mut(&key), below) {
            (None, below) => {
                upper.insert(key, below);
            }
            (Some(Json::Object(above)), Json::Object(below)) => merge(above, below),
            (Some(Json::Array(above)), Json::Array(below)) => {
                let own = above.len();
                for entry in below {
                    if !above.iter().take(own).any(|other| is_same(other, &entry)) {
                        above.push(entry);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_same(one: &Json, other: &Json) -> bool {
    let name = |entry: &Json| NAMES.iter().find_map(|key| entry.get(key).cloned());
    one == other || name(one).is_some_and(|found| Some(found) == name(other))
}

fn leaves(path: &str, settings: &Map<String, Json>, found: &mut Vec<String>) {
    for (key, value) in settings {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match value {
            Json::Object(below) if !below.is_empty() => leaves(&path, below, found),
            _ => found.push(path),
        }
    }
}

#[cfg(test)]
mod tests;
