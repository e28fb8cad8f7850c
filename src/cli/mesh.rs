use std::path::PathBuf;

use crate::format::IstioVersion;
use crate::mesh::Options;

use super::config::Config;

/// What the files do not tell of the mesh
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Mesh")]
pub(super) struct MeshArguments {
    /// Namespace of resources that name none [default: default]
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// DNS domain of the cluster [default: cluster.local]
    #[arg(long, value_name = "DOMAIN")]
    cluster_domain: Option<String>,
    /// Take what is not in the input for missing, even where the input may not be all there is
    #[arg(long)]
    assume_complete: bool,
    /// File with Istio's MeshConfig, or an IstioOperator or Helm values that have it; by default that of the ConfigMap
    /// `istio` in the input
    #[arg(long, value_name = "FILE")]
    mesh_config: Option<PathBuf>,
    /// Version of Istio that the files are for [default: the latest that is known]
    #[arg(long, value_name = "VERSION", value_parser = IstioVersion::parse)]
    istio_version: Option<IstioVersion>,
}

impl MeshArguments {
    /// Flags win over the configuration file.
    pub(super) fn options(&self, config: &Config) -> Options {
        let default = Options::default();
        let text = |flag: &Option<String>, key: &Option<String>, default: String| {
            flag.clone().or(key.clone()).unwrap_or(default)
        };
        Options {
            cluster_domain: text(&self.cluster_domain, &config.cluster_domain, default.cluster_domain),
            default_namespace: text(&self.namespace, &config.namespace, default.default_namespace),
            assume_complete: self.assume_complete || config.assume_complete,
            istio_version: self.istio_version.or(config.istio_version).unwrap_or(default.istio_version),
            now: default.now,
        }
    }

    pub(super) fn mesh_config(&self, config: &Config) -> Option<PathBuf> {
        self.mesh_config.clone().or_else(|| config.mesh_config())
    }
}
