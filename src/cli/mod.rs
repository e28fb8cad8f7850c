//! From what was typed to an exit code: one file per command.

mod check;
mod completions;
mod config;
mod diff;
mod explain;
mod fix;
mod load;
mod man;
mod markdown;
mod mesh;
mod parse;
mod peers;
mod progress;
mod proxies;
mod proxy;
mod render;
mod rules;
mod schema;
mod table;
mod terminal;
mod test;
mod trace;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory, Parser, Subcommand};

use terminal::Terminal;

#[derive(Debug, Parser)]
#[command(name = "meshlint", version, about, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colors
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(Box<check::Arguments>),
    Render(Box<render::Arguments>),
    Trace(Box<trace::Arguments>),
    Proxy(Box<proxy::Arguments>),
    Test(Box<test::Arguments>),
    Diff(Box<diff::Arguments>),
    Parse(parse::Arguments),
    Explain(explain::Arguments),
    Rules(rules::Arguments),
    Schema(schema::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
}

/// How a command that could run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Success,
    /// There are findings that matter: exit code 1.
    Findings,
    /// Something could not be read, which has been told; the rest was worked on: exit code 2.
    Incomplete,
}

/// Why a command could not run: exit code 2.
#[derive(Debug)]
enum Error {
    Usage(String),
    Output(io::Error),
}

type Fallible<T> = std::result::Result<T, Error>;
type Result = Fallible<Outcome>;

/// Runs the program with the arguments of its command line, the first of which is its own name.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and versions come this way too. If they cannot be printed, nobody can be told.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let terminal = Terminal::of_stdout(arguments.color);
    let mut out = io::BufWriter::new(io::stdout().lock());
    let result = dispatch(arguments.command, &terminal, &mut out);
    match result.and_then(|outcome| Ok(out.flush().map(|()| outcome)?)) {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Ok(Outcome::Incomplete) => ExitCode::from(2),
        // The reader has seen enough, as `head` does.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(command: Command, terminal: &Terminal, out: &mut dyn Write) -> Result {
    match command {
        Command::Check(arguments) => check::run(&arguments, terminal, out),
        Command::Diff(arguments) => diff::run(&arguments, out),
        Command::Render(arguments) => render::run(&arguments, terminal, out),
        Command::Trace(arguments) => trace::run(&arguments, out),
        Command::Proxy(arguments) => proxy::run(*arguments, out),
        Command::Test(arguments) => test::run(&arguments, out),
        Command::Parse(arguments) => parse::run(&arguments, out),
        Command::Explain(arguments) => explain::run(&arguments, terminal, out),
        Command::Rules(arguments) => rules::run(&arguments, terminal, out),
        Command::Schema(arguments) => schema::run(&arguments, out),
        Command::Completions(arguments) => completions::run(&arguments, Arguments::command(), out),
        Command::Man(arguments) => man::run(&arguments, Arguments::command(), out),
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Output(error) => write!(f, "cannot write the output: {error}"),
        }
    }
}
