//! The forms of values: their check, and their words.

use std::{net::IpAddr, path::PathBuf};

use review_core::{money::Money, price::PriceList};
use url::{Host, Url};

use super::{NoProxy, table::Form};

/// A value that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Checked {
    Text(String),
    Words(Vec<String>),
    Flag(bool),
    Whole(u64),
    Money(Money),
    Prices(PriceList),
    Url(Url),
    Urls(Vec<Url>),
    Address(IpAddr),
    NoProxy(NoProxy),
    Path(PathBuf),
    Paths(Vec<PathBuf>),
}

/// A checked value with what is worth a warning about it. Neither text repeats the value: it may be a secret.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) value: Checked,
    pub(super) warnings: Vec<String>,
}

impl From<Checked> for Verdict {
    fn from(value: Checked) -> Self {
        Self { value, warnings: Vec::new() }
    }
}

/// Checks a value that has no quotes, brackets or surrounding space any more. The error says what is wrong with it, without
/// repeating it.
pub(super) fn check(form: Form, text: &str) -> Result<Verdict, String> {
    if form != Form::Yaml && text.chars().any(char::is_control) {
        return Err("it holds a control character".to_owned());
    }
    match form {
        Form::Line { max } => line(text, max).map(Into::into),
        Form::Word => word(text).map(|text| Checked::Text(text).into()),
        Form::Words => words(text).map(Into::into),
        Form::Projects => projects(text).map(Into::into),
        Form::Teams => teams(text).map(Into::into),
        Form::Choice(choices) => choice(text, choices).map(Into::into),
        Form::Platform => choice(text, &["azure-devops"]).map(Into::into),
        Form::Flag => flag(text).map(Into::into),
        Form::Whole { min, max, .. } => whole(text, min, max).map(Into::into),
        Form::Dollars => dollars(text).map(Into::into),
        Form::Prices => PriceList::parse(text).map(|prices| Checked::Prices(prices).into()),
        Form::ApiUrl => api_url(text),
        Form::CollectionUrls => collection_urls(text),
        Form::ProxyUrl => proxy_url(text).map(Into::into),
        Form::Hosts => no_proxy(text),
        Form::Address => {
            text.parse().map(|address| Checked::Address(address).into()).map_err(|_| "it is no IP address".to_owned())
        }
        Form::Path => Ok(Checked::Path(PathBuf::from(text)).into()),
        Form::Folders => folders(text).map(Into::into),
        Form::Database => database(text).map(Into::into),
        Form::ObjectStore => object_store(text).map(Into::into),
        Form::LogFilter => log_filter(text).map(Into::into),
        Form::Yaml => Ok(Checked::Text(unescape(text)).into()),
    }
}

/// What is allowed, in words that follow "allowed:".
pub(super) fn words_for(form: Form) -> String {
    match form {
        Form::Line { max } => format!("one line of at most {max} characters"),
        Form::Word => "a word without white space".to_owned(),
        Form::Words => "words without white space, separated by commas".to_owned(),
        Form::Projects => "names of projects, separated by commas".to_owned(),
        Form::Teams => "teams as `Project/Team`, separated by commas".to_owned(),
        Form::Folders => "absolute paths of folders, with `:` between".to_owned(),
        Form::Choice(choices) => choices.iter().map(|choice| format!("`{choice}`")).collect::<Vec<_>>().join(", "),
        Form::Platform => {
            "only `azure-devops`: this agent reviews pull requests of Azure DevOps (cloud and Server), of no other platform"
                .to_owned()
        }
        Form::Flag => "`true` or `false`".to_owned(),
        Form::Whole { min, max, unit } => format!("a whole number from {min} to {max} {unit}"),
        Form::Dollars => "US dollars above zero, with at most six decimals and without a sign, at most a million".to_owned(),
        Form::Prices => {
            "`model=input/cached input/output` in US dollars per million tokens, separated by commas; `model*` for all that begin so"
                .to_owned()
        }
        Form::ApiUrl => "a URL (https, or http) without user name, query and fragment".to_owned(),
        Form::CollectionUrls => {
            "https URLs of organisations or collections, separated by commas, without user name and query".to_owned()
        }
        Form::ProxyUrl => "`http://host:port` or `https://host:port`, with `user:password@` before the host if needed".to_owned(),
        Form::Hosts => {
            "host names, addresses and networks (`10.0.0.0/8`), separated by commas, names and addresses with a port if only that is meant, or `*`"
                .to_owned()
        }
        Form::Address => "an IP address".to_owned(),
        Form::Path => "a path".to_owned(),
        Form::Database => "`sqlite://` and a path".to_owned(),
        Form::ObjectStore => {
            "the URI of a folder in an object store (`s3://`, `gs://`, `az://`, `abfss://`, `https://`, `file://`)".to_owned()
        }
        Form::LogFilter => {
            "`error`, `warn`, `info`, `debug`, `trace` or `off`, and `target=level`, separated by commas".to_owned()
        }
        Form::Yaml => r"YAML in one line, with `\n` for line ends".to_owned(),
    }
}

