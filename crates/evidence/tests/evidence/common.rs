//! Rotas from a few lines.

use fallgate_evidence::{Format, OnCall, Problem, Rota, TextRota};
use jiff::{SignedDuration, Timestamp};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A calendar with these lines in it.
pub(crate) fn calendar(lines: &str) -> String {
    let lines = lines.trim_start().replace('\n', "\r\n");
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{lines}\r\nEND:VCALENDAR\r\n")
}

/// An event of alice's with these lines in it.
pub(crate) fn event(lines: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nSUMMARY:alice\n{}\nEND:VEVENT\n",
        lines.trim()
    )
}

pub(crate) fn read(text: &str) -> Result<TextRota, Problem> {
    TextRota::read("rota.ics", Format::ICalendar, text.as_bytes(), Timestamp::MIN)
}

/// Any age will do.
pub(crate) fn asked(rota: &TextRota, now: Timestamp) -> OnCall {
    rota.on_call(now, SignedDuration::MAX).unwrap().answer
}

/// Who is on call, by name.
pub(crate) fn users(rota: &TextRota, now: &str) -> Vec<String> {
    asked(rota, at(now)).shifts.into_iter().map(|shift| shift.user).collect()
}

/// What is wrong with a calendar with this event, after its line: lines of the
/// event count from 5, which is its first of its own.
pub(crate) fn refused(lines: &str) -> String {
    read(&calendar(&event(lines))).unwrap_err().to_string()
}
