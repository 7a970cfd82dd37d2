//! A reviewer that follows a script: whenever a line of code is shown to it, it says what was planted for that line.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    call::Role,
    numbered::{NumberedLine, numbered_lines, paths_in},
};

/// What a planted finding is worth, and so what a good pipeline does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A real defect: to be posted.
    True,
    /// Sounds good and is wrong; the verifier refutes it.
    False,
    /// Another true rule in other words, at the same line: one of the two is to be posted.
    Duplicate,
    /// True, the quote is right, the line numbers are seven too high: to be posted at the right line.
    Misplaced,
    /// Quotes a line that no file has. The verifier would confirm it: only the quote check stands in its way.
    Hallucinated,
    /// Line numbers outside any file, no scenario, an empty quote.
    Malformed,
    /// True, but so it was before; the verifier says so.
    PreExisting,
    /// The verifier cannot tell.
    Unproven,
}

/// One planted finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub kind: Kind,
    /// Where it belongs.
    pub path: String,
    /// A whole line of that file, without its indentation. The rule speaks up when this line is shown with a number.
    pub needle: String,
    /// One sentence, unique in the script: the verifier's answer is found by it.
    pub claim: String,
    pub scenario: String,
    pub fix: String,
    /// As the agent's schema names it, e.g. `correctness`.
    pub category: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// New text of the needle's line and the `lines - 1` lines after it, with their indentation.
    pub suggestion: Option<String>,
    /// The verifier says that the suggestion does not settle the whole matter.
    pub is_half_fixed: bool,
    /// How many lines the finding spans, from the needle's line on; at least 1.
    pub lines: u32,
    /// A line of code (without indentation) whose presence says that the finding was fixed, whatever else stands there.
    pub fixed_when: Option<String>,
    /// Words of the defect that it means, as somebody wrote that down: a judge says yes where a question holds them.
    pub about: Option<String>,
    /// Places that are said to prove it: path, line, what is to be seen there.
    pub evidence: Vec<(String, u32, String)>,
    /// Numbers of the learnings that it is said to rest on.
    pub learnings: Vec<u32>,
}

impl Rule {
    /// A finding of one line, of category correctness and severity high, with a scenario and a fix in general words.
    pub fn new(kind: Kind, path: &str, needle: &str, claim: &str) -> Self {
        Self {
            kind,
            path: path.to_owned(),
            needle: needle.trim().to_owned(),
            claim: claim.to_owned(),
            scenario: format!("When this line runs as it stands: {claim}"),
            fix: "Handle this case before the value is used.".to_owned(),
            category: "correctness".to_owned(),
            severity: "high".to_owned(),
            suggestion: None,
            is_half_fixed: false,
            lines: 1,
            fixed_when: None,
            about: None,
            evidence: Vec::new(),
            learnings: Vec::new(),
        }
    }

    #[must_use]
    pub fn scenario(mut self, scenario: &str) -> Self {
        scenario.clone_into(&mut self.scenario);
        self
    }

    #[must_use]
    pub fn fix(mut self, fix: &str) -> Self {
        fix.clone_into(&mut self.fix);
        self
    }

    #[must_use]
    pub fn rated(mut self, category: &str, severity: &str) -> Self {
        category.clone_into(&mut self.category);
        severity.clone_into(&mut self.severity);
        self
    }

    /// `lines` lines from the needle's on are replaced by `replacement`.
    #[must_use]
    pub fn suggesting(mut self, lines: u32, replacement: &str) -> Self {
        self.lines = lines.max(1);
        self.suggestion = Some(replacement.to_owned());
        self
    }

    /// It rests on what the team has taught, by number.
    #[must_use]
    pub fn resting_on(mut self, learning: u32) -> Self {
        self.learnings.push(learning);
        self
    }

    /// What it suggests is not the whole fix.
    #[must_use]
    pub fn half_fixed(mut self) -> Self {
        self.is_half_fixed = true;
        self
    }

    #[must_use]
    pub fn spanning(mut self, lines: u32) -> Self {
        self.lines = lines.max(1);
        self
    }

    #[must_use]
    pub fn fixed_when(mut self, line: &str) -> Self {
        self.fixed_when = Some(line.trim().to_owned());
        self
    }

    #[must_use]
    pub fn about(mut self, defect: &str) -> Self {
        self.about = Some(defect.to_owned());
        self
    }

    #[must_use]
    pub fn seen_at(mut self, path: &str, line: u32, why: &str) -> Self {
        self.evidence.push((path.to_owned(), line, why.to_owned()));
        self
    }

