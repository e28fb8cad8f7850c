use std::str::Chars;

use super::Reason;

/// An expression in the Common Expression Language, as istiod and Envoy read it in the filters of access logs.
///
/// The grammar is that of the language definition (google/cel-spec, `doc/langdef.md`), with the checks that its parsers
/// make besides: macros have the arguments that they need, reserved words are no names, numbers fit their type. What
/// names and types mean is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CelExpression {
    functions: Vec<String>,
}

/// The functions that Envoy 1.40 has, found by asking it: the builtins of cel-cpp and its regular expressions, without
/// conversions to strings. Macros over lists (`all`, `map`, …) are switched off (source/extensions/filters/common/expr).
#[rustfmt::skip]
const KNOWN_FUNCTIONS: &[&str] = &[
    "bool", "bytes", "capture", "captureN", "contains", "double", "duration", "dyn", "endsWith", "extract", "getDate",
    "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes",
    "getMonth", "getSeconds", "has", "int", "matches", "size", "startsWith", "timestamp", "type", "uint",
];

/// Names that no variable can have. (`in`, `true`, `false` and `null` are words of the language.)
#[rustfmt::skip]
const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "namespace",
    "package",
    "return",
    "var",
    "void",
    "while",
];

/// Nesting that parsers take.
const MAX_DEPTH: usize = 250;

impl CelExpression {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0, functions: Vec::new() };
        parser.expression()?;
        match parser.peek() {
            Token::End => Ok(Self { functions: parser.functions }),
            _ => Err(parser.unexpected()),
        }
    }

    /// The functions that it calls and Envoy does not have.
    pub fn unknown_functions(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().map(String::as_str).filter(|name| KNOWN_FUNCTIONS.binary_search(name).is_err())
    }

    /// What Envoy calls, for guesses.
    pub fn known_functions() -> impl Iterator<Item = &'static str> + Clone {
        KNOWN_FUNCTIONS.iter().copied()
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Name(&'a str),
    /// Numbers, strings, `true`, `false` and `null`.
    Literal(&'a str),
    /// `9223372036854775808`, which is a number only behind `-`.
    LowestInt(&'a str),
    Sign(&'a str),
    End,
}

impl Token<'_> {
    fn is(&self, sign: &str) -> bool {
        matches!(self, Token::Sign(own) if *own == sign)
    }
}

/// Longer signs before those that they begin with.
#[rustfmt::skip]
const SIGNS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "+", "-", "*", "/",
    "%", "!",
];

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Reason> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            ' ' | '\t' | '\r' | '\n' | '\u{c}' => {
                rest = &rest[1..];
                continue;
            }
            '/' if rest.starts_with("//") => {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
                continue;
            }
            _ if string_start(rest).is_some() => string_length(rest)?,
            '0'..='9' => number_length(rest),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number_length(rest),
            'a'..='z' | 'A'..='Z' | '_' => word_length(rest),
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => sign.len(),
                None => {
                    return Err(Reason::new(format!("`{}` has no meaning in `{text}`", first.escape_debug())));
                }
            },
        };
        let (token, behind) = rest.split_at(length);
        tokens.push(token_of(token)?);
        rest = behind;
    }
    tokens.push(Token::End);
    Ok(tokens)
}

fn token_of(token: &str) -> Result<Token<'_>, Reason> {
    if token.starts_with(|c: char| c.is_ascii_digit() || c == '.') && token != "." {
        return number(token);
    }
    Ok(match token {
        "true" | "false" | "null" => Token::Literal(token),
        "in" => Token::Sign("in"),
        _ if string_start(token).is_some() => Token::Literal(token),
        _ => match SIGNS.contains(&token) {
            true => Token::Sign(token),
            false => Token::Name(token),
        },
    })
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn number_length(text: &str) -> usize {
    if let Some(digits) = text.strip_prefix("0x") {
        return 2 + word_length(digits);
    }
    let digits = |from: usize| from + text[from..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - from);
    let mut end = digits(0);
    if text[end..].starts_with('.') && text[end + 1..].starts_with(|c: char| c.is_ascii_digit()) {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        if text[end + 1 + sign..].starts_with(|c: char| c.is_ascii_digit()) {
            end = digits(end + 1 + sign);
        }
    }
    end + word_length(&text[end..])
}

fn number(token: &str) -> Result<Token<'_>, Reason> {
    let unsigned = token.strip_suffix(['u', 'U']);
    let digits = unsigned.unwrap_or(token);
    let value = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())),
    };
    let is_float = || digits.contains(['.', 'e', 'E']) && !digits.starts_with("0x") && digits.parse::<f64>().is_ok();
    match (value, unsigned) {
        (Some(_), Some(_)) => Ok(Token::Literal(token)),
        (Some(value), None) if i64::try_from(value).is_ok() => Ok(Token::Literal(token)),
        (Some(value), None) if value == 1 << 63 => Ok(Token::LowestInt(token)),
        (None, None) if is_float() => Ok(Token::Literal(token)),
        _ => Err(Reason::new(format!("`{token}` is not a number"))),
    }
}

