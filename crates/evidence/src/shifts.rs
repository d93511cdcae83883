//! Shifts in YAML or JSON: `shifts: [{user, start, end, override}]`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::answer::{Wrong, name};
use crate::rota::{Found, Shift};
use crate::yaml;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    shifts: Vec<RawShift>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShift {
    user: Spanned<String>,
    start: Spanned<String>,
    end: Spanned<String>,
    #[serde(default, rename = "override")]
    is_override: bool,
}

/// Reads shifts.
pub(crate) fn read(text: &str) -> Result<Vec<Found>, Wrong> {
    let file: RawFile = yaml::read(text)?;
    file.shifts.into_iter().map(shift).collect()
}

fn shift(raw: RawShift) -> Result<Found, Wrong> {
    let user = name(&raw.user.value)
        .map_err(|message| yaml::wrong(&raw.user, format!("`user` {message}")))?;
    let (start, end) = (time("start", &raw.start)?, time("end", &raw.end)?);
    if end <= start {
        return Err(yaml::wrong(&raw.end, "`end` must be after `start`"));
    }
    let shift = Shift { user, start, end, is_override: raw.is_override };
    Ok(Found { shift, displaces: raw.is_override })
}

/// A time in RFC 3339.
pub(crate) fn time(field: &str, text: &Spanned<String>) -> Result<Timestamp, Wrong> {
    text.value.parse().map_err(|_| {
        let message = format!(
            "`{field}` is `{}`, and must be a time with its offset, such as 2026-11-21T09:00:00+01:00",
            text.value.escape_debug()
        );
        yaml::wrong(text, message)
    })
}
