//! Where the memory of each device goes: bars and a table.

use ridgepoint_core::Bytes;

use crate::ink::Ink;
use crate::names;
use crate::numbers;
use crate::order::sort_by_key;
use crate::report::{DeviceReport, Report};
use crate::table::{Column, Row, Table};
use crate::working::{HEADROOM, LIMIT, MINIMUM, OVERHEAD, RESERVED, TOTAL};

/// Memory of all devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Breakdown {
    /// One bar for each group of devices that hold the same, most loaded first.
    pub bars: Vec<Bar>,
    /// The same as figures.
    pub table: Table,
}

/// A stacked bar. Shares and positions are of the bar's full length.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is of: "4 x H100 SXM 80GB, each".
    pub label: String,
    /// The total in words: "21.3 of 79.6 GiB".
    pub summary: String,
    /// Parts from the start of the bar.
    pub segments: Vec<Segment>,
    /// Other figures of note, with their names.
    pub notes: Vec<(String, String)>,
    /// What it must stay below, if there is such a limit: what lies beyond is marked as excess.
    pub limit: Option<Marker>,
    /// Another position of note: what the device has, or how short the bar could be.
    pub capacity: Option<Marker>,
}

/// A part of a bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its colour by role.
    pub ink: Ink,
    /// What it is.
    pub label: String,
    /// How much, with its unit.
    pub value: String,
    /// Share of the bar's length, 0 to 1.
    pub share: f64,
}

/// A labelled position on a bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Marker {
    /// The words.
    pub label: String,
    /// Position along the bar, 0 to 1.
    pub position: f64,
}

impl Report {
    /// Bars and a table of where the memory goes.
    pub fn breakdown(&self) -> Breakdown {
        let mut groups: Vec<Group> = Vec::new();
        for device in &self.devices {
            match groups
                .iter_mut()
                .find(|group| group.device.name == device.name && group.device.memory == device.memory)
            {
                Some(group) => {
                    group.count += device.ranks;
                    group.stages.push(device.stage);
                }
                None => groups.push(Group { device, count: device.ranks, stages: vec![device.stage] }),
            }
        }
        sort_by_key(&mut groups, |group| group.device.headroom().unwrap_or(i64::MAX));
        let longest = groups.iter().map(|group| full_length(group.device)).max().unwrap_or(Bytes::ZERO);
        let bars = groups.iter().map(|group| self.bar(group, longest)).collect();
        Breakdown { bars, table: self.memory_table(&groups) }
    }

    fn bar(&self, group: &Group, longest: Bytes) -> Bar {
        let device = group.device;
        let share = |bytes: Bytes| if longest > Bytes::ZERO { bytes.as_f64() / longest.as_f64() } else { 0.0 };
        let reserved = device.reserved(self.engine);
        let spare = reserved.map_or(Bytes::ZERO, |reserved| reserved.saturating_sub(device.memory.total()));
        let segments = parts(device)
            .into_iter()
            .chain([(Ink::Pool, "Reserved for more cache", spare)])
            .filter(|&(_, _, bytes)| bytes > Bytes::ZERO)
            .map(|(ink, label, bytes)| Segment {
                ink,
                label: label.into(),
                value: numbers::bytes(bytes).to_string(),
                share: share(bytes),
            })
            .collect();
        let total = numbers::gib(device.memory.total());
        let (summary, limit, capacity) = match device.room {
            Some(room) => (
                format!("{total} of {} GiB available", numbers::gib(room.limit)),
                Some(Marker {
                    label: format!("engine limit {} GiB", numbers::gib(room.limit)),
                    position: share(room.limit),
                }),
                Some(Marker {
                    label: format!("usable {} GiB", numbers::gib(room.usable)),
                    position: share(room.usable),
                }),
            ),
            None => (format!("{total} GiB, size of the device not known"), None, None),
        };
        let engine = names::engine(self.engine).label;
        let reserved = reserved.map(|reserved| (format!("Reserved by {engine}"), numbers::bytes(reserved).to_string()));
        let least = ("Minimum".into(), numbers::bytes(device.memory.minimum).to_string());
        let notes = core::iter::once(least).chain(reserved).collect();
        let each = if group.count > 1 { ", each" } else { "" };
        let label = format!("{}{each}", self.place(group));
        Bar { label, summary, segments, notes, limit, capacity }
    }

