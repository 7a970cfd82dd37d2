//! Tools that lie in the folders which the operator names, and what each needs beside itself to run.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use review_core::analyzers::{ANALYZERS, Analyzer};

/// A tool of this machine.
#[derive(Debug, Clone)]
pub(super) struct Installed {
    pub(super) analyzer: &'static Analyzer,
    /// As it was found.
    pub(super) program: PathBuf,
    /// What it may read and run beside the system's own folders.
    pub(super) runnable: Vec<PathBuf>,
    /// Where it looks for programs.
    pub(super) path: Vec<PathBuf>,
}

/// Of each tool the first one that can be run, folder by folder.
pub(super) fn search(folders: &[PathBuf]) -> Vec<Installed> {
    let find = |analyzer: &'static Analyzer| {
        let program = folders.iter().map(|folder| folder.join(analyzer.program)).find(|program| is_program(program))?;
        let (runnable, path) = needs(&program, folders);
        Some(Installed { analyzer, program, runnable, path })
    };
    ANALYZERS.iter().filter_map(find).collect()
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

/// Folders and files that the program is made of, and those in which it finds other programs.
fn needs(program: &Path, folders: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut runnable = around(program);
    let mut path: Vec<PathBuf> = program.parent().map(Path::to_owned).into_iter().collect();
    if let Some(interpreter) = interpreter(program, folders) {
        runnable.extend(around(&interpreter));
        path.extend(interpreter.parent().map(Path::to_owned));
    }
    runnable.sort_unstable();
    runnable.dedup();
    runnable.retain(|path| path.exists() && path.parent().is_some());
    path.dedup();
    (runnable, path)
}

/// The program's folder; beside it, what the usual ways of installing programs put there: never a whole home.
fn around(program: &Path) -> Vec<PathBuf> {
    let mut around = Vec::new();
    for place in [Some(program.to_owned()), program.canonicalize().ok()].into_iter().flatten() {
        let Some(folder) = place.parent() else { continue };
        around.push(folder.to_owned());
        // npm: the outermost, since packages use each other.
        if let Some(modules) = place.ancestors().filter(|above| above.ends_with("node_modules")).last() {
            around.push(modules.to_owned());
        }
        // Python's environments, and whatever else has a `bin`.
        if let Some(prefix) = folder.parent().filter(|_| folder.ends_with("bin")) {
            around.extend(["lib", "lib64", "libexec", "pyvenv.cfg"].map(|name| prefix.join(name)));
        }
    }
    around
}

/// What a script names in its first line.
fn interpreter(program: &Path, folders: &[PathBuf]) -> Option<PathBuf> {
    let mut start = [0_u8; 256];
    let read = fs::File::open(program).ok()?.read(&mut start).ok()?;
    let text = String::from_utf8_lossy(start.get(..read)?);
    let mut words = text.strip_prefix("#!")?.lines().next()?.split_whitespace();
    let first = Path::new(words.next()?);
    if !first.ends_with("env") {
        return Some(first.to_owned());
    }
    let name = words.find(|word| !word.starts_with('-') && !word.contains('='))?;
    let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from);
    folders.iter().chain(&system).map(|folder| folder.join(name)).find(|found| is_program(found))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn program(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_tool_gets_what_it_is_made_of_and_nothing_else_of_a_home() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        let python = home.join("python/bin/python3");
        program(&python, "");
        fs::create_dir(home.join("python/lib")).unwrap();
        let bin = home.join("tools/bin");
        program(&bin.join("ruff"), &format!("#!{}\n", python.display()));
        fs::create_dir(home.join("tools/lib")).unwrap();
        fs::create_dir(home.join("tools/share")).unwrap();
        program(&home.join("npm/node_modules/eslint/bin/eslint.js"), "#!/usr/bin/env -S node\n");
        symlink(home.join("npm/node_modules/eslint/bin/eslint.js"), bin.join("eslint")).unwrap();
        fs::write(bin.join("shellcheck"), "not to be run").unwrap();
        let found = search(&[home.join("nowhere"), bin.clone()]);
        let shown: Vec<(&str, Vec<PathBuf>)> = found
            .iter()
            .map(|tool| {
                let inside = |path: &PathBuf| path.strip_prefix(&home).ok().map(Path::to_owned);
                (tool.analyzer.key, tool.runnable.iter().filter_map(inside).collect())
            })
            .collect();
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(
            shown,
            [
                ("eslint", paths(&["npm/node_modules", "npm/node_modules/eslint/bin", "tools/bin", "tools/lib"])),
                ("ruff", paths(&["python/bin", "python/lib", "tools/bin", "tools/lib"])),
            ]
        );
    }
}
