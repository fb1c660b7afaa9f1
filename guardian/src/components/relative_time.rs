use crate::platform::{exact_time, iso_time};
use leptos::prelude::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago something was, and when exactly, as a tooltip: in UTC as the server renders it,
/// in the viewer's language and time zone once it is pointed at.
#[component]
pub(super) fn RelativeTime(
    /// In seconds since the Unix epoch.
    time: i64,
    /// Now, in seconds since the Unix epoch.
    #[prop(into)]
    now: Signal<i64>,
) -> impl IntoView {
    // A browser's first words for a time cost it more than all the rest of the page.
    let is_asked = RwSignal::new(cfg!(feature = "ssr"));
    view! {
        <time
            datetime=iso_time(time)
            title=move || is_asked.get().then(|| exact_time(time))
            on:pointerenter=move |_| is_asked.set(true)
        >
            {move || Some(ago(now.get() - time))}
        </time>
    }
}

/// In words, for how long ago something was, in seconds.
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
    fn times_read_as_a_person_says_them() {
        for (seconds, words) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (3599, "59 minutes ago"),
            (3600, "1 hour ago"),
            (86_399, "23 hours ago"),
            (2 * 86_400, "2 days ago"),
        ] {
            assert_eq!(ago(seconds), words);
        }
    }
}
