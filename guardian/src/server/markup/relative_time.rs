use leptos::prelude::*;
use time::{
    UtcDateTime, format_description::well_known::Rfc3339, formatting::Formattable,
    macros::format_description,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago something was, both in seconds since the Unix epoch. A tooltip has the exact time in UTC.
/// The page's script says it in the viewer's language and time zone.
pub(super) fn relative_time(time: i64, now: i64) -> AnyView {
    let exact =
        format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute] UTC");
    view! {
        <time datetime=in_utc(time, &Rfc3339) title=in_utc(time, &exact)>{ago(now - time)}</time>
    }
    .into_any()
}

fn in_utc(seconds: i64, format: &(impl Formattable + ?Sized)) -> String {
    let time = UtcDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(format).ok())
        .unwrap_or_default()
}

/// Describes an age, given in seconds.
fn ago(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..MINUTE => return "just now".into(),
        MINUTE..HOUR => (seconds / MINUTE, "minute"),
        HOUR..DAY => (seconds / HOUR, "hour"),
        DAY.. => (seconds / DAY, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural} ago")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_the_largest_unit_that_fits() {
        for (seconds, text) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (2 * 86_400, "2 days ago"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }
}
