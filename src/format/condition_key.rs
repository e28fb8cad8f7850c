use std::fmt;

use super::{PolicyPort, Reason, ServiceAccount, Subnet, WildcardText};

/// The key of a `when` of an AuthorizationPolicy (`ValidateAttribute` in pkg/config/security/security.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConditionKey<'a> {
    text: &'a str,
    attribute: Attribute<'a>,
}

/// What a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute<'a> {
    /// `request.headers[name]`
    RequestHeader(&'a str),
    SourceIp,
    RemoteIp,
    SourceNamespace,
    SourceServiceAccount,
    SourcePrincipal,
    SourceTrustDomain,
    RequestPrincipal,
    RequestAudiences,
    RequestPresenter,
    /// `request.auth.claims[name]`; a nested claim `[a][b]` is `a][b`.
    RequestClaim(&'a str),
    DestinationIp,
    DestinationPort,
    ConnectionSni,
    /// `experimental.envoy.filters.name[key]`, where the filter is `envoy.filters.name`.
    FilterMetadata {
        filter: &'a str,
        key: &'a str,
    },
}

const PLAIN: [(&str, Attribute<'static>); 12] = [
    ("source.ip", Attribute::SourceIp),
    ("remote.ip", Attribute::RemoteIp),
    ("source.namespace", Attribute::SourceNamespace),
    ("source.serviceAccount", Attribute::SourceServiceAccount),
    ("source.principal", Attribute::SourcePrincipal),
    ("source.trustDomain", Attribute::SourceTrustDomain),
    ("request.auth.principal", Attribute::RequestPrincipal),
    ("request.auth.audiences", Attribute::RequestAudiences),
    ("request.auth.presenter", Attribute::RequestPresenter),
    ("destination.ip", Attribute::DestinationIp),
    ("destination.port", Attribute::DestinationPort),
    ("connection.sni", Attribute::ConnectionSni),
];

impl<'a> ConditionKey<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        attribute(text).map(|attribute| Self { text, attribute })
    }

    pub fn attribute(self) -> Attribute<'a> {
        self.attribute
    }

    /// Whether `value` can stand in the `values` of this key.
    pub fn check_value(self, value: &str) -> Result<(), Reason> {
        if value.is_empty() {
            return Err(Reason::new("a value cannot be empty"));
        }
        match self.attribute {
            Attribute::SourceIp | Attribute::RemoteIp | Attribute::DestinationIp => Subnet::parse(value).map(drop),
            Attribute::SourceServiceAccount => ServiceAccount::parse(value).map(drop),
            Attribute::SourceTrustDomain => WildcardText::parse(value).map(drop),
            Attribute::DestinationPort => PolicyPort::parse(value).map(drop),
            Attribute::RequestHeader(_)
            | Attribute::SourceNamespace
            | Attribute::SourcePrincipal
            | Attribute::RequestPrincipal
            | Attribute::RequestAudiences
            | Attribute::RequestPresenter
            | Attribute::RequestClaim(_)
            | Attribute::ConnectionSni
            | Attribute::FilterMetadata { .. } => Ok(()),
        }
    }

    /// Whether a policy with the action CUSTOM can ask for it. It cannot ask who the peer or the user is, because its
    /// part of the filter chain comes before that is known (`validateCustomAction` of Istio).
    pub fn is_legal_in_custom(self) -> bool {
        let identity = ["source.namespace", "source.serviceAccount", "source.trustDomain", "source.principal"];
        !identity.contains(&self.text) && !self.text.starts_with("request.auth.")
    }
}

impl fmt::Display for ConditionKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

fn attribute(text: &str) -> Result<Attribute<'_>, Reason> {
    if let Some((_, attribute)) = PLAIN.into_iter().find(|(name, _)| *name == text) {
        return Ok(attribute);
    }
    if text.starts_with("request.headers") {
        return in_brackets(text, "request.headers[x-user]").map(Attribute::RequestHeader);
    }
    if text.starts_with("request.auth.claims") {
        return in_brackets(text, "request.auth.claims[groups]").map(Attribute::RequestClaim);
    }
    if text.starts_with("experimental.envoy.filters.") {
        let key = in_brackets(text, "experimental.envoy.filters.filter[key]")?;
        let filter = text.trim_start_matches("experimental.").split('[').next().unwrap_or_default();
        return Ok(Attribute::FilterMetadata { filter, key });
    }
    let reason = Reason::new(format!("there is no condition `{text}`"));
    Err(match text {
        "" => Reason::new("the key of a condition cannot be empty"),
        "destination.namespace" => reason.help("create the policy in that namespace"),
        "destination.name" | "destination.user" => reason.help("use the `selector` of the policy"),
        _ if text.starts_with("destination.labels") => reason.help("use the `selector` of the policy"),
        _ => match PLAIN.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
            Some((name, _)) => reason.help(format!("write `{name}`")),
            None => reason,
        },
    })
}

/// What stands between the first `[` and the last `]`.
fn in_brackets<'a>(text: &'a str, example: &str) -> Result<&'a str, Reason> {
    let inner = text.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    inner.filter(|inner| !inner.is_empty()).ok_or_else(|| {
        Reason::new(format!("`{text}` does not name what it asks for in brackets"))
            .help(format!("write as in `{example}`"))
    })
}

#[cfg(test)]
mod tests {
    use super::{Attribute, ConditionKey};

    #[test]
    fn keys_of_conditions() {
        let table = [
            ("request.headers[x-a]", Some(Attribute::RequestHeader("x-a"))),
            ("request.auth.claims[a][b]", Some(Attribute::RequestClaim("a][b"))),
            (
                "experimental.envoy.filters.f[k]",
                Some(Attribute::FilterMetadata { filter: "envoy.filters.f", key: "k" }),
            ),
            ("source.ip", Some(Attribute::SourceIp)),
            ("destination.port", Some(Attribute::DestinationPort)),
            ("request.headers", None),
            ("request.headers[]", None),
            ("request.headers[a", None),
            ("request.auth.claims", None),
            ("destination.labels[a]", None),
            ("destination.namespace", None),
            ("source.labels[a]", None),
            ("Source.Ip", None),
            ("request.path", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(ConditionKey::parse(text).ok().map(ConditionKey::attribute), expected, "{text}");
        }
    }

    #[test]
    fn values_of_conditions() {
        let table = [
            ("source.ip", "10.0.0.0/8", true),
            ("source.ip", "web", false),
            ("destination.port", "0", true),
            ("destination.port", "65536", false),
            ("source.serviceAccount", "shop/web", true),
            ("source.serviceAccount", "*", false),
            ("source.trustDomain", "a/b*", true),
            ("source.trustDomain", "a*b", false),
            ("connection.sni", "anything*", true),
            ("connection.sni", "", false),
        ];
        for (key, value, legal) in table {
            assert_eq!(ConditionKey::parse(key).unwrap().check_value(value).is_ok(), legal, "{key} {value}");
        }
    }
}
