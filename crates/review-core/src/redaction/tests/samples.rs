//! Secrets of every kind that the rules know, none of which was ever handed out.

const MIXED: &str = "k7Jq2ZxP9vLw4TnB8mRc5YdG1sHf6QaE3uXo0iKzVtWyNbMpCrDgSjFhLlAeUqO7x2Z9c4V6b8N1m3K5j";

/// `length` letters and digits as chance would mix them.
pub(super) fn opaque(length: usize) -> String {
    MIXED.chars().cycle().take(length).collect()
}

pub(super) fn lower(length: usize) -> String {
    opaque(length).to_lowercase()
}

pub(super) fn hex(length: usize) -> String {
    "9f3a07c1e5d84b62a0f7".chars().cycle().skip(3).take(length).collect()
}

/// As Azure DevOps made them until 2024.
pub(super) fn base32(length: usize) -> String {
    let halves = ["q4w7e2r5t3y6u7i2o4p5a3s6d7", "f2g4h5j3k6l7z2x4c5v3b6n7m2"];
    halves.concat().chars().cycle().take(length).collect()
}

pub(super) fn github() -> String {
    format!("gh{}_{}", "p", opaque(36))
}

pub(super) fn npm() -> String {
    format!("np{}_{}", "m", opaque(36))
}

pub(super) fn aws_id() -> String {
    format!("AK{}{}", "IA", "Q3EGR7ZTX5NVW2LM")
}

pub(super) fn aws_secret() -> String {
    format!("{}/{}+{}", opaque(12), opaque(20), opaque(6))
}

pub(super) fn password() -> String {
    format!("{}{}", "tR9!fluss", "pferd7")
}

pub(super) fn sas() -> String {
    format!("{}%2B{}%3D", opaque(20), opaque(22))
}

