use std::io::Write;

use crate::finding::nearest;
use crate::rules::{self, Page};

use super::terminal::Terminal;
use super::{Error, Outcome, Result, markdown};

/// Explain a rule
///
/// Prints the rule's page: what is reported, what is not, and how to fix it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Name of the rule, or a code of another tool for the same problem, such as IST0101 or KIA1107
    rule: String,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal, out: &mut dyn Write) -> Result {
    let pages = rules::called(&arguments.rule).collect::<Vec<_>>();
    if pages.is_empty() {
        return Err(Error::Usage(unknown(&arguments.rule)));
    }
    for (index, page) in pages.into_iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_page(page, terminal, out)?;
    }
    Ok(Outcome::Success)
}

/// The page for a terminal; as the Markdown that it is for a pipe.
fn write_page(page: &Page, terminal: &Terminal, out: &mut dyn Write) -> std::io::Result<()> {
    let title = format!("# {}\n", page.id);
    let text = page.body.strip_prefix(&title).unwrap_or(page.body);
    let names = page.other_names().collect::<Vec<_>>();
    let names = if names.is_empty() { String::new() } else { format!("Also known as {}.\n", names.join(", ")) };
    let about = format!("{title}\n{} in category {}: {}.\n{names}{text}", page.severity, page.category, page.summary);
    if terminal.interactive || terminal.color {
        markdown::write(&about, terminal, out)
    } else {
        out.write_all(about.as_bytes())
    }
}

fn unknown(name: &str) -> String {
    let names = rules::pages().flat_map(|page| std::iter::once(page.id).chain(page.other_names()));
    match nearest(name, names) {
        Some(near) => format!("no rule `{name}`, did you mean `{near}`?"),
        None => format!("no rule `{name}`; `meshlint rules` lists them"),
    }
}
