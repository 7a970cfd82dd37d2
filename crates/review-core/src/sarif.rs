//! Findings for tools that read SARIF 2.1.0.

use std::{collections::BTreeMap, fmt::Write};

use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Fix, Location, Message, MultiformatMessageString, PhysicalLocation,
    Region, Replacement, ReportingDescriptor, Result as SarifResult, ResultLevel, Run, Sarif, Tool, ToolComponent,
};

use crate::{
    finding::{Category, Evidence, Finding, Severity, fingerprint},
    pull_request::{LineRange, Side},
};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const TOOL: &str = "coderabbit-agent";

/// A SARIF log of one run.
///
/// One rule for each category. A finding about removed lines has no region: those lines are not in the files that a
/// reader of the log has before them; its message names them.
pub fn sarif(findings: &[Finding], version: &str) -> Sarif {
    let rules: Vec<ReportingDescriptor> = Category::ALL.into_iter().map(rule).collect();
    let driver = ToolComponent::builder().name(TOOL).version(version).rules(rules).build();
    let results: Vec<SarifResult> = findings.iter().map(result).collect();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .results(results)
        .column_kind(serde_json::Value::from("utf16CodeUnits"))
        .build();
    Sarif::builder().schema(SCHEMA).version(serde_json::Value::from("2.1.0")).runs(vec![run]).build()
}

fn rule(category: Category) -> ReportingDescriptor {
    let mut description = category.words().to_owned();
    if let Some(first) = description.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    ReportingDescriptor::builder()
        .id(category.key())
        .short_description(MultiformatMessageString::builder().text(description).build())
        .build()
}

fn result(finding: &Finding) -> SarifResult {
    let rule_index = Category::ALL.into_iter().position(|category| category == finding.category).unwrap_or(0);
    let level = match finding.severity {
        Severity::Critical | Severity::High => ResultLevel::Error,
        Severity::Medium => ResultLevel::Warning,
        Severity::Low => ResultLevel::Note,
    };
    let fingerprints = BTreeMap::from([("coderabbitAgent/v1".to_owned(), fingerprint(finding).0)]);
    let related: Vec<Location> = finding.evidence.iter().map(evidence).collect();
    let place = PhysicalLocation::builder().artifact_location(artifact(&finding.path));
    let place = match finding.side {
        Side::Right => place.region(region(finding.lines, Some(&finding.quoted_line))).build(),
        Side::Left => place.build(),
    };
    let mut result = SarifResult::builder()
        .rule_id(finding.category.key())
        .rule_index(i64::try_from(rule_index).unwrap_or_default())
        .level(level)
        .message(Message::builder().text(message(finding)).build())
        .locations(vec![Location::builder().physical_location(place).build()])
        .partial_fingerprints(fingerprints)
        .build();
    result.related_locations = (!related.is_empty()).then_some(related);
    result.fixes = fix(finding).map(|fix| vec![fix]);
    result
}

fn message(finding: &Finding) -> String {
    let mut text = format!("[{}] {}\n\n{}", finding.severity, finding.claim, finding.scenario);
    if !finding.fix.is_empty() {
        text.push_str("\n\nFix: ");
        text.push_str(&finding.fix);
    }
    if finding.side == Side::Left {
        let (line, quoted) = (finding.lines.first.to_string(), finding.quoted_line.trim());
        text.extend(["\n\nAbout removed line ", &line, ": ", quoted]);
    }
    text
}

fn evidence(place: &Evidence) -> Location {
    let physical = PhysicalLocation::builder()
        .artifact_location(artifact(&place.path))
        .region(region(LineRange::new(place.line, place.line), None))
        .build();
    Location::builder().physical_location(physical).message(Message::builder().text(place.why.as_str()).build()).build()
}

/// Whole lines replaced.
fn fix(finding: &Finding) -> Option<Fix> {
    let suggestion = finding.suggestion.as_ref().filter(|_| finding.side == Side::Right)?;
    let replacement = Replacement::builder()
        .deleted_region(region(finding.lines, None))
        .inserted_content(ArtifactContent::builder().text(suggestion.replacement.as_str()).build())
        .build();
    let change = ArtifactChange::builder().artifact_location(artifact(&finding.path)).replacements(vec![replacement]).build();
    let words = if finding.fix.is_empty() { "Replace the lines." } else { finding.fix.as_str() };
    Some(Fix::builder().artifact_changes(vec![change]).description(Message::builder().text(words).build()).build())
}