/// Whether the host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn line(text: &str, max: usize) -> Result<Checked, String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("it is {length} characters long"));
    }
    Ok(Checked::Text(text.to_owned()))
}

fn word(text: &str) -> Result<String, String> {
    const MAX: usize = 4096;
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.chars().any(char::is_whitespace) {
        return Err("it holds white space".to_owned());
    }
    let length = text.chars().count();
    if length > MAX {
        return Err(format!("it is {length} characters long, more than {MAX}"));
    }
    Ok(text.to_owned())
}

fn words(text: &str) -> Result<Checked, String> {
    let mut found: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if is_placeholder(part) {
            return Err("one of the words is still a placeholder in angle brackets".to_owned());
        }
        let part = word(part)?;
        if !found.contains(&part) {
            found.push(part);
        }
    }
    if found.is_empty() { Err("it names nothing".to_owned()) } else { Ok(Checked::Words(found)) }
}

fn folders(text: &str) -> Result<Checked, String> {
    let mut found: Vec<PathBuf> = Vec::new();
    for part in text.split(':').filter(|part| !part.is_empty()) {
        let folder = PathBuf::from(part);
        if !folder.is_absolute() {
            return Err(format!("{part:?} does not begin with `/`"));
        }
        if !found.contains(&folder) {
            found.push(folder);
        }
    }
    if found.is_empty() { Err("it names no folder".to_owned()) } else { Ok(Checked::Paths(found)) }
}

fn projects(text: &str) -> Result<Checked, String> {
    const MAX: usize = 64;
    let mut found: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if is_placeholder(part) {
            return Err("one of the projects is still a placeholder in angle brackets".to_owned());
        }
        if part.chars().count() > MAX || part.contains(['/', '\\']) {
            return Err(format!("{part:?} is no name of a project"));
        }
        if !found.iter().any(|known| known.eq_ignore_ascii_case(part)) {
            found.push(part.to_owned());
        }
    }
    if found.is_empty() { Err("it names no project".to_owned()) } else { Ok(Checked::Words(found)) }
}

fn teams(text: &str) -> Result<Checked, String> {
    const MAX: usize = 256;
    let mut found: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        if is_placeholder(part) {
            return Err("one of the teams is still a placeholder in angle brackets".to_owned());
        }
        let names = part.split_once('/').map(|(project, team)| (project.trim(), team.trim()));
        let is_name = |name: &str| !name.is_empty() && name.chars().count() <= MAX && !name.contains(['/', '\\']);
        let Some((project, team)) = names.filter(|(project, team)| is_name(project) && is_name(team)) else {
            return Err(format!("{part:?} is no team of a project"));
        };
        let team = format!("{project}/{team}");
        if !found.contains(&team) {
            found.push(team);
        }
    }
    if found.is_empty() { Err("it names nothing".to_owned()) } else { Ok(Checked::Words(found)) }
}

fn choice(text: &str, choices: &[&str]) -> Result<Checked, String> {
    let lower = text.to_ascii_lowercase();
    if choices.contains(&lower.as_str()) { Ok(Checked::Text(lower)) } else { Err("it is none of the choices".to_owned()) }
}

fn flag(text: &str) -> Result<Checked, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(Checked::Flag(true)),
        "false" | "0" | "no" | "off" => Ok(Checked::Flag(false)),
        _ => Err("it is neither true nor false".to_owned()),
    }
}

fn whole(text: &str, min: u64, max: u64) -> Result<Checked, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("it is no whole number".to_owned());
    }
    // Only digits: what does not fit 64 bits is above every maximum.
    let number: u64 = text.parse().unwrap_or(u64::MAX);
    if number < min {
        return Err(format!("it is less than {min}"));
    }
    if number > max {
        return Err(format!("it is more than {max}"));
    }
    Ok(Checked::Whole(number))
}

/// Zero would forbid every review, and hardly anybody means that.
fn dollars(text: &str) -> Result<Checked, String> {
    match Money::parse(text)? {
        Money::ZERO => Err("it is zero, and no review would ever be made; leave it unset for no ceiling".to_owned()),
        amount => Ok(Checked::Money(amount)),
    }
}

/// A placeholder of the document: `<something>`.
pub(super) fn is_placeholder(text: &str) -> bool {
    text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).is_some_and(|inner| !inner.contains(['<', '>']))
}

