//! Which way a request goes, seen from the other end of the wire.

use std::{
    io::{Read, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
};

use rustls::pki_types::PrivateKeyDer;
use secrecy::ExposeSecret as _;

use super::*;
use crate::settings::NoProxy;

/// A server certificate for `localhost` and its authority, made for these tests alone; both end in 2126.
const AUTHORITY: &str = include_str!("tests/authority.pem");
const SERVER: &str = include_str!("tests/server.pem");
const SERVER_KEY: &str = include_str!("tests/server.key");

const LIMIT: Duration = Duration::from_secs(20);

/// Answers every connection once with `answer` and passes on the head of the request.
fn listen(answer: &'static str) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, received) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let head = read_head(&mut stream);
            if stream.write_all(answer.as_bytes()).is_err() || heads.send(head).is_err() {
                return;
            }
        }
    });
    (address, received)
}

fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfine";

fn clients(settings: &NetworkSettings) -> reqwest::Client {
    HttpClients::new(settings).unwrap().client(LIMIT).unwrap()
}

#[tokio::test]
async fn http_goes_through_the_proxy_with_its_credentials() {
    let (proxy, received) = listen(FINE);
    let client = clients(&NetworkSettings {
        http_proxy: Some(format!("http://me:s%20ecret@{proxy}").into()),
        ..NetworkSettings::default()
    });
    let answer = client.get("http://tfs.contoso.invalid/Main/_apis?a=b").send().await.unwrap().text().await.unwrap();
    let head = received.recv_timeout(LIMIT).unwrap();
    assert_eq!(answer, "fine");
    assert!(head.starts_with("GET http://tfs.contoso.invalid/Main/_apis?a=b HTTP/1.1\r\n"), "{head}");
    // "me:s ecret" in base64; names of headers come in either case.
    assert!(head.contains("Basic bWU6cyBlY3JldA==\r\n") && head.to_lowercase().contains("proxy-authorization: "), "{head}");
    assert!(head.to_lowercase().contains(concat!("user-agent: coderabbit-agent/", env!("CARGO_PKG_VERSION"))), "{head}");
}

