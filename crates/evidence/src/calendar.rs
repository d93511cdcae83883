//! Shifts from an iCalendar: each event is one, or one for each time that it
//! repeats, of the person whom its summary names.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Span, Timestamp};

use crate::answer::{Wrong, name};
use crate::content::{Content, EventContent, Property};
use crate::recurrence::{End, Rule};
use crate::rota::{Found, Shift};

/// The events of a calendar that are shifts.
#[derive(Debug)]
pub(crate) struct Calendar {
    events: Vec<Event>,
}

#[derive(Debug)]
struct Event {
    user: String,
    zone: TimeZone,
    /// In `zone`.
    start: DateTime,
    /// It starts with a day and not at a time of it.
    all_day: bool,
    length: Length,
    rule: Option<Rule>,
    /// When a rule that ends with a time does.
    until: Option<Until>,
    /// Starts at which it does not happen, or does otherwise.
    excluded: BTreeSet<Timestamp>,
    /// It stands in place of one time of another event.
    moved: bool,
    /// It takes the place of every other shift while it lasts.
    overrides: bool,
}

/// How long an event lasts: so many days by the calendar, and then so long by
/// the clock.
#[derive(Clone, Copy, Debug)]
struct Length {
    days: i32,
    exact: SignedDuration,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    Date(Date),
    Time(Timestamp),
}

/// The longest shift in days.
const MAX_DAYS: i32 = 400;

/// How many days of how many events are looked at for one answer.
const MAX_STEPS: u32 = 1_000_000;

/// Finding an answer takes more than that.
#[derive(Debug)]
pub(crate) struct TooMuch;

impl Calendar {
    /// Reads a calendar.
    pub(crate) fn read(text: &str) -> Result<Calendar, Wrong> {
        let content = Content::read(text)?;
        let zone = zone_of(&content.properties)?;
        let mut events = Vec::new();
        // Which times of which events stand elsewhere, by the events' UIDs.
        let mut moved: BTreeMap<String, BTreeSet<Timestamp>> = BTreeMap::new();
        let mut cancelled = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for event in &content.events {
            let read = Reading { event, zone: zone.as_ref() }.read()?;
            if !seen.insert((read.uid.clone(), read.instead_of)) {
                return Err(Wrong::at(
                    event.line,
                    format!("the event `{}` is there twice", read.uid),
                ));
            }
            match read.instead_of {
                Some(time) => {
                    moved.entry(read.uid.clone()).or_default().insert(time);
                }
                None if !read.certain => {
                    cancelled.insert(read.uid.clone());
                }
                None => {}
            }
            events.push(read);
        }
        events.retain(|read| read.certain && !cancelled.contains(&read.uid));
        let events = events.into_iter().map(|read| {
            let mut event = read.event;
            if let Some(times) = moved.get(&read.uid).filter(|_| read.instead_of.is_none()) {
                event.excluded.extend(times);
            }
            event
        });
        Ok(Calendar { events: events.collect() })
    }

    /// The shifts that a time is in.
    pub(crate) fn at(&self, now: Timestamp) -> Result<Vec<Found>, TooMuch> {
        let mut steps = MAX_STEPS;
        let mut found = Vec::new();
        for event in &self.events {
            for (start, end) in event.at(now, &mut steps)? {
                found.push(Found {
                    shift: Shift {
                        user: event.user.clone(),
                        start,
                        end,
                        is_override: event.moved || event.overrides,
                    },
                    displaces: event.overrides,
                });
            }
        }
        Ok(found)
    }
}

impl Event {
    /// The times at which it happens that a time is in, by their starts and ends.
    fn at(&self, now: Timestamp, steps: &mut u32) -> Result<Vec<(Timestamp, Timestamp)>, TooMuch> {
        let mut found = Vec::new();
        let first = self.start.date();
        let today = self.zone.to_datetime(now).date();
        let longest = self
            .length
            .days
            .saturating_add(i32::try_from(self.length.exact.as_hours() / 24).unwrap_or(i32::MAX));
        // A day more at both ends, for what clocks do.
        let earliest = today.saturating_sub(Span::new().days(longest.clamp(0, MAX_DAYS) + 2));
        let mut date = earliest.max(first);
        let latest =
            if self.rule.is_some() { today.saturating_add(Span::new().days(1)) } else { first };
        while date <= latest {
            spend(steps)?;
            if let Some((start, end)) = self.on(date)
                && start <= now
                && now < end
                && !self.excluded.contains(&start)
                && self.has_not_ended(date, start, steps)?
            {
                found.push((start, end));
            }
            let Ok(next) = date.tomorrow() else { break };
            date = next;
        }
        Ok(found)
    }

