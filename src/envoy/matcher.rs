//! Matchers of strings, paths and metadata: `envoy.type.matcher.v3`.

impl StringMatcher {
    pub fn exact(text: impl Into<String>) -> Self {
        StringPattern::Exact(text.into()).into()
    }

    pub fn prefix(text: impl Into<String>) -> Self {
        StringPattern::Prefix(text.into()).into()
    }

    pub fn suffix(text: impl Into<String>) -> Self {
        StringPattern::Suffix(text.into()).into()
    }

    /// Matches the whole text.
    pub fn regex(regex: impl Into<String>) -> Self {
        StringPattern::SafeRegex(RegexMatcher::new(regex)).into()
    }

    pub fn ignoring_case(self) -> Self {
        Self { ignore_case: true, ..self }
    }
}

impl From<StringPattern> for StringMatcher {
    fn from(pattern: StringPattern) -> Self {
        Self { pattern: Some(pattern), ..Default::default() }
    }
}

impl RegexMatcher {
    pub fn new(regex: impl Into<String>) -> Self {
        Self { regex: regex.into(), ..Default::default() }
    }
}

message! {
    pub struct MetadataMatcher = "envoy.type.matcher.v3.MetadataMatcher" {
        filter: String,
        path: Vec<PathSegment>,
        value: Option<ValueMatcher>,
        invert: bool,
    }
}

message! {
    pub struct PathSegment = "envoy.type.matcher.v3.MetadataMatcher.PathSegment" {
        key: Option<String>,
    }
}

choice! {
    pub enum PathMatcher = "envoy.type.matcher.v3.PathMatcher" {
        Path: StringMatcher = "path",
    }
}

message! {
    pub struct RegexMatcher = "envoy.type.matcher.v3.RegexMatcher" {
        regex: String,
    }
}

message! {
    pub struct RegexMatchAndSubstitute = "envoy.type.matcher.v3.RegexMatchAndSubstitute" {
        pattern: Option<RegexMatcher>,
        substitution: String,
    }
}

message! {
    pub struct StringMatcher = "envoy.type.matcher.v3.StringMatcher" {
        pattern: Option<StringPattern>,
        ignore_case: bool,
    }
}

oneof! {
    pub enum StringPattern {
        Exact: String = "exact",
        Prefix: String = "prefix",
        Suffix: String = "suffix",
        SafeRegex: RegexMatcher = "safe_regex",
        Contains: String = "contains",
    }
}

message! {
    pub struct ListStringMatcher = "envoy.type.matcher.v3.ListStringMatcher" {
        patterns: Vec<StringMatcher>,
    }
}

choice! {
    pub enum ValueMatcher = "envoy.type.matcher.v3.ValueMatcher" {
        NullMatch: NullMatch = "null_match",
        StringMatch: StringMatcher = "string_match",
        BoolMatch: bool = "bool_match",
        PresentMatch: bool = "present_match",
        ListMatch: ListMatcher = "list_match",
        OrMatch: OrMatcher = "or_match",
    }
}

choice! {
    pub enum ListMatcher = "envoy.type.matcher.v3.ListMatcher" {
        OneOf: Box<ValueMatcher> = "one_of",
    }
}

message! {
    pub struct OrMatcher = "envoy.type.matcher.v3.OrMatcher" {
        value_matchers: Vec<ValueMatcher>,
    }
}

message! {
    pub struct NullMatch = "envoy.type.matcher.v3.ValueMatcher.NullMatch" {}
}

message! {
    pub struct Int32Range = "envoy.type.v3.Int32Range" {
        start: i32,
        end: i32,
    }
}

message! {
    pub struct Int64Range = "envoy.type.v3.Int64Range" {
        start: i64,
        end: i64,
    }
}