    fn candidate(&self, number: u32) -> Value {
        let last = number.saturating_add(self.lines - 1);
        let (start, end, quote, scenario) = match self.kind {
            Kind::Misplaced => (number.saturating_add(7), last.saturating_add(7), self.needle.clone(), self.scenario.clone()),
            Kind::Hallucinated => (number, last, format!("return cache.Lookup{}(key);", self.claim.len()), self.scenario.clone()),
            Kind::Malformed => (u32::MAX, 0, String::new(), String::new()),
            _ => (number, last, self.needle.clone(), self.scenario.clone()),
        };
        let evidence = self.evidence.iter().map(|(path, line, why)| json!({ "path": path, "line": line, "why": why }));
        let evidence: Vec<Value> = evidence.collect();
        json!({
            "path": self.path,
            "start_line": start,
            "end_line": end,
            "quoted_line": quote,
            "claim": self.claim,
            "scenario": scenario,
            "fix": self.fix,
            "category": self.category,
            "severity": self.severity,
            "evidence": evidence,
            "suggestion": self.suggestion,
            "learnings": self.learnings,
        })
    }
}

/// What the reviewer looks at with a tool before it answers, where it is given that tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub role: Role,
    pub tool: String,
    pub arguments: Value,
}

/// Everything that the reviewer knows. It answers by what the prompt shows, never by what was asked before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    pub rules: Vec<Rule>,
    /// Paths of the change, so that code in a prompt is told apart by file. The paths of the rules are known anyhow.
    pub files: Vec<String>,
    /// What the walkthrough says of the pull request.
    pub summary: String,
    /// One look a turn, those of each role in this order.
    pub looks: Vec<Look>,
    /// What the walkthrough says of the files, in the place of what follows from `files`: title, paths, summary.
    pub cohorts: Vec<(String, Vec<String>, String)>,
    /// What the walkthrough says in its other sections, as the agent's schema names them; null: they are left out.
    pub sections: Value,
    /// Whether every standing finding is called fixed, whatever the code says.
    pub calls_all_fixed: bool,
    /// What is said of checks, by a text of the check or of what is shown with it: the first that stands in a prompt. A check of
    /// which nothing is known gets no entry.
    pub checks: Vec<CheckRule>,
    /// What is answered to comments: the first whose text stands in the comment that is to be answered. To others nothing is said.
    pub chats: Vec<ChatRule>,
    /// What is said of symbols that lack documentation, by their names: the answer's entry without its number.
    pub docstrings: Vec<(String, Value)>,
    /// Changes of files, by a text that has to be shown: entries of `edits`.
    pub edits: Vec<(String, Value)>,
    /// Whole answers of other writings, as the agent's schema names them; null: an empty one.
    pub tests: Value,
    pub plan: Value,
}

/// What the reviewer answers to a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatRule {
    /// A text of the comment.
    pub asked: String,
    /// As the agent's schema names it; what is not said is empty.
    pub answer: Value,
}

impl ChatRule {
    /// An answer in words.
    pub fn new(asked: &str, reply: &str) -> Self {
        Self { asked: asked.to_owned(), answer: json!({ "reply": reply }) }
    }

    /// The same, with another field of the answer.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.answer[field] = value;
        self
    }
}

/// What the reviewer says of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRule {
    /// Name of the check.
    pub name: String,
    /// A text that has to be shown for this rule to speak; empty: any.
    pub shown: String,
    /// `pass`, `fail`, `inconclusive`, or whatever a model may say.
    pub verdict: String,
    pub reasoning: String,
}

impl CheckRule {
    pub fn new(name: &str, verdict: &str, reasoning: &str) -> Self {
        Self { name: name.to_owned(), shown: String::new(), verdict: verdict.to_owned(), reasoning: reasoning.to_owned() }
    }

    /// Only where this is shown.
    #[must_use]
    pub fn when(mut self, shown: &str) -> Self {
        shown.clone_into(&mut self.shown);
        self
    }
}

impl Script {
    /// The reviewer looks at this before it answers.
    #[must_use]
    pub fn looking(mut self, role: Role, tool: &str, arguments: Value) -> Self {
        self.looks.push(Look { role, tool: tool.to_owned(), arguments });
        self
    }

    /// What it looks at in the turn after `turns` others.
    pub(super) fn look(&self, role: Role, turns: usize) -> Option<&Look> {
        self.looks.iter().filter(|look| look.role == role).nth(turns)
    }