    /// When it starts and ends on a date, where it happens then by its rule.
    fn on(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        let first = self.start.date();
        if let Some(rule) = &self.rule
            && !rule.falls_on(first, date)
        {
            return None;
        }
        let at = self.zone.to_ambiguous_timestamp(date.to_datetime(self.start.time()));
        // A time that clocks skip is none that a rule falls on; of one that they show twice, the
        // first is meant (RFC 5545, 3.3.10 and 3.3.5). A day is never skipped: where clocks skip
        // midnight, it starts with the first time that there is.
        let skipped = matches!(at.offset(), AmbiguousOffset::Gap { .. });
        if date != first && skipped && !self.all_day {
            return None;
        }
        let start = at.compatible().ok()?;
        let end = if self.all_day {
            let last = date.checked_add(Span::new().days(self.length.days)).ok()?;
            self.zone.to_timestamp(last.to_datetime(Time::midnight())).ok()?
        } else {
            self.length.after(start, &self.zone)?
        };
        Some((start, end))
    }

    fn has_not_ended(
        &self,
        date: Date,
        start: Timestamp,
        steps: &mut u32,
    ) -> Result<bool, TooMuch> {
        match (&self.until, self.rule.as_ref().map(|rule| &rule.end)) {
            (Some(Until::Date(last)), _) => Ok(date <= *last),
            (Some(Until::Time(last)), _) => Ok(start <= *last),
            (None, Some(End::Count(count))) => {
                let mut left = *count;
                let mut day = self.start.date();
                while day < date && left > 0 {
                    spend(steps)?;
                    left -= u64::from(self.on(day).is_some());
                    let Ok(next) = day.tomorrow() else { return Ok(false) };
                    day = next;
                }
                Ok(left > 0)
            }
            _ => Ok(true),
        }
    }
}

fn spend(steps: &mut u32) -> Result<(), TooMuch> {
    *steps = steps.checked_sub(1).ok_or(TooMuch)?;
    Ok(())
}

impl Length {
    /// When something ends that starts then.
    fn after(self, start: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = if self.days == 0 {
            start
        } else {
            let local = zone.to_datetime(start).checked_add(Span::new().days(self.days)).ok()?;
            zone.to_timestamp(local).ok()?
        };
        start.checked_add(self.exact).ok()
    }
}

/// The zone of times that name none, where the calendar says it.
fn zone_of(properties: &[Property]) -> Result<Option<TimeZone>, Wrong> {
    let mut zone = None;
    for property in properties {
        match property.name.as_str() {
            "VERSION" if property.value != "2.0" => {
                return Err(property.wrong("must be 2.0: that of RFC 5545"));
            }
            "CALSCALE" if !property.value.eq_ignore_ascii_case("GREGORIAN") => {
                return Err(property.wrong("must be GREGORIAN"));
            }
            "METHOD" if !property.value.eq_ignore_ascii_case("PUBLISH") => {
                return Err(
                    property.wrong("must be PUBLISH: a calendar, and not an invitation to one")
                );
            }
            "X-WR-TIMEZONE" if zone.is_some() => {
                return Err(property.wrong("stands twice in the calendar"));
            }
            "X-WR-TIMEZONE" => zone = Some(zone_named(&property.value, property)?),
            "VERSION" | "CALSCALE" | "METHOD" | "PRODID" | "NAME" | "DESCRIPTION" | "UID"
            | "URL" | "LAST-MODIFIED" | "REFRESH-INTERVAL" | "SOURCE" | "COLOR" | "IMAGE"
            | "CATEGORIES" => {}
            name if name.starts_with("X-") => {}
            _ => return Err(property.wrong("is not understood in a calendar")),
        }
    }
    Ok(zone)
}

