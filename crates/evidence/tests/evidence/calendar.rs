//! Events of an iCalendar.

use jiff::SignedDuration;

use crate::common::{asked, at, calendar, event, read, refused, users};

fn rota(lines: &str) -> fallgate_evidence::TextRota {
    read(&calendar(lines)).unwrap_or_else(|problem| panic!("{problem}"))
}

#[test]
fn a_shift_is_from_its_start_until_before_its_end() {
    let rota = rota(&event("DTSTART:20261121T080000Z\nDTEND:20261121T160000Z"));
    assert_eq!(users(&rota, "2026-11-21T07:59:59Z"), [""; 0]);
    assert_eq!(users(&rota, "2026-11-21T08:00:00Z"), ["alice"]);
    assert_eq!(users(&rota, "2026-11-21T15:59:59.999Z"), ["alice"]);
    assert_eq!(users(&rota, "2026-11-21T16:00:00Z"), [""; 0]);
    let shift = &asked(&rota, at("2026-11-21T09:00:00Z")).shifts[0];
    assert_eq!((shift.start, shift.end), (at("2026-11-21T08:00:00Z"), at("2026-11-21T16:00:00Z")));
    assert!(!shift.is_override);
}

#[test]
fn times_are_those_of_their_zone() {
    let rota = rota(&event(
        "DTSTART;TZID=Europe/Berlin:20260710T090000\nDTEND;TZID=\"Europe/Berlin\":20260710T170000",
    ));
    assert_eq!(users(&rota, "2026-07-10T06:59:00Z"), [""; 0]);
    assert_eq!(users(&rota, "2026-07-10T07:00:00Z"), ["alice"]);
    assert_eq!(users(&rota, "2026-07-10T15:00:00Z"), [""; 0]);
}

#[test]
fn a_zone_may_be_the_calendars() {
    let floating = event("DTSTART:20260710T090000\nDURATION:PT8H");
    let with_zone = rota(&format!("X-WR-TIMEZONE:America/New_York\n{floating}"));
    assert_eq!(users(&with_zone, "2026-07-10T13:00:00Z"), ["alice"]);
    assert_eq!(users(&with_zone, "2026-07-10T12:59:59Z"), [""; 0]);
    assert!(refused("DTSTART:20260710T090000\nDURATION:PT8H").contains("says no time zone"));
}

#[test]
fn a_day_is_the_calendars_day() {
    let day = event("DTSTART;VALUE=DATE:20261025");
    let rota = rota(&format!("X-WR-TIMEZONE:Europe/Berlin\n{day}"));
    // The clocks go back: it is 25 hours long.
    let shift = &asked(&rota, at("2026-10-25T12:00:00Z")).shifts[0];
    assert_eq!(shift.end.duration_since(shift.start), SignedDuration::from_hours(25));
    assert_eq!(shift.start, at("2026-10-24T22:00:00Z"));
    assert!(refused("DTSTART;VALUE=DATE:20261025").contains("says no time zone"));
}

/// RFC 5545, 3.8.5.3: what says when it ends is so long by the clock each time,
/// what says for how many days by the calendar.
#[test]
fn a_shift_over_a_change_of_clocks_is_as_long_as_it_says() {
    let weekly = |length: &str| {
        rota(&event(&format!(
            "DTSTART;TZID=Europe/Berlin:20260323T090000\n{length}\nRRULE:FREQ=WEEKLY"
        )))
    };
    let by_end = weekly("DTEND;TZID=Europe/Berlin:20260324T090000");
    let shift = |rota, now| asked(rota, at(now)).shifts[0].clone();
    // From Saturday to Sunday, over the 29th of March, at which there is an hour less.
    let saturday = rota(&event(
        "DTSTART;TZID=Europe/Berlin:20260321T090000\nDTEND;TZID=Europe/Berlin:20260322T090000\nRRULE:FREQ=WEEKLY",
    ));
    assert_eq!(shift(&saturday, "2026-03-28T12:00:00Z").end, at("2026-03-29T08:00:00Z"));
    let saturday =
        rota(&event("DTSTART;TZID=Europe/Berlin:20260321T090000\nDURATION:P1D\nRRULE:FREQ=WEEKLY"));
    assert_eq!(shift(&saturday, "2026-03-28T12:00:00Z").end, at("2026-03-29T07:00:00Z"));
    let saturday = rota(&event(
        "DTSTART;TZID=Europe/Berlin:20260321T090000\nDURATION:PT24H\nRRULE:FREQ=WEEKLY",
    ));
    assert_eq!(shift(&saturday, "2026-03-28T12:00:00Z").end, at("2026-03-29T08:00:00Z"));
    // After it, nine o'clock is another time in UTC.
    assert_eq!(shift(&by_end, "2026-03-23T08:00:00Z").start, at("2026-03-23T08:00:00Z"));
    assert_eq!(shift(&by_end, "2026-03-30T08:00:00Z").start, at("2026-03-30T07:00:00Z"));
}

