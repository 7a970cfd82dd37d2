use super::{is_about_secret, secrets, standing_secret};
use crate::{
    diff::FileDiff,
    finding::{
        Category, Finding, FindingMemory, Severity, StandingFinding, fingerprint,
        test_support::{file_diff, finding},
    },
    pull_request::{Anchor, LineRange, Side, ThreadStatus},
    redaction::Redactor,
    render::finding_comment,
    scope::path_filters,
};

/// Put together here, so that no scanner takes this file for a leak.
fn token() -> String {
    format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
}

fn key_row(number: usize) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    (0..64).map(|column| alphabet[(number * 37 + column * column * 7 + column * 11) % 64]).collect()
}

fn found(files: &[FileDiff]) -> Vec<Finding> {
    found_by(&Redactor::new(b"salt", &[]), files)
}

fn found_by(redactor: &Redactor, files: &[FileDiff]) -> Vec<Finding> {
    secrets(files, redactor, &path_filters(&["!fixtures/**".to_owned()])).into_iter().map(|secret| secret.finding).collect()
}

#[test]
fn a_secret_in_an_added_line_is_a_critical_finding_that_does_not_hold_it() {
    let line = format!("+    é = \"{}\"", token());
    let diff = file_diff("src/deploy.py", 4, 4, &[" def deploy():", &line, " done()"]);
    let secret = secrets(&[diff], &Redactor::new(b"salt", &[]), &path_filters(&[])).remove(0);
    let finding = secret.finding;
    assert_eq!((finding.lines, finding.side), (LineRange::new(5, 5), Side::Right));
    assert_eq!((finding.severity, finding.category), (Severity::Critical, Category::Security));
    assert_eq!(finding.claim, "A secret is committed on this line (`github-token`).");
    assert!(finding.quoted_line.starts_with("é = \"[redacted:github-token:"), "{}", finding.quoted_line);
    assert_eq!(secret.last_line_utf16, 4 + 5 + 40 + 1);
    let comment = finding_comment(&finding, &fingerprint(&finding), true);
    assert!(!comment.contains(&token()) && comment.contains("[redacted:github-token:"), "{comment}");
}

#[test]
fn what_stood_there_before_was_removed_or_is_left_out_by_its_path_is_no_finding() {
    let (stands, removed, added) = (format!(" {}", token()), format!("-{}", token()), format!("+{}", token()));
    assert_eq!(found(&[file_diff("a.py", 1, 1, &[&stands, &removed, "+clean = 1"])]), []);
    for path in ["node_modules/x/a.js", "package-lock.json", "fixtures/a.py"] {
        assert_eq!(found(&[file_diff(path, 1, 1, &[&added])]), [], "{path}");
    }
    for path in [".env", "src/a.g.cs", "data.csv", "certs/server.key"] {
        assert_eq!(found(&[file_diff(path, 1, 1, &[&added])]).len(), 1, "{path}");
    }
}

#[test]
fn a_placeholder_that_an_author_wrote_is_no_secret() {
    let imitated = "+token = \"[redacted:github-token:0a1b2c]\"";
    assert_eq!(found(&[file_diff("a.py", 1, 1, &[imitated])]), []);
    let beside = format!("{imitated}  # {}", token());
    assert_eq!(found(&[file_diff("a.py", 1, 1, &[&beside])]).len(), 1);
}

#[test]
fn the_lines_of_a_key_are_one_finding_also_when_only_its_middle_is_new() {
    let (begin, end) = (format!("-----BEGIN {} KEY-----", "PRIVATE"), format!("-----END {} KEY-----", "PRIVATE"));
    let whole: Vec<String> =
        [begin.clone()].into_iter().chain((0..6).map(key_row)).chain([end.clone()]).map(|line| format!("+{line}")).collect();
    let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
    let findings = found(&[file_diff("notes.txt", 0, 1, &whole)]);
    assert_eq!(findings.iter().map(|finding| finding.lines.first).collect::<Vec<_>>(), [2]);

    let rows: Vec<String> = (0..6).map(key_row).collect();
    let (old, new) = (format!("-{}", rows[3]), format!("+{}", key_row(9)));
    let around: Vec<String> = [&begin, &rows[0], &rows[1], &rows[2]].iter().map(|line| format!(" {line}")).collect();
    let after: Vec<String> = [&rows[4], &rows[5], &end].iter().map(|line| format!(" {line}")).collect();
    let mut lines: Vec<&str> = around.iter().map(String::as_str).collect();
    lines.extend([old.as_str(), new.as_str()]);
    lines.extend(after.iter().map(String::as_str));
    let findings = found(&[file_diff("notes.txt", 1, 1, &lines)]);
    assert_eq!(findings.iter().map(|finding| finding.lines.first).collect::<Vec<_>>(), [5]);
}

