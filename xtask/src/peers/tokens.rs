//! oidc-provider (MIT), an authorization server, and a gateway that verifies its tokens (`crates/testkit/peers/token_server.mjs`).

use std::time::Duration;

use super::{Running, Variables, known};
use crate::{
    daemon::{Daemon, Ready},
    process::{command, free_port},
    tools,
};

const START: Duration = Duration::from_secs(30);
const CLIENT: &str = "coderabbit-agent";
/// With characters that a form has to encode.
const SECRET: &str = "secret of the client: 1+1=2 & 100%";
/// As in the script.
const TENANT: &str = "11111111-2222-3333-4444-555555555555";

pub(super) fn start(peers: &Variables) -> anyhow::Result<Running> {
    let packages = tools::locked_node()?;
    let (port, gateway) = (free_port()?, free_port()?);
    let mut server = command(&packages.node);
    server.arg(packages.place.join("token_server.mjs"));
    server.envs([("PORT", port.to_string()), ("GATEWAY_PORT", gateway.to_string())]);
    server.env("MODEL", known(peers, "TESTKIT_PEER_AIMOCK")?).env("MODEL_KEY", known(peers, "TESTKIT_PEER_AIMOCK_KEY")?);
    server.envs([("CLIENT_ID", CLIENT), ("CLIENT_SECRET", SECRET)]);
    // The gateway listens after the token endpoint does.
    let ready = (gateway, Ready::Answers { path: "/health" });
    let daemon = Daemon::start("oidc-provider", server, ready, &packages.place.join("token_server.log"), START)?;
    let variables = vec![
        ("TESTKIT_PEER_TOKENS", format!("http://127.0.0.1:{port}/{TENANT}/oauth2/v2.0/token")),
        ("TESTKIT_PEER_TOKENS_CLIENT", CLIENT.to_owned()),
        ("TESTKIT_PEER_TOKENS_SECRET", SECRET.to_owned()),
        ("TESTKIT_PEER_GATEWAY", daemon.url()),
    ];
    Ok(Running { daemons: vec![daemon], variables })
}
