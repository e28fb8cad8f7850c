//! Which findings the files themselves silence, and which of their ignores silence nothing.

use rustc_hash::FxHashMap;

use crate::finding::{Edit, Finding, ResourceRef};
use crate::rules;
use crate::source::{SourceId, Sources, Span};

use super::ignores::{INVALID, Ignore, Ignores, Reach};
use super::levels::{Levels, Scope};

const UNUSED: &str = "unused-ignore";

/// Which of the ignores have silenced something so far.
pub(super) struct Usage<'i> {
    ignores: &'i Ignores,
    used: Vec<bool>,
    by_line: FxHashMap<(SourceId, u32), Vec<usize>>,
    by_file: FxHashMap<SourceId, Vec<usize>>,
    by_resource: FxHashMap<&'i ResourceRef, Vec<usize>>,
}

impl<'i> Usage<'i> {
    pub(super) fn new(ignores: &'i Ignores) -> Self {
        let mut usage = Self {
            used: vec![false; ignores.list.len()],
            ignores,
            by_line: FxHashMap::default(),
            by_file: FxHashMap::default(),
            by_resource: FxHashMap::default(),
        };
        for (index, ignore) in ignores.list.iter().enumerate() {
            let source = ignore.at.source;
            match &ignore.reach {
                Reach::Line(start) => usage.by_line.entry((source, *start)).or_default().push(index),
                Reach::File => usage.by_file.entry(source).or_default().push(index),
                Reach::Resource(resource) => usage.by_resource.entry(resource).or_default().push(index),
            }
        }
        usage
    }

    /// Whether something silences the finding.
    pub(super) fn silences(&mut self, finding: &Finding, sources: &Sources) -> bool {
        let reaching = self.reaching(finding, sources);
        let covers = |index: &usize| {
            let rules = &self.ignores.list[*index].rules;
            rules.is_empty() || rules.contains(&finding.rule)
        };
        let covering: Vec<_> = reaching.into_iter().filter(covers).collect();
        for index in &covering {
            self.used[*index] = true;
        }
        !covering.is_empty()
    }

    /// Whether something silences a finding of [`Usage::remarks`]: it has to name the rule, lest an ignore of everything
    /// silences what is said of itself.
    pub(super) fn silences_remark(&self, finding: &Finding, sources: &Sources) -> bool {
        let reaching = self.reaching(finding, sources);
        reaching.into_iter().any(|index| self.ignores.list[index].rules.contains(&finding.rule))
    }

    /// The ignores in whose reach the finding is.
    fn reaching(&self, finding: &Finding, sources: &Sources) -> Vec<usize> {
        if self.ignores.list.is_empty() {
            return Vec::new();
        }
        let Span { source, start, .. } = finding.at;
        let line = || sources.get(source).line_start(start as usize) as u32;
        let lines = if self.by_line.is_empty() { None } else { self.by_line.get(&(source, line())) };
        let resource = finding.resource.as_deref().and_then(|resource| self.by_resource.get(resource));
        // A stream of `helm template` shows several files.
        let same_file = |index: &&usize| sources.name(self.ignores.list[**index].at) == sources.name(finding.at);
        let files = self.by_file.get(&source).into_iter().flatten().filter(same_file);
        lines.into_iter().chain(resource).flatten().chain(files).copied().collect()
    }

    /// What is wrong with the ignores themselves: those that cannot be understood, and those that silenced nothing although
    /// their rules were asked.
    pub(super) fn remarks(&self, sources: &Sources, levels: &Levels) -> Vec<Finding> {
        let unused = self.ignores.list.iter().zip(&self.used).filter(|(_, used)| !**used);
        let unused = unused.map(|(ignore, _)| ignore).filter(|ignore| ignore.is_wanted(sources, levels));
        self.ignores.mistakes.iter().cloned().chain(unused.map(|ignore| ignore.unused(sources))).collect()
    }
}

impl Ignore {
    /// Whether it would have silenced something, if there were anything.
    fn is_wanted(&self, sources: &Sources, levels: &Levels) -> bool {
        let namespace = match &self.reach {
            Reach::Resource(resource) => &resource.namespace,
            Reach::Line(_) | Reach::File => "",
        };
        let scope = Scope { file: sources.name(self.at), namespace };
        let on = |id: &&str| rules::find(id).is_some_and(|rule| levels.severity(rule, None, scope).is_some());
        let about_ignores = self.rules.iter().any(|id| [UNUSED, INVALID].contains(id));
        let all_on = if self.rules.is_empty() { levels.want_all() } else { self.rules.iter().all(on) };
        self.must_be_used && all_on && !about_ignores
    }

    fn unused(&self, sources: &Sources) -> Finding {
        let place = match self.reach {
            Reach::Line(_) => "on this line",
            Reach::File => "in this file",
            Reach::Resource(_) => "in this resource",
        };
        let message = match self.rules.is_empty() {
            true => format!("nothing has to be ignored {place}"),
            false => format!("`{}` is ignored but not found {place}", sources.text(self.at)),
        };
        let mut finding = Finding::new(UNUSED, self.at, message).help("remove it, so that it hides no later mistake");
        if let Reach::Resource(resource) = &self.reach {
            finding = finding.resource(resource.clone());
        }
        match self.removal {
            Some(at) => finding.fix("remove the comment", vec![Edit { at, text: String::new() }]),
            None => finding,
        }
    }
}