#[tokio::test]
async fn https_asks_the_proxy_for_a_tunnel_and_sends_it_nothing_else() {
    let (proxy, received) = listen("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    // Another proxy for the other scheme, with other credentials: each gets its own.
    let client = clients(&NetworkSettings {
        http_proxy: Some("http://other:word@127.0.0.1:1".into()),
        https_proxy: Some(format!("http://me:s%3Aecret%2F@{proxy}").into()),
        ..NetworkSettings::default()
    });
    let refused = client.get("https://dev.azure.invalid/contoso").header("authorization", "Basic canary").send().await;
    let head = received.recv_timeout(LIMIT).unwrap();
    assert!(refused.is_err());
    assert!(head.starts_with("CONNECT dev.azure.invalid:443 HTTP/1.1\r\n"), "{head}");
    // "me:s:ecret/" in base64.
    assert!(head.to_lowercase().contains("proxy-authorization: ") && head.contains("Basic bWU6czplY3JldC8=\r\n"), "{head}");
    assert!(!head.contains("canary"), "{head}");
}

#[tokio::test]
async fn hosts_of_no_proxy_are_reached_directly() {
    let (proxy, at_the_proxy) = listen(FINE);
    let (server, at_the_server) = listen(FINE);
    let settings = |no_proxy: &str| NetworkSettings {
        http_proxy: Some(format!("http://{proxy}").into()),
        no_proxy: NoProxy::parse(no_proxy).unwrap().0,
        ..NetworkSettings::default()
    };
    let url = format!("http://{server}/direct");
    let this_port = format!("example.com 127.0.0.1:{}", server.port());
    for direct in ["127.0.0.1", "example.com,127.0.0.0/8", "*", &this_port] {
        clients(&settings(direct)).get(&url).send().await.unwrap();
        let head = at_the_server.recv_timeout(LIMIT).unwrap();
        assert!(head.starts_with("GET /direct HTTP/1.1\r\n"), "{head}");
    }
    for other in ["example.com", "127.0.0.1:1"] {
        clients(&settings(other)).get(&url).send().await.unwrap();
        let head = at_the_proxy.recv_timeout(LIMIT).unwrap();
        assert!(head.starts_with(&format!("GET http://{server}/direct HTTP/1.1\r\n")), "{head}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (server, received) =
        listen("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let answer = clients(&NetworkSettings::default()).get(format!("http://{server}/")).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    assert!(received.recv_timeout(LIMIT).is_ok());
}

/// A TLS server with the test certificate, which answers every request with `answer`.
fn listen_with_tls(answer: &str) -> SocketAddr {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(SERVER.as_bytes()).collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(SERVER_KEY.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let (config, answer) = (Arc::new(config), answer.to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls: rustls::StreamOwned<rustls::ServerConnection, TcpStream> = rustls::StreamOwned::new(connection, stream);
            if read_head(&mut tls).ends_with("\r\n\r\n") {
                // A client that does not want the rest goes away.
                let written = tls.write_all(answer.as_bytes());
                tls.conn.send_close_notify();
                written.and_then(|()| tls.flush()).ok();
            }
        }
    });
    address
}

#[tokio::test]
async fn an_extra_authority_is_trusted_beside_the_systems_own() {
    let server = listen_with_tls(FINE);
    let url = format!("https://localhost:{}/", server.port());
    let untrusted = clients(&NetworkSettings::default()).get(&url).send().await.unwrap_err();
    assert!(with_causes(&untrusted).contains("certificate"), "{}", with_causes(&untrusted));

    let mut bundle = NamedTempFile::new().unwrap();
    bundle.write_all(AUTHORITY.as_bytes()).unwrap();
    let settings = NetworkSettings { extra_ca_certs: Some(bundle.path().to_owned()), ..NetworkSettings::default() };
    let answer = clients(&settings).get(&url).send().await.map_err(|error| with_causes(&error)).unwrap();
    assert_eq!(answer.text().await.unwrap(), "fine");
}

#[tokio::test]
async fn a_text_is_fetched_by_https_and_by_nothing_else() {
    let mut bundle = NamedTempFile::new().unwrap();
    bundle.write_all(AUTHORITY.as_bytes()).unwrap();
    let settings = NetworkSettings { extra_ca_certs: Some(bundle.path().to_owned()), ..NetworkSettings::default() };
    let documents = Documents::new(&HttpClients::new(&settings).unwrap()).unwrap();
    let get = async |url: String, most: usize| {
        let got = documents.get(&url.parse().unwrap(), most).await;
        got.map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let at = |server: SocketAddr| format!("https://localhost:{}/review.yaml", server.port());

    assert_eq!(get(at(listen_with_tls(FINE)), 4).await, Ok("fine".to_owned()));
    assert_eq!(get(at(listen_with_tls(FINE)), 3).await, Err("it is longer than 0 KiB".to_owned()));
    let away = "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(
        get(at(listen_with_tls(away)), 4).await,
        Err("the server answered 302 with a redirect, which is not followed".to_owned())
    );
    let missing = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(get(at(listen_with_tls(missing)), 4).await, Err("the server answered 404".to_owned()));
    let (plain, received) = listen(FINE);
    for url in [format!("http://{plain}/"), format!("https://user:secret@{plain}/")] {
        assert_eq!(get(url, 4).await, Err("only https without a user name is fetched".to_owned()));
    }
    assert!(received.try_recv().is_err(), "nothing is asked");
}

#[tokio::test]
async fn a_tunnel_carries_tls_end_to_end() {
    let proxy = testkit::proxy::Proxy::start_for("agent", "pr0xy p@ss/%").await.unwrap();
    let server = listen_with_tls(FINE);
    proxy.lead("localhost", server);
    let mut bundle = NamedTempFile::new().unwrap();
    bundle.write_all(AUTHORITY.as_bytes()).unwrap();
    let client = clients(&NetworkSettings {
        https_proxy: Some(proxy.url().into()),
        extra_ca_certs: Some(bundle.path().to_owned()),
        ..NetworkSettings::default()
    });
    let answer = client.get("https://localhost/").send().await.map_err(|error| with_causes(&error)).unwrap();
    assert_eq!(answer.text().await.unwrap(), "fine");
    let passages: Vec<String> = proxy.passages().iter().map(ToString::to_string).collect();
    assert_eq!(passages, ["agent CONNECT localhost:443 Passed"]);
}

#[test]
fn a_bundle_that_is_none_is_refused_with_its_path() {
    let refused = |path: &Path| {
        let settings = NetworkSettings { extra_ca_certs: Some(path.to_owned()), ..NetworkSettings::default() };
        HttpClients::new(&settings).unwrap_err().to_string()
    };
    let gone = refused(Path::new("/nowhere/ca.pem"));
    assert!(gone.starts_with("EXTRA_CA_CERTS=/nowhere/ca.pem: the file cannot be read"), "{gone}");

    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"no certificate").unwrap();
    let empty = refused(file.path());
    assert!(empty.contains("it holds no certificate"), "{empty}");

    file.write_all(b"\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let broken = refused(file.path());
    assert!(broken.contains("certificate 1 cannot be used as an authority"), "{broken}");
}

/// What git would find for `remote`.
fn child(clients: &HttpClients, remote: &str) -> Vec<(String, String)> {
    let environment = clients.child_environment(&remote.parse().unwrap());
    environment.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
}

#[test]
fn a_child_process_goes_the_same_way() {
    let mut bundle = NamedTempFile::new().unwrap();
    bundle.write_all(AUTHORITY.as_bytes()).unwrap();
    let mut settings = NetworkSettings {
        http_proxy: Some("http://proxy:80/".into()),
        https_proxy: Some("https://me:hidden%20word@[fd00::1]:443/".into()),
        no_proxy: NoProxy::parse("*.contoso.com:443,10.0.0.0/8").unwrap().0,
        extra_ca_certs: None,
    };
    let clients = HttpClients::new(&settings).unwrap();
    // The port stands there: curl takes 1080 where none is named.
    for (remote, expected) in [
        ("http://tfs.contoso.com/tfs", vec![("http_proxy", "http://proxy:80")]),
        ("https://dev.azure.com/contoso", vec![("https_proxy", "https://me:hidden%20word@[fd00::1]:443")]),
        ("https://tfs.contoso.com:8443/tfs", vec![("https_proxy", "https://me:hidden%20word@[fd00::1]:443")]),
        ("https://tfs.contoso.com/tfs", vec![]),
        ("http://10.1.2.3:8080/tfs", vec![]),
        // Where a cloud tells a machine its credentials: a proxy would be told its own.
        ("http://169.254.169.254/latest", vec![]),
        ("http://[fd00:ec2::254]/latest", vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert_eq!(child(&clients, remote), expected, "{remote}");
    }
    assert!(!format!("{clients:?}").contains("hidden"), "{clients:?}");

    settings.extra_ca_certs = Some(bundle.path().to_owned());
    let clients = HttpClients::new(&settings).unwrap();
    let [(name, merged)] = child(&clients, "https://tfs.contoso.com/tfs").try_into().unwrap();
    assert_eq!(name, "GIT_SSL_CAINFO");
    assert!(std::fs::read_to_string(merged).unwrap().contains(AUTHORITY));

    assert!(child(&HttpClients::new(&NetworkSettings::default()).unwrap(), "https://dev.azure.com/contoso").is_empty());
}

#[test]
fn a_user_without_a_password_has_an_empty_one_so_that_git_asks_nobody() {
    let settings = NetworkSettings { http_proxy: Some("http://me@proxy:3128/".into()), ..NetworkSettings::default() };
    let [(_, proxy)] = child(&HttpClients::new(&settings).unwrap(), "http://tfs.contoso.com/tfs").try_into().unwrap();
    assert_eq!(proxy, "http://me:@proxy:3128");
}

#[test]
fn the_way_is_told_without_credentials() {
    let rules = ProxyRules::new(&NetworkSettings {
        https_proxy: Some("http://me:secret@proxy.corp:3128/".into()),
        no_proxy: NoProxy::parse("tfs.corp").unwrap().0,
        ..NetworkSettings::default()
    })
    .unwrap();
    for (url, way) in [
        ("https://dev.azure.com/contoso", "through proxy.corp:3128"),
        ("https://tfs.corp/tfs/Main", "direct (NO_PROXY)"),
        // No proxy for this scheme, so NO_PROXY has no part in it.
        ("http://tfs.corp/tfs/Main", "direct"),
        ("http://example.com", "direct"),
    ] {
        assert_eq!(rules.way(&url.parse().unwrap()).to_string(), way, "{url}");
    }
}
