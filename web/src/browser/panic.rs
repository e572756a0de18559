//! What the reader sees when the program stops by a mistake of ours.

use std::panic::PanicHookInfo;

use web_sys::Element;

/// From now on a panic shows a message with a way to start again.
pub fn show_in_page() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        // Without a page there is nobody to tell.
        let _ = show(info);
    }));
}

fn show(info: &PanicHookInfo<'_>) -> Option<()> {
    let document = web_sys::window()?.document()?;
    let body = document.body()?;
    // The first panic is the one that explains.
    if body.query_selector(".panic").ok()?.is_some() {
        return None;
    }
    let element = |name: &str, words: &str| -> Option<Element> {
        let element = document.create_element(name).ok()?;
        element.set_text_content(Some(words));
        Some(element)
    };
    let message = element("section", "")?;
    message.set_class_name("panic");
    message.set_attribute("role", "alert").ok()?;
    message.append_child(&element("h2", "The calculator stopped")?.into()).ok()?;
    let words =
        "This is a mistake in Ridgepoint, not in what you entered. The link of this page still has your scenario.";
    message.append_child(&element("p", words)?.into()).ok()?;
    let details = element("pre", &info.to_string())?;
    message.append_child(&details.into()).ok()?;
    let again = element("a", "Start again with the default scenario")?;
    again.set_attribute("href", "?").ok()?;
    message.append_child(&again.into()).ok()?;
    body.append_child(&message.into()).ok()?;
    Some(())
}
