//! What these show of processes is shown end to end in `tests/it/stories/tools.rs`, where there is a binary to start.

use super::*;

fn program() -> Program {
    Program {
        program: "/opt/tools/bin/lint".into(),
        arguments: vec!["a.py".into()],
        directory: "/w/files".into(),
        input: None,
        takes_stderr: false,
        readable: vec!["/w/files".into()],
        runnable: vec!["/opt/tools/lib".into()],
        scratch: "/w/scratch".into(),
        path: vec!["/opt/tools/bin".into(), "/odd:folder".into()],
        limits: Limits::default(),
    }
}

#[test]
fn a_program_learns_nothing_of_our_environment() {
    let command = Sandbox::new("/usr/bin/coderabbit-agent".into()).command(&program());
    let names: Vec<String> = command.as_std().get_envs().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
    let expected =
        ["HOME", "LANG", "LC_ALL", "NO_COLOR", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONNOUSERSITE", "PYTHONSAFEPATH", "TMPDIR"];
    assert_eq!(names, expected);
    let path = command.as_std().get_envs().find(|(name, _)| *name == "PATH").unwrap().1.unwrap();
    assert_eq!(path, "/opt/tools/bin:/usr/local/bin:/usr/bin:/bin");
}

#[tokio::test]
async fn a_launcher_that_is_not_there_is_named() {
    let sandbox = Sandbox::new("/nowhere/coderabbit-agent".into());
    let error = sandbox.run(&program()).await.unwrap_err().to_string();
    assert!(error.starts_with("/opt/tools/bin/lint cannot be started: No such file"), "{error}");
}
