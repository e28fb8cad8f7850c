use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Reason;

/// An IP address as Go's `netip.ParseAddr` reads it: no leading zeros, and IPv6 with a zone (`fe80::1%eth0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ip<'a> {
    address: IpAddr,
    zone: Option<&'a str>,
}

impl<'a> Ip<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
        match (address.parse(), zone) {
            (Ok(address), None) => Ok(Self { address, zone }),
            (Ok(address @ IpAddr::V6(_)), Some(name)) if !name.is_empty() => Ok(Self { address, zone }),
            _ => Err(not_an_address(text)),
        }
    }

    pub fn address(self) -> IpAddr {
        self.address
    }

    /// The interface that an IPv6 address belongs to.
    pub fn zone(self) -> Option<&'a str> {
        self.zone
    }
}

impl fmt::Display for Ip<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone {
            Some(zone) => write!(f, "{}%{zone}", self.address),
            None => self.address.fmt(f),
        }
    }
}

fn not_an_address(text: &str) -> Reason {
    let reason = Reason::new(format!("`{text}` is not an IP address"));
    let parts: Vec<_> = text.split('.').map(str::parse::<u8>).collect();
    match parts[..] {
        [Ok(a), Ok(b), Ok(c), Ok(d)] => {
            let message = format!("`{text}` has leading zeros, which some programs read as octal");
            Reason::new(message).help(format!("write `{a}.{b}.{c}.{d}`"))
        }
        _ => reason,
    }
}

/// A network in CIDR notation, or one address. Bits below the length of the prefix may be set: `10.0.0.1/8` is legal, and
/// means `10.0.0.0/8`.
///
/// These are the addresses of ServiceEntries, `destinationSubnets`, and the IP blocks of AuthorizationPolicies
/// (`netip.ParsePrefix` where there is a `/`, else `netip.ParseAddr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subnet {
    network: IpNet,
    written_as_network: bool,
}

impl Subnet {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let Some((address, length)) = text.rsplit_once('/') else {
            let network = Ip::parse(text)?.address.into();
            return Ok(Self { network, written_as_network: false });
        };
        let ip = Ip::parse(address).map_err(|reason| network_reason(text, reason))?;
        if ip.zone.is_some() {
            return Err(Reason::new(format!("`{text}` is a network with a zone, which only addresses have")));
        }
        let longest = if ip.address.is_ipv4() { 32 } else { 128 };
        let plain = length.bytes().all(|byte| byte.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
        match length.parse().ok().and_then(|length| IpNet::new(ip.address, length).ok()) {
            Some(network) if plain => Ok(Self { network, written_as_network: true }),
            _ => {
                let message = format!("`{length}` is not the length of a prefix, as in `{text}`");
                Err(Reason::new(message).help(format!("write a number from 0 to {longest}")))
            }
        }
    }

    /// The network with the bits as written; see [`IpNet::trunc`].
    pub fn network(self) -> IpNet {
        self.network
    }

    /// Whether this was written without `/`.
    pub fn is_address(self) -> bool {
        !self.written_as_network
    }

    pub fn contains(self, address: IpAddr) -> bool {
        self.network.contains(&address)
    }

    /// Whether bits below the length of the prefix are set, as in `10.0.0.1/8`: often a slip.
    pub fn has_host_bits(self) -> bool {
        self.network.addr() != self.network.network()
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.written_as_network { self.network.fmt(f) } else { self.network.addr().fmt(f) }
    }
}

fn network_reason(text: &str, reason: Reason) -> Reason {
    match reason.instruction() {
        Some(_) => reason,
        None => Reason::new(format!("`{text}` is not a network"))
            .help("write an address and a length, such as `10.0.0.0/8`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Ip, Subnet};

    #[test]
    fn addresses_and_networks_as_go_reads_them() {
        // Text, whether it is an address, whether it is a network or an address.
        let table = [
            ("10.0.0.1", true, true),
            ("010.0.0.1", false, false),
            ("10.0.0.01", false, false),
            ("10.0.0.256", false, false),
            ("10.0.0", false, false),
            ("1.2.3.4%eth0", false, false),
            ("::1", true, true),
            ("fe80::1%eth0", true, true),
            ("fe80::1%", false, false),
            ("::ffff:1.2.3.4", true, true),
            ("1:2:3:4:5:6:7::", true, true),
            ("1:2:3:4:5:6:7:8::", false, false),
            ("[::1]", false, false),
            ("*", false, false),
            ("", false, false),
            ("10.0.0.0/8", false, true),
            ("10.0.0.1/8", false, true),
            ("10.0.0.0/0", false, true),
            ("10.0.0.0/33", false, false),
            ("10.0.0.0/08", false, false),
            ("10.0.0.0/+8", false, false),
            ("10.0.0.0/", false, false),
            ("10.0.0.0/8/8", false, false),
            ("::/128", false, true),
            ("::/129", false, false),
            // The zone takes everything, for an address.
            ("fe80::1%eth0/64", true, false),
            ("a.test/8", false, false),
        ];
        for (text, ip, subnet) in table {
            assert_eq!((Ip::parse(text).is_ok(), Subnet::parse(text).is_ok()), (ip, subnet), "{text}");
        }
        assert_eq!(Ip::parse("10.0.0.01").unwrap_err().instruction(), Some("write `10.0.0.1`"));
        assert!(Subnet::parse("10.0.0.1/8").unwrap().has_host_bits());
        assert!(!Subnet::parse("10.0.0.1").unwrap().has_host_bits());
    }
}
