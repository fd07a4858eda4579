//! Dates as text, always in UTC, so that a file has the same date wherever it is made.

/// A minute of the Gregorian calendar.
struct Minute {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
}

impl Minute {
    /// The minute at this number of milliseconds since 1970 began, by Hinnant's algorithm `civil_from_days`
    /// (<https://howardhinnant.github.io/date_algorithms.html>). It lets years begin in March, so that a leap day is
    /// their last day.
    fn from_unix_ms(unix_ms: u64) -> Self {
        const DAYS_OF_400_YEARS: u64 = 146_097;
        let minutes = unix_ms / 60_000;
        let days = minutes / 1_440 + 719_468;
        let day_of_era = days % DAYS_OF_400_YEARS;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let since_march = (5 * day_of_year + 2) / 153;
        let month = if since_march < 10 { since_march + 3 } else { since_march - 9 };
        Self {
            year: days / DAYS_OF_400_YEARS * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * since_march + 2) / 5 + 1,
            hour: minutes / 60 % 24,
            minute: minutes % 60,
        }
    }
}

/// The minute for people: `2026-11-23 at 14:05 UTC`.
#[must_use]
pub fn in_words(unix_ms: u64) -> String {
    let Minute { year, month, day, hour, minute } = Minute::from_unix_ms(unix_ms);
    format!("{year}-{month:02}-{day:02} at {hour:02}:{minute:02} UTC")
}

/// The minute as part of a file name: `20261123-1405`.
#[must_use]
pub fn in_a_name(unix_ms: u64) -> String {
    let Minute { year, month, day, hour, minute } = Minute::from_unix_ms(unix_ms);
    format!("{year}{month:02}{day:02}-{hour:02}{minute:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (unix_ms, text) in [
            (0, "1970-01-01 at 00:00 UTC"),
            (951_782_399_999, "2000-02-28 at 23:59 UTC"),
            (951_782_400_000, "2000-02-29 at 00:00 UTC"),
            (1_795_442_700_000, "2026-11-23 at 14:05 UTC"),
            (4_107_542_400_000, "2100-03-01 at 00:00 UTC"),
            (8_640_000_000_000_000, "275760-09-13 at 00:00 UTC"),
        ] {
            assert_eq!(in_words(unix_ms), text);
        }
        assert_eq!(in_a_name(1_795_442_700_000), "20261123-1405");
    }
}
