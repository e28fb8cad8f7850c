/// A regular expression for exactly this text. Which characters get a backslash is as in Go's `regexp.QuoteMeta`.
pub fn quote_regex(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}