fn region(lines: LineRange, snippet: Option<&str>) -> Region {
    let mut region = Region::builder().start_line(i64::from(lines.first)).end_line(i64::from(lines.last)).build();
    region.snippet = snippet.map(|line| ArtifactContent::builder().text(line).build());
    region
}

fn artifact(path: &str) -> ArtifactLocation {
    ArtifactLocation::builder().uri(relative_uri(path)).uri_base_id("%SRCROOT%").build()
}

/// A path as a relative URI reference (RFC 3986); a colon is escaped so that no first part reads as a scheme.
fn relative_uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.trim_start_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            write!(uri, "%{byte:02X}").expect("writing to a text cannot fail");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::sarif;
    use crate::{
        finding::{
            Category, Severity, Suggestion,
            test_support::{evidence, finding},
        },
        pull_request::Side,
    };

    #[test]
    fn a_finding_becomes_a_result_with_rule_level_region_and_fix() {
        let mut planted = finding("src/order totals.rs", 12, 14, "The total overflows.");
        planted.evidence = vec![evidence("src/b.rs", 3)];
        planted.suggestion = Some(Suggestion { replacement: "    let total = 0;".to_owned() });
        let log = serde_json::to_value(sarif(&[planted], "1.2.3")).unwrap();

        assert_eq!(log["version"], "2.1.0");
        assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
        assert_eq!(log["runs"].as_array().unwrap().len(), 1);
        let driver = &log["runs"][0]["tool"]["driver"];
        assert_eq!((&driver["name"], &driver["version"]), (&json!("coderabbit-agent"), &json!("1.2.3")));
        let result = &log["runs"][0]["results"][0];
        assert_eq!(driver["rules"][0]["id"], result["ruleId"]);
        assert_eq!(result["ruleIndex"], 0);
        assert_eq!(result["level"], "error");
        assert!(result["message"]["text"].as_str().unwrap().starts_with("[high] The total overflows.\n\nAn order of"));
        assert_eq!(
            result["locations"],
            json!([{"physicalLocation": {
                "artifactLocation": {"uri": "src/order%20totals.rs", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 12, "endLine": 14, "snippet": {"text": "let total_12 = price * quantity;"}},
            }}])
        );
        assert_eq!(result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 3);
        assert_eq!(result["partialFingerprints"]["coderabbitAgent/v1"].as_str().unwrap().len(), 20);
        assert_eq!(
            result["fixes"][0]["artifactChanges"][0]["replacements"],
            json!([{"deletedRegion": {"startLine": 12, "endLine": 14}, "insertedContent": {"text": "    let total = 0;"}}])
        );
    }

    #[test]
    fn every_category_has_its_rule_and_every_severity_its_level() {
        for (severity, level) in
            [(Severity::Critical, "error"), (Severity::High, "error"), (Severity::Medium, "warning"), (Severity::Low, "note")]
        {
            for category in Category::ALL {
                let mut planted = finding("a.rs", 1, 1, "claim");
                (planted.severity, planted.category) = (severity, category);
                let log = serde_json::to_value(sarif(&[planted], "1")).unwrap();
                let result = &log["runs"][0]["results"][0];
                assert_eq!(result["level"], level);
                let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
                assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
                assert_eq!(result["ruleId"], serde_json::to_value(category).unwrap());
            }
        }
    }

    #[test]
    fn removed_lines_have_no_region_and_no_findings_are_an_empty_list() {
        let mut removed = finding("C:/odd:name.rs", 4, 4, "The lock is no longer released.");
        removed.side = Side::Left;
        removed.suggestion = Some(Suggestion { replacement: "x".to_owned() });
        let log = serde_json::to_value(sarif(&[removed], "1")).unwrap();
        let result = &log["runs"][0]["results"][0];
        assert_eq!(
            result["locations"][0]["physicalLocation"],
            json!({"artifactLocation": {"uri": "C%3A/odd%3Aname.rs", "uriBaseId": "%SRCROOT%"}})
        );
        assert_eq!(result.get("fixes"), None);
        assert!(result["message"]["text"].as_str().unwrap().contains("About removed line 4"));

        let empty = serde_json::to_value(sarif(&[], "1")).unwrap();
        assert_eq!(empty["runs"][0]["results"], json!([]));
    }
}
