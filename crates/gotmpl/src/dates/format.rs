//! Times as text by a layout.

use std::fmt::Write;

use super::layout::{MONTHS, Part, WEEKDAYS, next};
use super::{Civil, Time};

impl Time {
    /// The text by a Go layout.
    #[must_use]
    pub fn format(&self, layout: &str) -> String {
        let civil = self.civil();
        let mut out = String::with_capacity(layout.len() + 10);
        let mut rest = layout;
        loop {
            let (literal, part, after) = next(rest);
            out.push_str(literal);
            let Some((part, text)) = part else { return out };
            self.write_part(&mut out, part, text, &civil);
            rest = after;
        }
    }

    fn write_part(&self, out: &mut String, part: Part, text: &str, civil: &Civil) {
        let month = MONTHS[(civil.month as usize + 11) % 12];
        let weekday = WEEKDAYS[civil.weekday as usize % 7];
        let hour12 = (civil.hour + 11) % 12 + 1;
        let afternoon = civil.hour >= 12;
        // Writing to a string can't fail.
        let _ = match part {
            Part::LongMonth => out.write_str(month),
            Part::Month => out.write_str(&month[..3]),
            Part::NumMonth => write!(out, "{}", civil.month),
            Part::ZeroMonth => write!(out, "{:02}", civil.month),
            Part::LongWeekDay => out.write_str(weekday),
            Part::WeekDay => out.write_str(&weekday[..3]),
            Part::Day => write!(out, "{}", civil.day),
            Part::UnderDay => write!(out, "{:2}", civil.day),
            Part::ZeroDay => write!(out, "{:02}", civil.day),
            Part::UnderYearDay => write!(out, "{:3}", civil.year_day),
            Part::ZeroYearDay => write!(out, "{:03}", civil.year_day),
            Part::Hour => write!(out, "{:02}", civil.hour),
            Part::Hour12 => write!(out, "{hour12}"),
            Part::ZeroHour12 => write!(out, "{hour12:02}"),
            Part::Minute => write!(out, "{}", civil.minute),
            Part::ZeroMinute => write!(out, "{:02}", civil.minute),
            Part::Second => write!(out, "{}", civil.second),
            Part::ZeroSecond => write!(out, "{:02}", civil.second),
            Part::LongYear if civil.year < 0 => write!(out, "-{:04}", -civil.year),
            Part::LongYear => write!(out, "{:04}", civil.year),
            Part::Year => write!(out, "{:02}", civil.year.rem_euclid(100)),
            Part::UpperPm => out.write_str(if afternoon { "PM" } else { "AM" }),
            Part::LowerPm => out.write_str(if afternoon { "pm" } else { "am" }),
            Part::ZoneName if civil.abbreviation.is_empty() => {
                write_offset(out, civil.offset, false, true, false)
            }
            Part::ZoneName => out.write_str(&civil.abbreviation),
            Part::Offset { z: true, .. } if civil.offset == 0 => out.write_str("Z"),
            Part::Offset { colon, minutes, seconds, .. } => {
                write_offset(out, civil.offset, colon, minutes, seconds)
            }
            Part::Fraction { digits, trimmed } => {
                let all = format!("{:09}", self.nanoseconds);
                let mut decimals = all[..digits.min(9)].to_owned();
                decimals.extend(std::iter::repeat_n('0', digits.saturating_sub(9)));
                let decimals = if trimmed { decimals.trim_end_matches('0') } else { &decimals };
                if decimals.is_empty() { Ok(()) } else { write!(out, "{}{decimals}", &text[..1]) }
            }
        };
    }
}

fn write_offset(
    out: &mut String,
    offset: i32,
    colon: bool,
    minutes: bool,
    seconds: bool,
) -> std::fmt::Result {
    let sign = if offset < 0 { '-' } else { '+' };
    let offset = offset.unsigned_abs();
    let colon = if colon { ":" } else { "" };
    write!(out, "{sign}{:02}", offset / 3_600)?;
    if minutes {
        write!(out, "{colon}{:02}", offset / 60 % 60)?;
    }
    if seconds {
        write!(out, "{colon}{:02}", offset % 60)?;
    }
    Ok(())
}
