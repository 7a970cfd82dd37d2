//! Each variable: well written, in the document's brackets, still a placeholder, malformed.

use std::{collections::BTreeSet, io::Write as _, time::Duration};

use secrecy::ExposeSecret;

use super::{SERVE, lines, load, serve};
use crate::settings::{
    LogFormat, Provider, Purpose,
    forms::{Checked, check},
    table::{Form, Need, Stage, TABLE, Variable},
};

/// A value that the form accepts, and one that it refuses (none: every text is well-formed).
fn samples(variable: &Variable) -> (&'static str, Option<&'static str>) {
    match variable.form {
        Form::Line { .. } => ("some text", Some("tab\there")),
        Form::Word => ("word", Some("two words")),
        Form::Words => ("one,two", Some("one two")),
        Form::Projects => ("Web Shop, Platform", Some("Web Shop/Maintainers")),
        Form::Teams => ("Web Shop/Maintainers, Platform/Team", Some("Maintainers")),
        Form::Choice(choices) => (choices[0], Some("neither")),
        Form::Platform => ("azure-devops", Some("github")),
        Form::Flag => ("true", Some("perhaps")),
        Form::Whole { .. } => (variable.default.unwrap(), Some("-1")),
        Form::Dollars => ("2.50", Some("$5")),
        Form::Prices => ("gpt-4.1=2/0.5/8", Some("gpt-4.1=2/8")),
        Form::ApiUrl => ("https://api.contoso.com/v1", Some("api.contoso.com")),
        Form::CollectionUrls => ("https://dev.azure.com/contoso", Some("contoso")),
        Form::ProxyUrl => ("http://proxy:3128", Some("socks5://proxy:1080")),
        Form::Hosts => ("localhost,10.0.0.0/8", Some("10.0.0.0/99")),
        Form::Address => ("127.0.0.1", Some("localhost")),
        Form::Path => ("/somewhere", None),
        Form::Database => ("sqlite:///tmp/a.db", Some("mysql://host/db")),
        Form::ObjectStore => ("s3://bucket/path", Some("ftp://host/path")),
        Form::LogFilter => ("debug", Some("info=nonsense")),
        Form::Folders => ("/opt/tools/bin:/usr/bin", Some("tools/bin")),
        Form::Yaml => (r"reviews:\n  profile: chill", None),
    }
}

/// Every other variable that one needs beside it.
fn company(variable: &Variable) -> Vec<(&'static str, &'static str)> {
    let mut company = Vec::new();
    if variable.need == Need::Together {
        for other in crate::settings::table::siblings(variable) {
            company.push((other.name, samples(other).0));
        }
    }
    if let Some(provider) = variable.group.provider() {
        company.push(("LLM_PROVIDER", provider));
        for other in TABLE.iter().filter(|other| other.group == variable.group && other.name != variable.name) {
            if other.need == Need::Provider || matches!(other.need, Need::ProviderUnless(_)) {
                company.push((other.name, samples(other).0));
            }
        }
    }
    company
}

fn with<'a>(variable: &Variable, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut vars: Vec<(&str, &str)> = company(variable);
    vars.push((variable.name, value));
    vars
}

#[test]
fn each_variable_takes_a_good_value_plain_and_in_brackets() {
    for variable in TABLE {
        let (good, _) = samples(variable);
        for value in [good.to_owned(), format!("[{good}]"), format!("  {good} ")] {
            // A form that is a list in brackets of its own keeps them: YAML.
            if variable.form == Form::Yaml && value.starts_with('[') {
                continue;
            }
            let loaded = serve(&with(variable, &value));
            assert!(loaded.is_ok(), "{}={value}: {}", variable.name, lines(&loaded.err().unwrap_or_default()));
        }
    }
}

#[test]
fn each_malformed_value_is_refused_with_what_is_allowed_and_an_example() {
    for variable in TABLE {
        let (_, Some(bad)) = samples(variable) else { continue };
        let problems = serve(&with(variable, bad)).expect_err(variable.name);
        let about: Vec<_> = problems.iter().filter(|problem| problem.variable == variable.name).collect();
        assert_eq!(about.len(), 1, "{}: {}", variable.name, lines(&problems));
        let text = &about[0].text;
        assert!(text.contains("; allowed: "), "{text}");
        assert!(text.contains(&format!("; example: {}=", variable.name)), "{text}");
        if variable.secret {
            assert!(text.starts_with("found: a value that is not shown (the environment)"), "{text}");
        } else {
            assert!(text.starts_with(&format!("found: `{}` (the environment)", bad.replace('\t', "\u{fffd}"))), "{text}");
        }
    }
}