/// How a string begins: with or without `r`, and its quotes.
fn string_start(text: &str) -> Option<(bool, &str)> {
    let prefix = text.bytes().take(3).position(|byte| matches!(byte, b'"' | b'\''))?;
    let (marks, rest) = text.split_at(prefix);
    let (raw, known) = match marks.to_ascii_lowercase().as_str() {
        "" | "b" => (false, true),
        "r" | "rb" | "br" => (true, true),
        _ => (false, false),
    };
    let triple = rest.get(..3).filter(|quotes| ["\"\"\"", "'''"].contains(quotes));
    known.then(|| (raw, triple.unwrap_or(&rest[..1])))
}

fn string_length(text: &str) -> Result<usize, Reason> {
    let Some((raw, quotes)) = string_start(text) else { return Ok(0) };
    let not_closed = || Reason::new(format!("the string `{text}` is not closed"));
    let start = text.find(quotes).unwrap_or_default() + quotes.len();
    let mut rest = text[start..].chars();
    loop {
        if rest.as_str().starts_with(quotes) {
            return Ok(text.len() - rest.as_str().len() + quotes.len());
        }
        match rest.next() {
            None => return Err(not_closed()),
            Some('\n' | '\r') if quotes.len() == 1 => return Err(not_closed()),
            Some('\\') if !raw => escape(&mut rest, text)?,
            Some(_) => {}
        }
    }
}

fn escape(rest: &mut Chars<'_>, text: &str) -> Result<(), Reason> {
    let letter = rest.next();
    let (digits, radix) = match letter {
        Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\' | '\'' | '"' | '`' | '?') => (0, 16),
        Some('x' | 'X') => (2, 16),
        Some('u') => (4, 16),
        Some('U') => (8, 16),
        Some('0'..='3') => (2, 8),
        _ => (usize::MAX, 16),
    };
    match digits < 9 && (0..digits).all(|_| rest.next().is_some_and(|digit| digit.is_digit(radix))) {
        true => Ok(()),
        false => Err(Reason::new(format!("`{text}` has a `\\` that starts no escape sequence"))
            .help("write `\\\\` for a backslash, or a raw string: `r\"…\"`")),
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    depth: usize,
    functions: Vec<String>,
}

type Step<T = ()> = Result<T, Reason>;

/// From those that bind least to those that bind most. `?:` binds less than all, and a sign in front more.
const OPERATORS: &[&[&str]] =
    &[&["||"], &["&&"], &["<", "<=", ">=", ">", "==", "!=", "in"], &["+", "-"], &["*", "/", "%"]];

