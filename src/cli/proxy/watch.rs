//! Files that change while proxies run.
//!
//! Files are looked at twice a second, not watched by the operating system: editors replace files, mounts of containers
//! and network file systems tell of no changes, and watches run out. A look costs a call for each file.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::load::Problems;
use crate::cli::{Error, Fallible};
use crate::proxy::mesh::Lab;
use crate::source::{self, Stamps};

use super::scene::{self, Loaded};
use super::{Arguments, Words, tell};

const INTERVAL: Duration = Duration::from_millis(500);

/// Puts into force what can be, and tells of the rest. Does not end by itself.
pub(super) async fn run(arguments: &Arc<Arguments>, words: &Arc<Words>, problems: &Problems, lab: &mut Lab) {
    let mut known: BTreeSet<_> = problems.lines().map(|line| without_place(&line)).collect();
    let mut in_force = look(words).await;
    let mut last = in_force.clone();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = look(words).await;
        // A file that is being written is read when it rests.
        if now == in_force || now != last {
            last = now;
            continue;
        }
        in_force = now;
        match load(arguments, words).await {
            Ok(loaded) => change(lab, loaded, &mut known).await,
            Err(error) => keep(&error.to_string()),
        }
    }
}

async fn change(lab: &mut Lab, loaded: Loaded, known: &mut BTreeSet<String>) {
    let Loaded { scene, notes, problems } = loaded;
    let fresh: Vec<_> = problems.lines().filter(|line| !known.contains(&without_place(line))).collect();
    if !fresh.is_empty() {
        fresh.iter().for_each(|line| keep(line));
        return;
    }
    match lab.change(scene).await {
        Ok(executed) => {
            *known = problems.lines().map(|line| without_place(&line)).collect();
            notes.iter().for_each(|note| eprintln!("note: {note}"));
            tell(lab, &executed);
            eprintln!("changed: {} listeners are in force", lab.doors().len());
        }
        Err(problem) => keep(&problem.to_string()),
    }
}

fn keep(reason: &str) {
    eprintln!("unchanged, what was in force stays: {reason}");
}

/// `FILE:LINE:COLUMN: …`: what was wrong at the start may move.
fn without_place(line: &str) -> String {
    line.splitn(4, ':').nth(3).unwrap_or(line).to_owned()
}

async fn look(words: &Arc<Words>) -> Stamps {
    let words = Arc::clone(words);
    let paths = move || match &words.bootstrap {
        Some(path) => source::stamps(std::slice::from_ref(path)),
        None if words.paths.is_empty() => source::stamps(&[".".into()]),
        None => source::stamps(&words.paths),
    };
    // It fails only if it panics, and then nothing has been seen.
    tokio::task::spawn_blocking(paths).await.unwrap_or_default()
}

/// Not in the event loop, which serves meanwhile.
async fn load(arguments: &Arc<Arguments>, words: &Arc<Words>) -> Fallible<Loaded> {
    let (arguments, words) = (Arc::clone(arguments), Arc::clone(words));
    let loading = tokio::task::spawn_blocking(move || scene::load(&arguments, &words));
    loading.await.unwrap_or_else(|error| Err(Error::Usage(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::without_place;

    #[test]
    fn a_problem_is_the_same_in_another_line() {
        let text = |line: u32| format!("a.yaml:{line}:7: Gateway a/b is left out: no `servers`: none [schema]");
        assert_eq!(without_place(&text(3)), without_place(&text(4)));
        assert_eq!(without_place("a.yaml: no such file"), "a.yaml: no such file");
    }
}
