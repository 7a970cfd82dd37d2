//! What is assigned to a name that says that it is secret: `password = "…"`, `"apiKey": "…"`, `DB_PASSWORD=…`.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{Hit, plausible, rank};

const RULE: &str = "assigned-secret";

/// Parts of names that say so.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[&str] = &[
    "password", "passwd", "passphrase", "passwort", "pwd", "secret", "token", "credential", "apikey", "api_key", "api-key",
    "accesskey", "access_key", "access-key", "accountkey", "account_key", "authkey", "auth_key", "auth-key", "encryptionkey",
    "encryption_key", "privatekey", "private_key", "private-key", "signingkey", "signing_key", "masterkey", "master_key",
    "subscriptionkey", "subscription_key", "subscription-key", "storagekey", "storage_key", PAT,
];

/// A personal access token, as the last part of a name.
const PAT: &str = "_pat";

/// Of these names people choose the value; it is seldom as random as a token.
const PASSWORDS: &[&str] = &["password", "passwd", "passphrase", "passwort", "pwd"];

/// A name that ends in one of these tells something about a secret, and not the secret.
#[rustfmt::skip]
const HARMLESS_ENDINGS: &[&str] = &[
    "algorithm", "algo", "alias", "arn", "attribute", "audience", "budget", "class", "claim", "column", "cookie",
    "cost", "count", "counter", "created", "date", "description", "endpoint", "env", "error", "errors", "event", "expiration",
    "expires", "expiry", "field", "file", "filename", "format", "grant", "group", "handler", "header", "hint", "icon", "id",
    "identifier", "ids", "index", "input", "ise", "issuer", "ize", "ized", "izer", "kind", "label", "length", "less",
    "lifetime", "limit", "link", "list", "location", "manager", "message", "mode", "name", "names", "offset", "option",
    "page", "param", "parameter", "path", "pattern", "placeholder", "policy", "position", "prefix", "provider", "ref",
    "reference", "regex", "region", "rotation", "route", "schema", "scheme", "scope", "screen", "service", "size", "source",
    "state", "status", "store", "suffix", "template", "text", "thumbprint", "time", "timeout", "title", "ttl", "type", "uri",
    "url", "usage", "validator", "var", "variable", "version", "view",
];

/// Beginnings that make a keyword a public value: .NET names of assemblies, antiforgery, parsers.
const HARMLESS_BEGINNINGS: &[&str] =
    &["publickey", "public_key_", "next", "sort", "partition", "page", "continuation", "cancellation"];

/// Bits in each character of what is quoted, and of what is not.
const MIN_ENTROPY_QUOTED: f64 = 2.8;
const MIN_ENTROPY_BARE: f64 = 3.2;

/// The value that is assigned to the name that `keyword` is a part of, if it looks like a secret. `rest` is what follows
/// the keyword.
pub(super) fn hit_at(text: &str, keyword: Range<usize>, rest: &str) -> Option<Hit> {
    static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
        let parts = [
            r"^(?P<ending>[A-Za-z0-9_.-]{0,40})",
            // The name is quoted, or an index.
            r#"(?:\\{0,3}["'`])?\]?"#,
            // Its type: `password: &str =`.
            r"(?:[ \t]{0,4}:[ \t]{0,4}&?(?:'[a-z]{1,12} )?[A-Za-z][A-Za-z0-9_<>?.:]{0,30}[ \t]{1,4})?",
            r#"[ \t]{0,8}(?P<mark>:=|=>|={1,3}|!==?|->|:|\(|,|>|["'][ \t]{1,4}value[ \t]{0,2}=|[ \t])[ \t]{0,8}"#,
            // A call around the value, or the mark of a kind of literal.
            r#"(?:(?:(?:new )?[A-Za-z_][A-Za-z0-9_.:]{0,30}\(|[@$A-Za-z]{1,2})?\\{0,3}["'`](?P<quoted>[^ \t\r\n"'`\\]{6,})\\{0,3}["'`]"#,
            r"|(?P<bare>[A-Za-z0-9!@#$%^*~?_+/.-]{8,}={0,2}))",
        ];
        Regex::new(&parts.concat()).expect("constant expressions")
    });
    let captures = ASSIGNMENT.captures(rest)?;
    let name = Name::new(text, &keyword, captures.name("ending").map_or("", |ending| ending.as_str()));
    if name.is_harmless() {
        return None;
    }
    let mark = captures.name("mark").map_or("", |mark| mark.as_str());
    let value = match (captures.name("quoted"), captures.name("bare")) {
        (Some(quoted), _) if !mark.trim().is_empty() && is_quoted_secret(quoted.as_str(), mark, &name) => quoted,
        (None, Some(bare)) => {
            let next = rest.get(bare.end()..).and_then(|after| after.chars().next());
            Some(bare).filter(|bare| is_bare_secret(bare.as_str(), next, mark, &name))?
        }
        _ => return None,
    };
    Some(Hit {
        span: keyword.end + value.start()..keyword.end + value.end(),
        rule: RULE,
        rank: rank::ASSIGNMENT,
        secret: value.as_str().to_owned(),
        continues: false,
    })
}