fn zone_named(zone: &str, property: &Property) -> Result<TimeZone, Wrong> {
    TimeZoneDatabase::bundled().get(zone).map_err(|_| {
        property.wrong(format!(
            "names the time zone `{zone}`, which is none of the IANA database, such as Europe/Berlin"
        ))
    })
}

/// An event before the others are known.
struct Read {
    event: Event,
    uid: String,
    /// The time of the event with the same UID that it stands for.
    instead_of: Option<Timestamp>,
    /// It is neither cancelled nor tentative.
    certain: bool,
}

/// A time as it is written.
#[derive(Clone)]
enum Moment {
    Date(Date),
    /// With a zone, or in the calendar's.
    Local(DateTime, TimeZone),
    Utc(DateTime),
}

struct Reading<'c> {
    event: &'c EventContent,
    zone: Option<&'c TimeZone>,
}

impl Reading<'_> {
    fn read(&self) -> Result<Read, Wrong> {
        self.known()?;
        let line = self.event.line;
        let required = |name: &'static str| {
            self.one(name)?.ok_or_else(|| Wrong::at(line, format!("the event has no `{name}`")))
        };
        let start_property = required("DTSTART")?;
        let start_moment = self.moment(start_property, &start_property.value)?;
        let (start, zone) = self.local(&start_moment, start_property)?;
        let length = self.length(&start_moment, start_property)?;
        let summary = required("SUMMARY")?;
        let user = name(summary.text()?.trim())
            .map_err(|message| summary.wrong(format!("{message}: it names the person on call")))?;
        let uid = required("UID")?.value.clone();

        let (mut rule, mut until) = (None, None);
        if let Some(property) = self.one("RRULE")? {
            property.only(&[])?;
            let read = Rule::read(&property.value).map_err(|message| property.wrong(message))?;
            if !read.falls_on(start.date(), start.date()) {
                return Err(property.wrong("does not fall on the event's own start, `DTSTART`"));
            }
            if let End::Until(text) = &read.end {
                until = Some(self.until(text, &start_moment, property)?);
            }
            rule = Some(read);
        }
        let mut excluded = BTreeSet::new();
        for property in self.all("EXDATE") {
            for value in property.value.split(',') {
                excluded.insert(self.same_kind(property, value, &start_moment)?);
            }
        }
        let instead_of = match self.one("RECURRENCE-ID")? {
            Some(property) if rule.is_some() => {
                return Err(property.wrong("stands in an event that repeats by itself"));
            }
            Some(property) => Some(self.same_kind(property, &property.value, &start_moment)?),
            None => None,
        };
        let mut overrides = false;
        for property in self.all("CATEGORIES") {
            let categories = property.texts()?;
            overrides |= categories.iter().any(|c| c.trim().eq_ignore_ascii_case("override"));
        }
        let certain = match self.one("STATUS")? {
            None => true,
            Some(property) => match property.value.to_ascii_uppercase().as_str() {
                "CONFIRMED" => true,
                "TENTATIVE" | "CANCELLED" => false,
                _ => return Err(property.wrong("must be CONFIRMED, TENTATIVE or CANCELLED")),
            },
        };
        let moved = instead_of.is_some();
        let all_day = matches!(start_moment, Moment::Date(_));
        let event =
            Event { user, zone, start, all_day, length, rule, until, excluded, moved, overrides };
        Ok(Read { event, uid, instead_of, certain })
    }

    /// Fails where something is said that may change who is on call, and is not
    /// understood.
    fn known(&self) -> Result<(), Wrong> {
        for property in &self.event.properties {
            match property.name.as_str() {
                "DTSTART" | "DTEND" | "DURATION" | "SUMMARY" | "UID" | "RRULE" | "EXDATE"
                | "RECURRENCE-ID" | "CATEGORIES" | "STATUS" => {}
                "DTSTAMP" | "CREATED" | "LAST-MODIFIED" | "SEQUENCE" | "DESCRIPTION"
                | "LOCATION" | "COMMENT" | "CONTACT" | "ORGANIZER" | "ATTENDEE" | "CLASS"
                | "PRIORITY" | "TRANSP" | "URL" | "GEO" | "ATTACH" | "RELATED-TO" | "RESOURCES"
                | "REQUEST-STATUS" | "COLOR" | "CONFERENCE" | "IMAGE" => {}
                name if name.starts_with("X-") => {}
                _ => return Err(property.wrong("is not understood in an event")),
            }
        }
        Ok(())
    }

    fn all<'s>(&'s self, name: &'static str) -> impl Iterator<Item = &'s Property> {
        self.event.properties.iter().filter(move |property| property.name == name)
    }

    fn one(&self, name: &'static str) -> Result<Option<&Property>, Wrong> {
        let mut all = self.all(name);
        let first = all.next();
        match all.next() {
            Some(second) => Err(second.wrong("stands twice in the event")),
            None => Ok(first),
        }
    }

    /// A time in the value of a property (3.3.4, 3.3.5).
    fn moment(&self, property: &Property, value: &str) -> Result<Moment, Wrong> {
        property.only(&["VALUE", "TZID"])?;
        let zone = property.parameter("TZID");
        let is_date = match property.parameter("VALUE").map(str::to_ascii_uppercase).as_deref() {
            None | Some("DATE-TIME") => false,
            Some("DATE") => true,
            Some(other) => return Err(property.wrong(format!("has values of the type `{other}`"))),
        };
        let wrong = || property.wrong(format!("has `{value}`, which is no time"));
        if is_date {
            if zone.is_some() {
                return Err(property.wrong("is a date with a `TZID`, which has no meaning"));
            }
            return Ok(Moment::Date(date(value).ok_or_else(wrong)?));
        }
        let (text, utc) = match value.strip_suffix('Z') {
            Some(text) => (text, true),
            None => (value, false),
        };
        let time = date_time(text).ok_or_else(wrong)?;
        match (utc, zone, self.zone) {
            (true, None, _) => Ok(Moment::Utc(time)),
            (true, Some(_), _) => Err(property.wrong("has both a `TZID` and a time in UTC")),
            (false, Some(zone), _) => Ok(Moment::Local(time, zone_named(zone, property)?)),
            (false, None, Some(zone)) => Ok(Moment::Local(time, zone.clone())),
            (false, None, None) => Err(property.wrong(NO_ZONE)),
        }
    }

    fn local(&self, moment: &Moment, property: &Property) -> Result<(DateTime, TimeZone), Wrong> {
        match moment {
            Moment::Utc(time) => Ok((*time, TimeZone::UTC)),
            Moment::Local(time, zone) => Ok((*time, zone.clone())),
            Moment::Date(date) => {
                let zone = self.zone.ok_or_else(|| property.wrong(NO_ZONE))?;
                Ok((date.to_datetime(Time::midnight()), zone.clone()))
            }
        }
    }

    fn instant(&self, moment: &Moment, property: &Property) -> Result<Timestamp, Wrong> {
        let (time, zone) = self.local(moment, property)?;
        zone.to_timestamp(time).map_err(|_| property.wrong("is out of the range of times"))
    }

    /// The instant of a time that must be written as a date where the event's
    /// start is, and as a time where it is not.
    fn same_kind(
        &self,
        property: &Property,
        value: &str,
        start: &Moment,
    ) -> Result<Timestamp, Wrong> {
        let moment = self.moment(property, value)?;
        if matches!(moment, Moment::Date(_)) != matches!(start, Moment::Date(_)) {
            return Err(
                property.wrong("must be a date where `DTSTART` is one, and otherwise a time")
            );
        }
        self.instant(&moment, property)
    }

    /// How long the event lasts (3.6.1, 3.8.5.3): by the clock where it says when
    /// it ends, by the calendar where it says for how many days.
    fn length(&self, start: &Moment, start_property: &Property) -> Result<Length, Wrong> {
        let (end, duration) = (self.one("DTEND")?, self.one("DURATION")?);
        let (length, property) = match (end, duration) {
            (Some(_), Some(property)) => {
                return Err(property.wrong("stands beside `DTEND`, of which there must be one"));
            }
            (Some(property), None) => {
                let end = self.moment(property, &property.value)?;
                let length = match (start, &end) {
                    (Moment::Date(start), Moment::Date(end)) => {
                        let days = end.duration_since(*start).as_hours() / 24;
                        let days = i32::try_from(days).unwrap_or(i32::MAX);
                        Length { days, exact: SignedDuration::ZERO }
                    }
                    (Moment::Date(_), _) | (_, Moment::Date(_)) => {
                        return Err(property
                            .wrong("must be a date where `DTSTART` is one, and otherwise a time"));
                    }
                    _ => {
                        let start = self.instant(start, start_property)?;
                        let end = self.instant(&end, property)?;
                        Length { days: 0, exact: end.duration_since(start) }
                    }
                };
                (length, property)
            }
            (None, Some(property)) => {
                property.only(&["VALUE"])?;
                let length = duration_of(&property.value).ok_or_else(|| {
                    property.wrong("must be a duration, such as P1W, P1D or PT12H")
                })?;
                if matches!(start, Moment::Date(_)) && !length.exact.is_zero() {
                    return Err(property.wrong("must be days or weeks where `DTSTART` is a date"));
                }
                (length, property)
            }
            (None, None) if matches!(start, Moment::Date(_)) => {
                (Length { days: 1, exact: SignedDuration::ZERO }, start_property)
            }
            (None, None) => {
                return Err(Wrong::at(
                    self.event.line,
                    "the event has no end: neither `DTEND` nor `DURATION`",
                ));
            }
        };
        let total = length.exact.as_hours() / 24 + i64::from(length.days);
        if length.days < 0
            || length.exact.is_negative()
            || length.days == 0 && length.exact.is_zero()
        {
            Err(property.wrong("ends the event before it starts, or as it does"))
        } else if total > i64::from(MAX_DAYS) {
            Err(property.wrong(format!("makes the event longer than {MAX_DAYS} days")))
        } else {
            Ok(length)
        }
    }

    /// The end of a rule (3.3.10): a date for an event of days, and otherwise a
    /// time in UTC.
    fn until(&self, text: &str, start: &Moment, property: &Property) -> Result<Until, Wrong> {
        match start {
            Moment::Date(_) => date(text).map(Until::Date).ok_or_else(|| {
                property.wrong(format!("has `UNTIL={text}`, and must have a date there, as `DTSTART` is"))
            }),
            _ => text
                .strip_suffix('Z')
                .and_then(date_time)
                .and_then(|time| TimeZone::UTC.to_timestamp(time).ok())
                .map(Until::Time)
                .ok_or_else(|| {
                    property.wrong(format!(
                        "has `UNTIL={text}`, and must have a time in UTC there, such as 20261231T230000Z"
                    ))
                }),
        }
    }
}

