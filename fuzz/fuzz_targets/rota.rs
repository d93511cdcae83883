//! Every text is a rota or a problem with its line, and whoever is on call is so in a shift that the time is
//! in; an answer is the same each time.
#![no_main]

use fallgate_evidence::{Format, Rota, Scope, TextRota, TextTickets, Tickets};
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;

// The first line is a time in seconds, the rest the text.
fuzz_target!(|text: &str| {
    let (first, text) = text.split_once('\n').unwrap_or_default();
    let now = first.trim().parse().ok().and_then(|s| Timestamp::from_second(s).ok());
    let now = now.unwrap_or(Timestamp::UNIX_EPOCH);
    // YAML ends lines with carriage returns, too.
    let lines = text.split(['\n', '\r']).count();
    for format in [Format::ICalendar, Format::Shifts] {
        let rota = match TextRota::read("f", format, text.as_bytes(), Timestamp::MIN) {
            Ok(rota) => rota,
            Err(problem) => {
                assert!(problem.line <= lines && !problem.message.is_empty(), "{problem}");
                assert!(problem.message.len() <= 512, "{problem}");
                assert!(!problem.message.contains(char::is_control), "{problem:?}");
                continue;
            }
        };
        let answer = rota.on_call(now, SignedDuration::MAX);
        if let Ok(evidence) = &answer {
            for shift in evidence.answer.shifts.iter().chain(&evidence.answer.displaced) {
                assert!(shift.start <= now && now < shift.end && !shift.user.is_empty());
            }
            assert!(evidence.summary.len() <= 512);
        }
        assert_eq!(answer, rota.on_call(now, SignedDuration::MAX));
    }
    if let Ok(tickets) = TextTickets::read("f", text.as_bytes(), Timestamp::MIN) {
        let scope = Scope { namespace: "shop", service: Some("db") };
        assert!(tickets.ticket("INC-7", &scope, now, SignedDuration::MAX).is_ok());
    }
});
