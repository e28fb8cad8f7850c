use std::io::{self, Write};

use crate::cli::trace::Report;
use crate::report::escape_xml;
use crate::suite::{Tested, Verdict};

use super::{Results, text};

/// JUnit XML: a suite per file of tests, a test case per case.
pub(super) fn write(results: &Results<'_>, out: &mut dyn Write) -> io::Result<()> {
    let all: Vec<_> = results.tested.iter().zip(&results.traces).collect();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="meshlint test" tests="{}" failures="{}" errors="0">"#,
        all.len(),
        results.failed()
    )?;
    for cases in all.chunk_by(|(left, _), (right, _)| left.case.at.source == right.case.at.source) {
        let file = results.tests.name(cases[0].0.case.at);
        let failed = cases.iter().filter(|(tested, _)| tested.verdict != Verdict::Passed).count();
        let (file, all) = (escape_xml(file), cases.len());
        writeln!(out, r#"  <testsuite name="{file}" tests="{all}" failures="{failed}" errors="0">"#)?;
        for (tested, trace) in cases {
            write_case(tested, trace.as_ref(), results, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn write_case(
    tested: &Tested<'_>,
    trace: Option<&Report>,
    results: &Results<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let at = results.tests.locate(tested.case.at);
    let (name, file) = (escape_xml(&text::title(tested.case)), escape_xml(at.file));
    write!(out, r#"    <testcase name="{name}" classname="{file}" file="{file}" line="{}""#, at.line)?;
    let messages = match &tested.verdict {
        Verdict::Passed => return writeln!(out, "/>"),
        Verdict::Failed(failures) => failures.iter().map(|failure| text::describe(failure, results)).collect(),
        Verdict::Impossible(message) => vec![message.clone()],
    };
    let mut body = messages.join("\n").into_bytes();
    if let Some(report) = trace {
        body.extend_from_slice(b"\n\n");
        report.write_text(&mut body)?;
    }
    let body = escape_xml(&String::from_utf8_lossy(&body));
    writeln!(out, ">\n      <failure message=\"{}\">{body}</failure>\n    </testcase>", escape_xml(&messages[0]))
}
