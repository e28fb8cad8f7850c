use crate::mesh::Mesh;
use crate::model::virtual_service::{HttpMatchRequest, VirtualService};
use crate::model::{Object, Str};
use crate::rules::Report;

/// Between letters of a host, `.` is meant to be a dot.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for regex in service.spec.http.iter().flat_map(|http| &http.r#match).flat_map(host_regexes) {
        let Some(other) = other_host(regex.value) else { continue };
        report
            .at(&service.meta, regex.at, format!("`.` in `{}` stands for any character", regex.value))
            .label(format!("`{other}` is matched, too"))
            .help("write `\\.` for a dot");
    }
}

fn host_regexes<'m>(request: &HttpMatchRequest<'m>) -> impl Iterator<Item = Str<'m>> {
    let is_host = |name: &str| name.eq_ignore_ascii_case("host") || name == ":authority";
    let headers = request.headers.iter().filter(move |(name, _)| is_host(name.value)).map(|(_, text)| text);
    request.authority.as_deref().into_iter().chain(headers).filter_map(|text| text.regex)
}

/// The expression with the first such dot replaced, which shows what else comes in.
fn other_host(regex: &str) -> Option<String> {
    let bytes = regex.as_bytes();
    let plain = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let is_escaped = |at: usize| at >= 2 && bytes[at - 2] == b'\\';
    let mut in_class = false;
    for (at, byte) in regex.bytes().enumerate() {
        match byte {
            b'[' => in_class = true,
            b']' => in_class = false,
            b'.' if !in_class && at > 0 && plain(at - 1) && plain(at + 1) && !is_escaped(at) => {
                return Some(format!("{}x{}", &regex[..at], &regex[at + 1..]));
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::other_host;

    #[test]
    fn dots_between_letters() {
        let table = [
            ("shop.example.com", Some("shopxexample.com")),
            (r"shop\.example.com", Some(r"shop\.examplexcom")),
            (r"shop\.example\.com", None),
            (r".*\.example\.com", None),
            (r"[^.]+\.example\.com", None),
            (r"[a.b]\.com", None),
            (r"\d.com", None),
            ("a.*b.+", None),
            ("", None),
        ];
        for (regex, expected) in table {
            assert_eq!(other_host(regex).as_deref(), expected, "{regex}");
        }
    }
}
