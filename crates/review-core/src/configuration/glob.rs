//! Patterns of paths as minimatch reads them, with its options `dot` and `nocase`: names that begin with a dot are names
//! like any other, and upper and lower case are the same.
//!
//! A pattern becomes a regular expression that is matched in linear time, since whoever writes the file is not trusted. A
//! crate for globs would not do: `globset` knows no `@(a|b)`, and takes `a/**` and `[!x]` a little otherwise.
//! `*` and `?` stay within a name, `**` as a whole name stands for any number of folders; a pattern is for the whole path.

use std::fmt::Write as _;

use regex::{Regex, RegexBuilder};

/// Longest pattern, in characters.
const MAX_CHARS: usize = 1_000;
/// Patterns that the braces of one stand for.
const MAX_ALTERNATIVES: usize = 200;
/// Groups in each other.
const MAX_DEPTH: usize = 8;
/// Bytes of the compiled expression.
const MAX_COMPILED: usize = 1 << 20;

/// A pattern of paths.
#[derive(Debug, Clone)]
pub struct Glob {
    regex: Regex,
}

impl Glob {
    /// # Errors
    /// In words, when the pattern is too large, or uses `!(…)`, which no regular expression of linear time can say.
    pub fn new(pattern: &str) -> Result<Self, String> {
        Self::build(pattern, true)
    }

    /// The same, where upper and lower case differ.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn case_sensitive(pattern: &str) -> Result<Self, String> {
        Self::build(pattern, false)
    }

    fn build(pattern: &str, ignores_case: bool) -> Result<Self, String> {
        if pattern.chars().count() > MAX_CHARS {
            return Err(format!("the pattern has more than {MAX_CHARS} characters"));
        }
        let mut expression = String::from("^(?:");
        for (index, alternative) in braces(pattern)?.iter().enumerate() {
            if index > 0 {
                expression.push('|');
            }
            expression.push_str(&whole(alternative)?);
        }
        expression.push_str(")$");
        let built = RegexBuilder::new(&expression)
            .case_insensitive(ignores_case)
            .dot_matches_new_line(true)
            .size_limit(MAX_COMPILED)
            .dfa_size_limit(MAX_COMPILED)
            .build();
        built.map(|regex| Self { regex }).map_err(|_| "the pattern is too large".to_owned())
    }

    /// Whether a path, relative to the root of the repository and with `/`, is one of the pattern's.
    pub fn is_match(&self, path: &str) -> bool {
        self.regex.is_match(path)
    }
}

/// Why a pattern can match no file at all. None: it can.
pub(super) fn dead_reason(pattern: &str) -> Option<&'static str> {
    match pattern {
        "" => Some("an empty pattern matches no file"),
        _ if pattern.starts_with('/') => Some("paths have no `/` before them, so this matches no file: write it without"),
        _ if pattern.ends_with('/') => Some("this matches no file: write `**` behind the last `/` for everything below a folder"),
        _ if pattern.starts_with('#') => Some("a pattern that begins with `#` is a comment"),
        _ => None,
    }
}

/// One alternative as an expression for a whole path.
fn whole(pattern: &str) -> Result<String, String> {
    let mut names: Vec<&str> = pattern.split('/').filter(|name| *name != ".").collect();
    names.dedup_by(|one, other| *one == "**" && *other == "**");
    let last = names.len().saturating_sub(1);
    let mut expression = String::new();
    let mut separated = true;
    for (index, name) in names.iter().enumerate() {
        if !separated {
            expression.push('/');
        }
        separated = false;
        match *name {
            "**" if index == last => expression.push_str(".+"),
            "**" => {
                expression.push_str("(?:[^/]+/)*");
                separated = true;
            }
            name if !name.is_empty() && name.bytes().all(|byte| byte == b'*') => expression.push_str("[^/]+"),
            name => expression.push_str(&part(&name.chars().collect::<Vec<_>>(), 0)?),
        }
    }
    Ok(expression)
}

/// A name, or what stands in a group of one.
fn part(text: &[char], depth: usize) -> Result<String, String> {
    if depth > MAX_DEPTH {
        return Err(format!("groups stand more than {MAX_DEPTH} deep in each other"));
    }
    let mut expression = String::new();
    let mut at = 0;
    while let Some(&character) = text.get(at) {
        at += 1;
        let rest = text.get(at..).unwrap_or_default();
        if let Some((inside, length)) = group(character, rest) {
            expression.push_str(&alternatives(character, inside, depth)?);
            at += length;
            continue;
        }
        match character {
            '*' => {
                expression.push_str("[^/]*");
                at += rest.iter().take_while(|next| **next == '*').count();
            }
            '?' => expression.push_str("[^/]"),
            '[' => match class(rest) {
                Some((class, length)) => {
                    expression.push_str(&class);
                    at += length;
                }
                None => literal(&mut expression, '['),
            },
            '\\' => {
                literal(&mut expression, rest.first().copied().unwrap_or('\\'));
                at += usize::from(!rest.is_empty());
            }
            character => literal(&mut expression, character),
        }
    }
    Ok(expression)
}

