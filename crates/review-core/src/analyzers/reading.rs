//! What the tools write, as it was read off their releases. Every output is hostile: it is parsed and bounded, never believed.

use serde::{Deserialize, de::DeserializeOwned};

use super::{Gravity, Reported, Unreadable};

type Read = Result<Vec<Reported>, Unreadable>;

fn json<T: DeserializeOwned>(output: &str) -> Result<T, Unreadable> {
    serde_json::from_str(output).map_err(|error| Unreadable(error.to_string()))
}

/// Nothing at all, which tools write that were given nothing they know.
fn is_nothing(output: &str) -> bool {
    output.trim().is_empty()
}

fn gravity(word: &str) -> Gravity {
    match word.to_ascii_lowercase().as_str() {
        "error" | "fatal" => Gravity::Error,
        "warning" | "warn" => Gravity::Warning,
        _ => Gravity::Note,
    }
}

/// Ruff and, of the same stock, Fortitude.
pub(super) fn ruff(output: &str) -> Read {
    #[derive(Deserialize)]
    struct Result {
        code: Option<String>,
        filename: String,
        message: String,
        location: Option<Location>,
        #[serde(default)]
        severity: Option<String>,
    }
    #[derive(Deserialize)]
    struct Location {
        row: u32,
    }
    if is_nothing(output) {
        return Ok(Vec::new());
    }
    let results: Vec<Result> = json(output)?;
    let reported = results.into_iter().map(|result| {
        // A file that cannot be parsed has no rule, and in newer releases one by that name.
        let rule = result.code.unwrap_or_else(|| "syntax-error".to_owned());
        let is_broken = rule.contains("syntax") || rule.starts_with("E9") || rule == "F821";
        // It calls everything an error.
        let gravity = match result.severity.as_deref() {
            Some("error") | None if is_broken => Gravity::Error,
            _ => Gravity::Warning,
        };
        let line = result.location.map_or(0, |location| location.row);
        Reported { path: result.filename, line, gravity, rule, message: result.message }
    });
    Ok(reported.collect())
}

/// `path:line:column: code text`, as it is told to write.
#[expect(clippy::unnecessary_wraps, reason = "as the others")]
pub(super) fn flake8(output: &str) -> Read {
    Ok(output.lines().filter_map(flake8_line).collect())
}

fn flake8_line(line: &str) -> Option<Reported> {
    let (place, text) = line.split_once(": ")?;
    let (rest, _column) = place.rsplit_once(':')?;
    let (path, row) = rest.rsplit_once(':')?;
    let (rule, message) = text.split_once(' ')?;
    let gravity = if rule.starts_with("E9") || rule == "F821" { Gravity::Error } else { Gravity::Warning };
    let (path, rule, message) = (path.to_owned(), rule.to_owned(), message.to_owned());
    Some(Reported { path, line: row.parse().ok()?, gravity, rule, message })
}

