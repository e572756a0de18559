//! Which devices, and how many.

use leptos::prelude::*;
use ridgepoint_calculator::link::{MAX_DEVICE_GIB, MAX_DEVICES};
use ridgepoint_calculator::scenario::{DeviceCount, Scenario};
use ridgepoint_calculator::{facts, numbers, options, report::Report};
use ridgepoint_core::Bytes;

use super::part;
use crate::element::{El, el};
use crate::signals::memo;
use crate::widgets::{CheckedField, Combobox, FactList, Slider, count_within};

/// Ids of the controls of each kind of device. A link may name more kinds; they keep what it says.
const IDS: [(&str, &str); 4] =
    [("device", "count"), ("device-2", "count-2"), ("device-3", "count-3"), ("device-4", "count-4")];

/// The choice of devices, and what the first kind can do.
#[component]
pub fn HardwarePanel(
    /// The scenario.
    scenario: RwSignal<Scenario>,
    /// What follows from it.
    report: Memo<Report>,
) -> El {
    let kinds = part(scenario, |scenario| scenario.devices.len());
    let facts = move || report.with(facts::hardware);
    let add = move |_| {
        scenario.update(|scenario| {
            if let Some(last) = scenario.devices.last().cloned() {
                scenario.devices.push(DeviceCount { count: 1, ..last });
            }
        });
    };
    let shown = memo(move || kinds.get().min(IDS.len()));
    let button = el("button")
        .with("type", "button")
        .class("plain")
        .hidden(move || kinds.get() >= IDS.len())
        .text("Add another kind of device")
        .on("click", add);
    el("fieldset")
        .child(el("legend").text("Hardware"))
        .rows(shown, move |index| devices(scenario, kinds, index))
        .child(device_memory(scenario, report))
        .child(view! { <FactList facts=Box::new(facts)/> })
        .child(el("p").class("remarks").words(move || report.with(facts::remarks).join(" ")))
        .child(button)
}

/// One kind of device and its number.
fn devices(scenario: RwSignal<Scenario>, kinds: Memo<usize>, index: usize) -> El {
    let (id, count_id) = IDS[index];
    let at = move || scenario.with(|scenario| scenario.devices.get(index).cloned());
    let kind = memo(move || at().map(|devices| devices.id).unwrap_or_default());
    let count = memo(move || at().map_or(1, |devices| devices.count));
    let change = move |change: &dyn Fn(&mut DeviceCount)| {
        scenario.update(|scenario| scenario.devices.get_mut(index).into_iter().for_each(change));
    };
    let choose = Callback::new(move |id: String| change(&|devices| devices.id.clone_from(&id)));
    let set_count = Callback::new(move |count| change(&|devices| devices.count = count));
    let remove = move |_| scenario.update(|scenario| drop(scenario.devices.remove(index)));
    let button = el("button")
        .with("type", "button")
        .class("plain")
        .hidden(move || kinds.get() < 2)
        .text("Remove this kind")
        .on("click", remove);
    el("div")
        .class("devices")
        .child(view! { <Combobox label="Device" id=id groups=options::devices() value=kind on_change=choose/> })
        .child(view! { <Slider label="Devices" id=count_id stops=options::DEVICES most=MAX_DEVICES value=count on_change=set_count/> })
        .child(button)
}

/// The memory of each device, for those that come with any amount of it.
fn device_memory(scenario: RwSignal<Scenario>, report: Memo<Report>) -> El {
    let memory = part(scenario, |scenario| scenario.settings.device_memory);
    let is_missing = memo(move || report.with(|report| report.devices.iter().any(|device| device.room.is_none())));
    let text = memo(move || memory.get().map_or_else(String::new, |memory| numbers::count(memory.get() >> 30)));
    let accept = Callback::new(move |typed: String| {
        let memory =
            if typed.trim().is_empty() { None } else { Some(Bytes::gib(count_within(&typed, MAX_DEVICE_GIB)?)) };
        scenario.update(|scenario| scenario.settings.device_memory = memory);
        Ok(())
    });
    el("div")
        .class("field slider")
        .hidden(move || !is_missing.get() && memory.get().is_none())
        .child(el("label").with("for", "memory").text("Memory per device (GiB)"))
        .child(view! { <CheckedField id="memory" text accept/> })
}