#[test]
fn each_placeholder_is_an_error_where_the_variable_is_needed_and_unset_where_it_is_not() {
    for variable in TABLE {
        let mut vars = with(variable, "<put-it-here>");
        if let Need::ProviderUnless(others) = variable.need {
            vars.retain(|(name, _)| !others.contains(name));
        }
        vars.extend(SERVE.iter().filter(|(name, _)| *name != variable.name));
        match (variable.need, load(Purpose::Serve, &vars)) {
            (Need::Optional, result) => {
                let loaded = result.unwrap_or_else(|problems| panic!("{}: {}", variable.name, lines(&problems)));
                let warned = loaded.warnings.iter().any(|warning| warning.variable == variable.name);
                assert_eq!(warned, variable.stage == Stage::Used, "{}: {}", variable.name, lines(&loaded.warnings));
            }
            (_, result) => {
                let problems = result.expect_err(variable.name);
                assert_eq!(problems.len(), 1, "{}", lines(&problems));
                assert_eq!(problems[0].variable, variable.name);
                assert!(
                    problems[0].text.starts_with("is still a placeholder in angle brackets (the environment)"),
                    "{}",
                    problems[0]
                );
            }
        }
        // The mark of an optional value never takes the place of the one that is there.
        assert!(serve(&[(variable.name, "[<put-it-here>]")]).is_ok(), "{}", variable.name);
    }
}

#[test]
fn the_table_names_each_variable_once_and_its_defaults_and_examples_are_of_its_form() {
    let mut seen = BTreeSet::new();
    for variable in TABLE {
        assert!(seen.insert(variable.name), "{} stands twice in the table", variable.name);
        if let Some(default) = variable.default {
            assert!(check(variable.form, default).is_ok(), "default of {}", variable.name);
        }
        if !variable.example.starts_with('<') {
            assert!(check(variable.form, variable.example).is_ok(), "example of {}", variable.name);
        }
        assert!(variable.text.ends_with('.'), "{}", variable.name);
    }
}

#[test]
fn unset_variables_take_their_defaults() {
    let settings = serve(&[]).unwrap().settings;
    assert_eq!(settings.server.host.to_string(), "0.0.0.0");
    assert_eq!((settings.server.port, settings.server.workers), (8080, 4));
    assert_eq!(settings.model.timeout, Duration::from_mins(6));
    assert_eq!(settings.model.prompt_tokens, 60_000);
    assert_eq!((settings.review.max_inline, settings.review.max_looks), (5, 8));
    assert_eq!(settings.storage.database_url.expose_secret(), "sqlite:///data/coderabbit-agent.db");
    assert_eq!(settings.storage.mirror_cache_bytes, 5_000_000_000);
    assert_eq!(settings.storage.temp_path.to_str(), Some("/cache"));
    assert_eq!((settings.log_format, settings.log_level.as_str()), (LogFormat::Text, "info"));
    assert!(settings.later.knowledge.code_graph);
    let Provider::OpenAi(openai) = settings.model.provider else { panic!("{:?}", settings.model.provider) };
    assert_eq!(openai.base_url.as_str(), "https://api.openai.com/v1");
}

#[test]
fn prices_and_ceilings_are_read_in_dollars() {
    let vars =
        [("MODEL_PRICES", "gpt-4.1=1/0.25/4,local=0/0/0"), ("COST_LIMIT_PULL_REQUEST", "2.50"), ("COST_LIMIT_DAY", "0.05")];
    let settings = serve(&vars).unwrap().settings;
    let price = settings.model.prices.of("gpt-4.1-2025-04-14").unwrap();
    assert_eq!((price.input.to_string(), price.output.to_string()), ("$1.00".to_owned(), "$4.00".to_owned()));
    assert!(settings.model.prices.of("o3").is_some(), "the built-in prices are still there");
    let limits = settings.review.cost_limits;
    assert_eq!((limits.pull_request.unwrap().micros(), limits.day.unwrap().micros()), (2_500_000, 50_000));
    assert!(!serve(&[]).unwrap().settings.review.cost_limits.are_set());

    let problems = serve(&[("COST_LIMIT_DAY", "0"), ("MODEL_PRICES", "a=1/1,b=1/1/x")]).unwrap_err();
    assert_eq!(problems.len(), 2, "{}", lines(&problems));
    assert!(problems[0].text.contains("no review would ever be made"), "{}", problems[0]);
    assert!(problems[1].text.contains("in `a=1/1`, ") && problems[1].text.contains("in `b=1/1/x`, "), "{}", problems[1]);
}

#[test]
fn several_keys_rotate_and_a_base_url_loses_its_last_slash() {
    let settings =
        serve(&[("OPENAI_API_KEYS", "sk-1, sk-2,sk-1"), ("OPENAI_BASE_URL", "http://127.0.0.1:11434/v1/")]).unwrap().settings;
    let Provider::OpenAi(openai) = settings.model.provider else { panic!("{:?}", settings.model.provider) };
    let keys: Vec<&str> = openai.keys.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(keys, ["sk-1", "sk-2"]);
    assert_eq!(openai.base_url.as_str(), "http://127.0.0.1:11434/v1");
}

