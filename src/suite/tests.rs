use serde_json::Value;

use super::own::expectations;
use super::{SCHEMA, own, read};
use crate::source::SourceId;

/// The keys that the schema has under a pointer.
fn keys(schema: &Value, pointer: &str) -> Vec<String> {
    let mut keys: Vec<_> = schema.pointer(pointer).unwrap().as_object().unwrap().keys().cloned().collect();
    keys.sort();
    keys
}

#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let expect = "/$defs/expect/properties";
    let table = [
        ("/properties".to_owned(), own::FILE),
        ("/$defs/test/properties".to_owned(), own::TEST),
        ("/$defs/request/properties".to_owned(), own::REQUEST),
        ("/$defs/destination/anyOf/1/properties".to_owned(), expectations::DESTINATION),
        ("/$defs/mirror/anyOf/1/properties".to_owned(), expectations::MIRROR),
        (expect.to_owned(), expectations::EXPECT),
        (format!("{expect}/redirect/properties"), expectations::REDIRECT),
        (format!("{expect}/directResponse/properties"), expectations::DIRECT_RESPONSE),
        (format!("{expect}/request/properties"), expectations::SENT),
        (format!("{expect}/response/properties"), expectations::RESPONSE),
        (format!("{expect}/retries/anyOf/1/properties"), expectations::RETRIES),
        (format!("{expect}/consistentHash/anyOf/1/properties"), expectations::HASH),
        (format!("{expect}/fault/anyOf/1/properties"), expectations::FAULT),
        (format!("{expect}/fault/anyOf/1/properties/delay/properties"), expectations::DELAY),
        (format!("{expect}/fault/anyOf/1/properties/abort/properties"), expectations::ABORT),
    ];
    for (pointer, read) in table {
        let mut read: Vec<_> = read.iter().map(|&key| key.to_owned()).collect();
        read.sort();
        assert_eq!(keys(&schema, &pointer), read, "{pointer}");
    }
}

#[test]
fn a_test_makes_a_case_of_each_combination() {
    let text = "defaults: {from: [a/b, c/d], headers: {x: 1}}\ntests:\n- name: n\n  expect: {status: 404}\n  request:\n    \
                host: [h, i]\n    path: [/1, /2]\n    method: [GET, PUT]\n    headers: [{z: 2}, {x: 3}]\n";
    let cases = read(SourceId::default(), text).unwrap();
    assert_eq!(cases.len(), 2 * 2 * 2 * 2 * 2);
    let titles: Vec<_> = cases.iter().map(|case| case.ask.title()).collect();
    assert_eq!(titles[0], "GET http://h/1 from a/b with x: 1, z: 2");
    assert_eq!(titles[31], "PUT http://i/2 from c/d with x: 3");
    let headers: Vec<_> = cases[..2].iter().map(|case| case.ask.headers.iter().collect::<Vec<_>>()).collect();
    assert_eq!(headers, [vec![("x", "1"), ("z", "2")], vec![("x", "3")]]);
}

#[test]
fn formats_are_told_apart_by_their_content() {
    let first_key = |text: &str| read(SourceId::default(), text).unwrap()[0].expectations[0].key.clone();
    let router_check =
        "tests: [{test_name: n, input: {authority: a, path: /, method: GET}, validate: {cluster_name: c}}]";
    assert_eq!(first_key(router_check), "cluster_name");
    let validator = "testCases: [{description: n, wantMatch: true, request: {authority: [a], method: [GET], uri: [/]}, \
                     rewrite: {uri: /}}]";
    assert_eq!(first_key(validator), "rewrite");
    assert_eq!(first_key("tests: [{name: n, request: {url: 'http://a/'}, expect: {timeout: none}}]"), "timeout");
    for text in ["", "kind: Gateway\n", "tests: []\n"] {
        assert!(read(SourceId::default(), text).is_err(), "{text}");
    }
}