impl<'a> Parser<'a> {
    fn peek(&self) -> &Token<'a> {
        &self.tokens[self.next]
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.peek().is(sign);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Step {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> Reason {
        match self.peek() {
            Token::End => Reason::new("the expression ends too soon"),
            Token::Name(text) | Token::Literal(text) | Token::LowestInt(text) | Token::Sign(text) => {
                Reason::new(format!("`{text}` cannot stand where it does in the expression"))
            }
        }
    }

    fn expression(&mut self) -> Step {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Reason::new(format!("the expression is nested more than {MAX_DEPTH} levels deep")));
        }
        self.binary(0)?;
        if self.take("?") {
            self.binary(0)?;
            self.expect(":")?;
            self.expression()?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn binary(&mut self, level: usize) -> Step {
        let Some(operators) = OPERATORS.get(level) else { return self.unary() };
        self.binary(level + 1)?;
        while operators.iter().any(|operator| self.take(operator)) {
            self.binary(level + 1)?;
        }
        Ok(())
    }

    fn unary(&mut self) -> Step {
        let sign = ["!", "-"].into_iter().find(|sign| self.take(sign));
        while sign.is_some_and(|sign| self.take(sign)) {}
        if sign == Some("-") && matches!(self.peek(), Token::LowestInt(_)) {
            self.next += 1;
            return self.members();
        }
        self.primary()?;
        self.members()
    }

    fn members(&mut self) -> Step {
        loop {
            if self.take("[") {
                self.expression()?;
                self.expect("]")?;
            } else if self.take("{") {
                self.entries()?;
            } else if self.take(".") {
                let Token::Name(name) = *self.peek() else { return Err(self.unexpected()) };
                self.next += 1;
                if self.take("(") {
                    self.call(name, true)?;
                }
            } else {
                return Ok(());
            }
        }
    }

    fn primary(&mut self) -> Step {
        let global = self.take(".");
        match *self.peek() {
            Token::Name(name) => {
                if RESERVED.contains(&name) {
                    return Err(Reason::new(format!("`{name}` is a reserved word")));
                }
                self.next += 1;
                if self.take("(") { self.call(name, false) } else { Ok(()) }
            }
            _ if global => Err(self.unexpected()),
            Token::Literal(_) => {
                self.next += 1;
                Ok(())
            }
            Token::Sign("(") => {
                self.next += 1;
                self.expression()?;
                self.expect(")")
            }
            Token::Sign("[") => {
                self.next += 1;
                self.list("]").map(drop)
            }
            Token::Sign("{") => {
                self.next += 1;
                self.entries()
            }
            Token::Sign(_) | Token::LowestInt(_) | Token::End => Err(self.unexpected()),
        }
    }

    /// The arguments of a function, or of a macro.
    fn call(&mut self, name: &str, is_method: bool) -> Step {
        let first = self.next;
        let arguments = self.list(")")?;
        let variable = matches!(self.tokens[first..], [Token::Name(_), Token::Sign(","), ..]);
        let selection =
            matches!(self.tokens[first..self.next], [.., Token::Sign("."), Token::Name(_), Token::Sign(")")]);
        let legal = match (name, is_method, arguments) {
            ("has", false, 1) => selection,
            ("all" | "exists" | "exists_one" | "filter", true, 2) | ("map", true, 2 | 3) => variable,
            _ => true,
        };
        if !legal {
            return Err(Reason::new(format!("these are no arguments for `{name}`")).help(match name {
                "has" => "name a field, as in `has(a.b)`".to_owned(),
                _ => format!("name a variable first, as in `list.{name}(x, x > 0)`"),
            }));
        }
        self.functions.push(name.to_owned());
        Ok(())
    }

    /// Expressions with commas between them, up to `end`; gives their number. Lists, unlike arguments, may have a comma
    /// at their end.
    fn list(&mut self, end: &str) -> Step<usize> {
        let mut count = 0;
        while !self.take(end) {
            self.expression()?;
            count += 1;
            if !self.take(",") {
                self.expect(end)?;
                break;
            }
            if end == ")" && self.peek().is(end) {
                return Err(self.unexpected());
            }
        }
        Ok(count)
    }

    /// The entries of a map or the fields of a message, up to `}`.
    fn entries(&mut self) -> Step {
        while !self.take("}") {
            self.expression()?;
            self.expect(":")?;
            self.expression()?;
            if !self.take(",") {
                return self.expect("}");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{CelExpression, KNOWN_FUNCTIONS};

    #[test]
    fn expressions_of_the_language() {
        for text in [
            "response.code >= 400",
            "response.code >= 500 || (connection.mtls && request.url_path.contains('v1beta3'))",
            "has(response.code)",
            "!('x-user' in request.headers)",
            "a.b[0].c(1, 'x') ? [1, 2,] : {'k': v,}",
            "request.headers[\"x\"].matches(r'^\\d+$')",
            "-9223372036854775808 < 1u && 0x1F == 31 && 1.5e-3 > .5",
            "list.exists(x, x > 1) && list.map(x, x > 0, x * 2).size() == 1",
            "'''a\nb''' + \"\\u00e9\\x41\\101\" // comment",
            "--1 == 1 && !!true",
            "x in [1] == false",
            "google.rpc.Status{code: 1}",
            "foo == null",
        ] {
            assert_eq!(CelExpression::parse(text).map(|_| ()), Ok(()), "{text}");
        }
    }

    #[test]
    fn says_what_is_no_expression() {
        for (text, message) in [
            ("", "the expression ends too soon"),
            ("1 +", "the expression ends too soon"),
            ("response.code >>> 400", "`>` cannot stand where it does in the expression"),
            ("a = 1", "`=` has no meaning in `a = 1`"),
            ("a b", "`b` cannot stand where it does in the expression"),
            ("(a", "the expression ends too soon"),
            ("a)", "`)` cannot stand where it does in the expression"),
            ("'a", "the string `'a` is not closed"),
            ("'\\d'", "`'\\d'` has a `\\` that starts no escape sequence"),
            ("9223372036854775808", "`9223372036854775808` cannot stand where it does in the expression"),
            ("1x", "`1x` is not a number"),
            ("a.1", "`.1` cannot stand where it does in the expression"),
            ("a && and", ""),
            ("has(request.headers['x-user'])", "these are no arguments for `has`"),
            ("if", "`if` is a reserved word"),
            ("has(a)", "these are no arguments for `has`"),
            ("l.all(1, true)", "these are no arguments for `all`"),
            ("f(a,)", "`)` cannot stand where it does in the expression"),
            ("a and b", "`and` cannot stand where it does in the expression"),
            ("!-a", "`-` cannot stand where it does in the expression"),
        ] {
            let found = CelExpression::parse(text).map_err(|reason| reason.message().to_owned());
            assert_eq!(found.err().unwrap_or_default(), message, "{text}");
        }
        assert!(CelExpression::parse(&"(".repeat(100_000)).is_err());
    }

    #[test]
    fn functions_of_envoy() {
        let unknown =
            |text| CelExpression::parse(text).unwrap().unknown_functions().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(unknown("a.startsWith('b') && size(c) > int('1')"), [""; 0]);
        assert_eq!(unknown("lower(a) == a.trim()"), ["lower", "trim"]);
        assert!(KNOWN_FUNCTIONS.is_sorted());
    }
}
