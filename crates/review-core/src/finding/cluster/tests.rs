use proptest::prelude::*;

use crate::finding::{
    Category, DropReason, Severity, cluster,
    test_support::{evidence, finding},
};

#[test]
fn neighbours_are_one_matter_and_the_votes_add_up() {
    let one = finding("src/a.rs", 10, 12, "The total overflows.");
    let mut other = finding("src/a.rs", 15, 15, "Multiplication may wrap around.");
    (other.severity, other.votes) = (Severity::Critical, 2);
    let mut apart = finding("src/a.rs", 40, 40, "The file is never closed.");
    apart.quoted_line = "let file = open(path)?;".to_owned();

    let (clusters, dropped) = cluster(vec![one.clone(), apart.clone(), other.clone()]);

    assert_eq!(clusters.len(), 2);
    assert_eq!((clusters[0].lead.claim.as_str(), clusters[0].lead.votes), (other.claim.as_str(), 3));
    assert_eq!(clusters[0].others, std::slice::from_ref(&one));
    assert_eq!((clusters[1].lead.clone(), clusters[1].others.len()), (apart, 0));
    assert_eq!(dropped.len(), 1);
    assert_eq!((dropped[0].finding.as_ref(), dropped[0].reason), (Some(&one), DropReason::Duplicate));
    assert!(dropped[0].detail.contains("Multiplication may wrap around."), "{}", dropped[0].detail);
}

#[test]
fn shared_names_join_distant_lines_of_one_category() {
    let mut one = finding("src/a.rs", 10, 10, "`apply_discount` may return a negative `order_total`.");
    one.quoted_line = "return base - discount;".to_owned();
    let mut other = finding("src/a.rs", 90, 90, "The order_total that apply_discount gives is not checked.");
    other.quoted_line = "save(total);".to_owned();
    assert_eq!(cluster(vec![one.clone(), other.clone()]).0.len(), 1);

    other.category = Category::Security;
    assert_eq!(cluster(vec![one.clone(), other.clone()]).0.len(), 2);
    other.category = one.category;
    other.path = "src/b.rs".to_owned();
    assert_eq!(cluster(vec![one, other]).0.len(), 2);
}

#[test]
fn common_words_join_nothing() {
    let mut one = finding("src/a.rs", 10, 10, "This function returns the wrong value.");
    one.quoted_line = "return self.value;".to_owned();
    let mut other = finding("src/a.rs", 90, 90, "This function does not handle the null value.");
    other.quoted_line = "return self.none;".to_owned();
    assert_eq!(cluster(vec![one, other]).0.len(), 2);
}

#[test]
fn a_chain_is_one_cluster_whatever_the_order() {
    let chain = [10, 13, 16, 19].map(|line| finding("src/a.rs", line, line, &format!("claim of {line}")));
    let mut shuffled = vec![chain[2].clone(), chain[0].clone(), chain[3].clone(), chain[1].clone()];
    let (clusters, dropped) = cluster(shuffled.clone());
    assert_eq!((clusters.len(), dropped.len()), (1, 3));
    shuffled.reverse();
    assert_eq!(cluster(shuffled), (clusters, dropped));
}

#[test]
fn more_evidence_and_then_the_smaller_range_lead() {
    let wide = finding("a", 10, 20, "wide");
    let narrow = finding("a", 11, 11, "narrow");
    assert_eq!(cluster(vec![wide.clone(), narrow.clone()]).0[0].lead.claim, "narrow");
    let mut proven = wide;
    proven.evidence = vec![evidence("b", 1)];
    assert_eq!(cluster(vec![proven, narrow]).0[0].lead.claim, "wide");
}

proptest! {
    #[test]
    fn every_finding_ends_in_exactly_one_place(lines in proptest::collection::vec((0u8..3, 1u32..60, 0u32..5), 0..20)) {
        let findings: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(index, (file, first, length))| finding(&format!("f{file}"), *first, first + length, &format!("claim{index}")))
            .collect();
        let (clusters, dropped) = cluster(findings.clone());
        let others: usize = clusters.iter().map(|cluster| cluster.others.len()).sum();
        prop_assert_eq!(clusters.len() + others, findings.len());
        prop_assert_eq!(others, dropped.len());
        let votes: u32 = clusters.iter().map(|cluster| cluster.lead.votes).sum();
        prop_assert_eq!(votes as usize, findings.len());

        let (again, nothing) = cluster(clusters.into_iter().map(|cluster| cluster.lead).collect());
        prop_assert!(again.len() + nothing.len() <= findings.len());
    }
}
