//! Days of the calendar: a clock or a text in, a date that compares out.

use std::fmt;

use crate::diagnostic::{Code, Diagnostics, Reported};

use super::{Host, reported};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

/// The day of SOURCE_DATE_EPOCH, or of the clock.
pub fn today(host: &dyn Host, diags: &mut Diagnostics) -> Result<Date, Reported> {
    let Some(epoch) = host.var("SOURCE_DATE_EPOCH") else { return Ok(Date::of_clock(host.clock_s())) };
    // Beyond the year 9999 it was milliseconds that somebody took for seconds.
    match epoch.trim().parse::<u64>() {
        Ok(seconds) if seconds < 253_402_300_800 => Ok(Date::of_clock(seconds)),
        _ => {
            let message = format!("SOURCE_DATE_EPOCH is {epoch:?}, which is not a number of seconds since 1970");
            diags.error(Code::BadValue, message).help("unset it, or set it as in `SOURCE_DATE_EPOCH=$(date +%s)`");
            Err(reported(diags))
        }
    }
}

impl Date {
    /// Reads `2026-07-01`.
    pub fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let mut next = |length: usize| {
            parts.next().filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))?.parse::<u16>().ok()
        };
        let (year, month, day) = (next(4)?, next(2)?, next(2)?);
        let date = Date { year: year.into(), month: month as u8, day: day as u8 };
        (parts.next().is_none() && (1..=12).contains(&month) && date == Date::of_day(date.day_number())).then_some(date)
    }

    /// Whole days from this date to another; negative where the other is earlier.
    pub fn days_until(self, other: Date) -> i64 {
        other.day_number() - self.day_number()
    }

    pub fn of_clock(seconds: u64) -> Date {
        Date::of_day((seconds / 86_400) as i64)
    }

    // Years that begin in March put the leap day at the end of the year; 400 of them are always 146097 days.
    fn of_day(day_number: i64) -> Date {
        let days = day_number + 719_468;
        let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Date {
            year: (era * 400 + year_of_era + i64::from(month <= 2)) as i32,
            month: month as u8,
            day: (day_of_year - (153 * shifted + 2) / 5 + 1) as u8,
        }
    }

    fn day_number(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let shifted = (i64::from(self.month) + 9) % 12;
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * shifted + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}
