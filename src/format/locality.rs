use super::Reason;
use super::text::text_type;

/// A place in a DestinationRule: `region`, `region/zone` or `region/zone/subzone`, where a last `*` stands for all that is
/// below, and `*` alone for everything (`validateLocalities` in pkg/config/validation/agent/validation.go).
///
/// A subzone may have `/` in it, because Istio splits into three parts only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Locality<'a>(&'a str);

text_type!(Locality);

impl<'a> Locality<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.splitn(3, '/').any(str::is_empty) {
            return Err(
                Reason::new(format!("the locality `{text}` has an empty part")).help("write `region/zone/subzone`")
            );
        }
        if text.matches('*').count() > 1 || (text.contains('*') && !text.ends_with('*')) {
            let reason = Reason::new(format!("the locality `{text}` has a wildcard that is not its end"));
            return Err(reason.help("write `region/*`"));
        }
        Ok(Self(text))
    }

    /// Region, zone and subzone, as far as they are given, the wildcard among them.
    pub fn parts(self) -> impl Iterator<Item = &'a str> {
        self.0.splitn(3, '/')
    }

    /// Whether the place `region/zone/subzone` lies within this one (`LocalityMatch` in pilot/pkg/networking/util/util.go).
    pub fn contains(self, place: &str) -> bool {
        let mut place = place.splitn(3, '/');
        self.parts().take_while(|&part| part != "*").all(|part| place.next() == Some(part))
    }
}

#[cfg(test)]
mod tests {
    use super::Locality;

    #[test]
    fn places_and_wildcards() {
        let table = [
            ("*", true),
            ("eu", true),
            ("eu/*", true),
            ("eu/1/a", true),
            ("eu/1/a/b", true),
            ("", false),
            ("eu/", false),
            ("/1", false),
            ("eu//a", false),
            ("eu/*/a", false),
            ("*/*", false),
        ];
        for (text, legal) in table {
            assert_eq!(Locality::parse(text).is_ok(), legal, "{text}");
        }
        let within = |locality: &str, place| Locality::parse(locality).unwrap().contains(place);
        assert!(within("eu", "eu/1/a") && within("eu/*", "eu/1") && within("*", "us/2") && within("eu/1", "eu/1"));
        assert!(!within("eu/1", "eu/10") && !within("eu/1/a", "eu/1"));
    }
}
