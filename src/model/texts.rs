use std::cell::{Cell, OnceCell};

/// Texts that no source holds, kept for the values that are made from them.
#[derive(Default)]
pub struct Texts {
    first: Link,
}

/// A chain of texts. What is in it never moves, so that it can be added to while it is used.
#[derive(Default)]
struct Link {
    text: String,
    next: OnceCell<Box<Link>>,
}

/// Adds to [`Texts`]. One text has one writer.
pub struct TextWriter<'t> {
    last: Cell<&'t Link>,
}

impl Texts {
    pub fn writer(&self) -> TextWriter<'_> {
        TextWriter { last: Cell::new(&self.first) }
    }
}

impl<'t> TextWriter<'t> {
    pub fn keep(&self, text: String) -> &'t str {
        let mut link = self.last.get();
        while let Some(next) = link.next.get() {
            link = next;
        }
        let new = link.next.get_or_init(|| Box::new(Link { text, next: OnceCell::new() }));
        self.last.set(new);
        &new.text
    }
}

/// Link by link: a chain may be longer than the stack is deep.
impl Drop for Texts {
    fn drop(&mut self) {
        let mut next = self.first.next.take();
        while let Some(mut link) = next {
            next = link.next.take();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_where_they_are() {
        let texts = Texts::default();
        let writer = texts.writer();
        let kept: Vec<_> = (0..200_000).map(|number| writer.keep(number.to_string())).collect();
        assert_eq!(kept[199_999], "199999");
        assert_eq!(kept[0], "0");
    }
}