#[test]
fn a_database_url_is_written_from_the_data_path_even_when_it_holds_marks_of_a_url() {
    let settings = serve(&[("DATA_PATH", "/srv/50% off?/x")]).unwrap().settings;
    assert_eq!(settings.storage.database_url.expose_secret(), "sqlite:///srv/50%25 off%3F/x/coderabbit-agent.db");
}

#[test]
fn collections_of_cloud_and_server() {
    let table = [
        ("https://dev.azure.com/contoso/", Ok("https://dev.azure.com/contoso")),
        ("https://DEV.azure.com/Contoso", Ok("https://dev.azure.com/Contoso")),
        ("https://contoso.visualstudio.com", Ok("https://contoso.visualstudio.com/")),
        ("https://contoso.visualstudio.com/DefaultCollection/", Ok("https://contoso.visualstudio.com/DefaultCollection")),
        ("https://tfs.contoso.com:8443/tfs/Default%20Collection", Ok("https://tfs.contoso.com:8443/tfs/Default%20Collection")),
        ("http://127.0.0.1:4711/tfs/Main", Ok("http://127.0.0.1:4711/tfs/Main")),
        ("https://dev.azure.com", Err("exactly the organisation belongs behind the host")),
        ("https://dev.azure.com/contoso/project", Err("exactly the organisation belongs behind the host")),
        ("http://dev.azure.com/contoso", Err("the cloud is reached by https only")),
        ("https://tfs.contoso.com", Err("the collection is missing behind the host")),
        ("https://user:secret@dev.azure.com/contoso", Err("it holds a user name or a password")),
        ("https://user:se@cret@dev.azure.com/contoso", Err("it holds a user name or a password")),
        ("https://dev.azure.com/contoso?a=secret", Err("it holds a query or a fragment")),
        ("ssh://dev.azure.com/contoso", Err("its scheme is `ssh`")),
        ("https://dev.azure.com/<organization>", Err("it still holds a placeholder")),
        ("contoso", Err("it has no `https://` at its start")),
        (",", Err("it names nothing")),
    ];
    for (written, expected) in table {
        match (serve(&[("AZURE_DEVOPS_URL", written)]), expected) {
            (Ok(loaded), Ok(expected)) => {
                let collections = loaded.settings.azure_devops.unwrap().collections;
                assert_eq!(collections.iter().map(url::Url::as_str).collect::<Vec<_>>(), [expected], "{written}");
            }
            (Err(problems), Err(expected)) => {
                assert!(problems[0].text.contains(expected), "{written}: {}", problems[0]);
                assert!(!lines(&problems).contains("secret") && !lines(&problems).contains("cret@"), "{}", problems[0]);
            }
            (result, _) => panic!("{written}: {result:?}"),
        }
    }
}

#[test]
fn plain_http_to_another_machine_is_taken_with_a_loud_warning() {
    let loaded = serve(&[("AZURE_DEVOPS_URL", "http://tfs.contoso.local/Main,http://localhost:8081/Main")]).unwrap();
    let about: Vec<_> = loaded.warnings.iter().filter(|warning| warning.variable == "AZURE_DEVOPS_URL").collect();
    assert_eq!(about.len(), 1);
    assert!(about[0].text.starts_with("http://tfs.contoso.local/Main IS PLAIN HTTP"), "{}", about[0]);
}

#[test]
fn the_hosts_without_proxy_are_taken_as_operators_write_them() {
    let table = [
        ("localhost, 127.0.0.1 ,10.0.0.0/8", "localhost,127.0.0.1,10.0.0.0/8"),
        ("*.Contoso.com .local", "contoso.com,local"),
        ("https://tfs.contoso.com/tfs,proxyless:8080,[::1]:80,::1", "tfs.contoso.com,proxyless:8080,[::1]:80,::1"),
        ("*", "*"),
    ];
    for (written, expected) in table {
        let loaded = serve(&[("NO_PROXY", written)]).unwrap();
        assert_eq!(loaded.settings.network.no_proxy.to_string(), expected);
    }
    let problems = serve(&[("NO_PROXY", "192.168.*")]).unwrap_err();
    assert!(problems[0].text.starts_with("found: `192.168.*` (the environment); `*` counts only alone"), "{}", problems[0]);
}

#[test]
fn a_proxy_may_lack_its_scheme() {
    let settings = serve(&[("HTTPS_PROXY", "proxy.contoso.com:3128")]).unwrap().settings;
    assert_eq!(settings.network.https_proxy.unwrap().expose_secret(), "http://proxy.contoso.com:3128/");
}

