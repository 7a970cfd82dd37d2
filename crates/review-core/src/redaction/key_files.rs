//! Files whose content never leaves, by their path.

/// Keys, and stores of keys and passwords: PEM, PKCS #12, Java, `KeePass`, `PuTTY`, strong names,
/// Apple, `OpenVPN`, `GnuPG`; `production.env`.
#[rustfmt::skip]
const EXTENSIONS: &[&str] = &[
    "bcfks", "env", "gpg", "jceks", "jks", "kdb", "kdbx", "key", "keychain", "keystore", "keytab", "ovpn", "p12", "p8", "pem",
    "pfx", "pkcs12", "ppk", "publishsettings", "pvk", "snk", "truststore",
];

/// What tools keep credentials in.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    ".dockercfg", ".env", ".git-credentials", ".htpasswd", ".my.cnf", ".netrc", ".npmrc", ".pgpass", ".pypirc", ".vault-token",
    "_netrc", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_rsa", "local.settings.json",
    "secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml", "service-account.json", "service_account.json",
    "serviceaccountkey.json",
];

/// Names that mean credentials in a certain directory only.
#[rustfmt::skip]
const NAMES_IN: &[(&str, &str)] = &[
    (".aws", "credentials"), (".azure", "accesstokens.json"), (".azure", "msal_token_cache.json"), (".cargo", "credentials"),
    (".cargo", "credentials.toml"), (".docker", "config.json"), (".gem", "credentials"), (".kube", "config"),
    (".m2", "settings.xml"), ("gcloud", "application_default_credentials.json"),
];

/// Endings of what is made to be read by everybody: `.env.example`, `server.key.sample`, `secrets.yml.dist`.
const TEMPLATES: &[&str] = &[".default", ".defaults", ".dist", ".example", ".sample", ".template", ".tmpl"];

/// Whether the file is made to hold keys or passwords, so that its content must not leave. `path` has `/` between its parts;
/// upper and lower case are the same. Public halves (`id_rsa.pub`) and templates (`.env.example`) are no key files, and
/// what else holds a secret is the matter of [`Redactor`](super::Redactor).
pub fn is_key_file(path: &str) -> bool {
    let path = path.to_lowercase();
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let directory = directories.rsplit('/').next().unwrap_or_default();
    if TEMPLATES.iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    name.starts_with(".env.") || NAMES.contains(&name) || NAMES_IN.contains(&(directory, name)) || EXTENSIONS.contains(&extension)
}