pub(super) fn pylint(output: &str) -> Read {
    #[derive(Deserialize)]
    struct Output {
        messages: Vec<Said>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        r#type: String,
        symbol: String,
        message: String,
        message_id: String,
        line: u32,
        path: String,
    }
    let output: Output = json(output)?;
    let reported = output.messages.into_iter().map(|message| Reported {
        path: message.path,
        line: message.line,
        gravity: gravity(&message.r#type),
        rule: format!("{} ({})", message.message_id, message.symbol),
        message: message.message,
    });
    Ok(reported.collect())
}

pub(super) fn sqlfluff(output: &str) -> Read {
    #[derive(Deserialize)]
    struct File {
        filepath: String,
        violations: Vec<Violation>,
    }
    #[derive(Deserialize)]
    struct Violation {
        start_line_no: u32,
        code: String,
        description: String,
    }
    let files: Vec<File> = json(output)?;
    let of_file = |file: File| {
        let path = file.filepath;
        file.violations
            .into_iter()
            // What it cannot parse is most often another dialect, which nobody told us.
            .filter(|violation| !matches!(violation.code.as_str(), "PRS" | "LXR" | "TMP"))
            .map(|violation| Reported {
                path: path.clone(),
                line: violation.start_line_no,
                gravity: Gravity::Warning,
                rule: violation.code,
                message: violation.description,
            })
            .collect::<Vec<_>>()
    };
    Ok(files.into_iter().flat_map(of_file).collect())
}

/// `path:line:column: [level] text (rule)`
#[expect(clippy::unnecessary_wraps, reason = "as the others")]
pub(super) fn yamllint(output: &str) -> Read {
    Ok(output.lines().filter_map(yamllint_line).collect())
}

fn yamllint_line(line: &str) -> Option<Reported> {
    let (place, text) = line.split_once(": [")?;
    let (rest, _column) = place.rsplit_once(':')?;
    let (path, row) = rest.rsplit_once(':')?;
    let (level, text) = text.split_once("] ")?;
    let (message, rule) = text.rsplit_once(" (").unwrap_or((text, ""));
    let (path, message) = (path.to_owned(), message.to_owned());
    let rule = rule.trim_end_matches(')').to_owned();
    Some(Reported { path, line: row.parse().ok()?, gravity: gravity(level), rule, message })
}

pub(super) fn shellcheck(output: &str) -> Read {
    #[derive(Deserialize)]
    struct Output {
        comments: Vec<Comment>,
    }
    #[derive(Deserialize)]
    struct Comment {
        file: String,
        line: u32,
        level: String,
        code: u32,
        message: String,
    }
    let output: Output = json(output)?;
    let reported = output.comments.into_iter().map(|comment| Reported {
        path: comment.file,
        line: comment.line,
        gravity: gravity(&comment.level),
        rule: format!("SC{}", comment.code),
        message: comment.message,
    });
    Ok(reported.collect())
}

pub(super) fn hadolint(output: &str) -> Read {
    #[derive(Deserialize)]
    struct Result {
        file: String,
        line: u32,
        level: String,
        code: String,
        message: String,
    }
    if is_nothing(output) {
        return Ok(Vec::new());
    }
    let results: Vec<Result> = json(output)?;
    let reported = results.into_iter().map(|result| {
        let Result { file: path, line, level, code: rule, message } = result;
        Reported { path, line, gravity: gravity(&level), rule, message }
    });
    Ok(reported.collect())
}

/// `path, line, severity, rule, text`, with tabs between, as it is told to write.
#[expect(clippy::unnecessary_wraps, reason = "as the others")]
pub(super) fn cppcheck(output: &str) -> Read {
    Ok(output.lines().filter_map(cppcheck_line).collect())
}

fn cppcheck_line(line: &str) -> Option<Reported> {
    let mut parts = line.splitn(5, '\t');
    let (path, row, level, rule) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // About its own run.
    if matches!(level, "information") {
        return None;
    }
    let message = parts.next()?.to_owned();
    Some(Reported { path: path.to_owned(), line: row.parse().ok()?, gravity: gravity(level), rule: rule.to_owned(), message })
}

pub(super) fn eslint(output: &str) -> Read {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        file_path: String,
        messages: Vec<Said>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        rule_id: Option<String>,
        severity: u8,
        message: String,
        #[serde(default)]
        line: u32,
    }
    let files: Vec<File> = json(output)?;
    let of_file = |file: File| {
        let path = file.file_path;
        let reported = file.messages.into_iter().map(|message| Reported {
            path: path.clone(),
            line: message.line,
            gravity: if message.severity >= 2 { Gravity::Error } else { Gravity::Warning },
            rule: message.rule_id.unwrap_or_else(|| "syntax-error".to_owned()),
            message: message.message,
        });
        reported.collect::<Vec<_>>()
    };
    Ok(files.into_iter().flat_map(of_file).collect())
}

pub(super) fn oxlint(output: &str) -> Read {
    #[derive(Deserialize)]
    struct Output {
        diagnostics: Vec<Diagnostic>,
    }
    #[derive(Deserialize)]
    struct Diagnostic {
        message: String,
        #[serde(default)]
        code: Option<String>,
        severity: String,
        filename: String,
        #[serde(default)]
        labels: Vec<Label>,
    }
    #[derive(Deserialize)]
    struct Label {
        span: Span,
    }
    #[derive(Deserialize)]
    struct Span {
        line: u32,
    }
    let output: Output = json(output)?;
    let reported = output.diagnostics.into_iter().map(|diagnostic| Reported {
        path: diagnostic.filename,
        line: diagnostic.labels.first().map_or(0, |label| label.span.line),
        gravity: gravity(&diagnostic.severity),
        rule: diagnostic.code.unwrap_or_else(|| "syntax-error".to_owned()),
        message: diagnostic.message,
    });
    Ok(reported.collect())
}

