//! Shifts in YAML or JSON: `asOf`, and `shifts: [{user, start, end, override}]`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::answer::{Wrong, name};
use crate::rota::{Found, Shift};
use crate::yaml;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(rename_all = "camelCase")]
struct RawFile {
    #[serde(default)]
    as_of: Option<Spanned<String>>,
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

/// Reads shifts, and as of when they are so.
pub(crate) fn read(text: &str) -> Result<(Option<Timestamp>, Vec<Found>), Wrong> {
    let file: RawFile = yaml::read(text)?;
    let as_of = optional_time("asOf", file.as_of.as_ref())?;
    Ok((as_of, file.shifts.into_iter().map(shift).collect::<Result<_, _>>()?))
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

/// A time that need not be there.
pub(crate) fn optional_time(
    field: &str,
    text: Option<&Spanned<String>>,
) -> Result<Option<Timestamp>, Wrong> {
    text.map(|text| time(field, text)).transpose()
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
