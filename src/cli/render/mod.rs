mod proxies;

use std::io::Write;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::finding::nearest;
use crate::lint;
use crate::mesh::Mesh;
use crate::source;
use crate::translate::{PushContext, Translator};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::{Error, Fallible, Outcome, Result};

use proxies::ProxySpec;

/// Print the Envoy configuration that istiod would push to a proxy
///
/// Reads all files as one mesh and computes the listeners, routes, clusters and endpoints of a proxy as istiod does.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files, folders, or `-` for standard input [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// JSON file with a list of proxies to render for
    #[arg(long, value_name = "FILE")]
    proxies: Option<PathBuf>,
    /// The one of `--proxies` to render for
    #[arg(long, value_name = "KEY", requires = "proxies")]
    proxy: Option<String>,
    /// How to print it
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "json")]
    output: Format,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    mesh: MeshArguments,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// `{listeners, routes, clusters, endpoints}`, as protobuf JSON
    Json,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    let file = arguments.config.read()?;
    let here = [PathBuf::from(".")];
    let paths = if arguments.paths.is_empty() { &here[..] } else { &arguments.paths };
    let mut loaded = source::load(paths, &[], |_| false);
    for error in &loaded.errors {
        eprintln!("error: {error}");
    }
    let mesh_config = match arguments.mesh.mesh_config(&file) {
        Some(path) => {
            let source = source::read(&path).map_err(|error| Error::Usage(error.to_string()))?;
            Some(loaded.sources.add(source))
        }
        None => None,
    };
    let config = lint::Config { mesh: arguments.mesh.options(&file), mesh_config, ..lint::Config::default() };
    lint::with_mesh(&loaded.sources, &config, |mesh| render(arguments, mesh, out))?;
    Ok(if loaded.errors.is_empty() { Outcome::Success } else { Outcome::Incomplete })
}

fn render(arguments: &Arguments, mesh: &Mesh<'_>, out: &mut dyn Write) -> Fallible<()> {
    let specs = match &arguments.proxies {
        Some(path) => proxies::read(path)?,
        None => return Err(Error::Usage("say which proxy: `--proxies`".to_owned())),
    };
    let push = PushContext::new(mesh);
    let translator = Translator::new(&push);
    let value = match &arguments.proxy {
        Some(key) => translator.config(&named(&specs, key)?.proxy(&push, mesh)).to_value(),
        None => {
            let configs =
                specs.iter().map(|spec| (spec.key.clone(), translator.config(&spec.proxy(&push, mesh)).to_value()));
            Value::Object(Map::from_iter([("proxies".to_owned(), Value::Object(configs.collect()))]))
        }
    };
    serde_json::to_writer_pretty(&mut *out, &value).map_err(std::io::Error::from)?;
    writeln!(out)?;
    Ok(())
}

fn named<'s>(specs: &'s [ProxySpec], key: &str) -> Fallible<&'s ProxySpec> {
    specs.iter().find(|spec| spec.key == key).ok_or_else(|| {
        let near = nearest(key, specs.iter().map(|spec| spec.key.as_str()));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Error::Usage(format!("there is no proxy `{key}`{near}"))
    })
}
