//! Points in time as the API writes them.

use std::time::Duration;

use jiff::Timestamp;

/// Without a fraction, as `metav1.Time` is written.
pub(crate) fn seconds(time: Timestamp) -> String {
    let whole = Timestamp::from_second(time.as_second()).unwrap_or(time);
    format!("{whole:.0}")
}

/// With six digits, as `metav1.MicroTime` is written.
pub(crate) fn micros(time: Timestamp) -> String {
    format!("{time:.6}")
}

/// A time as read from an object.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A later point in time; the end of time where there is none.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// How long from one point to a later one; nothing where it is not later.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// An age as tables show it: the two coarsest units while they say something.
pub(crate) fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |coarse: u64, unit: char, fine: u64, fine_unit: char| {
        if fine == 0 {
            format!("{coarse}{unit}")
        } else {
            format!("{coarse}{unit}{fine}{fine_unit}")
        }
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, 'm', seconds % 60, 's'),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, 'h', minutes % 60, 'm'),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(days, 'd', hours % 24, 'h'),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => two(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_api_writes_them() {
        let time: Timestamp = "2026-11-21T15:02:08.987654321Z".parse().unwrap();
        assert_eq!(seconds(time), "2026-11-21T15:02:08Z");
        assert_eq!(micros(time), "2026-11-21T15:02:08.987654Z");
        assert_eq!(parse("2026-11-21T15:02:08Z").map(seconds).unwrap(), "2026-11-21T15:02:08Z");
    }

    #[test]
    fn ages_show_two_units_while_they_say_something() {
        let shown = |seconds| age(Duration::from_secs(seconds));
        assert_eq!(shown(0), "0s");
        assert_eq!(shown(119), "119s");
        assert_eq!(shown(120), "2m");
        assert_eq!(shown(125), "2m5s");
        assert_eq!(shown(601), "10m");
        assert_eq!(shown(3 * 3600 + 120), "3h2m");
        assert_eq!(shown(9 * 3600 + 120), "9h");
        assert_eq!(shown(3 * 86_400 + 3600), "3d1h");
        assert_eq!(shown(9 * 86_400), "9d");
        assert_eq!(shown(3 * 365 * 86_400), "3y");
    }
}
