//! Go's date layouts: the reference time `Mon Jan 2 15:04:05 MST 2006`, written the way the date should look.

/// A part of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    /// An offset: with `Z` for UTC, with colons, with minutes, with seconds.
    Offset {
        z: bool,
        colon: bool,
        minutes: bool,
        seconds: bool,
    },
    /// Decimals of the second: how many, and whether trailing zeros (and then all) are left out.
    Fraction {
        digits: usize,
        trimmed: bool,
    },
}

fn lower_follows(rest: &str) -> bool {
    rest.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase())
}

/// The literal text before the first part, the part with its own text, and the rest of the layout.
pub(super) fn next(layout: &str) -> (&str, Option<(Part, &str)>, &str) {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some((part, length, skip)) = part_at(rest) {
            let start = at + skip;
            return (&layout[..start], Some((part, &layout[start..at + length])), &layout[at + length..]);
        }
    }
    (layout, None, "")
}

const OFFSETS: [(&str, bool, bool, bool); 5] = [
    ("070000", false, true, true),
    ("07:00:00", true, true, true),
    ("0700", false, true, false),
    ("07:00", true, true, false),
    ("07", false, false, false),
];

/// The part that starts here, its length, and how much of that is literal text.
fn part_at(rest: &str) -> Option<(Part, usize, usize)> {
    let found = |part: Part, length: usize| Some((part, length, 0));
    let starts = |text: &str| rest.starts_with(text);
    match rest.as_bytes()[0] {
        b'J' if starts("January") => found(Part::LongMonth, 7),
        b'J' if starts("Jan") && !lower_follows(&rest[3..]) => found(Part::Month, 3),
        b'M' if starts("Monday") => found(Part::LongWeekDay, 6),
        b'M' if starts("Mon") && !lower_follows(&rest[3..]) => found(Part::WeekDay, 3),
        b'M' if starts("MST") => found(Part::ZoneName, 3),
        b'0' if starts("002") => found(Part::ZeroYearDay, 3),
        b'0' => {
            let part = match rest.as_bytes().get(1)? {
                b'1' => Part::ZeroMonth,
                b'2' => Part::ZeroDay,
                b'3' => Part::ZeroHour12,
                b'4' => Part::ZeroMinute,
                b'5' => Part::ZeroSecond,
                b'6' => Part::Year,
                _ => return None,
            };
            found(part, 2)
        }
        b'1' if starts("15") => found(Part::Hour, 2),
        b'1' => found(Part::NumMonth, 1),
        b'2' if starts("2006") => found(Part::LongYear, 4),
        b'2' => found(Part::Day, 1),
        b'_' if starts("_2006") => Some((Part::LongYear, 5, 1)),
        b'_' if starts("_2") => found(Part::UnderDay, 2),
        b'_' if starts("__2") => found(Part::UnderYearDay, 3),
        b'3' => found(Part::Hour12, 1),
        b'4' => found(Part::Minute, 1),
        b'5' => found(Part::Second, 1),
        b'P' if starts("PM") => found(Part::UpperPm, 2),
        b'p' if starts("pm") => found(Part::LowerPm, 2),
        sign @ (b'-' | b'Z') => {
            let (text, colon, minutes, seconds) =
                *OFFSETS.iter().find(|offset| rest[1..].starts_with(offset.0))?;
            found(Part::Offset { z: sign == b'Z', colon, minutes, seconds }, 1 + text.len())
        }
        b'.' | b',' => {
            let digit = *rest.as_bytes().get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
            let digits = rest.bytes().skip(1).take_while(|byte| *byte == digit).count();
            if rest.as_bytes().get(1 + digits).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            found(Part::Fraction { digits, trimmed: digit == b'9' }, 1 + digits)
        }
        _ => None,
    }
}

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
