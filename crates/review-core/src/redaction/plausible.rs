//! What a secret looks like, and what only stands in the place of one.

use std::sync::LazyLock;

use regex::Regex;

/// Parts that no random secret has, and that examples and templates are made of. In lower case.
#[rustfmt::skip]
const MARKS_OF_EXAMPLES: &[&str] = &[
    "****", "....", "<", ">", "${", "{{", "%(", "changeit", "change_me", "change-me", "changeme", "dummy", "example",
    "placeholder", "redacted", "sample", "xxxx",
    // The keys of Microsoft's storage and Cosmos DB emulators, which are the same on every machine.
    "c2y6ydjf5/r+ob0n8a7cgv30vrdji", "eby8vdm02xnocqflquwjpllmetlcdxj1",
];

/// What is made up of these, apart from digits and marks, is a word and no secret: `test-password1`, `your_api_key`.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "access", "account", "admin", "administrator", "and", "api", "app", "auth", "authorization", "azure", "bar", "baz", "basic",
    "bearer", "bot", "change", "client", "code", "config", "connection", "credential", "credentials", "database", "db",
    "default", "demo", "dev", "development", "email", "enter", "env", "fake", "false", "foo", "foobar", "function", "github",
    "goes", "google", "guest", "header", "here", "hidden", "host", "id", "insert", "invalid", "is", "key", "letmein", "local",
    "localhost", "login", "master", "me", "missing", "mock", "my", "mysql", "name", "new", "nil", "no", "none", "not", "null",
    "of", "oauth", "old", "openai", "pass", "passphrase", "password", "passwd", "postgres", "private", "prod", "production",
    "provider", "public", "put", "pwd", "qwerty", "random", "refresh", "replace", "required", "root", "secret", "service",
    "session", "set", "some", "stage", "staging", "string", "super", "supersecret", "temp", "test", "testing", "the", "this",
    "to", "token", "true", "undefined", "unused", "user", "username", "valid", "value", "with", "wrong", "your",
];

/// Bits of information in a character, after Shannon: 0 for `aaaa`, 4 at most for hexadecimal digits, 6 for base64.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total: f64 = counts.iter().copied().map(f64::from).sum();
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / total);
    shares.map(|share| -share * share.log2()).sum()
}

/// Whether the entropy is at least `min`, or near the most that so short a text can have.
pub(super) fn has_entropy(text: &str, min: f64) -> bool {
    let most = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX)).log2();
    entropy(text) >= min.min(most - 0.45)
}

/// Whether this is an example or a template, whatever its form: it may stand even where a token is expected.
pub(super) fn is_example(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    MARKS_OF_EXAMPLES.iter().any(|mark| lower.contains(mark)) || has_long_run(&lower)
}

/// The same character, or one digit or letter after the other, over half of the text: `0000000000`, `abcdefghij`, `12345678`.
fn has_long_run(text: &str) -> bool {
    let (mut equal, mut rising, mut longest) = (1_usize, 1_usize, 1_usize);
    for (one, next) in text.bytes().zip(text.bytes().skip(1)) {
        equal = if next == one { equal + 1 } else { 1 };
        rising = if next == one.wrapping_add(1) { rising + 1 } else { 1 };
        longest = longest.max(equal).max(rising);
    }
    longest >= 6 && longest * 2 >= text.len()
}

/// Whether the value only stands in the place of a secret: a template, a variable, a word, a number, a version, an id, an
/// address or a path.
pub(super) fn is_placeholder(value: &str) -> bool {
    static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
        let shapes = [
            // A variable or a template: `$TOKEN`, `%TOKEN%`, `#{token}#`, `{0}`, `@Microsoft.KeyVault(…)`.
            r"[$]\(?[A-Za-z_][A-Za-z0-9_.:]*\)?",
            r"%[A-Za-z_][A-Za-z0-9_]*%",
            r".*[{}].*",
            r"@[A-Za-z.]+\(.*",
            r".*%[sdvx].*",
            // The name of a variable of the environment.
            r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+",
            // A number, a version, a date, an address of the network.
            r"[-+0-9.,_:%eEx/ ]*",
            r"-?(?:0[xX][0-9A-Fa-f_]{1,20}?|[0-9][0-9_.]*?)_?(?:[iuf](?:8|16|32|64|128|size)|[uUlLfFdDmMzZ]{0,3})",
            r"[\^~>=v]*[0-9]+(?:\.[0-9x*]+)+(?:[-+][0-9A-Za-z.+-]*)?",
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?",
            // A GUID: ids of tenants, applications and rows are written like that.
            r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?",
            // An address, a path, a mail address.
            r"[a-z][a-z0-9+.-]*://.*",
            r"(?:\.{0,2}|~|[A-Za-z]:|\$[A-Za-z]+)[/\\].*",
            r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
            // A regular expression.
            r".*(?:\(\?|\[[\^a-zA-Z0-9]-|\.\*).*",
            // Hashes that name their algorithm say nothing that could be used: `sha512-…`, `sha256:…`.
            r"(?:sha[0-9]{1,3}|md5)[-:=].*",
        ];
        Regex::new(&format!(r"^(?:{})$", shapes.join("|"))).expect("constant expressions")
    });
    is_example(value) || SHAPE.is_match(value) || is_made_of_words(value)
}

fn is_made_of_words(value: &str) -> bool {
    let letters: String = value.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
    // A longer value is no password of words, and the search below takes the square of its length.
    letters.len() <= 64 && is_concatenation(&letters)
}

/// Whether words follow each other without a gap from the first letter to the last.
fn is_concatenation(letters: &str) -> bool {
    let mut reached = vec![false; letters.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for at in 0..letters.len() {
        if !reached.get(at).copied().unwrap_or_default() {
            continue;
        }
        let rest = letters.get(at..).unwrap_or_default();
        for word in WORDS.iter().filter(|word| rest.starts_with(**word)) {
            if let Some(end) = reached.get_mut(at + word.len()) {
                *end = true;
            }
        }
    }
    reached.last().copied().unwrap_or_default()
}

pub(super) fn has_letter_and_digit(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_alphabetic()) && value.bytes().any(|byte| byte.is_ascii_digit())
}

/// Marks that people put into passwords and that names in code do not have.
pub(super) fn has_mark(value: &str) -> bool {
    value.contains(['!', '@', '#', '$', '%', '^', '&', '*', '?', '~', '+', '='])
}

/// Whether letters and digits alternate as only chance makes them, unlike in `oauth2TokenProvider`.
///
/// The measure is the mean length of runs of one kind (a capital belongs to the small letters after it): names have runs of
/// words, near 4 and above; random base62 has 2.1, hexadecimal digits 2, base32 3.
pub(super) fn is_random(value: &str) -> bool {
    let bytes: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mut runs = 0_usize;
    let mut previous = None;
    for &byte in &bytes {
        let kind = match byte {
            b'0'..=b'9' => 0,
            b'A'..=b'Z' => 1,
            _ => 2,
        };
        // The first small letter after a capital goes on with its run.
        if previous != Some(kind) && !(previous == Some(1) && kind == 2) {
            runs += 1;
        }
        previous = Some(kind);
    }
    let has_runs_below = |tenths: usize| bytes.len() * 10 < runs * tenths;
    match digits {
        0 => bytes.len() >= 32 && has_runs_below(26),
        1 | 2 => has_runs_below(21) || (bytes.len() >= 28 && has_runs_below(32)),
        _ => has_runs_below(27) || (bytes.len() >= 28 && has_runs_below(38)),
    }
}
