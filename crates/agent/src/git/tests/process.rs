//! How processes are built and ended.

use std::{ffi::OsStr, ops::ControlFlow, time::Duration};

use secrecy::SecretString;

use crate::git::{
    GitError, GitVersion,
    command::{GitCommand, Remote, Surroundings},
    failure::Redactor,
    git_version,
};

const HEADER: &str = "Basic OmF6dXJlLXRva2VuLTRmMWM=";

fn surroundings(url: &str) -> Surroundings {
    let authorization = SecretString::from(HEADER);
    let proxy = ("https_proxy".to_owned(), SecretString::from("http://robot:proxy-password@proxy.contoso.example:3128"));
    Surroundings { variables: vec![proxy].into(), remote: Some(Remote::parse(url, Some(&authorization)).unwrap()) }
}

fn environment_of(command: &GitCommand<'_>) -> Vec<(String, String)> {
    let text = |value: &OsStr| value.to_str().unwrap().to_owned();
    command.build().as_std().get_envs().map(|(name, value)| (text(name), text(value.unwrap()))).collect()
}

#[test]
fn the_token_stands_in_the_environment_bound_to_its_host_and_never_in_the_arguments() {
    let surroundings = surroundings("https://contoso@dev.azure.com/contoso/shop/_git/shop");
    let command = GitCommand::new("fetch", &surroundings, Duration::from_secs(1)).args(["fetch", "origin"]).with_network();

    let built = command.build();
    let arguments: Vec<&str> = built.as_std().get_args().map(|argument| argument.to_str().unwrap()).collect();
    assert_eq!(arguments, ["fetch", "origin"]);

    let environment = environment_of(&command);
    let header = environment.iter().find(|(_, value)| value.contains("OmF6")).unwrap();
    assert_eq!(header.1, format!("Authorization: {HEADER}"));
    let key = header.0.replace("VALUE", "KEY");
    assert!(environment.contains(&(key, "http.https://dev.azure.com/.extraHeader".to_owned())));
    assert_eq!(environment.iter().filter(|(_, value)| value.contains("OmF6")).count(), 1);
    assert!(environment.contains(&("GIT_ALLOW_PROTOCOL".to_owned(), "https".to_owned())));
}

#[test]
fn a_command_without_network_gets_neither_token_nor_proxy_nor_a_protocol() {
    let surroundings = surroundings("http://server:8080/tfs/collection/shop/_git/shop");
    let command = GitCommand::new("diff", &surroundings, Duration::from_secs(1)).arg("diff");
    let environment = environment_of(&command);
    assert!(environment.contains(&("GIT_ALLOW_PROTOCOL".to_owned(), String::new())));
    assert!(environment.contains(&("GIT_NO_LAZY_FETCH".to_owned(), "1".to_owned())));
    assert!(!environment.iter().any(|(name, value)| value.contains("OmF6") || name.contains("proxy")), "{environment:?}");
    // A value of the agent's own environment (cargo sets this one) does not reach git.
    assert!(!environment.iter().any(|(name, _)| name.starts_with("CARGO")));
}

#[test]
fn only_plain_web_addresses_are_remotes() {
    for url in ["file:///etc", "ext::sh -c id", "ssh://git@server/x", "/srv/repo.git", "-u", "", "https://"] {
        let refused = Remote::parse(url, None);
        assert!(matches!(refused, Err(GitError::UnusableUrl { .. })), "{url}: {refused:?}");
    }
    let taken = Remote::parse("https://ada:secret@dev.azure.com/contoso/a%20b/_git/c/?x=1#y", None).unwrap();
    assert_eq!(taken.url.as_str(), "https://dev.azure.com/contoso/a%20b/_git/c");
    let smuggled = SecretString::from("Basic x\r\nX-Evil: 1");
    assert!(Remote::parse("https://dev.azure.com/contoso", Some(&smuggled)).is_err());
}

#[test]
fn what_git_prints_is_cleaned_of_secrets_and_control_characters() {
    let redactor = Redactor::new(&surroundings("https://dev.azure.com/contoso/shop/_git/shop"));
    let stderr = format!("fatal: {HEADER}\n\x1b[31mremote: azure-token-4f1c\r\nvia http://robot:proxy-password@proxy\n");
    let cleaned = redactor.clean(stderr.as_bytes());
    assert_eq!(cleaned, "fatal: [removed]; [31mremote: [removed]; via http://robot:[removed]@proxy");
    assert_eq!(redactor.clean(b"\n\n"), "no message");
    assert_eq!(redactor.clean("x".repeat(9000).as_bytes()).len(), 2000);
}

#[tokio::test]
async fn output_above_the_limit_is_refused_and_the_process_ended() {
    let surroundings = Surroundings::default();
    let command = GitCommand::new("help", &surroundings, Duration::from_mins(1)).args(["help", "-a"]).output_limit(10);
    let refused = command.run().await;
    assert!(matches!(refused, Err(GitError::TooLarge { limit_bytes: 10, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_the_process() {
    let surroundings = Surroundings::default();
    let command = GitCommand::new("help", &surroundings, Duration::from_mins(1)).args(["help", "-a"]);
    let mut records = 0;
    let ending = command.records(b'\n', |_| {
        records += 1;
        if records == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(ending.await.unwrap().status.is_none());
    assert_eq!(records, 2);
}

#[tokio::test]
async fn git_on_this_machine_is_new_enough() {
    let version = git_version().await.unwrap();
    assert!(version.is_supported(), "{version:?}");
    assert!(version.text.starts_with("git version "));
}

#[test]
fn versions_are_read_as_vendors_write_them() {
    for (text, expected) in [
        ("git version 2.47.3\n", Some((2, 47, true))),
        ("git version 2.39.5 (Apple Git-154)", Some((2, 39, true))),
        ("git version 2.37.1.windows.1", Some((2, 37, false))),
        ("git version 3.0.0-rc1", Some((3, 0, true))),
        ("git version next", None),
        ("", None),
    ] {
        let read = GitVersion::parse(text).map(|version| (version.major, version.minor, version.is_supported()));
        assert_eq!(read, expected, "{text}");
    }
}
