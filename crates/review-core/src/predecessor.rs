//! What the commercial product leaves on a pull request, read where a team changes over to this agent in the middle of a review.
//!
//! Texts count only in comments of our own identity, as ours do: a team that changes over keeps its user and its token. What
//! others wrote cannot be edited by us, and anybody may write such markers.
//!
//! Source of the markers: comments of the product in public repositories (lightspeedwp/coderabbit and others, 2025 and 2026), and its
//! open predecessor coderabbitai/ai-pr-reviewer, `src/commenter.ts`.

/// Begins the one comment about the whole pull request.
const WALKTHROUGH: &str = "<!-- This is an auto-generated comment: summarize by coderabbit.ai -->";
/// Ends a comment about a line.
const FINDINGS: [&str; 2] =
    ["<!-- This is an auto-generated comment by CodeRabbit -->", "<!-- This is an auto-generated comment by OSS -->"];
/// Around the part of the description that it wrote.
const SUMMARY: (&str, &str) = (
    "<!-- This is an auto-generated comment: release notes by coderabbit.ai -->",
    "<!-- end of auto-generated comment: release notes by coderabbit.ai -->",
);

/// Begins the marker of every comment that it writes, answers included.
const WRITTEN: &str = "<!-- This is an auto-generated ";

/// Of a claim that is remembered.
const MAX_CLAIM_CHARS: usize = 500;

/// Whether the comment is the product's walkthrough.
pub(crate) fn is_walkthrough(content: &str) -> bool {
    content.contains(WALKTHROUGH)
}

/// Whether the product wrote the comment.
pub(crate) fn is_written_by(content: &str) -> bool {
    content.contains(WRITTEN)
}

/// What a comment of the product claims: its first bold line. None: it is no finding of the product.
pub(crate) fn claim(content: &str) -> Option<String> {
    if !FINDINGS.iter().any(|marker| content.contains(marker)) {
        return None;
    }
    let bold = |line: &str| Some(line.trim().strip_prefix("**")?.strip_suffix("**")?.trim().to_owned());
    Some(content.lines().find_map(bold).unwrap_or_default().chars().take(MAX_CLAIM_CHARS).collect())
}

/// The text before and after the part of a description that the product wrote.
pub(crate) fn around_summary(description: &str) -> Option<(&str, &str)> {
    let (before, rest) = description.split_once(SUMMARY.0)?;
    let (_, after) = rest.split_once(SUMMARY.1)?;
    Some((before, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_product_wrote_is_known_by_its_markers_alone() {
        let finding = "_⚠️ Potential issue_ | _🟠 Major_\n\n**The index is one past the end.**\n\nMore.\n\n<!-- fingerprinting:phantom:medusa -->\n\n<!-- This is an auto-generated comment by CodeRabbit -->";
        assert_eq!(claim(finding).as_deref(), Some("The index is one past the end."));
        assert_eq!(claim("**The index is one past the end.**"), None, "anybody may write so");
        assert_eq!(claim("<!-- This is an auto-generated comment by CodeRabbit -->").as_deref(), Some(""));
        assert!(is_walkthrough(&format!("{WALKTHROUGH}\n<!-- walkthrough_start -->\n## Walkthrough")));
        assert!(!is_walkthrough("## Walkthrough") && !is_walkthrough(finding));
        let (begin, end) = SUMMARY;
        assert_eq!(around_summary(&format!("a {begin} b {end} c")), Some(("a ", " c")));
        assert_eq!(around_summary(&format!("a {end} b {begin} c")), None);
    }
}