/// RFC 5545, 3.3.10: a time that clocks skip is none that a rule falls on, and is
/// not counted; 3.3.5: of one that they show twice, the first is meant.
#[test]
fn times_that_clocks_skip_or_show_twice_are_those_of_the_rfc() {
    let nightly = rota(&event(
        "DTSTART;TZID=America/New_York:20260306T023000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
    ));
    let night = |day: &str| users(&nightly, &format!("2026-03-{day}")).len();
    assert_eq!(night("06T07:30:00Z"), 1);
    assert_eq!(night("07T07:30:00Z"), 1);
    // 02:30 is not there on the 8th, before or after the change.
    for minute in ["07:00", "06:30", "07:30", "06:45"] {
        assert_eq!(night(&format!("08T{minute}:00Z")), 0, "{minute}");
    }
    assert_eq!(night("09T06:30:00Z"), 1, "the third time");
    assert_eq!(night("10T06:30:00Z"), 0);
    let twice = rota(&event(
        "DTSTART;TZID=America/New_York:20261031T013000\nDURATION:PT10M\nRRULE:FREQ=DAILY",
    ));
    assert_eq!(users(&twice, "2026-11-01T05:30:00Z"), ["alice"]);
    assert_eq!(users(&twice, "2026-11-01T06:30:00Z"), [""; 0]);
    // What says itself that it starts at a time that is skipped starts as late after the time before.
    let skipped = rota(&event("DTSTART;TZID=America/New_York:20260308T023000\nDURATION:PT1H"));
    assert_eq!(users(&skipped, "2026-03-08T07:30:00Z"), ["alice"]);
    assert_eq!(users(&skipped, "2026-03-08T07:29:59Z"), [""; 0]);
}

/// In Santiago the clocks skip midnight; the day is there all the same, from one
/// o'clock, and ends with itself.
#[test]
fn a_day_whose_midnight_is_skipped_is_a_day() {
    let rota = read(&calendar(&format!(
        "X-WR-TIMEZONE:America/Santiago\n{}",
        event("DTSTART;VALUE=DATE:20260904\nRRULE:FREQ=DAILY;COUNT=4")
    )))
    .unwrap();
    let shift = asked(&rota, at("2026-09-06T12:00:00Z")).shifts.remove(0);
    assert_eq!(shift.start, at("2026-09-06T04:00:00Z"));
    assert_eq!(shift.end, at("2026-09-07T03:00:00Z"));
    for second in ["2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z", "2026-09-08T02:59:59Z"] {
        assert_eq!(asked(&rota, at(second)).shifts.len(), 1, "{second}");
    }
    assert_eq!(users(&rota, "2026-09-08T03:00:00Z"), [""; 0]);
}

