use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Addressed, Answer, Candidate, ChatAnswer, FindingsAnswer, ItemAnswer, MAX_CANDIDATES, ResolutionAnswer, SectionsAnswer,
    Verdict, VerdictAnswer, WalkthroughAnswer, strict_schema,
};
use crate::finding::{Category, Severity};

fn whole() -> Value {
    json!({
        "path": "src/a.rs", "start_line": 3, "end_line": 4, "quoted_line": "let x = 1;", "claim": "It is wrong.",
        "scenario": "With x = 1 it fails.", "fix": "Use 2.", "category": "security", "severity": "high",
        "evidence": [{"path": "src/b.rs", "line": 9, "why": "the caller"}], "suggestion": null,
        "learnings": [],
    })
}

fn with(changes: &Value) -> Value {
    let mut candidate = whole();
    for (key, value) in changes.as_object().unwrap() {
        candidate[key] = value.clone();
    }
    candidate
}

fn read(candidate: &Value) -> Candidate {
    let answer: FindingsAnswer = serde_json::from_value(json!({"findings": [candidate]})).unwrap();
    assert_eq!(answer.malformed, 0);
    answer.findings.into_iter().next().unwrap()
}

/// Strict structured output: closed objects, every property required, no references, no keys that servers refuse.
fn assert_strict(schema: &Value) {
    match schema {
        Value::Object(object) => {
            for refused in ["$ref", "$defs", "$schema", "format", "minimum", "maximum"] {
                assert!(!object.contains_key(refused), "{refused} in {schema}");
            }
            if let Some(Value::Object(properties)) = object.get("properties") {
                assert_eq!(object["additionalProperties"], false);
                let required: Vec<&str> = object["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert_eq!(required, properties.keys().map(String::as_str).collect::<Vec<_>>());
            }
            object.values().for_each(assert_strict);
        }
        Value::Array(items) => items.iter().for_each(assert_strict),
        _ => {}
    }
}

fn schema_of<A: Answer>() -> Value {
    let schema = strict_schema::<A>();
    assert_strict(&schema);
    assert!(A::NAME.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    without_descriptions(schema)
}

fn without_descriptions(schema: Value) -> Value {
    match schema {
        Value::Object(object) => Value::Object(
            object
                .into_iter()
                .filter(|(key, value)| key != "description" || value.is_object())
                .map(|(key, value)| (key, without_descriptions(value)))
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(without_descriptions).collect(),
        other => other,
    }
}

fn severities() -> Value {
    json!({"type": "string", "enum": ["low", "medium", "high", "critical"]})
}

#[test]
fn the_schema_of_findings_is_strict() {
    let text = json!({"type": "string"});
    let line = json!({"type": "integer"});
    assert_eq!(
        schema_of::<FindingsAnswer>(),
        json!({
            "type": "object",
            "properties": {"findings": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "path": text, "start_line": line, "end_line": line, "quoted_line": text, "claim": text, "scenario": text,
                    "fix": text,
                    "category": {"type": "string", "enum": [
                        "correctness", "security", "concurrency", "resource_leak", "error_handling", "data_integrity",
                        "api_contract", "performance", "test", "maintainability",
                    ]},
                    "severity": severities(),
                    "evidence": {"type": "array", "items": {
                        "type": "object",
                        "properties": {"path": text, "line": line, "why": text},
                        "required": ["path", "line", "why"], "additionalProperties": false,
                    }},
                    "suggestion": {"type": ["string", "null"]},
                    "learnings": {"type": "array", "items": line},
                },
                "required": [
                    "path", "start_line", "end_line", "quoted_line", "claim", "scenario", "fix", "category", "severity",
                    "evidence", "suggestion", "learnings",
                ],
                "additionalProperties": false,
            }}},
            "required": ["findings"], "additionalProperties": false,
        })
    );
}

