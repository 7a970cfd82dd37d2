//! What kind of server it is.

/// How much of `response_format` the server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StructuredOutput {
    /// `json_schema` and `json_object`, as OpenAI and current vLLM and llama.cpp.
    #[default]
    Strict,
    /// `json_object` only.
    JsonObjectOnly,
    /// Neither.
    None,
}

/// By which name the server knows the limit on the answer's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenLimit {
    /// Both names; o-series models refuse `max_tokens`, as OpenAI's do.
    #[default]
    Both,
    /// Only `max_tokens`; the newer name is an unknown argument (older compatible servers).
    MaxTokensOnly,
}

/// See [`super::ModelServer::start_with`].
#[derive(Debug, Clone)]
pub struct ModelOptions {
    /// Keys that are accepted; empty: everything is, also no key at all (a local server).
    pub keys: Vec<String>,
    /// What the list of models holds, and what may be asked for. Empty: the list is 404, and every name is taken.
    pub models: Vec<String>,
    pub structured_output: StructuredOutput,
    pub token_limit: TokenLimit,
    /// Whether `tools` are taken.
    pub tools: bool,
    /// Deployments of Azure OpenAI, each with its model.
    pub deployments: Vec<(String, String)>,
    /// Bedrock: models are invoked by the inference profile of a part of the world only.
    pub by_profile_only: bool,
    /// Bedrock: the account has no right to `ConverseStream`.
    pub whole_answers_only: bool,
    /// Prompt tokens past which a request is refused as too long.
    pub context_tokens: Option<u64>,
    /// Port on 127.0.0.1; 0: any free one.
    pub port: u16,
}

impl Default for ModelOptions {
    /// OpenAI with one key, `sk-testkit`, and the models that the agent prefers.
    fn default() -> Self {
        Self {
            keys: vec!["sk-testkit".to_owned()],
            models: ["gpt-4.1-mini", "o4-mini", "o3"].map(str::to_owned).to_vec(),
            deployments: Vec::new(),
            by_profile_only: false,
            whole_answers_only: false,
            structured_output: StructuredOutput::default(),
            token_limit: TokenLimit::default(),
            tools: true,
            context_tokens: None,
            port: 0,
        }
    }
}
