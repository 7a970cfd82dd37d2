//! The identity of a finding.

use sha2::{Digest, Sha256};

use super::{Finding, Fingerprint};

/// Hexadecimal digits of the hash that are kept: enough for one pull request, short enough to read aloud.
const DIGITS: usize = 20;

/// See [`Fingerprint`].
pub fn fingerprint(finding: &Finding) -> Fingerprint {
    let mut hash = Sha256::new();
    let (line, claim) = (essence(&finding.quoted_line), essence(&finding.claim));
    for part in [finding.path.as_str(), finding.category.key(), &line, &claim] {
        // The length keeps neighbours apart: ("ab", "c") is not ("a", "bc").
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    Fingerprint(hex::encode(hash.finalize()).chars().take(DIGITS).collect())
}

/// Without case, digits and space, which change with line numbers, formatting and a model's mood.
fn essence(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && !character.is_numeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use crate::finding::{Category, fingerprint, test_support::finding};

    #[test]
    fn it_survives_reformatting_and_a_shifted_line() {
        let one = finding("src/a.rs", 10, 10, "The total of line 10 overflows.");
        let mut other = finding("src/a.rs", 14, 15, "the Total of  line 14 overflows.");
        other.quoted_line = format!("    {}", one.quoted_line.to_uppercase());
        assert_eq!(fingerprint(&one), fingerprint(&other));
        assert_eq!(fingerprint(&one).0.len(), 20);
        assert!(fingerprint(&one).0.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn path_category_line_and_claim_each_make_it_another() {
        let one = finding("src/a.rs", 10, 10, "The total overflows.");
        let mut by_path = one.clone();
        by_path.path = "src/b.rs".to_owned();
        let mut by_category = one.clone();
        by_category.category = Category::Security;
        let mut by_line = one.clone();
        by_line.quoted_line = "let sum = a + b;".to_owned();
        let mut by_claim = one.clone();
        by_claim.claim = "The total is not rounded.".to_owned();
        for other in [by_path, by_category, by_line, by_claim] {
            assert_ne!(fingerprint(&one), fingerprint(&other));
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let mut one = finding("a", 1, 1, "bc");
        one.quoted_line = "x".to_owned();
        let mut other = finding("a", 1, 1, "c");
        other.quoted_line = "xb".to_owned();
        assert_ne!(fingerprint(&one), fingerprint(&other));
    }
}
