//! The providers: one question in each one's protocol.

mod anthropic;
#[cfg(feature = "bedrock")]
mod bedrock;
mod events;
mod http;
mod openai;

#[cfg(feature = "bedrock")]
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use self::{anthropic::Anthropic, http::Patience, openai::Place};
use super::{
    ModelError,
    form::Form,
    keys::Credential,
    question::{Completion, Failure, Question},
};
use crate::{
    net::HttpClients,
    settings::{AnthropicSettings, AzureOpenAiSettings, OpenAiSettings, Provider},
};

/// Where questions go.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    protocol: Protocol,
    http: reqwest::Client,
    patience: Patience,
}

#[derive(Debug, Clone)]
enum Protocol {
    OpenAi(Place),
    Anthropic(Anthropic),
    #[cfg(feature = "bedrock")]
    Bedrock(Arc<bedrock::Bedrock>),
}

impl Endpoint {
    /// The endpoint, and the keys for it. `timeout` is for one call.
    pub(super) fn new(
        provider: &Provider,
        timeout: Duration,
        http: &HttpClients,
    ) -> Result<(Self, Vec<SecretString>), ModelError> {
        let patience = Patience::of(timeout);
        let (protocol, keys) = match provider.clone() {
            Provider::OpenAi(OpenAiSettings { keys, base_url, organization, project }) => {
                (Protocol::OpenAi(Place::OpenAi { base_url, organization, project }), keys)
            }
            Provider::AzureOpenAi(AzureOpenAiSettings { endpoint, key, api_version, deployments }) => {
                (Protocol::OpenAi(Place::Azure { endpoint, api_version, deployments }), key.into_iter().collect())
            }
            Provider::Anthropic(AnthropicSettings { keys, base_url }) => (Protocol::Anthropic(Anthropic { base_url }), keys),
            #[cfg(feature = "bedrock")]
            Provider::BedrockAnthropic(settings) => (
                Protocol::Bedrock(Arc::new(bedrock::Bedrock::new(&settings, http.client(patience.total)?, patience))),
                Vec::new(),
            ),
            #[cfg(not(feature = "bedrock"))]
            Provider::BedrockAnthropic(_) => return Err(ModelError::Unsupported("bedrock-anthropic", "bedrock")),
            Provider::None => return Err(ModelError::NotConfigured),
        };
        Ok((Self { protocol, http: http.client(patience.total)?, patience }, keys))
    }

    /// For messages.
    pub(super) fn address(&self) -> &str {
        match &self.protocol {
            Protocol::OpenAi(place) => place.address(),
            Protocol::Anthropic(anthropic) => anthropic.base_url.as_str(),
            #[cfg(feature = "bedrock")]
            Protocol::Bedrock(bedrock) => bedrock.address(),
        }
    }

    /// The variables that hold the credential, for messages.
    pub(super) fn key_variable(&self) -> &'static str {
        match &self.protocol {
            Protocol::OpenAi(Place::OpenAi { .. }) => "OPENAI_API_KEYS",
            Protocol::OpenAi(Place::Azure { .. }) => "AZURE_OPENAI_API_KEY",
            Protocol::Anthropic(_) => "ANTHROPIC_API_KEYS",
            #[cfg(feature = "bedrock")]
            Protocol::Bedrock(_) => "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the credentials of this machine,",
        }
    }

    /// One call.
    pub(super) async fn complete(
        &self,
        credential: &Credential,
        model: &str,
        question: &Question<'_>,
        form: Form,
    ) -> Result<Completion, Failure> {
        match &self.protocol {
            Protocol::OpenAi(place) => place.complete((&self.http, self.patience), credential, model, question, form).await,
            Protocol::Anthropic(anthropic) => {
                anthropic.complete((&self.http, self.patience), credential, model, question, form).await
            }
            #[cfg(feature = "bedrock")]
            Protocol::Bedrock(bedrock) => Box::pin(bedrock.complete(model, question, form)).await,
        }
    }

    /// Names of the models; None where there is no list.
    pub(super) async fn list(&self, credential: &Credential) -> Result<Option<Vec<String>>, Failure> {
        match &self.protocol {
            Protocol::OpenAi(place) => place.list((&self.http, self.patience), credential).await,
            Protocol::Anthropic(anthropic) => anthropic.list((&self.http, self.patience), credential).await,
            // The list is another service's, with rights of its own, and says nothing of what this account may invoke.
            #[cfg(feature = "bedrock")]
            Protocol::Bedrock(_) => Ok(None),
        }
    }

    /// The form to try next when `failure` says that `form` is not understood.
    pub(super) fn weaker_form(&self, form: Form, failure: &Failure, question: &Question<'_>) -> Option<Form> {
        form.weaker_after(failure, matches!(self.protocol, Protocol::OpenAi(_)), question.toolbox.is_some())
    }
}
