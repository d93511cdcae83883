//! Rules against the RFC's own examples, and against counting days.

use fallgate_evidence::TextRota;
use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::common::{asked, calendar, event, read, users};

/// The days of New York from `from` on at whose noon somebody is on call.
fn days(rota: &TextRota, from: Date, count: usize) -> Vec<String> {
    let zone = TimeZone::get("America/New_York").ok();
    let zone = zone
        .unwrap_or_else(|| jiff::tz::TimeZoneDatabase::bundled().get("America/New_York").unwrap());
    let mut date = from;
    let mut found = Vec::new();
    for _ in 0..count {
        let noon = zone.to_timestamp(date.at(9, 30, 0, 0)).unwrap();
        if !asked(rota, noon).shifts.is_empty() {
            found.push(date.strftime("%m%d").to_string());
        }
        date = date.tomorrow().unwrap();
    }
    found
}

fn ruled(start: &str, rule: &str) -> TextRota {
    let lines =
        format!("DTSTART;TZID=America/New_York:{start}T090000\nDURATION:PT1H\nRRULE:{rule}");
    read(&calendar(&event(&lines))).unwrap_or_else(|problem| panic!("{rule}: {problem}"))
}

/// RFC 5545, 3.8.5.3, those with days, weeks and months.
#[test]
fn the_examples_of_the_rfc_hold() {
    for (start, rule, expected) in [
        ("19970902", "FREQ=DAILY;COUNT=10", "0902 0903 0904 0905 0906 0907 0908 0909 0910 0911"),
        ("19970902", "FREQ=DAILY;INTERVAL=10;COUNT=5", "0902 0912 0922 1002 1012"),
        ("19970902", "FREQ=WEEKLY;COUNT=10", "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104"),
        (
            "19970902",
            "FREQ=WEEKLY;UNTIL=19971224T000000Z",
            "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104 1111 1118 1125 1202 1209 1216 1223",
        ),
        ("19970902", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;COUNT=6", "0902 0916 0930 1014 1028 1111"),
        (
            "19970902",
            "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
            "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002",
        ),
        (
            "19970901",
            "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
            "0901 0903 0905 0915 0917 0919 0929 1001 1003 1013 1015 1017 1027 1029 1031 1110 1112 1114 1124 1126 1128 1208 1210 1212 1222",
        ),
        (
            "19970902",
            "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
            "0902 0904 0916 0918 0930 1002 1014 1016",
        ),
        ("19970905", "FREQ=MONTHLY;COUNT=4;BYDAY=1FR", "0905 1003 1107 1205"),
        ("19970905", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "0905 1003 1107 1205"),
        ("19970907", "FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", "0907 0928 1102 1130"),
        ("19970922", "FREQ=MONTHLY;COUNT=4;BYDAY=-2MO", "0922 1020 1117 1222"),
        ("19970928", "FREQ=MONTHLY;BYMONTHDAY=-3;COUNT=3", "0928 1029 1128"),
        ("19970902", "FREQ=MONTHLY;COUNT=6;BYMONTHDAY=2,15", "0902 0915 1002 1015 1102 1115"),
        ("19970930", "FREQ=MONTHLY;COUNT=6;BYMONTHDAY=1,-1", "0930 1001 1031 1101 1130 1201"),
        ("19970902", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU;COUNT=6", "0902 0909 0916 0923 0930 1104"),
        // The week's start matters.
        ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "0805 0810 0819 0824"),
        ("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "0805 0817 0819 0831"),
        // A day that a month lacks is passed over.
        ("19970831", "FREQ=MONTHLY;COUNT=3", "0831 1031 1231"),
    ] {
        let rota = ruled(start, rule);
        let first = date(1997, start[4..6].parse().unwrap(), start[6..].parse().unwrap());
        assert_eq!(days(&rota, first, 123).join(" "), expected, "{rule}");
    }
    // Friday the 13th, until the next of them.
    let thirteenth = read(&calendar(&event(
        "DTSTART;TZID=America/New_York:19980213T090000\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
    )))
    .unwrap();
    assert_eq!(days(&thirteenth, date(1998, 2, 13), 300), ["0213", "0313", "1113"]);
}

#[test]
fn rules_that_never_end_are_answered_far_in_the_future() {
    let rota = ruled("20260105", "FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TU");
    for now in ["9998-01-01T00:00:00Z", "9999-12-30T22:00:00Z"] {
        // Whoever it is; there is an answer, and it does not take longer.
        users(&rota, now);
    }
    assert!((0..100).any(|day| {
        let day = date(9000, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        !days(&rota, day, 1).is_empty()
    }));
    let all = ruled("20260105", "FREQ=DAILY;COUNT=1000000000");
    assert_eq!(users(&all, "2036-07-01T13:30:00Z"), ["alice"]);
    let few = ruled("20260105", "FREQ=DAILY;COUNT=1000");
    assert_eq!(users(&few, "2036-07-01T13:30:00Z"), [""; 0]);
}

/// A rule as the RFC tells it: period after period, and in each the days.
fn oracle(
    first: Date,
    frequency: &str,
    interval: i32,
    days: &[Weekday],
    count: usize,
) -> Vec<Date> {
    let mut found = Vec::new();
    let monday = |date: Date| {
        date.checked_sub(jiff::Span::new().days(date.weekday().to_monday_zero_offset())).unwrap()
    };
    let mut period = 0;
    while found.len() < count {
        let span = jiff::Span::new();
        let candidates: Vec<Date> = match frequency {
            "DAILY" => vec![first.checked_add(span.days(period * interval)).unwrap()],
            "WEEKLY" => {
                let week = monday(first).checked_add(span.weeks(period * interval)).unwrap();
                (0..7).map(|day| week.checked_add(jiff::Span::new().days(day)).unwrap()).collect()
            }
            _ => {
                let month =
                    first.first_of_month().checked_add(span.months(period * interval)).unwrap();
                (0..month.days_in_month())
                    .map(|day| month.checked_add(jiff::Span::new().days(day)).unwrap())
                    .collect()
            }
        };
        for day in candidates {
            let fits = match (frequency, days.is_empty()) {
                (_, false) => days.contains(&day.weekday()),
                ("WEEKLY", true) => day.weekday() == first.weekday(),
                ("MONTHLY", true) => day.day() == first.day(),
                _ => true,
            };
            if fits && day >= first && found.len() < count {
                found.push(day);
            }
        }
        period += 1;
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_rule_falls_where_going_through_its_periods_finds_it(
        day in 0_i32..700,
        frequency in prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY"]),
        interval in 1_i32..5,
        chosen in prop::collection::vec(any::<bool>(), 7),
        count in 1_usize..12,
    ) {
        const NAMES: [(&str, Weekday); 7] = [
            ("MO", Weekday::Monday), ("TU", Weekday::Tuesday), ("WE", Weekday::Wednesday),
            ("TH", Weekday::Thursday), ("FR", Weekday::Friday), ("SA", Weekday::Saturday),
            ("SU", Weekday::Sunday),
        ];
        let first = date(2024, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        // The event's own start is one of the rule's days, or there is no rule.
        let days: Vec<(&str, Weekday)> = NAMES
            .into_iter()
            .zip(chosen.iter())
            .filter(|((_, weekday), chosen)| **chosen || *weekday == first.weekday())
            .map(|(day, _)| day)
            .collect();
        let by_day = if chosen[0] {
            let names: Vec<&str> = days.iter().map(|(name, _)| *name).collect();
            format!(";BYDAY={}", names.join(","))
        } else {
            String::new()
        };
        let weekdays: Vec<Weekday> =
            if chosen[0] { days.iter().map(|(_, day)| *day).collect() } else { Vec::new() };
        let rule = format!("FREQ={frequency};INTERVAL={interval};COUNT={count}{by_day}");
        let expected = oracle(first, frequency, interval, &weekdays, count);
        let rota = ruled(&first.strftime("%Y%m%d").to_string(), &rule);
        let zone = jiff::tz::TimeZoneDatabase::bundled().get("America/New_York").unwrap();
        let last = *expected.last().unwrap();
        let mut day = first;
        while day <= last.checked_add(jiff::Span::new().days(10)).unwrap() {
            let now = zone.to_timestamp(day.at(9, 0, 0, 0)).unwrap();
            prop_assert_eq!(
                !asked(&rota, now).shifts.is_empty(),
                expected.contains(&day),
                "{} on {}", &rule, day
            );
            day = day.tomorrow().unwrap();
        }
    }
}
