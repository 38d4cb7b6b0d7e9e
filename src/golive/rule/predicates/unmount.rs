//! Whether a Brick is taken down when a page that never reloads shows another view.
//!
//! Only such a page needs it: everywhere else the browser takes the Brick down. A page counts as one when a script draws
//! it and the script that creates the Brick, or one beside it, changes the address without loading.

use super::bricks::each;
use super::patterns;
use super::scripts::{Source, enclosing};
use crate::golive::page::PageView;
use crate::golive::page::js::without_strings;
use crate::golive::rule::hits::Hits;
use crate::i18n::Message;

patterns! {
    // The controller that `create` answers with.
    UNMOUNTS = r"(?i)(?:controller|brick\w*)\s*(?:\?\s*)?\.\s*unmount\s*\(";
    // Anything else with that method may be the controller under another name, or the root of a framework.
    MAY_UNMOUNT = r"\.\s*unmount\s*\(\s*\)|\[\s*.unmount.\s*\]";
    ROUTES = r"\.\s*pushState\s*\(|\bcreate(?:Browser|Hash|Memory)?Router\b|\bcreateWebHistory\b|\buseNavigate\b|\bRouterModule\b|\bprovideRouter\b";
    // A function that runs each time somebody does something.
    REPEATS = r"(?i)click|change|submit|popstate|hashchange|\bon[A-Z]\w*\s*[=:]|useEffect|mounted|ngOnInit|setInterval";
}

/// Whether scripts draw the page and lead through it without loading another.
fn stays(view: &PageView) -> bool {
    let drawn = view.parts.iter().any(|part| !part.drawn && part.outline.needs_javascript);
    drawn && view.in_scripts(&ROUTES)
}

/// A Brick that is created by a call is taken down by one.
pub(super) fn unmounted(view: &PageView, hits: &mut Hits) {
    if view.in_scripts(&UNMOUNTS) {
        return;
    }
    let (stays, may) = (stays(view), view.in_scripts(&MAY_UNMOUNT));
    let mut any = false;
    each(view, |source, brick| {
        any = true;
        // Components of sdk-react take down what they made.
        if brick.component {
            return;
        }
        let repeats = |source: Source| {
            let code = without_strings(source.clean());
            enclosing(&code, brick.range.start).any(|head| REPEATS.is_match(head))
        };
        match (stays, may) {
            (true, false) => {
                source.hit(view, hits, &brick.range, &brick.kind, Message::new("golive.brick-not-unmounted"));
            }
            (true, true) => hits.leave_open(Message::new("golive.unmount-unread")),
            // The browser takes it down with the page, unless it is made anew within it.
            (false, _) if repeats(source) => hits.leave_open(Message::new("golive.unmount-unread")),
            (false, _) => {}
        }
    });
    if !any {
        hits.leave_open(Message::new("golive.callback-unread").with("name", "create"));
    }
}
