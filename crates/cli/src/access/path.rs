//! The ends and ports of a path as users write them.

use fallgate_access::write_selector;
use fallgate_api::{Endpoint, Port, Protocol, ServiceRef, WorkloadRef};

use crate::endpoint::EndpointSpec;
use crate::failure::Problem;
use crate::labels;
use crate::port::PortSpec;

const SYNTAX: &str =
    "write NAMESPACE/NAME, NAMESPACE/KIND/NAME, NAMESPACE/LABEL=VALUE, an address or a CIDR";

/// Finds what a name without a kind is in the cluster: the kind, which may be
/// `Service`.
pub(crate) type Find<'a> = &'a dyn Fn(&EndpointSpec) -> Result<String, Problem>;

/// Reads one end of a path; a name without a namespace is in `namespace`.
pub(crate) fn endpoint(text: &str, namespace: &str, find: Find<'_>) -> Result<Endpoint, Problem> {
    if let Some((namespace, selector)) = selected(text, namespace) {
        let selector = labels::parse(selector).map_err(Problem::new)?;
        return Ok(Endpoint {
            namespace: Some(namespace.to_owned()),
            pod_selector: Some(write_selector(&selector)),
            ..Endpoint::default()
        });
    }
    let spec = EndpointSpec::parse(text, Some(namespace))
        .map_err(|p| Problem { help: SYNTAX.to_owned(), ..p })?;
    match &spec {
        EndpointSpec::Address(address) => {
            let cidr = ipnet::IpNet::from(*address).to_string();
            Ok(Endpoint { cidrs: vec![cidr], ..Endpoint::default() })
        }
        EndpointSpec::Cidr(cidr) => {
            Ok(Endpoint { cidrs: vec![cidr.to_string()], ..Endpoint::default() })
        }
        EndpointSpec::Named { namespace, kind, name } => {
            let kind = match kind {
                Some(kind) => kind.clone(),
                None => find(&spec)?,
            };
            let mut endpoint =
                Endpoint { namespace: Some(namespace.clone()), ..Endpoint::default() };
            if kind == "Service" {
                endpoint.service = Some(ServiceRef { name: name.clone() });
            } else {
                endpoint.workload = Some(WorkloadRef { kind, name: name.clone() });
            }
            Ok(endpoint)
        }
        EndpointSpec::Namespace(_) | EndpointSpec::Internet | EndpointSpec::Everything => {
            Err(Problem::new(format!("`{text}` is too wide for a path that is opened"))
                .help(SYNTAX))
        }
    }
}

/// `NAMESPACE/SELECTOR`, or a selector alone.
fn selected<'a>(text: &'a str, namespace: &'a str) -> Option<(&'a str, &'a str)> {
    let equals = text.find(['=', '!', '('])?;
    let label = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    Some(match text.split_once('/') {
        // The slash of a label's key comes after a domain, which has dots.
        Some((before, rest)) if before.len() < equals && label(before) => (before, rest),
        _ => (namespace, text),
    })
}

/// Reads a port of a path.
pub(crate) fn port(text: &str) -> Result<Port, Problem> {
    match PortSpec::parse(text)? {
        PortSpec::Range { protocol, start, end } => Ok(Port {
            protocol: match protocol {
                fallgate_model::Protocol::Tcp => Protocol::Tcp,
                fallgate_model::Protocol::Udp => Protocol::Udp,
                fallgate_model::Protocol::Sctp => Protocol::Sctp,
            },
            port: i32::from(start),
            end_port: (end != start).then_some(i32::from(end)),
        }),
        PortSpec::Any | PortSpec::Named { .. } | PortSpec::Set(_) => {
            Err(Problem::new(format!("`{text}` is not the number of a port, nor a range"))
                .help("a path is opened for ports by number, such as 5432 or 8000-8100/tcp"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::show::{endpoint_text, ports_text};

    fn read(text: &str) -> Result<Endpoint, Problem> {
        endpoint(text, "shop", &|spec| match spec {
            EndpointSpec::Named { name, .. } if name == "api" => Ok("Service".to_owned()),
            EndpointSpec::Named { name, .. } if name == "db" => Ok("StatefulSet".to_owned()),
            _ => Err(Problem::new("not there")),
        })
    }

    #[test]
    fn what_is_shown_can_be_written_again() {
        for (text, shown) in [
            ("db", "shop/StatefulSet/db"),
            ("shop/db", "shop/StatefulSet/db"),
            ("shop/sts/db", "shop/StatefulSet/db"),
            ("api", "shop/Service/api"),
            ("tools/role=debug", "tools/role=debug"),
            ("role=debug", "shop/role=debug"),
            ("tools/app.kubernetes.io/name=debug", "tools/app.kubernetes.io/name=debug"),
            ("app.kubernetes.io/name=debug", "shop/app.kubernetes.io/name=debug"),
            ("tools/app in (a,b),!canary", "tools/app in (a,b),!canary"),
            ("192.0.2.10", "192.0.2.10/32"),
            ("192.0.2.0/28", "192.0.2.0/28"),
            ("2001:db8::1", "2001:db8::1/128"),
        ] {
            let endpoint = read(text).unwrap();
            assert_eq!(endpoint_text(&endpoint, "shop"), shown, "{text}");
            assert_eq!(read(shown).unwrap(), endpoint, "{shown}");
        }
    }

    #[test]
    fn what_is_no_end_of_a_path_is_refused() {
        for text in
            ["*", "shop/*", "internet", "", "1.2.3.4/99", "a/b/c/d", "tools/a=b=", "nowhere"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ports_are_numbers() {
        let shown = |text: &str| port(text).map(|port| ports_text(&[port]));
        assert_eq!(shown("5432").unwrap(), "5432/tcp");
        assert_eq!(shown("53/udp").unwrap(), "53/udp");
        assert_eq!(shown("8000-8100").unwrap(), "8000-8100/tcp");
        for text in ["http", "any", "0", "70000", ""] {
            assert!(port(text).is_err(), "{text}");
        }
    }
}
