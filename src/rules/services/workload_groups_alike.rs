use crate::mesh::Mesh;
use crate::rules::Report;

/// WorkloadGroups whose machines nothing tells apart.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let groups: Vec<_> = mesh.resources.workload_groups.iter().filter(|group| group.spec.metadata.is_some()).collect();
    for group in &groups {
        let Some(metadata) = &group.spec.metadata else { continue };
        let twin = groups.iter().find(|other| {
            let labels = other.spec.metadata.as_ref().map(|metadata| &metadata.labels);
            other.meta.namespace == group.meta.namespace
                && other.meta.at() != group.meta.at()
                && labels == Some(&metadata.labels)
        });
        let Some(twin) = twin else { continue };
        let at = metadata.node.key_at("labels").unwrap_or(group.meta.at());
        report
            .at(
                &group.meta,
                at,
                format!("`{}` and `{}` have the same labels", group.meta.name.value, twin.meta.name.value),
            )
            .related(twin.meta.at(), "the other one")
            .help("give each group labels of its own, or join the two");
    }
}
