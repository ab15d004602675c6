//! Times and durations, as Go's package time has them.
//!
//! Neighbors: `layout.rs` cuts Go's reference layouts, `format.rs` and `parse.rs` use them, `duration.rs`, `methods.rs`.

mod duration;
mod format;
mod layout;
mod methods;
mod parse;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

pub use duration::{DurationError, duration_text, parse_duration};
pub(crate) use methods::{Named, call, method, round_duration};
pub use parse::TimeError;

/// A point in time with the zone it is shown in.
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
    /// Where its clock hangs.
    pub zone: Zone,
}

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub enum Zone {
    /// Universal time.
    Utc,
    /// A fixed number of seconds east of it, with a name that may be empty.
    Fixed(String, i32),
    /// A zone of the time zone database.
    Named(TimeZone),
}

impl Zone {
    /// The zone of that name: `UTC`, or one of the IANA database that is built into the program.
    #[must_use]
    pub fn find(name: &str) -> Option<Zone> {
        match name {
            "" | "UTC" => Some(Zone::Utc),
            // The names are those of files, so their case matters.
            _ => TimeZoneDatabase::bundled()
                .get(name)
                .ok()
                .filter(|zone| zone.iana_name().is_none_or(|found| found == name))
                .map(Zone::Named),
        }
    }

    /// Seconds east of UTC at a moment, and the abbreviation in use then.
    fn offset(&self, seconds: i64) -> (i32, String) {
        match self {
            Zone::Utc => (0, "UTC".to_owned()),
            Zone::Fixed(name, offset) => (*offset, name.clone()),
            Zone::Named(zone) => {
                // Beyond the calendar the first and last rules go on.
                let moment = Timestamp::from_second(seconds).unwrap_or(if seconds < 0 {
                    Timestamp::MIN
                } else {
                    Timestamp::MAX
                });
                let info = zone.to_offset_info(moment);
                (info.offset().seconds(), info.abbreviation().to_owned())
            }
        }
    }
}

/// A time on the calendar of its zone.
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// From 0 for Sunday.
    pub(crate) weekday: u32,
    /// From 1.
    pub(crate) year_day: u32,
    pub(crate) offset: i32,
    pub(crate) abbreviation: String,
}

const DAY: i64 = 86_400;

/// The zero time of Go: the first of January of the year 1.
pub(crate) const ZERO_SECONDS: i64 = -62_135_596_800;

/// Days since 1970 of a date of the Gregorian calendar; months beyond 12 run into other years.
pub(crate) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year + (month - 1).div_euclid(12);
    let month = (month - 1).rem_euclid(12) + 1;
    // Years begin in March here, so that the leap day comes last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

impl Time {
    /// A time in UTC.
    #[must_use]
    pub fn utc(seconds: i64, nanoseconds: u32) -> Time {
        Time { seconds, nanoseconds, zone: Zone::Utc }
    }

    /// The same moment shown in another zone.
    #[must_use]
    pub fn in_zone(&self, zone: Zone) -> Time {
        Time { zone, ..self.clone() }
    }

    /// This time plus some nanoseconds.
    #[must_use]
    pub fn plus(&self, nanoseconds: i64) -> Time {
        let total = i64::from(self.nanoseconds) + nanoseconds % 1_000_000_000;
        let seconds = self.seconds.saturating_add(nanoseconds / 1_000_000_000);
        Time {
            seconds: seconds.saturating_add(total.div_euclid(1_000_000_000)),
            nanoseconds: total.rem_euclid(1_000_000_000) as u32,
            zone: self.zone.clone(),
        }
    }

    /// Nanoseconds from another time to this one, at most what fits.
    #[must_use]
    pub fn since(&self, other: &Time) -> i64 {
        let seconds = i128::from(self.seconds) - i128::from(other.seconds);
        let total = seconds * 1_000_000_000 + i128::from(self.nanoseconds) - i128::from(other.nanoseconds);
        i64::try_from(total).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX })
    }

    /// The text in RFC 3339 with as many decimals as needed, which JSON uses.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        self.format("2006-01-02T15:04:05.999999999Z07:00")
    }

    pub(crate) fn civil(&self) -> Civil {
        let (offset, abbreviation) = self.zone.offset(self.seconds);
        // Far beyond the calendar of any template; clamped so that the arithmetic below can't overflow.
        let local = self.seconds.clamp(i64::MIN / 4, i64::MAX / 4) + i64::from(offset);
        let days = local.div_euclid(DAY);
        let rest = local.rem_euclid(DAY);
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: (rest / 3_600) as u32,
            minute: (rest % 3_600 / 60) as u32,
            second: (rest % 60) as u32,
            weekday: (days + 4).rem_euclid(7) as u32,
            year_day: (days - days_from_civil(year, 1, 1) + 1) as u32,
            offset,
            abbreviation,
        }
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }
}
