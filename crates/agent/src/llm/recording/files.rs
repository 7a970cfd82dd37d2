//! Reading and writing the files of a recording. What is read may have been made by anybody: it is bounded and checked.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{FORMAT, MODELS, plain};

/// More than any exchange has: a pack of two million tokens, written as JSON.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// Only the user that the agent runs as.
const FOLDER_MODE: u32 = 0o700;
/// Characters of the parser's complaint that are told.
const MOST_WORDS: usize = 200;
const TEMPORARY: &str = ".recording-";

/// What every version writes.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// Makes the folder if need be, and sees whether it can be written. A folder that holds something else is refused: files named
/// by hashes are not wanted in anybody's home.
pub(super) fn prepare(folder: &Path) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder).map_err(told)?;
    let is_ours = |name: &str| name == MODELS || name.starts_with(TEMPORARY) || is_exchange(name);
    for entry in fs::read_dir(folder).map_err(told)? {
        let name = entry.map_err(told)?.file_name();
        if !name.to_str().is_some_and(is_ours) {
            let name = name.to_string_lossy();
            return Err(format!("it holds other files ({}); name a folder of its own", name.escape_debug()));
        }
    }
    tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder).map(drop).map_err(told)
}

/// Writes it whole or not at all, readable for its owner only. `replace`: also over one that is there.
pub(super) fn write(folder: &Path, name: &str, content: &impl Serialize, replace: bool) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(content)?;
    text.push(b'\n');
    // Temporary files have mode 0600 from the beginning.
    let mut file = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder)?;
    file.write_all(&text)?;
    let path = folder.join(name);
    if replace {
        file.persist(path)?;
        return Ok(());
    }
    match file.persist_noclobber(path) {
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop).map_err(Into::into),
    }
}

/// A file of this version's form. None when there is no such file; otherwise what is wrong with it.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    // A link leads elsewhere, and a pipe never ends.
    if !metadata.is_file() {
        return Err("it is no plain file".to_owned());
    }
    let too_large = |bytes: u64| format!("it has {bytes} bytes, and none has more than {MAX_BYTES}");
    if metadata.len() > MAX_BYTES {
        return Err(too_large(metadata.len()));
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > MAX_BYTES {
        return Err(too_large(text.len() as u64));
    }
    // The parser's words may repeat the file's.
    let words = |error: serde_json::Error| plain(error.to_string().chars(), MOST_WORDS);
    let no_json = |error| format!("it is not the JSON that a recording has ({})", words(error));
    let Head { format } = serde_json::from_slice(&text).map_err(no_json)?;
    if format != FORMAT {
        return Err(format!(
            "it has the format {format}, and this version reads {FORMAT}; replay it with the version that recorded it"
        ));
    }
    serde_json::from_slice(&text).map(Some).map_err(no_json)
}

pub(super) fn name_of(hash: &str) -> String {
    format!("{hash}.json")
}

/// 64 hexadecimal digits and the ending.
pub(super) fn is_exchange(name: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    name.strip_suffix(".json").is_some_and(|hash| hash.len() == 64 && hash.bytes().all(is_digit))
}
