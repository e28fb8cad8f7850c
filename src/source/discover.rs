//! From the paths that the user named to texts.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ignore::WalkBuilder;
use memchr::memmem;
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::template;
use super::text::{Source, Sources};

/// The path that means standard input.
const STDIN: &str = "-";
const STDIN_NAME: &str = "<stdin>";
/// Bytes of a file that is read. What is larger is no manifest.
const LONGEST: u64 = 1 << 29;
/// Files in folders that are not read, in the syntax of `.gitignore`.
const IGNORE_FILE: &str = ".meshlintignore";

/// What was found under the paths of the user.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: Sources,
    pub errors: Vec<ReadError>,
    /// The names of files that are templates of Helm or alike. They are no YAML before they are rendered.
    pub templates: Vec<String>,
}

/// A file or folder that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// As the user wrote it, or as found below what the user wrote.
    pub name: String,
    pub reason: String,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

impl std::error::Error for ReadError {}

/// Reads files and, with all that is below them, folders; `-` is standard input. The sources have the order of `paths`,
/// those of a folder are sorted. What is named twice is read once. Sources that only `context` names come first, so that
/// of equal objects the checked one counts, and are marked as such ([`Source::is_context`]). Files that are excluded are
/// not read, even if they are named.
///
/// In folders only `.yaml`, `.yml` and `.json` files count, and neither hidden files nor those that `.gitignore` or
/// `.meshlintignore` name. Links to files are followed, links to folders are not.
pub fn load(paths: &[PathBuf], context: &[PathBuf], is_excluded: impl Fn(&Path) -> bool) -> Loaded {
    let mut loaded = Loaded::default();
    let mut seen = HashSet::new();
    let mut files = |paths, is_context| {
        let mut files = files(paths, &mut loaded.errors);
        files.retain(|path| !is_excluded(path) && seen.insert(identity(path)));
        files.into_iter().map(move |path| (path, is_context)).collect::<Vec<_>>()
    };
    let checked = files(paths, false);
    let files: Vec<_> = files(context, true).into_iter().chain(checked).collect();

    let read = |(path, is_context): &(PathBuf, bool)| {
        let source = read(path)?;
        let source = if *is_context { source.as_context() } else { source };
        Ok((is_template(path, &source), source))
    };
    let sources: Vec<_> = files.par_iter().map(read).collect();
    for source in sources {
        match source {
            Ok((true, source)) => loaded.templates.push(source.name().to_owned()),
            Ok((false, source)) => drop(loaded.sources.add(source)),
            Err(error) => loaded.errors.push(error),
        }
    }
    loaded
}

/// The files that [`load`] would read, with what tells that one has changed: time and length; `None` for one that is gone.
pub type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// What to compare later. Standard input does not change.
pub fn stamps(paths: &[PathBuf]) -> Stamps {
    let stamp = |path: &Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    let files = files(paths, &mut Vec::new()).into_iter().filter(|path| !is_stdin(path));
    files.map(|path| (path.clone(), stamp(&path))).collect()
}

/// The files of `paths` and those below them.
fn files(paths: &[PathBuf], errors: &mut Vec<ReadError>) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() { walk(path, &mut files, errors) } else { files.push(path.clone()) }
    }
    files
}

/// Reads one file, or standard input if `path` is `-`.
pub fn read(path: &Path) -> Result<Source, ReadError> {
    let name = name(path);
    match bytes(path).map_err(|error| reason(&error)).and_then(text) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(reason) => Err(ReadError { name, reason }),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, errors: &mut Vec<ReadError>) {
    let walk = WalkBuilder::new(folder)
        .require_git(false)
        .git_global(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .sort_by_file_path(Path::cmp)
        .build();
    for entry in walk {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| !kind.is_dir()) && is_manifest(entry.path()) => {
                let path = entry.into_path();
                // A link to a folder or a pipe is passed over; a link to nothing is an error, told when it is read.
                if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
                    continue;
                }
                files.push(path);
            }
            Ok(_) => {}
            Err(error) => errors.push(walk_error(folder, &error)),
        }
    }
}

fn walk_error(folder: &Path, error: &ignore::Error) -> ReadError {
    let (mut path, mut inner) = (folder, error);
    loop {
        inner = match inner {
            ignore::Error::WithPath { path: at, err } => {
                path = at;
                err
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => err,
            _ => break,
        };
    }
    let reason = inner.io_error().map_or_else(|| inner.to_string(), reason);
    ReadError { name: name(path), reason }
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// What is the same for two names of one file.
fn identity(path: &Path) -> PathBuf {
    if is_stdin(path) { PathBuf::from(STDIN) } else { fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()) }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN) || path == Path::new("/dev/stdin")
}

fn name(path: &Path) -> String {
    match is_stdin(path) {
        true => STDIN_NAME.to_owned(),
        false => path.strip_prefix(".").unwrap_or(path).display().to_string(),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if is_stdin(path) {
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let metadata = fs::metadata(path)?;
    // A pipe without a writer would block for ever. The shell's `<(command)` has one.
    if !metadata.is_file() && !path.starts_with("/dev/fd") {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "neither a file nor a folder"));
    }
    if metadata.len() > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 512 MiB"));
    }
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        return Err("encoded as UTF-16; save it as UTF-8, which is what Kubernetes reads".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        format!("not encoded as UTF-8: byte 0x{:02X} in line {line}, at offset {at}", bytes[at])
    })
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

