//! Who asks; and what somebody gets whose token is not taken.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    answer::{Answer, HTML, Refusal},
    options::{Mode, RateLimit, SignIn},
    server::Incoming,
    world::{TokenState, World},
};

/// The user whose token the request carries, or the answer that shuts the door.
pub(crate) fn user(world: &World, incoming: &Incoming) -> Result<usize, Answer> {
    let token = token_of(incoming, world.options.mode);
    let known = token.and_then(|secret| world.tokens.iter().find(|token| token.secret == secret));
    match known.map(|token| (token.user, token.state)) {
        Some((user, TokenState::Valid)) => Ok(user),
        Some((_, TokenState::Expired)) => Err(refused(world, incoming, true)),
        _ => Err(refused(world, incoming, false)),
    }
}

/// Basic with any user name; Bearer is a token of Entra, which servers do not know.
fn token_of(incoming: &Incoming, mode: Mode) -> Option<String> {
    let (scheme, value) = incoming.header("authorization")?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
        return decoded.split_once(':').map(|(_, password)| password.to_owned());
    }
    (scheme.eq_ignore_ascii_case("bearer") && !mode.is_server()).then(|| value.trim().to_owned())
}

fn refused(world: &World, incoming: &Incoming, is_expired: bool) -> Answer {
    let is_suppressed = incoming.header("x-tfs-fedauthredirect").is_some_and(|value| value.eq_ignore_ascii_case("suppress"));
    let message = if is_expired {
        "Access Denied: The Personal Access Token used has expired."
    } else {
        "TF400813: The user 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa' is not authorized to access this resource."
    };
    let unauthorized = || {
        let answer = Answer::from(Refusal::new(401, "UnauthorizedRequestException", message));
        answer.header("www-authenticate", format!("Basic realm=\"{}/\"", world.base)).header("www-authenticate", "Bearer")
    };
    let is_git = incoming.raw_path.contains("/_git/");
    match world.options.sign_in {
        SignIn::Unauthorized401 => unauthorized(),
        SignIn::AsTheService if is_suppressed || is_git || incoming.method == "PATCH" => unauthorized(),
        SignIn::AsTheService | SignIn::Page203 => page(),
        SignIn::Redirect302 => {
            let location = format!("{}/_signin?realm=contoso&reply_to={}", world.base, incoming.raw_path);
            Answer::new(302, HTML, "<html><head><title>Object moved</title></head></html>").header("location", location)
        }
    }
}

/// The page that a browser would sign in with; its status says success.
pub(crate) fn page() -> Answer {
    let body = "<!DOCTYPE html>\r\n<html lang=\"en-US\">\r\n<head><title>\r\n\tAzure DevOps Services | Sign In\r\n</title></head>\r\n\
                <body class=\"platform\"><h1>Sign in</h1></body>\r\n</html>\r\n";
    Answer::new(203, HTML, body)
}

/// The headers of a service that is close to its limit.
pub(crate) fn limited(mut answer: Answer, limit: &RateLimit) -> Answer {
    answer = answer.header("x-ratelimit-resource", "core").header("x-ratelimit-limit", limit.limit.to_string());
    answer = answer.header("x-ratelimit-remaining", limit.remaining.to_string()).header("x-ratelimit-reset", "1794000000");
    if let Some(delay) = limit.delay {
        answer = answer.header("x-ratelimit-delay", format!("{delay:.2}"));
    }
    if let Some(seconds) = limit.retry_after {
        answer = answer.header("retry-after", seconds.to_string());
    }
    answer
}
