//! The lines of an iCalendar and the components that they make (RFC 5545, 3.1 to
//! 3.4), each with the number of the line that it starts on.

use std::borrow::Cow;

use crate::answer::Wrong;

/// A calendar: its own properties, and those of its events.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) properties: Vec<Property>,
    pub(crate) events: Vec<EventContent>,
}

/// An event: where it begins, and what is said in it.
#[derive(Debug)]
pub(crate) struct EventContent {
    pub(crate) line: usize,
    pub(crate) properties: Vec<Property>,
}

/// `NAME;PARAMETER=VALUE:VALUE`.
#[derive(Debug)]
pub(crate) struct Property {
    pub(crate) line: usize,
    /// In capitals.
    pub(crate) name: String,
    /// Names in capitals, values without quotes.
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) value: String,
}

/// More events than any rota has.
const MAX_EVENTS: usize = 20_000;

/// More parameters than any property has.
const MAX_PARAMETERS: usize = 64;

/// The longest line once it is unfolded.
const MAX_LINE: usize = 1 << 16;

impl Content {
    /// Reads the one calendar of a text.
    pub(crate) fn read(text: &str) -> Result<Content, Wrong> {
        let mut content: Option<Content> = None;
        // The components that are open, from the outside in, with their lines.
        let mut open: Vec<(String, usize)> = Vec::new();
        let mut last = 0;
        for line in unfolded(text) {
            let property = Property::read(line?)?;
            last = property.line;
            match property.name.as_str() {
                "BEGIN" => {
                    let name = property.value.to_ascii_uppercase();
                    begin(&name, &open, &mut content, property.line)?;
                    open.push((name, property.line));
                }
                "END" => match open.pop() {
                    Some((name, _)) if name == property.value.to_ascii_uppercase() => {}
                    Some((name, line)) => {
                        let message = format!(
                            "`END:{}` stands where `{name}`, begun in line {line}, must end",
                            property.value
                        );
                        return Err(Wrong::at(property.line, message));
                    }
                    None => {
                        return Err(Wrong::at(property.line, "nothing was begun that could end"));
                    }
                },
                _ => {
                    let names: Vec<&str> = open.iter().map(|(name, _)| name.as_str()).collect();
                    match (&*names, content.as_mut()) {
                        (["VCALENDAR"], Some(content)) => content.properties.push(property),
                        (["VCALENDAR", "VEVENT"], Some(content)) => {
                            if let Some(event) = content.events.last_mut() {
                                event.properties.push(property);
                            }
                        }
                        ([], _) => return Err(Wrong::at(property.line, NO_CALENDAR)),
                        _ => {}
                    }
                }
            }
        }
        match open.pop() {
            Some((name, line)) => {
                Err(Wrong::at(line, format!("`{name}` does not end: the text is not whole")))
            }
            None => content.ok_or_else(|| Wrong::at(last, NO_CALENDAR)),
        }
    }
}

const NO_CALENDAR: &str = "must be an iCalendar, which starts with `BEGIN:VCALENDAR`";

fn begin(
    name: &str,
    open: &[(String, usize)],
    content: &mut Option<Content>,
    line: usize,
) -> Result<(), Wrong> {
    let outer = open.last().map(|(name, _)| name.as_str());
    match (outer, name) {
        (None, "VCALENDAR") if content.is_none() => *content = Some(Content::default()),
        (None, "VCALENDAR") => {
            return Err(Wrong::at(
                line,
                "there must be one calendar in a text, and this is another",
            ));
        }
        (None, _) => return Err(Wrong::at(line, NO_CALENDAR)),
        (Some("VCALENDAR"), "VEVENT") => {
            let Some(content) = content else { return Ok(()) };
            if content.events.len() == MAX_EVENTS {
                return Err(Wrong::at(line, format!("there are more than {MAX_EVENTS} events")));
            }
            content.events.push(EventContent { line, properties: Vec::new() });
        }
        // These say nothing about who is on call.
        (Some("VTIMEZONE"), "STANDARD" | "DAYLIGHT") => {}
        (Some("VCALENDAR"), "VTIMEZONE" | "VTODO" | "VJOURNAL" | "VFREEBUSY") => {}
        (Some("VEVENT" | "VTODO"), "VALARM") => {}
        (Some(outer), _) => {
            return Err(Wrong::at(line, format!("`{name}` is not understood inside of `{outer}`")));
        }
    }
    Ok(())
}

/// A line with its continuations, and its number.
type Unfolded<'t> = (usize, Cow<'t, str>);

