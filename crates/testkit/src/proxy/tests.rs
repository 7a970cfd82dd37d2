//! The proxy, driven over sockets.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// Sends `request` and reads until the other side closes.
async fn exchange(proxy: &Proxy, request: &str) -> String {
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

/// A server that answers one request with what it was sent.
async fn mirror() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut read = Vec::new();
            while !read.ends_with(b"\r\n\r\nbody") {
                if stream.read_buf(&mut read).await.unwrap() == 0 {
                    break;
                }
            }
            stream.write_all(&read).await.unwrap();
        }
    });
    address
}

fn authorization(pair: &str) -> String {
    format!("Proxy-Authorization: Basic {}\r\n", STANDARD.encode(pair))
}

#[tokio::test]
async fn a_request_in_absolute_form_is_passed_on_without_what_is_for_the_proxy() {
    let proxy = Proxy::start_for("agent", "pr0xy p@ss").await.unwrap();
    proxy.lead("devops.corp", mirror().await);
    let request = format!(
        "POST http://devops.corp:8080/tfs/_apis?a=b HTTP/1.1\r\nHost: devops.corp:8080\r\n{}Proxy-Connection: keep-alive\r\n\
         Connection: keep-alive\r\nContent-Length: 4\r\n\r\nbody",
        authorization("agent:pr0xy p@ss")
    );
    assert_eq!(
        exchange(&proxy, &request).await,
        "POST /tfs/_apis?a=b HTTP/1.1\r\nHost: devops.corp:8080\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
    );
    assert_eq!(proxy.passages()[0].to_string(), "agent POST http://devops.corp:8080/tfs/_apis?a=b Passed");
    assert_eq!(proxy.url(), format!("http://agent:pr0xy%20p%40ss@{}", proxy.address()));
}

#[tokio::test]
async fn a_tunnel_carries_any_bytes() {
    let proxy = Proxy::start().await.unwrap();
    let server = mirror().await;
    let answer = exchange(&proxy, &format!("CONNECT {server} HTTP/1.1\r\nHost: {server}\r\n\r\n\r\n\r\nbody")).await;
    assert_eq!(answer, "HTTP/1.1 200 Connection established\r\n\r\n\r\n\r\nbody");
    assert_eq!(proxy.passages()[0].to_string(), format!("- CONNECT {server} Passed"));
}

#[tokio::test]
async fn who_is_not_let_through_is_told_why() {
    let proxy = Proxy::start_for("agent", "word").await.unwrap();
    proxy.lead("devops.corp", mirror().await);
    proxy.lead("nobody.corp", SocketAddr::from(([127, 0, 0, 1], 1)));
    let ask = async |host: &str, more: &str| {
        let answer = exchange(&proxy, &format!("CONNECT {host}:443 HTTP/1.1\r\n{more}\r\n")).await;
        answer.lines().next().unwrap().to_owned()
    };
    assert_eq!(ask("devops.corp", "").await, "HTTP/1.1 407 Proxy Authentication Required");
    assert_eq!(ask("devops.corp", &authorization("agent:wrong")).await, "HTTP/1.1 407 Proxy Authentication Required");
    let right = authorization("agent:word");
    assert_eq!(ask("nobody.corp", &right).await, "HTTP/1.1 502 Bad Gateway");
    proxy.refuse("devops.corp");
    assert_eq!(ask("DevOps.corp", &right).await, "HTTP/1.1 403 Forbidden");
    proxy.admit("devops.corp");
    let passages: Vec<_> = proxy.passages().into_iter().map(|passage| (passage.host, passage.user, passage.verdict)).collect();
    let agent = || Some("agent".to_owned());
    assert_eq!(
        passages,
        [
            ("devops.corp".to_owned(), None, Verdict::Unauthenticated),
            ("devops.corp".to_owned(), agent(), Verdict::Unauthenticated),
            ("nobody.corp".to_owned(), agent(), Verdict::Unreachable),
            ("devops.corp".to_owned(), agent(), Verdict::Refused),
        ]
    );
    assert_eq!(exchange(&proxy, "GET /origin-form HTTP/1.1\r\n\r\n").await.lines().next(), Some("HTTP/1.1 400 Bad Request"));
}
