use crate::platform::{exact_time, iso_time};
use leptos::prelude::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long ago something was. A tooltip has the exact time: in UTC as the server renders it, and in
/// the viewer's language and time zone once the pointer is over it.
#[component]
pub(super) fn RelativeTime(
    /// In seconds since the Unix epoch.
    time: i64,
    /// Now, in seconds since the Unix epoch.
    #[prop(into)]
    now: Signal<i64>,
) -> impl IntoView {
    // The first date that a browser formats costs more time than the rest of the page.
    let has_tooltip = RwSignal::new(cfg!(feature = "ssr"));
    view! {
        <time
            datetime=iso_time(time)
            title=move || has_tooltip.get().then(|| exact_time(time))
            on:pointerenter=move |_| has_tooltip.set(true)
        >
            {move || Some(ago(now.get() - time))}
        </time>
    }
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
