//! The listener: HTTP/1.1 with a limit on the time that a head may take, and an end that lets answers go out.

use std::{future::Future, io, time::Duration};

use axum::Router;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::net::TcpListener;

/// A client that sends its head more slowly, or keeps a connection without using it, is cut off.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// Connections that are still busy this long after the end was asked for are cut off.
const DRAIN_LIMIT: Duration = Duration::from_secs(15);

/// Serves until `shutdown` ends; then takes no new connection, lets the requests that came finish, and returns. An error is one
/// of the listener itself.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) -> io::Result<()> {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_LIMIT);
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) if is_about_one_connection(&error) => continue,
                Err(error) => {
                    // Out of file handles, most likely: connections that end give some back.
                    tracing::warn!(%error, "a connection cannot be accepted; trying again in a moment");
                    pause().await;
                    continue;
                }
            },
        };
        // An answer to a webhook is one small packet that must not wait for more.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "the connection keeps its delay");
        }
        let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone())).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended with an error");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_LIMIT, connections.shutdown()).await.is_err() {
        tracing::warn!(seconds = DRAIN_LIMIT.as_secs(), "connections that would not end were cut off");
    }
    Ok(())
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when the system has a file handle again")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}
