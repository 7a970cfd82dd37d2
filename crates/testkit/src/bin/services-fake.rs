//! The stand-ins of Jira, Linear and Perplexity for clients that others wrote: prints one line of JSON that says where they are, and runs until
//! its standard input ends.

use anyhow::Context as _;
use serde_json::json;
use testkit::{
    perplexity::{PerplexityServer, WebPage},
    trackers::{JiraEdition, JiraServer, LinearServer, TrackedIssue},
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let issues = [
        TrackedIssue::new("CR-5", "Orders cannot be searched", "As a clerk I want to find orders by name."),
        TrackedIssue::new("CR-6", "Without a description", ""),
        TrackedIssue::new("CR-7", "Of another team", "Much.").hidden(),
    ];
    let cloud = JiraServer::start(JiraEdition::Cloud, &issues).await?;
    let data_center = JiraServer::start(JiraEdition::DataCenter, &issues).await?;
    let (linear, throttled) = (LinearServer::start(&issues).await?, LinearServer::start(&issues).await?);
    throttled.throttle(true);
    let page = |number: u32| WebPage::new("Redirects", &format!("https://docs.example.org/{number}"), "They are not followed.");
    let perplexity = PerplexityServer::start(&[page(1), page(2), page(3)]).await?;
    let places = json!({
        "jiraCloud": { "url": cloud.host(), "token": cloud.pat() },
        "jiraDataCenter": { "url": data_center.host(), "token": data_center.pat() },
        "linear": { "url": linear.url(), "key": linear.key() },
        "perplexity": { "url": perplexity.base_url(), "key": perplexity.key() },
        "linearThrottled": { "url": throttled.url(), "key": throttled.key() },
    });
    #[expect(clippy::print_stdout, reason = "the line is what this program is for")]
    {
        println!("{places}");
    }
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
    ended.context("waiting for the end of the input")?.context("reading the input")?;
    Ok(())
}
