//! The patterns of `.editorconfig`'s sections, as regular expressions that are matched in linear time.
//!
//! They are no patterns of minimatch: `**` stands for any text wherever it is, `{1..3}` for numbers, `{a}` for itself.

use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};

/// Longest pattern, in bytes; the specification asks for 4,096.
const MAX_BYTES: usize = 4_096;
/// Braces in each other.
const MAX_DEPTH: usize = 8;
/// Bytes of the compiled expression.
const MAX_COMPILED: usize = 1 << 18;

pub(super) struct SectionPattern {
    regex: Regex,
    /// Of each group that stands for a number, in their order.
    ranges: Vec<(i64, i64)>,
}

impl SectionPattern {
    /// None: the pattern is too large.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        if pattern.len() > MAX_BYTES {
            return None;
        }
        let anywhere = !pattern.contains('/');
        let characters: Vec<char> = pattern.strip_prefix('/').unwrap_or(pattern).chars().collect();
        let mut writer = Writer { expression: String::from(if anywhere { "^(?:.*/)?" } else { "^" }), ranges: Vec::new() };
        writer.write(&characters, 0)?;
        writer.expression.push('$');
        let mut builder = RegexBuilder::new(&writer.expression);
        let regex = builder.dot_matches_new_line(true).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build().ok()?;
        Some(Self { regex, ranges: writer.ranges })
    }

    /// Whether the section is for a path, as it is named from the folder of its file.
    pub(super) fn is_match(&self, path: &str) -> bool {
        if self.ranges.is_empty() {
            return self.regex.is_match(path);
        }
        let Some(captures) = self.regex.captures(path) else { return false };
        self.ranges.iter().enumerate().all(|(index, (least, most))| {
            let Some(number) = captures.get(index + 1) else { return true };
            number.as_str().parse::<i64>().is_ok_and(|number| (*least..=*most).contains(&number))
        })
    }
}

struct Writer {
    expression: String,
    ranges: Vec<(i64, i64)>,
}

impl Writer {
    fn write(&mut self, text: &[char], depth: usize) -> Option<()> {
        let mut at = 0;
        while let Some(&character) = text.get(at) {
            let rest = text.get(at + 1..).unwrap_or_default();
            at += 1;
            match character {
                '\\' => {
                    self.literal(rest.first().copied().unwrap_or('\\'));
                    at += usize::from(!rest.is_empty());
                }
                // Folders in between, or none.
                '/' if rest.starts_with(&['*', '*', '/']) => {
                    self.expression.push_str("/(?:.*/)?");
                    at += 3;
                }
                '*' if rest.starts_with(&['*', '/']) && at == 1 && depth == 0 => {
                    self.expression.push_str("(?:.*/)?");
                    at += 2;
                }
                '*' if rest.first() == Some(&'*') => {
                    self.expression.push_str(".*");
                    at += 1;
                }
                '*' => self.expression.push_str("[^/]*"),
                '?' => self.expression.push_str("[^/]"),
                '[' => match class(rest) {
                    Some((class, length)) => {
                        self.expression.push_str(&class);
                        at += length;
                    }
                    None => self.literal('['),
                },
                '{' => match inside_braces(rest) {
                    Some(inside) => {
                        self.braces(inside, depth)?;
                        at += inside.len() + 1;
                    }
                    None => self.literal('{'),
                },
                character => self.literal(character),
            }
        }
        Some(())
    }

    fn braces(&mut self, inside: &[char], depth: usize) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        if let Some((one, other)) = range(inside) {
            self.ranges.push((one.min(other), one.max(other)));
            self.expression.push_str(r"([+-]?\d+)");
            return Some(());
        }
        let choices = choices(inside);
        if choices.len() == 1 {
            self.literal('{');
            self.write(inside, depth + 1)?;
            self.literal('}');
            return Some(());
        }
        self.expression.push_str("(?:");
        for (index, choice) in choices.into_iter().enumerate() {
            if index > 0 {
                self.expression.push('|');
            }
            self.write(choice, depth + 1)?;
        }
        self.expression.push(')');
        Some(())
    }

    fn literal(&mut self, character: char) {
        if character.is_ascii_alphanumeric() || !character.is_ascii() {
            self.expression.push(character);
        } else {
            // Every ASCII sign may be escaped by its code.
            let _written = write!(self.expression, "\\x{{{:x}}}", u32::from(character));
        }
    }
}

/// What stands between a brace and its partner. None: it has none.
fn inside_braces(rest: &[char]) -> Option<&[char]> {
    let (mut depth, mut is_escaped) = (1_usize, false);
    for (index, character) in rest.iter().enumerate() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '{' => depth += 1,
            '}' if depth == 1 => return rest.get(..index),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// At the commas that stand in no inner braces.
fn choices(inside: &[char]) -> Vec<&[char]> {
    let (mut depth, mut is_escaped, mut from, mut found) = (0_usize, false, 0, Vec::new());
    for (index, character) in inside.iter().enumerate() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(inside.get(from..index).unwrap_or_default());
                from = index + 1;
            }
            _ => {}
        }
    }
    found.push(inside.get(from..).unwrap_or_default());
    found
}

fn range(inside: &[char]) -> Option<(i64, i64)> {
    let text: String = inside.iter().collect();
    let (one, other) = text.split_once("..")?;
    Some((one.parse().ok()?, other.parse().ok()?))
}

/// The class that begins behind `[`, and its length with the closing bracket. None: the bracket means itself.
fn class(rest: &[char]) -> Option<(String, usize)> {
    let end = rest.iter().position(|character| *character == ']').filter(|end| *end > 0)?;
    let inside = rest.get(..end)?;
    if inside.contains(&'/') {
        return None;
    }
    let (negated, inside) = match inside {
        ['!', inside @ ..] if !inside.is_empty() => (true, inside),
        inside => (false, inside),
    };
    let mut class = String::from(if negated { "[^/" } else { "[" });
    for (index, character) in inside.iter().enumerate() {
        if *character == '-' && index > 0 && index + 1 < inside.len() {
            class.push('-');
        } else {
            let _written = write!(class, "\\x{{{:x}}}", u32::from(*character));
        }
    }
    class.push(']');
    // A range that runs backwards is none; the bracket means itself then.
    Regex::new(&class).is_ok().then_some((class, end + 1))
}
