//! The table of known formats.
//!
//! A row is tried only where one of its keywords stands, so that ordinary code costs little. The formats are facts about
//! what issuers hand out, read off their documentation or off tokens; where one is less known, its row says how it is made.

use super::plausible;

/// A kind of secret with a format.
pub(super) struct Rule {
    /// In placeholders: small letters, digits and hyphens.
    pub(super) id: &'static str,
    /// The rule is tried where one of these stands, in any case of letters.
    pub(super) keywords: &'static [&'static str],
    pub(super) place: Place,
    /// Matched from that place on.
    pub(super) pattern: &'static str,
    /// The group of the pattern that is the secret; 0 is the whole.
    pub(super) group: usize,
    /// Bits in each character that the secret has at least.
    pub(super) min_entropy: f64,
    /// What else must be true of the secret.
    pub(super) check: Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// So many bytes before the keyword, where no letter, digit, underscore or hyphen stands before.
    Token(usize),
    /// Where the keyword begins, whatever stands before it.
    Anywhere,
    /// After the keyword.
    After,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    /// It is no example; what has a format of its own needs no more.
    NoExample,
    /// It is no template, no variable and no word.
    NoPlaceholder,
    /// No placeholder, and with a digit or a mark in it, which names in code that is written alike do not have.
    Password,
    /// Letters and digits, as chance mixes them.
    Random,
    /// Base64 of `name:password`.
    Credentials,
}

impl Check {
    pub(super) fn passes(self, secret: &str) -> bool {
        match self {
            Self::NoExample => !plausible::is_example(secret),
            Self::NoPlaceholder => !plausible::is_placeholder(secret),
            Self::Password => {
                let is_mixed = plausible::has_letter_and_digit(secret) || plausible::has_mark(secret);
                is_mixed && !plausible::is_placeholder(secret)
            }
            Self::Random => !plausible::is_placeholder(secret) && plausible::is_random(secret),
            Self::Credentials => are_credentials(secret),
        }
    }
}

/// Whether the base64 says `name:password`, with a password that is none of an example.
fn are_credentials(encoded: &str) -> bool {
    use base64::{
        Engine as _,
        engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&base64::alphabet::STANDARD, config).decode(encoded);
    let Some(text) = decoded.ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let Some((_, password)) = text.split_once(':') else { return false };
    !text.contains(char::is_control) && password.len() > 3 && !plausible::is_placeholder(password)
}

const fn token(id: &'static str, keywords: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule { id, keywords, place: Place::Token(0), pattern, group: 0, min_entropy: 3.0, check: Check::NoExample }
}

