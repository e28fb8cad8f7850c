/// What every type has that is a checked text: the text, unchanged.
macro_rules! text_type {
    ($name:ident) => {
        impl<'a> $name<'a> {
            /// The text as it was written.
            pub fn as_str(self) -> &'a str {
                self.0
            }
        }

        impl std::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.0)
            }
        }
    };
}

pub(super) use text_type;

/// The message for a character that does not belong into a text of the kind `what`, such as `a header name`.
pub(super) fn misplaced(character: char, text: &str, what: &str) -> super::Reason {
    super::Reason::new(format!("`{}` cannot be in {what}, as in `{text}`", character.escape_debug()))
}

/// Fails with the first character of `text` that is not `allowed`.
pub(super) fn only(text: &str, what: &str, allowed: impl Fn(char) -> bool) -> Result<(), super::Reason> {
    match text.chars().find(|&character| !allowed(character)) {
        Some(character) => Err(misplaced(character, text, what)),
        None => Ok(()),
    }
}