#[test]
fn an_answer_to_talk_is_read_as_far_as_it_can_be() {
    let schema = schema_of::<ChatAnswer>();
    assert_eq!(schema["properties"]["create_item"]["required"], json!(["title", "description"]));
    assert_eq!(schema["required"].as_array().map(Vec::len), Some(6));
    let read = |value: Value| serde_json::from_value::<ChatAnswer>(value).unwrap();
    assert_eq!(read(json!({})), ChatAnswer::default(), "nothing needs to be said");
    let answer =
        read(json!({"reply": null, "accepts": "yes", "learning": null, "learnings_used": ["x", 2], "create_item": null}));
    assert_eq!((answer.accepts, answer.learnings_used, answer.create_item), (true, vec![2], ItemAnswer::default()));
}

#[test]
fn the_other_schemas_are_strict() {
    let text = json!({"type": "string"});
    let flag = json!({"type": "boolean"});
    assert_eq!(
        schema_of::<VerdictAnswer>(),
        json!({
            "type": "object",
            "properties": {
                "reasoning": text, "verdict": {"type": "string", "enum": ["confirmed", "refuted", "cannot_tell"]},
                "existed_before": flag, "worth_changing": flag, "severity": severities(), "suggestion_settles": flag,
            },
            "required": ["reasoning", "verdict", "existed_before", "worth_changing", "severity", "suggestion_settles"],
            "additionalProperties": false,
        })
    );
    assert_eq!(
        schema_of::<WalkthroughAnswer>(),
        json!({
            "type": "object",
            "properties": {"summary": text, "cohorts": {"type": "array", "items": {
                "type": "object",
                "properties": {"title": text, "paths": {"type": "array", "items": text}, "summary": text},
                "required": ["title", "paths", "summary"], "additionalProperties": false,
            }}, "sections": sections_schema()},
            "required": ["summary", "cohorts", "sections"], "additionalProperties": false,
        })
    );
    assert_eq!(
        schema_of::<ResolutionAnswer>(),
        json!({
            "type": "object", "properties": {"reasoning": text, "fixed": flag},
            "required": ["reasoning", "fixed"], "additionalProperties": false,
        })
    );
}

fn sections_schema() -> Value {
    let (text, number) = (json!({"type": "string"}), json!({"type": "integer"}));
    let object = |properties: &[(&str, &Value)]| {
        let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
        let properties: serde_json::Map<String, Value> =
            properties.iter().map(|(name, schema)| ((*name).to_owned(), (*schema).clone())).collect();
        json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
    };
    let list = |properties: &[(&str, &Value)]| json!({"type": "array", "items": object(properties)});
    let addressed = json!({"type": "string", "enum": ["yes", "no", "unclear"]});
    object(&[
        ("diagrams", &list(&[("title", &text), ("mermaid", &text)])),
        ("effort", &object(&[("complexity", &number), ("minutes", &number)])),
        ("objectives", &list(&[("work_item", &text), ("objective", &text), ("addressed", &addressed), ("explanation", &text)])),
        ("out_of_scope", &list(&[("path", &text), ("change", &text)])),
        ("labels", &list(&[("label", &text), ("reason", &text)])),
        ("reviewers", &list(&[("reviewer", &text), ("reason", &text)])),
        ("poem", &text),
        ("release_notes", &text),
        ("title", &text),
    ])
}

#[test]
fn a_section_that_cannot_be_read_costs_only_itself() {
    let sections = json!({
        "diagrams": [{"title": 3, "mermaid": "sequenceDiagram"}, {"title": "no text"}, "prose"],
        "effort": "about an hour",
        "objectives": [
            {"work_item": "12", "objective": "Totals", "addressed": "Fully"},
            {"work_item": 12, "objective": "Taxes", "addressed": "maybe", "explanation": null},
            {"work_item": {"id": 12}, "objective": "Lost"},
        ],
        "out_of_scope": {"change": "Renames a file"},
        "labels": null,
        "reviewers": [{"reviewer": "Ann", "reason": {"deep": 1}}],
        "poem": ["Roses", "are red"],
        "release_notes": 7,
        "title": null,
    });
    let answer: WalkthroughAnswer = serde_json::from_value(json!({"summary": "s", "sections": sections})).unwrap();
    let SectionsAnswer { diagrams, effort, objectives, out_of_scope, labels, reviewers, poem, release_notes, title } =
        answer.sections;
    assert_eq!((diagrams.len(), diagrams[0].title.as_str()), (1, "3"));
    assert_eq!((effort.complexity, effort.minutes), (0, 0));
    let addressed: Vec<Addressed> = objectives.iter().map(|asked| asked.addressed).collect();
    assert_eq!(addressed, [Addressed::Yes, Addressed::Unclear]);
    assert_eq!((out_of_scope[0].change.as_str(), labels.len(), reviewers[0].reason.as_str()), ("Renames a file", 0, ""));
    assert_eq!((poem.as_str(), release_notes.as_str(), title.as_str()), ("Roses\nare red", "7", ""));
    for wrong in [json!(null), json!([]), json!("prose"), json!({"effort": {"complexity": -1, "minutes": 1.5}})] {
        let answer: WalkthroughAnswer = serde_json::from_value(json!({"summary": "s", "sections": wrong})).unwrap();
        assert_eq!(answer.sections, SectionsAnswer::default());
    }
}

