//! Texts that are meant to take time, memory, or a wrong turn.

use std::fmt::Write as _;

use fallgate_evidence::{Format, Rota, TextRota, TextTickets, Unavailable};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::common::{at, calendar, event, read};

#[test]
fn a_million_events_are_refused() {
    let mut text = "BEGIN:VCALENDAR\n".to_owned();
    for _ in 0..150_000 {
        text.push_str("BEGIN:VEVENT\nEND:VEVENT\n");
    }
    let error = read(&text).unwrap_err().to_string();
    assert!(error.ends_with("there are more than 20000 events"), "{error}");
    let larger = text.repeat(7);
    let error = read(&larger).unwrap_err().to_string();
    assert_eq!(error, "rota.ics: it is larger than 4 MiB");
}

#[test]
fn a_line_that_is_folded_for_ever_is_refused() {
    let text = format!("BEGIN:VCALENDAR\nSUMMARY:{}", "\n x".repeat(1_000_000));
    let error = read(&text).unwrap_err().to_string();
    assert_eq!(error, "rota.ics:2: it is longer than 65536 bytes");
    let one = format!("BEGIN:VCALENDAR\nSUMMARY:{}", "x".repeat(1_000_000));
    assert!(read(&one).unwrap_err().to_string().contains("longer than 65536"));
}

#[test]
fn what_repeats_too_much_since_too_long_ago_is_no_answer() {
    let mut events = String::new();
    for number in 0..2000 {
        let lines = "DTSTART:19000101T000000Z\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=1000000000";
        let _ = write!(events, "{}", event(lines).replace("UID:1", &format!("UID:{number}")));
    }
    let rota = read(&calendar(&events)).unwrap();
    let answer = rota.on_call(at("2026-11-21T00:00:00Z"), SignedDuration::MAX);
    assert!(matches!(answer, Err(Unavailable::TooMuch { .. })));
    // One of them is nothing.
    let one = read(&calendar(&event(
        "DTSTART:19000101T000000Z\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=1000000000",
    )));
    assert!(one.unwrap().on_call(at("2026-11-21T00:00:00Z"), SignedDuration::MAX).is_ok());
}

#[test]
fn a_message_is_short_and_does_nothing_to_a_terminal() {
    let long = read(&calendar(&event(&format!("DTSTART:{}", "é".repeat(20_000))))).unwrap_err();
    assert!(long.message.len() <= 512 && long.message.ends_with('…'), "{long}");
    for text in [
        calendar(&event("DTSTART:\u{1b}[2J\nDURATION:P1D")),
        calendar("X-WR-TIMEZONE:\u{1b}[2J"),
        "BEGIN:VCALENDAR\nBEGIN:\u{2028}\n".to_owned(),
    ] {
        let error = read(&text).unwrap_err();
        assert!(error.message.contains("\\u{"), "{error}");
    }
    for text in ["\"\\e[2J\": 1\n", "shifts: \"\\e[2J\"\n", "shifts: [{\"\\e[2J\": 1}]\n"] {
        let read = TextRota::read("r", Format::Shifts, text.as_bytes(), Timestamp::MIN);
        let message = read.unwrap_err().message;
        assert!(!message.contains('\u{1b}') && !message.contains('\n'), "{message}");
    }
}

#[test]
fn components_inside_of_each_other_are_refused() {
    let text = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VTODO\n".repeat(100_000));
    let error = read(&text).unwrap_err().to_string();
    assert!(error.contains("`VTODO` is not understood inside of `VTODO`"), "{error}");
}

#[test]
fn yaml_that_grows_is_refused() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (from, to) in ('a'..'j').zip('b'..) {
        let _ = writeln!(text, "{to}: &{to} [{}]", vec![format!("*{from}"); 9].join(", "));
    }
    for text in [text, "[".repeat(100_000), "{a: ".repeat(100_000), "&a [*a]".to_owned()] {
        assert!(TextRota::read("r", Format::Shifts, text.as_bytes(), Timestamp::MIN).is_err());
        assert!(TextTickets::read("t", text.as_bytes(), Timestamp::MIN).is_err());
    }
}

#[test]
fn what_is_no_text_is_told_by_its_line() {
    for bytes in [&b"BEGIN:VCALENDAR\nX:\xff\n"[..], b"a\n\xc3"] {
        let error = TextRota::read("r", Format::ICalendar, bytes, Timestamp::MIN).unwrap_err();
        assert_eq!(error.to_string(), "r:2: it is not UTF-8 text");
    }
    assert!(read("\u{feff}BEGIN:VCALENDAR\nEND:VCALENDAR\n").is_ok());
}

/// Lines that may stand in a calendar, right and wrong ones.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VCALENDAR", "END:VCALENDAR", "BEGIN:VALARM",
            "END:VALARM", "UID:1", "UID:2", "SUMMARY:alice", "SUMMARY:bob", "STATUS:CANCELLED",
            "DTSTART:20260101T000000Z", "DTSTART;TZID=Europe/Berlin:20260329T023000",
            "DTSTART;VALUE=DATE:20260101", "DTEND:20260102T000000Z", "DURATION:P1D", "DURATION:PT1H",
            "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY;COUNT=5", "RRULE:FREQ=MONTHLY;UNTIL=20270101T000000Z",
            "EXDATE:20260102T000000Z", "RECURRENCE-ID:20260103T000000Z", "CATEGORIES:override",
            "X-WR-TIMEZONE:Europe/Berlin", "DTSTART:99991231T235959Z", "DTSTART:00000101T000000Z", " ",
        ]).prop_map(str::to_owned),
        1 => "[A-Z;:=,\"\\\\ 0-9a-z]{0,24}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_text_is_a_rota_or_a_problem(
        lines in prop::collection::vec(line(), 0..30),
        second in -62_000_000_000_i64..253_000_000_000,
    ) {
        let text = lines.join("\n");
        for text in [text.clone(), format!("BEGIN:VCALENDAR\n{text}\nEND:VCALENDAR\n"), calendar(&event(&text))] {
            match read(&text) {
                Err(problem) => prop_assert!(problem.line <= text.lines().count()),
                Ok(rota) => {
                    let now = Timestamp::from_second(second).unwrap();
                    for shift in rota.on_call(now, SignedDuration::MAX).unwrap().answer.shifts {
                        prop_assert!(shift.start <= now && now < shift.end);
                    }
                }
            }
        }
    }
}
