//! Timestamps and durations: read, written, and taken apart.

use super::{Table, no_overload, text};
use crate::cel::fault::Fault;
use crate::cel::value::{Timestamp, Value};

const DAY: i64 = 86_400;
/// The years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

pub const TABLE: Table = &[
    ("full_year", |args, _| part(args, |civil| civil.year)),
    ("month", |args, _| part(args, |civil| civil.month - 1)),
    ("day_of_year", |args, _| part(args, |civil| civil.days - days(civil.year, 1, 1))),
    ("day_of_month", |args, _| part(args, |civil| civil.day - 1)),
    ("date", |args, _| part(args, |civil| civil.day)),
    ("day_of_week", |args, _| part(args, |civil| (civil.days + 4).rem_euclid(7))),
    ("hours", |args, _| clock(args, 3_600_000, 24)),
    ("minutes", |args, _| clock(args, 60_000, 60)),
    ("seconds", |args, _| clock(args, 1_000, 60)),
    ("milliseconds", |args, _| clock(args, 1, 1_000)),
];

struct Civil {
    /// Since 1970.
    days: i64,
    year: i64,
    month: i64,
    day: i64,
}

pub fn checked(seconds: i64, nanos: u32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos }).filter(|time| is_valid(*time))
}

pub fn is_valid(time: Timestamp) -> bool {
    SECONDS.contains(&time.seconds)
}

/// A part of the date, in the time zone of the second argument.
fn part(args: &[Value], part: fn(&Civil) -> i64) -> Result<Value, Fault> {
    let seconds = local(args)?.seconds;
    Ok(Value::Int(part(&civil(seconds.div_euclid(DAY)))))
}

/// A part of the time of day, or of the length of a duration.
fn clock(args: &[Value], unit_millis: i64, count: i64) -> Result<Value, Fault> {
    if let Value::Duration(nanos) = args[0] {
        return Ok(Value::Int(nanos / 1_000_000 / unit_millis));
    }
    let time = local(args)?;
    let millis = time.seconds.rem_euclid(DAY) * 1_000 + i64::from(time.nanos) / 1_000_000;
    Ok(Value::Int(millis / unit_millis % count))
}

/// What a clock in the time zone shows.
fn local(args: &[Value]) -> Result<Timestamp, Fault> {
    let Value::Timestamp(time) = args[0] else { return Err(no_overload()) };
    let offset = if args.len() > 1 { offset(text(args, 1)?, time)? } else { 0 };
    Ok(Timestamp { seconds: time.seconds + offset, nanos: time.nanos })
}

/// Seconds east of Greenwich.
fn offset(zone: &str, _: Timestamp) -> Result<i64, Fault> {
    let Some((hours, minutes)) = zone.split_once(':') else {
        return match zone {
            "" | "UTC" => Ok(0),
            _ => Err(Fault::new(format!("unknown time zone {zone}"))),
        };
    };
    let wrong = || Fault::new(format!("invalid time zone {zone}"));
    let hours: i64 = hours.parse().ok().filter(|hours: &i64| hours.abs() < 100).ok_or_else(wrong)?;
    let minutes: i64 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes)).ok_or_else(wrong)?;
    let minutes = if zone.starts_with('-') { -minutes } else { minutes };
    Ok(hours * 3_600 + minutes * 60)
}

/// Days since 1970 of a date in the Gregorian calendar, reckoned in eras of 400 years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil(days: i64) -> Civil {
    let shifted = days + 719_468;
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = (shifted_month + 2) % 12 + 1;
    let year = shifted.div_euclid(146_097) * 400 + year_of_era + i64::from(month <= 2);
    Civil { days, year, month, day: of_year - (153 * shifted_month + 2) / 5 + 1 }
}

fn days_in(year: i64, month: i64) -> i64 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days(next_year, next, 1) - days(year, month, 1)
}

/// RFC 3339, with as many digits of a second as it needs.
pub fn timestamp_text(time: Timestamp) -> String {
    let date = civil(time.seconds.div_euclid(DAY));
    let second = time.seconds.rem_euclid(DAY);
    let fraction = format!(".{:09}", time.nanos);
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    let (hours, minutes) = (second / 3_600, second / 60 % 60);
    format!("{:04}-{:02}-{:02}T{hours:02}:{minutes:02}:{:02}{fraction}Z", date.year, date.month, date.day, second % 60)
}

pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| text.as_bytes().get(*at) == Some(mark)) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let is_date = (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month);
    if !is_date || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanos, rest) = fraction(text.get(19..)?)?;
    let seconds = days(year, month, day) * DAY + hour * 3_600 + minute * 60 + second - zone(rest)?;
    checked(seconds, nanos)
}

/// Nanoseconds from `.5`, and what follows.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(after) = text.strip_prefix(['.', ',']) else { return Some((0, text)) };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let digits = after.get(..length.min(9)).filter(|digits| !digits.is_empty())?;
    Some((format!("{digits:0<9}").parse().ok()?, &after[length..]))
}

fn zone(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.as_bytes() {
        [b'+', _, _, b':', _, _] => 1,
        [b'-', _, _, b':', _, _] => -1,
        _ => return None,
    };
    let (hours, minutes): (i64, i64) = (text.get(1..3)?.parse().ok()?, text.get(4..6)?.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

pub fn duration_text(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let fraction = format!(".{:09}", nanos % 1_000_000_000);
    format!("{sign}{}{}s", nanos / 1_000_000_000, fraction.trim_end_matches('0').trim_end_matches('.'))
}

/// The longest first, so that `ms` is not minutes.
const UNITS: &[(&str, i128)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Nanoseconds of `1h30m`, `-1.5s`, `0`.
pub fn parse_duration(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Some(0);
    }
    let (mut rest, mut total) = (unsigned, 0i128);
    while !rest.is_empty() || unsigned.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, after) = rest.split_at(whole);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()),
            None => ("", after),
        };
        if digits.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, nanos) = UNITS.iter().find(|(unit, _)| after.starts_with(unit))?;
        rest = &after[unit.len()..];
        let number = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
        let fraction = fraction.get(..fraction.len().min(18))?;
        let part = number(fraction)? * nanos / 10i128.pow(fraction.len() as u32);
        total = total.checked_add(number(digits)?.checked_mul(*nanos)?.checked_add(part)?)?;
    }
    i64::try_from(if text.starts_with('-') { -total } else { total }).ok()
}
