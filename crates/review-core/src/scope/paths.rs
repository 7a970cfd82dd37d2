//! What the path alone says about a file.

use super::SetAside;
use crate::redaction::is_key_file;

/// Directories of code that others wrote, and of build output, wherever they lie.
#[rustfmt::skip]
const VENDORED_DIRECTORIES: &[&str] = &[
    ".bundle", ".cache", ".docusaurus", ".gradle", ".next", ".nuxt", ".pnpm-store", ".svelte-kit", ".temp", ".terraform",
    ".venv", ".webpack", ".yarn", "3rdparty", "__pycache__", "bower_components", "carthage", "dist", "jspm_packages",
    "node_modules", "pods", "site-packages", "third-party", "third_party", "thirdparty", "vendor", "venv",
];

/// Directories of what tools wrote from other sources.
#[rustfmt::skip]
const GENERATED_DIRECTORIES: &[&str] = &[
    "__generated__", "__snapshots__", "autogen", "gen", "generated", "generated-sources", "generated_src",
];

#[rustfmt::skip]
const LOCK_FILES: &[&str] = &[
    ".terraform.lock.hcl", "bun.lockb", "cartfile.resolved", "conda-lock.yaml", "conda-lock.yml", "deno.lock", "go.sum",
    "go.work.sum", "gradle.lockfile", "npm-shrinkwrap.json", "package-lock.json", "package.resolved", "packages.lock.json",
    "paket.lock", "pnpm-lock.yaml", "pnpm-lock.yml", "project.assets.json", "verification-metadata.xml",
];

const GENERATED_NAMES: &[&str] = &[".pnp.cjs", ".pnp.loader.mjs"];

#[rustfmt::skip]
const GENERATED_ENDINGS: &[&str] = &[
    ".approved.txt", ".designer.cs", ".designer.vb", ".freezed.dart", ".g.cs", ".g.dart", ".g.i.cs", ".gen.cs", ".gen.go",
    ".gen.ts", ".generated.cs", ".generated.go", ".generated.ts", ".gr.dart", ".map", ".md5sum", ".min.css", ".min.js",
    ".min.mjs", ".mocks.dart", ".pb.cc", ".pb.cs", ".pb.dart", ".pb.go", ".pb.gw.go", ".pb.h", ".pb.rs", ".pb.swift",
    ".pb.ts", ".received.txt", ".snap", ".verified.txt", "_generated.go", "_generated.rs", "_pb.d.ts", "_pb.js", "_pb.rb",
    "_pb2.py", "_pb2.pyi", "_pb2_grpc.py",
];

const GENERATED_BEGINNINGS: &[&str] = &["zz_generated."];

#[rustfmt::skip]
const BINARY_EXTENSIONS: &[&str] = &[
    // archives and programs
    "7z", "a", "apk", "bin", "br", "bz2", "cab", "class", "deb", "dll", "dmg", "dylib", "ear", "exe", "gz", "iso", "jar",
    "lib", "msi", "nupkg", "o", "obj", "pdb", "pyc", "pyd", "pyo", "rar", "rpm", "snupkg", "so", "tar", "tgz", "war", "wasm",
    "whl", "xz", "zip", "zst",
    // pictures, sound and film
    "aac", "ai", "avi", "avif", "bmp", "eps", "flac", "gif", "heic", "icns", "ico", "jpeg", "jpg", "m4a", "m4v", "mkv", "mov",
    "mp3", "mp4", "mpeg", "mpg", "ogg", "ogv", "png", "psd", "svg", "tif", "tiff", "wav", "webm", "webp", "wmv",
    // fonts and documents
    "doc", "docx", "eot", "epub", "numbers", "odp", "ods", "odt", "otf", "pages", "pdf", "ppt", "pptx", "ps", "rtf", "ttf",
    "vsdx", "woff", "woff2", "xls", "xlsb", "xlsm", "xlsx",
    // models and assets of games
    "blend", "fbx", "glb", "gltf", "pak", "stl", "uasset", "umap", "unitypackage",
];

#[rustfmt::skip]
const DATA_EXTENSIONS: &[&str] = &[
    "arrow", "avro", "csv", "dat", "db", "dump", "feather", "geojson", "jsonl", "log", "ndjson", "npy", "npz", "orc", "out",
    "parquet", "pickle", "pkl", "sqlite", "sqlite3", "tfstate", "tsv",
];

/// The reason to set the file aside, without a look at its text. Upper and lower case are the same.
pub(super) fn reason_against(path: &str) -> Option<SetAside> {
    let path = path.to_lowercase();
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let lies_in = |names: &[&str]| directories.split('/').any(|directory| names.contains(&directory));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);

    if is_key_file(&path) {
        Some(SetAside::HoldsSecrets)
    } else if lies_in(VENDORED_DIRECTORIES) || path.contains("wwwroot/lib/") {
        Some(SetAside::Vendored)
    } else if LOCK_FILES.contains(&name) || extension == "lock" {
        Some(SetAside::LockFile)
    } else if lies_in(GENERATED_DIRECTORIES)
        || GENERATED_NAMES.contains(&name)
        || GENERATED_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || GENERATED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    {
        Some(SetAside::Generated)
    } else if BINARY_EXTENSIONS.contains(&extension) {
        Some(SetAside::Binary)
    } else if DATA_EXTENSIONS.contains(&extension) || name.ends_with(".tfstate.backup") {
        Some(SetAside::DataFile)
    } else {
        None
    }
}
