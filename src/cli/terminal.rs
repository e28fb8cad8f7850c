use std::env;
use std::io;

use anstream::AutoStream;
use clap::ColorChoice;
use supports_unicode::Stream;

use crate::report;

/// Longer lines are hard to read, however wide the window is.
const WIDEST: usize = 120;
/// For pipes and files.
const USUAL: usize = 100;

/// What standard output can show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terminal {
    pub(super) color: bool,
    pub(super) unicode: bool,
    /// In columns.
    pub(super) width: usize,
    /// `false` for pipes and files.
    pub(super) interactive: bool,
}

impl Terminal {
    pub(super) fn of_stdout(color: ColorChoice) -> Self {
        let stdout = io::stdout();
        let color = match color {
            ColorChoice::Auto => AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let measured = || terminal_size::terminal_size_of(&stdout).map(|(width, _)| usize::from(width.0));
        Self {
            color,
            unicode: supports_unicode::on(Stream::Stdout),
            width: columns.or_else(measured).unwrap_or(USUAL).min(WIDEST),
            interactive: io::IsTerminal::is_terminal(&stdout),
        }
    }

    /// How reports are written to standard output. Repositories are usually checked from their root.
    pub(super) fn options(&self) -> report::Options {
        let Self { color, unicode, width, .. } = *self;
        let root = env::current_dir().unwrap_or_default();
        report::Options { color, unicode, width, root, ..report::Options::default() }
    }
}
