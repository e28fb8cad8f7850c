/// Whether a part of `text` is still to be filled in by another program: `${NAME}` (envsubst, Flux), `$(NAME)` (kustomize)
/// or `{{ … }}` (Helm, Jinja). What such a text will say is not known.
pub fn has_placeholder(text: &str) -> bool {
    // Most texts have nothing of the kind.
    text.bytes().any(|byte| matches!(byte, b'$' | b'{'))
        && [("${", "}"), ("$(", ")"), ("{{", "}}")].iter().any(|(open, close)| {
            text.split_once(open).is_some_and(|(_, after)| after.find(close).is_some_and(|end| end > 0))
        })
}

#[cfg(test)]
mod tests {
    use super::has_placeholder;

    #[test]
    fn placeholders_of_other_programs() {
        let table = [
            ("${HOST}.example.com", true),
            ("$(HOST_IP):9411", true),
            ("{{ .Values.host }}", true),
            ("plain.example.com", false),
            ("^/a$", false),
            ("${", false),
            ("/a/{*}", false),
            ("a{2}{3}", false),
        ];
        for (text, expected) in table {
            assert_eq!(has_placeholder(text), expected, "{text}");
        }
    }
}
