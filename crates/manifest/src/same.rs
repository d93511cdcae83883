//! Both ways to read YAML give the same trees.

use proptest::prelude::*;

use crate::tree::{Entry, Kind, Node, Tree, Value};
use crate::{block, events};

/// Trees without what may differ: where nothing stands.
fn plain(mut tree: Tree<'_>) -> Tree<'_> {
    fn level(node: &mut Node<'_>) {
        match &mut node.value {
            Value::Scalar(text, Kind::Null) => {
                node.offset = 0;
                *text = "".into();
            }
            // Of a literal block that starts with empty lines, either line will do.
            Value::Scalar(text, _) if text.starts_with('\n') => node.offset = 0,
            // One puts a list at its first dash, the other sometimes behind it.
            Value::Seq(items) => {
                node.offset = 0;
                items.iter_mut().for_each(level);
            }
            Value::Map(entries) => {
                entries.iter_mut().for_each(|e: &mut Entry<'_>| level(&mut e.value))
            }
            _ => {}
        }
    }
    level(&mut tree.root);
    tree
}

/// If the fast way reads a text, the complete one reads it alike.
fn check(text: &str) -> bool {
    let Ok(fast) = block::parse(text) else { return false };
    match events::parse(text) {
        Ok(complete) => assert_eq!(plain(fast), plain(complete), "{text}"),
        Err(error) => panic!("only the fast way reads this: {error:?}\n{text}"),
    }
    true
}

const CORPUS: &[&str] = &[
    "a: b\n",
    "---\na: b # c\n",
    "--- # start\na: b\n",
    "a:\n- b\n- c\nd: e\n",
    "a:\n  - b\n  -\n  - d: 1\n    e: 2\n  - - 1\n    - 2\n",
    "a: {}\nb: []\nc: [1, 2, x]\nd: {a: b, c: [d]}\n",
    "a: \"x\\ny\\\"\"\nb: 'it''s' # c\n",
    "a: |\n  x\n   y\n\n  z\nb: 1\n",
    "a: |-\n  x\n\n\nb: |+\n  y\n\nc: 2\n",
    "a:\n# comment\n  b: c\n  # other\nd:\n",
    "a: b#c\nd: e:f\ng: http://x/y\n",
    "\"quoted key\": 1\n'other': 2\n",
    "a: b\r\nc:\r\n  - d\r\n",
    "kubernetes.io/metadata.name: x\n-a: 1\n",
    "a: 1\na: 2\n",
    "- a\n- b\n",
    "a: ~\nb: null\nc: true\nd: yes\ne: 0x1f\nf: 1.5\n",
    "a:    b   \n",
    "a: ä\nü: b\nc: d\n",
    "a: *x\n",
    "a: [1,\n 2]\n",
    "a: b\n  c\n",
    "? a\n: b\n",
    "a: >\n  folded\n",
    "a: \"unterminated\n",
    "a:\tb\n",
    "a: - b\n",
    "a: b: c\n",
    "",
    "# only\n",
    "a: |\n  last line without a break",
    "a: [10.0.0.0/8, fd00::/8]\n",
    "a:\n  b: 1\n c: 2\n",
    "x: |\n\n  y\n",
    "a: -1\nb: -x\nc: ?x\nd: :x\n",
    "a: 'x'y\n",
    "a: {b: 1} c\n",
    "a: x #\nb: #\nc: d\n",
];

#[test]
fn the_fast_way_agrees_on_the_corpus() {
    let read = CORPUS.iter().filter(|text| check(text)).count();
    assert!(read > 20, "the fast way reads only {read}");
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9._/-]{1,8}",
        "[ -~]{0,10}",
        Just("true".to_owned()),
        Just("80".to_owned()),
        "\"[a-z \\\\n]{0,5}\"",
        "'[a-z: #]{0,5}'",
        Just("{}".to_owned()),
        "\\[[a-z, ]{0,6}\\]",
        "\\{[a-z]: [a-z0-9]{1,3}\\}",
        Just("|\n        text".to_owned()),
    ]
}

/// Lines of all depths, many of which make a document and many none.
fn lines() -> impl Strategy<Value = String> {
    let line = (0usize..5, 0usize..3, "[a-z]{1,3}", prop::option::of(scalar()), 0usize..8);
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let mut text = String::new();
        for (indent, dashes, key, value, odd) in lines {
            text.push_str(&" ".repeat(indent * 2));
            text.push_str(&"- ".repeat(dashes.saturating_sub(1)));
            match (value, odd) {
                (Some(value), 0) => text.push_str(&value),
                (Some(value), _) => text.push_str(&format!("{key}: {value}")),
                (None, 0) => text.push_str("# comment"),
                (None, _) => text.push_str(&format!("{key}:")),
            }
            text.push_str(if odd == 1 { "\r\n" } else { "\n" });
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_fast_way_agrees_on_any_lines(text in lines()) {
        check(&text);
    }

    #[test]
    fn the_fast_way_agrees_on_any_text(text in "[a-c:#'\"\\[\\]{},|>&*!? \n\t-]{0,40}") {
        check(&text);
    }
}