fn is_template(path: &Path, source: &Source) -> bool {
    memmem::find(source.text().as_bytes(), b"{{").is_some()
        && (template::in_chart(path) || template::has_actions(source.text()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn load(paths: &[PathBuf]) -> Loaded {
        super::load(paths, &[], |_| false)
    }

    fn names(loaded: &Loaded, folder: &Path) -> Vec<String> {
        let prefix = format!("{}/", folder.display());
        loaded.sources.iter().map(|(_, source)| source.name().replace(&prefix, "")).collect()
    }

    #[test]
    fn folders_are_read_sorted_and_without_what_is_ignored() {
        let folder = folder(&[
            ("b/x.YML", "b"),
            ("a.yaml", "a"),
            ("a.json", "{}"),
            ("notes.md", "-"),
            (".hidden/x.yaml", "-"),
            ("out/x.yaml", "-"),
            ("b/old.yaml", "-"),
            (".gitignore", "out/\n"),
            ("b/.meshlintignore", "old.*\n"),
        ]);
        let loaded = load(&[folder.path().to_owned()]);
        assert_eq!(names(&loaded, folder.path()), ["a.json", "a.yaml", "b/x.YML"]);
        assert_eq!(loaded.errors, []);
    }

    #[test]
    fn stamps_tell_what_changes() {
        let folder = folder(&[("a.yaml", "a"), ("notes.md", "-")]);
        let stamps = || super::stamps(&[folder.path().to_owned()]);
        let first = stamps();
        assert_eq!((first.len(), &first), (1, &stamps()));
        fs::write(folder.path().join("notes.md"), "other").unwrap();
        assert_eq!(first, stamps());
        fs::write(folder.path().join("a.yaml"), "longer").unwrap();
        assert_ne!(first, stamps());
        fs::write(folder.path().join("b.yaml"), "b").unwrap();
        assert_eq!(stamps().len(), 2);
    }

    #[test]
    fn what_is_named_counts_and_counts_once() {
        let folder = folder(&[("a.yaml", "a"), ("notes.txt", "n"), (".hidden.yaml", "h")]);
        let path = |name| folder.path().join(name);
        let paths =
            [path("notes.txt"), path(".hidden.yaml"), path("a.yaml"), folder.path().to_owned(), path("./a.yaml")];
        let loaded = load(&paths);
        assert_eq!(names(&loaded, folder.path()), ["notes.txt", ".hidden.yaml", "a.yaml"]);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_read() {
        let folder = folder(&[("a.yaml", "a"), ("b.yaml", "")]);
        fs::write(folder.path().join("latin1.yaml"), b"a: 1\nb: caf\xE9\n").unwrap();
        fs::write(folder.path().join("utf16.yaml"), b"\xFF\xFEa\0").unwrap();
        let loaded = load(&[folder.path().to_owned(), folder.path().join("missing.yaml")]);
        assert_eq!(names(&loaded, folder.path()), ["a.yaml", "b.yaml"]);
        let reasons: Vec<_> = loaded.errors.iter().map(|error| error.reason.as_str()).collect();
        assert_eq!(
            reasons,
            [
                "not encoded as UTF-8: byte 0xE9 in line 2, at offset 11",
                "encoded as UTF-16; save it as UTF-8, which is what Kubernetes reads",
                "no such file or folder",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_cannot_hang_the_reading() {
        use std::os::unix::fs::symlink;

        let folder = folder(&[("a.yaml", "a"), ("real/b.yaml", "b")]);
        let path = |name| folder.path().join(name);
        symlink(folder.path(), path("loop")).unwrap();
        symlink(path("self.yaml"), path("self.yaml")).unwrap();
        symlink(path("real/b.yaml"), path("c.yaml")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("pipe.yaml")).status();
        let loaded = load(&[folder.path().to_owned()]);
        assert_eq!(names(&loaded, folder.path()), ["a.yaml", "c.yaml"]);
        assert_eq!(loaded.errors.len(), 1, "the link to itself: {:?}", loaded.errors);
        if made.is_ok_and(|status| status.success()) {
            let loaded = load(&[path("pipe.yaml")]);
            assert_eq!(loaded.errors[0].reason, "neither a file nor a folder");
        }
    }

    #[test]
    fn templates_are_set_aside() {
        let folder = folder(&[
            ("chart/Chart.yaml", "name: c\n"),
            ("chart/templates/a.yaml", "a: x-{{ .Values.a }}\n"),
            ("chart/templates/plain.yaml", "a: 1\n"),
            ("b.yaml", "a: {{ .Values.a }}\n"),
            ("c.yaml", "a: x-{{item}}\n"),
        ]);
        let loaded = load(&[folder.path().to_owned()]);
        assert_eq!(names(&loaded, folder.path()), ["c.yaml", "chart/Chart.yaml", "chart/templates/plain.yaml"]);
        assert_eq!(loaded.templates.len(), 2);
    }

    #[test]
    fn context_is_what_is_not_checked() {
        let folder = folder(&[("a.yaml", "a"), ("b.yaml", "b"), ("c.yaml", "c")]);
        let (all, checked) = ([folder.path().to_owned()], [folder.path().join("b.yaml")]);
        let loaded = super::load(&checked, &all, |path| path.ends_with("c.yaml"));
        assert_eq!(names(&loaded, folder.path()), ["a.yaml", "b.yaml"]);
        let context: Vec<_> = loaded.sources.iter().map(|(_, source)| source.is_context()).collect();
        assert_eq!(context, [true, false]);
    }
}
