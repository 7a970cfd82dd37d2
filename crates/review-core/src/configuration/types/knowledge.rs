//! `chat` and `knowledge_base`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Switch, section};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Usage {
    Auto,
    Enabled,
    Disabled,
}

/// How far knowledge reaches: one repository, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    Local,
    Global,
    Auto,
}

/// Web search has a switch of its own.
pub type WebSearch = Switch;

section! {
    /// Answers to comments.
    Chat {
        /// Pictures of characters in answers.
        art: bool = true,
        /// Answer in threads of the agent without being named.
        auto_reply: bool = true,
        /// Answer people from outside of the organisation.
        allow_non_org_members: bool = true,
        /// Issues that are created from chat.
        integrations: ChatIntegrations = ChatIntegrations::default(),
    }
}

section! {
    /// Issues that are created from chat.
    ChatIntegrations {
        /// Jira.
        jira: Integration = Integration::default(),
        /// Linear.
        linear: Integration = Integration::default(),
    }
}

section! {
    /// Whether a tracker is used.
    Integration {
        /// `auto`: in private repositories.
        usage: Usage = Usage::Auto,
    }
}

section! {
    /// What reviews and answers know beside the change.
    KnowledgeBase {
        /// Keep nothing, and delete what was kept.
        opt_out: bool = false,
        /// Search the web.
        web_search: WebSearch = WebSearch::default(),
        /// Files of conventions.
        code_guidelines: CodeGuidelines = CodeGuidelines::default(),
        /// What was learnt from conversations.
        learnings: Learnings = Learnings::default(),
        /// Issues of the forge.
        issues: Issues = Issues::default(),
        /// Jira.
        jira: JiraKnowledge = JiraKnowledge::default(),
        /// Linear.
        linear: LinearKnowledge = LinearKnowledge::default(),
        /// Earlier pull requests.
        pull_requests: PullRequestKnowledge = PullRequestKnowledge::default(),
        /// Servers of the Model Context Protocol.
        mcp: McpKnowledge = McpKnowledge::default(),
        /// Find related repositories.
        automatic_repository_linking: bool = false,
        /// Repositories that are looked at too.
        #[schemars(length(max = 20))]
        linked_repositories: Vec<LinkedRepository> = Vec::new(),
    }
}

section! {
    /// Files of conventions.
    CodeGuidelines {
        /// Whether they are read.
        enabled: bool = true,
        /// Patterns of such files beside the known names; upper and lower case differ.
        #[serde(rename = "filePatterns")]
        file_patterns: Vec<GuidelineFiles> = Vec::new(),
    }
}

/// Files of conventions, and what they are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum GuidelineFiles {
    Pattern(String),
    #[serde(rename_all = "camelCase")]
    Applied {
        /// Patterns separated by commas.
        files: String,
        /// Patterns, separated by commas, of the files that they are about.
        apply_to: String,
    },
}

section! {
    /// What was learnt from conversations.
    Learnings {
        /// Whose learnings count here: `local` those of this repository, `auto` those of its project, `global` all.
        scope: Reach = Reach::Auto,
        /// Days until a learning counts without approval; 0: at once.
        #[schemars(range(min = 0, max = 30))]
        approval_delay: u32 = 0,
    }
}

section! {
    /// Issues of the forge.
    Issues {
        /// `auto`: of this repository when it is public, else of all.
        scope: Reach = Reach::Auto,
    }
}

section! {
    /// Earlier pull requests.
    PullRequestKnowledge {
        /// `auto`: of this repository when it is public, else of all.
        scope: Reach = Reach::Auto,
    }
}

section! {
    /// Jira.
    JiraKnowledge {
        /// `auto`: where it is configured.
        usage: Usage = Usage::Auto,
        /// Only these projects.
        project_keys: Vec<String> = Vec::new(),
    }
}

section! {
    /// Linear.
    LinearKnowledge {
        /// `auto`: where it is configured.
        usage: Usage = Usage::Auto,
        /// Only these teams.
        team_keys: Vec<String> = Vec::new(),
    }
}

section! {
    /// Servers of the Model Context Protocol.
    McpKnowledge {
        /// `auto`: in private repositories.
        usage: Usage = Usage::Auto,
        /// Servers that are not asked.
        disabled_servers: Vec<String> = Vec::new(),
    }
}

/// A repository that is looked at too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkedRepository {
    /// `Project/repository`.
    pub repository: String,
    #[serde(default)]
    #[schemars(length(max = 2_000))]
    pub instructions: String,
}
