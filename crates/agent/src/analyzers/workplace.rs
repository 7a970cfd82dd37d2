//! The folder that one run of a tool sees: the files that it takes, our configuration, and room of its own.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use review_core::analyzers::{Analyzer, CONFIGURATION, FOLDER, Feeding, Output, Reported, ToolResult};

use super::installed::Installed;
use crate::sandbox::{Limits, Program};

const PREFIX: &str = "tool-";
/// Longer than any run takes.
const OLD: Duration = Duration::from_hours(3);
const REMOVALS: u32 = 5;
const BETWEEN_REMOVALS: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
#[error("its folder cannot be made in {place}: {source}")]
pub(super) struct WorkplaceError {
    place: PathBuf,
    source: io::Error,
}

/// Gone with the value.
#[derive(Debug)]
pub(super) struct Workplace<'a> {
    folder: PathBuf,
    analyzer: &'static Analyzer,
    files: PathBuf,
    configuration: PathBuf,
    scratch: PathBuf,
    /// Paths in the repository, in the order in which they lie below `files`.
    paths: Vec<&'a str>,
}

/// One start of the tool.
pub(super) struct Call<'a> {
    pub(super) program: Program,
    /// The file that it reads, where that is one alone.
    pub(super) file: Option<&'a str>,
}

impl<'a> Workplace<'a> {
    /// `files`: paths in the repository with their texts. One whose path leads elsewhere is left out.
    pub(super) fn set(place: &Path, analyzer: &'static Analyzer, files: &[(&'a str, &str)]) -> Result<Self, WorkplaceError> {
        let failed = |source| WorkplaceError { place: place.to_owned(), source };
        let set = || {
            fs::create_dir_all(place)?;
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?.keep();
            // Tools write the paths that they find, not those that lead there.
            let root = folder.canonicalize()?;
            let (below, configuration, scratch) = (root.join("files"), root.join("configuration"), root.join("scratch"));
            for folder in [&below, &configuration, &scratch] {
                fs::create_dir(folder)?;
            }
            if let Some((name, text)) = analyzer.configuration {
                fs::write(configuration.join(name), text)?;
            }
            let mut paths = Vec::new();
            for (path, text) in files.iter().filter(|(path, _)| is_inside(path)) {
                let file = below.join(path);
                fs::create_dir_all(file.parent().unwrap_or(&below))?;
                fs::write(file, text)?;
                paths.push(*path);
            }
            Ok(Self { folder: root, analyzer, files: below, configuration, scratch, paths })
        };
        set().map_err(failed)
    }

    /// The starts that read all files.
    pub(super) fn calls(&self, installed: &Installed, limits: Limits) -> Vec<Call<'a>> {
        let call = |files: Vec<OsString>, input: Option<PathBuf>, file: Option<&'a str>| {
            let directory = if self.analyzer.feeding == Feeding::PathsWithin { &self.files } else { &self.scratch };
            let program = Program {
                program: installed.program.clone(),
                arguments: self.arguments().into_iter().chain(files).collect(),
                directory: directory.clone(),
                input,
                takes_stderr: self.analyzer.output == Output::Stderr,
                readable: vec![self.files.clone(), self.configuration.clone()],
                runnable: installed.runnable.clone(),
                scratch: self.scratch.clone(),
                path: installed.path.clone(),
                limits,
            };
            Call { program, file }
        };
        if self.paths.is_empty() {
            return Vec::new();
        }
        match self.analyzer.feeding {
            Feeding::Paths => {
                vec![call(self.paths.iter().map(|path| self.files.join(path).into_os_string()).collect(), None, None)]
            }
            // With a dot before it no name is taken for an option.
            Feeding::PathsWithin => {
                vec![call(self.paths.iter().map(|path| format!("./{path}").into()).collect(), None, None)]
            }
            Feeding::Input => self.paths.iter().map(|path| call(Vec::new(), Some(self.files.join(path)), Some(path))).collect(),
        }
    }

    fn arguments(&self) -> Vec<OsString> {
        let folder = self.configuration.to_string_lossy();
        let name = self.analyzer.configuration.map_or("", |(name, _)| name);
        let file = self.configuration.join(name);
        let filled = |argument: &&str| argument.replace(CONFIGURATION, &file.to_string_lossy()).replace(FOLDER, &folder).into();
        self.analyzer.arguments.iter().map(filled).collect()
    }

    /// The result with its path in the repository. None: it is about no file that the tool was given.
    pub(super) fn placed(&self, analyzer: &Analyzer, reported: Reported, file: Option<&str>) -> Option<ToolResult> {
        let Reported { path, line, gravity, rule, message } = reported;
        let path = if let Some(file) = file {
            file
        } else {
            let path = Path::new(&path);
            let inside = path.strip_prefix(&self.files).or_else(|_| path.strip_prefix(".")).unwrap_or(path).to_str()?;
            self.paths.iter().copied().find(|known| *known == inside)?
        };
        // Where the folder lies is nobody's business, and differs from run to run.
        let message = message.replace(&*self.files.join("").to_string_lossy(), "");
        let message = message.replace(&*self.folder.to_string_lossy(), "…");
        Some(ToolResult { path: path.to_owned(), line, gravity, tool: analyzer.name.to_owned(), rule, message })
    }
}

