//! Rules by which an event repeats (RFC 5545, 3.3.10): the part of them that rotas
//! are written with.
//!
//! A rule is a question about a date, and not a list of dates: asking whether
//! somebody is on call now takes no more than looking at the days around now,
//! however long the rule has been running. Only a rule that ends after a number
//! of times has to be counted from its start.

use jiff::civil::{Date, Weekday};

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    frequency: Frequency,
    interval: i32,
    /// For months, with the ordinal that may stand before a day.
    days: Vec<(i8, Weekday)>,
    month_days: Vec<i8>,
    week_start: Weekday,
    pub(crate) end: End,
}

/// When it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    /// After so many times.
    Count(u64),
    /// With this time, as it is written.
    Until(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

impl Rule {
    /// Reads a rule.
    pub(crate) fn read(text: &str) -> Result<Rule, String> {
        let mut frequency = None;
        let mut rule = Rule {
            frequency: Frequency::Daily,
            interval: 1,
            days: Vec::new(),
            month_days: Vec::new(),
            week_start: Weekday::Monday,
            end: End::Never,
        };
        let mut seen: Vec<&str> = Vec::new();
        let text = text.to_ascii_uppercase();
        for part in text.split(';') {
            let (name, value) =
                part.split_once('=').ok_or_else(|| format!("has `{part}`, which says nothing"))?;
            if seen.contains(&name) {
                return Err(format!("says `{name}` twice"));
            }
            seen.push(name);
            let wrong = || format!("has `{part}`, which is not understood");
            match name {
                "FREQ" => {
                    frequency = Some(match value {
                        "DAILY" => Frequency::Daily,
                        "WEEKLY" => Frequency::Weekly,
                        "MONTHLY" => Frequency::Monthly,
                        _ => {
                            return Err(format!(
                                "has `{part}`; rotas repeat DAILY, WEEKLY or MONTHLY"
                            ));
                        }
                    });
                }
                "INTERVAL" => {
                    rule.interval = number(value)
                        .and_then(|n| i32::try_from(n).ok())
                        .filter(|n| (1..=1000).contains(n))
                        .ok_or_else(wrong)?;
                }
                "COUNT" => {
                    rule.end = End::Count(number(value).filter(|n| *n > 0).ok_or_else(wrong)?);
                }
                "UNTIL" => rule.end = End::Until(value.to_owned()),
                "WKST" => rule.week_start = weekday(value).ok_or_else(wrong)?,
                "BYDAY" => {
                    rule.days = list(value, day).ok_or_else(wrong)?;
                }
                "BYMONTHDAY" => {
                    rule.month_days = list(value, month_day).ok_or_else(wrong)?;
                }
                _ => return Err(wrong()),
            }
        }
        rule.frequency = frequency.ok_or("has no `FREQ`")?;
        if seen.contains(&"COUNT") && seen.contains(&"UNTIL") {
            return Err("has both `COUNT` and `UNTIL`, of which there must be one".to_owned());
        }
        let monthly = rule.frequency == Frequency::Monthly;
        if !monthly && !rule.month_days.is_empty() {
            return Err("has `BYMONTHDAY`, which is understood with `FREQ=MONTHLY`".to_owned());
        }
        if !monthly && rule.days.iter().any(|(ordinal, _)| *ordinal != 0) {
            return Err(
                "has numbers in `BYDAY`, which are understood with `FREQ=MONTHLY`".to_owned()
            );
        }
        Ok(rule)
    }

    /// Whether the rule of an event that starts on `first` falls on `date`, which
    /// is not before it; whether it has ended is not looked at.
    pub(crate) fn falls_on(&self, first: Date, date: Date) -> bool {
        let weekday = date.weekday();
        let any_day = |ordinal_fits: &dyn Fn(i8) -> bool| {
            self.days.iter().any(|(ordinal, day)| *day == weekday && ordinal_fits(*ordinal))
        };
        match self.frequency {
            Frequency::Daily => {
                days_between(first, date) % self.interval == 0
                    && (self.days.is_empty() || any_day(&|_| true))
            }
            Frequency::Weekly => {
                // Weeks are counted from the one that the event starts in, and start on `WKST`.
                let into_week = i32::from(self.week_start.until(first.weekday()));
                let weeks = (days_between(first, date) + into_week) / 7;
                let on_day = if self.days.is_empty() {
                    weekday == first.weekday()
                } else {
                    any_day(&|_| true)
                };
                weeks % self.interval == 0 && on_day
            }
            Frequency::Monthly => {
                let months = (i32::from(date.year()) - i32::from(first.year())) * 12
                    + i32::from(date.month())
                    - i32::from(first.month());
                let left = date.days_in_month() - date.day();
                let month_day = |day: i8| date.day() == day || left == -(day + 1) && day < 0;
                let on_day = match (self.days.is_empty(), self.month_days.is_empty()) {
                    (true, true) => date.day() == first.day(),
                    (true, false) => self.month_days.iter().copied().any(month_day),
                    (false, none) => {
                        let fits = |ordinal: i8| match ordinal {
                            0 => true,
                            1.. => (date.day() - 1) / 7 + 1 == ordinal,
                            _ => left / 7 + 1 == -ordinal,
                        };
                        any_day(&fits) && (none || self.month_days.iter().copied().any(month_day))
                    }
                };
                months % self.interval == 0 && on_day
            }
        }
    }
}

fn days_between(first: Date, date: Date) -> i32 {
    i32::try_from(date.duration_since(first).as_hours() / 24).unwrap_or(i32::MAX)
}

/// What stands between commas, each once: however often a rule repeats itself,
/// asking it about a date takes no longer.
fn list<T: PartialEq>(text: &str, one: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let read = one(part)?;
        if !all.contains(&read) {
            all.push(read);
        }
    }
    Some(all)
}

