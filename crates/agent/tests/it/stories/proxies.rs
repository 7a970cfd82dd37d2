//! The agent behind a proxy.
//!
//! Where the hosts have names that only the proxy knows, whatever reaches them came through it.

use std::collections::BTreeSet;

use testkit::{
    azure_devops::AzureDevOps,
    proxy::{Proxy, Verdict},
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, Reviewed, Stage, both_rules, cart};

const DEVOPS: &str = "devops.corp.invalid";
const MODELS: &str = "models.corp.invalid";

/// A stage whose agent knows Azure DevOps and the model by names of which only `proxy` knows where they lead.
async fn stage_behind(proxy: &Proxy, url: &str, more: &[(&str, &str)]) -> Stage {
    let (devops, models) = (format!("http://{DEVOPS}/contoso"), format!("http://{MODELS}:8000/v1"));
    let mut variables =
        vec![("AZURE_DEVOPS_URL", devops.as_str()), ("OPENAI_BASE_URL", &models), ("HTTP_PROXY", url), ("HTTPS_PROXY", url)];
    variables.extend(more);
    let stage = Stage::set_with(AzureDevOps::builder(), both_rules(), &variables).await;
    stage.azure.announce_as(&format!("http://{DEVOPS}"));
    proxy.lead(DEVOPS, stage.azure.address());
    proxy.lead(MODELS, stage.model.base_url().parse::<url::Url>().unwrap().socket_addrs(|| None).unwrap()[0]);
    stage
}

#[tokio::test]
async fn every_request_goes_through_the_proxy_with_its_credentials_those_of_git_too() {
    let proxy = Proxy::start_for("agent", "pr0xy p@ss/%").await.unwrap();
    let stage = stage_behind(&proxy, &proxy.url(), &[]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY))]).await.unwrap();
    pull_request.reviewed(2).await;
    stage.assert_sound();

    let passages = proxy.passages();
    let passed: Vec<_> = passages.iter().filter(|passage| passage.verdict == Verdict::Passed).collect();
    let hosts: BTreeSet<&str> = passed.iter().map(|passage| passage.host.as_str()).collect();
    assert_eq!(hosts, [DEVOPS, MODELS].into());
    for part in ["/_apis/", "git-upload-pack", ":8000/v1/chat/completions"] {
        assert!(passed.iter().any(|passage| passage.target.contains(part)), "{part} in {passages:#?}");
    }
    assert!(passed.iter().all(|passage| passage.user.as_deref() == Some("agent")), "{passages:#?}");
    // curl asks how it shall sign in before it does; nobody else comes without credentials.
    let others = passages.iter().filter(|passage| passage.verdict != Verdict::Passed);
    for passage in others {
        assert!(passage.user.is_none() && passage.target.contains("/_git/"), "{passage}");
    }
}

#[tokio::test]
async fn nothing_goes_through_the_proxy_where_no_proxy_names_a_network() {
    let proxy = Proxy::start().await.unwrap();
    let variables = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", "*.contoso.com, 127.0.0.0/8".to_owned())];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let stage = Stage::set_with(AzureDevOps::builder(), both_rules(), &variables).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    assert_eq!(proxy.passages(), []);
}
