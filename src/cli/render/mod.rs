pub(super) mod places;
mod select;
pub(super) mod show;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use crate::envoy::bootstrap::{self, Bind, Bootstrap, Loopback, Secrets, TestAuthority};
use crate::envoy::core::SocketAddress;
use crate::envoy::sink::{self, Kind, Printer, Sink, Tree};
use crate::envoy::{Config, Json, to_config_dump, to_yaml};
use crate::mesh::Mesh;
use crate::source::Sources;
use crate::translate::{Proxy, ProxySpec, PushContext, Translation, Translator, identity, secrets as certificates};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::proxies::{self, ProxyArguments};
use super::terminal::Terminal;
use super::{Fallible, Result, load};

use places::Places;
use select::SelectArguments;
use show::Shown;

/// Show the Envoy configuration that istiod would push
///
/// Reads all files as one mesh and computes the listeners, routes, clusters and endpoints of its proxies as istiod does.
/// Resources that istiod's webhook or the API server would refuse are left out and named on standard error.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files, folders, or `-` for standard input [default: the working directory]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// How to print it [default: table on a terminal, else json]
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// List the proxies instead
    #[arg(long)]
    list: bool,
    /// Print as JSON which places in the files each part comes from instead
    #[arg(long, conflicts_with = "list")]
    provenance: bool,
    #[command(flatten)]
    proxies: ProxyArguments,
    #[command(flatten)]
    selection: SelectArguments,
    #[command(flatten)]
    bootstrap: BootstrapArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    mesh: MeshArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Tables as those of `istioctl proxy-config`, with the places in the files that rows come from
    Table,
    /// `{node, listeners, routes, clusters, endpoints}` as protobuf JSON; of several proxies `{proxies: {KEY: …}}`
    Json,
    /// The same as YAML
    Yaml,
    /// What `istioctl proxy-config --file` reads
    ConfigDump,
    /// A static bootstrap for a plain Envoy, as JSON
    Bootstrap,
}

