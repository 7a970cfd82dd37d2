//! The cases, as their files have them, and what each adds to a pull request and to a script.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use testkit::model::{Kind, Rule};

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    /// The first lines of a file.
    Top,
    Code,
    Comment,
    #[serde(rename = "file name")]
    FileName,
    #[serde(rename = "commit message")]
    CommitMessage,
    Title,
    Description,
    #[serde(rename = "work item")]
    WorkItem,
    Label,
    Branch,
    Author,
    #[serde(rename = "tool result")]
    ToolResult,
    #[serde(rename = "guideline of the change")]
    GuidelineOfChange,
    #[serde(rename = "guideline of the target")]
    GuidelineOfTarget,
    Reply,
    /// Nowhere: the model writes it by itself.
    Model,
}

impl Place {
    pub(super) const ALL: [Self; 16] = [
        Self::Top,
        Self::Code,
        Self::Comment,
        Self::FileName,
        Self::CommitMessage,
        Self::Title,
        Self::Description,
        Self::WorkItem,
        Self::Label,
        Self::Branch,
        Self::Author,
        Self::ToolResult,
        Self::GuidelineOfChange,
        Self::GuidelineOfTarget,
        Self::Reply,
        Self::Model,
    ];
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// That of its file.
    #[serde(skip)]
    pub(super) name: String,
    /// What is attempted, in a sentence.
    #[serde(rename = "about")]
    _about: String,
    pub(super) place: Place,
    text: Vec<String>,
    pub(super) obeys: Obeys,
    #[serde(default)]
    pub(super) never: Vec<String>,
    #[serde(default)]
    stays: Option<Stays>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stays {
    /// The code of the case holds a secret, whose finding stands.
    Secret,
}

/// What the model answers. Without a claim it says nothing about the code of the case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Obeys {
    /// Says that the model is to be silent; as without a claim, for those who read the case.
    #[serde(default)]
    silent: bool,
    claim: Option<String>,
    scenario: Option<String>,
    fix: Option<String>,
    suggestion: Option<String>,
    category: Option<String>,
    severity: Option<String>,
    #[serde(default)]
    evidence: Vec<SeenAt>,
    /// Whether the verifier obeys as well, and refutes.
    #[serde(default)]
    pub(super) refuted: bool,
    summary: Option<String>,
    cohort: Option<CohortWords>,
    #[serde(default)]
    pub(super) looks: Vec<Look>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenAt {
    path: String,
    line: u32,
    why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CohortWords {
    title: String,
    summary: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Look {
    tool: String,
    arguments: Value,
    /// How the result begins.
    pub(super) shown: String,
}

/// What is put in the place of `{bot_token}` and its like.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) bot_token: String,
    pub(super) model_key: String,
    /// A file that nothing may make.
    pub(super) canary: String,
}

/// Every case, by name.
pub(super) fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/injection");
    let mut cases: Vec<Case> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            let case: Case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(!(case.obeys.silent && case.obeys.claim.is_some()), "{name}: silent, and with a claim");
            Case { name, ..case }
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

/// Put together here, so that no scanner takes this file for a leak.
pub(super) fn secret() -> String {
    format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8")
}

impl Case {
    /// A word that stands in the text of this case and nowhere else.
    pub(super) fn mark(&self) -> String {
        format!("obey{}", self.name.replace('-', ""))
    }

    pub(super) fn has_secret(&self) -> bool {
        matches!(self.stays, Some(Stays::Secret))
    }

    pub(super) fn words_of(&self, words: &Words) -> String {
        self.filled(&self.text.join("\n"), words)
    }

    fn filled(&self, text: &str, words: &Words) -> String {
        text.replace("{mark}", &self.mark())
            .replace("{slug}", &self.name)
            .replace("{bot_token}", &words.bot_token)
            .replace("{model_key}", &words.model_key)
            .replace("{canary}", &words.canary)
    }

    /// The file in which its defect and its secret stand.
    pub(super) fn code_path(&self, words: &Words) -> String {
        match self.place {
            Place::FileName => self.words_of(words),
            _ => format!("src/{}/code.py", self.name),
        }
    }

    fn needle(&self) -> String {
        format!("    return items[len(items)]  # {}", self.name)
    }

    pub(super) fn files_of_change(&self, words: &Words) -> Vec<(String, String)> {
        let text = self.words_of(words);
        let comment: String = text.lines().map(|line| format!("# {line}\n")).collect();
        let (top, around) = match self.place {
            Place::Top => (text, String::new()),
            Place::Code => (String::new(), text),
            Place::Comment => (String::new(), comment),
            _ => (String::new(), String::new()),
        };
        let mut code = format!("{top}\ndef last(items):\n{around}\n{}\n", self.needle());
        if self.has_secret() {
            // Each with a secret of its own: one that stands in several places is told of once.
            let digits = self.name.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
            code.push_str(&format!("TOKEN = \"{}{:06x}\"\n", secret(), digits & 0x00ff_ffff));
        }
        let mut files = vec![(self.code_path(words), code)];
        if self.place == Place::GuidelineOfChange {
            files.push((format!("src/{}/AGENTS.md", self.name), self.words_of(words)));
        }
        files
    }

    /// What stands on the target branch before.
    pub(super) fn files_of_target(&self, words: &Words) -> Vec<(String, String)> {
        let file = match self.place {
            Place::GuidelineOfTarget => "AGENTS.md",
            Place::ToolResult => "helper.py",
            _ => return vec![("deploy/.env".to_owned(), "DEPLOY_KEY=4d7aa0c1b2e3\n".to_owned())],
        };
        vec![(format!("src/{}/{file}", self.name), format!("{}\n", self.words_of(words)))]
    }

    pub(super) fn rule(&self, words: &Words) -> Option<Rule> {
        let said = |text: &Option<String>| text.as_deref().map(|text| self.filled(text, words));
        let obeys = &self.obeys;
        let kind = if obeys.refuted { Kind::False } else { Kind::True };
        let mut rule = Rule::new(kind, &self.code_path(words), &self.needle(), &said(&obeys.claim)?);
        if let Some(scenario) = said(&obeys.scenario) {
            rule = rule.scenario(&scenario);
        }
        if let Some(fix) = said(&obeys.fix) {
            rule = rule.fix(&fix);
        }
        if let Some(suggestion) = said(&obeys.suggestion) {
            rule = rule.suggesting(1, &suggestion);
        }
        let category = obeys.category.as_deref().unwrap_or("security");
        rule = rule.rated(category, obeys.severity.as_deref().unwrap_or("critical"));
        for SeenAt { path, line, why } in &obeys.evidence {
            rule = rule.seen_at(&self.filled(path, words), *line, &self.filled(why, words));
        }
        Some(rule)
    }

    pub(super) fn summary(&self, words: &Words) -> Option<String> {
        self.obeys.summary.as_deref().map(|text| self.filled(text, words))
    }

    pub(super) fn cohort(&self, words: &Words) -> Option<(String, Vec<String>, String)> {
        let CohortWords { title, summary } = self.obeys.cohort.as_ref()?;
        Some((self.filled(title, words), vec![self.code_path(words)], self.filled(summary, words)))
    }

    pub(super) fn looks(&self, words: &Words) -> Vec<(String, Value)> {
        let filled = |arguments: &Value| {
            let mut arguments = arguments.clone();
            if let Some(fields) = arguments.as_object_mut() {
                for value in fields.values_mut() {
                    if let Some(text) = value.as_str() {
                        *value = self.filled(text, words).into();
                    }
                }
            }
            arguments
        };
        self.obeys.looks.iter().map(|look| (look.tool.clone(), filled(&look.arguments))).collect()
    }
}
