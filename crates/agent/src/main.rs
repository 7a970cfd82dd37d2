//! The binary: parses the command line and hands over.

fn main() -> std::process::ExitCode {
    coderabbit_agent::cli::main()
}
