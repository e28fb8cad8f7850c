use rustc_hash::FxHashMap;

use crate::model::Labels;

/// Selectors by one of their labels, so that few have to be compared with the labels of a workload.
#[derive(Debug, Default)]
pub(super) struct SelectorIndex<'m> {
    by_label: FxHashMap<(&'m str, &'m str, &'m str), Vec<usize>>,
    /// Those without labels, which select everything in their namespace.
    of_all: FxHashMap<&'m str, Vec<usize>>,
}

impl<'m> SelectorIndex<'m> {
    /// `selectors` with their namespaces; what has no selector at all is left out by `None`.
    pub(super) fn new(selectors: &[Option<(&'m str, &'m Labels<'m>)>]) -> Self {
        let mut frequency = FxHashMap::<_, usize>::default();
        for (namespace, labels) in selectors.iter().flatten() {
            for (key, value) in labels.iter() {
                *frequency.entry((*namespace, key.value, value.value)).or_default() += 1;
            }
        }
        let mut index = Self::default();
        for (at, selector) in selectors.iter().enumerate() {
            let Some((namespace, labels)) = *selector else { continue };
            let labels = labels.iter().map(|(key, value)| (namespace, key.value, value.value));
            match labels.min_by_key(|label| frequency[label]) {
                Some(rarest) => index.by_label.entry(rarest).or_insert_with(|| Vec::with_capacity(1)).push(at),
                None => index.of_all.entry(namespace).or_default().push(at),
            }
        }
        index
    }

    /// The positions of the selectors of `namespace` that may select a workload with these labels, in order.
    pub(super) fn candidates(&self, namespace: &str, labels: &Labels<'_>) -> Vec<usize> {
        let own = labels.iter().filter_map(|(key, value)| self.by_label.get(&(namespace, key.value, value.value)));
        let mut found: Vec<usize> = own.chain(self.of_all.get(namespace)).flatten().copied().collect();
        found.sort_unstable();
        found
    }
}