#[test]
fn a_category_is_what_is_between_commas_that_are_not_escaped() {
    let with = |categories: &str| {
        let event =
            event(&format!("DTSTART:20261121T100000Z\nDURATION:PT1H\nCATEGORIES:{categories}"));
        asked(&read(&calendar(&event)).unwrap(), at("2026-11-21T10:00:00Z")).shifts[0].is_override
    };
    for categories in ["override", "Shift,OVERRIDE", "a, override ,b", "a\\,b,override"] {
        assert!(with(categories), "{categories}");
    }
    for categories in ["a\\,override", "no override", "overrides", "override\\,a"] {
        assert!(!with(categories), "{categories}");
    }
}

#[test]
fn dates_are_taken_out_of_a_rule() {
    let rota = rota(&event(
        "DTSTART;TZID=Europe/Berlin:20261102T090000\nDURATION:PT8H\nRRULE:FREQ=DAILY;COUNT=5\n\
         EXDATE;TZID=Europe/Berlin:20261103T090000,20261104T090000\nEXDATE:20261105T080000Z",
    ));
    let days: Vec<usize> =
        (1..8).map(|day| users(&rota, &format!("2026-11-0{day}T12:00:00Z")).len()).collect();
    // They are counted all the same.
    assert_eq!(days, [0, 1, 0, 0, 0, 1, 0]);
}

#[test]
fn one_time_of_an_event_may_be_somebody_elses() {
    let series =
        event("DTSTART;TZID=Europe/Berlin:20261102T090000\nDURATION:P1W\nRRULE:FREQ=WEEKLY");
    let moved = event("RECURRENCE-ID;TZID=Europe/Berlin:20261109T090000\nDTSTART;TZID=Europe/Berlin:20261110T090000\nDURATION:P6D")
        .replace("alice", "bob");
    for calendar in [format!("{series}{moved}"), format!("{moved}{series}")] {
        let rota = rota(&calendar);
        assert_eq!(users(&rota, "2026-11-05T12:00:00Z"), ["alice"]);
        assert_eq!(users(&rota, "2026-11-09T12:00:00Z"), [""; 0], "nobody until bob starts");
        let there = asked(&rota, at("2026-11-12T12:00:00Z")).shifts;
        assert_eq!((there.len(), there[0].user.as_str(), there[0].is_override), (1, "bob", true));
        assert_eq!(users(&rota, "2026-11-17T12:00:00Z"), ["alice"]);
    }
    let cancelled =
        rota(&format!("{series}{}", moved.replace("DURATION", "STATUS:CANCELLED\nDURATION")));
    assert_eq!(users(&cancelled, "2026-11-12T12:00:00Z"), [""; 0]);
}

#[test]
fn what_is_not_certain_is_no_shift() {
    for status in ["TENTATIVE", "CANCELLED", "cancelled"] {
        let rota =
            rota(&event(&format!("DTSTART:20261121T080000Z\nDURATION:PT8H\nSTATUS:{status}")));
        assert_eq!(users(&rota, "2026-11-21T09:00:00Z"), [""; 0]);
    }
    let rota = rota(&event("DTSTART:20261121T080000Z\nDURATION:PT8H\nSTATUS:CONFIRMED"));
    assert_eq!(users(&rota, "2026-11-21T09:00:00Z"), ["alice"]);
}

#[test]
fn an_override_takes_the_place_of_others() {
    let planned = event("DTSTART:20261121T000000Z\nDURATION:P1D");
    let instead = event("DTSTART:20261121T100000Z\nDURATION:PT1H\nCATEGORIES:Shift,Override")
        .replace("UID:1", "UID:2")
        .replace("alice", "bob");
    let rota = rota(&format!("{planned}{instead}"));
    assert_eq!(users(&rota, "2026-11-21T09:00:00Z"), ["alice"]);
    let answer = asked(&rota, at("2026-11-21T10:30:00Z"));
    assert_eq!((answer.shifts.len(), answer.displaced.len()), (1, 1));
    assert!(answer.shift_of("bob").is_some_and(|shift| shift.is_override));
    assert_eq!(answer.shift_of("alice"), None);
    assert_eq!(users(&rota, "2026-11-21T11:00:00Z"), ["alice"]);
}