/// What the name around a keyword says.
struct Name<'a> {
    keyword: &'a str,
    /// What stands before the keyword on its line, up to 80 bytes.
    before: &'a str,
    /// The rest of the name.
    ending: &'a str,
}

impl<'a> Name<'a> {
    fn new(text: &'a str, keyword: &Range<usize>, ending: &'a str) -> Self {
        let from = text.floor_char_boundary(keyword.start.saturating_sub(80));
        let before = text.get(from..keyword.start).unwrap_or_default();
        let before = before.rsplit_once('\n').map_or(before, |(_, before)| before);
        Self { keyword: text.get(keyword.clone()).unwrap_or_default(), before, ending }
    }

    fn is_harmless(&self) -> bool {
        let ending = self.ending.to_ascii_lowercase();
        let ending = ending.trim_end_matches(|last: char| !last.is_ascii_alphabetic());
        let before = self.before.to_ascii_lowercase();
        let singular = ending.strip_suffix('s').unwrap_or(ending);
        HARMLESS_ENDINGS.iter().any(|word| ending.ends_with(word) || singular.ends_with(word))
            || HARMLESS_BEGINNINGS.iter().any(|word| before.ends_with(word))
            // `_path` and `_pattern` have nothing to do with `_pat`, a personal access token.
            || (self.keyword.eq_ignore_ascii_case(PAT) && ending.starts_with(|first: char| first.is_ascii_alphabetic()))
    }

    fn is_password(&self) -> bool {
        PASSWORDS.iter().any(|word| self.keyword.eq_ignore_ascii_case(word))
    }

    /// As variables of the environment are written.
    fn is_in_capitals(&self) -> bool {
        !self.keyword.bytes().any(|byte| byte.is_ascii_lowercase()) && !self.ending.bytes().any(|byte| byte.is_ascii_lowercase())
    }

    /// `--token`, as on a command line.
    fn is_option(&self) -> bool {
        let before = self.before.trim_end_matches(|last: char| last.is_ascii_alphanumeric() || last == '_');
        before.ends_with("--") || before.rsplit(' ').next().is_some_and(|word| word.starts_with("--"))
    }

    /// Whether no code stands before the name on its line, as in YAML, in files of properties and in XML.
    fn begins_line(&self) -> bool {
        self.before.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" \t_-.\"'+<>".contains(&byte))
    }
}

fn is_quoted_secret(value: &str, mark: &str, name: &Name<'_>) -> bool {
    // `sha256_password` is a name.
    let is_in_parts = value.contains('_') && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // In a list, `"password", "scram-sha-256"` are two names.
    let is_chosen =
        name.is_password() && mark != "," && !is_in_parts && (plausible::has_letter_and_digit(value) || is_marked(value));
    let is_made = plausible::is_random(value) || (plausible::has_letter_and_digit(value) && is_marked(value));
    value.len() >= 8
        && (is_chosen || is_made)
        && plausible::has_entropy(value, MIN_ENTROPY_QUOTED)
        && !plausible::is_placeholder(value)
}

/// Without quotes nearly everything in code is an expression, so the bar is higher.
fn is_bare_secret(value: &str, next: Option<char>, mark: &str, name: &Name<'_>) -> bool {
    let ends_here = match next {
        None => true,
        Some(next) => next.is_whitespace() || [';', ',', '&', '"', '\'', '`', '<', '\\', ')', ']', '}', '|'].contains(&next),
    };
    let is_assigned = ["=", ":", ":=", "=>", ">"].contains(&mark) || mark.contains("value");
    let is_given = mark.trim().is_empty() && name.is_option();
    if !ends_here || !(is_assigned || is_given) || !plausible::has_entropy(value, MIN_ENTROPY_BARE) {
        return false;
    }
    let ends_line = next.is_none_or(|next| ['\n', '\r', '<'].contains(&next));
    let is_setting = name.is_password() && ends_line && name.begins_line() && plausible::has_letter_and_digit(value);
    let is_chosen = is_setting && (is_marked(value) || name.is_in_capitals());
    // A name of the code has no marks; an expression has them between names.
    (is_chosen || plausible::is_random(value)) && !plausible::is_placeholder(value) && !is_expression(value)
}

/// `a.b2`, `x+y`: names with operators or dots between them, none of which is random by itself.
fn is_expression(value: &str) -> bool {
    let mut parts = value.split(['.', '+', '-', '*', '/', '?', '%']).filter(|part| !part.is_empty());
    value.contains('.') && parts.all(|part| part.len() < 12 || !plausible::is_random(part))
}

/// At least one mark of a password, inside of the value or at its end; one at the beginning means something else.
fn is_marked(value: &str) -> bool {
    value.char_indices().any(|(index, character)| index > 0 && plausible::has_mark(character.encode_utf8(&mut [0; 4])))
}
