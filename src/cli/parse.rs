use std::io::Write;
use std::path::PathBuf;

use crate::finding::Finding;
use crate::source::{self, Sources};
use crate::yaml;

use super::{Error, Outcome, Result};

/// Show how Kubernetes reads a file
///
/// Prints each document as one line of JSON, as the API server would read it: `yes` is true, of duplicate keys the last
/// counts, aliases are expanded.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A file, or `-` for standard input
    file: PathBuf,
    /// Refuse duplicate keys
    #[arg(long)]
    strict: bool,
}

/// Documents that cannot be read are told on standard error instead.
pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    let source = source::read(&arguments.file).map_err(|error| Error::Usage(error.to_string()))?;
    let mut sources = Sources::default();
    let id = sources.add(source);
    let (tree, mut findings) = yaml::parse(id, sources.get(id).text());
    match arguments.strict {
        true => findings.extend_from_slice(tree.overrides()),
        false => findings.retain(|finding| finding.rule == "yaml-syntax"),
    }
    findings.sort_by_key(|finding| finding.at);
    for document in tree.documents() {
        let first = findings.partition_point(|finding| finding.at.start < document.start);
        let refused = findings.get(first).is_some_and(|finding| finding.at.start < document.end);
        match tree.root(document) {
            _ if document.broken || document.lost || refused => continue,
            Some(root) => yaml::write_json(root, out)?,
            None => out.write_all(b"null")?,
        }
        out.write_all(b"\n")?;
    }
    // Standard output first, so that the order is the same wherever the two go.
    out.flush()?;
    for finding in &findings {
        eprintln!("{}", line(finding, &sources));
    }
    Ok(if findings.is_empty() { Outcome::Success } else { Outcome::Findings })
}

fn line(finding: &Finding, sources: &Sources) -> String {
    let at = sources.locate(finding.at);
    let help = finding.help.as_ref().map(|help| format!(" (help: {help})")).unwrap_or_default();
    format!("{}:{}:{}: {}{help}", at.file, at.line, at.column, finding.message)
}