#[test]
fn lines_are_unfolded_and_texts_unescaped() {
    let folded = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nDTSTART:2026\n 1121T0\n\t80000Z\nDURATION;X-A=\"b:c\";X-B=1,\"2;\",3:PT8H\n\
                  sum\n mary;LANGUAGE=en: a\\,b\\\\c \nDESCRIPTION:x\\n\n  BEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR\n\n";
    let rota = read(folded).unwrap();
    assert_eq!(users(&rota, "2026-11-21T08:00:00Z"), ["a,b\\c"]);
}

#[test]
fn what_says_nothing_about_shifts_is_passed_over() {
    let alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nACTION:DISPLAY\nDTSTART:never\nEND:VALARM";
    let rota = rota(&format!(
        "METHOD:PUBLISH\nCALSCALE:GREGORIAN\nX-WR-CALNAME:shop\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:DAYLIGHT\n\
         TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nTZNAME:CEST\nDTSTART:19700329T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\n\
         END:DAYLIGHT\nEND:VTIMEZONE\nBEGIN:VTODO\nSUMMARY:x\nEND:VTODO\n{}",
        event(&format!(
            "DTSTART:20261121T080000Z\nDURATION:PT8H\nTRANSP:OPAQUE\nX-GOOGLE:1\n{alarm}"
        ))
    ));
    assert_eq!(users(&rota, "2026-11-21T09:00:00Z"), ["alice"]);
}

