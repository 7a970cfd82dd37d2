//! What the path alone says about a file.

use super::SetAside;
use crate::{configuration::PathFilters, redaction::is_key_file};

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
    "@gen", "@generated", "__gen", "__gen__", "__generated", "__generated__", "__snapshots__", "_gen", "_generated", "autogen",
    "gen", "generated", "generated-sources", "generated_src",
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
    ".min.js.css", ".min.mjs", ".mocks.dart", ".pb.cc", ".pb.cs", ".pb.dart", ".pb.go", ".pb.gw.go", ".pb.h", ".pb.rs", ".pb.swift",
    ".pb.ts", ".received.txt", ".snap", ".verified.txt", "_generated.go", "_generated.rs", "_pb.d.ts", "_pb.js", "_pb.rb",
    "_pb2.py", "_pb2.pyi", "_pb2_grpc.py",
];

const GENERATED_BEGINNINGS: &[&str] = &["zz_generated."];

#[rustfmt::skip]
const BINARY_EXTENSIONS: &[&str] = &[
    // archives and programs
    "7z", "a", "apk", "app", "bin", "br", "bz2", "cab", "class", "deb", "dll", "dmg", "dylib", "ear", "exe", "gz", "iso", "jar",
    "lib", "msi", "nar", "nupkg", "o", "obj", "pdb", "pyc", "pyd", "pyo", "rar", "rpm", "snupkg", "so", "tar", "tgz", "war", "wasm",
    "whl", "xz", "zip", "zst",
    // pictures, sound and film
    "3g2", "3gp", "aac", "ai", "avi", "avif", "bmp", "dds", "eps", "flac", "flv", "gif", "heic", "icns", "ico", "jpeg", "jpg", "m4a", "m4v", "mkv", "mov",
    "mp3", "mp4", "mpeg", "mpg", "ogg", "ogv", "png", "psd", "rm", "svg", "swf", "tga", "tif", "tiff", "wav", "webm", "webp",
    "wma", "wmv",
    // fonts and documents
    "doc", "docx", "eot", "epub", "numbers", "odp", "ods", "odt", "otf", "pages", "pdf", "ppt", "pptx", "ps", "rtf", "ttf",
    "vsdx", "woff", "woff2", "xls", "xlsb", "xlsm", "xlsx",
    // models and assets of games
    "blend", "dae", "fbx", "glb", "gltf", "pak", "stl", "uasset", "umap", "unitypackage",
];

#[rustfmt::skip]
const DATA_EXTENSIONS: &[&str] = &[
    "arrow", "avro", "csv", "dat", "db", "dump", "feather", "geojson", "jsonl", "log", "ndjson", "npy", "npz", "orc", "out",
    "parquet", "pickle", "pkl", "sqlite", "sqlite3", "tfstate", "tsv",
];

/// What else the commercial product leaves out: assets of games as text, tags of editors, sums and workspaces.
#[rustfmt::skip]
const OTHER_EXTENSIONS: &[&str] = &[
    "asset", "glsl", "hlsl", "mat", "prefab", "sav", "scene", "shader", "shadergraph", "sum", "unity", "work",
];

const OTHER_NAMES: &[&str] = &[".cscope.files", ".cscope.in.out", ".cscope.out", ".cscope.po.out", ".ds_store", ".tags", "tags"];

/// What is left out by default, as patterns of `path_filters`, in small letters. A pattern to include that is one of them
/// lifts it. Files that hold secrets are not among them: nothing lifts those.
pub fn default_exclusions() -> Vec<String> {
    let folders = VENDORED_DIRECTORIES.iter().chain(GENERATED_DIRECTORIES).map(|name| format!("**/{name}/**"));
    let names = LOCK_FILES.iter().chain(GENERATED_NAMES).chain(OTHER_NAMES).map(|name| format!("**/{name}"));
    let endings = GENERATED_ENDINGS.iter().map(|ending| format!("**/*{ending}"));
    let beginnings = GENERATED_BEGINNINGS.iter().map(|beginning| format!("**/{beginning}*"));
    let extensions = BINARY_EXTENSIONS.iter().chain(DATA_EXTENSIONS).chain(OTHER_EXTENSIONS).chain(&["lock", "tfstate.backup"]);
    let extensions = extensions.map(|extension| format!("**/*.{extension}"));
    let mut all: Vec<String> = folders.chain(names).chain(endings).chain(beginnings).chain(extensions).collect();
    all.push("**/wwwroot/lib/**".to_owned());
    all.sort_unstable();
    all.dedup();
    all
}

/// The reason to set the file aside, without a look at its text. Upper and lower case are the same.
pub(super) fn reason_against(path: &str, filters: &PathFilters) -> Option<SetAside> {
    let path = path.to_lowercase();
    if is_key_file(&path) {
        return Some(SetAside::HoldsSecrets);
    }
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let lies_in = |names: &[&str]| {
        let mut listed = directories.split('/').filter(|directory| names.contains(directory));
        listed.any(|directory| !filters.lifts(&format!("**/{directory}/**")))
    };
    if lies_in(VENDORED_DIRECTORIES) || (path.contains("wwwroot/lib/") && !filters.lifts("**/wwwroot/lib/**")) {
        return Some(SetAside::Vendored);
    }
    if lies_in(GENERATED_DIRECTORIES) {
        return Some(SetAside::Generated);
    }
    if filters.lifts_name_of(&path) { None } else { reason_against_name(name) }
}

fn reason_against_name(name: &str) -> Option<SetAside> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if LOCK_FILES.contains(&name) || extension == "lock" {
        Some(SetAside::LockFile)
    } else if GENERATED_NAMES.contains(&name)
        || GENERATED_ENDINGS.iter().any(|ending| name.ends_with(ending))
        || GENERATED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    {
        Some(SetAside::Generated)
    } else if BINARY_EXTENSIONS.contains(&extension) {
        Some(SetAside::Binary)
    } else if DATA_EXTENSIONS.contains(&extension) || name.ends_with(".tfstate.backup") {
        Some(SetAside::DataFile)
    } else if OTHER_EXTENSIONS.contains(&extension) || OTHER_NAMES.contains(&name) {
        Some(SetAside::LeftOutByDefault)
    } else {
        None
    }
}
