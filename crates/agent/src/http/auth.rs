//! Basic authentication of webhooks, in constant time.

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::settings::WebhookCredentials;

/// More than user name and password may have, in base64.
const MAX_HEADER: usize = 8 * 1024;

/// What the header must hold, as a hash: its comparison takes as long for every guess, however long the guess is.
#[derive(Clone)]
pub(super) struct Expected([u8; 32]);

impl Expected {
    pub(super) fn new(credentials: &WebhookCredentials) -> Self {
        let WebhookCredentials { username, password } = credentials;
        Self(Sha256::digest(format!("{username}:{}", password.expose_secret())).into())
    }

    pub(super) fn accepts(&self, headers: &HeaderMap) -> bool {
        let sent = presented(headers).unwrap_or_default();
        let sent: [u8; 32] = Sha256::digest(sent).into();
        self.0.ct_eq(&sent).into()
    }
}

/// `user:password` of the only `Authorization` header.
fn presented(headers: &HeaderMap) -> Option<Vec<u8>> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let value = all.next()?.to_str().ok()?;
    if all.next().is_some() || value.len() > MAX_HEADER {
        return None;
    }
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    STANDARD.decode(encoded.trim()).ok()
}
