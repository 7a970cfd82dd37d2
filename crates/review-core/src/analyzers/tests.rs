use super::*;

fn read(key: &str, output: &str) -> Vec<String> {
    let reported = analyzer(key).unwrap().read(output).unwrap();
    let line = |result: Reported| {
        let Reported { path, line, gravity, rule, message } = result;
        format!("{path}:{line} {} {rule} {message}", gravity.word())
    };
    reported.into_iter().map(line).collect()
}

/// Each as its tool wrote it, shortened.
#[test]
fn what_each_tool_writes_is_read() {
    for (key, output, expected) in [
        (
            "ruff",
            r#"[{"cell":null,"code":"F401","filename":"/w/a.py","location":{"column":1,"row":3},"message":"`os` imported but unused","severity":"error"}]"#,
            &["/w/a.py:3 warning F401 `os` imported but unused"][..],
        ),
        (
            "ruff",
            r#"[{"code":null,"filename":"/w/a.py","location":{"column":1,"row":2},"message":"Expected an expression"}]"#,
            &["/w/a.py:2 error syntax-error Expected an expression"],
        ),
        ("ruff", "", &[]),
        ("flake8", "/w/a.py:4:12: F821 undefined name 'z'\n", &["/w/a.py:4 error F821 undefined name 'z'"]),
        (
            "pylint",
            r#"{"messages":[{"type":"warning","symbol":"unused-import","message":"Unused import os","messageId":"W0611","line":1,"path":"/w/a.py"}],"statistics":{}}"#,
            &["/w/a.py:1 warning W0611 (unused-import) Unused import os"],
        ),
        (
            "sqlfluff",
            r#"[{"filepath":"/w/a.sql","violations":[{"start_line_no":1,"code":"CV05","description":"Use IS NULL."},{"start_line_no":2,"code":"PRS","description":"unparsable"}]}]"#,
            &["/w/a.sql:1 warning CV05 Use IS NULL."],
        ),
        (
            "yamllint",
            "/w/a.yaml:2:1: [error] duplication of key \"a\" in mapping (key-duplicates)\n/w/b.yaml:4:1: [error] syntax error: expected ',' or ']' (syntax)\n",
            &[
                "/w/a.yaml:2 error key-duplicates duplication of key \"a\" in mapping",
                "/w/b.yaml:4 error syntax syntax error: expected ',' or ']'",
            ],
        ),
        (
            "shellcheck",
            r#"{"comments":[{"file":"/w/a.sh","line":2,"endLine":2,"column":8,"level":"warning","code":2115,"message":"Use \"${var:?}\"","fix":null}]}"#,
            &["/w/a.sh:2 warning SC2115 Use \"${var:?}\""],
        ),
        (
            "hadolint",
            r#"[{"code":"DL3006","column":1,"file":"/w/Dockerfile","level":"warning","line":1,"message":"Always tag the version"}]"#,
            &["/w/Dockerfile:1 warning DL3006 Always tag the version"],
        ),
        (
            "cppcheck",
            "/w/a.c\t2\terror\tarrayIndexOutOfBounds\tArray 'a[2]' accessed at index 5\n/w/a.c\t0\tinformation\tx\ty\n",
            &["/w/a.c:2 error arrayIndexOutOfBounds Array 'a[2]' accessed at index 5"],
        ),
        (
            "eslint",
            r#"[{"filePath":"/w/a.js","messages":[{"ruleId":"no-cond-assign","severity":2,"message":"Expected","line":2,"column":7}],"errorCount":1}]"#,
            &["/w/a.js:2 error no-cond-assign Expected"],
        ),
        (
            "oxc",
            r#"{"diagnostics":[{"message":"Unused","code":"eslint(no-unused-vars)","severity":"warning","filename":"a.js","labels":[{"span":{"line":4}}]}]}"#,
            &["a.js:4 warning eslint(no-unused-vars) Unused"],
        ),
        (
            "biome",
            r#"{"summary":{},"diagnostics":[{"severity":"error","message":"Debugger","category":"lint/suspicious/noDebugger","location":{"path":"a.js","start":{"line":3,"column":3}}}],"command":"lint"}"#,
            &["a.js:3 error suspicious/noDebugger Debugger"],
        ),
        (
            "markdownlint",
            "stdin:3:6 error MD042/no-empty-links No empty links [Context: \"[a]()\"]\n",
            &[":3 warning MD042/no-empty-links No empty links [Context: \"[a]()\"]"],
        ),
        (
            "htmlhint",
            r#"[{"file":"/w/a.html","messages":[{"type":"error","message":"The id value [ x ] must be unique.","line":1,"col":48,"rule":{"id":"id-unique"}}]}]"#,
            &["/w/a.html:1 error id-unique The id value [ x ] must be unique."],
        ),
        (
            "stylelint",
            r#"[{"source":"/w/a.css","warnings":[{"line":2,"rule":"block-no-empty","severity":"error","text":"Empty block (block-no-empty)"}]}]"#,
            &["/w/a.css:2 error block-no-empty Empty block"],
        ),
        (
            "checkov",
            r#"{"check_type":"terraform","results":{"failed_checks":[{"check_id":"CKV_AWS_20","check_name":"No public ACL","file_abs_path":"/w/main.tf","file_line_range":[1,4],"resource":"aws_s3_bucket.b"}]}}"#,
            &["/w/main.tf:1 warning CKV_AWS_20 No public ACL (aws_s3_bucket.b)"],
        ),
        ("checkov", r#"{"passed": 0, "failed": 0}"#, &[]),
        (
            "fortitudeLint",
            r#"[{"code":"C001","filename":"/w/a.f90","location":{"column":1,"row":1},"message":"implicit typing","severity":"error"}]"#,
            &["/w/a.f90:1 warning C001 implicit typing"],
        ),
    ] {
        assert_eq!(read(key, output), expected, "{key}");
    }
}

#[test]
fn output_that_no_tool_writes_is_refused_or_says_nothing() {
    for analyzer in ANALYZERS {
        for output in ["\u{0}\u{1}", "{", "null", "[[]]", "Traceback (most recent call last):\n  x: y\n"] {
            match analyzer.read(output) {
                Ok(reported) => assert!(reported.is_empty(), "{} reads {output:?} as {reported:?}", analyzer.name),
                Err(error) => assert!(error.to_string().contains("cannot be read"), "{error}"),
            }
        }
    }
}

#[test]
fn what_a_tool_says_is_bounded() {
    let line = |number: u32| format!("a.py:{number}:1: F821 {}\n", "x ".repeat(9_000));
    let output: String = (1..=600).map(line).collect();
    let reported = analyzer("flake8").unwrap().read(&output).unwrap();
    assert_eq!(reported.len(), 600, "which are new shows only when all are compared");
    let message = format!("a\nb {}", "x ".repeat(9_000));
    let shortened = ToolResult { message, ..result(1, &"R".repeat(900), "") }.shortened();
    assert!(shortened.message.starts_with("a b x x") && shortened.message.chars().count() <= MAX_MESSAGE_CHARS + 1);
    assert!(shortened.rule.chars().count() <= 81);
}

#[test]
fn each_tool_takes_the_files_that_it_knows() {
    let takers = |path: &str| ANALYZERS.iter().filter(|one| one.takes(path)).map(|one| one.key).collect::<Vec<_>>().join(" ");
    for (path, expected) in [
        ("src/a.py", "flake8 pylint ruff"),
        ("src/A.PY", "flake8 pylint ruff"),
        ("web/a.ts", "biome oxc"),
        ("web/a.cjs", "biome eslint oxc"),
        ("deploy/Dockerfile", "hadolint"),
        ("deploy/Dockerfile.build", "hadolint"),
        ("app.dockerfile", "hadolint"),
        ("Dockerfiles", ""),
        (".yaml", ""),
        ("azure-pipelines.yml", "yamllint"),
        ("chart/templates/a.yaml", ""),
        ("infra/main.bicep", "checkov"),
        ("a.rs", ""),
    ] {
        assert_eq!(takers(path), expected, "{path}");
    }
}

#[test]
fn every_tool_is_turned_off_by_its_key() {
    for analyzer in ANALYZERS {
        let off = serde_json::json!({ analyzer.key: { "enabled": false } });
        let tools: Tools = serde_json::from_value(off).unwrap();
        assert!(!analyzer.is_on(&tools), "{}", analyzer.key);
        assert!(analyzer.is_on(&Tools::default()), "{}", analyzer.key);
    }
}

fn result(line: u32, rule: &str, message: &str) -> ToolResult {
    let (path, tool) = ("a.py".to_owned(), "Ruff".to_owned());
    ToolResult { path, line, gravity: Gravity::Warning, tool, rule: rule.to_owned(), message: message.to_owned() }
}

#[test]
fn only_what_the_change_brought_in_is_kept() {
    let base = "import os\nx = y\n";
    let head = "\n\nimport os\nx = y\nx = y\nprint(z)\n";
    let texts = |path: &str| (path == "a.py").then_some(Texts { base: Some(base), head });
    let before = [result(1, "F401", "`os` unused"), result(2, "F821", "undefined `y` (line 2)")];
    let now = vec![
        result(3, "F401", "`os` unused"),
        result(4, "F821", "undefined `y` (line 4)"),
        result(5, "F821", "undefined `y` (line 5)"),
        result(6, "F821", "undefined `z`"),
        ToolResult { path: "other.py".to_owned(), ..result(1, "F401", "unused") },
    ];
    let fresh = fresh_results(now, &before, &texts);
    // The line that was moved is as it was; the one that came twice is new once.
    assert_eq!(fresh.iter().map(|result| result.line).collect::<Vec<_>>(), [5, 6]);
}