impl Drop for Workplace<'_> {
    fn drop(&mut self) {
        if fs::remove_dir_all(&self.folder).is_ok() {
            return;
        }
        // A program that is just being ended may still write, or has taken away the right to remove what it wrote.
        let folder = self.folder.clone();
        let removal = std::thread::Builder::new().spawn(move || {
            for _ in 0..REMOVALS {
                #[expect(clippy::disallowed_methods, reason = "nothing tells of the end of a program that is not ours")]
                std::thread::sleep(BETWEEN_REMOVALS);
                open_up(&folder);
                if fs::remove_dir_all(&folder).is_ok() {
                    return;
                }
            }
            tracing::warn!(folder = %folder.display(), "the folder of a tool cannot be removed");
        });
        if let Err(error) = removal {
            tracing::warn!(folder = %self.folder.display(), %error, "the folder of a tool is left for later");
        }
    }
}

/// Gives the rights back that a removal needs; no link is followed.
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        // What cannot be changed cannot be removed either, and that is told.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).ok();
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
}

/// Removes the folders of runs that a crash cut: what lies in them is code.
pub(super) fn remove_old(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_one = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let age = entry.metadata().and_then(|folder| folder.modified()).map(|at| at.elapsed().unwrap_or_default());
        if is_one && age.is_ok_and(|age| age > OLD) {
            open_up(&entry.path());
            if let Err(error) = fs::remove_dir_all(entry.path()) {
                tracing::warn!(folder = %entry.path().display(), %error, "the folder of a tool cannot be removed");
            }
        }
    }
}

/// A path of a repository that stays below a folder into which it is joined.
fn is_inside(path: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\0') && part.len() < 250;
    path.len() < 2_000 && path.split('/').all(is_name)
}

#[cfg(test)]
mod tests {
    use review_core::analyzers::{Gravity, analyzer};

    use super::*;

    fn reported(path: &str) -> Reported {
        let (rule, message) = ("F821".to_owned(), "undefined".to_owned());
        Reported { path: path.to_owned(), line: 3, gravity: Gravity::Error, rule, message }
    }

    fn installed(key: &str) -> Installed {
        let analyzer = analyzer(key).unwrap();
        Installed { analyzer, program: "/opt/tool".into(), runnable: Vec::new(), path: Vec::new() }
    }

    #[test]
    fn a_tool_sees_files_that_stay_in_their_folder() {
        let place = tempfile::tempdir().unwrap();
        let ruff = installed("ruff");
        let files = [("src/a.py", "x = 1\n"), ("../b.py", ""), ("/c.py", ""), ("a/../../d.py", ""), ("-e.py", "y = 2\n")];
        let workplace = Workplace::set(place.path(), ruff.analyzer, &files).unwrap();
        assert_eq!(workplace.paths, ["src/a.py", "-e.py"]);
        assert_eq!(fs::read_to_string(workplace.files.join("src/a.py")).unwrap(), "x = 1\n");
        let [call] = &workplace.calls(&ruff, Limits::default())[..] else { panic!("one call") };
        // A path that is whole cannot be taken for an option.
        let last = call.program.arguments.last().unwrap().to_string_lossy().into_owned();
        assert!(last.ends_with("/files/-e.py") && last.starts_with('/'), "{last}");
        assert_eq!(call.program.directory, workplace.scratch);
        let absolute = workplace.files.join("src/a.py").display().to_string();
        assert_eq!(workplace.placed(ruff.analyzer, reported(&absolute), None).unwrap().path, "src/a.py");
        assert_eq!(workplace.placed(ruff.analyzer, reported("/etc/passwd"), None), None);
    }

    #[test]
    fn a_tool_that_looks_beside_files_reads_them_one_by_one() {
        let place = tempfile::tempdir().unwrap();
        let markdownlint = installed("markdownlint");
        let files = [("a.md", "# A\n"), ("docs/b.md", "# B\n")];
        let workplace = Workplace::set(place.path(), markdownlint.analyzer, &files).unwrap();
        let calls = workplace.calls(&markdownlint, Limits::default());
        assert_eq!(calls.iter().map(|call| call.file).collect::<Vec<_>>(), [Some("a.md"), Some("docs/b.md")]);
        let arguments = &calls[0].program.arguments;
        assert!(arguments[1].to_string_lossy().ends_with("configuration/.markdownlint.json"), "{arguments:?}");
        assert_eq!(workplace.placed(markdownlint.analyzer, reported(""), calls[1].file).unwrap().path, "docs/b.md");
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let ruff = installed("ruff");
        let error = Workplace::set(Path::new("/proc/nowhere"), ruff.analyzer, &[]).unwrap_err().to_string();
        assert!(error.starts_with("its folder cannot be made in /proc/nowhere: "), "{error}");
    }
}
