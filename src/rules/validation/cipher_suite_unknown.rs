use rustc_hash::FxHashMap;

use crate::format::CipherSuite;
use crate::mesh::Mesh;
use crate::rules::Report;

/// Suites that istiod leaves out.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (meta, tls) in mesh.resources.server_tls_settings() {
        let mut seen = FxHashMap::default();
        for suite in tls.cipher_suites.iter().filter(|suite| !suite.is_placeholder()) {
            if let Err(reason) = CipherSuite::parse(suite.value) {
                let draft = report.at(meta, suite.at, reason.message());
                if let Some(help) = reason.instruction() {
                    draft.help(help);
                }
            } else if let Some(first) = seen.insert(suite.value, suite.at) {
                report
                    .at(meta, suite.at, format!("cipher suite `{}` is there twice", suite.value))
                    .related(first, "first here")
                    .help("remove one of them");
            }
        }
    }
}
