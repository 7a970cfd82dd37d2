//! Reading a `.env` file: plain values word for word as `docker --env-file` takes them, quoted ones by the rules of dotenv.
//!
//! Nothing is substituted: a `$` in a password stays a `$`.

use std::{collections::HashMap, path::Path};

use super::{
    Problem,
    raw::{Entry, read_text},
};

/// More than any file of settings holds.
const MAX_BYTES: u64 = 1024 * 1024;
/// A quoted value goes over at most as many lines.
const MAX_VALUE_LINES: usize = 2000;

/// The entries of the file in their order, and a problem for every line that cannot be read; an error when the file as a
/// whole cannot.
pub(super) fn read(path: &Path) -> Result<(Vec<Entry>, Vec<Problem>), Problem> {
    let shown = path.display().to_string();
    let text = read_text(path, MAX_BYTES).map_err(|text| Problem { variable: shown.clone(), text })?;
    Ok(parse(&text, &shown))
}

/// `file` is the name for messages. A message never repeats a line: it may hold a secret.
pub(super) fn parse(text: &str, file: &str) -> (Vec<Entry>, Vec<Problem>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        let origin = format!("{file}, line {}", index + 1);
        index += 1;
        match assignment(line) {
            Line::Nothing => {}
            Line::Unreadable(text) => problems.push(Problem { variable: origin, text: text.to_owned() }),
            Line::Plain { name, value } => entries.push(Entry { name: name.to_owned(), value: value.to_owned(), origin }),
            Line::Quoted { name, value } => match quoted(value, lines.get(index..).unwrap_or_default()) {
                Some((value, more)) => {
                    index += more;
                    entries.push(Entry { name: name.to_owned(), value, origin });
                }
                None => problems.push(Problem {
                    variable: origin,
                    text: format!(
                        "the quoted value of {name} cannot be read: the closing quote is missing, or something other than a comment \
                         stands behind it. Inside double quotes write \\\" for a quote and \\\\ for a backslash; inside single quotes \
                         everything stands for itself"
                    ),
                }),
            },
        }
    }
    (entries, problems)
}

enum Line<'a> {
    Nothing,
    Plain {
        name: &'a str,
        value: &'a str,
    },
    /// `value` starts with its quote.
    Quoted {
        name: &'a str,
        value: &'a str,
    },
    Unreadable(&'static str),
}

fn assignment(line: &str) -> Line<'_> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Line::Nothing;
    }
    let line = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else {
        return Line::Unreadable("the line is neither NAME=value nor a comment that starts with #");
    };
    let (name, value) = (name.trim(), value.trim());
    let legal = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if name.is_empty() || !name.chars().all(legal) || name.starts_with(|character: char| character.is_ascii_digit()) {
        return Line::Unreadable("what stands before the = is no name of a variable (letters, digits and _ only)");
    }
    if value.starts_with(['"', '\'']) {
        Line::Quoted { name, value }
    } else {
        Line::Plain { name, value: without_comment(value) }
    }
}

/// Cuts a comment: a `#` at the start of the value's rest, or after white space.
fn without_comment(value: &str) -> &str {
    let comment = value
        .char_indices()
        .zip(value.chars().skip(1))
        .find(|((_, before), character)| before.is_whitespace() && *character == '#')
        .map(|((index, _), _)| index);
    comment.and_then(|index| value.get(..index)).unwrap_or(value).trim_end()
}

/// Reads a quoted value that starts with `first` and may go on over `rest`; how many lines of `rest` it took.
fn quoted(first: &str, rest: &[&str]) -> Option<(String, usize)> {
    let mut statement = first.to_owned();
    for taken in 0..=rest.len().min(MAX_VALUE_LINES) {
        // Only a line with the quote in it can end the value: nothing else is worth a try.
        let last = if taken == 0 { first } else { rest.get(taken - 1)? };
        if taken > 0 {
            statement.push('\n');
            statement.push_str(last);
        }
        if !last.contains(['"', '\'']) {
            continue;
        }
        if let Some(value) = unquote(&statement) {
            return Some((value, taken));
        }
    }
    None
}

/// By dotenv's rules. Dollar signs are hidden from it, since it would put the environment's values in their place.
fn unquote(statement: &str) -> Option<String> {
    const DOLLAR: char = '\u{f8ff}';
    if statement.contains(DOLLAR) {
        return None;
    }
    let hidden = statement.replace("\\$", "$").replace('$', &DOLLAR.to_string());
    let line = format!("VALUE={hidden}\n");
    let parsed: HashMap<String, String> =
        dotenvy::from_read_iter(line.as_bytes()).collect::<Result<_, _>>().ok().filter(|all: &HashMap<_, _>| all.len() == 1)?;
    parsed.get("VALUE").map(|value| value.replace(DOLLAR, "$"))
}
