use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answer::{Evidence, Problem, Source, Unavailable};
use crate::calendar::Calendar;
use crate::shifts;

/// Whoever knows who is on call.
pub trait Rota {
    /// Who is on call now, as far as what is known is at most `max_age` old.
    ///
    /// # Errors
    ///
    /// When that cannot be told. It is no "nobody": a person decides.
    fn on_call(
        &self,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Evidence<OnCall>, Unavailable>;
}

/// Who is on call at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnCall {
    /// The shifts that the time is in, by user and start.
    pub shifts: Vec<Shift>,
    /// Shifts that the time is in, too, but that an override takes the place of:
    /// their users are not on call.
    pub displaced: Vec<Shift>,
}

impl OnCall {
    /// The shift in which a user is on call: a planned one rather than one that
    /// somebody put in its place.
    pub fn shift_of(&self, user: &str) -> Option<&Shift> {
        self.shifts
            .iter()
            .filter(|shift| shift.user == user)
            .min_by_key(|shift| (shift.is_override, shift.start))
    }
}

/// A time in which somebody is on call: from its start until before its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// The user's name, as the rota has it.
    pub user: String,
    /// When it starts.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Whether somebody put it in the place of what was planned.
    pub is_override: bool,
}

/// How a rota is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An iCalendar (RFC 5545), a user's name in the summary of each event.
    ICalendar,
    /// Shifts in YAML or JSON.
    Shifts,
}

/// A rota that was read from a text.
#[derive(Debug)]
pub struct TextRota {
    source: Source,
    shifts: Shifts,
}

#[derive(Debug)]
enum Shifts {
    Calendar(Calendar),
    List(Vec<Found>),
}

/// A shift, and whether others are no shifts while it lasts.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) shift: Shift,
    pub(crate) displaces: bool,
}

impl TextRota {
    /// Reads a rota from the text of a file, or of a key of a ConfigMap, that was
    /// read at that time.
    ///
    /// # Errors
    ///
    /// At the first thing in it that is not understood.
    pub fn read(
        name: &str,
        format: Format,
        bytes: &[u8],
        read_at: Timestamp,
    ) -> Result<TextRota, Problem> {
        let (source, text) = Source::of(name, bytes, read_at)?;
        let read = match format {
            Format::ICalendar => Calendar::read(text).map(|read| (None, Shifts::Calendar(read))),
            Format::Shifts => shifts::read(text).map(|(as_of, all)| (as_of, Shifts::List(all))),
        };
        match read {
            Ok((as_of, shifts)) => Ok(TextRota { source: source.written(as_of), shifts }),
            Err(wrong) => Err(wrong.within(&source)),
        }
    }
}

impl Rota for TextRota {
    fn on_call(
        &self,
        now: Timestamp,
        max_age: SignedDuration,
    ) -> Result<Evidence<OnCall>, Unavailable> {
        self.source.fresh(now, max_age)?;
        let found = match &self.shifts {
            Shifts::Calendar(calendar) => calendar.at(now).map_err(|_| self.source.too_much())?,
            Shifts::List(all) => all
                .iter()
                .filter(|found| found.shift.start <= now && now < found.shift.end)
                .cloned()
                .collect(),
        };
        let answer = OnCall::of(found);
        let question = json!({"kind": "onCall", "at": now.to_string()});
        let (facts, summary) = (answer.facts(), answer.summary());
        self.source.evidence(question, answer, facts, summary)
    }
}

impl OnCall {
    fn of(found: Vec<Found>) -> OnCall {
        let overridden = found.iter().any(|found| found.displaces);
        let mut answer = OnCall::default();
        for Found { shift, displaces } in found {
            if overridden && !displaces {
                answer.displaced.push(shift);
            } else {
                answer.shifts.push(shift);
            }
        }
        for shifts in [&mut answer.shifts, &mut answer.displaced] {
            shifts.sort();
            shifts.dedup();
        }
        answer
    }

    fn facts(&self) -> Value {
        let list = |shifts: &[Shift]| -> Value {
            let one = |shift: &Shift| {
                json!({
                    "user": shift.user,
                    "start": shift.start.to_string(),
                    "end": shift.end.to_string(),
                    "override": shift.is_override,
                })
            };
            shifts.iter().map(one).collect()
        };
        json!({"shifts": list(&self.shifts), "displaced": list(&self.displaced)})
    }

    fn summary(&self) -> String {
        if self.shifts.is_empty() {
            return "nobody is on call".to_owned();
        }
        let one = |shift: &Shift| {
            let instead = if shift.is_override { ", by an override" } else { "" };
            format!("{} until {}{instead}", shift.user, shift.end)
        };
        let all: Vec<String> = self.shifts.iter().map(one).collect();
        format!("on call: {}", all.join("; "))
    }
}
