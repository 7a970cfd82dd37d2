//! A diff without secrets, line by line as its texts have them.

use super::{Redactor, has_placeholder};
use crate::diff::{DiffBody, FileDiff, HunkLine, text_lines};

impl Redactor {
    /// The diff with the lines of `base` and `head`, which are the whole texts of its two sides, already redacted: a line in
    /// the middle of a private key is a secret only beside the others. Lines of a text that is not known are redacted by
    /// themselves.
    pub fn redact_diff(&self, mut diff: FileDiff, base: Option<&str>, head: Option<&str>) -> FileDiff {
        let lines = |text: Option<&'_ str>| text.map(|text| text_lines(text).map(str::to_owned).collect::<Vec<_>>());
        let (base, head) = (lines(base), lines(head));
        let DiffBody::Text(hunks) = &mut diff.body else { return diff };
        for hunk in hunks {
            hunk.section = self.redact(&hunk.section).text.into_owned();
            for line in &mut hunk.lines {
                self.redact_line(line, base.as_deref(), head.as_deref());
            }
        }
        diff
    }

    fn redact_line(&self, line: &mut HunkLine, base: Option<&[String]>, head: Option<&[String]>) {
        let (text, number) = if line.new_line.is_some() { (head, line.new_line) } else { (base, line.old_line) };
        let known = number.and_then(|number| text?.get(usize::try_from(number).ok()?.checked_sub(1)?));
        match known {
            // What the text has otherwise than the patch (bytes that are no UTF-8) stays as the patch has it.
            Some(known) if has_placeholder(known) => line.text.clone_from(known),
            Some(_) => {}
            None => line.text = self.redact(&line.text).text.into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        diff::parse_patch,
        redaction::{Redactor, has_placeholder},
    };

    /// A line of a key, as random as one.
    fn row(number: usize) -> String {
        let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
        (0..64).map(|column| alphabet[(number * 37 + column * column * 7 + column * 11) % 64]).collect()
    }

    /// A key is put together here, so that no scanner takes this file for a leak.
    fn key() -> String {
        let (begin, end) = (format!("-----BEGIN {} KEY-----", "PRIVATE"), format!("-----END {} KEY-----", "PRIVATE"));
        let lines: Vec<String> = (0..6).map(row).collect();
        format!("{begin}\n{}\n{end}\n", lines.join("\n"))
    }

    #[test]
    fn a_hunk_from_the_middle_of_a_key_shows_nothing_of_it() {
        let (base, redactor) = (key(), Redactor::new(b"salt", &[]));
        let mut lines: Vec<&str> = base.lines().collect();
        let changed = row(9);
        let (removed, above, below) = (lines[3], lines[2], lines[4]);
        let patch = format!(
            "diff --git a/keys.txt b/keys.txt\nindex 1111111..2222222 100644\n--- a/keys.txt\n+++ b/keys.txt\n\
             @@ -3,3 +3,3 @@\n {above}\n-{removed}\n+{changed}\n {below}\n"
        );
        let diff = parse_patch(patch.as_bytes()).unwrap().remove(0);
        lines[3] = &changed;
        let head = lines.join("\n");
        let (base, head) = (redactor.redact(&base).text.into_owned(), redactor.redact(&head).text.into_owned());
        let shown = redactor.redact_diff(diff, Some(&base), Some(&head));
        let texts: Vec<&str> = shown.hunks()[0].lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts.len(), 4);
        assert!(texts.iter().all(|text| has_placeholder(text)), "{texts:#?}");
        assert!(texts.iter().all(|text| !(0..10).any(|number| text.contains(&row(number)))), "{texts:#?}");
    }

    #[test]
    fn lines_without_their_text_are_redacted_by_themselves_and_others_keep_their_bytes() {
        let token = format!("{}{}", "ghp_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let patch = format!(
            "diff --git a/a.py b/a.py\nindex 1111111..2222222 100644\n--- a/a.py\n+++ b/a.py\n\
             @@ -1,2 +1,2 @@\n first\n-call(\"{token}\")\n+call(read())\n"
        );
        let diff = parse_patch(patch.as_bytes()).unwrap().remove(0);
        let shown = Redactor::new(b"salt", &[]).redact_diff(diff.clone(), None, Some("first\ncall(read())\n"));
        let lines = &shown.hunks()[0].lines;
        assert!(lines[1].text.starts_with("call(\"[redacted:") && !lines[1].text.contains(&token), "{}", lines[1].text);
        assert_eq!((&lines[0], &lines[2]), (&diff.hunks()[0].lines[0], &diff.hunks()[0].lines[2]));
    }
}
