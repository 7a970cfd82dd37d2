//! What a reviewer must go on to see.

use super::{
    redacted,
    samples::{base32, hex, opaque},
};

#[test]
fn code_keeps_its_names_and_calls() {
    let lines = [
        "let token = tokenizer.next_token();",
        "const token = await getAccessToken2(user);",
        "password = config.oauth2.password",
        "password: String,",
        "string password = Environment.GetEnvironmentVariable(\"DB2_PASSWORD\");",
        "var password = configuration[\"Database:Password1\"];",
        "public string ApiKey { get; set; }",
        "apiKey: process.env.API_KEY_V2,",
        "this.token = token;",
        "token: CancellationToken = default,",
        "if (token == TokenKind::Identifier2) { return; }",
        "self.secret = secret.expose_secret().to_owned();",
        "SecretString::from(\"\")",
        "password=hash(password, salt16)",
        "let password_hash = sha256(password);",
        "func NewToken(secret []byte, token string) (*Token, error) {",
        "token=tok1,secret=sec2",
        "pwd=$(pwd)",
        "secret = base64.b64decode(encodedSecret64)",
        "accessToken = user1.accessToken.value2",
        "refreshToken: oauth2RefreshTokenProvider1,",
        "int maxTokens = 128000; int max_tokens_per_minute = 100000000;",
        "tokens = [\"2024-01-01\", \"12345678\"]",
        "PublicKeyToken=b77a5c561934e089, processorArchitecture=MSIL",
        "AbstractSingletonProxyFactoryBean8 secretBean = null;",
        "ssh://git@ssh.dev.azure.com:22/org/project",
        "http://localhost:8080/@scope/package@1.2.3",
        "image: registry.contoso.test:5000/app@sha256:0f1e2d3c",
        "[Theory] public void Password_must_have_8_characters() {}",
        "throw new ArgumentException(\"Password: at least 8 characters, 1 digit!\");",
        "<label for=\"password\">Password1</label>",
        "<input type=\"password\" name=\"password\" id=\"password-field-1\">",
        "\"password.tooShort\": \"The password needs 8 characters or more.\"",
        "document.querySelector('#password2').value",
        "Authorization: Bearer <token>",
        "`Bearer ${accessToken}`",
        "\"Bearer \" + token",
        "Basic authentication needs https1234",
        "the basic structure2 of a bearer certificate",
        "task-runner-configuration-for-development-builds",
        "sk-toggleable__control sk-hidden--visually sk-estimator-doc-link",
        "ghp_notatoken gho_ short",
        "import eyJ from './eyJ.js'",
        "x = a[i];password=readLine();y = 2;",
        "git log --format=%H --token-file ./run1",
        "git clone https://github.com/contoso/orders.git",
        "&sig=abc&signature=def",
        "key_path = \"/run/secrets/db1/password2\"",
        "secretName: my-app-secret-v2",
        "secretKeyRef: {name: db-1, key: password}",
        "pub const NO_CACHED_PASSWORD: u32 = 16384u32;",
        "const E_BAD_TOKEN: HRESULT = 0x8004E105_u32 as _;",
        "tag_pattern = \"app-v[0-9].*\"",
        "tokenizers: Cl100kBase, O200kBase",
        "`mysql_native_password`, `sha256_password`, and `caching_sha2_password`",
        "longopt_pat = r'[a-zA-Z](?:[a-zA-Z0-9-]*)'",
        "# METHOD can be \"md5\", \"password\", \"scram-sha-256\",",
        "xoxa-nyc.github.io xoxb-my-bot-token",
        "token_url = \"https://login.test/oauth2/v2.0/token\"",
    ];
    for line in lines {
        assert_eq!(redacted(line), line);
    }
}

