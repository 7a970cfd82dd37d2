//! What is reported, all at once.

use super::{lines, load, serve};
use crate::settings::{Purpose, RecordingSettings, dotenv, parse};

#[test]
fn where_a_recording_answers_no_provider_needs_anything() {
    for provider in ["openai", "azure-openai", "anthropic", "bedrock-anthropic"] {
        let vars = [("LLM_PROVIDER", provider), ("MODEL_REPLAY_PATH", "/recording"), ("AWS_ACCESS_KEY_ID", "<aws-access-key>")];
        let settings = load(Purpose::LocalReview, &vars).unwrap_or_else(|problems| panic!("{provider}: {}", lines(&problems)));
        assert_eq!(settings.settings.model.recording, RecordingSettings::Replay("/recording".into()), "{provider}");
        assert!(load(Purpose::LocalReview, &vars[..1]).is_err(), "{provider}");
        assert!(load(Purpose::Serve, &vars).is_err(), "Azure DevOps is asked all the same");
    }
}

#[test]
fn a_very_bad_file_is_told_everything_at_once() {
    let text = "\
SELF_HOSTED=github
LLM_PROVIDER=openai
LLM_TIMEOUT=360
OPENAI_API_KEYS=<openai-key>
OPENAI_BASE_URL=localhost:11434
AZURE_DEVOPS_BOT_TOKEN=my secret token
AZURE_DEVOPS_URL=https://me:hunter2@dev.azure.com/contoso
AZURE_DEVOPS_WEBHOOK_USERNAME=hook
PORT=80 80
HOST=localhost
ENABLE_METRICS=[perhaps]
DATABASE_URL=postgres://agent:hunter2@db/agent
HTTPS_PROXY=socks5://me:hunter2@proxy:1080
this is no line
";
    let (entries, earlier) = dotenv::parse(text, ".env");
    let problems = parse::settings(Purpose::Serve, &entries, earlier).unwrap_err();
    let expected = "\
.env, line 14: the line is neither NAME=value nor a comment that starts with #
SELF_HOSTED: found: `github` (.env, line 1); it is none of the choices; allowed: only `azure-devops`: this agent reviews pull requests of Azure DevOps (cloud and Server), of no other platform; example: SELF_HOSTED=azure-devops
AZURE_DEVOPS_BOT_TOKEN: found: a value that is not shown (.env, line 6); it holds white space; allowed: a word without white space; example: AZURE_DEVOPS_BOT_TOKEN=<personal-access-token>
AZURE_DEVOPS_URL: found: `https://…@dev.azure.com/contoso` (.env, line 7); in `https://…@dev.azure.com/contoso`, it holds a user name or a password; allowed: https URLs of organisations or collections, separated by commas, without user name and query; example: AZURE_DEVOPS_URL=https://dev.azure.com/contoso
HOST: found: `localhost` (.env, line 10); it is no IP address; allowed: an IP address; example: HOST=127.0.0.1
PORT: found: `80 80` (.env, line 9); it is no whole number; allowed: a whole number from 0 to 65535 (0 lets the system choose a free port); example: PORT=8080
DATABASE_URL: found: a value that is not shown (.env, line 12); it is a PostgreSQL URL, and this version keeps its database in SQLite; PostgreSQL comes in a later one; allowed: `sqlite://` and a path; example: DATABASE_URL=sqlite:///data/coderabbit-agent.db
LLM_TIMEOUT: found: `360` (.env, line 3); it is less than 1000; allowed: a whole number from 1000 to 3600000 milliseconds; example: LLM_TIMEOUT=360000
OPENAI_BASE_URL: found: `localhost:11434` (.env, line 5); it has no `https://` at its start; allowed: a URL (https, or http) without user name, query and fragment; example: OPENAI_BASE_URL=http://127.0.0.1:11434/v1
HTTPS_PROXY: found: a value that is not shown (.env, line 13); its scheme is `socks5`; only http and https proxies are supported; allowed: `http://host:port` or `https://host:port`, with `user:password@` before the host if needed; example: HTTPS_PROXY=http://proxy.contoso.com:3128
ENABLE_METRICS: found: `perhaps` (.env, line 11); it is neither true nor false; allowed: `true` or `false`; example: ENABLE_METRICS=true
AZURE_DEVOPS_BOT_USERNAME: is not set, and the server needs it; allowed: one line of at most 256 characters; example: AZURE_DEVOPS_BOT_USERNAME=CodeRabbit
AZURE_DEVOPS_WEBHOOK_PASSWORD: is not set, and AZURE_DEVOPS_WEBHOOK_USERNAME needs it; allowed: one line of at most 1024 characters; example: AZURE_DEVOPS_WEBHOOK_PASSWORD=<a-long-random-word>
OPENAI_API_KEYS: is still a placeholder in angle brackets (.env, line 4), and LLM_PROVIDER=openai without OAUTH2_ENDPOINT needs it: put the value itself there, without < and >; allowed: words without white space, separated by commas; example: OPENAI_API_KEYS=<openai-key>
";
    assert_eq!(lines(&problems), expected);
    assert!(!lines(&problems).contains("hunter2") && !lines(&problems).contains("my secret token"));
}

