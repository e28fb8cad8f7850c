//! URI templates, as in `/users/*/files/**` (Envoy 1.40 `source/extensions/path/uri_template_lib`).

use std::fmt;

use crate::format::quote_regex;

use super::matching::Regex;

#[derive(Debug)]
pub struct Template {
    text: String,
    regex: Regex,
}

/// What a segment may consist of.
const LETTERS: &str = "a-zA-Z0-9-._~%!$&'()+,;:@=";

impl Template {
    /// `*` is one segment, `**` any number; `{name}` is as `*`, and `{name=pattern}` as the pattern.
    pub fn new(text: &str) -> Self {
        let segments = split(text).into_iter().map(|segment| expression(&segment));
        Self { text: text.to_owned(), regex: Regex::new(&segments.collect::<Vec<_>>().join("/")) }
    }

    pub fn matches(&self, path: &str) -> bool {
        self.regex.matches(path)
    }
}

/// At slashes outside of braces.
fn split(text: &str) -> Vec<String> {
    let mut segments = vec![String::new()];
    let mut within = false;
    for letter in text.chars() {
        within = match letter {
            '{' => true,
            '}' => false,
            _ => within,
        };
        match segments.last_mut() {
            Some(last) if letter != '/' || within => last.push(letter),
            _ => segments.push(String::new()),
        }
    }
    segments
}

fn expression(segment: &str) -> String {
    match segment {
        "*" => format!("[{LETTERS}]+"),
        "**" => format!("[{LETTERS}/]*"),
        _ => match segment.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((variable, suffix)) => {
                let pattern = variable.split_once('=').map_or("*", |(_, pattern)| pattern);
                let pattern: Vec<_> = pattern.split('/').map(expression).collect();
                format!("({}){}", pattern.join("/"), quote_regex(suffix))
            }
            None => quote_regex(segment),
        },
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn templates_match_whole_paths() {
        let table = [
            ("/t/*/x/**", "/t/1/x/", true),
            ("/t/*/x/**", "/t/1/x/2/3", true),
            ("/t/*/x/**", "/t/1/2/x/3", false),
            ("/t/*/x/**", "/t//x/", false),
            ("/a.b/*", "/axb/1", false),
            ("/{a}/{b=x/*}/{c}.json", "/1/x/2/d.json", true),
            ("/{a}/{b=x/*}/{c}.json", "/1/y/2/d.json", false),
        ];
        for (template, path, expected) in table {
            assert_eq!(Template::new(template).matches(path), expected, "{template} {path}");
        }
    }
}