#[test]
fn templates_and_examples_are_no_secrets() {
    let values = [
        "changeme",
        "changeme123",
        "example-secret-1",
        "your_api_key_here",
        "YOUR-API-KEY-123",
        "<your token 1>",
        "<API_KEY_1>",
        "${DB_PASSWORD1}",
        "{{ .Values.token1 }}",
        "{{token1}}",
        "$(SECRET_1)",
        "$DB_PASSWORD_2",
        "%PASSWORD1%",
        "#{token1}#",
        "xxxxxxxx1",
        "XXXXXXXXXXXX",
        "********",
        "test-password-1",
        "password123",
        "Secret123!",
        "dummy-token-12345",
        "00000000-0000-0000-0000-000000000000",
        "7e0c1a52-90bd-4f3e-8a6b-c21d5f00e9a4",
        "12345678",
        "abcdefgh12",
        "1.0.0-beta.20",
        "^5.0.0-rc.12",
        "2024-01-31T00:00:00Z",
        "https://a.test/x1",
        "/run/secrets/db_1",
        "ada1@contoso.test",
        "@Microsoft.KeyVault(SecretUri=https://v.test/1)",
        "AZURE_CLIENT_SECRET_2",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "{0}-{1}-abc12345",
    ];
    for value in values {
        for (before, after) in [("password = \"", "\""), ("\"token\": \"", "\","), ("apiKey=", "\n"), ("secret: ", "\n")] {
            let line = format!("{before}{value}{after}");
            assert_eq!(redacted(&line), line);
        }
        if !value.contains(['@', '/', ':']) {
            let url = format!("postgres://user:{value}@host/db");
            assert_eq!(redacted(&url), url);
        }
    }
    for url in
        ["postgres://postgres:postgres@localhost/x", "amqp://guest:guest@mq", "redis://user:password@host", "http://u:$PASS@h"]
    {
        assert_eq!(redacted(url), url);
    }
}

#[test]
fn examples_of_documentations_are_no_secrets() {
    let lines = [
        format!("AWS_ACCESS_KEY_ID=AK{}IOSFODNN7EXAMPLE", "IA"),
        format!("ghp_{}", "x".repeat(36)),
        format!("sk-proj-{}", "x".repeat(40)),
        format!("glpat-{}", "0".repeat(20)),
        format!("{}AZ{}abcd", "a".repeat(76), "DO"),
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1".to_owned() + "OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;",
    ];
    for line in lines {
        assert_eq!(redacted(&line), line);
    }
}

#[test]
fn hashes_ids_and_pictures_stay() {
    let lines = [
        format!("commit {}", hex(40)),
        format!("index 1234567..{} 100644", hex(40)),
        format!("uses: actions/checkout@{} # v4", hex(40)),
        format!("FROM debian@sha256:{}", hex(64)),
        format!("\"integrity\": \"sha512-{}==\",", opaque(86)),
        format!("token-stream@npm:1.0.0: integrity sha512-{}==", opaque(86)),
        format!("\"js-tokens\": {{ \"version\": \"4.0.0\", \"integrity\": \"sha512-{}==\" }}", opaque(86)),
        format!("checksum = \"{}\"", hex(64)),
        format!("github.com/a/token v1.2.3 h1:{}=", opaque(43)),
        format!("    --hash=sha256:{}", hex(64)),
        "id = 7e0c1a52-90bd-4f3e-8a6b-c21d5f00e9a4".to_owned(),
        "<TenantId>7e0c1a52-90bd-4f3e-8a6b-c21d5f00e9a4</TenantId>".to_owned(),
        format!("<img src=\"data:image/png;base64,iVBORw0KGgo{}=\">", opaque(600)),
        format!("const PIXEL = \"{}\";", opaque(400)),
        format!("sha256 = \"{}\";", base32(52).replace(['e', 'o', 't', 'u'], "8")),
        format!("{}.onion", base32(56)),
        format!("certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t{}==", opaque(400)),
        format!("etag: W/\"{}\"", hex(32)),
        format!("\"resolved\": \"https://registry.npmjs.org/token/-/token-1.0.0.tgz#{}\"", hex(40)),
        format!("<script nonce=\"{}\">", opaque(24)),
        format!("X-Request-Id: {}", hex(32)),
        format!("\"thumbprint\": \"{}\"", hex(40).to_uppercase()),
        format!("tokenHash: \"{}\"", "sha256:".to_owned() + &hex(64)),
    ];
    for line in lines {
        assert_eq!(redacted(&line), line);
    }
}

/// The rules may say nothing about our own sources: they speak of secrets on every page.
#[test]
fn our_own_sources_are_left_alone() {
    let sources = [
        include_str!("../mod.rs"),
        include_str!("../scan.rs"),
        include_str!("../rules.rs"),
        include_str!("../own.rs"),
        include_str!("../assignment.rs"),
        include_str!("../plausible.rs"),
        include_str!("../private_key.rs"),
        include_str!("samples.rs"),
        include_str!("../../finding/answer.rs"),
        include_str!("../../prompt/fence.rs"),
    ];
    for source in sources {
        for (line, shown) in source.lines().zip(redacted(source).lines()) {
            assert_eq!(shown, line);
        }
    }
}
