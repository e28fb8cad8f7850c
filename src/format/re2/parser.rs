//! The syntax of RE2 as `re2/parse.cc` reads it with its default options, construct by construct, into the intermediate
//! form of the crate regex-syntax. What means the same to both libraries needs no translation this way, and what does not
//! (`\d`, `[a&&b]`, `\Q…\E`, …) has no way to slip through.

use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, Dot, Hir, Look, Repetition};

use super::class::{add_range, ascii, folded, negated, perl, unicode};
use crate::format::Reason;

/// What a pattern is after reading.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// The number of groups that capture, without the whole match.
    pub(super) groups: u32,
    /// What of it Go's regexp does not know, and istiod refuses for that.
    pub(super) beyond_go: Option<Reason>,
    /// How many groups are within each other.
    pub(super) depth: usize,
}

pub(super) fn parse(pattern: &str) -> Result<Parsed, Reason> {
    let mut parser = Parser {
        pattern,
        rest: pattern,
        flags: Flags::default(),
        groups: vec![Group::default()],
        names: Vec::new(),
        captures: 0,
        beyond_go: None,
        depth: 0,
    };
    parser.pattern()?;
    Ok(Parsed {
        hir: parser.groups.pop().map_or_else(Hir::empty, |group| group.close().hir),
        groups: parser.captures,
        beyond_go: parser.beyond_go,
        depth: parser.depth,
    })
}

/// The largest number in `{…}`, and the largest product of such numbers around each other.
const MOST_REPETITIONS: u32 = 1000;

/// Go's limit for parentheses within each other. RE2 has none.
const DEEPEST: usize = 1000;

#[derive(Clone, Copy, Default)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_matches_newline: bool,
    lazy: bool,
}

/// A part of the pattern, with the largest product of the counts within it.
struct Part {
    hir: Hir,
    repetitions: u32,
}

impl Part {
    fn new(hir: Hir) -> Self {
        Self { hir, repetitions: 1 }
    }
}

/// A group that is still open, or the whole pattern.
#[derive(Default)]
struct Group {
    /// What holds again after the group.
    flags: Flags,
    /// The number, if the group captures. Names are of no use to Istio or Envoy, and RE2 lets two groups share one.
    capture: Option<u32>,
    alternatives: Vec<Part>,
    sequence: Vec<Part>,
}

impl Group {
    fn end_alternative(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        self.alternatives.push(join(sequence, Hir::concat));
    }

    fn close(mut self) -> Part {
        self.end_alternative();
        let part = join(self.alternatives, Hir::alternation);
        match self.capture {
            Some(index) => {
                let capture = Capture { index, name: None, sub: Box::new(part.hir) };
                Part { hir: Hir::capture(capture), ..part }
            }
            None => part,
        }
    }
}

fn join(parts: Vec<Part>, how: fn(Vec<Hir>) -> Hir) -> Part {
    let repetitions = parts.iter().map(|part| part.repetitions).max().unwrap_or(1);
    Part { hir: how(parts.into_iter().map(|part| part.hir).collect()), repetitions }
}

struct Parser<'p> {
    pattern: &'p str,
    /// What is not read yet.
    rest: &'p str,
    flags: Flags,
    /// The whole pattern, and the groups open at this place.
    groups: Vec<Group>,
    names: Vec<&'p str>,
    captures: u32,
    beyond_go: Option<Reason>,
    depth: usize,
}

impl<'p> Parser<'p> {
    fn pattern(&mut self) -> Result<(), Reason> {
        // A repetition cannot follow a repetition.
        let mut repeated = None;
        while let Some(next) = self.rest.chars().next() {
            let start = self.rest;
            repeated = match next {
                '*' | '+' | '?' | '{' => match self.repetition()? {
                    Some(counts) => {
                        self.repeat(counts, start, repeated)?;
                        Some(start)
                    }
                    None => {
                        self.take_literal();
                        None
                    }
                },
                _ => {
                    self.atom(next)?;
                    None
                }
            };
        }
        match self.groups.len() {
            1 => Ok(()),
            _ => Err(self.wrong("has a `(` that is not closed")),
        }
    }

