use std::io::Write;

use crate::finding::nearest;
use crate::report;
use crate::schema;
use crate::suite;

use super::{Error, Outcome, Result, config};

/// Schemas of meshlint's own files. Kinds start with capitals.
const OWN: [(&str, &str); 3] = [("report", report::SCHEMA), ("config", config::SCHEMA), ("test", suite::SCHEMA)];

/// Print the JSON Schema of a kind
///
/// For editors and other tools. It is the schema that `meshlint check` goes by.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Kind, possibly with its group: VirtualService, gateway.networking.k8s.io/Gateway; or `report`, for what
    /// `check --format json` writes, `config`, for `meshlint.yaml`, or `test`, for files of tests [default: list them]
    kind: Option<String>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    match arguments.kind.as_deref() {
        None => write_list(out)?,
        Some(kind) => match own(kind).or_else(|| schema::text(kind)) {
            Some(text) => out.write_all(text.as_bytes())?,
            None => return Err(Error::Usage(unknown(kind))),
        },
    }
    Ok(Outcome::Success)
}

fn write_list(out: &mut dyn Write) -> std::io::Result<()> {
    for kind in schema::kinds() {
        writeln!(out, "{}/{}", kind.group, kind.name)?;
    }
    OWN.iter().try_for_each(|(name, _)| writeln!(out, "{name}"))
}

fn own(wanted: &str) -> Option<&'static str> {
    OWN.iter().find(|(name, _)| *name == wanted).map(|(_, text)| *text)
}

fn unknown(kind: &str) -> String {
    let full_names = schema::kinds().iter().map(|kind| format!("{}/{}", kind.group, kind.name)).collect::<Vec<_>>();
    let names = schema::kinds().iter().map(|kind| kind.name).chain(full_names.iter().map(String::as_str));
    match nearest(kind, names.chain(OWN.map(|(name, _)| name))) {
        Some(near) => format!("no schema of `{kind}`, did you mean `{near}`?"),
        None => format!("no schema of `{kind}`; `meshlint schema` lists them"),
    }
}