#[test]
fn the_yaml_in_one_line_gets_its_line_ends() {
    let review = serve(&[("YAML_CONFIG", r"a:\n\t- C:\\new\d")]).unwrap().settings.review;
    assert_eq!(review.yaml_config.as_deref(), Some("a:\n\t- C:\\new\\d"));
    assert_eq!(check(Form::Yaml, "a").unwrap().value, Checked::Text("a".to_owned()));
}

#[test]
fn mistakes_in_the_yaml_are_warnings_at_the_start() {
    let loaded = serve(&[("YAML_CONFIG", r"reviews:\n  profil: chill\n  poem: true")]).unwrap();
    let about_it: Vec<_> = loaded.warnings.iter().filter(|warning| warning.variable == "YAML_CONFIG").collect();
    assert_eq!(about_it.len(), 1, "{}", lines(&loaded.warnings));
    assert_eq!(about_it[0].text, "line 2, column 3: `reviews.profil` is no key; did you mean `profile`?");
}

#[test]
fn each_purpose_needs_only_its_own() {
    let review =
        load(Purpose::LocalReview, &[("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("OPENAI_API_KEYS", "none")]).unwrap();
    assert!(review.settings.azure_devops.is_none());
    assert_eq!(lines(&review.warnings), "");

    let database = load(Purpose::Database, &[]).unwrap();
    assert!(matches!(database.settings.model.provider, Provider::None));

    let problems = load(Purpose::Database, &[("LLM_TIMEOUT", "soon")]).unwrap_err();
    assert_eq!(problems[0].variable, "LLM_TIMEOUT");
}

#[test]
fn a_stand_in_makes_a_deployment_optional() {
    let vars = [
        ("LLM_PROVIDER", "azure-openai"),
        ("AZURE_OPENAI_ENDPOINT", "https://contoso.openai.azure.com/"),
        ("AZURE_OPENAI_API_KEY", "key"),
        ("AZURE_GPT4OMINI_DEPLOYMENT_NAME", "mini"),
        ("AZURE_O1_DEPLOYMENT_NAME", "big"),
    ];
    let Provider::AzureOpenAi(azure) = serve(&vars).unwrap().settings.model.provider else { panic!("another provider") };
    assert_eq!(azure.deployments, [("o1", "big".to_owned()), ("gpt-4o-mini", "mini".to_owned())]);

    let problems = serve(&vars[..4]).unwrap_err();
    let missing: Vec<&str> = problems.iter().map(|problem| problem.variable.as_str()).collect();
    assert_eq!(missing, ["AZURE_O4MINI_DEPLOYMENT_NAME", "AZURE_O3_DEPLOYMENT_NAME"]);
}

#[test]
fn a_secret_may_come_from_a_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "pat-from-file").unwrap();
    let path = file.path().to_str().unwrap();
    let others = [("OPENAI_API_KEYS", "sk-1"), ("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit")];

    let from_file = load(Purpose::Serve, &[&others[..], &[("AZURE_DEVOPS_BOT_TOKEN_FILE", path)]].concat()).unwrap();
    assert_eq!(from_file.settings.azure_devops.unwrap().token.expose_secret(), "pat-from-file");

    let beside_a_placeholder = [("AZURE_DEVOPS_BOT_TOKEN", "<personal-access-token>"), ("AZURE_DEVOPS_BOT_TOKEN_FILE", path)];
    assert!(load(Purpose::Serve, &[&others[..], &beside_a_placeholder].concat()).is_ok());

    let twice = serve(&[("AZURE_DEVOPS_BOT_TOKEN_FILE", path)]).unwrap_err();
    assert_eq!(
        lines(&twice),
        "AZURE_DEVOPS_BOT_TOKEN: is set, and AZURE_DEVOPS_BOT_TOKEN_FILE is set too; keep one of the two\n"
    );

    let gone = load(Purpose::Serve, &[&others[..], &[("AZURE_DEVOPS_BOT_TOKEN_FILE", "/nowhere/token")]].concat()).unwrap_err();
    assert_eq!(gone.len(), 1);
    assert!(gone[0].text.starts_with("found: `/nowhere/token` (the environment); the file cannot be read"), "{}", gone[0]);
}

#[test]
fn debug_output_of_the_settings_shows_no_secret() {
    let secrets: Vec<&Variable> = TABLE.iter().filter(|variable| variable.secret).collect();
    for variable in &secrets {
        if matches!(variable.form, Form::Database | Form::ProxyUrl) {
            continue;
        }
        let loaded = serve(&with(variable, "CANARY")).unwrap();
        assert!(!format!("{loaded:?}").contains("CANARY"), "{}", variable.name);
    }
    let loaded = serve(&[("HTTPS_PROXY", "http://me:CANARY@proxy:1"), ("DATABASE_URL", "sqlite:///CANARY")]).unwrap();
    assert!(!format!("{loaded:?}").contains("CANARY"));
    assert!(secrets.len() > 10);
}
