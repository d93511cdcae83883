//! Lists of shifts, how old they may be, and what is kept of an answer.

use std::collections::BTreeMap;

use fallgate_evidence::{
    Format, Place, Problem, Rota, Scope, TextRota, TextTickets, Tickets, Unavailable,
};
use jiff::SignedDuration;

use crate::common::{asked, at, users};

fn shifts(text: &str) -> Result<TextRota, Problem> {
    TextRota::read("rota.yaml", Format::Shifts, text.as_bytes(), at("2026-11-21T08:00:00Z"))
}

const TWO: &str = "\
shifts:
  - {user: alice, start: 2026-11-21T00:00:00Z, end: 2026-11-22T00:00:00Z}
  - user: bob
    start: 2026-11-21T10:00:00+01:00
    end: 2026-11-21T12:00:00+01:00
    override: true
";

#[test]
fn shifts_are_read_from_yaml_and_from_json() {
    let json = r#"{"shifts": [
        {"user": "alice", "start": "2026-11-21T00:00:00Z", "end": "2026-11-22T00:00:00Z"},
        {"user": "bob", "start": "2026-11-21T09:00:00Z", "end": "2026-11-21T11:00:00Z", "override": true}
    ]}"#;
    for text in [TWO, json] {
        let rota = shifts(text).unwrap();
        assert_eq!(users(&rota, "2026-11-21T08:59:59Z"), ["alice"]);
        let answer = asked(&rota, at("2026-11-21T09:00:00Z"));
        assert_eq!(answer.shifts.len(), 1);
        assert!(answer.shifts[0].is_override && answer.shifts[0].user == "bob");
        assert_eq!(answer.displaced[0].user, "alice");
        assert_eq!(users(&rota, "2026-11-21T11:00:00Z"), ["alice"]);
        assert_eq!(users(&rota, "2026-11-22T00:00:00Z"), [""; 0]);
    }
    assert_eq!(users(&shifts("shifts: []\n").unwrap(), "2026-11-21T09:00:00Z"), [""; 0]);
}

#[test]
fn what_is_not_understood_is_told_by_its_line() {
    for (text, said) in [
        ("", "rota.yaml"),
        ("shift: []\n", "rota.yaml:1: "),
        ("shifts:\n  - {user: alice}\n", "rota.yaml:2: "),
        (
            "shifts:\n  - user: alice\n    start: 2026-11-21T00:00:00Z\n    end: 2026-11-21T00:00:00Z\n",
            "rota.yaml:4: `end` must be after `start`",
        ),
        (
            "shifts:\n  - {user: alice, start: 2026-11-21 00:00, end: 2026-11-22T00:00:00Z}\n",
            "rota.yaml:2: `start` is `2026-11-21 00:00`, and must be a time with its offset",
        ),
        (
            "shifts:\n  - {user: '', start: 2026-11-21T00:00:00Z, end: 2026-11-22T00:00:00Z}\n",
            "rota.yaml:2: `user` must not be empty",
        ),
        (
            "shifts:\n  - {user: a, start: 2026-11-21T00:00:00Z, end: 2026-11-22T00:00:00Z, overide: true}\n",
            "rota.yaml:2: ",
        ),
        (
            "shifts:\n  - {user: a, start: 2026-11-21T00:00:00Z, end: 2026-11-22T00:00:00Z, override: maybe}\n",
            "rota.yaml:2: ",
        ),
        (
            "shifts:\n  - {user: a, user: b, start: 2026-11-21T00:00:00Z, end: 2026-11-22T00:00:00Z}\n",
            "rota.yaml:2: ",
        ),
        ("shifts: []\n---\nshifts: []\n", "rota.yaml"),
        ("shifts: null\n", "rota.yaml:1: "),
    ] {
        let error = shifts(text).unwrap_err().to_string();
        assert!(error.starts_with(said), "{text}\n{error}");
    }
}

