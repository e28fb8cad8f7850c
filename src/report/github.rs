use std::io::{self, Write};

use crate::finding::Severity;
use crate::lint::{Reported, Run};

use super::place::Place;
use super::{Options, clean};

/// Workflow commands that GitHub Actions shows beside the changed lines.
///
/// `endColumn` is only understood where the annotation stays on one line.
pub(super) fn write(run: &Run<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for Reported { finding, severity, rule } in &run.findings {
        let place = Place::of(finding.at, run.sources);
        let command = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let file = property(&place.path(&options.root));
        write!(out, "::{command} file={file},line={},endLine={},col={}", place.line, place.end_line, place.column)?;
        if place.line == place.end_line {
            write!(out, ",endColumn={}", place.end_column)?;
        }
        let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        writeln!(out, ",title={}::{}{}", property(rule.id), data(&clean(&finding.message)), data(&clean(&help)))?;
    }
    Ok(())
}

/// Escapes what comes after the second `::` (actions/toolkit, `packages/core/src/command.ts`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_property_is_escaped() {
        assert_eq!(property("100%, a:b\r\n"), "100%25%2C a%3Ab%0D%0A");
        assert_eq!(data("100%, a:b\r\n"), "100%25, a:b%0D%0A");
    }
}