/// An http(s) URL with a host and nothing that can hide another host or a secret; no slash at the end of its path.
fn plain_url(text: &str) -> Result<Url, String> {
    if text.contains(['<', '>']) {
        return Err("it still holds a placeholder in angle brackets".to_owned());
    }
    if !text.contains("://") {
        return Err("it has no `https://` at its start".to_owned());
    }
    let mut url = Url::parse(text).map_err(|error| format!("it is no URL ({error})"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(format!("its scheme is `{}`", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or a password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it holds a query or a fragment".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn api_url(text: &str) -> Result<Verdict, String> {
    let url = plain_url(text)?;
    let warnings = if url.scheme() == "http" && !is_loopback(&url) {
        vec!["is plain http: keys and code travel readable for everybody on the way; use https".to_owned()]
    } else {
        Vec::new()
    };
    Ok(Verdict { value: Checked::Url(url), warnings })
}

fn collection_urls(text: &str) -> Result<Verdict, String> {
    let mut urls: Vec<Url> = Vec::new();
    let mut warnings = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let url = collection_url(part).map_err(|problem| format!("in `{}`, {problem}", shown_url(part)))?;
        if url.scheme() == "http" && !is_loopback(&url) {
            warnings.push(format!(
                "{url} IS PLAIN HTTP: the token and the code travel readable for everybody on the way. Whoever reads the token can \
                 do what its user can. Use https; EXTRA_CA_CERTS takes the certificate of an own authority"
            ));
        }
        if !urls.contains(&url) {
            urls.push(url);
        }
    }
    if urls.is_empty() { Err("it names nothing".to_owned()) } else { Ok(Verdict { value: Checked::Urls(urls), warnings }) }
}

fn collection_url(text: &str) -> Result<Url, String> {
    let url = plain_url(text)?;
    let host = url.host_str().unwrap_or_default();
    let segments = url.path().split('/').filter(|segment| !segment.is_empty()).count();
    let cloud = host == "dev.azure.com" || host.ends_with(".visualstudio.com");
    if cloud && url.scheme() == "http" {
        return Err("the cloud is reached by https only".to_owned());
    }
    if cloud && url.port().is_some() {
        return Err("the cloud has no other port than 443".to_owned());
    }
    if host == "dev.azure.com" && segments != 1 {
        return Err("exactly the organisation belongs behind the host, as in https://dev.azure.com/contoso".to_owned());
    }
    if !cloud && segments == 0 {
        return Err("the collection is missing behind the host, as in https://tfs.contoso.com/DefaultCollection".to_owned());
    }
    if host.ends_with(".visualstudio.com") && segments > 1 {
        return Err("only the organisation's host, and `/DefaultCollection` at most, belong here".to_owned());
    }
    Ok(url)
}

/// A URL for a message: without what may be a password, and not longer than a line.
pub(super) fn shown_url(text: &str) -> String {
    let without_user = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        (None, Some((_, rest))) => format!("…@{rest}"),
        _ => text.to_owned(),
    };
    let without_query = without_user.split(['?', '#']).next().unwrap_or_default();
    without_query.chars().take(100).collect()
}

fn proxy_url(text: &str) -> Result<Checked, String> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url = Url::parse(&with_scheme).map_err(|error| format!("it is no URL ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("its scheme is `{}`; only http and https proxies are supported", url.scheme()));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("it names no host".to_owned());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
        return Err("something stands behind host and port".to_owned());
    }
    Ok(Checked::Url(url))
}

fn no_proxy(text: &str) -> Result<Verdict, String> {
    let (list, warnings) = NoProxy::parse(text)?;
    Ok(Verdict { value: Checked::NoProxy(list), warnings })
}

fn database(text: &str) -> Result<Checked, String> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "sqlite" => {
            let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next().unwrap_or_default();
            if path.is_empty() || path.contains(":memory:") || rest.contains("mode=memory") {
                return Err("it names no file; a database in memory would lose events with every restart".to_owned());
            }
            if rest.starts_with("//") {
                Ok(Checked::Text(format!("sqlite:{rest}")))
            } else {
                Ok(Checked::Text(format!("sqlite://{rest}")))
            }
        }
        "postgres" | "postgresql" => {
            Err("it is a PostgreSQL URL, and this version keeps its database in SQLite; PostgreSQL comes in a later one"
                .to_owned())
        }
        _ => Err("it is no `sqlite://` URL".to_owned()),
    }
}

fn object_store(text: &str) -> Result<Checked, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no URI ({error})"))?;
    if !matches!(url.scheme(), "s3" | "gs" | "az" | "azure" | "abfs" | "abfss" | "https" | "file") {
        return Err(format!("its scheme is `{}`", url.scheme()));
    }
    if url.password().is_some() {
        return Err("it holds a password".to_owned());
    }
    Ok(Checked::Text(text.to_owned()))
}

fn log_filter(text: &str) -> Result<Checked, String> {
    tracing_subscriber::EnvFilter::builder()
        .parse(text)
        .map(|_| Checked::Text(text.to_owned()))
        .map_err(|error| format!("it cannot be read ({error})"))
}

/// `\n`, `\r`, `\t` and `\\`; any other backslash stays as it is.
fn unescape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let replacement = match (character, characters.peek()) {
            ('\\', Some('n')) => Some('\n'),
            ('\\', Some('r')) => Some('\r'),
            ('\\', Some('t')) => Some('\t'),
            ('\\', Some('\\')) => Some('\\'),
            _ => None,
        };
        if let Some(replacement) = replacement {
            characters.next();
            written.push(replacement);
        } else {
            written.push(character);
        }
    }
    written
}
