//! Models: the roles, each provider, and tokens for them.

use super::LONG;
use crate::settings::table::{Form, Group, Need, Variable, variable};

pub(super) const VARIABLES: &[Variable] = &[
    // Model
    variable(
        Group::Model,
        "LLM_PROVIDER",
        Form::Choice(&["openai", "azure-openai", "bedrock-anthropic", "anthropic"]),
        "openai",
        "Who answers. `openai` also stands for every server that speaks like it (vLLM, Ollama, LiteLLM, llama.cpp): set \
         `OPENAI_BASE_URL`.",
    )
    .default("openai"),
    variable(
        Group::Model,
        "LLM_TIMEOUT",
        Form::Whole { min: 1_000, max: 3_600_000, unit: "milliseconds" },
        "360000",
        "Time for one answer of the model.",
    )
    .default("360000"),
    variable(
        Group::Model,
        "MODEL_LIGHT",
        Form::Word,
        "gpt-4.1-mini",
        "Model for summaries and small decisions. Unset: chosen from what the endpoint lists.",
    ),
    variable(
        Group::Model,
        "MODEL_MEDIUM",
        Form::Word,
        "o4-mini",
        "Model that looks for findings. Unset: chosen from what the endpoint lists.",
    ),
    variable(
        Group::Model,
        "MODEL_HEAVY",
        Form::Word,
        "o3",
        "Model that tries to refute each finding. Unset: chosen from what the endpoint lists.",
    ),
    variable(
        Group::Model,
        "MODEL_EFFORT",
        Form::Choice(&["low", "medium", "high"]),
        "medium",
        "How long models that reason do so before they answer (`reasoning_effort`). Unset: as the provider has it. Models that do not \
         reason are asked without it.",
    ),
    variable(
        Group::Model,
        "PROMPT_TOKENS",
        Form::Whole { min: 2_000, max: 2_000_000, unit: "tokens" },
        "60000",
        "Tokens that one question to the model may hold. What the model looks up with its tools may take as much again, where it fits: \
         set it to less than half of the model's context.",
    )
    .default("60000"),
    variable(
        Group::Model,
        "MODEL_PRICES",
        Form::Prices,
        "gpt-4.1=2/0.5/8,my-local-model*=0/0/0",
        "Prices of models that the built-in table has otherwise or not at all. They count for the name and its releases \
         (`gpt-4.1-2025-04-14`); of several entries the one with the longest name counts. A model without a price is told as such: \
         its cost is not known.",
    ),
    variable(
        Group::Model,
        "MODEL_RECORD_PATH",
        Form::Path,
        "/data/recording",
        "Folder in which every question to a model and its answer are kept, without secrets, for bug reports and tests \
         (docs/operations.md, *Reporting a bug*). It holds the reviewed code and grows with every review. `review --record` names one \
         for a single run.",
    ),
    variable(
        Group::Model,
        "MODEL_REPLAY_PATH",
        Form::Path,
        "/data/recording",
        "Folder of a recording that answers in the place of the models: none is asked, none of their variables is needed, and nothing \
         is paid for. Questions that it does not hold are errors. `review --replay` names one for a single run.",
    ),
    // OpenAI
    variable(
        Group::OpenAi,
        "OPENAI_API_KEYS",
        Form::Words,
        "<openai-key>",
        "One key, or several separated by commas: they take turns. A server that asks for none takes any word.",
    )
    .need(Need::ProviderUnless(&["OAUTH2_ENDPOINT"]))
    .secret(),
    variable(Group::OpenAi, "OPENAI_BASE_URL", Form::ApiUrl, "http://127.0.0.1:11434/v1", "Base URL of the API, with its `/v1`.")
        .default("https://api.openai.com/v1"),
    variable(Group::OpenAi, "OPENAI_ORG_ID", Form::Word, "org-contoso", "Sent as the `OpenAI-Organization` header."),
    variable(Group::OpenAi, "OPENAI_PROJECT_ID", Form::Word, "proj_contoso", "Sent as the `OpenAI-Project` header."),
    // Azure OpenAI
    variable(
        Group::AzureOpenAi,
        "AZURE_OPENAI_ENDPOINT",
        Form::ApiUrl,
        "https://contoso.openai.azure.com",
        "Endpoint of the Azure OpenAI resource.",
    )
    .need(Need::Provider),
    variable(Group::AzureOpenAi, "AZURE_OPENAI_API_KEY", Form::Word, "<key>", "Key of the resource.")
        .need(Need::ProviderUnless(&["OAUTH2_ENDPOINT"]))
        .secret(),
    variable(
        Group::AzureOpenAi,
        "AZURE_OPENAI_API_VERSION",
        Form::Word,
        "2025-04-01-preview",
        "Version of the REST API; the reasoning models and strict answers need `2024-12-01-preview` or newer.",
    )
    .default("2025-04-01-preview"),
    variable(
        Group::AzureOpenAi,
        "AZURE_GPT41MINI_DEPLOYMENT_NAME",
        Form::Word,
        "gpt-4.1-mini",
        "Deployment of gpt-4.1-mini, the light model.",
    )
    .need(Need::ProviderUnless(&["AZURE_GPT4OMINI_DEPLOYMENT_NAME", "AZURE_GPT41_DEPLOYMENT_NAME"])),
    variable(
        Group::AzureOpenAi,
        "AZURE_O4MINI_DEPLOYMENT_NAME",
        Form::Word,
        "o4-mini",
        "Deployment of o4-mini, the medium model.",
    )
    .need(Need::ProviderUnless(&[
        "AZURE_O3MINI_DEPLOYMENT_NAME",
        "AZURE_O1_DEPLOYMENT_NAME",
        "AZURE_GPT41_DEPLOYMENT_NAME",
    ])),
    variable(Group::AzureOpenAi, "AZURE_O3_DEPLOYMENT_NAME", Form::Word, "o3", "Deployment of o3, the heavy model.")
        .need(Need::ProviderUnless(&["AZURE_O1_DEPLOYMENT_NAME", "AZURE_GPT41_DEPLOYMENT_NAME"])),
    variable(Group::AzureOpenAi, "AZURE_O1_DEPLOYMENT_NAME", Form::Word, "o1", "Deployment of o1, instead of o3."),
    variable(Group::AzureOpenAi, "AZURE_O3MINI_DEPLOYMENT_NAME", Form::Word, "o3-mini", "Deployment of o3-mini, instead of o4-mini."),
    variable(
        Group::AzureOpenAi,
        "AZURE_GPT4OMINI_DEPLOYMENT_NAME",
        Form::Word,
        "gpt-4o-mini",
        "Deployment of gpt-4o-mini, instead of gpt-4.1-mini.",
    ),
    variable(
        Group::AzureOpenAi,
        "AZURE_GPT41_DEPLOYMENT_NAME",
        Form::Word,
        "gpt-4.1",
        "Deployment of gpt-4.1, the stand-in for any that is missing.",
    ),
    variable(
        Group::AzureOpenAi,
        "AZURE_TEXT_EMBEDDING_3_LARGE_DEPLOYMENT_NAME",
        Form::Word,
        "text-embedding-3-large",
        "Deployment of text-embedding-3-large, for the knowledge base.",
    )
    .later(),
    // Bedrock
    variable(
        Group::Bedrock,
        "AWS_ACCESS_KEY_ID",
        Form::Word,
        "<aws-access-key>",
        "Access key. Unset: the credentials of this machine, as AWS' SDK finds them (role of the instance or the pod, profile).",
    )
    .need(Need::Together)
    .secret(),
    variable(Group::Bedrock, "AWS_SECRET_ACCESS_KEY", Form::Word, "<aws-secret-access-key>", "Secret access key.")
        .need(Need::Together)
        .secret(),
    variable(Group::Bedrock, "AWS_SESSION_TOKEN", Form::Word, "<aws-session-token>", "Session token of temporary credentials.")
        .secret(),
    variable(Group::Bedrock, "AWS_REGION", Form::Word, "eu-central-1", "Region of the models.").need(Need::Provider),
    variable(
        Group::Bedrock,
        "AWS_USE_CROSS_REGION_INFERENCE",
        Form::Flag,
        "true",
        "Takes the inference profile of the region's part of the world first (`us`, `eu`, `apac`, …). Without it a profile is taken \
         for a model that is offered in no other way. Never the `global` one: set `MODEL_LIGHT` and so on to its name for that.",
    )
    .default("false"),
    variable(
        Group::Bedrock,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        Form::ApiUrl,
        "https://vpce-0abc.bedrock-runtime.eu-central-1.vpce.amazonaws.com",
        "Endpoint of one's own, such as an interface endpoint of a VPC.",
    ),
    // Anthropic
    variable(
        Group::Anthropic,
        "ANTHROPIC_API_KEYS",
        Form::Words,
        "<anthropic-key>",
        "One key, or several separated by commas: they take turns.",
    )
    .need(Need::ProviderUnless(&["OAUTH2_ENDPOINT"]))
    .secret(),
    variable(Group::Anthropic, "ANTHROPIC_BASE_URL", Form::ApiUrl, "https://api.anthropic.com", "Base URL of the API.")
        .default("https://api.anthropic.com"),
    // OAuth2
    variable(
        Group::OAuth2,
        "OAUTH2_ENDPOINT",
        Form::ApiUrl,
        "https://login.microsoftonline.com/contoso/oauth2/v2.0/token",
        "Token endpoint; requests to the model carry the token that it gives for the client's credentials.",
    )
    .need(Need::Together),
    variable(Group::OAuth2, "OAUTH2_CLIENT_ID", Form::Word, "coderabbit-agent", "Client id.").need(Need::Together),
    variable(Group::OAuth2, "OAUTH2_CLIENT_SECRET", Form::Line { max: LONG }, "<client-secret>", "Client secret.")
        .need(Need::Together)
        .secret(),
    variable(
        Group::OAuth2,
        "OAUTH2_SCOPE",
        Form::Line { max: LONG },
        "https://cognitiveservices.azure.com/.default",
        "Scope, when the endpoint wants one.",
    ),
];
