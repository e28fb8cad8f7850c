use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Gateway;
use crate::rules::Report;

/// A server for all hosts takes what nobody has thought of.
pub fn check<'m>(mesh: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    for server in mesh.servers(gateway) {
        for (_, _, own) in server.hosts().filter(|(_, host, _)| *host == "*") {
            report
                .at(&gateway.meta, own.at, "this server is for every host")
                .label("VirtualServices can serve any name here, and requests without a known name find routes")
                .help("list the hosts that the gateway is there for");
        }
    }
}
