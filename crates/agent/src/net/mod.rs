//! The only factory of HTTP clients: proxies (`proxy`), extra certificates, timeouts, no redirects.

mod documents;
mod gate;
mod proxy;
mod service;
#[cfg(test)]
mod tests;

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use documents::Documents;
pub(crate) use gate::{Gate, pause};
pub use proxy::{ProxyRules, Way};
use reqwest::{Certificate, redirect};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use secrecy::SecretString;
pub use service::ServiceError;
pub(crate) use service::{Reply, Service};
use tempfile::NamedTempFile;
use url::Url;

use crate::settings::NetworkSettings;

/// Time to connect, with the TLS handshake.
const CONNECT: Duration = Duration::from_secs(10);

/// More than all public authorities together need.
const MAX_BUNDLE_BYTES: u64 = 8 * 1024 * 1024;

/// Where the systems keep the bundle of all authorities: Debian and Alpine, Fedora and RHEL (two places), openSUSE.
const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

#[derive(Debug, thiserror::Error)]
pub enum NetError {
    #[error("{0}")]
    Invalid(String),
}

/// Builds clients that all go the configured way. Redirects are never followed: a redirect of an API call is a sign-in
/// page or an attack.
#[derive(Debug, Clone)]
pub struct HttpClients {
    proxies: ProxyRules,
    extra_roots: Vec<Certificate>,
    /// The system's authorities and the extra ones in one file, for child processes; removed with the last clone.
    bundle: Option<Arc<NamedTempFile>>,
}

impl HttpClients {
    /// Reads the certificate bundle and checks proxies; call once at start-up.
    pub fn new(settings: &NetworkSettings) -> Result<Self, NetError> {
        // An earlier call, or the program around this library, has installed one already: that one is as good.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _earlier = rustls::crypto::ring::default_provider().install_default();
        }
        let (extra_roots, bundle) = match &settings.extra_ca_certs {
            Some(path) => {
                let pem = read_bundle(path)?;
                let roots = certificates(path, &pem)?;
                (roots, Some(Arc::new(merged_bundle(&pem)?)))
            }
            None => (Vec::new(), None),
        };
        let clients = Self { proxies: ProxyRules::new(settings)?, extra_roots, bundle };
        clients.client(CONNECT)?;
        Ok(clients)
    }

    /// A client whose every request ends within `total`, and whose connection is made within ten seconds.
    pub fn client(&self, total: Duration) -> Result<reqwest::Client, NetError> {
        #[expect(clippy::disallowed_methods, reason = "this is the factory")]
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("coderabbit-agent/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(total)
            .redirect(redirect::Policy::none())
            .no_proxy();
        for proxy in self.proxies.for_clients()? {
            builder = builder.proxy(proxy);
        }
        if !self.extra_roots.is_empty() {
            builder = builder.tls_certs_merge(self.extra_roots.iter().cloned());
        }
        builder.build().map_err(|error| {
            NetError::Invalid(format!(
                "no HTTPS client can be made: {}. Are the system's certificate authorities installed (package ca-certificates)?",
                with_causes(&error)
            ))
        })
    }

    /// Which way `url` goes.
    pub fn way(&self, url: &Url) -> Way {
        self.proxies.way(url)
    }

    /// Environment for a child process (git) that talks to `remote` and to nothing else, and shall go the same way: the proxy,
    /// unless `remote` is reached directly, and `GIT_SSL_CAINFO` when an extra bundle is configured.
    pub fn child_environment(&self, remote: &Url) -> Vec<(String, SecretString)> {
        let proxy = self.proxies.for_child(remote).map(|(name, proxy)| (name.to_owned(), proxy));
        let path = |bundle: &Arc<NamedTempFile>| bundle.path().to_string_lossy().into_owned();
        let bundle = self.bundle.as_ref().map(|bundle| ("GIT_SSL_CAINFO".to_owned(), path(bundle).into()));
        proxy.into_iter().chain(bundle).collect()
    }
}

fn read_bundle(path: &Path) -> Result<Vec<u8>, NetError> {
    let invalid = |problem: String| NetError::Invalid(format!("EXTRA_CA_CERTS={}: {problem}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| invalid(format!("the file cannot be read: {error}")))?.len();
    if size > MAX_BUNDLE_BYTES {
        return Err(invalid(format!("the file has {size} bytes, too many for a bundle of certificates")));
    }
    std::fs::read(path).map_err(|error| invalid(format!("the file cannot be read: {error}")))
}

fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<Certificate>, NetError> {
    let invalid = |problem: String| NetError::Invalid(format!("EXTRA_CA_CERTS={}: {problem}", path.display()));
    let mut found = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem) {
        let number = found.len() + 1;
        let der = der.map_err(|error| invalid(format!("it cannot be read as PEM at certificate {number}: {error}")))?;
        let certificate =
            Certificate::from_der(&der).map_err(|error| invalid(format!("certificate {number}: {}", with_causes(&error))))?;
        // The library would pass over a certificate that it cannot use.
        RootCertStore::empty()
            .add(der)
            .map_err(|error| invalid(format!("certificate {number} cannot be used as an authority: {error}")))?;
        found.push(certificate);
    }
    if found.is_empty() {
        return Err(invalid(
            "it holds no certificate; a PEM bundle has blocks between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE----- \
             (turn a DER file into one with: openssl x509 -inform der -in FILE)"
                .to_owned(),
        ));
    }
    Ok(found)
}

/// A file with the system's authorities and the extra ones: what git is given replaces the system's.
fn merged_bundle(extra: &[u8]) -> Result<NamedTempFile, NetError> {
    let invalid =
        |error: std::io::Error| NetError::Invalid(format!("the bundle of certificates for git cannot be written: {error}"));
    let mut file = tempfile::Builder::new().prefix("coderabbit-agent-ca-").suffix(".pem").tempfile().map_err(invalid)?;
    let system = SYSTEM_BUNDLES.iter().map(PathBuf::from).find_map(|path| std::fs::read(path).ok());
    if system.is_none() {
        tracing::warn!(places = ?SYSTEM_BUNDLES, "no bundle of the system's certificate authorities was found: git trusts EXTRA_CA_CERTS only");
    }
    for part in [system.unwrap_or_default().as_slice(), b"\n", extra] {
        file.write_all(part).map_err(invalid)?;
    }
    file.flush().map_err(invalid)?;
    Ok(file)
}

/// An error with its causes, which `reqwest` leaves out of its text.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _written = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
