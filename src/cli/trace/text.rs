//! What happened to a call, as people read it.

use std::io::{self, Write};

use super::report::{Destination, Ending, Hop, Report};

impl Report {
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.call)?;
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        for hop in &self.hops {
            writeln!(out)?;
            write_hop(hop, out)?;
        }
        Ok(())
    }
}

fn write_hop(hop: &Hop, out: &mut dyn Write) -> io::Result<()> {
    match hop.proxy.as_str() {
        "" => return writeln!(out, "{} {}: no proxy, the workload itself answers", hop.role, hop.address),
        proxy => writeln!(out, "{} {proxy}, connection to {}", hop.role, hop.address)?,
    }
    for line in &hop.steps {
        let mark = match line.matched {
            Some(true) => "+ ",
            Some(false) => "- ",
            None => "",
        };
        write_line(out, line.step, &format!("{mark}{}", line.text), &line.resource, &line.at)?;
    }
    match &hop.result {
        Ending::Closed { reason } => write_line(out, "=> closed", reason, &None, &None),
        Ending::Delivered => Ok(()),
        Ending::Answered { status, reason, location, body } => {
            let location = location.as_ref().map(|location| format!(", location {location}")).unwrap_or_default();
            let body = if body.is_empty() { String::new() } else { format!(", body `{body}`") };
            write_line(out, &format!("=> {status}"), &format!("{reason}{location}{body}"), &None, &None)
        }
        Ending::Forwarded { targets } => targets.iter().try_for_each(|target| write_target(target, out)),
    }
}

fn write_target(target: &Destination, out: &mut dyn Write) -> io::Result<()> {
    let head = format!("=> {}%", (target.percent * 100.0).round() / 100.0);
    write_line(out, &head, &target.cluster, &target.resource, &target.at)?;
    if let Some(request) = &target.request {
        let text = format!("{} {}{}", request.method, request.authority, request.path);
        write_line(out, "   request", &text, &None, &None)?;
        for (name, value) in &request.headers {
            write_line(out, "   header", &format!("{name}: {value}"), &None, &None)?;
        }
    }
    for change in &target.response {
        write_line(out, "   response", change, &None, &None)?;
    }
    const MOST_ENDPOINTS: usize = 10;
    for endpoint in target.endpoints.iter().take(MOST_ENDPOINTS) {
        let mut text = endpoint.address.clone();
        text += if endpoint.tls { " by TLS" } else { "" };
        if endpoint.priority > 0 || target.endpoints.iter().any(|other| other.priority > 0) {
            text += &format!(", priority {}", endpoint.priority);
        }
        if !endpoint.locality.is_empty() {
            text += &format!(", in {}", endpoint.locality);
        }
        text += if endpoint.healthy { "" } else { ", down" };
        write_line(out, "   endpoint", &text, &None, &None)?;
    }
    if target.endpoints.len() > MOST_ENDPOINTS {
        write_line(out, "   endpoint", &format!("{} more", target.endpoints.len() - MOST_ENDPOINTS), &None, &None)?;
    }
    match target.problem {
        Some(problem) => write_line(out, "   problem", problem, &None, &None),
        None => Ok(()),
    }
}

fn write_line(
    out: &mut dyn Write,
    label: &str,
    text: &str,
    resource: &Option<String>,
    at: &Option<String>,
) -> io::Result<()> {
    let place: Vec<_> = resource.iter().chain(at).map(String::as_str).collect();
    let place = if place.is_empty() { String::new() } else { format!("  ({})", place.join(", ")) };
    writeln!(out, "  {label:<14} {text}{place}")
}
