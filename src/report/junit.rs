use std::io::{self, Write};

use crate::finding::Severity;
use crate::lint::{Reported, Run};

use super::place::Place;

/// JUnit XML: a suite per file, a test case per finding. Findings of severity `info` are cases that pass.
///
/// A run without findings is one case that passes, since some servers take an empty report for a broken one.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="meshlint" tests="{}" failures="{}" errors="0">"#,
        run.findings.len().max(1),
        failures(&run.findings)
    )?;
    if run.findings.is_empty() {
        writeln!(out, r#"  <testsuite name="meshlint" tests="1" failures="0" errors="0">"#)?;
        writeln!(out, r#"    <testcase name="no findings" classname="meshlint"/>"#)?;
        writeln!(out, "  </testsuite>")?;
    }
    let file = |reported: &Reported| Place::of(reported.finding.at, run.sources).file;
    for findings in run.findings.chunk_by(|left, right| file(left) == file(right)) {
        suite(file(&findings[0]), findings, run, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn suite(file: &str, findings: &[Reported], run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        r#"  <testsuite name="{}" tests="{}" failures="{}" errors="0">"#,
        escape(file),
        findings.len(),
        failures(findings)
    )?;
    for reported in findings {
        case(reported, run, out)?;
    }
    writeln!(out, "  </testsuite>")
}

fn case(Reported { finding, severity, rule }: &Reported, run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let place = Place::of(finding.at, run.sources);
    let (file, message) = (escape(place.file), escape(&finding.message));
    let help = finding.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    let text = escape(&format!("{place}: {severity}[{}] {}{help}", rule.id, finding.message));
    writeln!(
        out,
        r#"    <testcase name="{} at {}:{}" classname="{file}" file="{file}" line="{}">"#,
        rule.id, place.line, place.column, place.line
    )?;
    match severity {
        Severity::Info => writeln!(out, "      <system-out>{text}</system-out>")?,
        _ => writeln!(out, r#"      <failure type="{severity}" message="{message}">{text}</failure>"#)?,
    }
    writeln!(out, "    </testcase>")
}

fn failures(findings: &[Reported]) -> usize {
    findings.iter().filter(|reported| reported.severity > Severity::Info).count()
}

/// Escapes text for elements and attributes. XML 1.0 has no way to write most control characters.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push_str(&format!("&#{};", char as u32)),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_replaced() {
        assert_eq!(escape("a<b> & \"c\"\n\x1b[1m"), "a&lt;b&gt; &amp; &quot;c&quot;&#10;\u{fffd}[1m");
    }
}