    /// Which devices: how many, their name, and their stages where not all hold the same.
    fn place(&self, group: &Group) -> String {
        let times = if group.count > 1 { format!("{} × ", numbers::count(group.count)) } else { String::new() };
        let mut numbers: Vec<String> = group.stages.iter().map(|stage| (stage + 1).to_string()).collect();
        numbers.dedup();
        let stages = match numbers.len() {
            _ if group.count == self.device_count() => String::new(),
            1 => format!(", stage {}", numbers[0]),
            _ => format!(", stages {}", numbers.join(", ")),
        };
        format!("{times}{}{stages}", group.device.name)
    }

    fn memory_table(&self, groups: &[Group]) -> Table {
        // More columns than this do not fit a page; the command line has every device.
        const COLUMNS: usize = 4;
        let groups = &groups[..groups.len().min(COLUMNS)];
        let mut columns = vec![Column::text("GiB per device")];
        columns.extend(groups.iter().map(|group| Column::figures(self.place(group))));
        let row = |ink, total, label: &str, figure, cell: &dyn Fn(&DeviceReport) -> String| Row {
            ink,
            total,
            figure: Some(figure),
            cells: core::iter::once(label.to_string()).chain(groups.iter().map(|group| cell(group.device))).collect(),
            ..Row::default()
        };
        let mut rows: Vec<Row> = groups.first().map_or_else(Vec::new, |first| {
            parts(first.device)
                .into_iter()
                .enumerate()
                // State is a row only for models that have any.
                .filter(|&(index, (ink, ..))| {
                    ink != Ink::State || groups.iter().any(|group| parts(group.device)[index].2 > Bytes::ZERO)
                })
                .map(|(index, (ink, label, _))| {
                    row(Some(ink), false, label, label, &|device| numbers::gib(parts(device)[index].2))
                })
                .collect()
        });
        let unknown = || "–".to_string();
        let own = |device: &DeviceReport| names::overhead(self.engine, device.memory.overhead);
        let names = groups.first().map_or_else(Vec::new, |group| own(group.device));
        for (index, (name, _)) in names.into_iter().enumerate() {
            rows.push(row(None, false, &format!("of which {name}"), name, &|device| {
                own(device).get(index).map_or_else(unknown, |(_, bytes)| numbers::gib(*bytes))
            }));
        }
        rows.push(row(None, true, TOTAL, TOTAL, &|device| numbers::gib(device.memory.total())));
        rows.push(row(None, false, "Minimum (weights, cache, state)", MINIMUM, &|device| {
            numbers::gib(device.memory.minimum)
        }));
        rows.push(row(None, false, RESERVED, RESERVED, &|device| {
            device.reserved(self.engine).map_or_else(unknown, numbers::gib)
        }));
        rows.push(row(Some(Ink::Limit), false, LIMIT, LIMIT, &|device| {
            device.room.map_or_else(unknown, |room| numbers::gib(room.limit))
        }));
        rows.push(row(Some(Ink::Free), true, HEADROOM, HEADROOM, &|device| {
            device.headroom().map_or_else(unknown, numbers::signed_gib)
        }));
        // Workings are about the first of the columns, and what is not known has none.
        for row in rows.iter_mut().filter(|row| row.cells.get(1).is_none_or(|cell| *cell == unknown())) {
            row.figure = None;
        }
        Table { caption: "Memory of each device, in GiB".into(), columns, rows }
    }
}

/// Devices of one kind that hold the same.
struct Group<'a> {
    device: &'a DeviceReport,
    count: u64,
    stages: Vec<u64>,
}

/// What a device holds, in the order of the bar.
fn parts(device: &DeviceReport) -> [(Ink, &'static str, Bytes); 5] {
    let memory = device.memory;
    [
        (Ink::Weights, "Weights", memory.weights),
        (Ink::KvCache, "KV cache", memory.kv_cache),
        (Ink::State, "Recurrent state", memory.state),
        (Ink::Activations, "Activations", memory.activations),
        (Ink::Overhead, OVERHEAD, memory.overhead.total()),
    ]
}

/// The length of a bar that shows all of a device: its memory, or more when it is overfull.
fn full_length(device: &DeviceReport) -> Bytes {
    device.room.map_or(Bytes::ZERO, |room| room.usable).max(device.memory.total())
}
