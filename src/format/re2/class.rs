use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// A range of code points, of which the surrogates count for nothing: no text in UTF-8 holds one.
pub(super) fn add_range(class: &mut ClassUnicode, low: u32, high: u32) {
    const LAST_BEFORE_SURROGATES: u32 = 0xD7FF;
    const FIRST_AFTER_SURROGATES: u32 = 0xE000;
    for (low, high) in [(low, high.min(LAST_BEFORE_SURROGATES)), (low.max(FIRST_AFTER_SURROGATES), high)] {
        if let (true, Some(low), Some(high)) = (low <= high, char::from_u32(low), char::from_u32(high)) {
            class.push(ClassUnicodeRange::new(low, high));
        }
    }
}

/// The class with all spellings of its letters. RE2 and this table are made from the same file of Unicode.
pub(super) fn folded(mut class: ClassUnicode, fold: bool) -> ClassUnicode {
    if fold {
        class.case_fold_simple();
    }
    class
}

pub(super) fn negated(mut class: ClassUnicode, negate: bool) -> ClassUnicode {
    if negate {
        class.negate();
    }
    class
}

/// `\d`, `\s` and `\w`, which know ASCII only.
pub(super) fn perl(letter: char) -> Option<ClassUnicode> {
    ascii(match letter {
        'd' => "digit",
        // No vertical tab, unlike `[[:space:]]`.
        's' => return Some(ClassUnicode::new([range('\t', '\n'), range('\x0C', '\r'), range(' ', ' ')])),
        'w' => "word",
        _ => return None,
    })
}

/// The class between `[:` and `:]`.
pub(super) fn ascii(name: &str) -> Option<ClassUnicode> {
    let ranges: &[(char, char)] = match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7F')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1F'), ('\x7F', '\x7F')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    };
    Some(ClassUnicode::new(ranges.iter().map(|&(low, high)| range(low, high))))
}

fn range(low: char, high: char) -> ClassUnicodeRange {
    ClassUnicodeRange::new(low, high)
}

/// The class that `\p` names: a general category by its short name, or a script by its long one, in exactly this spelling.
pub(super) fn unicode(name: &str) -> Option<ClassUnicode> {
    match name {
        "Any" => Some(negated(ClassUnicode::empty(), true)),
        // Code points without a meaning are of no category for RE2.
        "C" => ["Cc", "Cf", "Co"].into_iter().map(|name| property("gc", name)).reduce(|mut class, other| {
            class.as_mut()?.union(&other?);
            class
        })?,
        "Cs" => Some(ClassUnicode::empty()),
        _ if CATEGORIES.contains(&name) => property("gc", name),
        _ if SCRIPTS.binary_search(&name).is_ok() => property("sc", name),
        _ => None,
    }
}

fn property(kind: &str, name: &str) -> Option<ClassUnicode> {
    let hir = regex_syntax::parse(&format!(r"\p{{{kind}={name}}}")).ok()?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        _ => None,
    }
}

const CATEGORIES: [&str; 34] = [
    "Cc", "Cf", "Co", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd",
    "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// The scripts of Unicode 15, sorted.
#[rustfmt::skip]
const SCRIPTS: [&str; 163] = [
    "Adlam", "Ahom", "Anatolian_Hieroglyphs", "Arabic", "Armenian", "Avestan", "Balinese", "Bamum", "Bassa_Vah",
    "Batak", "Bengali", "Bhaiksuki", "Bopomofo", "Brahmi", "Braille", "Buginese", "Buhid", "Canadian_Aboriginal",
    "Carian", "Caucasian_Albanian", "Chakma", "Cham", "Cherokee", "Chorasmian", "Common", "Coptic", "Cuneiform",
    "Cypriot", "Cypro_Minoan", "Cyrillic", "Deseret", "Devanagari", "Dives_Akuru", "Dogra", "Duployan",
    "Egyptian_Hieroglyphs", "Elbasan", "Elymaic", "Ethiopic", "Georgian", "Glagolitic", "Gothic", "Grantha", "Greek",
    "Gujarati", "Gunjala_Gondi", "Gurmukhi", "Han", "Hangul", "Hanifi_Rohingya", "Hanunoo", "Hatran", "Hebrew",
    "Hiragana", "Imperial_Aramaic", "Inherited", "Inscriptional_Pahlavi", "Inscriptional_Parthian", "Javanese",
    "Kaithi", "Kannada", "Katakana", "Kawi", "Kayah_Li", "Kharoshthi", "Khitan_Small_Script", "Khmer", "Khojki",
    "Khudawadi", "Lao", "Latin", "Lepcha", "Limbu", "Linear_A", "Linear_B", "Lisu", "Lycian", "Lydian", "Mahajani",
    "Makasar", "Malayalam", "Mandaic", "Manichaean", "Marchen", "Masaram_Gondi", "Medefaidrin", "Meetei_Mayek",
    "Mende_Kikakui", "Meroitic_Cursive", "Meroitic_Hieroglyphs", "Miao", "Modi", "Mongolian", "Mro", "Multani",
    "Myanmar", "Nabataean", "Nag_Mundari", "Nandinagari", "New_Tai_Lue", "Newa", "Nko", "Nushu",
    "Nyiakeng_Puachue_Hmong", "Ogham", "Ol_Chiki", "Old_Hungarian", "Old_Italic", "Old_North_Arabian", "Old_Permic",
    "Old_Persian", "Old_Sogdian", "Old_South_Arabian", "Old_Turkic", "Old_Uyghur", "Oriya", "Osage", "Osmanya",
    "Pahawh_Hmong", "Palmyrene", "Pau_Cin_Hau", "Phags_Pa", "Phoenician", "Psalter_Pahlavi", "Rejang", "Runic",
    "Samaritan", "Saurashtra", "Sharada", "Shavian", "Siddham", "SignWriting", "Sinhala", "Sogdian", "Sora_Sompeng",
    "Soyombo", "Sundanese", "Syloti_Nagri", "Syriac", "Tagalog", "Tagbanwa", "Tai_Le", "Tai_Tham", "Tai_Viet",
    "Takri", "Tamil", "Tangsa", "Tangut", "Telugu", "Thaana", "Thai", "Tibetan", "Tifinagh", "Tirhuta", "Toto",
    "Ugaritic", "Vai", "Vithkuqi", "Wancho", "Warang_Citi", "Yezidi", "Yi", "Zanabazar_Square",
];
