//! The suggestion in a finding's own comment.

/// The text of the suggestion block, without its last line ending. None: there is none, or more than one.
pub fn suggestion_in(comment: &str) -> Option<String> {
    let mut lines = comment.lines();
    let mut found: Option<Vec<&str>> = None;
    while let Some(line) = lines.next() {
        if line.trim_end() != "```suggestion" {
            continue;
        }
        // Checked when it was made: no fence stands inside.
        let mut inside = Vec::new();
        let mut is_closed = false;
        for line in lines.by_ref() {
            if line.trim_end() == "```" {
                is_closed = true;
                break;
            }
            inside.push(line.trim_end_matches('\r'));
        }
        if !is_closed || found.is_some() {
            return None;
        }
        found = Some(inside);
    }
    found.map(|lines| lines.join("\n"))
}