#[test]
fn one_secret_in_several_places_is_one_finding_and_two_are_two() {
    let (one, other) = (token(), token().replace("a1B2", "z9Y8"));
    let lines = [format!("+first = \"{one}\""), format!("+second = \"{other}\""), format!("+again = \"{one}\"")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let findings = found(&[file_diff("a.py", 0, 1, &lines), file_diff("b.py", 0, 1, &lines[..1])]);
    let places: Vec<_> = findings.iter().map(|finding| (finding.path.as_str(), finding.lines.first)).collect();
    assert_eq!(places, [("a.py", 1), ("a.py", 2)]);
    let also: Vec<_> = findings[0].evidence.iter().map(|place| (place.path.as_str(), place.line)).collect();
    assert_eq!(also, [("a.py", 3), ("b.py", 1)]);
}

#[test]
fn no_guess_of_the_operators_own_secrets_is_confirmed() {
    let redactor = Redactor::new(b"salt", &["correct horse battery", &token()]);
    let guess = "+guess(\"correct horse battery\")";
    assert_eq!(found_by(&redactor, &[file_diff("a.py", 0, 1, &[guess])]), []);
    let leaked = format!("+{}", token());
    let findings = found_by(&redactor, &[file_diff("a.py", 0, 1, &[&leaked])]);
    assert_eq!(findings.len(), 1, "what anybody can see to be a token is one");
    assert!(findings[0].claim.contains("`github-token`"), "{}", findings[0].claim);
}

#[test]
fn only_a_thread_about_the_same_secret_keeps_it_from_being_told() {
    let line = format!("+{}", token());
    let secret = found(&[file_diff("a.py", 0, 1, &[&line])]).remove(0);
    let memory = FindingMemory::of(&secret);
    let thread = |path: &str, quoted_line: &str, claim: &str| StandingFinding {
        thread: 7,
        status: ThreadStatus::WontFix,
        is_deleted: false,
        is_resolved_by_us: false,
        fingerprint: fingerprint(&finding(path, 1, 1, claim)),
        anchor: Some(Anchor { path: path.to_owned(), side: Side::Right, lines: secret.lines }),
        iteration: 1,
        category: Category::Security,
        quoted_line: quoted_line.to_owned(),
        claim: claim.to_owned(),
        is_predecessors: false,
    };
    for (what, standing, is_told) in [
        ("another claim on its line", thread("a.py", &memory.quoted_line, "The token is fine."), true),
        ("its claim on another line", thread("a.py", "token = 1", &memory.claim), true),
        ("another file", thread("b.py", &memory.quoted_line, &memory.claim), true),
        ("itself", thread("a.py", &memory.quoted_line, &memory.claim), false),
        ("itself, by its identity", StandingFinding { fingerprint: fingerprint(&secret), ..thread("old.py", "", "") }, false),
    ] {
        assert_eq!(standing_secret(&secret, &[standing]).is_none(), is_told, "{what}");
    }
}

#[test]
fn what_a_model_says_of_the_same_secret_is_told_apart_from_another_matter_on_its_line() {
    let line = format!("+{}", token());
    let secret = found(&[file_diff("a.py", 0, 1, &[&line])]).remove(0);
    let mut model = finding("a.py", 1, 2, "The token is written into the code.");
    (model.category, model.quoted_line) = (Category::Security, secret.quoted_line.clone());
    assert!(is_about_secret(&model, &secret));
    let mut injection = model.clone();
    injection.claim = "The name is put into the SQL text.".to_owned();
    let elsewhere = Finding { lines: LineRange::new(9, 9), ..model.clone() };
    let wrong = Finding { category: Category::Correctness, ..model };
    for other in [injection, elsewhere, wrong] {
        assert!(!is_about_secret(&other, &secret), "{other:?}");
    }
}
