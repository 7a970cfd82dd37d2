//! Which files never leave.

use super::super::is_key_file;

#[test]
fn files_of_keys_are_known_by_their_path() {
    let paths = [
        "server.pem",
        "certs/Server.PFX",
        "a/b.p12",
        "tls.key",
        "release.jks",
        "debug.keystore",
        "passwords.kdbx",
        "server.ppk",
        "AuthKey_1.p8",
        "sign.snk",
        "id_rsa",
        ".ssh/id_ed25519",
        ".env",
        "deploy/.ENV",
        ".env.production",
        ".env.local",
        "docker/app.env",
        ".npmrc",
        ".pypirc",
        ".netrc",
        "_netrc",
        "home/.aws/credentials",
        ".docker/config.json",
        ".kube/config",
        "config/secrets.yml",
        "secrets.json",
        "src/Functions/local.settings.json",
        ".git-credentials",
    ];
    for path in paths {
        assert!(is_key_file(path), "{path}");
    }
}

#[test]
fn templates_public_halves_and_code_about_keys_are_none() {
    let paths = [
        "",
        "/",
        ".env.example",
        "web/.env.SAMPLE",
        ".env.template",
        ".env.dist",
        "secrets.yml.example",
        "server.key.sample",
        "id_rsa.pub",
        "cert.crt",
        "credentials",
        "src/credentials.rs",
        "aws/credentials",
        "config.json",
        "docker/config.json",
        "kube/config",
        "src/keys.ts",
        "KeyStore.java",
        "environment.ts",
        "env",
        "dotenv.rs",
        "secrets.rs",
        "appsettings.json",
        "tokens.scss",
        "pem",
        "key/main.go",
        ".envoy.yaml",
    ];
    for path in paths {
        assert!(!is_key_file(path), "{path}");
    }
}
