//! The aliases of trust domains (istio 1.31 `pilot/pkg/security/trustdomain/bundle.go`).

use std::borrow::Cow;

use crate::mesh::Settings;

/// Identities (`domain/ns/namespace/sa/account`) with those that mean the same: an identity of a trust domain of the mesh is
/// one of each of its aliases. `cluster.local` always means the mesh.
pub(super) fn principals<'a>(settings: &Settings<'_>, values: Vec<Cow<'a, str>>) -> Vec<Cow<'a, str>> {
    values.into_iter().flat_map(|principal| aliases_of(settings, principal)).collect()
}

/// Trust domains with their aliases.
pub(super) fn expanded<'a>(settings: &Settings<'_>, values: Vec<Cow<'a, str>>) -> Vec<Cow<'a, str>> {
    let known: Vec<_> = known(settings).collect();
    let mut all = Vec::new();
    for value in values {
        match known.contains(&value.as_ref()) {
            true => all.extend(known.iter().map(|domain| Cow::Owned((*domain).to_owned()))),
            false => all.push(value),
        }
    }
    without_repetition(all)
}

fn aliases_of<'a>(settings: &Settings<'_>, principal: Cow<'a, str>) -> Vec<Cow<'a, str>> {
    let Some((domain, account)) = principal.split_once('/').filter(|(_, account)| account.split('/').count() == 4)
    else {
        return vec![principal];
    };
    let is_known = domain == "cluster.local" || known(settings).any(|own| overlaps(domain, own));
    if domain == "*" || !is_known {
        return vec![principal];
    }
    let aliases = known(settings).map(|own| match ends_with_pattern(own, domain) {
        // `*-domain` already stands for this one.
        true => principal.clone(),
        false => Cow::Owned(format!("{own}/{account}")),
    });
    without_repetition(aliases.collect())
}

fn known<'s>(settings: &'s Settings<'_>) -> impl Iterator<Item = &'s str> {
    std::iter::once(settings.trust_domain).chain(settings.trust_domain_aliases.iter().copied())
}

fn overlaps(domain: &str, own: &str) -> bool {
    domain == own
        || starts_with_pattern(domain, own)
        || starts_with_pattern(own, domain)
        || ends_with_pattern(domain, own)
        || ends_with_pattern(own, domain)
}

fn starts_with_pattern(domain: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|prefix| domain.starts_with(prefix))
}

fn ends_with_pattern(domain: &str, pattern: &str) -> bool {
    pattern.strip_prefix('*').is_some_and(|suffix| domain.ends_with(suffix))
}

fn without_repetition(values: Vec<Cow<'_, str>>) -> Vec<Cow<'_, str>> {
    let mut kept = Vec::new();
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{expanded, principals};
    use crate::mesh::{Options, Settings};

    #[test]
    fn identities_of_the_mesh_have_aliases() {
        let options = Options::default();
        let mut settings = Settings::new(&options, None);
        settings.trust_domain = "new-td";
        settings.trust_domain_aliases = vec!["old-td"];
        let cases: [(&str, &[&str]); 8] = [
            ("new-td/ns/a/sa/b", &["new-td/ns/a/sa/b", "old-td/ns/a/sa/b"]),
            ("old-td/ns/a/sa/b", &["new-td/ns/a/sa/b", "old-td/ns/a/sa/b"]),
            ("cluster.local/ns/a/sa/b", &["new-td/ns/a/sa/b", "old-td/ns/a/sa/b"]),
            ("other/ns/a/sa/b", &["other/ns/a/sa/b"]),
            ("*/ns/a/sa/b", &["*/ns/a/sa/b"]),
            ("*-td/ns/a/sa/b", &["*-td/ns/a/sa/b"]),
            ("*w-td/ns/a/sa/b", &["*w-td/ns/a/sa/b", "old-td/ns/a/sa/b"]),
            ("sa/b", &["sa/b"]),
        ];
        for (principal, expected) in cases {
            assert_eq!(principals(&settings, vec![Cow::Borrowed(principal)]), expected, "{principal}");
        }
        assert_eq!(expanded(&settings, vec!["old-td".into(), "x".into(), "new-td".into()]), ["new-td", "old-td", "x"]);
    }
}
