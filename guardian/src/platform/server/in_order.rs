//! A part of a page that loads while the page is rendered.

use leptos::{
    attr::{Attribute, any_attribute::AnyAttribute},
    prelude::{AddAnyAttr, IntoAny, RenderHtml, Suspend},
    tachys::{
        hydration::Cursor,
        ssr::StreamBuilder,
        view::{Position, PositionState, Render, any_view::AnyView},
    },
};

/// Renders a view that is still loading. In every [`SsrMode`](leptos_router::SsrMode), the page waits
/// for the view and has it in its place, so the view shows without JavaScript.
pub(super) fn in_order(view: impl Future<Output = AnyView> + Send + 'static) -> AnyView {
    InOrder(Suspend::new(view)).into_any()
}

struct InOrder<V>(V);

impl<V: Render> Render for InOrder<V> {
    type State = V::State;

    fn build(self) -> Self::State {
        self.0.build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.0.rebuild(state);
    }
}

impl<V: AddAnyAttr> AddAnyAttr for InOrder<V> {
    type Output<A: Attribute> = InOrder<V::Output<A>>;

    fn add_any_attr<A: Attribute>(self, attribute: A) -> Self::Output<A>
    where
        Self::Output<A>: RenderHtml,
    {
        InOrder(self.0.add_any_attr(attribute))
    }
}

impl<V: RenderHtml> RenderHtml for InOrder<V> {
    type AsyncOutput = V::AsyncOutput;
    type Owned = InOrder<V::Owned>;

    const MIN_LENGTH: usize = V::MIN_LENGTH;

    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self::AsyncOutput {
        self.0.resolve().await
    }

    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        self.0
            .to_html_with_buf(buf, position, escape, mark_branches, extra_attrs);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        // This line is the purpose of the whole type.
        self.0
            .to_html_async_with_buf::<false>(buf, position, escape, mark_branches, extra_attrs);
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        self.0.hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self::Owned {
        InOrder(self.0.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{StreamExt as _, channel::oneshot};
    use leptos::{prelude::*, view};

    #[tokio::test]
    async fn a_late_part_is_in_its_place_without_javascript() {
        let owner = Owner::new();
        let (sender, receiver) = oneshot::channel::<&str>();
        let mut page = owner.with(|| {
            let list = in_order(async move { receiver.await.unwrap_or_default().into_any() });
            view! { <main>"before "{list}" after"</main> }.to_html_stream_out_of_order()
        });
        let mut html = page.next().await.expect("the part before the list");
        assert!(!html.contains("after"), "{html}");
        sender.send("late").expect("the list waits");
        while let Some(part) = page.next().await {
            html.push_str(&part);
        }
        let (before, after) = html.split_once("late").expect("the list");
        assert!(
            before.contains("before ") && after.contains(" after"),
            "{html}"
        );
        assert!(!html.contains("<template"), "{html}");
    }
}