    /// Anything but a repetition.
    fn atom(&mut self, next: char) -> Result<(), Reason> {
        match next {
            '(' => return self.open(),
            ')' => return self.close(),
            '|' => {
                self.skip(1);
                self.group().end_alternative();
            }
            '^' => self.look(1, if self.flags.multi_line { Look::StartLF } else { Look::Start }),
            '$' => self.look(1, if self.flags.multi_line { Look::EndLF } else { Look::End }),
            '.' => {
                let dot = if self.flags.dot_matches_newline { Dot::AnyChar } else { Dot::AnyCharExceptLF };
                self.skip(1);
                self.push(Hir::dot(dot));
            }
            '[' => {
                let class = self.class()?;
                self.push_class(class);
            }
            '\\' => return self.backslash(),
            _ => self.take_literal(),
        }
        Ok(())
    }

    fn backslash(&mut self) -> Result<(), Reason> {
        match self.rest[1..].chars().next() {
            Some('b') => self.look(2, Look::WordAscii),
            Some('B') => self.look(2, Look::WordAsciiNegate),
            Some('A') => self.look(2, Look::Start),
            Some('z') => self.look(2, Look::End),
            Some('C') => {
                self.beyond_go = Some(self.wrong("uses `\\C`, which Envoy knows and istiod refuses"));
                self.skip(2);
                self.push(Hir::class(Class::Bytes(ClassBytes::new([ClassBytesRange::new(0, 255)]))));
            }
            Some('Q') => self.quoted(),
            _ => match self.class_escape()? {
                Some(class) => self.push_class(class),
                None => {
                    let literal = self.escape()?;
                    self.push_literal(literal);
                }
            },
        }
        Ok(())
    }

    /// `\Q…\E`, where everything is meant literally and the end may be missing.
    fn quoted(&mut self) {
        self.skip(2);
        let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        for character in text.chars() {
            self.push_literal(character.into());
        }
        self.rest = rest;
    }

    // Groups

    fn group(&mut self) -> &mut Group {
        let last = self.groups.len() - 1;
        &mut self.groups[last]
    }

    fn open(&mut self) -> Result<(), Reason> {
        match self.rest.strip_prefix("(?") {
            Some(special)
                if special.starts_with(['=', '!']) || special.starts_with("<=") || special.starts_with("<!") =>
            {
                Err(self.wrong("looks ahead or behind, which RE2 cannot do"))
            }
            Some(special) if special.starts_with('<') => self.open_named(1),
            Some(special) if special.starts_with("P<") => self.open_named(2),
            Some(_) => self.flags(),
            None => {
                self.skip(1);
                self.open_capture()
            }
        }
    }