const NO_ZONE: &str = "says no time zone, so that it means another time to each reader; give it a `TZID`, or the calendar an `X-WR-TIMEZONE`";

/// `19970714`.
fn date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 8 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// `19980118T230000`.
fn date_time(text: &str) -> Option<DateTime> {
    let (day, time) = text.split_once('T')?;
    if time.len() != 6 || !time.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hour, rest) = time.split_at_checked(2)?;
    let (minute, second) = rest.split_at_checked(2)?;
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?, 0).ok()?;
    Some(date(day)?.to_datetime(time))
}

/// `P15DT5H0M20S`, `P7W` (3.3.6); a negative one is no length.
fn duration_of(text: &str) -> Option<Length> {
    let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
    let (days, time) = match text.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (text, None),
    };
    let mut length = Length { days: 0, exact: SignedDuration::ZERO };
    let mut said = false;
    if let Some(weeks) = days.strip_suffix('W') {
        length.days = digits(weeks)?.checked_mul(7)?;
        if time.is_some() {
            return None;
        }
        said = true;
    } else if !days.is_empty() {
        length.days = digits(days.strip_suffix('D')?)?;
        said = true;
    }
    if let Some(mut time) = time {
        let mut seconds: i64 = 0;
        let mut units = [('H', 3600), ('M', 60), ('S', 1)].into_iter();
        while !time.is_empty() {
            let (number, rest) =
                time.split_at_checked(time.find(|c: char| !c.is_ascii_digit())?)?;
            let unit = rest.chars().next()?;
            let (_, size) = units.find(|(name, _)| *name == unit)?;
            seconds = i64::from(digits(number)?).checked_mul(size)?.checked_add(seconds)?;
            time = rest.get(1..)?;
            said = true;
        }
        if text.ends_with('T') {
            return None;
        }
        length.exact = SignedDuration::from_secs(seconds);
    }
    said.then_some(length)
}

fn digits(text: &str) -> Option<i32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}
