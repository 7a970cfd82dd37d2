//! From text to the value somebody meant: quotes, the document's brackets and placeholders, files of secrets, duplicates.

use std::{collections::BTreeMap, io::Read as _, path::Path};

use super::{
    Problem,
    forms::is_placeholder,
    table::{Form, TABLE, Variable},
};

/// Ending of the variable that names the file of a secret.
pub(super) const FILE_SUFFIX: &str = "_FILE";
/// More than any secret has.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// A variable as it was found.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    /// Where, for people: `the environment`, `.env, line 3`.
    pub(super) origin: String,
}

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meant {
    /// `[<x>]`, an empty text, or not there.
    Unset,
    /// `<x>`.
    Placeholder,
    Text(String),
    /// Given in a way that is a problem of its own, reported already.
    Broken,
}

/// The value of one known variable, and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Raw {
    pub(super) meant: Meant,
    pub(super) origin: String,
}

/// The known variables; of several entries the last one counts, and a placeholder never takes the place of a value.
pub(super) fn collect(
    entries: &[Entry],
    warnings: &mut Vec<Problem>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<&'static str, Raw> {
    let mut collected = BTreeMap::new();
    for variable in TABLE {
        let direct = last(entries, variable.name, Some(variable), warnings);
        let from_file = if variable.secret {
            let file = last(entries, &format!("{}{FILE_SUFFIX}", variable.name), None, warnings);
            file.and_then(|file| secret_file(variable, &file, problems))
        } else {
            None
        };
        let chosen = match (direct, from_file) {
            (Some(Raw { meant: Meant::Text(_), .. }), Some(_)) => {
                problems.push(Problem {
                    variable: variable.name.to_owned(),
                    text: format!("is set, and {0}{FILE_SUFFIX} is set too; keep one of the two", variable.name),
                });
                Some(Raw { meant: Meant::Broken, origin: String::new() })
            }
            (_, Some(file)) => Some(file),
            (direct, None) => direct,
        };
        if let Some(raw) = chosen {
            collected.insert(variable.name, raw);
        }
    }
    collected
}

/// The value that counts among all entries of a name.
fn last(entries: &[Entry], name: &str, variable: Option<&Variable>, warnings: &mut Vec<Problem>) -> Option<Raw> {
    let mut chosen: Option<Raw> = None;
    let mut differing: Vec<String> = Vec::new();
    let mut quotes = false;
    for entry in entries.iter().filter(|entry| entry.name == name) {
        let (meant, had_quotes) = read(&entry.value, variable.map(|variable| variable.form));
        let next = Raw { meant, origin: entry.origin.clone() };
        match &chosen {
            Some(Raw { meant: Meant::Text(_), .. }) if !matches!(next.meant, Meant::Text(_)) => continue,
            Some(Raw { meant: before @ Meant::Text(_), origin }) if *before != next.meant => differing.push(origin.clone()),
            _ => {}
        }
        quotes = had_quotes;
        chosen = Some(next);
    }
    if let Some(raw) = &chosen {
        if !differing.is_empty() {
            let shown = match (&raw.meant, variable) {
                (Meant::Text(text), Some(variable)) if !variable.secret => format!(" (`{}`)", shown(text)),
                _ => String::new(),
            };
            warnings.push(Problem {
                variable: name.to_owned(),
                text: format!(
                    "is set more than once with different values: the one of {}{shown} counts, not the one of {}",
                    raw.origin,
                    differing.join(", nor of ")
                ),
            });
        }
        if quotes {
            warnings.push(Problem {
                variable: name.to_owned(),
                text: format!(
                    "the quotes around the value ({}) were taken off; docker --env-file passes them on as they are",
                    raw.origin
                ),
            });
        }
    }
    chosen
}

/// Takes off quotes and the document's brackets. The second value says whether there were quotes.
fn read(value: &str, form: Option<Form>) -> (Meant, bool) {
    let mut text = value.trim();
    let mut quotes = false;
    if let Some(inner) = unwrap(text, '"', '"').or_else(|| unwrap(text, '\'', '\'')) {
        text = inner.trim();
        quotes = true;
    }
    if let Some(inner) = unwrap(text, '[', ']').map(str::trim) {
        if is_placeholder(inner) || inner.is_empty() {
            return (Meant::Unset, false);
        }
        // A list in YAML, or two IPv6 hosts, keep their brackets.
        if form != Some(Form::Yaml) && !inner.contains(['[', ']']) {
            text = inner;
        }
    }
    if text.is_empty() {
        (Meant::Unset, false)
    } else if is_placeholder(text) {
        (Meant::Placeholder, false)
    } else {
        (Meant::Text(text.to_owned()), quotes)
    }
}

fn unwrap(text: &str, open: char, close: char) -> Option<&str> {
    text.strip_prefix(open)?.strip_suffix(close)
}

/// At most as much of a value as a message needs.
pub(super) fn shown(text: &str) -> String {
    const MAX: usize = 80;
    let mut shown: String =
        text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).take(MAX).collect();
    if text.chars().nth(MAX).is_some() {
        shown.push('…');
    }
    shown
}

fn secret_file(variable: &Variable, file: &Raw, problems: &mut Vec<Problem>) -> Option<Raw> {
    let Meant::Text(path) = &file.meant else { return None };
    let origin = format!("the file {path}");
    match read_secret(Path::new(path)) {
        Ok(text) => Some(Raw { meant: Meant::Text(text), origin }),
        Err(problem) => {
            problems.push(Problem {
                variable: format!("{}{FILE_SUFFIX}", variable.name),
                text: format!(
                    "found: `{}` ({}); {problem}; allowed: the path of a file that holds nothing but the secret; example: {}{FILE_SUFFIX}=/run/secrets/{}",
                    shown(path),
                    file.origin,
                    variable.name,
                    variable.name.to_ascii_lowercase()
                ),
            });
            Some(Raw { meant: Meant::Broken, origin })
        }
    }
}

fn read_secret(path: &Path) -> Result<String, String> {
    let text = read_text(path, MAX_SECRET_BYTES)?;
    let secret = text.trim();
    if secret.is_empty() { Err("the file is empty".to_owned()) } else { Ok(secret.to_owned()) }
}

/// A file of at most `max` bytes; the size is not believed, since a device or a pipe has none.
pub(super) fn read_text(path: &Path, max: u64) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("the file cannot be read ({error})");
    let mut bytes = Vec::new();
    std::fs::File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut bytes)).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > max {
        return Err(format!("the file has more than {max} bytes"));
    }
    String::from_utf8(bytes)
        .map_err(|_| "the file is not UTF-8 text; an editor on Windows may have saved it as UTF-16".to_owned())
}
