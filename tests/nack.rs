//! What istiod accepts and Envoy refuses: each folder of `testdata/nack/` has a manifest and the part of Envoy's
//! configuration that istiod makes of it.
//!
//! `# refused: rule` stands at the line of the manifest where that rule must report an error. `# accepted: text` stands at
//! the culprit of the configuration: Envoy refuses it as it is, and takes it with `text` in place of the line.

mod envoy_program;

use std::fs;
use std::path::{Path, PathBuf};

use meshlint::finding::Severity;
use meshlint::lint::{self, Config};
use meshlint::source::{Source, Sources};

use envoy_program::{envoy, validate};

#[test]
fn meshlint_reports_what_envoy_will_refuse() {
    for case in cases() {
        let text = fs::read_to_string(case.join("manifest.yaml")).unwrap();
        let (line, rule) = mark(&text, "# refused: ");
        let mut sources = Sources::default();
        sources.add(Source::new("manifest.yaml", text.as_str()));
        let run = lint::check(&sources, &Config::default());
        let errors = run.findings.iter().filter(|reported| reported.severity == Severity::Error);
        let places = errors.map(|reported| (sources.locate(reported.finding.at).line, reported.rule.id.to_owned()));
        assert_eq!(places.collect::<Vec<_>>(), [(line, rule)], "{}", case.display());
    }
}

#[test]
fn envoy_refuses_it_for_that_line() {
    let Some(envoy) = envoy() else { return };
    let folder = tempfile::tempdir().unwrap();
    for case in cases() {
        let text = fs::read_to_string(case.join("envoy.yaml")).unwrap();
        let (line, instead) = mark(&text, "# accepted: ");
        let mended = text.lines().zip(1..).map(|(own, number)| match number == line {
            true => format!("{}{instead}\n", &own[..own.len() - own.trim_start().len()]),
            false => format!("{own}\n"),
        });
        let mended: String = mended.collect();
        let answer = |text: &str| {
            let file = folder.path().join("envoy.yaml");
            fs::write(&file, text).unwrap();
            validate(&envoy, &file)
        };
        assert!(answer(&text).is_err(), "{}: Envoy takes it", case.display());
        assert_eq!(answer(&mended), Ok(()), "{}: Envoy refuses it for another reason", case.display());
    }
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/nack");
    let mut cases: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 10);
    cases
}

/// The one line that has the mark, from 1, and what follows the mark.
fn mark(text: &str, mark: &str) -> (usize, String) {
    let marks = (1..).zip(text.lines()).filter_map(|(line, text)| Some((line, text.split_once(mark)?.1.to_owned())));
    let mut marks: Vec<_> = marks.collect();
    assert_eq!(marks.len(), 1, "{text}");
    marks.remove(0)
}
