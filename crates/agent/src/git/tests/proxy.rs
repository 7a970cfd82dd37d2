//! git behind a proxy, for https: a tunnel. The whole agent behind one, for http, is a story of its own.

use review_core::pull_request::CommitId;
use testkit::proxy::{Proxy, Verdict};
use tokio::net::TcpListener;

use super::server::source;
use crate::{
    git::{GitError, Mirrors},
    net::HttpClients,
    settings::{NetworkSettings, NoProxy},
};

const HOST: &str = "tfs.corp.invalid";

/// A proxy that knows where [`HOST`] is: a server that hangs up.
async fn proxy() -> Proxy {
    let proxy = Proxy::start_for("agent", "pr0xy p@ss/%").await.unwrap();
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    proxy.lead(HOST, server.local_addr().unwrap());
    tokio::spawn(async move { while server.accept().await.is_ok() {} });
    proxy
}

/// What comes of a fetch from [`HOST`] through the proxy at `url`; nothing good, as it has no repositories.
async fn fetch(url: &str, no_proxy: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let settings = NetworkSettings {
        https_proxy: Some(url.into()),
        no_proxy: NoProxy::parse(no_proxy).unwrap().0,
        ..NetworkSettings::default()
    };
    let http = HttpClients::new(&settings).unwrap();
    let mirrors = Mirrors::new(folder.path(), u64::MAX, move |remote| http.child_environment(remote)).unwrap();
    let commit = CommitId::parse(&"a".repeat(40)).unwrap();
    let remote = format!("https://{HOST}/tfs/Main/shop/_git/shop");
    let error = mirrors.fetch(source(&remote, Some(&"Basic OmNhbmFyeQ==".into())), &[commit]).await.unwrap_err();
    // Nothing of it is about the token.
    assert!(matches!(error, GitError::Failed { .. }), "{error:?}");
    error.to_string()
}

fn last(proxy: &Proxy) -> String {
    proxy.passages().last().unwrap().to_string()
}

#[tokio::test]
async fn git_asks_the_proxy_for_a_tunnel_with_the_password_decoded() {
    let proxy = proxy().await;
    let error = fetch(&proxy.url(), "example.com").await;
    assert_eq!(last(&proxy), format!("agent CONNECT {HOST}:443 {:?}", Verdict::Passed), "{error}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told_apart_from_a_server_that_does() {
    let proxy = proxy().await;
    let error = fetch(&proxy.url_for("agent", "wrong-word"), "example.com").await;
    assert!(error.contains("407") && !error.contains("wrong-word"), "{error}");
    proxy.refuse(HOST);
    let error = fetch(&proxy.url(), "example.com").await;
    assert!(error.contains("403") && !error.contains("p@ss"), "{error}");
    assert_eq!(last(&proxy), format!("agent CONNECT {HOST}:443 {:?}", Verdict::Refused));
}

#[tokio::test]
async fn git_goes_directly_where_our_own_clients_do() {
    let proxy = proxy().await;
    // Entries that curl reads otherwise, or not at all, depending on its version.
    for no_proxy in [format!("{HOST}:443"), "*.corp.invalid".to_owned(), "INVALID".to_owned()] {
        let error = fetch(&proxy.url(), &no_proxy).await;
        assert!(error.contains("Could not resolve host"), "{error}");
    }
    assert_eq!(proxy.passages(), []);
}
