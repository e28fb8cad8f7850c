use std::collections::HashMap;
use std::path::Path;

use crate::finding::Finding;
use crate::source::{Sources, relative};

use super::check::Reported;

/// What tells each finding from the others, in their order, across versions of the files.
///
/// A fingerprint depends on the rule, the file as seen from `root`, the resource and the message, not on lines and
/// columns. So it stays when the text above a finding grows; findings that are equal in all this are counted.
pub fn fingerprints(findings: &[Reported], sources: &Sources, root: &Path) -> Vec<String> {
    let mut seen = HashMap::<u64, u64>::new();
    let mut next = |reported: &Reported| {
        let identity = identity(&reported.finding, sources, root);
        let count = seen.entry(identity).or_default();
        *count += 1;
        format!("{:016x}", hash(&[&identity.to_le_bytes(), &count.to_le_bytes()]))
    };
    findings.iter().map(&mut next).collect()
}

fn identity(finding: &Finding, sources: &Sources, root: &Path) -> u64 {
    let resource = finding.resource.as_ref().map(ToString::to_string).unwrap_or_default();
    let file = relative(sources.locate(finding.at).file, root);
    hash(&[finding.rule.as_bytes(), file.as_bytes(), resource.as_bytes(), finding.message.as_bytes()])
}

/// FNV-1a of 64 bits over the parts, each closed by a byte that no UTF-8 text contains. Written out because the
/// result is stored by others, so it has to stay the same for ever.
fn hash(parts: &[&[u8]]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.iter().chain(&[0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
