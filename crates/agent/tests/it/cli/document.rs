//! The three `.env` blocks of the self-hosting document, filled in as somebody does who follows it: what `doctor` says.

use testkit::{
    azure_devops::AzureDevOps,
    model::{ModelOptions, ModelServer, Script},
};

use super::run;

const OPENAI: &str = include_str!("document/openai.env");
const AZURE_OPENAI: &str = include_str!("document/azure-openai.env");
const BEDROCK: &str = include_str!("document/bedrock-anthropic.env");
/// What stands in the document below the blocks.
const REST: &str = include_str!("document/rest.env");

const TOKEN: &str = "canary-of-the-azure-devops-token";
const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";
const OLDER_HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const SONNET: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const OLDER_SONNET: &str = "anthropic.claude-sonnet-4-20250514-v1:0";
const OPUS: &str = "anthropic.claude-opus-4-5-20251101-v1:0";

/// A provider, and what it should come to.
struct Case {
    block: &'static str,
    /// What the endpoint has.
    models: &'static [&'static str],
    /// As `doctor` tells it.
    table: String,
    /// The models that are asked, one line each.
    answer: Vec<&'static str>,
}

/// The places that somebody fills in, and nothing else.
fn filled(case: &Case, server: &ModelServer, directory: &std::path::Path) -> String {
    let mut values = vec![
        ("<openai-key>", server.key().to_owned()),
        ("<openai-base-url>", server.base_url()),
        ("<azure-openai-endpoint>", server.endpoint()),
        ("<key>", server.key().to_owned()),
        ("<aws-access-key>", server.key().to_owned()),
        ("<aws-secret-access-key>", "canary-of-aws".to_owned()),
        ("<aws-region>", "eu-central-1".to_owned()),
        ("/cache", directory.join("cache").display().to_string()),
        ("<personal-access-token>", TOKEN.to_owned()),
        ("<bot-user-username>", "CodeRabbit".to_owned()),
        ("<license-key>", "canary-of-the-licence".to_owned()),
        ("<coderabbitai-api-key>", "canary-of-the-product".to_owned()),
    ];
    let places: Vec<String> = case.models.iter().map(|model| format!("<{model}-deployment-name>")).collect();
    values.extend(places.iter().zip(case.models).map(|(place, model)| (place.as_str(), format!("our-{model}"))));
    let mut text = String::new();
    for line in case.block.lines().chain(REST.lines()) {
        let value = line.split_once('=').map_or("", |(_, value)| value);
        let place = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(value);
        match values.iter().find(|(known, _)| *known == place) {
            Some((place, value)) => text.push_str(&line.replace(place, value)),
            // A deployment that stands in for another: the line of the other goes.
            None if value.starts_with('<') && value.ends_with("-deployment-name>") => continue,
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// The document recommends gpt-4.1-mini, o4-mini and o3, and names what may stand in the place of each.
fn cases() -> Vec<Case> {
    let case = |block, models, table: &str, answer: &[&'static str]| Case {
        block,
        models,
        table: table.to_owned(),
        answer: answer.to_vec(),
    };
    let recommended = "light gpt-4.1-mini, medium o4-mini, heavy o3";
    vec![
        case(OPENAI, &["gpt-4.1-mini", "o4-mini", "o3"], recommended, &["gpt-4.1-mini", "o4-mini", "o3"]),
        case(
            OPENAI,
            &["dall-e-3", "o3", "gpt-4.1", "text-embedding-3-large", "o4-mini", "gpt-4.1-mini"],
            "light gpt-4.1-mini (then gpt-4.1), medium o4-mini (then gpt-4.1), heavy o3 (then gpt-4.1)",
            &["gpt-4.1-mini", "o4-mini", "o3"],
        ),
        case(AZURE_OPENAI, &["gpt-4.1-mini", "o4-mini", "o3"], recommended, &["gpt-4.1-mini", "o4-mini", "o3"]),
        case(
            AZURE_OPENAI,
            &["gpt-4.1-mini", "o4-mini", "o1"],
            "light gpt-4.1-mini, medium o4-mini (then o1), heavy o1",
            &["gpt-4.1-mini", "o4-mini", "o1"],
        ),
        case(
            AZURE_OPENAI,
            &["gpt-4.1-mini", "o1", "o3-mini"],
            "light gpt-4.1-mini, medium o3-mini (then o1), heavy o1",
            &["gpt-4.1-mini", "o3-mini", "o1"],
        ),
        case(
            AZURE_OPENAI,
            &["gpt-4o-mini", "o4-mini", "o3"],
            "light gpt-4o-mini, medium o4-mini, heavy o3",
            &["gpt-4o-mini", "o4-mini", "o3"],
        ),
        case(
            AZURE_OPENAI,
            &["gpt-4.1-mini", "o4-mini", "o3", "gpt-4.1"],
            "light gpt-4.1-mini (then gpt-4.1), medium o4-mini (then gpt-4.1), heavy o3 (then gpt-4.1)",
            &["gpt-4.1-mini", "o4-mini", "o3"],
        ),
        case(AZURE_OPENAI, &["gpt-4.1"], "light gpt-4.1, medium gpt-4.1, heavy gpt-4.1", &["gpt-4.1"]),
        Case {
            block: BEDROCK,
            models: &[HAIKU, SONNET, OPUS],
            // There is no list: what stands in is told whether the account has it or not.
            table: format!(
                "light {HAIKU} (then anthropic.claude-3-5-haiku-20241022-v1:0, {OLDER_HAIKU}), medium {SONNET} (then {OLDER_SONNET}), \
                 heavy {OPUS} (then anthropic.claude-opus-4-20250514-v1:0, {SONNET})"
            ),
            answer: vec![HAIKU, SONNET, OPUS],
        },
    ]
}

#[tokio::test]
async fn each_block_of_the_document_comes_to_the_models_that_it_names_and_doctor_tells_them() {
    let azure = AzureDevOps::builder().token(TOKEN).start().await.unwrap();
    azure.repository("Web Shop", "orders").await.unwrap().commit(&[("README.md", "# Shop\n")], "A shop").await.unwrap();
    for case in cases() {
        let directory = tempfile::tempdir().unwrap();
        let names = |prefix: &str| case.models.iter().map(|model| format!("{prefix}{model}")).collect::<Vec<_>>();
        let options = ModelOptions {
            keys: vec!["canary-of-the-model".to_owned()],
            deployments: names("our-").into_iter().zip(names("")).collect(),
            models: names(""),
            ..ModelOptions::default()
        };
        let server = ModelServer::start_with(options, Script::silent()).await.unwrap();
        let text = filled(&case, &server, directory.path());
        std::fs::write(directory.path().join(".env"), &text).unwrap();
        // What the document has no variable for.
        let around = [
            ("AZURE_DEVOPS_URL", azure.collection_url()),
            ("DATA_PATH", directory.path().join("data").display().to_string()),
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.endpoint()),
        ];
        let ended = run(directory.path(), &around, &["doctor"]).await;
        ended.assert_hides(&["canary"]);
        assert_eq!(ended.code, Some(0), "{text}\n{}", ended.all());
        let line = |start: &str| ended.stdout.lines().find(|line| line.starts_with(start));
        let models = line("ok      models: ").unwrap_or_else(|| panic!("{}", ended.stdout));
        assert!(models.starts_with(&format!("ok      models: {} at {}", case.table, server.endpoint())), "{models}\n{text}");
        let answering: Vec<&str> = ended
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("ok      model ")?.strip_suffix(": answers in the schema"))
            .collect();
        assert_eq!(answering, case.answer, "{}", ended.stdout);
        // Only what the document says nothing about, or turns on for later.
        let warned: Vec<&str> =
            ended.stdout.lines().filter_map(|line| line.strip_prefix("warning ")?.split(':').next()).collect();
        assert!(warned.iter().all(|name| name.contains("WEBHOOK") || name.contains("ENABLE_")), "{}", ended.stdout);
        assert!(line("ok      settings: complete").is_some() && !ended.stdout.contains("FAILED"), "{}", ended.stdout);
        assert_eq!(server.refusals(), [], "{}", case.table);
    }
}

#[tokio::test]
async fn a_region_with_older_models_only_is_told_with_what_stands_in() {
    let azure = AzureDevOps::builder().token(TOKEN).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let case = Case { block: BEDROCK, models: &[OLDER_HAIKU, OLDER_SONNET], table: String::new(), answer: Vec::new() };
    let options = ModelOptions {
        keys: vec!["canary-of-the-model".to_owned()],
        models: case.models.iter().map(|model| (*model).to_owned()).collect(),
        ..ModelOptions::default()
    };
    let server = ModelServer::start_with(options, Script::silent()).await.unwrap();
    std::fs::write(directory.path().join(".env"), filled(&case, &server, directory.path())).unwrap();
    let around = [
        ("AZURE_DEVOPS_URL", azure.collection_url()),
        ("DATA_PATH", directory.path().join("data").display().to_string()),
        ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.endpoint()),
    ];
    let ended = run(directory.path(), &around, &["doctor"]).await;
    for (asked, stands_in) in [(HAIKU, OLDER_HAIKU), (SONNET, OLDER_SONNET)] {
        let told = format!("warning model {asked}: does not answer; {stands_in} stands in for it");
        assert!(ended.stdout.lines().any(|line| line == told), "{told}\n{}", ended.stdout);
    }
}
