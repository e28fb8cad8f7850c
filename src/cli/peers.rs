//! `rules --peers`: what becomes of the codes of other tools.

use std::io::{self, Write};

use serde::Serialize;

use crate::rules::{Coverage, Peer, peers};

use super::{Outcome, Result};

#[derive(Serialize)]
struct Row {
    code: &'static str,
    subject: &'static str,
    rules: Vec<Rule>,
    /// Why there are no rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Rule {
    rule: &'static str,
    severity: &'static str,
}

pub(super) fn run(json: bool, out: &mut dyn Write) -> Result {
    let rows: Vec<_> = peers().map(row).collect();
    if json {
        serde_json::to_writer_pretty(&mut *out, &rows).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(Outcome::Success);
    }
    let width = rows.iter().map(|row| row.subject.chars().count()).max().unwrap_or_default();
    writeln!(out, "{:8} {:width$}  RULES", "CODE", "SUBJECT")?;
    for row in rows {
        let rules: Vec<_> = row.rules.iter().map(|rule| format!("{} ({})", rule.rule, rule.severity)).collect();
        let answer = row.reason.map_or_else(|| rules.join(", "), |reason| format!("none: {reason}"));
        writeln!(out, "{:8} {:width$}  {answer}", row.code, row.subject)?;
    }
    Ok(Outcome::Success)
}

fn row(peer: Peer) -> Row {
    let (rules, reason) = match peer.coverage() {
        Some(Coverage::Rules(pages)) => (pages, None),
        Some(Coverage::None { reason }) => (Vec::new(), Some(reason)),
        None => (Vec::new(), Some("not decided yet")),
    };
    let rules = rules.into_iter().map(|page| Rule { rule: page.id, severity: page.severity.name() });
    Row { code: peer.code, subject: peer.subject, rules: rules.collect(), reason }
}
