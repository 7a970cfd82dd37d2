//! Reads numbered code out of a prompt, the way a model does: tolerantly.

/// A line of code that a prompt shows with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberedLine<'a> {
    pub(super) number: u32,
    /// Without number, marker and surrounding blanks.
    pub(super) text: &'a str,
    /// Marked as removed.
    pub(super) removed: bool,
    /// The unnumbered line above it that names a known path, if any: which of `paths` (the longest that fits).
    pub(super) path: Option<&'a str>,
}

/// All numbered lines of a prompt, each with the last of `paths` that was named in a line without a number.
pub(super) fn numbered_lines<'a>(prompt: &'a str, paths: &[&'a str]) -> Vec<NumberedLine<'a>> {
    let mut current = None;
    let mut lines = Vec::new();
    for line in prompt.lines() {
        if let Some((number, rest)) = leading_number(line) {
            let marker = rest.trim_start_matches([' ', '\t', '|', ':']).chars().next();
            let removed = marker == Some('-');
            let text = rest.trim_start_matches([' ', '\t', '|', ':']);
            let text = if matches!(marker, Some('+' | '-' | '>')) { text.get(1..).unwrap_or_default() } else { text };
            lines.push(NumberedLine { number, text: text.trim(), removed, path: current });
        } else if is_of_base(line) {
            // A line that was removed may well name another file.
        } else if let Some(path) = longest_named(line, paths) {
            current = Some(path);
        }
    }
    lines
}

/// Everything in a prompt that looks like a path with a directory and an extension, in order, once each.
pub(super) fn paths_in(prompt: &str) -> Vec<String> {
    let part_of_path = |character: char| character.is_alphanumeric() || "/_-.".contains(character);
    let mut paths: Vec<String> = Vec::new();
    for line in prompt.lines().filter(|line| leading_number(line).is_none()) {
        for word in line.split(|character| !part_of_path(character)) {
            let word = word.trim_matches(['/', '.']);
            let extension = word.rsplit_once('.').is_some_and(|(name, end)| !name.is_empty() && !end.contains('/'));
            if word.contains('/') && extension && !word.contains("//") && !paths.iter().any(|path| path == word) {
                paths.push(word.to_owned());
            }
        }
    }
    paths
}

/// Whether it is a removed line with its number in the version before the change: `b12 - code`.
fn is_of_base(line: &str) -> bool {
    let number = line.trim_start_matches(['>', ' ', '\t']).strip_prefix('b');
    number.and_then(leading_number).is_some_and(|(_, rest)| rest.trim_start().starts_with('-'))
}

/// The number at the start of the line (after a mark, if there is one), and what follows it; None where no blank or column
/// follows the digits.
fn leading_number(line: &str) -> Option<(u32, &str)> {
    let line = line.trim_start_matches(['>', ' ', '\t']);
    let end = line.find(|character: char| !character.is_ascii_digit()).unwrap_or(line.len());
    let (digits, rest) = line.split_at(end);
    let number = digits.parse().ok()?;
    (rest.is_empty() || rest.starts_with([' ', '\t', '|', ':', '+', '-'])).then_some((number, rest))
}

fn longest_named<'a>(line: &str, paths: &[&'a str]) -> Option<&'a str> {
    paths.iter().filter(|path| line.contains(**path)).max_by_key(|path| path.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::numbered_lines;

    #[test]
    fn a_removed_line_that_names_another_file_does_not_begin_it() {
        let prompt = "path: pipelines.yml\n\n    3   steps:\n   b4 -   - script: ci/test.sh\n    4 +   - script: ci/all.sh\n";
        let lines = numbered_lines(prompt, &["pipelines.yml", "ci/test.sh"]);
        let shown: Vec<_> = lines.iter().map(|line| (line.number, line.text, line.path)).collect();
        assert_eq!(shown, [(3, "steps:", Some("pipelines.yml")), (4, "- script: ci/all.sh", Some("pipelines.yml"))]);
    }
}