#[test]
fn the_reasoning_stands_before_the_verdict() {
    let schema = strict_schema::<VerdictAnswer>().to_string();
    assert!(schema.find("\"reasoning\"").unwrap() < schema.find("\"verdict\"").unwrap());
}

#[test]
fn an_answer_in_the_form_of_the_schema_is_read_and_written_as_it_is() {
    let candidate = read(&whole());
    assert_eq!((candidate.category, candidate.severity), (Category::Security, Severity::High));
    assert_eq!(serde_json::to_value(&candidate).unwrap(), whole());
}

#[test]
fn numbers_in_texts_and_whole_floats_are_lines() {
    let candidate = read(&with(&json!({"start_line": "12", "end_line": "L14"})));
    assert_eq!((candidate.start_line, candidate.end_line), (12, 14));
    let candidate = read(&with(&json!({"start_line": 12.0, "end_line": null})));
    assert_eq!((candidate.start_line, candidate.end_line), (12, 0));
}

#[test]
fn unknown_words_become_the_nearest_known_ones() {
    let severities = [
        ("HIGH", Severity::High),
        ("Blocker", Severity::Critical),
        ("major", Severity::High),
        ("nit", Severity::Low),
        ("moderate", Severity::Medium),
        ("🔥", Severity::Medium),
    ];
    for (word, severity) in severities {
        assert_eq!(read(&with(&json!({"severity": word}))).severity, severity, "{word}");
    }
    let categories = [
        ("Resource Leak", Category::ResourceLeak),
        ("race condition", Category::Concurrency),
        ("sql-injection", Category::Security),
        ("Error Handling", Category::ErrorHandling),
        ("code style", Category::Maintainability),
        ("bug", Category::Correctness),
    ];
    for (word, category) in categories {
        assert_eq!(read(&with(&json!({"category": word}))).category, category, "{word}");
    }
    assert_eq!(read(&with(&json!({"severity": 4, "category": {}}))).severity, Severity::Medium);
}

#[test]
fn what_is_left_out_is_empty() {
    let candidate = read(&json!({"path": "a.rs", "claim": "It is wrong."}));
    assert_eq!((candidate.start_line, candidate.quoted_line.as_str(), candidate.fix.as_str()), (0, "", ""));
    assert_eq!((candidate.evidence.len(), candidate.suggestion), (0, None));
    assert_eq!(read(&with(&json!({"suggestion": "null"}))).suggestion, None);
    assert_eq!(read(&with(&json!({"suggestion": ["a", "b"]}))).suggestion.as_deref(), Some("a\nb"));
}

#[test]
fn one_bad_candidate_costs_only_itself() {
    let bad = [
        json!(null),
        json!("prose"),
        json!({}),
        with(&json!({"start_line": -1})),
        with(&json!({"start_line": 4_294_967_296_u64})),
        with(&json!({"end_line": 12.5})),
        with(&json!({"end_line": "the last"})),
        with(&json!({"claim": {"text": "nested"}})),
    ];
    let mut findings = bad.to_vec();
    findings.insert(3, whole());
    let answer: FindingsAnswer = serde_json::from_value(json!({"findings": findings})).unwrap();
    assert_eq!((answer.findings.len(), answer.malformed), (1, bad.len()));

    let bad_evidence = json!([{"path": "b.rs"}, {"path": "", "line": 1}, 7, {"path": "c.rs", "line": "8", "why": 3}]);
    let evidence = read(&with(&json!({"evidence": bad_evidence}))).evidence;
    assert_eq!(evidence.len(), 1);
    assert_eq!((evidence[0].path.as_str(), evidence[0].line, evidence[0].why.as_str()), ("c.rs", 8, ""));
}