#[test]
fn the_environment_wins_and_a_placeholder_never_takes_the_place_of_a_value() {
    let loaded = serve(&[("PORT", "9000"), ("PORT", "9001"), ("PORT", "<port>"), ("OPENAI_API_KEYS", "<openai-key>")]).unwrap();
    assert_eq!(loaded.settings.server.port, 9001);
    let about: Vec<_> = loaded.warnings.iter().filter(|warning| warning.variable == "PORT").collect();
    assert_eq!(about.len(), 1, "{}", lines(&loaded.warnings));
}

#[test]
fn quotes_that_docker_passed_on_are_taken_off_with_a_warning() {
    let loaded = serve(&[("LOG_FORMAT", "\"json\""), ("TEMP_PATH", "'[/tmp/x]'")]).unwrap();
    assert_eq!(loaded.settings.storage.temp_path.to_str(), Some("/tmp/x"));
    let quoted: Vec<&str> = loaded
        .warnings
        .iter()
        .filter(|warning| warning.text.starts_with("the quotes"))
        .map(|warning| warning.variable.as_str())
        .collect();
    assert_eq!(quoted, ["LOG_FORMAT", "TEMP_PATH"]);
}

#[test]
fn unknown_names_that_look_like_ours_are_warned_about_and_the_others_are_not() {
    let table = [
        ("AZURE_DEVOPS_BOT_TOKN", Some("is not read; did you mean AZURE_DEVOPS_BOT_TOKEN?")),
        ("LLM_TIMEOUTS", Some("is not read; did you mean LLM_TIMEOUT?")),
        ("OPENAI_MODEL", Some("is not read; this agent has no such variable (docs/configuration.md lists all)")),
        ("AZURE_GPT5_DEPLOYMENT_NAME", Some("is not read; did you mean AZURE_GPT41_DEPLOYMENT_NAME?")),
        ("http_proxy", Some("is not read; names are written in capitals: HTTP_PROXY")),
        ("LOG_FORMAT_FILE", Some("is not read; LOG_FORMAT is no secret and has no file form: set it itself")),
        ("HOME", None),
        ("PATH", None),
        ("POST", None),
        ("CODERABBIT_AGENT_SERVICE_HOST", None),
        ("CODERABBIT_AGENT_PORT_8080_TCP_ADDR", None),
        ("AWS_SESSION_TOKEN", None),
        ("SOMETHING_ELSE", None),
    ];
    for (name, expected) in table {
        let loaded = serve(&[(name, "x")]).unwrap();
        let about: Vec<&str> =
            loaded.warnings.iter().filter(|warning| warning.variable == name).map(|warning| warning.text.as_str()).collect();
        assert_eq!(about, expected.into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_lower_case_proxy_beside_the_capital_one_is_no_mistake() {
    let loaded = serve(&[("http_proxy", "http://p:1"), ("HTTP_PROXY", "http://p:1")]).unwrap();
    assert!(loaded.warnings.iter().all(|warning| warning.variable != "http_proxy"));
}

#[test]
fn half_of_a_pair_is_refused() {
    for (set, missing) in [
        (("AZURE_DEVOPS_WEBHOOK_PASSWORD", "x"), "AZURE_DEVOPS_WEBHOOK_USERNAME"),
        (("AZURE_DEVOPS_WEBHOOK_USERNAME", "x"), "AZURE_DEVOPS_WEBHOOK_PASSWORD"),
        (("JIRA_PAT", "x"), "JIRA_HOST"),
    ] {
        let problems = serve(&[set]).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].variable, missing);
    }
    let problems = serve(&[("OAUTH2_ENDPOINT", "https://login/token")]).unwrap_err();
    assert_eq!(problems.len(), 2, "{}", lines(&problems));
}

#[test]
fn a_configured_webhook_password_ends_the_warning() {
    let open = |warnings: &str| warnings.contains("everybody who reaches the port can send events");
    assert!(open(&lines(&serve(&[]).unwrap().warnings)));
    let closed = serve(&[("AZURE_DEVOPS_WEBHOOK_USERNAME", "u"), ("AZURE_DEVOPS_WEBHOOK_PASSWORD", "p")]).unwrap();
    assert!(!open(&lines(&closed.warnings)));
    assert!(closed.settings.server.webhook_credentials.is_some());
    assert!(!open(&lines(&load(Purpose::Database, &[]).unwrap().warnings)));
}