/// Digits and nothing else.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Monday,
        "TU" => Weekday::Tuesday,
        "WE" => Weekday::Wednesday,
        "TH" => Weekday::Thursday,
        "FR" => Weekday::Friday,
        "SA" => Weekday::Saturday,
        "SU" => Weekday::Sunday,
        _ => return None,
    })
}

/// `MO`, `1MO`, `-1MO`; within a month there are five of a kind at most.
fn day(text: &str) -> Option<(i8, Weekday)> {
    let (ordinal, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let ordinal = match ordinal {
        "" => 0,
        _ => signed(ordinal).filter(|n| (1..=5).contains(&n.abs()))?,
    };
    Some((ordinal, weekday(name)?))
}

fn month_day(text: &str) -> Option<i8> {
    signed(text).filter(|n| (1..=31).contains(&n.abs()))
}

fn signed(text: &str) -> Option<i8> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Some(sign * i8::try_from(number(digits)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_twice_is_kept_once() {
        for (twice, once) in
            [("BYDAY=1MO,MO,1MO,+1MO", "BYDAY=1MO,MO"), ("BYMONTHDAY=1,-1,1,01", "BYMONTHDAY=1,-1")]
        {
            let read = |part: &str| Rule::read(&format!("FREQ=MONTHLY;{part}")).unwrap();
            assert_eq!(read(twice), read(once));
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, said) in [
            ("", "has ``, which says nothing"),
            ("FREQ=YEARLY", "has `FREQ=YEARLY`; rotas repeat"),
            ("FREQ=HOURLY", "has `FREQ=HOURLY`; rotas repeat"),
            ("INTERVAL=2", "has no `FREQ`"),
            ("FREQ=DAILY;FREQ=DAILY", "says `FREQ` twice"),
            ("FREQ=DAILY;", "has ``, which says nothing"),
            ("FREQ=DAILY;INTERVAL=0", "has `INTERVAL=0`, which is not understood"),
            ("FREQ=DAILY;INTERVAL=-1", "has `INTERVAL=-1`, which is not understood"),
            ("FREQ=DAILY;INTERVAL=", "has `INTERVAL=`, which is not understood"),
            ("FREQ=DAILY;INTERVAL=99999999999999999999", "which is not understood"),
            ("FREQ=DAILY;COUNT=0", "has `COUNT=0`, which is not understood"),
            ("FREQ=DAILY;COUNT=1;UNTIL=20260101", "has both `COUNT` and `UNTIL`"),
            ("FREQ=DAILY;BYDAY=1MO", "has numbers in `BYDAY`"),
            ("FREQ=MONTHLY;BYDAY=6MO", "has `BYDAY=6MO`, which is not understood"),
            ("FREQ=MONTHLY;BYDAY=0MO", "has `BYDAY=0MO`, which is not understood"),
            ("FREQ=MONTHLY;BYDAY=é", "which is not understood"),
            ("FREQ=WEEKLY;BYDAY=MO,", "which is not understood"),
            ("FREQ=WEEKLY;BYMONTHDAY=1", "has `BYMONTHDAY`, which is understood with"),
            ("FREQ=MONTHLY;BYMONTHDAY=32", "which is not understood"),
            ("FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO", "has `BYSETPOS=-1`, which is not understood"),
            ("FREQ=DAILY;BYHOUR=9", "has `BYHOUR=9`, which is not understood"),
            ("FREQ=DAILY;X-A=1", "has `X-A=1`, which is not understood"),
        ] {
            let error = Rule::read(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
