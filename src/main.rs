use std::process::ExitCode;

fn main() -> ExitCode {
    meshlint::cli::run(std::env::args_os())
}
