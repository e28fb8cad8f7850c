//! The formats of reports, on one broken mesh: `testdata/report/`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use meshlint::finding::{Edit, Finding, ResourceRef, Severity};
use meshlint::lint::{self, Config, Reported, Run};
use meshlint::report::{self, Format, Options};
use meshlint::rules::Page;
use meshlint::source::{self, Source, SourceId, Sources, Span};

const ROUTES: SourceId = SourceId::of_index(0);
const DESTINATIONS: SourceId = SourceId::of_index(1);
const GATEWAY: SourceId = SourceId::of_index(2);

fn shop() -> Sources {
    let mut sources = Sources::default();
    for name in ["routes.yaml", "destinations.yaml", "gate way.json"] {
        let text = fs::read_to_string(Path::new("testdata/report/shop").join(name)).unwrap();
        sources.add(Source::new(format!("shop/{name}"), text));
    }
    sources
}

/// The place of `text` in a source, which must contain it once.
fn at(sources: &Sources, id: SourceId, text: &str) -> Span {
    let mut found = sources.get(id).text().match_indices(text);
    let (start, _) = found.next().unwrap_or_else(|| panic!("no {text:?}"));
    assert!(found.next().is_none(), "{text:?} is not unique");
    Span::new(id, start..start + text.len())
}

fn resource(kind: &str, name: &str) -> ResourceRef {
    let api_version = "networking.istio.io/v1".to_owned();
    ResourceRef { api_version, kind: kind.to_owned(), namespace: "shop".to_owned(), name: name.to_owned() }
}

fn page(id: &'static str, severity: Severity, category: &str, istio: &[&str]) -> &'static Page {
    Box::leak(Box::new(Page {
        id,
        summary: format!("what `{id}` is about"),
        severity,
        category: category.to_owned(),
        istio: istio.iter().map(|code| code.to_string()).collect(),
        kiali: Vec::new(),
        aliases: Vec::new(),
        body: "# A page\n\nWith *Markdown*.\n",
    }))
}

fn findings(sources: &Sources) -> Vec<Reported> {
    let unknown_field = page("unknown-field", Severity::Error, "schema", &[]);
    let unknown_subset = page("unknown-subset", Severity::Error, "reference", &["IST0101"]);
    let unreachable = page("unreachable-route", Severity::Warning, "dead", &["IST0130"]);
    let conflict = page("port-conflict", Severity::Warning, "conflict", &["IST0102"]);
    let style = page("odd-path", Severity::Info, "style", &[]);
    let routes = || resource("VirtualService", "reviews");
    let gateway = || resource("Gateway", "public");
    let prefix = at(sources, ROUTES, "prefix: /\n");
    let report = |finding: Finding, rule: &'static Page| Reported { finding, severity: rule.severity, rule };
    let key = at(sources, ROUTES, "wieght");
    vec![
        report(
            Finding::new("unreachable-route", Span { end: prefix.end - 1, ..prefix }, "no request gets past this route")
                .label("matches everything")
                .related(at(sources, ROUTES, "/café\tbar"), "so this is never asked, nor is any route that follows it in the list")
                .resource(routes()),
            unreachable,
        ),
        report(
            Finding::new("unknown-field", key, "`wieght` is not a field of a route destination")
                .help("did you mean `weight`?")
                .fix("replace `wieght` by `weight`", vec![Edit { at: key, text: "weight".to_owned() }])
                .resource(routes()),
            unknown_field,
        ),
        report(
            Finding::new("unknown-subset", at(sources, ROUTES, "v3"), "no subset `v3` of `reviews`")
                .label("no such subset")
                .related(at(sources, DESTINATIONS, "subsets"), "the subsets of `reviews.shop.svc.cluster.local`")
                .help("add a subset `v3` to DestinationRule `shop/reviews`, or route to `v1` or `v2`, which are the only ones that it defines")
                .resource(routes()),
            unknown_subset,
        ),
        report(
            Finding::new("odd-path", at(sources, ROUTES, "\tbar"), "the prefix holds a tab: 100% odd, <b>\"odd\"</b>")
                .resource(routes()),
            style,
        ),
        report(
            Finding::new("port-conflict", at(sources, GATEWAY, "HTTP2"), "port 80 of `ingressgateway` has two protocols")
                .label("`HTTP2` here")
                .related(at(sources, GATEWAY, "\"HTTP\""), "`HTTP` here")
                .related(at(sources, ROUTES, "shop/public"), "used by this VirtualService")
                .resource(gateway()),
            conflict,
        ),
    ]
}

fn run<'a>(sources: &'a Sources, findings: Vec<Reported>) -> Run<'a> {
    Run {
        sources,
        findings,
        resources: 3,
        files: 3,
        elapsed: Duration::from_millis(12),
        notes: vec!["`shop/values.yaml` was skipped: no Kubernetes resource".to_owned()],
        suppressed: 2,
        gone: Vec::new(),
    }
}

fn written(run: &Run<'_>, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    report::write(run, format, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn report_of_shop(format: Format) -> String {
    let sources = shop();
    written(&run(&sources, findings(&sources)), format, &Options { width: 80, ..Options::default() })
}

fn assert_snapshot(name: &str, text: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../testdata/report");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn text() {
    assert_snapshot("text", report_of_shop(Format::Text));
}

