//! Templates of Helm and other tools that write `{{ action }}`. They are no YAML before they are rendered, while values of
//! Argo, Prometheus or Envoy may hold braces rightly.

use std::path::Path;

/// Whether the file is among the templates of a chart.
pub(super) fn in_chart(path: &Path) -> bool {
    let mut folders = path.ancestors().skip(1);
    folders.any(|folder| {
        let chart = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == "templates"));
        chart.is_some_and(|chart| chart.join("Chart.yaml").is_file())
    })
}

/// Whether an action stands where YAML has none: at the start of a line or of a value, unquoted and outside of block
/// scalars. YAML would read a mapping whose key is a mapping.
pub(super) fn has_actions(text: &str) -> bool {
    // The indentation of the key or item that the present block scalar belongs to.
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let content = line.trim_start();
        let indentation = line.len() - content.len();
        if content.is_empty() || block.is_some_and(|outer| indentation > outer) {
            continue;
        }
        let item = content.trim_start_matches("- ").trim_start();
        block = begins_block(item).then_some(line.len() - item.len());
        if value(item).starts_with("{{") {
            return true;
        }
    }
    false
}

/// What stands behind the key of a line.
fn value(item: &str) -> &str {
    if item.starts_with(['#', '"', '\'', '{']) {
        return item;
    }
    item.split_once(": ").map_or(item, |(_, value)| value.trim_start())
}

/// Whether `|` or `>`, with indicators and a comment, ends the line.
fn begins_block(item: &str) -> bool {
    let value = item.split(" #").next().unwrap_or_default().trim_end();
    let value = value.trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
    value.strip_suffix(['|', '>']).is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_from_braces_in_values() {
        for (text, expected) in [
            ("{{- if .Values.a }}\na: 1\n{{- end }}\n", true),
            ("a:\n  {{ toYaml .Values.a }}\n", true),
            ("a: {{ .Values.a }}\n", true),
            ("- - name: {{ .Release.Name }}\n", true),
            ("- {{ . }}\n", true),
            ("a: \"{{ .Values.a }}\"\n", false),
            ("a: x-{{item}}\n", false),
            ("# {{ comment }}\n", false),
            ("a: |\n  {{ .Message }}\nb: 1\n", false),
            ("a: >-  # c\n\n  x\n  {{ .Message }}\n", false),
            ("- a: |\n    x\n  b: {{ .Values.b }}\n", true),
            ("- |2\n   {{ .Message }}\n", false),
            ("a: |\n  x\nb: {{ .Values.b }}\n", true),
            ("{\"a\": {\"b\": {}}}\n", false),
            ("a: {b: {c: 1}}\n", false),
        ] {
            assert_eq!(has_actions(text), expected, "{text}");
        }
    }
}
