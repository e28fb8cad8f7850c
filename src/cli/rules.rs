use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::report::wrap;
use crate::rules::{self, Page};

use super::terminal::Terminal;
use super::{Outcome, Result, peers};

/// List the rules
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How to write the list
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// List the codes of `istioctl analyze` and Kiali instead, and which rules find the same
    #[arg(long)]
    peers: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    /// A line per rule: name, severity, category, codes of other tools, summary
    #[default]
    Text,
    /// An array of objects
    Json,
}

#[derive(Serialize)]
struct Rule<'a> {
    rule: &'a str,
    summary: &'a str,
    severity: &'a str,
    category: &'a str,
    istio: &'a [String],
    kiali: &'a [String],
    aliases: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal, out: &mut dyn Write) -> Result {
    match arguments.format {
        _ if arguments.peers => return peers::run(matches!(arguments.format, Format::Json), out),
        Format::Text => write_table(terminal, out)?,
        Format::Json => {
            let rules = rules::pages().map(rule).collect::<Vec<_>>();
            serde_json::to_writer_pretty(&mut *out, &rules).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(Outcome::Success)
}

fn rule(page: &Page) -> Rule<'_> {
    Rule {
        rule: page.id,
        summary: &page.summary,
        severity: page.severity.name(),
        category: &page.category,
        istio: &page.istio,
        kiali: &page.kiali,
        aliases: &page.aliases,
        url: page.url(),
    }
}

/// Columns under their heads. The summaries are wrapped on terminals only, where no tool counts lines.
fn write_table(terminal: &Terminal, out: &mut dyn Write) -> io::Result<()> {
    let rows = rules::pages().map(row);
    let rows = std::iter::once(["RULE", "SEVERITY", "CATEGORY", "CODES"].map(str::to_owned)).chain(rows);
    let rows = rows.collect::<Vec<_>>();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2), width(3)];
    let summaries = std::iter::once("SUMMARY").chain(rules::pages().map(|page| page.summary.as_str()));
    for (row, summary) in rows.iter().zip(summaries) {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  ")).collect::<String>();
        let rest = " ".repeat(cells.len());
        let limit = if terminal.interactive { terminal.width } else { usize::MAX };
        writeln!(out, "{}", wrap(summary, limit, &cells, &rest))?;
    }
    Ok(())
}

fn row(page: &Page) -> [String; 4] {
    let codes = page.istio.iter().chain(&page.kiali).map(String::as_str).collect::<Vec<_>>();
    [page.id.to_owned(), page.severity.to_string(), page.category.clone(), codes.join(" ")]
}