#[test]
fn text_without_unicode_and_with_colors() {
    let sources = shop();
    let options = Options { unicode: false, color: true, width: 60, ..Options::default() };
    assert_snapshot("text-ascii-color", written(&run(&sources, findings(&sources)), Format::Text, &options));
}

#[test]
fn concise() {
    assert_snapshot("concise", report_of_shop(Format::Concise));
}

#[test]
fn json() {
    assert_snapshot("json", report_of_shop(Format::Json));
}

#[test]
fn sarif() {
    assert_snapshot("sarif", report_of_shop(Format::Sarif));
}

#[test]
fn github() {
    assert_snapshot("github", report_of_shop(Format::Github));
}

#[test]
fn gitlab() {
    assert_snapshot("gitlab", report_of_shop(Format::Gitlab));
}

#[test]
fn junit() {
    assert_snapshot("junit", report_of_shop(Format::Junit));
}

#[test]
fn nothing_found() {
    let sources = shop();
    let formats = Format::value_variants().iter().map(|format| {
        let run = Run { notes: Vec::new(), suppressed: 0, ..run(&sources, Vec::new()) };
        format!("--format {}\n{}", name(*format), written(&run, *format, &Options::default()))
    });
    assert_snapshot("nothing-found", formats.collect::<Vec<_>>().join("\n"));
}

#[test]
fn json_follows_its_schema() {
    let schema = json_of(report::SCHEMA);
    let report = json_of(&report_of_shop(Format::Json));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors = validator.iter_errors(&report).map(|error| error.to_string());
    assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
}

/// The schema is that of OASIS (oasis-tcs/sarif-spec, `sarif-2.1/schema/sarif-schema-2.1.0.json`) without its descriptions.
#[test]
fn sarif_follows_its_schema() {
    let schema = json_of(&fs::read_to_string("testdata/report/sarif-2.1.0.schema.json").unwrap());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let loaded = source::load(&["testdata/shop".into(), "testdata/seeds".into()], &[], |_| false);
    let real = written(&lint::check(&loaded.sources, &Config::default()), Format::Sarif, &Options::default());
    for text in [report_of_shop(Format::Sarif), real] {
        let log = json_of(&text);
        assert_ne!(log["runs"][0]["results"], serde_json::json!([]));
        let errors = validator.iter_errors(&log).map(|error| format!("{error} at {}", error.instance_path()));
        assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
    }
}

#[test]
fn sarif_results_point_at_their_rules() {
    let log = json_of(&report_of_shop(Format::Sarif));
    let rules = &log["runs"][0]["tool"]["driver"]["rules"];
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 5);
    for result in results {
        assert_eq!(result["ruleId"], rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"]);
    }
}

fn fingerprints(sources: &Sources, findings: &[Reported]) -> Vec<String> {
    lint::fingerprints(findings, sources, Path::new(""))
}

#[test]
fn fingerprints_differ_and_do_not_depend_on_lines() {
    let sources = shop();
    let before = fingerprints(&sources, &findings(&sources));
    let mut moved = Sources::default();
    for (_, source) in sources.iter() {
        moved.add(Source::new(source.name(), format!("\n\n\n{}", source.text())));
    }
    assert_eq!(fingerprints(&moved, &findings(&moved)), before);

    let twice: Vec<_> = findings(&sources).into_iter().chain(findings(&sources)).collect();
    let mut all = fingerprints(&sources, &twice);
    assert_eq!(all[..before.len()], before);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 2 * before.len());
}

/// Places that do not come from a reader's tree, in texts that are hard to cut and to draw.
#[test]
fn every_place_can_be_shown() {
    let long = "é\t日本".repeat(60);
    let texts = ["", "\n", "a", "a: é\r\n\r\nb:\tc\x1b[31m\u{85}", "\u{feff}a\n\n\n", &long];
    let rule = page("odd-place", Severity::Error, "test", &[]);
    for text in texts {
        let mut sources = Sources::default();
        let id = sources.add(Source::new("odd.yaml", text));
        let other = sources.add(Source::new("other.yaml", "b: 1\nc: 2"));
        for start in 0..text.len() + 2 {
            for length in [0, 1, 2, 7, 400] {
                let span = Span::new(id, start..start + length);
                let finding = Finding::new("odd-place", span, "odd\n\x1b[31m")
                    .label("here")
                    .related(Span::new(id, start / 2..start), "and here")
                    .related(span, "and once more")
                    .related(Span::new(other, 0..9), "");
                let run = run(&sources, vec![Reported { finding, severity: Severity::Error, rule }]);
                for format in Format::value_variants() {
                    let text = written(&run, *format, &Options { width: 40, ..Options::default() });
                    assert!(!text.contains('\x1b') && text.contains("odd"), "{text}");
                }
            }
        }
    }
}

#[test]
fn long_lines_are_cut_around_the_culprit() {
    let mut sources = Sources::default();
    let text = format!("[{}\"culprit\"{}]", "\"filler\",".repeat(100_000), ",\"filler\"".repeat(100_000));
    let id = sources.add(Source::new("long.json", text));
    let finding = Finding::new("unknown-field", at(&sources, id, "culprit"), "wrong");
    let rule = page("unknown-field", Severity::Error, "schema", &[]);
    let run = run(&sources, vec![Reported { finding, severity: Severity::Error, rule }]);
    let text = written(&run, Format::Text, &Options { width: 80, ..Options::default() });
    assert!(text.contains("long.json:1:900003") && text.contains("\"culprit\""), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

fn name(format: Format) -> String {
    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn json_of(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}
