//! Which devices, and how many.

use leptos::prelude::*;
use ridgepoint_calculator::link::MAX_DEVICES;
use ridgepoint_calculator::scenario::{DeviceCount, Scenario};
use ridgepoint_calculator::{facts, options, report::Report};

use super::part;
use crate::widgets::{Combobox, FactList, Slider};

/// Ids of the controls of each kind of device. A link may name more kinds; they keep what it says.
const IDS: [(&str, &str); 4] =
    [("device", "count"), ("device-2", "count-2"), ("device-3", "count-3"), ("device-4", "count-4")];

/// The choice of devices, and what the first kind can do.
#[component]
pub fn HardwarePanel(scenario: RwSignal<Scenario>, report: Memo<Report>) -> impl IntoView {
    let kinds = part(scenario, |scenario| scenario.devices.len());
    let facts = Memo::new(move |_| report.with(facts::hardware));
    let add = move |_| {
        scenario.update(|scenario| {
            if let Some(last) = scenario.devices.last().cloned() {
                scenario.devices.push(DeviceCount { count: 1, ..last });
            }
        });
    };
    view! {
        <fieldset>
            <legend>"Hardware"</legend>
            <For each=move || 0..kinds.get().min(IDS.len()) key=|index| *index let:index>
                <Devices scenario kinds index/>
            </For>
            <FactList facts/>
            <Show when=move || kinds.get() < IDS.len()>
                <button type="button" class="plain" on:click=add>"Add another kind of device"</button>
            </Show>
        </fieldset>
    }
}

/// One kind of device and its number.
#[component]
fn Devices(scenario: RwSignal<Scenario>, kinds: Memo<usize>, index: usize) -> impl IntoView {
    let (id, count_id) = IDS[index];
    let at = move || scenario.with(|scenario| scenario.devices.get(index).cloned());
    let kind = Memo::new(move |_| at().map(|devices| devices.id).unwrap_or_default());
    let count = Memo::new(move |_| at().map_or(1, |devices| devices.count));
    let change = move |change: &dyn Fn(&mut DeviceCount)| {
        scenario.update(|scenario| scenario.devices.get_mut(index).into_iter().for_each(change));
    };
    let choose = Callback::new(move |id: String| change(&|devices| devices.id.clone_from(&id)));
    let set_count = Callback::new(move |count| change(&|devices| devices.count = count));
    let remove = move |_| scenario.update(|scenario| drop(scenario.devices.remove(index)));
    view! {
        <div class="devices">
            <Combobox label="Device" id=id groups=options::devices() value=kind on_change=choose/>
            <Slider label="Devices" id=count_id stops=options::DEVICES most=MAX_DEVICES value=count on_change=set_count/>
            <Show when=move || { kinds.get() > 1 }>
                <button type="button" class="plain" on:click=remove>"Remove this kind"</button>
            </Show>
        </div>
    }
}