#[test]
fn other_wrappings_of_the_list_are_taken_and_prose_is_an_error() {
    for (answer, count) in
        [(json!([whole(), whole()]), 2), (json!({"findings": null}), 0), (json!({"findings": whole()}), 1), (json!([]), 0)]
    {
        assert_eq!(serde_json::from_value::<FindingsAnswer>(answer).unwrap().findings.len(), count);
    }
    for answer in [json!({"result": []}), json!("No findings."), json!({"findings": "none"}), json!(null)] {
        assert!(serde_json::from_value::<FindingsAnswer>(answer).unwrap_err().to_string().contains("findings"));
    }
}

#[test]
fn a_flood_is_cut_and_counted_and_the_count_survives_the_store() {
    let flood = json!({"findings": vec![whole(); MAX_CANDIDATES + 30]});
    let answer: FindingsAnswer = serde_json::from_value(flood).unwrap();
    assert_eq!((answer.findings.len(), answer.malformed), (MAX_CANDIDATES, 30));
    let stored = serde_json::to_string(&answer).unwrap();
    assert_eq!(serde_json::from_str::<FindingsAnswer>(&stored).unwrap(), answer);
    assert_eq!(serde_json::to_value(FindingsAnswer::default()).unwrap(), json!({"findings": []}));
}

#[test]
fn verdicts_err_towards_silence() {
    for (word, verdict) in [
        ("confirmed", Verdict::Confirmed),
        ("Refuted", Verdict::Refuted),
        ("cannot tell", Verdict::CannotTell),
        ("maybe", Verdict::CannotTell),
    ] {
        let answer: VerdictAnswer = serde_json::from_value(json!({"verdict": word})).unwrap();
        assert_eq!(answer.verdict, verdict, "{word}");
        assert!(answer.worth_changing && !answer.existed_before);
    }
    let answer: VerdictAnswer =
        serde_json::from_value(json!({"verdict": "confirmed", "existed_before": "yes", "worth_changing": "No"})).unwrap();
    assert!(answer.suggestion_settles, "whoever was not asked does not object");
    assert!(answer.existed_before && !answer.worth_changing);
    assert!(serde_json::from_value::<VerdictAnswer>(json!({"reasoning": "hm"})).is_err());
    assert!(serde_json::from_value::<ResolutionAnswer>(json!({"fixed": "perhaps"})).is_err());
}

#[test]
fn a_walkthrough_without_cohorts_is_one() {
    let answer: WalkthroughAnswer = serde_json::from_value(json!({"summary": "Adds totals."})).unwrap();
    assert_eq!(answer.cohorts, []);
    let cohorts = json!([{"title": "Totals", "paths": ["a.rs", 3, null]}, "prose", {"paths": "b.rs"}]);
    let answer: WalkthroughAnswer = serde_json::from_value(json!({"summary": "s", "cohorts": cohorts})).unwrap();
    assert_eq!(answer.cohorts.iter().map(|cohort| cohort.paths.clone()).collect::<Vec<_>>(), [["a.rs"], ["b.rs"]]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let keys = "findings|path|start_line|end_line|claim|evidence|line|severity|category|suggestion|malformed";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(keys, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_readers_panic(value in any_json()) {
        let wrapped = json!({"findings": [value.clone()]});
        let answer = serde_json::from_value::<FindingsAnswer>(wrapped).unwrap();
        prop_assert_eq!(answer.findings.len() + answer.malformed, 1);
        for result in [
            serde_json::from_value::<FindingsAnswer>(value.clone()).map(|_| ()),
            serde_json::from_value::<VerdictAnswer>(value.clone()).map(|_| ()),
            serde_json::from_value::<WalkthroughAnswer>(value.clone()).map(|_| ()),
            serde_json::from_value::<ResolutionAnswer>(value).map(|_| ()),
        ] {
            prop_assert!(result.is_ok() || !result.unwrap_err().to_string().is_empty());
        }
    }
}