    /// `(?P<name>` and `(?<name>`; `prefix` is what stands between `?` and the name.
    fn open_named(&mut self, prefix: usize) -> Result<(), Reason> {
        self.skip("(?".len() + prefix);
        let Some((name, rest)) = self.rest.split_once('>') else {
            return Err(self.wrong("has a group whose name is not closed by `>`"));
        };
        if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_alphanumeric()) {
            return Err(self.wrong(&format!("has a group with the name `{name}`, which is not a word")));
        }
        if !name.is_ascii() {
            self.beyond_go = Some(self.wrong(&format!("has a group with the name `{name}`, which istiod refuses")));
        }
        if self.names.contains(&name) {
            self.beyond_go = Some(self.wrong(&format!("has two groups with the name `{name}`, which istiod refuses")));
        }
        self.names.push(name);
        self.rest = rest;
        self.open_capture()
    }

    fn open_capture(&mut self) -> Result<(), Reason> {
        self.captures += 1;
        self.push_group(Group { flags: self.flags, capture: Some(self.captures), ..Group::default() })
    }

    fn push_group(&mut self, group: Group) -> Result<(), Reason> {
        self.groups.push(group);
        self.depth = self.depth.max(self.groups.len() - 1);
        match self.depth {
            ..=DEEPEST => Ok(()),
            _ => Err(self.wrong(&format!("has more than {DEEPEST} groups within each other"))),
        }
    }

    /// `(?flags)`, for the rest of the group, or `(?flags:` for a group of its own.
    fn flags(&mut self) -> Result<(), Reason> {
        let start = self.rest;
        self.skip("(?".len());
        let mut flags = self.flags;
        let (mut on, mut empty) = (true, false);
        while let Some(letter) = self.rest.chars().next() {
            self.skip(letter.len_utf8());
            let flag = match letter {
                'i' => &mut flags.fold_case,
                'm' => &mut flags.multi_line,
                's' => &mut flags.dot_matches_newline,
                'U' => &mut flags.lazy,
                '-' if on => {
                    (on, empty) = (false, true);
                    continue;
                }
                ')' if !empty => {
                    self.flags = flags;
                    return Ok(());
                }
                ':' if !empty => {
                    let outer = std::mem::replace(&mut self.flags, flags);
                    return self.push_group(Group { flags: outer, ..Group::default() });
                }
                _ => break,
            };
            (*flag, empty) = (on, false);
        }
        let read = &start[..start.len() - self.rest.len()];
        Err(self.wrong(&format!("has `{read}`, which RE2 does not know")))
    }

    fn close(&mut self) -> Result<(), Reason> {
        if self.groups.len() == 1 {
            return Err(self.wrong("has a `)` without a `(`").help("write `\\)` for a parenthesis"));
        }
        self.skip(1);
        if let Some(group) = self.groups.pop() {
            self.flags = group.flags;
            self.group().sequence.push(group.close());
        }
        Ok(())
    }

    // Repetitions

    /// The counts at this place, or nothing if there is a `{` that stands for itself.
    fn repetition(&mut self) -> Result<Option<(u32, Option<u32>)>, Reason> {
        let counts = match self.rest.as_bytes()[0] {
            b'*' => (0, None),
            b'+' => (1, None),
            b'?' => (0, Some(1)),
            _ => {
                let Some((counts, rest)) = counts(self.rest) else { return Ok(None) };
                self.rest = rest;
                return Ok(Some(counts));
            }
        };
        self.skip(1);
        Ok(Some(counts))
    }

    /// Repeats the last part; `start` is the pattern from the operator on, `before` from the one just before it.
    fn repeat(&mut self, (min, max): (u32, Option<u32>), start: &str, before: Option<&str>) -> Result<(), Reason> {
        let lazy = self.rest.starts_with('?');
        self.skip(lazy.into());
        let operator = |start: &'_ str, rest: &str| start[..start.len() - rest.len()].to_owned();
        if let Some(before) = before {
            let both = operator(before, self.rest);
            return Err(self
                .wrong(&format!("repeats a repetition with `{both}`"))
                .help("put the first one into `(?:…)`"));
        }
        let operator = operator(start, self.rest);
        if max.is_some_and(|max| max < min) || max.unwrap_or(min) > MOST_REPETITIONS {
            let help = format!("the counts go up to {MOST_REPETITIONS}, the smaller one first");
            return Err(self.wrong(&format!("has the repetition `{operator}`, which is not legal")).help(help));
        }
        let Some(part) = self.group().sequence.pop() else {
            let reason = self.wrong(&format!("has a `{operator}` with nothing to repeat"));
            return Err(if operator == "*" { reason.help("write `.*` for any text") } else { reason });
        };
        let repetitions = part.repetitions * max.unwrap_or(min).max(1);
        if repetitions > MOST_REPETITIONS && (min >= 2 || max.is_some_and(|max| max >= 2)) {
            return Err(self.wrong(&format!("repeats a part more than {MOST_REPETITIONS} times with `{operator}`")));
        }
        let greedy = lazy == self.flags.lazy;
        let hir = Hir::repetition(Repetition { min, max, greedy, sub: Box::new(part.hir) });
        self.group().sequence.push(Part { hir, repetitions });
        Ok(())
    }

    // Characters and classes

    /// The class at `[`.
    fn class(&mut self) -> Result<ClassUnicode, Reason> {
        self.skip(1);
        let negate = self.rest.starts_with('^');
        self.skip(negate.into());
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while !self.rest.is_empty() && (first || !self.rest.starts_with(']')) {
            first = false;
            match self.named_class()? {
                Some(named) => class.union(&named),
                None => class.union(&self.range()?),
            }
        }
        if self.rest.is_empty() {
            return Err(self.wrong("has a `[` that is not closed"));
        }
        self.skip(1);
        Ok(negated(class, negate))
    }

    /// `[:name:]` or an escaped class, within brackets.
    fn named_class(&mut self) -> Result<Option<ClassUnicode>, Reason> {
        let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
            return self.class_escape();
        };
        let (negate, bare) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
        let Some(class) = ascii(bare) else {
            return Err(self.wrong(&format!("has the class `[:{name}:]`, which RE2 does not know")));
        };
        self.rest = rest;
        Ok(Some(negated(folded(class, self.flags.fold_case), negate)))
    }

    /// `\d`, `\pL` and the like, in brackets or out of them.
    fn class_escape(&mut self) -> Result<Option<ClassUnicode>, Reason> {
        let mut characters = self.rest.chars();
        let (Some('\\'), Some(letter)) = (characters.next(), characters.next()) else { return Ok(None) };
        let negate = letter.is_ascii_uppercase();
        let class = match letter {
            'p' | 'P' => return self.unicode_class(negate).map(Some),
            _ => perl(letter.to_ascii_lowercase()),
        };
        Ok(class.map(|class| {
            self.skip(2);
            negated(folded(class, self.flags.fold_case), negate)
        }))
    }

    fn unicode_class(&mut self, negate: bool) -> Result<ClassUnicode, Reason> {
        let after = &self.rest[2..];
        let name = match after.strip_prefix('{') {
            Some(braced) => braced.split_once('}').map(|(name, _)| name),
            None => after.chars().next().map(|letter| &after[..letter.len_utf8()]),
        };
        let Some(name) = name else { return Err(self.wrong("has a `\\p` without a name")) };
        let (invert, bare) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
        let Some(class) = unicode(bare) else {
            let help = "RE2 knows the short names of categories, such as `\\pL`, and of scripts, such as `\\p{Greek}`";
            return Err(self.wrong(&format!("has the class `\\p{{{name}}}`, which RE2 does not know")).help(help));
        };
        let braces = if after.starts_with('{') { 2 } else { 0 };
        self.skip(2 + name.len() + braces);
        Ok(negated(folded(class, self.flags.fold_case), negate != invert))
    }

    /// A character within brackets, or two with `-` between them.
    fn range(&mut self) -> Result<ClassUnicode, Reason> {
        let start = self.rest;
        let low = self.class_character()?;
        let mut high = low;
        if self.rest.starts_with('-') && self.rest.len() > 1 && !self.rest.starts_with("-]") {
            self.skip(1);
            high = self.class_character()?;
        }
        if high < low {
            let range = &start[..start.len() - self.rest.len()];
            return Err(self.wrong(&format!("has the range `{range}`, which ends before it starts")));
        }
        let mut class = ClassUnicode::empty();
        add_range(&mut class, low, high);
        Ok(folded(class, self.flags.fold_case))
    }

    fn class_character(&mut self) -> Result<u32, Reason> {
        match self.rest.chars().next() {
            None => Err(self.wrong("has a `[` that is not closed")),
            Some('\\') => self.escape(),
            Some(character) => {
                self.skip(character.len_utf8());
                Ok(character.into())
            }
        }
    }

    /// The code point that a backslash and what follows stand for.
    fn escape(&mut self) -> Result<u32, Reason> {
        let start = self.rest;
        self.skip(1);
        let Some(letter) = self.rest.chars().next() else {
            return Err(self.wrong("ends in a backslash").help("write `\\\\` for a backslash"));
        };
        self.skip(letter.len_utf8());
        let code = match letter {
            '0'..='7' => self.octal(letter),
            'x' => self.hexadecimal(),
            'n' => Some(0x0A),
            'r' => Some(0x0D),
            't' => Some(0x09),
            'a' => Some(0x07),
            'f' => Some(0x0C),
            'v' => Some(0x0B),
            _ if letter.is_ascii() && !letter.is_ascii_alphanumeric() => Some(letter.into()),
            _ => None,
        };
        code.ok_or_else(|| {
            let escape = &start[..start.len() - self.rest.len()];
            let reason = self.wrong(&format!("has the escape `{escape}`, which RE2 does not know"));
            match letter {
                '1'..='9' => reason.help("RE2 cannot refer back to a group"),
                'Z' => reason.help("write `\\z` for the end of the text"),
                'u' => reason.help("write `\\x{…}` for a code point"),
                _ => reason,
            }
        })
    }

    /// Up to three octal digits. A single one that is not `0` would be a reference to a group.
    fn octal(&mut self, first: char) -> Option<u32> {
        let more = self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
        if more == 0 && first != '0' {
            return None;
        }
        let digits = &self.rest[..more];
        self.skip(more);
        u32::from_str_radix(&format!("{first}{digits}"), 8).ok()
    }

    /// Two hexadecimal digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Option<u32> {
        let (digits, length) = match self.rest.strip_prefix('{') {
            Some(braced) => braced.split_once('}').map(|(digits, _)| (digits, digits.len() + 2))?,
            None => (self.rest.get(..2)?, 2),
        };
        // `from_str_radix` would take a sign.
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let significant = digits.trim_start_matches('0');
        let code = if significant.is_empty() { Some(0) } else { u32::from_str_radix(significant, 16).ok() };
        let code = code.filter(|&code| plain && code <= char::MAX.into())?;
        self.skip(length);
        Some(code)
    }

    // What is read

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    fn push(&mut self, hir: Hir) {
        self.group().sequence.push(Part::new(hir));
    }

    fn look(&mut self, length: usize, look: Look) {
        self.skip(length);
        self.push(Hir::look(look));
    }

    fn push_class(&mut self, class: ClassUnicode) {
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn take_literal(&mut self) {
        let mut rest = self.rest.chars();
        if let Some(character) = rest.next() {
            self.rest = rest.as_str();
            self.push_literal(character.into());
        }
    }

    fn push_literal(&mut self, code: u32) {
        let mut class = ClassUnicode::empty();
        add_range(&mut class, code, code);
        self.push_class(folded(class, self.flags.fold_case));
    }

    fn wrong(&self, what: &str) -> Reason {
        Reason::new(format!("the regular expression `{}` {what}", self.pattern))
    }
}

/// The counts of `{2}`, `{2,}` or `{2,3}`, and what follows. Anything else is not a repetition, and neither is a number
/// with a leading zero or of more than nine digits.
fn counts(text: &str) -> Option<((u32, Option<u32>), &str)> {
    let (counts, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let legal = digits && text.len() <= 9 && (text == "0" || !text.starts_with('0'));
        text.parse().ok().filter(|_| legal)
    };
    let counts = match counts.split_once(',') {
        None => (number(counts)?, Some(number(counts)?)),
        Some((min, "")) => (number(min)?, None),
        Some((min, max)) => (number(min)?, Some(number(max)?)),
    };
    Some((counts, rest))
}
