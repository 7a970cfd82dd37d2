//! A forward proxy: `CONNECT` for https, the absolute form for http (RFC 9110, section 9.3.6; RFC 9112, section 3.2.2), with
//! Basic authentication, and a log of what it was asked for.
//!
//! It takes one request per connection, and says so: what comes behind the head is passed on byte by byte, in both directions.
//! It can be told where hosts are that no name server knows. A client that reaches one of those came through this proxy.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use url::Url;

#[cfg(test)]
mod tests;

/// Longest head of a request.
const LARGEST_HEAD: usize = 64 * 1024;

/// A running proxy; it ends with its connections when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// User and password; None: everybody may.
    credentials: Option<(String, String)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    passages: Vec<Passage>,
    hosts: BTreeMap<String, SocketAddr>,
    refused: BTreeSet<String>,
}

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    pub method: String,
    /// `host:port` of a `CONNECT`, else the whole URL.
    pub target: String,
    /// In small letters.
    pub host: String,
    /// Who the client said it was, with whatever password.
    pub user: Option<String>,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    /// 407: no credentials, or wrong ones.
    Unauthenticated,
    /// 403: see [`Proxy::refuse`].
    Refused,
    /// 502: nobody is there.
    Unreachable,
}

impl Proxy {
    /// Lets everybody through.
    pub async fn start() -> Result<Self> {
        Self::listen(None).await
    }

    /// Lets this user through.
    pub async fn start_for(user: &str, password: &str) -> Result<Self> {
        Self::listen(Some((user.to_owned(), password.to_owned()))).await
    }

