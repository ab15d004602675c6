//! Times read from text by a layout.

use super::layout::{MONTHS, Part, WEEKDAYS, next};
use super::{DAY, Time, Zone, days_from_civil};

/// Why a text is no time of the layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parsing time {}{}", quoted(.text.as_bytes()), .reason)]
pub struct TimeError {
    text: String,
    reason: String,
}

/// What has been read so far.
struct Fields {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanoseconds: u32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    zone_name: String,
    utc: bool,
}

enum Failure {
    /// The text doesn't look like the part.
    Mismatch,
    /// A number out of range, and of what.
    Range(&'static str),
}

type Read<'t, T> = Result<(T, &'t str), Failure>;

/// A number of `least` to `most` digits.
fn number(text: &str, least: usize, most: usize) -> Read<'_, u32> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits < least {
        return Err(Failure::Mismatch);
    }
    let value = text[..digits].parse().map_err(|_| Failure::Mismatch)?;
    Ok((value, &text[digits..]))
}

fn name<'t>(text: &'t str, names: &[&str], length: Option<usize>) -> Read<'t, u32> {
    for (at, name) in names.iter().enumerate() {
        let name = &name[..length.unwrap_or(name.len())];
        if text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Ok((at as u32, &text[name.len()..]));
        }
    }
    Err(Failure::Mismatch)
}

/// The package time has quotes of its own: nothing but ASCII in them, and no short forms of escapes.
fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' '..=b'~' | 0x7f => out.push(char::from(*byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

fn in_range(value: u32, low: u32, high: u32, what: &'static str) -> Result<u32, Failure> {
    if (low..=high).contains(&value) { Ok(value) } else { Err(Failure::Range(what)) }
}

impl Time {
    /// Reads a time by a Go layout. What the layout leaves out is the start of the year 0; without a zone it is in
    /// `local`.
    ///
    /// # Errors
    /// The text doesn't fit the layout.
    pub fn parse(layout: &str, text: &str, local: &Zone) -> Result<Time, TimeError> {
        let failed = |reason: String| TimeError { text: text.to_owned(), reason };
        let mut fields = Fields {
            year: 0,
            month: None,
            day: None,
            year_day: None,
            hour: 0,
            minute: 0,
            second: 0,
            nanoseconds: 0,
            afternoon: None,
            offset: None,
            zone_name: String::new(),
            utc: false,
        };
        let (mut rest, mut pattern) = (text, layout);
        loop {
            let (literal, part, after) = next(pattern);
            let mismatch = |rest: &str, element: &str| {
                let [layout, rest, element] = [layout, rest, element].map(|text| quoted(text.as_bytes()));
                failed(format!(" as {layout}: cannot parse {rest} as {element}"))
            };
            rest = skip(rest, literal).ok_or_else(|| mismatch(rest, literal))?;
            let Some((part, element)) = part else { break };
            rest = match fields.read(part, rest, after) {
                Ok(rest) => rest,
                Err(Failure::Mismatch) => return Err(mismatch(rest, element)),
                Err(Failure::Range(what)) => return Err(failed(format!(": {what} out of range"))),
            };
            pattern = after;
        }
        if !rest.is_empty() {
            return Err(failed(format!(": extra text: {}", quoted(rest.as_bytes()))));
        }
        fields.time(local).map_err(|what| failed(format!(": {what} out of range")))
    }
}

/// Passes the literal text of a layout; a run of spaces in it stands for any number of them.
fn skip<'t>(text: &'t str, literal: &str) -> Option<&'t str> {
    let (mut text, mut literal) = (text, literal);
    while let Some(c) = literal.chars().next() {
        if c == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return None;
            }
            text = text.trim_start_matches(' ');
            literal = literal.trim_start_matches(' ');
            continue;
        }
        text = text.strip_prefix(c)?;
        literal = &literal[c.len_utf8()..];
    }
    Some(text)
}