/// A token whose mark stands `before` bytes behind its beginning.
const fn marked(id: &'static str, keywords: &'static [&'static str], before: usize, pattern: &'static str) -> Rule {
    Rule { place: Place::Token(before), ..token(id, keywords, pattern) }
}

/// A secret in group 1 of what follows the keyword.
const fn after(id: &'static str, keywords: &'static [&'static str], pattern: &'static str, check: Check) -> Rule {
    Rule { place: Place::After, group: 1, check, ..token(id, keywords, pattern) }
}

/// What may stand between a name and its value on one line: the end of the name, quotes, a colon or an equals sign.
macro_rules! then {
    ($value:expr) => {
        concat!(r#"(?:\\{0,2}["'`\]]){0,2}[ \t]{0,8}(?::=|=>|={1,3}|:|,)[ \t]{0,8}(?:\\{0,2}["'`])?"#, $value)
    };
}

/// No letter of a longer token follows.
macro_rules! ended {
    ($pattern:expr) => {
        concat!($pattern, r"(?-u:\b)")
    };
}

#[rustfmt::skip]
pub(super) static RULES: &[Rule] = &[
    // Amazon: 20 letters of base32, the kind of the key in the first four. The secret is 40 letters of base64 and known by
    // its name only.
    token("aws-access-key", &["akia", "asia", "abia", "acca"], ended!("A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}")),
    after("aws-secret-key", &["secret_access_key", "secretaccesskey", "secret-access-key", "secret_key", "secretkey", "aws_secret"],
        ended!(then!("([A-Za-z0-9/+]{40})")), Check::NoExample),
    after("aws-session-token", &["session_token", "sessiontoken"], then!("([A-Za-z0-9/+]{100,}={0,2})"), Check::NoExample),
    token("aws-bedrock-key", &["absk"], "ABSK[A-Za-z0-9+/]{100,}={0,2}"),

    // Azure. Keys made since 2021 carry a mark of their service at a fixed place; those of 84 letters, Azure DevOps' tokens
    // and Azure OpenAI's keys among them, also `JQQJ99` after 52 random letters and the mark after 76.
    marked("azure-devops-pat", &["azdo"], 76, ended!("[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}")),
    marked("azure-key", &["jqqj9"], 52, ended!("[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}")),
    marked("azure-key", &["acdb", "apim", "+aba", "+amc", "+ast"], 76, "[A-Za-z0-9+/]{76}(?:ACDb|APIM|[+](?:ABa|AMC|ASt))[A-Za-z0-9+/]{6}=="),
    marked("azure-key", &["aiot", "+asb", "+aeh", "+arm", "azca"], 33, "[A-Za-z0-9+/]{33}(?:AIoT|AzCa|[+](?:ASb|AEh|ARm))[A-Za-z0-9+/]{6}="),
    marked("azure-key", &["azfu"], 44, "[A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_-]{6}=="),
    marked("azure-key", &["azse", "+acr"], 42, "[A-Za-z0-9+/]{42}(?:AzSe|[+]ACR)[A-Za-z0-9+/]{6}"),
    after("azure-account-key", &["accountkey", "account_key", "account-key", "sharedaccesskey", "shared_access_key"],
        then!("([A-Za-z0-9+/]{42,}={0,2})"), Check::NoExample),
    // Of a shared access signature: the HMAC in base64, percent-encoded in a URL.
    Rule { min_entropy: 3.5, ..after("azure-sas-signature", &["?sig=", "&sig=", ";sig=", "&amp;sig=", "\\u0026sig=", "\"sig=", "'sig="],
        "((?:[A-Za-z0-9/+_-]|%[0-9A-Fa-f]{2}){42,}={0,2})", Check::NoExample) },
    // Three letters, a digit, `Q~` and 31 or 34 letters more.
    marked("azure-client-secret", &["q~"], 4, "[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"),
    after("azure-cognitive-key", &["subscription-key", "subscription_key", "subscriptionkey", "openai_api_key", "openai_key",
        "openai-key", "openaikey", "cognitive_key", "cognitivekey", "speech_key", "search_key", "api-key", "api_key", "apikey"],
        ended!(then!("([0-9a-fA-F]{32})")), Check::NoExample),

    token("google-api-key", &["aiza"], ended!("AIza[A-Za-z0-9_-]{35}")),
    token("google-oauth-secret", &["gocspx-"], "GOCSPX-[A-Za-z0-9_-]{28}"),
    token("google-oauth-token", &["ya29."], r"ya29[.][A-Za-z0-9_-]{20,}"),

    // Forges.
    token("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], ended!("gh[pousr]_[A-Za-z0-9]{36,}")),
    token("github-token", &["github_pat_"], "github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{40,}"),
    token("gitlab-token", &["glpat-", "gldt-", "glrt-", "glptt-", "glft-", "glsoat-", "glcbt-", "glimt-", "glagent-", "gloas-"],
        "gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent|oas)-[A-Za-z0-9_.-]{20,}"),
    token("atlassian-token", &["atatt3", "atctt3"], "AT(?:A|C)TT3[A-Za-z0-9_-]{20,}={0,2}[A-Z0-9]{0,8}"),
    token("bitbucket-token", &["atbb"], ended!("ATBB[A-Za-z0-9]{32}")),
    token("linear-key", &["lin_api_", "lin_oauth_"], ended!("lin_(?:api|oauth)_[A-Za-z0-9]{32,}")),
    token("sonar-token", &["sqp_", "squ_", "sqa_"], ended!("sq[pua]_[0-9a-f]{40}")),

    // Registries.
    token("npm-token", &["npm_"], ended!("npm_[A-Za-z0-9]{36}")),
    after("npm-token", &[":_authtoken"], "[ \\t]{0,4}=[ \\t]{0,4}[\"']?([A-Za-z0-9_./+=-]{20,})", Check::NoExample),
    token("pypi-token", &["pypi-age"], "pypi-AgE[A-Za-z0-9_-]{40,}"),
    token("nuget-key", &["oy2"], ended!("oy2[a-z0-9]{43}")),
    token("docker-token", &["dckr_pat_", "dckr_oat_"], "dckr_[po]at_[A-Za-z0-9_-]{27,}"),
    token("rubygems-key", &["rubygems_"], ended!("rubygems_[0-9a-f]{48}")),
    Rule { check: Check::Random, ..token("crates-io-token", &["cio"], ended!("cio[A-Za-z0-9]{32}")) },

    // Messages and mail.
    Rule { check: Check::Password, ..token("slack-token", &["xoxa-", "xoxb-", "xoxe-", "xoxe.", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-"],
        r"(?:xox[abeoprs][-.]|xapp-)[A-Za-z0-9.-]{10,}") },
    after("slack-webhook", &["hooks.slack.com/"], "((?:services|workflows|triggers)/[A-Za-z0-9/]{20,})", Check::NoExample),
    after("teams-webhook", &["webhook.office.com/webhookb2/"], "([A-Za-z0-9@-]{36,}/IncomingWebhook/[A-Za-z0-9/-]{32,})", Check::NoExample),
    token("sendgrid-key", &["sg."], r"SG[.][A-Za-z0-9_-]{16,32}[.][A-Za-z0-9_-]{32,64}"),
    token("twilio-key", &["sk"], ended!("SK[0-9a-f]{32}")),
    after("twilio-auth-token", &["twilio_auth_token", "twilioauthtoken", "twilio_token", "auth_token", "authtoken"],
        ended!(then!("([0-9a-f]{32})")), Check::NoExample),

    // Payment.
    token("stripe-key", &["sk_live_", "rk_live_"], ended!("[sr]k_live_[A-Za-z0-9]{16,}")),
    token("stripe-webhook-secret", &["whsec_"], "whsec_[A-Za-z0-9+/]{24,}={0,2}"),
    token("shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_"], ended!("shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}")),

    // Models and searches.
    token("anthropic-key", &["sk-ant-"], "sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,}"),
    token("openrouter-key", &["sk-or-v1-"], ended!("sk-or-v1-[0-9a-f]{64}")),
    token("openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-none-"], "sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,}"),
    Rule { check: Check::Random, ..token("openai-key", &["sk-"], ended!("sk-[A-Za-z0-9]{32,}")) },
    token("perplexity-key", &["pplx-"], ended!("pplx-[A-Za-z0-9]{32,}")),
    token("huggingface-token", &["hf_"], ended!("hf_[A-Za-z0-9]{34,}")),
    token("groq-key", &["gsk_"], ended!("gsk_[A-Za-z0-9]{48,}")),
    token("xai-key", &["xai-"], ended!("xai-[A-Za-z0-9]{64,}")),
    token("tavily-key", &["tvly-"], "tvly-[A-Za-z0-9-]{28,}"),
    token("replicate-token", &["r8_"], ended!("r8_[A-Za-z0-9]{37}")),

    // Clouds and tools.
    token("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], ended!("do[por]_v1_[0-9a-f]{64}")),
    token("databricks-token", &["dapi"], ended!("dapi[0-9a-f]{32}")),
    token("vault-token", &["hvs.", "hvb.", "hvr."], "hv[sbr][.][A-Za-z0-9_-]{24,}"),
    marked("terraform-token", &[".atlasv1."], 14, "[A-Za-z0-9]{14}[.]atlasv1[.][A-Za-z0-9_=-]{60,}"),
    token("grafana-token", &["glsa_", "glc_"], "(?:glsa|glc)_[A-Za-z0-9+/_]{32,}={0,2}"),
    token("sentry-token", &["sntrys_", "sntryu_"], "sntry[su]_[A-Za-z0-9+/=_]{40,}"),
    token("newrelic-key", &["nrak-", "nral-"], ended!("NRA[KL]-[A-Z0-9]{27}")),
    token("postman-key", &["pmak-"], "PMAK-[0-9a-f]{24}-[0-9a-f]{34}"),
    token("doppler-token", &["dp.pt.", "dp.st.", "dp.sa."], r"dp[.](?:pt|sa|st(?:[.][a-z0-9_-]{2,35})?)[.][A-Za-z0-9]{40,}"),
    token("age-key", &["age-secret-key-1"], ended!("AGE-SECRET-KEY-1[0-9A-Z]{58}")),
    token("figma-token", &["figd_"], "figd_[A-Za-z0-9_-]{40,}"),
    token("notion-token", &["ntn_"], ended!("ntn_[A-Za-z0-9]{40,}")),
    token("pulumi-token", &["pul-"], ended!("pul-[0-9a-f]{40}")),

    // A JSON Web Token: header and payload are base64 of `{"…`; what has no signature is a token of `alg: none`.
    token("jwt", &["eyj"], r"eyJ[A-Za-z0-9_-]{10,}[.]eyJ[A-Za-z0-9_-]{10,}(?:[.][A-Za-z0-9_-]{10,})?"),

    // Headers.
    after("basic-credentials", &["basic "], "[ ]{0,3}([A-Za-z0-9+/]{8,}={0,2})", Check::Credentials),
    after("bearer-token", &["bearer "], "[ ]{0,3}([A-Za-z0-9._~+/-]{16,}={0,2})", Check::Random),

    // A password in a URL: databases, proxies, registries, git.
    Rule { min_entropy: 1.0, ..after("url-password", &["://"], r#"[^ \t\r\n:@/?#"'`<>\\]{0,64}:([^ \t\r\n@/"'`<>\\]{3,256})@[A-Za-z0-9\[$%{]"#, Check::NoPlaceholder) },
    // A password between the semicolons of a connection string.
    Rule { min_entropy: 1.5, ..after("connection-string-password", &[";password=", "; password=", ";pwd=", "; pwd="],
        r#"[ ]?([^ \t\r\n;"'`\\(){}<>$%][^ \t\r\n;"'`\\(){}<>]{3,128})(?:[;"'`\\ \t\r\n]|$)"#, Check::Password) },
    // A frame and its key in base64 once more, as `Secret`s and kubeconfig files of Kubernetes hold them: the first letters of
    // `-----BEGIN`, then those of the kinds of private keys.
    token("private-key", &["ls0tls1crudjti"], "LS0tLS1CRUdJTi(?:BQUklW|BSU0Eg|BFQyBQ|BPUEVO|BFTkNS|BEU0Eg)[A-Za-z0-9+/]{60,}={0,2}"),
    // .NET's XML form of an RSA key: the private parts.
    Rule { place: Place::Anywhere, group: 1, ..token("private-key", &["<d>", "<p>", "<q>", "<dp>", "<dq>", "<inverseq>"],
        r"<(?i:D|P|Q|DP|DQ|InverseQ)>[ \t]{0,8}([A-Za-z0-9+/]{40,}={0,2})[ \t]{0,8}<") },
];
