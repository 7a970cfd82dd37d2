//! `coderabbit-agent doctor`: every problem in one run.

use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    azure_devops::AzureDevOps,
    model::{ModelServer, Script},
    perplexity::PerplexityServer,
    trackers::{JiraEdition, JiraServer, LinearServer},
};

use super::{Ended, run};

const TOKEN: &str = "canary-of-the-azure-devops-token";
const HOOK_PASSWORD: &str = "canary-of-the-hook";

struct Clinic {
    azure: AzureDevOps,
    model: ModelServer,
    directory: TempDir,
}

impl Clinic {
    async fn open() -> Self {
        let azure = AzureDevOps::builder().token(TOKEN).start().await.unwrap();
        azure.repository("Web Shop", "orders").await.unwrap().commit(&[("README.md", "# Shop\n")], "A shop").await.unwrap();
        Self { azure, model: ModelServer::start(Script::silent()).await.unwrap(), directory: tempfile::tempdir().unwrap() }
    }

    async fn doctor(&self, changed: &[(&'static str, &str)], arguments: &[&str]) -> Ended {
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        let mut variables = vec![
            ("AZURE_DEVOPS_URL", self.azure.collection_url()),
            ("AZURE_DEVOPS_BOT_TOKEN", TOKEN.to_owned()),
            ("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit".to_owned()),
            ("AZURE_DEVOPS_WEBHOOK_USERNAME", "hooks".to_owned()),
            ("AZURE_DEVOPS_WEBHOOK_PASSWORD", HOOK_PASSWORD.to_owned()),
            ("OPENAI_BASE_URL", self.model.base_url()),
            ("OPENAI_API_KEYS", self.model.key().to_owned()),
            ("TEMP_PATH", path("cache")),
            ("DATA_PATH", path("data")),
        ];
        for (name, value) in changed {
            variables.retain(|(known, _)| known != name);
            variables.push((name, (*value).to_owned()));
        }
        let arguments: Vec<&str> = ["doctor"].into_iter().chain(arguments.iter().copied()).collect();
        let ended = run(self.directory.path(), &variables, &arguments).await;
        ended.assert_hides(&["canary", self.model.key()]);
        ended
    }
}

fn line<'a>(ended: &'a Ended, part: &str) -> &'a str {
    let found = ended.stdout.lines().find(|line| line.contains(part));
    found.unwrap_or_else(|| panic!("no line about {part} in\n{}", ended.stdout))
}

