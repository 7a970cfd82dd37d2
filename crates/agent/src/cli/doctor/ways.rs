//! What the agent is configured to talk to, for the lines that say which way each goes.

use url::Url;

use crate::settings::{BedrockSettings, Part, Provider, Settings};

/// Where organisations are when `AZURE_DEVOPS_URL` names none.
const CLOUD: &str = "https://dev.azure.com";

/// Each address once, with the part whose settings name it.
pub(super) fn targets(settings: &Settings) -> Vec<(Part, Url)> {
    let mut targets: Vec<(Part, Url)> = Vec::new();
    let mut add = |part: Part, url: Url| {
        if targets.iter().all(|(_, known)| *known != url) {
            targets.push((part, url));
        }
    };
    if let Some(azure) = &settings.azure_devops {
        let cloud = azure.collections.is_empty().then(|| fixed(CLOUD)).flatten();
        for collection in azure.collections.iter().cloned().chain(cloud) {
            add(Part::AzureDevOps, collection);
        }
    }
    let oauth2 = settings.model.oauth2.as_ref().map(|oauth2| oauth2.endpoint.clone());
    for url in model(&settings.model.provider).into_iter().chain(oauth2) {
        add(Part::Model, url);
    }
    let jira = settings.trackers.jira.as_ref().map(|jira| jira.host.clone());
    let linear = settings.trackers.linear.as_ref().map(|linear| linear.url.clone());
    let search = settings.web_search.as_ref().map(|search| search.base_url.clone());
    for url in [jira, linear, search].into_iter().flatten() {
        add(Part::Other, url);
    }
    targets
}

fn model(provider: &Provider) -> Option<Url> {
    match provider {
        Provider::OpenAi(openai) => Some(openai.base_url.clone()),
        Provider::AzureOpenAi(azure) => Some(azure.endpoint.clone()),
        Provider::Anthropic(anthropic) => Some(anthropic.base_url.clone()),
        // https://docs.aws.amazon.com/general/latest/gr/bedrock.html
        Provider::BedrockAnthropic(BedrockSettings { endpoint: Some(endpoint), .. }) => Some(endpoint.clone()),
        Provider::BedrockAnthropic(bedrock) => fixed(&format!("https://bedrock-runtime.{}.amazonaws.com", bedrock.region)),
        Provider::None => None,
    }
}

/// None only for a region that is none.
fn fixed(url: &str) -> Option<Url> {
    Url::parse(url).ok()
}

#[cfg(test)]
mod tests {
    use super::targets;
    use crate::settings::{Purpose, Settings};

    fn shown(variables: &[(&str, &str)]) -> Vec<String> {
        let needed =
            [("AZURE_DEVOPS_BOT_TOKEN", "pat"), ("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit"), ("OPENAI_API_KEYS", "sk-1")];
        let variables: Vec<(String, String)> =
            needed.iter().chain(variables).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings::from_vars(Purpose::Serve, &variables).unwrap().settings;
        targets(&settings).into_iter().map(|(part, url)| format!("{part:?} {url}")).collect()
    }

    #[test]
    fn with_little_configured_it_is_the_cloud_and_the_providers_own_address() {
        assert_eq!(shown(&[]), ["AzureDevOps https://dev.azure.com/", "Model https://api.openai.com/v1"]);
    }

    #[test]
    fn everything_that_is_configured_is_listed_once() {
        let all = [
            ("AZURE_DEVOPS_URL", "https://tfs.corp/tfs/Main,https://dev.azure.com/contoso"),
            ("LLM_PROVIDER", "azure-openai"),
            ("AZURE_OPENAI_ENDPOINT", "https://gateway.corp"),
            ("AZURE_OPENAI_API_KEY", "key"),
            ("AZURE_GPT41_DEPLOYMENT_NAME", "gpt"),
            ("AZURE_O3_DEPLOYMENT_NAME", "o3"),
            ("OAUTH2_ENDPOINT", "https://login.microsoftonline.com/contoso/oauth2/v2.0/token"),
            ("OAUTH2_CLIENT_ID", "agent"),
            ("OAUTH2_CLIENT_SECRET", "secret"),
            ("JIRA_HOST", "https://gateway.corp"),
            ("JIRA_PAT", "pat"),
            ("LINEAR_PAT", "pat"),
            ("PERPLEXITY_API_KEY", "key"),
        ];
        let expected = [
            "AzureDevOps https://tfs.corp/tfs/Main",
            "AzureDevOps https://dev.azure.com/contoso",
            "Model https://gateway.corp/",
            "Model https://login.microsoftonline.com/contoso/oauth2/v2.0/token",
            "Other https://api.linear.app/graphql",
        ];
        assert_eq!(shown(&all), expected);
        let with_search = shown(&[&all[..], &[("ENABLE_WEB_SEARCH", "true")]].concat());
        assert_eq!(with_search.last().unwrap(), "Other https://api.perplexity.ai/");
    }
}