/// A text that holds a secret, the secret, and the rule that finds it.
pub(super) fn all() -> Vec<(String, String, &'static str)> {
    let mut samples = Vec::new();
    let mut plain = |secret: String, rule: &'static str| samples.push((format!("x = {secret};"), secret, rule));

    plain(aws_id(), "aws-access-key");
    plain(aws_id().replacen("AK", "AS", 1), "aws-access-key");
    plain(format!("AB{}{}=", "SK", opaque(131)), "aws-bedrock-key");
    plain(format!("{}AZ{}{}", opaque(76), "DO", opaque(4)), "azure-devops-pat");
    plain(base32(52), "azure-devops-pat");
    plain(format!("{}JQ{}9BAACAAAAAAAA{}ACOG{}", opaque(52), "QJ9", opaque(6), opaque(4)), "azure-key");
    plain(format!("{}+A{}{}==", opaque(76), "St", opaque(6)), "azure-key");
    plain(format!("{}AC{}{}==", opaque(76), "Db", opaque(6)), "azure-key");
    plain(format!("{}+A{}{}=", opaque(33), "Sb", opaque(6)), "azure-key");
    plain(format!("{}Az{}{}==", opaque(44), "Fu", opaque(6)), "azure-key");
    plain(format!("{}Az{}{}", opaque(42), "Se", opaque(6)), "azure-key");
    plain(format!("a1B8{}~{}", "Q", opaque(34)), "azure-client-secret");
    plain(format!("_.c7{}~{}", "Q", opaque(31)), "azure-client-secret");
    plain(format!("AI{}{}", "za", opaque(35)), "google-api-key");
    plain(format!("GOC{}-{}", "SPX", opaque(28)), "google-oauth-secret");
    plain(format!("ya{}.{}", "29", opaque(60)), "google-oauth-token");
    for kind in ["o", "u", "s", "r"] {
        plain(format!("gh{kind}_{}", opaque(36)), "github-token");
    }
    plain(github(), "github-token");
    plain(format!("github{}{}_{}", "_pat_", opaque(22), opaque(59)), "github-token");
    plain(format!("gl{}-{}", "pat", opaque(20)), "gitlab-token");
    plain(format!("gl{}-{}", "rt", opaque(20)), "gitlab-token");
    plain(format!("ATAT{}xFfGF0{}=1A2B3C4D", "T3", opaque(100)), "atlassian-token");
    plain(format!("AT{}{}", "BB", opaque(32)), "bitbucket-token");
    plain(format!("lin{}{}", "_api_", opaque(40)), "linear-key");
    plain(format!("sq{}_{}", "p", hex(40)), "sonar-token");
    plain(npm(), "npm-token");
    plain(format!("py{}-AgEIcHlwaS5vcmc{}", "pi", opaque(80)), "pypi-token");
    plain(format!("oy{}{}", "2", lower(43)), "nuget-key");
    plain(format!("dckr{}{}", "_pat_", opaque(27)), "docker-token");
    plain(format!("rubygems{}{}", "_", hex(48)), "rubygems-key");
    plain(format!("ci{}{}", "o", opaque(32)), "crates-io-token");
    plain(format!("xo{}-{}", "xb", "2147483647-2147483648-aBcD1eFgH2iJ"), "slack-token");
    plain(format!("xa{}-1-A01B2C3D4E5-{}", "pp", hex(40)), "slack-token");
    plain(format!("S{}.{}.{}", "G", opaque(22), opaque(43)), "sendgrid-key");
    plain(format!("S{}{}", "K", hex(32)), "twilio-key");
    plain(format!("sk{}{}", "_live_", opaque(24)), "stripe-key");
    plain(format!("rk{}{}", "_live_", opaque(99)), "stripe-key");
    plain(format!("wh{}_{}", "sec", opaque(32)), "stripe-webhook-secret");
    plain(format!("shp{}_{}", "at", hex(32)), "shopify-token");
    plain(format!("sk-{}-api03-{}", "ant", opaque(93)), "anthropic-key");
    plain(format!("sk-{}-v1-{}", "or", hex(64)), "openrouter-key");
    plain(format!("sk-{}-{}", "proj", opaque(120)), "openai-key");
    plain(format!("sk-{}-{}", "svcacct", opaque(60)), "openai-key");
    plain(format!("sk{}{}T3BlbkFJ{}", "-", opaque(20), opaque(20)), "openai-key");
    plain(format!("pp{}-{}", "lx", opaque(48)), "perplexity-key");
    plain(format!("h{}_{}", "f", opaque(34)), "huggingface-token");
    plain(format!("gs{}_{}", "k", opaque(52)), "groq-key");
    plain(format!("xa{}-{}", "i", opaque(80)), "xai-key");
    plain(format!("tv{}-{}", "ly", opaque(32)), "tavily-key");
    plain(format!("r{}_{}", "8", opaque(37)), "replicate-token");
    plain(format!("do{}_v1_{}", "p", hex(64)), "digitalocean-token");
    plain(format!("da{}{}", "pi", hex(32)), "databricks-token");
    plain(format!("hv{}.{}", "s", opaque(24)), "vault-token");
    plain(format!("{}.at{}.{}", opaque(14), "lasv1", opaque(67)), "terraform-token");
    plain(format!("gl{}_{}", "sa", opaque(41)), "grafana-token");
    plain(format!("sn{}_{}", "trys", opaque(60)), "sentry-token");
    plain(format!("NR{}-{}", "AK", opaque(27).to_uppercase()), "newrelic-key");
    plain(format!("PM{}-{}-{}", "AK", hex(24), hex(34)), "postman-key");
    plain(format!("dp{}{}", ".pt.", opaque(43)), "doppler-token");
    plain(format!("AGE-{}-KEY-1{}", "SECRET", opaque(58).to_uppercase()), "age-key");
    plain(format!("fi{}_{}", "gd", opaque(40)), "figma-token");
    plain(format!("nt{}_{}", "n", opaque(46)), "notion-token");
    plain(format!("pu{}-{}", "l", hex(40)), "pulumi-token");
    let part = |text: &str| format!("ey{}{text}", "J");
    plain(format!("{}.{}.{}", part(&opaque(17)), part(&opaque(40)), opaque(43)), "jwt");

    let mut inside = |before: &str, secret: String, after: &str, rule: &'static str| {
        samples.push((format!("{before}{secret}{after}"), secret, rule));
    };
    inside("aws_secret_access_key = ", aws_secret(), "\n", "aws-secret-key");
    inside("\"SecretAccessKey\": \"", aws_secret(), "\",", "aws-secret-key");
    inside("AWS_SECRET_ACCESS_KEY='", aws_secret(), "'", "aws-secret-key");
    inside("export AWS_SESSION_TOKEN=", opaque(200), "\n", "aws-session-token");
    let connection = "DefaultEndpointsProtocol=https;AccountName=orders;AccountKey=";
    inside(connection, format!("{}==", opaque(86)), ";EndpointSuffix=core.windows.net", "azure-account-key");
    inside("Endpoint=sb://a.servicebus.windows.net/;SharedAccessKey=", format!("{}=", opaque(43)), "", "azure-account-key");
    inside("https://a.blob.core.windows.net/b?sv=2024&sig=", sas(), "&se=2030", "azure-sas-signature");
    inside("https://a.test/?a=1&amp;sig=", sas(), "\"", "azure-sas-signature");
    inside("Ocp-Apim-Subscription-Key: ", hex(32), "\n", "azure-cognitive-key");
    inside("AZURE_OPENAI_API_KEY=", hex(32), "\n", "azure-cognitive-key");
    inside("{\"api-key\": \"", hex(32), "\"}", "azure-cognitive-key");
    inside("//registry.test/:_authToken=", "7e0c1a52-90bd-4f3e-8a6b-c21d5f00e9a4".to_owned(), "\n", "npm-token");
    inside("https://hooks.slack.com/", format!("services/T0{}/B0{}/{}", "A1B2C3D", "A1B2C3D", opaque(24)), "\"", "slack-webhook");
    let (group, tenant) = ("7e0c1a52-90bd-4f3e-8a6b-c21d5f00e9a4", "0b1f6c3d-55aa-47e2-9c7e-d3f4a5b6c7d8");
    let teams = format!("{group}@{tenant}/IncomingWebhook/{}/{group}", hex(32));
    inside("https://contoso.webhook.office.com/webhookb2/", teams, "\"", "teams-webhook");
    inside("twilio_auth_token = \"", hex(32), "\"", "twilio-auth-token");
    inside("Authorization: Bearer ", opaque(40), "\n", "bearer-token");
    // `deploy:tR9!flusspferd7`
    inside("Authorization: Basic ", format!("ZGVwbG95OnRSOSFm{}", "bHVzc3BmZXJkNw=="), "\n", "basic-credentials");
    for scheme in ["postgres", "mysql", "mongodb+srv", "redis", "amqps", "https"] {
        inside(&format!("{scheme}://app:"), password(), "@db.contoso.test:5432/x", "url-password");
    }
    inside("redis://:", password(), "@cache:6379", "url-password");
    inside("\"Server=tcp:db;User ID=sa;Password=", password(), ";Encrypt=True\"", "connection-string-password");
    inside("Data Source=x; Pwd=", password(), "", "connection-string-password");
    inside("<RSAKeyValue><Modulus>u1</Modulus><D>", format!("{}==", opaque(86)), "</D></RSAKeyValue>", "private-key");

    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let key = format!("-----BEGIN {kind}PRI{} KEY-----\n{}\n", "VATE", opaque(64));
        inside("  client-key-data: ", STANDARD.encode(key), "\n", "private-key");
    }

    let assigned = "assigned-secret";
    for (before, after) in [
        ("password = \"", "\""),
        ("var dbPassword = \"", "\";"),
        ("const PASSWORD: &str = \"", "\";"),
        ("private string _password = @\"", "\";"),
        ("'passwd' => '", "',"),
        ("\"Password\": \"", "\","),
        ("DB_PASSWORD=", "\n"),
        ("    password: ", "\n"),
        ("spring.datasource.password=", "\n"),
        ("config[\"password\"] = \"", "\""),
        ("if (password == \"", "\")"),
        ("setPassword(\"", "\");"),
        ("<password>", "</password>"),
        ("{\\\"password\\\": \\\"", "\\\"}"),
        ("new SqlCredential { Password = new SecureString(\"", "\") }"),
        ("passphrase: '", "'"),
    ] {
        inside(before, password(), after, assigned);
    }
    for (before, after) in [
        ("secret: \"", "\""),
        ("client_secret = \"", "\""),
        ("clientSecret: '", "',"),
        ("apiKey=", "\n"),
        ("\"ApiKey\": \"", "\""),
        ("API_KEY=", " ./run"),
        ("x-api-key: ", "\n"),
        ("token := \"", "\""),
        ("AZURE_DEVOPS_TOKEN: ", "\n"),
        ("curl --token ", " https://a.test"),
        ("https://a.test/?access_token=", "&x=1"),
        ("<add key=\"ClientSecret\" value=\"", "\" />"),
        ("JWT_SECRET=\"", "\""),
        ("os.Setenv(\"GITEA_TOKEN\", \"", "\")"),
        ("encryption_key = \"", "\""),
        ("+  webhookSecret: \"", "\""),
    ] {
        inside(before, opaque(32), after, assigned);
        inside(before, lower(24), after, assigned);
    }
    inside("token: ", hex(40), "\n", assigned);
    inside("Secret=\"", hex(64), "\"", assigned);
    samples
}

#[test]
fn every_kind_is_found_and_named() {
    let placeholder = regex::Regex::new(r"\[redacted:[^\]]*\]").unwrap();
    for (text, secret, rule) in all() {
        let redacted = super::redactor().redact(&text);
        assert!(!redacted.text.contains(&secret), "{rule} is not found in {text}");
        let found: Vec<&str> = redacted.found.iter().map(|found| found.rule).collect();
        assert_eq!(found, [rule], "{text}\n{}", redacted.text);
        let rest = text.replace(&secret, "");
        assert_eq!(placeholder.replace(&redacted.text, ""), rest, "no more than the secret is replaced");
    }
}

#[test]
fn every_rule_has_a_sample() {
    let sampled: Vec<&str> = all().iter().map(|(_, _, rule)| *rule).collect();
    let without: Vec<&str> = super::super::rules::RULES.iter().map(|rule| rule.id).filter(|id| !sampled.contains(id)).collect();
    assert_eq!(without, [""; 0]);
}