#[tokio::test]
async fn where_all_is_well_it_says_so_of_every_part() {
    let clinic = Clinic::open().await;
    let ended = clinic.doctor(&[], &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("everything that was checked works\n"), "{}", ended.stdout);
    for part in ["settings", "git", "TEMP_PATH", "database", "identity", "repositories", "models", "model o3"] {
        assert!(line(&ended, part).starts_with("ok "), "{part}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn many_problems_are_all_named_in_one_run_each_with_what_to_do() {
    let clinic = Clinic::open().await;
    let file = clinic.directory.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let database = format!("sqlite://{}/agent.db", file.display());
    let changed = [
        ("WORKERS", "plenty"),
        ("AZURE_DEVOPS_BOT_TOKEN", "wrong-canary-token"),
        ("DATABASE_URL", database.as_str()),
        ("OPENAI_API_KEYS", "sk-wrong-canary"),
    ];
    let ended = clinic.doctor(&changed, &[]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for (part, advice) in [
        ("WORKERS", "example: WORKERS="),
        ("identity", "AZURE_DEVOPS_BOT_TOKEN"),
        ("database", "a-file"),
        ("model: ", "OPENAI_API_KEYS"),
    ] {
        let line = line(&ended, part);
        assert!(line.starts_with("FAILED") && line.contains(advice), "{part}: {}", ended.stdout);
    }
    assert!(ended.stdout.ends_with("4 problems to mend\n"), "{}", ended.stdout);
}

#[tokio::test]
async fn a_part_whose_settings_are_wrong_is_not_tried_with_others_in_their_place() {
    let clinic = Clinic::open().await;
    let ended = clinic.doctor(&[("OPENAI_BASE_URL", "no url"), ("AZURE_DEVOPS_URL", "ftp://x")], &[]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(line(&ended, "OPENAI_BASE_URL").starts_with("FAILED"));
    assert!(line(&ended, "AZURE_DEVOPS_URL").starts_with("FAILED"));
    assert!(line(&ended, "model:").starts_with("warning"), "{}", ended.stdout);
    assert!(line(&ended, "Azure DevOps:").starts_with("warning"), "{}", ended.stdout);
    assert!(line(&ended, "database:").starts_with("ok"), "{}", ended.stdout);
    assert_eq!(clinic.azure.requests(), []);
}

#[tokio::test]
async fn a_model_that_no_ceiling_holds_is_warned_of_where_there_is_one() {
    let clinic = Clinic::open().await;
    let priceless = ("MODEL_LIGHT", "our-coder");
    let held = clinic.doctor(&[("COST_LIMIT_DAY", "5"), priceless], &[]).await;
    let told = line(&held, "price is not known");
    assert!(told.starts_with("warning model our-coder: ") && told.contains("MODEL_PRICES"), "{told}");
    for settled in [vec![priceless], vec![priceless, ("COST_LIMIT_DAY", "5"), ("MODEL_PRICES", "our-*=0/0/0")]] {
        let ended = clinic.doctor(&settled, &[]).await;
        assert!(!ended.stdout.contains("price is not known"), "{}", ended.stdout);
    }
}

#[tokio::test]
async fn a_recording_under_way_is_warned_of_and_one_that_answers_is_checked_without_a_model() {
    let clinic = Clinic::open().await;
    let folder = clinic.directory.path().join("recording");
    let folder = folder.to_str().unwrap();
    let recording = clinic.doctor(&[("MODEL_RECORD_PATH", folder)], &[]).await;
    assert_eq!(recording.code, Some(0), "{recording:?}");
    let told = line(&recording, "MODEL_RECORD_PATH");
    assert!(told.starts_with("warning") && told.contains(folder), "{told}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0, "what it asks itself is no review");
    let asked = clinic.model.calls().len();

    let empty = clinic.doctor(&[("MODEL_REPLAY_PATH", folder)], &[]).await;
    assert_eq!(empty.code, Some(1), "{empty:?}");
    assert!(line(&empty, "is no recording").starts_with("FAILED  model: "), "{}", empty.stdout);
    let models = r#"{"format":1,"recorded_by":"0.1.0","light":["a"],"medium":["b"],"heavy":["c"]}"#;
    std::fs::write(format!("{folder}/models.json"), models).unwrap();
    for arguments in [&[][..], &["--offline"]] {
        let replay = clinic.doctor(&[("MODEL_REPLAY_PATH", folder), ("OPENAI_API_KEYS", "")], arguments).await;
        assert_eq!(replay.code, Some(0), "{replay:?}");
        assert!(line(&replay, "models: ").contains("light a, medium b, heavy c at the recording "), "{}", replay.stdout);
        assert!(line(&replay, "MODEL_REPLAY_PATH").starts_with("warning"), "{}", replay.stdout);
    }
    assert_eq!(clinic.model.calls().len(), asked);

    let file = clinic.directory.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let nowhere = clinic.doctor(&[("MODEL_RECORD_PATH", file.to_str().unwrap())], &[]).await;
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
    assert!(line(&nowhere, "cannot hold a recording").starts_with("FAILED  MODEL_RECORD_PATH: "), "{}", nowhere.stdout);
}

#[tokio::test]
async fn offline_it_asks_nobody_and_as_json_it_is_for_machines() {
    let clinic = Clinic::open().await;
    let ended = clinic.doctor(&[("AZURE_DEVOPS_BOT_TOKEN", "wrong-canary")], &["--offline", "--json"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let checks: Value = serde_json::from_str(&ended.stdout).unwrap();
    let checks = checks.as_array().unwrap();
    assert!(checks.iter().any(|check| check["subject"] == "database" && check["verdict"] == "ok"), "{checks:#?}");
    assert!(checks.iter().all(|check| !check["text"].as_str().unwrap().is_empty()));
    assert_eq!(clinic.azure.requests(), []);
    assert!(clinic.model.calls().is_empty() && clinic.model.refusals().is_empty());

    let failed = clinic.doctor(&[("AZURE_DEVOPS_BOT_TOKEN", "wrong-canary")], &["--json"]).await;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    let checks: Value = serde_json::from_str(&failed.stdout).unwrap();
    assert!(checks.as_array().unwrap().iter().any(|check| check["verdict"] == "failed"), "{checks:#}");
}

#[tokio::test]
async fn trackers_and_web_search_are_asked_whose_token_it_is_and_named_by_their_hosts() {
    let clinic = Clinic::open().await;
    let jira = JiraServer::start(JiraEdition::Cloud, &[]).await.unwrap();
    let linear = LinearServer::start(&[]).await.unwrap();
    let (host, pat, url) = (jira.host(), jira.pat(), linear.url());
    let variables = [("JIRA_HOST", host.as_str()), ("JIRA_PAT", pat.as_str()), ("LINEAR_API_URL", url.as_str())];
    let well = clinic.doctor(&[&variables[..], &[("LINEAR_PAT", linear.key())]].concat(), &[]).await;
    assert_eq!(well.code, Some(0), "{well:?}");
    well.assert_hides(&[linear.key(), &pat]);
    assert!(
        line(&well, "Jira at 127.0.0.1:").ends_with(": answers; the token is that of CodeRabbit of Contoso"),
        "{}",
        well.stdout
    );
    assert!(line(&well, "Linear at 127.0.0.1:").ends_with("the token is that of CodeRabbit of Contoso"), "{}", well.stdout);

    let wrong = [("JIRA_HOST", host.as_str()), ("JIRA_PAT", "canary-of-jira"), ("LINEAR_API_URL", url.as_str())];
    let web = PerplexityServer::start(&[]).await.unwrap();
    let base = web.base_url();
    let search = [("ENABLE_WEB_SEARCH", "true"), ("PERPLEXITY_BASE_URL", base.as_str())];
    let well = clinic.doctor(&[&search[..], &[("PERPLEXITY_API_KEY", web.key())]].concat(), &[]).await;
    assert!(line(&well, "web search at 127.0.0.1:").ends_with("a search brought 0 results, and was paid for"), "{}", well.stdout);
    let ill = clinic.doctor(&[&search[..], &[("PERPLEXITY_API_KEY", "canary-of-perplexity")]].concat(), &[]).await;
    assert!(
        line(&ill, "web search at 127.0.0.1:").contains("refuses the token of PERPLEXITY_API_KEY: 401 Invalid API key"),
        "{}",
        ill.stdout
    );

    let ill = clinic.doctor(&[&wrong[..], &[("LINEAR_PAT", "canary-of-linear")]].concat(), &[]).await;
    assert_eq!(ill.code, Some(1), "{ill:?}");
    for (tracker, variable) in [("Jira", "JIRA_PAT"), ("Linear", "LINEAR_PAT")] {
        let told = line(&ill, &format!("{tracker} at 127.0.0.1:"));
        assert!(told.starts_with("FAILED") && told.contains(&format!("refuses the token of {variable}: ")), "{told}");
        assert!(told.ends_with("Set a valid one, and restart the agent"), "{told}");
    }
}

#[tokio::test]
async fn which_way_each_address_is_reached_is_told_without_the_proxys_password() {
    let clinic = Clinic::open().await;
    let changed = [
        ("AZURE_DEVOPS_URL", "https://dev.azure.com/contoso,https://tfs.corp/tfs/Main,https://tfs.corp:8443/tfs/Main"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"),
        ("HTTPS_PROXY", "http://me:canary%20word@proxy.corp:3128"),
        ("NO_PROXY", "*.corp:443"),
        ("JIRA_HOST", "https://contoso.atlassian.net"),
        ("JIRA_PAT", "canary-of-jira"),
    ];
    let ended = clinic.doctor(&changed, &["--offline"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for expected in [
        "ok      https://dev.azure.com/contoso: through proxy.corp:3128",
        "ok      https://tfs.corp/tfs/Main: direct (NO_PROXY)",
        "ok      https://tfs.corp:8443/tfs/Main: through proxy.corp:3128",
        "ok      http://127.0.0.1:1/v1: direct",
        "ok      https://contoso.atlassian.net: through proxy.corp:3128",
    ] {
        assert!(ended.stdout.lines().any(|line| line == expected), "{expected}\n{}", ended.stdout);
    }
}

#[tokio::test]
async fn no_way_is_told_of_an_address_that_is_wrong() {
    let clinic = Clinic::open().await;
    let ended = clinic.doctor(&[("OPENAI_BASE_URL", "no url")], &["--offline"]).await;
    assert!(ended.stdout.contains(": direct\n") && !ended.stdout.contains("openai.com: direct"), "{}", ended.stdout);
    let ended = clinic.doctor(&[("NO_PROXY", "10.*")], &["--offline"]).await;
    assert!(line(&ended, "NO_PROXY").starts_with("FAILED") && !ended.stdout.contains(": direct"), "{}", ended.stdout);
}