#[test]
fn what_is_not_understood_is_told_by_its_line() {
    let day = "DTSTART:20261121T080000Z\nDURATION:PT8H";
    for (lines, said) in [
        (day.replace("DURATION:PT8H", ""), "rota.ics:4: the event has no end"),
        ("DURATION:PT8H".to_owned(), "rota.ics:4: the event has no `DTSTART`"),
        (format!("{day}\nDTEND:20261121T090000Z"), "rota.ics:9: `DURATION` stands beside `DTEND`"),
        (format!("{day}\nDTSTART:20261121T080000Z"), "rota.ics:10: `DTSTART` stands twice"),
        (
            format!("{day}\nRDATE:20261122T080000Z"),
            "rota.ics:10: `RDATE` is not understood in an event",
        ),
        (format!("{day}\nEXRULE:FREQ=DAILY"), "rota.ics:10: `EXRULE` is not understood"),
        (format!("{day}\nRRULE:FREQ=YEARLY"), "rota.ics:10: `RRULE` has `FREQ=YEARLY`"),
        (
            format!("{day}\nRRULE:FREQ=WEEKLY;BYDAY=MO"),
            "rota.ics:10: `RRULE` does not fall on the event's own start",
        ),
        (
            format!("{day}\nRRULE:FREQ=DAILY;UNTIL=20261231"),
            "rota.ics:10: `RRULE` has `UNTIL=20261231`",
        ),
        (format!("{day}\nRRULE;X=1:FREQ=DAILY"), "rota.ics:10: `RRULE` has a parameter `X`"),
        (format!("{day}\nEXDATE;VALUE=DATE:20261122"), "rota.ics:10: `EXDATE`"),
        (
            format!("{day}\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261122T080000Z"),
            "has a parameter `RANGE`",
        ),
        (format!("{day}\nSTATUS:MAYBE"), "rota.ics:10: `STATUS` must be"),
        (day.replace("PT8H", "-PT8H"), "rota.ics:9: `DURATION` must be a duration"),
        (day.replace("PT8H", "PT0S"), "ends the event before it starts"),
        (day.replace("PT8H", "PT8"), "must be a duration"),
        (day.replace("PT8H", "P"), "must be a duration"),
        (day.replace("PT8H", "P1DT"), "must be a duration"),
        (day.replace("PT8H", "PT1M1H"), "must be a duration"),
        (day.replace("PT8H", "P401D"), "longer than 400 days"),
        (day.replace("PT8H", "PT99999999H"), "longer than 400 days"),
        (day.replace("PT8H", "P99999999999W"), "must be a duration"),
        (day.replace("080000Z", "080000"), "rota.ics:8: `DTSTART` says no time zone"),
        (day.replace("080000Z", "250000Z"), "which is no time"),
        (day.replace("080000Z", "08000Z"), "which is no time"),
        (day.replace("20261121T", "20261131T"), "which is no time"),
        (day.replace("DTSTART:", "DTSTART;TZID=Europe/Berlin:"), "both a `TZID` and a time in UTC"),
        (
            day.replace(
                "DTSTART:20261121T080000Z",
                "DTSTART;TZID=W. Europe Standard Time:20261121T080000",
            ),
            "names the time zone `W. Europe Standard Time`",
        ),
        (day.replace("DTSTART:", "DTSTART;VALUE=PERIOD:"), "has values of the type `PERIOD`"),
        (format!("{day}\nSUMMARY;LANGUAGE=en"), "rota.ics:10: must be `NAME:VALUE`"),
        (format!("{day}\nDESCRIPTION;A=\"b:c"), "rota.ics:10: a quote is not closed"),
        (format!("{day}\nDESCRIPTION;A=1;A=2:c"), "the parameter `A` stands twice"),
        (
            format!("{day}\nBEGIN:VEVENT\nEND:VEVENT"),
            "`VEVENT` is not understood inside of `VEVENT`",
        ),
        (
            format!("{day}\nEND:VCALENDAR"),
            "rota.ics:10: `END:VCALENDAR` stands where `VEVENT`, begun in line 4, must end",
        ),
        ("UID:2\nDTSTART:20261121T080000Z\nDURATION:PT8H".to_owned(), "`UID` stands twice"),
    ] {
        let error = refused(&lines);
        assert!(error.contains(said), "{lines}\n{error}");
    }
    let text = calendar(&event(day));
    for (text, said) in [
        (String::new(), "rota.ics: must be an iCalendar"),
        ("hello\n".to_owned(), "rota.ics:1: must be `NAME:VALUE`"),
        ("SUMMARY:x\n".to_owned(), "rota.ics:1: must be an iCalendar"),
        (" x\n".to_owned(), "rota.ics:1: there is no line that this one could continue"),
        (text.replace("END:VCALENDAR\r\n", ""), "rota.ics:1: `VCALENDAR` does not end"),
        (format!("{text}{text}"), "there must be one calendar in a text"),
        (text.replace("VERSION:2.0", "VERSION:1.0"), "rota.ics:2: `VERSION` must be 2.0"),
        (
            text.replace("VERSION:2.0", "X-WR-TIMEZONE:UTC\r\nX-WR-TIMEZONE:UTC"),
            "rota.ics:3: `X-WR-TIMEZONE` stands twice in the calendar",
        ),
        (
            text.replace(
                "UID:1",
                &format!("UID{}:1", (0..65).map(|n| format!(";X-{n}=1")).collect::<String>()),
            ),
            "rota.ics:5: there are more than 64 parameters",
        ),
        (text.replace("VERSION:2.0", "METHOD:REQUEST"), "`METHOD` must be PUBLISH"),
        (text.replace("VERSION:2.0", "CALSCALE:HEBREW"), "`CALSCALE` must be GREGORIAN"),
        (text.replace("VERSION:2.0", "RRULE:FREQ=DAILY"), "is not understood in a calendar"),
        (text.replace("UID:1\r\n", ""), "the event has no `UID`"),
        (text.replace("SUMMARY:alice", "SUMMARY: "), "`SUMMARY` must not be empty"),
        (text.replace("SUMMARY:alice", "SUMMARY:a\\nb"), "must not have control characters"),
        (text.replace("SUMMARY:alice", "SUMMARY:a\\x"), "has a `\\` that escapes nothing"),
        (text.replace("SUMMARY:alice", &format!("SUMMARY:{}", "a".repeat(254))), "longer than 253"),
        (calendar(&format!("{0}{0}", event(day))), "rota.ics:11: the event `1` is there twice"),
        (text.replace("VEVENT", "VPOLL"), "`VPOLL` is not understood inside of `VCALENDAR`"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}\n{error}");
    }
}
