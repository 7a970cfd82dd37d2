//! Which way a request goes: the one place that decides it, for our own clients and for git.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use super::NetError;
use crate::settings::{NetworkSettings, NoProxy};

/// The proxies of `HTTP_PROXY` and `HTTPS_PROXY`, and what `NO_PROXY` keeps from them. Pure; `Debug` shows no credentials.
#[derive(Debug, Clone, Default)]
pub struct ProxyRules {
    http: Option<Upstream>,
    https: Option<Upstream>,
    no_proxy: NoProxy,
}

/// How a URL is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// No proxy is configured for its scheme.
    Direct,
    /// One is, and `NO_PROXY` covers the URL.
    Excepted,
    Proxy {
        /// Of the proxy, without credentials.
        host_and_port: String,
    },
}

impl fmt::Display for Way {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => formatter.write_str("direct"),
            Self::Excepted => formatter.write_str("direct (NO_PROXY)"),
            Self::Proxy { host_and_port } => write!(formatter, "through {host_and_port}"),
        }
    }
}

/// One proxy.
#[derive(Debug, Clone)]
struct Upstream {
    /// Without credentials and path.
    address: Url,
    /// With the port even where it is the scheme's own: curl takes 1080 for a proxy that names none.
    host_and_port: String,
    credentials: Option<Credentials>,
}

#[derive(Debug, Clone)]
struct Credentials {
    /// As they stand in the URL, percent-encoded, with the colon even where there is no password: without it git would ask
    /// somebody for one.
    in_url: SecretString,
    /// Value of the `Proxy-Authorization` header.
    authorization: SecretString,
}

impl ProxyRules {
    /// # Errors
    /// `Invalid` when an address is none of a proxy. The settings have checked that.
    pub fn new(settings: &NetworkSettings) -> Result<Self, NetError> {
        let upstream = |name: &'static str, url: &Option<SecretString>| {
            url.as_ref().map(|url| Upstream::parse(name, url.expose_secret())).transpose()
        };
        Ok(Self {
            http: upstream("HTTP_PROXY", &settings.http_proxy)?,
            https: upstream("HTTPS_PROXY", &settings.https_proxy)?,
            no_proxy: settings.no_proxy.clone(),
        })
    }

    /// Which way `url` goes, for people.
    pub fn way(&self, url: &Url) -> Way {
        match self.configured(url) {
            None => Way::Direct,
            Some(_) if self.no_proxy.covers(url) => Way::Excepted,
            Some(proxy) => Way::Proxy { host_and_port: proxy.host_and_port.clone() },
        }
    }

    /// The proxies for a client of ours, one per scheme, as each has credentials of its own.
    pub(super) fn for_clients(&self) -> Result<Vec<reqwest::Proxy>, NetError> {
        let mut proxies = Vec::new();
        for (scheme, proxy) in [("http", &self.http), ("https", &self.https)] {
            let Some(proxy) = proxy else { continue };
            let (rules, address) = (self.clone(), proxy.address.clone());
            let ours = move |url: &Url| (url.scheme() == scheme && rules.chosen(url).is_some()).then(|| address.clone());
            let mut built = reqwest::Proxy::custom(ours);
            if let Some(credentials) = &proxy.credentials {
                let header = HeaderValue::from_str(credentials.authorization.expose_secret());
                let mut header = header.map_err(|_| NetError::Invalid("the credentials of a proxy fit no header".to_owned()))?;
                header.set_sensitive(true);
                built = built.custom_http_auth(header);
            }
            proxies.push(built);
        }
        Ok(proxies)
    }

    /// The variable that sends a child process which talks to `remote` alone the same way; None: it goes directly.
    ///
    /// `no_proxy` is never among them: what curl understands of it depends on its version (networks from 7.86 on) and on
    /// taste, so it is not left to curl.
    pub(super) fn for_child(&self, remote: &Url) -> Option<(&'static str, SecretString)> {
        let proxy = self.chosen(remote)?;
        // In small letters, because curl reads `http_proxy` in no other form.
        let name = if remote.scheme() == "https" { "https_proxy" } else { "http_proxy" };
        let credentials = proxy.credentials.as_ref().map_or("", |credentials| credentials.in_url.expose_secret());
        let at = if credentials.is_empty() { "" } else { "@" };
        Some((name, format!("{}://{credentials}{at}{}", proxy.address.scheme(), proxy.host_and_port).into()))
    }

    fn chosen(&self, url: &Url) -> Option<&Upstream> {
        self.configured(url).filter(|_| !self.no_proxy.covers(url))
    }

    fn configured(&self, url: &Url) -> Option<&Upstream> {
        match url.scheme() {
            _ if is_of_this_machine(url) => None,
            "http" => self.http.as_ref(),
            "https" => self.https.as_ref(),
            _ => None,
        }
    }
}

/// Addresses that mean another host to a proxy: those of the link, where clouds tell a machine its credentials (AWS also at
/// `fd00:ec2::254`, and to containers at 169.254.170.2).
fn is_of_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_link_local(),
        Some(Host::Ipv6(address)) => {
            address.is_unicast_link_local() || address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]
        }
        Some(Host::Domain(_)) | None => false,
    }
}

impl Upstream {
    fn parse(name: &str, text: &str) -> Result<Self, NetError> {
        // The text may hold a password.
        let invalid = || NetError::Invalid(format!("{name} is no address of a proxy, such as http://proxy.contoso.com:3128"));
        let mut address = Url::parse(text).map_err(|_| invalid())?;
        if !matches!(address.scheme(), "http" | "https") {
            return Err(invalid());
        }
        let host = address.host_str().filter(|host| !host.is_empty()).ok_or_else(invalid)?;
        let host_and_port = format!("{host}:{}", address.port_or_known_default().ok_or_else(invalid)?);
        let credentials = Credentials::of(&address);
        address.set_username("").and_then(|()| address.set_password(None)).map_err(|()| invalid())?;
        address.set_path("");
        Ok(Self { address, host_and_port, credentials })
    }
}

impl Credentials {
    fn of(url: &Url) -> Option<Self> {
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        if user.is_empty() && password.is_empty() {
            return None;
        }
        let mut pair: Vec<u8> = percent_decode_str(user).collect();
        pair.push(b':');
        pair.extend(percent_decode_str(password));
        Some(Self {
            in_url: format!("{user}:{password}").into(),
            authorization: format!("Basic {}", STANDARD.encode(pair)).into(),
        })
    }
}
