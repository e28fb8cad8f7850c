//! Which proxies a command is about.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::journey;
use crate::source;
use crate::translate::{ProxyKind, ProxySpec, PushContext};

use super::table::Table;
use super::{Error, Fallible};

/// Without any of these: all proxies of the files
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Proxies")]
pub(super) struct ProxyArguments {
    /// The sidecar of this pod, Deployment, StatefulSet, …: `namespace/name`, or `name` in the default namespace
    #[arg(long, value_name = "NS/NAME", conflicts_with_all = ["gateway", "proxies", "type"])]
    workload: Option<String>,
    /// The proxy that serves this Gateway, or the gateway workload of this name
    #[arg(long, value_name = "NS/NAME", conflicts_with_all = ["proxies", "type"])]
    gateway: Option<String>,
    /// JSON file with a list of proxies: key, name, type, namespace, labels, ip, serviceAccount, locality, meta
    #[arg(long, value_name = "FILE", conflicts_with = "type")]
    proxies: Option<PathBuf>,
    /// Only this one of the proxies, by its key
    #[arg(long, value_name = "KEY")]
    proxy: Option<String>,
    /// A proxy that is in no file; in the namespace of `--namespace`
    #[arg(long, value_enum, value_name = "TYPE")]
    r#type: Option<ProxyKind>,
    /// Its labels: `app=web,version=v1`
    #[arg(long, value_name = "LABELS", requires = "type", value_delimiter = ',', value_parser = label)]
    labels: Vec<(String, String)>,
    /// Its address
    #[arg(long, value_name = "ADDRESS", requires = "type")]
    ip: Option<std::net::IpAddr>,
    /// Its service account
    #[arg(long, value_name = "NAME", requires = "type")]
    service_account: Option<String>,
}

impl clap::ValueEnum for ProxyKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[ProxyKind::Sidecar, ProxyKind::Router]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()))
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not `key=value`"))?;
    Ok((key.to_owned(), value.to_owned()))
}

impl ProxyArguments {
    /// Whether the user asks for one proxy.
    pub fn is_single(&self) -> bool {
        self.workload.is_some() || self.gateway.is_some() || self.proxy.is_some() || self.r#type.is_some()
    }

    /// The proxies that are asked for, in the order of their names or of their file.
    pub fn choose(&self, push: &PushContext<'_>, namespace: &str) -> Fallible<Vec<ProxySpec>> {
        let all = match (&self.proxies, self.r#type) {
            (Some(path), _) => read(path)?,
            (None, Some(kind)) => vec![self.explicit(kind, namespace)],
            (None, None) => push.proxies(),
        };
        if let Some(name) = &self.workload {
            return one_of(all, name, namespace, "workload");
        }
        if let Some(name) = &self.gateway {
            return of_gateway(push, all, name, namespace);
        }
        match &self.proxy {
            Some(key) => one_of(all, key, namespace, "proxy"),
            None => Ok(all),
        }
    }

    fn explicit(&self, kind: ProxyKind, namespace: &str) -> ProxySpec {
        ProxySpec {
            key: kind.name().to_owned(),
            name: kind.name().to_owned(),
            r#type: kind,
            namespace: namespace.to_owned(),
            workload: String::new(),
            labels: self.labels.iter().cloned().collect(),
            ip: self.ip.map(|ip| ip.to_string()).unwrap_or_default(),
            service_account: self.service_account.clone().unwrap_or_else(|| "default".to_owned()),
            locality: None,
            meta: BTreeMap::new(),
        }
    }
}

fn read(path: &Path) -> Fallible<Vec<ProxySpec>> {
    let source = source::read(path).map_err(|error| Error::Usage(error.to_string()))?;
    let wrong = |error| Error::Usage(format!("{}: not a list of proxies: {error}", path.display()));
    serde_json::from_str(source.text()).map_err(wrong)
}

/// A workload or proxy by its name.
pub(super) fn one_of(all: Vec<ProxySpec>, name: &str, namespace: &str, what: &str) -> Fallible<Vec<ProxySpec>> {
    Ok(vec![journey::one_of(&all, name, namespace, what).map_err(Error::Usage)?])
}

/// The proxy that serves a Gateway, or a gateway workload of the name.
pub(super) fn of_gateway(
    push: &PushContext<'_>,
    all: Vec<ProxySpec>,
    name: &str,
    namespace: &str,
) -> Fallible<Vec<ProxySpec>> {
    Ok(vec![journey::of_gateway(push, &all, name, namespace).map_err(Error::Usage)?])
}

/// `--list`.
pub(super) fn write_list(specs: &[ProxySpec], json: bool, out: &mut dyn Write) -> Fallible<()> {
    if json {
        serde_json::to_writer_pretty(&mut *out, specs).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    let mut table = Table::new(["NAMESPACE", "NAME", "TYPE", "WORKLOAD", "IP"]);
    for spec in specs {
        let ProxySpec { namespace, name, workload, ip, .. } = spec;
        table.push([namespace, name, spec.r#type.name(), workload, ip].map(str::to_owned));
    }
    Ok(table.write(out)?)
}