/// For `--output bootstrap`
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bootstrap")]
struct BootstrapArguments {
    /// Where it listens
    #[arg(long, value_enum, value_name = "WHERE", default_value = "as-configured")]
    bind: BindChoice,
    /// With `--bind loopback`: the port of the first listener, others follow
    #[arg(long, value_name = "PORT", default_value_t = 20_000)]
    first_port: u16,
    /// Open Envoy's admin interface on this port of 127.0.0.1
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum BindChoice {
    /// The addresses of the configuration
    AsConfigured,
    /// 127.0.0.1, each listener on a port of its own
    Loopback,
}

pub(super) fn run(arguments: &Arguments, terminal: &Terminal, out: &mut dyn Write) -> Result {
    load::with_mesh(&arguments.paths, &arguments.config, &arguments.mesh, |mesh, sources| {
        render(arguments, mesh, sources, terminal, out)
    })
}

fn render(
    arguments: &Arguments,
    mesh: &Mesh<'_>,
    sources: &Sources,
    terminal: &Terminal,
    out: &mut dyn Write,
) -> Fallible<()> {
    let push = PushContext::new(mesh);
    let specs = arguments.proxies.choose(&push, &mesh.settings.options.default_namespace)?;
    let default = if terminal.interactive { Format::Table } else { Format::Json };
    let format = arguments.output.unwrap_or(default);
    if arguments.list {
        let json = arguments.output.is_some_and(|format| format == Format::Json);
        return proxies::write_list(&specs, json, out);
    }
    let translator = Translator::new(&push);
    let told = RefCell::new(BTreeSet::new());
    let translate = |spec: &ProxySpec| {
        let Translation { mut config, notes, provenance } = translator.translate(&spec.proxy(&push));
        for note in notes {
            let at = sources.locate(note.at);
            let text = format!("{}:{}:{}: {}", at.file, at.line, at.column, note.message);
            // Most are true of many proxies.
            if told.borrow_mut().insert(text.clone()) {
                eprintln!("note: {text}");
            }
        }
        arguments.selection.apply(&mut config);
        (config, provenance)
    };
    let config = |spec: &ProxySpec| translate(spec).0;
    let places = Places::new(mesh, sources);
    let shown = |spec: &ProxySpec| {
        let (config, provenance) = translate(spec);
        Shown { config, provenance, places: &places, sources }
    };
    let print = |emit: Emit<'_>, out: &mut dyn Write| {
        let mut printer = Printer::new(out);
        emit_all(arguments, &specs, &mut printer, emit);
        Ok(printer.finish()?)
    };
    if arguments.provenance {
        return print(&|spec, sink| sink::emit(&show::provenance(&shown(spec)), sink), out);
    }
    match format {
        Format::Table => {
            for (index, spec) in specs.iter().enumerate() {
                if specs.len() > 1 {
                    writeln!(out, "{}# {}", if index > 0 { "\n" } else { "" }, spec.key)?;
                }
                show::write(&shown(spec), &arguments.selection, out)?;
            }
            Ok(())
        }
        Format::Json => print(&|spec, sink| config(spec).emit(sink), out),
        Format::Yaml => {
            let mut tree = Tree::default();
            emit_all(arguments, &specs, &mut tree, &|spec, sink| config(spec).emit(sink));
            Ok(write!(out, "{}", to_yaml(&tree.finish()))?)
        }
        Format::ConfigDump => {
            let dump = |spec: &ProxySpec| {
                let config = config(spec);
                let bootstrap = bootstrap_of(arguments, mesh, &spec.proxy(&push), &config);
                to_config_dump(&config, Some(&bootstrap))
            };
            print(&|spec, sink| sink::emit(&dump(spec), sink), out)
        }
        Format::Bootstrap => {
            let made = |spec: &ProxySpec| bootstrap_of(arguments, mesh, &spec.proxy(&push), &config(spec));
            print(&|spec, sink| made(spec).emit(sink), out)
        }
    }
}

/// Writes what was asked for a proxy.
type Emit<'e> = &'e dyn Fn(&ProxySpec, &mut dyn Sink);

/// What was asked for one proxy, or by the keys of several.
fn emit_all(arguments: &Arguments, specs: &[ProxySpec], sink: &mut dyn Sink, emit: Emit<'_>) {
    if let ([only], true) = (specs, arguments.proxies.is_single()) {
        return emit(only, sink);
    }
    sink.open(Kind::Object);
    sink.key("proxies");
    sink.open(Kind::Object);
    for spec in specs {
        sink.key(&spec.key);
        emit(spec, sink);
    }
    sink.close();
    sink.close();
}

fn bootstrap_of(arguments: &Arguments, mesh: &Mesh<'_>, proxy: &Proxy<'_>, config: &Config) -> Bootstrap {
    let BootstrapArguments { bind, first_port, admin_port } = arguments.bootstrap;
    let authority = TestAuthority::generate();
    let options = bootstrap::Options {
        secrets: Secrets { system_roots: system_roots(), ..certificates(mesh, proxy) },
        identity: Some(identity(mesh, proxy)),
        bind: match bind {
            BindChoice::AsConfigured => Bind::AsConfigured,
            BindChoice::Loopback => Bind::Loopback(Loopback { first_port, ..Loopback::default() }),
        },
        admin: admin_port.map(|port| SocketAddress::new("127.0.0.1", u32::from(port))),
        ..bootstrap::Options::new(&authority)
    };
    let (made, notes) = bootstrap::bootstrap(config, &options);
    for note in notes {
        eprintln!("note: {note}");
    }
    made
}

/// The authorities of this machine's operating system.
pub(super) fn system_roots() -> Option<String> {
    let found = bootstrap::SYSTEM_ROOT_FILES.into_iter().find(|file| std::path::Path::new(file).is_file());
    found.map(str::to_owned)
}