/// Lines with those that continue them: a line that starts with a space or a tab
/// belongs to the one before, without that character.
fn unfolded(text: &str) -> impl Iterator<Item = Result<Unfolded<'_>, Wrong>> {
    let mut lines = text
        .split('\n')
        .enumerate()
        .map(|(at, line)| (at + 1, line.strip_suffix('\r').unwrap_or(line)))
        .filter(|(_, line)| !line.is_empty())
        .peekable();
    std::iter::from_fn(move || {
        let (number, first) = lines.next()?;
        if first.starts_with([' ', '\t']) {
            return Some(Err(Wrong::at(number, "there is no line that this one could continue")));
        }
        let mut whole = Cow::Borrowed(first);
        while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with([' ', '\t'])) {
            whole.to_mut().push_str(more.get(1..).unwrap_or_default());
            if whole.len() > MAX_LINE {
                break;
            }
        }
        if whole.len() > MAX_LINE {
            return Some(Err(Wrong::at(number, format!("it is longer than {MAX_LINE} bytes"))));
        }
        Some(Ok((number, whole)))
    })
}

impl Property {
    fn read((line, text): Unfolded<'_>) -> Result<Property, Wrong> {
        let wrong = |message: &str| Wrong::at(line, message);
        let not_a_property = "must be `NAME:VALUE` or `NAME;PARAMETER=VALUE:VALUE`";
        let (name, mut rest) = word(&text).ok_or_else(|| wrong(not_a_property))?;
        let mut parameters: Vec<(String, String)> = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            let (name, after) = word(after).ok_or_else(|| wrong(not_a_property))?;
            let after = after.strip_prefix('=').ok_or_else(|| wrong(not_a_property))?;
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => {
                    quoted.split_once('"').ok_or_else(|| wrong("a quote is not closed"))?
                }
                None => after.split_at(after.find([':', ';', ',']).unwrap_or(after.len())),
            };
            let name = name.to_ascii_uppercase();
            if parameters.len() == MAX_PARAMETERS {
                return Err(wrong(&format!("there are more than {MAX_PARAMETERS} parameters")));
            }
            if parameters.iter().any(|(other, _)| *other == name) {
                return Err(wrong(&format!("the parameter `{name}` stands twice")));
            }
            // A list of quoted values; none of those that matter has one.
            let (value, after) = match after.strip_prefix(',') {
                Some(_) => {
                    let end = list_end(after);
                    let (more, after) = after.split_at(end);
                    (format!("{value}{more}"), after)
                }
                None => (value.to_owned(), after),
            };
            parameters.push((name, value));
            rest = after;
        }
        let value = rest.strip_prefix(':').ok_or_else(|| wrong(not_a_property))?;
        Ok(Property { line, name: name.to_ascii_uppercase(), parameters, value: value.to_owned() })
    }

    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Fails for parameters that are not among these.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Wrong> {
        let unknown = |(name, _): &&(String, String)| {
            !known.contains(&name.as_str()) && !name.starts_with("X-")
        };
        match self.parameters.iter().find(unknown) {
            Some((name, _)) => {
                Err(self.wrong(format!("has a parameter `{name}`, which is not understood")))
            }
            None => Ok(()),
        }
    }

    /// The value as one text, without its escapes (3.3.11). Commas that are not
    /// escaped belong to it, as many calendars have them.
    pub(crate) fn text(&self) -> Result<String, Wrong> {
        self.texts().map(|texts| texts.join(","))
    }

    /// The value as a list of texts, with commas between that are not escaped.
    pub(crate) fn texts(&self) -> Result<Vec<String>, Wrong> {
        let (mut texts, mut text) = (Vec::new(), String::new());
        let mut characters = self.value.chars();
        while let Some(character) = characters.next() {
            match character {
                ',' => texts.push(std::mem::take(&mut text)),
                '\\' => text.push(match characters.next() {
                    Some('n' | 'N') => '\n',
                    Some(escaped @ ('\\' | ';' | ',')) => escaped,
                    _ => return Err(self.wrong("has a `\\` that escapes nothing")),
                }),
                other => text.push(other),
            }
        }
        texts.push(text);
        Ok(texts)
    }

    pub(crate) fn wrong(&self, message: impl std::fmt::Display) -> Wrong {
        Wrong::at(self.line, format!("`{}` {message}", self.name))
    }
}

/// A name of letters, digits and `-`, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// Where a list of values, quoted or not, ends.
fn list_end(text: &str) -> usize {
    let mut quoted = false;
    text.find(|c: char| {
        quoted ^= c == '"';
        !quoted && matches!(c, ':' | ';')
    })
    .unwrap_or(text.len())
}