pub(super) fn biome(output: &str) -> Read {
    #[derive(Deserialize)]
    struct Output {
        diagnostics: Vec<Diagnostic>,
    }
    #[derive(Deserialize)]
    struct Diagnostic {
        severity: String,
        message: String,
        #[serde(default)]
        category: Option<String>,
        #[serde(default)]
        location: Option<Location>,
    }
    #[derive(Deserialize)]
    struct Location {
        #[serde(default)]
        path: Option<String>,
        #[serde(default)]
        start: Option<Start>,
    }
    #[derive(Deserialize)]
    struct Start {
        line: u32,
    }
    let output: Output = json(output)?;
    let reported = output.diagnostics.into_iter().filter_map(|diagnostic| {
        let location = diagnostic.location?;
        Some(Reported {
            path: location.path?,
            line: location.start.map_or(0, |start| start.line),
            gravity: gravity(&diagnostic.severity),
            rule: diagnostic.category.unwrap_or_default().trim_start_matches("lint/").to_owned(),
            message: diagnostic.message,
        })
    });
    Ok(reported.collect())
}

/// `stdin:line[:column] level rule/name text`
#[expect(clippy::unnecessary_wraps, reason = "as the others")]
pub(super) fn markdownlint(output: &str) -> Read {
    Ok(output.lines().filter_map(markdownlint_line).collect())
}

fn markdownlint_line(line: &str) -> Option<Reported> {
    let (place, text) = line.strip_prefix("stdin:")?.split_once(' ')?;
    let row = place.split(':').next()?;
    let text = text.strip_prefix("error ").or_else(|| text.strip_prefix("warning ")).unwrap_or(text);
    let (rule, message) = text.split_once(' ')?;
    let message = message.to_owned();
    Some(Reported { path: String::new(), line: row.parse().ok()?, gravity: Gravity::Warning, rule: rule.to_owned(), message })
}

pub(super) fn htmlhint(output: &str) -> Read {
    #[derive(Deserialize)]
    struct File {
        file: String,
        messages: Vec<Said>,
    }
    #[derive(Deserialize)]
    struct Said {
        r#type: String,
        message: String,
        line: u32,
        rule: Rule,
    }
    #[derive(Deserialize)]
    struct Rule {
        id: String,
    }
    let files: Vec<File> = json(output)?;
    let of_file = |file: File| {
        let path = file.file;
        let reported = file.messages.into_iter().map(|message| Reported {
            path: path.clone(),
            line: message.line,
            gravity: gravity(&message.r#type),
            rule: message.rule.id,
            message: message.message,
        });
        reported.collect::<Vec<_>>()
    };
    Ok(files.into_iter().flat_map(of_file).collect())
}

pub(super) fn stylelint(output: &str) -> Read {
    #[derive(Deserialize)]
    struct File {
        source: String,
        warnings: Vec<Warning>,
    }
    #[derive(Deserialize)]
    struct Warning {
        line: u32,
        rule: String,
        severity: String,
        text: String,
    }
    let files: Vec<File> = json(output)?;
    let of_file = |file: File| {
        let path = file.source;
        let reported = file.warnings.into_iter().map(|warning| Reported {
            path: path.clone(),
            line: warning.line,
            gravity: gravity(&warning.severity),
            message: warning.text.trim_end_matches(&format!(" ({})", warning.rule)).to_owned(),
            rule: warning.rule,
        });
        reported.collect::<Vec<_>>()
    };
    Ok(files.into_iter().flat_map(of_file).collect())
}

/// One report, or a list of one for each framework; an object of counts where nothing was there to check.
pub(super) fn checkov(output: &str) -> Read {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Output {
        Several(Vec<Report>),
        One(Report),
    }
    #[derive(Deserialize)]
    struct Report {
        #[serde(default)]
        results: Results,
    }
    #[derive(Default, Deserialize)]
    struct Results {
        #[serde(default)]
        failed_checks: Vec<Failed>,
    }
    #[derive(Deserialize)]
    struct Failed {
        check_id: String,
        check_name: String,
        file_abs_path: String,
        file_line_range: Vec<u32>,
        #[serde(default)]
        resource: String,
    }
    if is_nothing(output) {
        return Ok(Vec::new());
    }
    let reports = match json(output)? {
        Output::Several(reports) => reports,
        Output::One(report) => vec![report],
    };
    let failed = reports.into_iter().flat_map(|report| report.results.failed_checks);
    let reported = failed.map(|failed| Reported {
        path: failed.file_abs_path,
        line: failed.file_line_range.first().copied().unwrap_or_default(),
        gravity: Gravity::Warning,
        rule: failed.check_id,
        message: format!("{} ({})", failed.check_name, failed.resource),
    });
    Ok(reported.collect())
}
