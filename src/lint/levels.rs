use globset::GlobSet;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

use crate::finding::Severity;
use crate::rules::{self, Rule};

use super::globs::PathGlobs;
use super::rule_name::RuleName;

/// How much the findings of a rule matter, where the user says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Off,
    Info,
    Warning,
    Error,
}

impl Level {
    /// `None`: it is not reported.
    fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::Info => Some(Severity::Info),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        }
    }
}

/// Which rules are asked, and how much it matters what they find. By default all are that are not optional, and the rules
/// decide.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    /// `None`: all that are not optional.
    selected: Option<FxHashSet<&'static str>>,
    ignored: FxHashSet<&'static str>,
    levels: FxHashMap<&'static str, Level>,
    overrides: Vec<Override>,
}

/// Other levels for some files, some namespaces, or some files of some namespaces. The last one that says something about
/// a rule counts.
#[derive(Clone, Debug)]
pub struct Override {
    /// `None`: all.
    pub paths: Option<PathGlobs>,
    /// `None`: all.
    pub namespaces: Option<GlobSet>,
    levels: FxHashMap<&'static str, Level>,
}

/// Where a finding is, as far as levels depend on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    /// The name of the file as it is shown.
    pub(super) file: &'a str,
    /// Empty where there is none.
    pub(super) namespace: &'a str,
}

impl Levels {
    /// `select` are the only rules that are asked; all if it is empty. `ignore` are not asked even then.
    pub fn new(
        select: &[RuleName],
        ignore: &[RuleName],
        levels: impl IntoIterator<Item = (RuleName, Level)>,
        overrides: Vec<Override>,
    ) -> Self {
        Self {
            selected: (!select.is_empty()).then(|| select.iter().flat_map(RuleName::ids).collect()),
            ignored: ignore.iter().flat_map(RuleName::ids).collect(),
            levels: by_id(levels),
            overrides,
        }
    }

    /// Whether the rule may be reported anywhere.
    pub(super) fn want(&self, rule: &Rule) -> bool {
        let on = |levels: &FxHashMap<_, _>| levels.get(rule.id).is_some_and(|level| *level != Level::Off);
        let off = self.levels.get(rule.id).map_or(self.is_left_out(rule), |level| *level == Level::Off);
        self.is_selected(rule.id) && (!off || self.overrides.iter().any(|other| on(&other.levels)))
    }

    /// The severity of a finding of `rule`, `own` if that one has its own; `None` if it is not to be reported.
    pub(super) fn severity(&self, rule: &Rule, own: Option<Severity>, scope: Scope<'_>) -> Option<Severity> {
        if !self.is_selected(rule.id) {
            return None;
        }
        let overridden = self.overrides.iter().rev().find_map(|other| other.level(rule.id, scope));
        match overridden.or(self.levels.get(rule.id).copied()) {
            Some(level) => level.severity(),
            None if self.is_left_out(rule) => None,
            None => own.or_else(|| Some(rule.page().severity)),
        }
    }

    fn is_selected(&self, id: &str) -> bool {
        self.selected.as_ref().is_none_or(|selected| selected.contains(id)) && !self.ignored.contains(id)
    }

    /// Whether nothing is known of the rule here, and it is one to be asked for by name.
    fn is_left_out(&self, rule: &Rule) -> bool {
        self.selected.is_none() && rule.is_optional()
    }

    /// Whether all rules that are not optional are reported wherever something is found.
    pub(super) fn want_all(&self) -> bool {
        rules::all().filter(|rule| !rule.is_optional()).all(|rule| self.want(rule))
    }
}

impl Override {
    pub fn new(
        paths: Option<PathGlobs>,
        namespaces: Option<GlobSet>,
        levels: impl IntoIterator<Item = (RuleName, Level)>,
    ) -> Self {
        Self { paths, namespaces, levels: by_id(levels) }
    }

    fn level(&self, id: &str, scope: Scope<'_>) -> Option<Level> {
        let level = self.levels.get(id)?;
        let here = self.namespaces.as_ref().is_none_or(|globs| globs.is_match(scope.namespace))
            && self.paths.as_ref().is_none_or(|globs| globs.matches(scope.file.as_ref()));
        here.then_some(*level)
    }
}

/// The names of rules win over codes and categories, so that `hosts: off` and `destination-host-not-found: error` go
/// together.
fn by_id(levels: impl IntoIterator<Item = (RuleName, Level)>) -> FxHashMap<&'static str, Level> {
    let mut levels: Vec<_> = levels.into_iter().collect();
    levels.sort_by_key(|(name, _)| name.is_exact());
    levels.iter().flat_map(|(name, level)| name.ids().map(|id| (id, *level))).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::globs::name_globs;
    use super::*;

    const RULE: &str = "destination-host-not-found";

    fn name(name: &str) -> RuleName {
        name.parse().unwrap()
    }

    fn severity(levels: &Levels, file: &str, namespace: &str) -> Option<Severity> {
        let rule = rules::find(RULE).unwrap();
        levels.severity(rule, None, Scope { file, namespace })
    }

    #[test]
    fn rules_are_selected_and_ignored_by_any_name() {
        for (select, ignore, expected) in [
            (vec![], vec![], true),
            (vec!["hosts"], vec![], true),
            (vec!["input"], vec![], false),
            (vec![RULE], vec!["KIA1101"], false),
        ] {
            let names = |names: Vec<&str>| names.into_iter().map(name).collect::<Vec<_>>();
            let levels = Levels::new(&names(select), &names(ignore), [], Vec::new());
            assert_eq!(severity(&levels, "a.yaml", "shop").is_some(), expected, "{levels:?}");
        }
    }

    #[test]
    fn exact_names_win_over_categories() {
        let levels = [(name(RULE), Level::Info), (name("hosts"), Level::Off)];
        let levels = Levels::new(&[], &[], levels, Vec::new());
        assert_eq!(severity(&levels, "a.yaml", "shop"), Some(Severity::Info));
    }

    #[test]
    fn the_last_override_that_fits_counts() {
        let paths = |glob: &str| Some(PathGlobs::new(Path::new("/x"), &[glob.parse().unwrap()]).unwrap());
        let team = name_globs(&["team-*".parse().unwrap()]).unwrap();
        let overrides = vec![
            Override::new(paths("old"), None, [(name(RULE), Level::Off)]),
            Override::new(paths("old"), Some(team), [(name(RULE), Level::Warning)]),
        ];
        let levels = Levels::new(&[], &[], [(name(RULE), Level::Info)], overrides);
        assert_eq!(severity(&levels, "/x/new/a.yaml", "team-a"), Some(Severity::Info));
        assert_eq!(severity(&levels, "/x/old/a.yaml", "shop"), None);
        assert_eq!(severity(&levels, "/x/old/a.yaml", "team-a"), Some(Severity::Warning));
    }
}