#[test]
fn what_is_too_old_is_no_answer() {
    let rota = shifts(TWO).unwrap();
    let hour = SignedDuration::from_hours(1);
    assert!(rota.on_call(at("2026-11-21T08:00:00Z"), hour).is_ok());
    assert!(rota.on_call(at("2026-11-21T09:00:00Z"), hour).is_ok());
    let old = rota.on_call(at("2026-11-21T09:00:01Z"), hour).unwrap_err();
    assert!(matches!(old, Unavailable::Stale { .. }));
    assert_eq!(old.to_string(), "rota.yaml is as of 1h 1s ago, and may be 1h old");
    let ahead = rota.on_call(at("2026-11-21T07:59:59Z"), hour).unwrap_err();
    assert!(matches!(ahead, Unavailable::Ahead { .. }));
}

/// An export that is no longer written is found out, however often it is read.
#[test]
fn a_list_may_say_how_old_it_is() {
    let hour = SignedDuration::from_hours(1);
    let listed = |as_of: &str| shifts(&format!("asOf: {as_of}\n{TWO}")).unwrap();
    let old = listed("2026-11-21T07:30:00Z");
    let answer = old.on_call(at("2026-11-21T08:30:00Z"), hour).unwrap();
    assert_eq!(answer.as_of, at("2026-11-21T07:30:00Z"));
    assert_eq!(answer.document["source"]["asOf"], "2026-11-21T07:30:00Z");
    assert_eq!(answer.document["source"]["readAt"], "2026-11-21T08:00:00Z");
    let stale = old.on_call(at("2026-11-21T08:30:01Z"), hour).unwrap_err();
    assert!(matches!(stale, Unavailable::Stale { .. }), "{stale}");
    // What is not written yet makes nothing younger, and is a wrong clock until then.
    let ahead = listed("2026-11-21T08:10:00Z");
    let error = ahead.on_call(at("2026-11-21T08:09:59Z"), hour).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rota.yaml is as of 1s after the time that is asked about; compare the clocks"
    );
    assert_eq!(
        ahead.on_call(at("2026-11-21T08:30:00Z"), hour).unwrap().as_of,
        at("2026-11-21T08:00:00Z")
    );
    let error = shifts("asOf: today\nshifts: []\n").unwrap_err().to_string();
    assert!(error.starts_with("rota.yaml:1: `asOf` is `today`"), "{error}");
    let tickets = "asOf: 2026-11-21T07:00:00Z\ntickets: []\n";
    let tickets = TextTickets::read("t", tickets.as_bytes(), at("2026-11-21T08:00:00Z")).unwrap();
    let scope = Scope { namespace: "shop", service: None };
    let stale = tickets.ticket("INC-7", &scope, at("2026-11-21T08:00:01Z"), hour).unwrap_err();
    assert!(matches!(stale, Unavailable::Stale { .. }), "{stale}");
}

#[test]
fn a_place_is_a_file_or_a_key_of_a_config_map() {
    let file = Place::of(Some("/etc/fallgate/rota.ics"), None, None).unwrap();
    assert_eq!(file.to_string(), "/etc/fallgate/rota.ics");
    let key = Place::of(None, Some("rotas"), Some("db.ics")).unwrap();
    assert_eq!(key.to_string(), "ConfigMap rotas, key db.ics");
    for (file, map, key) in [
        (None, None, None),
        (Some("rota.ics"), None, None),
        (Some(""), None, None),
        (Some("/a"), Some("b"), Some("c")),
        (Some("/a"), None, Some("c")),
        (None, Some("b"), None),
        (None, None, Some("c")),
    ] {
        let error = Place::of(file, map, key).unwrap_err().to_string();
        assert!(error.contains("either `file`, an absolute path, or both"), "{error}");
    }
    let data = BTreeMap::from([("db.ics".to_owned(), "text".to_owned())]);
    assert_eq!(key.text_in(Some(&data)), Ok(&b"text"[..]));
    let other = Place::of(None, Some("rotas"), Some("web.ics")).unwrap();
    for error in [other.text_in(Some(&data)).unwrap_err(), other.text_in(None).unwrap_err()] {
        assert_eq!(
            error.to_string(),
            "ConfigMap rotas, key web.ics cannot be read: there is no such key in its `data`; put the text there"
        );
    }
    assert!(file.text_in(Some(&data)).is_err());
    assert_eq!(
        file.unreachable("permission denied").to_string(),
        "/etc/fallgate/rota.ics cannot be read: permission denied"
    );
    let problem = shifts("shift: []\n").unwrap_err();
    assert_eq!(Unavailable::from(problem.clone()).to_string(), problem.to_string());
}

