//! Candidates that one fix would settle belong together.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use super::{DropReason, Dropped, Finding, words};

/// Ranges at most this many lines apart are about the same place.
pub(super) const NEAR_LINES: u32 = 3;
/// Names that two findings of one file and category must share to be about the same matter.
const SHARED_IDENTIFIERS: usize = 2;

/// Findings about the same matter; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The one that speaks for all: highest severity, then the most evidence, then the smallest range.
    pub lead: Finding,
    pub others: Vec<Finding>,
}

/// Groups by place and shared identifiers. The others of a cluster are returned as `Duplicate`, and the lead carries
/// the number of votes. Clusters come in file order, whatever the order of the findings.
pub fn cluster(findings: Vec<Finding>) -> (Vec<Cluster>, Vec<Dropped>) {
    let names: Vec<BTreeSet<String>> =
        findings.iter().map(|finding| words::identifiers(&finding.claim, &finding.quoted_line)).collect();
    // `group[i]` is the smallest index of the group that `i` belongs to.
    let mut group: Vec<usize> = (0..findings.len()).collect();
    for (index, (finding, its_names)) in findings.iter().zip(&names).enumerate() {
        for (earlier, (other, other_names)) in findings.iter().zip(&names).enumerate().take(index) {
            if same_matter(finding, its_names, other, other_names) {
                join(&mut group, index, earlier);
            }
        }
    }

    let mut groups: BTreeMap<usize, Vec<Finding>> = BTreeMap::new();
    for (finding, root) in findings.into_iter().zip(group) {
        groups.entry(root).or_default().push(finding);
    }
    let mut clusters: Vec<Cluster> = groups.into_values().filter_map(into_cluster).collect();
    clusters.sort_by(|one, other| place(&one.lead).cmp(&place(&other.lead)));
    let dropped = clusters
        .iter()
        .flat_map(|cluster| {
            let lead = format!("same matter as {:?} at {}:{}", cluster.lead.claim, cluster.lead.path, cluster.lead.lines.first);
            cluster.others.iter().map(move |other| Dropped::of(other.clone(), DropReason::Duplicate, lead.clone()))
        })
        .collect();
    (clusters, dropped)
}

fn same_matter(one: &Finding, its_names: &BTreeSet<String>, other: &Finding, other_names: &BTreeSet<String>) -> bool {
    if one.path != other.path {
        return false;
    }
    let same_place = one.side == other.side && one.lines.distance(other.lines) <= NEAR_LINES;
    same_place || one.category == other.category && words::shared(its_names, other_names) >= SHARED_IDENTIFIERS
}

/// Both whole groups get the smaller number of the two.
fn join(group: &mut [usize], one: usize, other: usize) {
    let (Some(&one), Some(&other)) = (group.get(one), group.get(other)) else { return };
    let (from, to) = (one.max(other), one.min(other));
    group.iter_mut().filter(|root| **root == from).for_each(|root| *root = to);
}

fn into_cluster(mut findings: Vec<Finding>) -> Option<Cluster> {
    findings.sort_by(|one, other| precedence(one).cmp(&precedence(other)));
    let votes = findings.iter().fold(0u32, |votes, finding| votes.saturating_add(finding.votes.max(1)));
    let mut findings = findings.into_iter();
    let mut lead = findings.next()?;
    lead.votes = votes;
    Some(Cluster { lead, others: findings.collect() })
}

/// Smaller is better; the end of it only makes the choice the same for every order of the candidates.
fn precedence(finding: &Finding) -> impl Ord + '_ {
    let strength = (Reverse(finding.severity), Reverse(finding.evidence.len()), finding.lines.len());
    (strength, finding.lines, finding.claim.as_str(), finding.scenario.as_str())
}

pub(super) fn place(finding: &Finding) -> impl Ord + '_ {
    (finding.path.as_str(), finding.lines, finding.side, finding.claim.as_str())
}

#[cfg(test)]
mod tests;