/// What stands in `@(…)` and the like, and how long it is with its parentheses.
fn group(kind: char, rest: &[char]) -> Option<(&[char], usize)> {
    if !matches!(kind, '?' | '*' | '+' | '@' | '!') || rest.first() != Some(&'(') {
        return None;
    }
    let mut open = 0_usize;
    let mut escaped = false;
    for (index, &character) in rest.iter().enumerate() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => open += 1,
            ')' if open == 1 => return Some((rest.get(1..index)?, index + 1)),
            ')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn alternatives(kind: char, inside: &[char], depth: usize) -> Result<String, String> {
    let times = match kind {
        '?' => "?",
        '*' => "*",
        '+' => "+",
        '@' => "",
        _ => return Err("`!(…)` is not understood here; exclude by a pattern of its own that begins with `!`".to_owned()),
    };
    let mut parts = vec![Vec::new()];
    let (mut open, mut escaped) = (0_usize, false);
    for &character in inside {
        let is_plain = is_plain(character, &mut escaped);
        match character {
            '(' if is_plain => open += 1,
            ')' if is_plain => open = open.saturating_sub(1),
            '|' if is_plain && open == 0 => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    let parts: Result<Vec<String>, String> = parts.iter().map(|inside| part(inside, depth + 1)).collect();
    Ok(format!("(?:{}){times}", parts?.join("|")))
}

/// Whether no backslash stands before this character of a text that is read from its beginning.
fn is_plain(character: char, escaped: &mut bool) -> bool {
    let is_plain = !*escaped;
    *escaped = is_plain && character == '\\';
    is_plain
}

/// The class that begins behind `[`, and its length with the closing bracket. None: the bracket means itself.
fn class(rest: &[char]) -> Option<(String, usize)> {
    let mut at = 0;
    let negated = matches!(rest.first(), Some('!' | '^'));
    at += usize::from(negated);
    let mut inside = String::new();
    let start = at;
    loop {
        let character = *rest.get(at)?;
        at += 1;
        match character {
            ']' if at > start + 1 => break,
            '[' if rest.get(at) == Some(&':') => {
                let name: String = rest.get(at + 1..)?.iter().take_while(|next| next.is_ascii_lowercase()).collect();
                let end = at + 1 + name.len();
                if rest.get(end..end + 2) != Some(&[':', ']']) || !POSIX.contains(&name.as_str()) {
                    return None;
                }
                inside.push_str(&format!("[:{name}:]"));
                at = end + 2;
            }
            '\\' => {
                literal(&mut inside, *rest.get(at)?);
                at += 1;
            }
            '-' if at > start + 1 && rest.get(at).is_some_and(|next| *next != ']') => inside.push('-'),
            character => literal(&mut inside, character),
        }
    }
    let class = if negated { format!("[^/{inside}]") } else { format!("[{inside}]") };
    // A range that runs backwards matches nothing; the bracket means itself then.
    Regex::new(&class).is_ok().then_some((class, at))
}

const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word", "xdigit",
];

fn literal(expression: &mut String, character: char) {
    if character.is_ascii_alphanumeric() || character == '_' || !character.is_ascii() {
        expression.push(character);
    } else {
        // Every ASCII sign may be escaped by its code.
        let _written = write!(expression, "\\x{{{:x}}}", u32::from(character));
    }
}

/// The patterns that one with braces stands for: `a.{js,ts}`, `{1..3}`, in each other too. `{a}` means itself.
fn braces(pattern: &str) -> Result<Vec<String>, String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.chars().collect::<Vec<char>>()];
    while let Some(text) = waiting.pop() {
        if done.len() + waiting.len() > MAX_ALTERNATIVES {
            return Err(format!("its braces stand for more than {MAX_ALTERNATIVES} patterns"));
        }
        match first_braces(&text) {
            None => done.push(text.into_iter().collect()),
            Some((before, choices, after)) => {
                if choices.len() > MAX_ALTERNATIVES {
                    return Err(format!("its braces stand for more than {MAX_ALTERNATIVES} patterns"));
                }
                waiting.extend(choices.into_iter().map(|choice| [before, choice.as_slice(), after].concat()));
            }
        }
    }
    Ok(done)
}

/// What is before braces, what they let choose, what is behind them.
type Braces<'a> = (&'a [char], Vec<Vec<char>>, &'a [char]);

/// The first braces with something to choose.
fn first_braces(text: &[char]) -> Option<Braces<'_>> {
    let mut escaped = false;
    for (begin, &character) in text.iter().enumerate() {
        if !is_plain(character, &mut escaped) || character != '{' {
            continue;
        }
        if begin.checked_sub(1).and_then(|before| text.get(before)) == Some(&'$') {
            continue;
        }
        let Some((choices, end)) = choices(text.get(begin + 1..)?) else { continue };
        return Some((text.get(..begin)?, choices, text.get(begin + 1 + end..)?));
    }
    None
}

/// The choices of braces that have begun, and where they end; None when they do not, or when there is no choice.
fn choices(text: &[char]) -> Option<(Vec<Vec<char>>, usize)> {
    let mut choices = vec![Vec::new()];
    let (mut open, mut escaped) = (0_usize, false);
    for (at, &character) in text.iter().enumerate() {
        let is_plain = is_plain(character, &mut escaped);
        match character {
            '{' if is_plain => open += 1,
            '}' if is_plain && open == 0 => {
                let range = if choices.len() == 1 { choices.first().and_then(|only| range(only)) } else { Some(choices) };
                return range.map(|choices| (choices, at + 1));
            }
            '}' if is_plain => open -= 1,
            ',' if is_plain && open == 0 => {
                choices.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(choice) = choices.last_mut() {
            choice.push(character);
        }
    }
    None
}

/// `1..3` and `a..c`.
fn range(text: &[char]) -> Option<Vec<Vec<char>>> {
    let text: String = text.iter().collect();
    let (first, last) = text.split_once("..")?;
    if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>()) {
        let (least, most) = (first.min(last), first.max(last));
        return Some((least..=most).take(MAX_ALTERNATIVES + 1).map(|number| number.to_string().chars().collect()).collect());
    }
    let letter = |text: &str| Some(text.chars().next()?).filter(|letter| text.len() == 1 && letter.is_ascii_alphabetic());
    let (first, last) = (letter(first)?, letter(last)?);
    Some((first.min(last)..=first.max(last)).map(|letter| vec![letter]).collect())
}

#[cfg(test)]
mod tests;
