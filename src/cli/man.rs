use std::io::Write;

use clap_mangen::Man;

use super::{Error, Outcome, Result};
use crate::finding::nearest;

/// Print a manual page
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The command whose page is wanted, instead of that of meshlint itself
    command: Option<String>,
}

pub(super) fn run(arguments: &Arguments, mut meshlint: clap::Command, out: &mut dyn Write) -> Result {
    meshlint.build();
    let page = match &arguments.command {
        None => meshlint,
        Some(name) => match meshlint.find_subcommand(name) {
            Some(command) => command.clone(),
            None => return Err(Error::Usage(unknown(name, &meshlint))),
        },
    };
    Man::new(page).source("meshlint").render(out)?;
    Ok(Outcome::Success)
}

fn unknown(name: &str, meshlint: &clap::Command) -> String {
    match nearest(name, meshlint.get_subcommands().map(clap::Command::get_name)) {
        Some(near) => format!("no command `{name}`, did you mean `{near}`?"),
        None => format!("no command `{name}`; `meshlint help` lists them"),
    }
}