#[test]
fn an_answer_is_kept_with_what_it_stands_on() {
    let rota = shifts(TWO).unwrap();
    let asked = |now| rota.on_call(at(now), SignedDuration::MAX).unwrap();
    let evidence = asked("2026-11-21T09:30:00Z");
    assert_eq!(
        serde_json::to_string(&evidence.document).unwrap(),
        concat!(
            r#"{"answer":{"displaced":[{"end":"2026-11-22T00:00:00Z","override":false,"start":"2026-11-21T00:00:00Z","user":"alice"}],"#,
            r#""shifts":[{"end":"2026-11-21T11:00:00Z","override":true,"start":"2026-11-21T09:00:00Z","user":"bob"}]},"#,
            r#""question":{"at":"2026-11-21T09:30:00Z","kind":"onCall"},"schema":"fallgate/evidence/v1","#,
            r#""source":{"asOf":"2026-11-21T08:00:00Z","digest":"sha256:999e0f2ba642921075c7d6a2f07949d5cb1cd0306b80873c029494e43629bc04","name":"rota.yaml","readAt":"2026-11-21T08:00:00Z"}}"#,
        )
    );
    assert_eq!(evidence.summary, "on call: bob until 2026-11-21T11:00:00Z, by an override");
    assert_eq!(evidence.digest, asked("2026-11-21T09:30:00Z").digest);
    assert_ne!(evidence.digest, asked("2026-11-21T09:30:01Z").digest);
    let other = shifts(&TWO.replace("alice", "alicia")).unwrap();
    let other = other.on_call(at("2026-11-21T09:30:00Z"), SignedDuration::MAX).unwrap();
    assert_ne!(evidence.digest, other.digest);
    assert_eq!(asked("2026-11-23T09:30:00Z").summary, "nobody is on call");
}

#[test]
fn a_summary_is_short() {
    let line = |n: usize| {
        format!(
            "  - {{user: {}{n}, start: 2026-11-21T00:00:00Z, end: 2026-11-22T00:00:00Z}}\n",
            "é".repeat(100)
        )
    };
    let text = format!("shifts:\n{}", (0..20).map(line).collect::<String>());
    let rota = shifts(&text).unwrap();
    let evidence = rota.on_call(at("2026-11-21T09:30:00Z"), SignedDuration::MAX).unwrap();
    assert!(evidence.summary.len() <= 512 && evidence.summary.ends_with('…'));
    assert_eq!(evidence.answer.shifts.len(), 20);
}

#[test]
fn the_examples_of_the_page_are_read() {
    let page = include_str!("../../../../docs/EVIDENCE.md");
    let example = |first: &str| -> String {
        page.lines()
            .skip_while(|line| line.trim_end() != format!("    {first}"))
            .map_while(|line| line.strip_prefix("    "))
            .map(|line| format!("{line}\n"))
            .collect()
    };
    let rota = shifts(&example("shifts:")).unwrap();
    assert_eq!(users(&rota, "2026-11-21T12:00:00Z"), ["alice"]);
    assert_eq!(users(&rota, "2026-11-21T20:00:00Z"), ["bob"]);
    let tickets = example("tickets:");
    assert!(tickets.contains("INC-7"), "{page}");
    TextTickets::read("t", tickets.as_bytes(), at("2026-11-21T12:00:00Z")).unwrap();
}
