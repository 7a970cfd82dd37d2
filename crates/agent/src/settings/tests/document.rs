//! The `.env` of the self-hosting document.

use crate::settings::{NoProxy, Provider, Purpose, dotenv, parse};

const DOCUMENT: &str = include_str!("document.env");

/// With the places filled in, and only the block of one provider kept (None: all three).
fn filled(keep: Option<&str>) -> String {
    let secrets = [
        ("<openai-key>", "sk-1"),
        ("<azure-openai-endpoint>", "https://contoso.openai.azure.com"),
        ("<key>", "azure-key"),
        ("<gpt-4.1-mini-deployment-name>", "mini"),
        ("<o4-mini-deployment-name>", "o4"),
        ("<o3-deployment-name>", "o3"),
        ("<aws-access-key>", "AKIA1"),
        ("<aws-secret-access-key>", "aws-secret"),
        ("<aws-region>", "eu-central-1"),
        ("<personal-access-token>", "pat-1"),
        ("<bot-user-username>", "CodeRabbit"),
        ("<license-key>", "licence"),
        ("<coderabbitai-api-key>", "cr-key"),
    ];
    let lines: Vec<String> = DOCUMENT
        .lines()
        .filter(|line| match (line.strip_prefix("LLM_PROVIDER="), keep) {
            (Some(provider), Some(keep)) => provider == keep,
            _ => true,
        })
        .map(|line| match line.split_once('=') {
            Some((name, value)) => {
                let value = secrets.iter().find(|(place, _)| *place == value).map_or(value, |(_, secret)| secret);
                format!("{name}={value}")
            }
            None => line.to_owned(),
        })
        .collect();
    lines.join("\n")
}

#[test]
fn the_document_filled_in_is_taken_for_each_provider() {
    for provider in ["openai", "azure-openai", "bedrock-anthropic"] {
        let (entries, problems) = dotenv::parse(&filled(Some(provider)), ".env");
        let loaded = parse::settings(Purpose::Serve, &entries, problems).unwrap();
        let name = match loaded.settings.model.provider {
            Provider::OpenAi(_) => "openai",
            Provider::AzureOpenAi(_) => "azure-openai",
            Provider::BedrockAnthropic(_) => "bedrock-anthropic",
            other => panic!("{other:?}"),
        };
        assert_eq!(name, provider);
        assert!(loaded.settings.network.https_proxy.is_none() && loaded.settings.network.no_proxy == NoProxy::default());
        assert!(loaded.settings.review.learns && loaded.settings.web_search.is_none());
        let warned: Vec<&str> = loaded.warnings.iter().map(|warning| warning.variable.as_str()).collect();
        assert_eq!(warned.len(), 3, "{warned:?}");
        assert_eq!(warned[..2], ["AZURE_DEVOPS_WEBHOOK_PASSWORD", "ENABLE_WEB_SEARCH"]);
        assert!(warned[2].contains("ENABLE_METRICS"), "{warned:?}");
    }
}

#[test]
fn with_all_three_blocks_the_last_provider_counts_and_a_warning_says_so() {
    let (entries, problems) = dotenv::parse(&filled(None), ".env");
    let loaded = parse::settings(Purpose::Serve, &entries, problems).unwrap();
    assert!(matches!(loaded.settings.model.provider, Provider::BedrockAnthropic(_)));
    assert_eq!(
        loaded.warnings[0].to_string(),
        "LLM_PROVIDER: is set more than once with different values: the one of .env, line 35 (`bedrock-anthropic`) counts, \
         not the one of .env, line 4, nor of .env, line 12"
    );
}

#[test]
fn with_only_the_key_of_openai_filled_in_the_error_names_the_provider_lines() {
    let text =
        DOCUMENT.replace("<openai-key>", "sk-1").replace("<personal-access-token>", "pat").replace("<bot-user-username>", "bot");
    let (entries, problems) = dotenv::parse(&text, ".env");
    let problems = parse::settings(Purpose::Serve, &entries, problems).unwrap_err();
    let about: Vec<&str> = problems.iter().map(|problem| problem.variable.as_str()).collect();
    assert_eq!(about, ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "LLM_PROVIDER"]);
}

#[test]
fn the_document_as_it_stands_names_each_place_that_must_be_filled_in() {
    let (entries, problems) = dotenv::parse(DOCUMENT, ".env");
    let problems = parse::settings(Purpose::Serve, &entries, problems).unwrap_err();
    let placeholders: Vec<&str> = problems
        .iter()
        .filter(|problem| problem.text.starts_with("is still a placeholder"))
        .map(|problem| problem.variable.as_str())
        .collect();
    assert_eq!(
        placeholders,
        ["AZURE_DEVOPS_BOT_TOKEN", "AZURE_DEVOPS_BOT_USERNAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"]
    );
}
