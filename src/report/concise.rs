use std::io::{self, Write};

use crate::lint::{Reported, Run};

use super::clean;
use super::place::Place;

/// `file:line:column: error[rule] message`, one line per finding.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    for Reported { finding, severity, rule } in &run.findings {
        let place = Place::of(finding.at, run.sources);
        let message = clean(&finding.message).replace('\n', " ");
        writeln!(out, "{place}: {severity}[{}] {message}", rule.id)?;
    }
    Ok(())
}