    /// A reviewer with nothing to say.
    pub fn silent() -> Self {
        Self::default()
    }

    pub fn with_rules(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), ..Self::default() }
    }

    /// The answer to a call, in the shape that its role asks for.
    pub fn answer(&self, role: Role, prompt: &str) -> Value {
        match role {
            Role::Findings => json!({ "findings": self.findings(prompt) }),
            Role::Verdict => self.verdict(prompt),
            Role::Walkthrough => self.walkthrough(prompt),
            Role::Resolution => self.resolution(prompt),
            Role::Judgement => self.judgement(prompt),
            Role::Reality => self.reality(prompt),
            Role::Checks => self.checks(prompt),
            Role::Chat => self.chat(prompt),
            Role::Docstrings => self.documentation(prompt),
            Role::Tests if !self.tests.is_null() => self.tests.clone(),
            Role::Tests => json!({ "files": [] }),
            Role::Edits => {
                let shown = self.edits.iter().filter(|(text, _)| prompt.contains(text.as_str()));
                json!({ "edits": shown.map(|(_, edit)| edit.clone()).collect::<Vec<_>>(), "declined": [] })
            }
            Role::Plan if !self.plan.is_null() => self.plan.clone(),
            Role::Plan => json!({ "summary": "", "steps": [] }),
            Role::Other => json!({ "answer": "ok" }),
        }
    }

    /// The rule that a prompt is about: the one whose claim stands first in it.
    fn rule_named_in(&self, prompt: &str) -> Option<&Rule> {
        let named = |rule: &'_ Rule| prompt.find(&rule.claim);
        self.rules
            .iter()
            .filter_map(|rule| named(rule).map(|position| (position, rule)))
            .min_by_key(|(at, _)| *at)
            .map(|(_, rule)| rule)
    }

    /// The rule whose line is quoted, apart from numbered code: of a claim that is shown in part or spelled otherwise, that is
    /// left.
    fn rule_quoted_in(&self, prompt: &str) -> Option<&Rule> {
        let is_code = |line: &str| line.trim_start_matches([' ', '>']).starts_with(|first: char| first.is_ascii_digit());
        let quoted = |rule: &&Rule| prompt.lines().any(|line| line.ends_with(&rule.needle) && !is_code(line));
        self.rules.iter().find(quoted)
    }

    fn known_paths(&self) -> Vec<&str> {
        self.rules.iter().map(|rule| rule.path.as_str()).chain(self.files.iter().map(String::as_str)).collect()
    }

    fn findings(&self, prompt: &str) -> Vec<Value> {
        let lines = numbered_lines(prompt, &self.known_paths());
        let place = |rule: &Rule| {
            let shows =
                |line: &&NumberedLine<'_>| !line.removed && line.text == rule.needle && line.path == Some(rule.path.as_str());
            lines.iter().find(shows).map(|line| rule.candidate(line.number))
        };
        self.rules.iter().filter_map(place).collect()
    }

    fn verdict(&self, prompt: &str) -> Value {
        let rule = self.rule_named_in(prompt).or_else(|| self.rule_quoted_in(prompt));
        let (verdict, reasoning) = match rule.map(|rule| rule.kind) {
            Some(Kind::False | Kind::Malformed) => {
                ("refuted", "Traced the value: the code above the line rules the described state out.")
            }
            Some(Kind::Unproven) | None => ("cannot_tell", "What is shown does not decide it."),
            Some(_) => ("confirmed", "Traced the value from the caller to this line: nothing in between prevents the outcome."),
        };
        json!({
            "reasoning": reasoning,
            "verdict": verdict,
            "existed_before": rule.is_some_and(|rule| rule.kind == Kind::PreExisting),
            "worth_changing": true,
            "severity": rule.map_or("low", |rule| rule.severity.as_str()),
            "suggestion_settles": rule.is_none_or(|rule| !rule.is_half_fixed),
        })
    }

    fn walkthrough(&self, prompt: &str) -> Value {
        let mut paths: Vec<String> = self.files.iter().filter(|path| prompt.contains(path.as_str())).cloned().collect();
        if paths.is_empty() {
            paths = paths_in(prompt);
        }
        let mut cohorts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for path in paths {
            let directory = path.rsplit_once('/').map_or("repository root", |(directory, _)| directory).to_owned();
            cohorts.entry(directory).or_default().push(path);
        }
        let mut told: Vec<Value> = cohorts
            .into_iter()
            .map(|(directory, paths)| {
                let noun = if paths.len() == 1 { "one file" } else { "several files" };
                json!({ "title": format!("Changes in {directory}"), "paths": paths, "summary": format!("Touches {noun} of {directory}.") })
            })
            .collect();
        if !self.cohorts.is_empty() {
            let cohort = |(title, paths, summary): &(String, Vec<String>, String)| json!({ "title": title, "paths": paths, "summary": summary });
            told = self.cohorts.iter().map(cohort).collect();
        }
        let summary = if self.summary.is_empty() { "Changes the code as described by its author." } else { &self.summary };
        let mut answer = json!({ "summary": summary, "cohorts": told });
        if !self.sections.is_null() {
            answer["sections"] = self.sections.clone();
        }
        answer
    }

    fn checks(&self, prompt: &str) -> Value {
        let entries = (1..=50_u32).filter_map(|number| {
            let (_, rest) = prompt.rsplit_once(&format!("label=\"check {number}\">\n"))?;
            let name = rest.lines().next()?;
            let rule = self.checks.iter().find(|rule| rule.name == name && prompt.contains(&rule.shown))?;
            let resolution = if rule.verdict == "fail" { "Change what the check names." } else { "" };
            Some(json!({ "check": number, "reasoning": rule.reasoning, "verdict": rule.verdict, "resolution": resolution }))
        });
        json!({ "checks": entries.collect::<Vec<_>>() })
    }

    fn chat(&self, prompt: &str) -> Value {
        let asked = || {
            let (_, rest) = prompt.rsplit_once("Answer comment ")?;
            let number = rest.split('.').next()?;
            let (_, comment) = prompt.rsplit_once(&format!("label=\"comment {number}, "))?;
            Some(comment.split("\n</untrusted nonce=").next().unwrap_or(comment))
        };
        let rule = asked().and_then(|asked| self.chats.iter().find(|rule| asked.contains(&rule.asked)));
        let mut answer = json!({
            "reasoning": "Read the thread and the code around it.",
            "reply": "",
            "accepts": false,
            "learning": "",
            "learnings_used": [],
            "create_item": { "title": "", "description": "" },
        });
        if let Some(Value::Object(said)) = rule.map(|rule| &rule.answer) {
            said.iter().for_each(|(field, value)| answer[field] = value.clone());
        }
        answer
    }

    /// Symbols are listed as `symbol 1: name, line 12`.
    fn documentation(&self, prompt: &str) -> Value {
        let entries = (1..=200_u32).filter_map(|number| {
            let (_, rest) = prompt.rsplit_once(&format!("\nsymbol {number}: "))?;
            let name = rest.split(',').next()?;
            let (_, entry) = self.docstrings.iter().find(|(known, _)| known == name)?;
            let mut entry = entry.clone();
            entry["symbol"] = number.into();
            Some(entry)
        });
        json!({ "docstrings": entries.collect::<Vec<_>>() })
    }

    fn judgement(&self, prompt: &str) -> Value {
        let meant = self.rule_named_in(prompt).and_then(|rule| rule.about.as_deref());
        let same_issue = meant.is_some_and(|defect| prompt.contains(defect));
        let reasoning = if same_issue { "Both name the same cause." } else { "The comment is about something else." };
        json!({ "reasoning": reasoning, "same_issue": same_issue })
    }

    fn reality(&self, prompt: &str) -> Value {
        let real =
            self.rule_named_in(prompt).is_some_and(|rule| matches!(rule.kind, Kind::True | Kind::Duplicate | Kind::Misplaced));
        let reasoning = if real { "The lines show it." } else { "The code rules it out." };
        json!({ "reasoning": reasoning, "real": real })
    }

    fn resolution(&self, prompt: &str) -> Value {
        let lines = numbered_lines(prompt, &[]);
        let stands = |text: &str| lines.iter().any(|line| !line.removed && line.text == text);
        let (fixed, reasoning) = match self.rule_named_in(prompt) {
            _ if self.calls_all_fixed => (true, "It is said to be fixed."),
            None => (false, "Cannot connect the claim with the code that is shown."),
            Some(rule) if rule.fixed_when.as_deref().is_some_and(stands) => (true, "The missing handling stands there now."),
            Some(rule) if stands(&rule.needle) => (false, "The line that the claim is about stands unchanged."),
            Some(_) => (true, "The line that the claim is about is gone, and nothing like it took its place."),
        };
        json!({ "reasoning": reasoning, "fixed": fixed })
    }
}
