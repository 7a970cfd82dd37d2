//! `coderabbit-agent config`: a `.coderabbit.yaml` on this machine.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use review_core::configuration::{Effective, Layer, Level, MAX_BYTES, Remark, Source, written};

use super::{complain, plain, print};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what is wrong with a file, each with its line and column. Exits with 1 when there is a warning, with 2 when the
    /// file cannot be used at all.
    Check {
        #[arg(value_name = "FILE", default_value = ".coderabbit.yaml")]
        file: PathBuf,
    },
    /// Print what counts when a file is used alone: every key, with the default where the file says nothing.
    Show {
        #[arg(value_name = "FILE", default_value = ".coderabbit.yaml")]
        file: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let (file, is_shown) = match &arguments.command {
        Command::Check { file } => (file, false),
        Command::Show { file } => (file, true),
    };
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(error) => return complain(&format!("{} cannot be read: {error}", file.display())),
    };
    let layer = match Layer::read(Source::File(file.display().to_string()), &bytes) {
        Ok(layer) => layer,
        Err(remark) => return complain(&plain(&remark.to_string())),
    };
    let mut remarks = layer.remarks.clone();
    remarks.extend(layer.redirect().err());
    if is_shown {
        print(&plain(&written(&Effective::of(vec![layer], Vec::new()))));
    } else {
        print(&plain(&listed(&remarks)));
    }
    let has_warnings = remarks.iter().any(|remark| remark.level == Level::Warning);
    if has_warnings && !is_shown { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// At most a byte more than a file may have: the rest of a longer one does not matter.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(file)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn listed(remarks: &[Remark]) -> String {
    let mut text: String = remarks.iter().fold(String::new(), |text, remark| text + &remark.to_string() + "\n");
    let count = |level: Level| remarks.iter().filter(|remark| remark.level == level).count();
    let (warnings, notes) = (count(Level::Warning), count(Level::Note));
    let counted = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    text.push_str(&match (warnings, notes) {
        (0, 0) => "nothing is wrong with it\n".to_owned(),
        (warnings, notes) => format!("{}, {}\n", counted(warnings, "warning"), counted(notes, "note")),
    });
    text
}
