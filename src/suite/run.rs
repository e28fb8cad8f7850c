//! Runs cases, and collects what they reach.

use crate::journey::{Client, Leg, Remark, Start, Target, Traffic, of_gateway};
use crate::source::Span;
use crate::translate::ProxySpec;

use super::case::{Ask, Case, Expectation, Sender};
use super::coverage::{Coverage, Reached};
use super::entrance::Entrance;
use super::expectation::find;
use super::live::{Live, Sent, difference};
use super::observed::Observed;

/// Asks the proxies of a mesh.
pub struct Runner<'r> {
    traffic: &'r Traffic<'r>,
    /// When all requests arrive, in seconds since 1970.
    now: u64,
    reached: Reached,
}

/// A case that was run.
#[derive(Debug)]
pub struct Tested<'c> {
    pub case: &'c Case,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Passed,
    Failed(Vec<Failure>),
    /// It could not be asked: a name is unknown.
    Impossible(String),
}

/// An expectation that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub at: Span,
    /// How the file calls what was expected, and as what it is written.
    pub key: String,
    pub expected: String,
    /// It was to be otherwise.
    pub negated: bool,
    pub found: String,
}

impl<'r> Runner<'r> {
    pub fn new(traffic: &'r Traffic<'r>, now: u64) -> Self {
        Self { traffic, now, reached: Reached::default() }
    }

    /// With `live`, what proxies that run do is compared with what the configuration says.
    pub fn run<'c>(&mut self, case: &'c Case, live: Option<&mut dyn Live>) -> Tested<'c> {
        let mut observed = Observed::default();
        let verdict = match self.send(&case.ask, &mut |leg| observed.see(&leg, self.traffic)) {
            Err(message) => Verdict::Impossible(message),
            Ok(_) => {
                let judge = |expectation: &Expectation| judge(expectation, &observed, self.traffic, &case.ask);
                let mut failures: Vec<_> = case.expectations.iter().filter_map(judge).collect();
                failures.extend(live.and_then(|live| self.compare(case, &observed, live)));
                if failures.is_empty() { Verdict::Passed } else { Verdict::Failed(failures) }
            }
        };
        self.reached.extend(observed.reached);
        Tested { case, verdict }
    }

    /// Sends the request of a case; `observe` sees each leg of its way.
    pub fn send(&self, ask: &Ask, observe: &mut dyn FnMut(Leg<'_>)) -> Result<Vec<Remark>, String> {
        let entrance = self.entrance(ask);
        let (start, target): (Start<'_>, &Target) = match (&ask.sender, &entrance) {
            (_, Some(Entrance::Gateway(name, target))) => (Start::Gateway(name), target),
            (_, Some(Entrance::Sidecar(spec, target))) => (Start::Sidecar(spec), target),
            (Sender::Workload(name), None) => (Start::Workload(name), &ask.target),
            (Sender::Gateway(name), None) => (Start::Gateway(name), &ask.target),
            (Sender::Outside | Sender::Anywhere, None) => (Start::Outside, &ask.target),
        };
        let client = Client {
            start,
            server_name: ask.server_name.as_deref(),
            principal: ask.principal.as_deref(),
            source: ask.source,
        };
        let request = Ask { target: target.clone(), ..ask.clone() }.request(self.now);
        self.traffic.send(&client, target, request, observe)
    }

    fn entrance(&self, ask: &Ask) -> Option<Entrance> {
        (ask.sender == Sender::Anywhere).then(|| Entrance::of(self.traffic, &ask.target))
    }

    /// The sidecars that cases send from, and that the files do not have.
    pub fn invented(&self, cases: &[Case]) -> Vec<ProxySpec> {
        let mut specs: Vec<ProxySpec> = Vec::new();
        for case in cases {
            if let Some(Entrance::Sidecar(spec, _)) = self.entrance(&case.ask)
                && specs.iter().all(|own| own.key != spec.key)
            {
                specs.push(*spec);
            }
        }
        specs
    }

    /// A difference between what the configuration says and what proxies do.
    fn compare(&self, case: &Case, observed: &Observed, live: &mut dyn Live) -> Option<Failure> {
        let ask = &case.ask;
        // Claims without a token, and tokens that nobody signed, cannot be sent.
        if ask.claims.is_some() || ask.trusts_tokens || ask.source.is_some() {
            return None;
        }
        let gateway = |name: &str| {
            let namespace = &self.traffic.mesh.settings.options.default_namespace;
            let spec = of_gateway(self.traffic.push, self.traffic.proxies(), name, namespace);
            spec.map_or_else(|_| name.to_owned(), |spec| spec.key)
        };
        let (from, target) = match (&ask.sender, self.entrance(ask)) {
            (_, Some(Entrance::Gateway(name, target))) => (Some(gateway(&name)), target),
            (_, Some(Entrance::Sidecar(spec, target))) => (Some(spec.key), target),
            (Sender::Gateway(name), None) => (Some(gateway(name)), ask.target.clone()),
            (Sender::Workload(name), None) => (Some(name.clone()), ask.target.clone()),
            (Sender::Outside | Sender::Anywhere, None) => (None, ask.target.clone()),
        };
        let sent = Sent { from: from.as_deref(), target: &target, ask };
        let (expected, found) = difference(observed, &live.send(&sent))?;
        Some(Failure { at: case.at, key: "live".to_owned(), expected, negated: false, found })
    }

    /// What all cases that were run reach.
    pub fn coverage(&self) -> Coverage {
        Coverage::new(self.traffic.mesh, &self.reached)
    }
}

fn judge(expectation: &Expectation, observed: &Observed, traffic: &Traffic<'_>, ask: &Ask) -> Option<Failure> {
    let finding = find(&expectation.wanted, observed, traffic.mesh, ask);
    let Expectation { at, key, text, negated, .. } = expectation;
    let (at, negated, key, expected) = (*at, *negated, key.clone(), text.clone());
    (finding.holds == negated).then_some(Failure { at, key, expected, negated, found: finding.found })
}