impl Fields {
    fn read<'t>(&mut self, part: Part, text: &'t str, after: &str) -> Result<&'t str, Failure> {
        let rest;
        match part {
            Part::LongYear => {
                let (year, left) = number(text, 4, 4)?;
                self.year = i64::from(year);
                rest = left;
            }
            Part::Year => {
                let (year, left) = number(text, 2, 2)?;
                self.year = i64::from(if year >= 69 { 1900 + year } else { 2000 + year });
                rest = left;
            }
            Part::LongMonth | Part::Month => {
                let length = if part == Part::Month { Some(3) } else { None };
                let (month, left) = name(text, &MONTHS, length)?;
                self.month = Some(month + 1);
                rest = left;
            }
            Part::NumMonth | Part::ZeroMonth => {
                let (month, left) = number(text, 1 + usize::from(part == Part::ZeroMonth), 2)?;
                self.month = Some(in_range(month, 1, 12, "month")?);
                rest = left;
            }
            Part::LongWeekDay => rest = name(text, &WEEKDAYS, None)?.1,
            Part::WeekDay => rest = name(text, &WEEKDAYS, Some(3))?.1,
            Part::Day | Part::UnderDay | Part::ZeroDay => {
                let text = if part == Part::UnderDay { text.strip_prefix(' ').unwrap_or(text) } else { text };
                let (day, left) = number(text, 1 + usize::from(part == Part::ZeroDay), 2)?;
                self.day = Some(day);
                rest = left;
            }
            Part::UnderYearDay | Part::ZeroYearDay => {
                let text = if part == Part::UnderYearDay { text.trim_start_matches(' ') } else { text };
                let (day, left) = number(text, if part == Part::ZeroYearDay { 3 } else { 1 }, 3)?;
                self.year_day = Some(day);
                rest = left;
            }
            Part::Hour => {
                let (hour, left) = number(text, 1, 2)?;
                self.hour = in_range(hour, 0, 23, "hour")?;
                rest = left;
            }
            Part::Hour12 | Part::ZeroHour12 => {
                let (hour, left) = number(text, 1 + usize::from(part == Part::ZeroHour12), 2)?;
                self.hour = in_range(hour, 0, 12, "hour")?;
                rest = left;
            }
            Part::Minute | Part::ZeroMinute => {
                let (minute, left) = number(text, 1 + usize::from(part == Part::ZeroMinute), 2)?;
                self.minute = in_range(minute, 0, 59, "minute")?;
                rest = left;
            }
            Part::Second | Part::ZeroSecond => {
                let (second, left) = number(text, 1 + usize::from(part == Part::ZeroSecond), 2)?;
                self.second = in_range(second, 0, 59, "second")?;
                // Decimals may follow even if the layout has none.
                let decimals = !matches!(next(after).1, Some((Part::Fraction { .. }, _)));
                rest = if decimals { self.fraction(left, None).unwrap_or(left) } else { left };
            }
            Part::Fraction { trimmed: true, .. } => rest = self.fraction(text, None).unwrap_or(text),
            Part::Fraction { digits, .. } => {
                rest = self.fraction(text, Some(digits)).ok_or(Failure::Mismatch)?;
            }
            Part::UpperPm | Part::LowerPm => {
                let start = text.get(..2).ok_or(Failure::Mismatch)?;
                let names = if part == Part::UpperPm { ["AM", "PM"] } else { ["am", "pm"] };
                let found = names.iter().position(|name| *name == start).ok_or(Failure::Mismatch)?;
                self.afternoon = Some(found == 1);
                rest = &text[2..];
            }
            Part::Offset { z, colon, minutes, seconds } => {
                rest = self.offset(text, z, colon, minutes, seconds)?;
            }
            Part::ZoneName => rest = self.zone_name(text)?,
        }
        Ok(rest)
    }

    fn fraction<'t>(&mut self, text: &'t str, digits: Option<usize>) -> Option<&'t str> {
        let body = text.strip_prefix(['.', ','])?;
        let found = body.bytes().take_while(u8::is_ascii_digit).count();
        if found == 0 || digits.is_some_and(|digits| digits != found) {
            return None;
        }
        let nine: String = body[..found].chars().chain("000000000".chars()).take(9).collect();
        self.nanoseconds = nine.parse().ok()?;
        Some(&body[found..])
    }

    fn offset<'t>(
        &mut self,
        text: &'t str,
        z: bool,
        colon: bool,
        minutes: bool,
        seconds: bool,
    ) -> Result<&'t str, Failure> {
        if let Some(rest) = text.strip_prefix('Z').filter(|_| z) {
            self.utc = true;
            return Ok(rest);
        }
        let sign = match text.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Failure::Mismatch),
        };
        let mut rest = &text[1..];
        let mut total = 0;
        for (wanted, factor, high) in [(true, 3_600, 24), (minutes, 60, 60), (seconds, 1, 60)] {
            if !wanted {
                break;
            }
            if colon && factor != 3_600 {
                rest = rest.strip_prefix(':').ok_or(Failure::Mismatch)?;
            }
            let (value, left) = number(rest, 2, 2)?;
            total += factor * in_range(value, 0, high, "time zone offset")? as i32;
            rest = left;
        }
        self.offset = Some(sign * total);
        Ok(rest)
    }

    fn zone_name<'t>(&mut self, text: &'t str) -> Result<&'t str, Failure> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let letters = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
        let length = match letters {
            3 => 3,
            4 if text[..4].ends_with('T') || text.starts_with("WITA") => 4,
            5 if text[..5].ends_with('T') => 5,
            _ => return Err(Failure::Mismatch),
        };
        self.zone_name = text[..length].to_owned();
        Ok(&text[length..])
    }

    fn time(mut self, local: &Zone) -> Result<Time, &'static str> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let days = match self.year_day {
            Some(day) => {
                let first = days_from_civil(self.year, 1, 1);
                let length = days_from_civil(self.year + 1, 1, 1) - first;
                if day < 1 || i64::from(day) > length {
                    return Err("day-of-year");
                }
                first + i64::from(day) - 1
            }
            None => {
                let (month, day) = (i64::from(self.month.unwrap_or(1)), i64::from(self.day.unwrap_or(1)));
                let first = days_from_civil(self.year, month, 1);
                if day < 1 || day > days_from_civil(self.year, month + 1, 1) - first {
                    return Err("day");
                }
                first + day - 1
            }
        };
        let clock = i64::from(self.hour * 3_600 + self.minute * 60 + self.second);
        let seconds = days * DAY + clock;
        let time = Time::utc(seconds, self.nanoseconds);
        if self.utc {
            return Ok(time);
        }
        if let Some(offset) = self.offset {
            let zone = if offset == 0 && *local == Zone::Utc {
                Zone::Utc
            } else {
                Zone::Fixed(self.zone_name, offset)
            };
            return Ok(Time { seconds: seconds - i64::from(offset), zone, ..time });
        }
        if !self.zone_name.is_empty() {
            return Ok(Time { zone: Zone::Fixed(self.zone_name, 0), ..time });
        }
        // Near a change of the clocks the second look settles which offset holds.
        let guess = seconds - i64::from(local.offset(seconds).0);
        let offset = local.offset(guess).0;
        Ok(Time { seconds: seconds - i64::from(offset), zone: local.clone(), ..time })
    }
}
