use std::io::Write;

use clap_complete::{Generator, Shell};

use super::{Outcome, Result};

/// Print a script that completes meshlint's arguments in a shell
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, mut command: clap::Command, out: &mut dyn Write) -> Result {
    let name = command.get_name().to_owned();
    command.set_bin_name(name);
    command.build();
    arguments.shell.try_generate(&command, out)?;
    Ok(Outcome::Success)
}