    async fn listen(credentials: Option<(String, String)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening on loopback")?;
        let address = listener.local_addr().context("reading the port")?;
        let shared = Arc::new(Shared { credentials, ..Shared::default() });
        let listening = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, listening })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `HTTP_PROXY` and `HTTPS_PROXY` are set to: with the credentials, if there are any.
    pub fn url(&self) -> String {
        match &self.shared.credentials {
            Some((user, password)) => self.url_for(user, password),
            None => format!("http://{}", self.address),
        }
    }

    /// The same with other credentials.
    pub fn url_for(&self, user: &str, password: &str) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        format!("http://{}:{}@{}", encoded(user), encoded(password), self.address)
    }

    /// `host`, at any port, is at `address`. Other hosts are looked up as usual.
    pub fn lead(&self, host: &str, address: SocketAddr) {
        self.shared.lock().hosts.insert(host.to_ascii_lowercase(), address);
    }

    /// From now on nobody gets to `host`.
    pub fn refuse(&self, host: &str) {
        self.shared.lock().refused.insert(host.to_ascii_lowercase());
    }

    /// Takes [`Self::refuse`] back.
    pub fn admit(&self, host: &str) {
        self.shared.lock().refused.remove(&host.to_ascii_lowercase());
    }

    /// Every request so far, in order.
    pub fn passages(&self) -> Vec<Passage> {
        self.shared.lock().passages.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, request: &Request) -> bool {
        self.credentials.as_ref().is_none_or(|expected| request.credentials.as_ref() == Some(expected))
    }

    async fn connect(&self, request: &Request) -> std::io::Result<TcpStream> {
        let led = self.lock().hosts.get(&request.host).copied();
        match led {
            Some(address) => TcpStream::connect(address).await,
            None => TcpStream::connect((request.host.as_str(), request.port)).await,
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // A client that goes away in the middle is no concern of anybody else's.
            serve(client, &shared).await.ok();
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut client: TcpStream, shared: &Shared) -> Result<()> {
    client.set_nodelay(true).ok();
    let (head, rest) = read_head(&mut client).await?;
    let Some(request) = Request::parse(&head) else {
        return refuse(client, "400 Bad Request", "").await;
    };
    let is_refused = shared.lock().refused.contains(&request.host);
    let (verdict, server) = if !shared.admits(&request) {
        (Verdict::Unauthenticated, None)
    } else if is_refused {
        (Verdict::Refused, None)
    } else {
        match shared.connect(&request).await {
            Ok(server) => (Verdict::Passed, Some(server)),
            Err(_) => (Verdict::Unreachable, None),
        }
    };
    shared.lock().passages.push(request.passage(verdict));
    match (verdict, server) {
        (_, Some(server)) => relay(client, server, &request, &rest).await,
        (Verdict::Unauthenticated, _) => {
            refuse(client, "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"testkit\"\r\n").await
        }
        (Verdict::Refused, _) => refuse(client, "403 Forbidden", "").await,
        _ => refuse(client, "502 Bad Gateway", "").await,
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream, request: &Request, rest: &[u8]) -> Result<()> {
    server.set_nodelay(true).ok();
    if request.method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        server.write_all(request.head.as_bytes()).await?;
    }
    server.write_all(rest).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// Answers, and reads the rest of the request: a connection that is closed with unread bytes is reset, and the answer with it.
async fn refuse(mut client: TcpStream, status: &str, header: &str) -> Result<()> {
    let page = format!("<html><title>{status}</title></html>");
    let answer = format!(
        "HTTP/1.1 {status}\r\n{header}Content-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    client.write_all(answer.as_bytes()).await?;
    client.shutdown().await?;
    tokio::io::copy(&mut client, &mut tokio::io::sink()).await?;
    Ok(())
}

/// The head with the empty line at its end, and what came with it.
async fn read_head(client: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(END.len()).position(|window| window == END) {
            let rest = read.split_off(end + END.len());
            return Ok((String::from_utf8(read).context("a head that is no text")?, rest));
        }
        if read.len() > LARGEST_HEAD {
            bail!("a head of more than {LARGEST_HEAD} bytes");
        }
        if client.read_buf(&mut read).await? == 0 {
            bail!("the client went away");
        }
    }
}

/// A request as the proxy understands it.
struct Request {
    method: String,
    target: String,
    host: String,
    port: u16,
    credentials: Option<(String, String)>,
    /// For the server: in origin form, without what is for the proxy alone. Empty for `CONNECT`.
    head: String,
}

impl Request {
    fn parse(head: &str) -> Option<Self> {
        let (line, headers) = head.split_once("\r\n")?;
        let mut words = line.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        let mut named = headers.lines().filter_map(|line| line.split_once(':'));
        let authorization = named.find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
        let credentials = authorization.and_then(|(_, value)| basic(value.trim()));
        let url = if method == "CONNECT" { format!("http://{target}") } else { target.to_owned() };
        let url = Url::parse(&url).ok().filter(|url| url.scheme() == "http")?;
        let for_us = ["proxy-authorization:", "proxy-connection:", "connection:", "keep-alive:"];
        let is_for_us = |line: &str| for_us.iter().any(|name| line.to_ascii_lowercase().starts_with(name));
        let kept: Vec<&str> = headers.lines().filter(|line| !line.is_empty() && !is_for_us(line)).collect();
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let to_server = format!("{method} {path} {version}\r\n{}\r\nConnection: close\r\n\r\n", kept.join("\r\n"));
        Some(Self {
            host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
            // What `Url` leaves out is 80, also behind CONNECT.
            port: url.port_or_known_default()?,
            head: if method == "CONNECT" { String::new() } else { to_server },
            method: method.to_owned(),
            target: target.to_owned(),
            credentials,
        })
    }

    fn passage(&self, verdict: Verdict) -> Passage {
        Passage {
            method: self.method.clone(),
            target: self.target.clone(),
            host: self.host.clone(),
            user: self.credentials.as_ref().map(|(user, _)| user.clone()),
            verdict,
        }
    }
}

fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some((user.to_owned(), password.to_owned()))
}

impl fmt::Display for Passage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().unwrap_or("-");
        write!(formatter, "{user} {} {} {:?}", self.method, self.target, self.verdict)
    }
}
