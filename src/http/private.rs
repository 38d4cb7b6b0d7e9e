//! Which addresses lie in this machine or a private network, and a resolver that does not lead there.
//!
//! A shop that is checked from inside a network must not be able to make homologa ask that network: neither by a
//! redirect nor by a name that is resolved to such an address, also if it was resolved to another one before.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Whether an address is of this machine or of a private network, in whatever form it is written.
pub fn is_private_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_broadcast()
                || first == 0
                || (first == 100 && (64..128).contains(&second))
                || (first == 192 && second == 0 && third == 0)
                || (first == 198 && (18..20).contains(&second))
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || embedded(address).is_some_and(|inner| is_private_address(IpAddr::V4(inner)))
        }
    }
}

/// The IPv4 address that an IPv6 address stands for: mapped, translated (64:ff9b::/96) or 6to4.
fn embedded(address: Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    let [a, b, c, .., g, h] = address.segments();
    let from = |high: u16, low: u16| {
        let ([one, two], [three, four]) = (high.to_be_bytes(), low.to_be_bytes());
        std::net::Ipv4Addr::new(one, two, three, four)
    };
    match (a, b) {
        _ if address.to_ipv4_mapped().is_some() => address.to_ipv4_mapped(),
        (0x64, 0xff9b) => Some(from(g, h)),
        (0x2002, _) => Some(from(b, c)),
        _ => None,
    }
}

/// Resolves names as the system does, but answers only with public addresses: those are the ones connected to.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicOnly;

/// What [`PublicOnly`] says of a name that leads into a private network.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
pub(super) struct LeadsInside;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            match public(found) {
                Some(found) => Ok(Box::new(found.into_iter()) as Addrs),
                None => Err(Box::new(LeadsInside) as Box<dyn std::error::Error + Send + Sync>),
            }
        })
    }
}

/// The public ones among the addresses of a name; `None` when it has private ones only.
fn public(found: Vec<SocketAddr>) -> Option<Vec<SocketAddr>> {
    let any = !found.is_empty();
    let public: Vec<SocketAddr> = found.into_iter().filter(|address| !is_private_address(address.ip())).collect();
    (!public.is_empty() || !any).then_some(public)
}

/// Whether a name leads to this machine or a private network now; `false` when it is not resolved at all.
pub async fn leads_inside(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match tokio::net::lookup_host((host, 0)).await {
        Ok(mut found) => found.any(|address| is_private_address(address.ip())),
        Err(_) => false,
    }
}

/// Whether the environment names a proxy: then names are resolved there, and the proxy itself may well be inside.
pub fn behind_a_proxy() -> bool {
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_form() {
        for (address, private) in [
            ("127.0.0.1", true),
            ("10.0.0.1", true),
            ("172.31.255.255", true),
            ("192.168.0.1", true),
            ("169.254.169.254", true),
            ("100.64.0.1", true),
            ("0.1.2.3", true),
            ("198.18.0.1", true),
            ("::1", true),
            ("::", true),
            ("fe80::1", true),
            ("fd00::1", true),
            ("::ffff:10.0.0.1", true),
            ("64:ff9b::a00:1", true),
            ("2002:7f00:1::", true),
            ("8.8.8.8", false),
            ("172.32.0.1", false),
            ("2001:4860::1", false),
            ("64:ff9b::808:808", false),
        ] {
            assert_eq!(is_private_address(address.parse().unwrap()), private, "{address}");
        }
    }

    #[test]
    fn only_public_addresses_of_a_name_are_connected_to() {
        let address = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let (inside, outside) = (address("10.0.0.7"), address("8.8.8.8"));
        assert_eq!(public(vec![inside, outside]), Some(vec![outside]));
        assert_eq!(public(vec![inside]), None);
        assert_eq!(public(vec![]), Some(vec![]));
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_connected_to() {
        let options = crate::http::ClientOptions { public_only: true, direct: true, ..Default::default() };
        let client = crate::http::client(&options).unwrap();
        let error = client.get("http://localhost:9/").send().await.unwrap_err();
        assert_eq!(crate::http::explain(&error).message.key, "http.leads-inside", "{error:?}");
        assert!(leads_inside("localhost").await && leads_inside("127.0.0.1").await && !leads_inside("8.8.8.8").await);
    }
}
