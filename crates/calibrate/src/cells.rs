//! The cells that the catalogue carries: constants for every engine and kind of device, measured or not.

use std::collections::BTreeSet;

use ridgepoint_catalog::calibration::{CONSTANTS, Cell, Kind};
use ridgepoint_core::Efficiency;
use serde_json::{Map, Value, json};

use crate::cases::Case;
use crate::effects::{ANY, Effects, Key, era};

/// Names of engines, formats and memories, in the order of their numbers.
const ENGINES: [&str; 6] = ["vllm", "sglang", "tensorrt-llm", "llama.cpp", "transformers", "mlx"];
const FORMATS: [&str; 4] = ["16-bit", "8-bit", "4-bit", "weight-only"];
const MEMORIES: [&str; 4] = ["HBM", "GDDR for consumers", "GDDR", "other"];

/// The name of an engine by its number.
pub(crate) fn engine_name(engine: u8) -> &'static str {
    ENGINES.get(usize::from(engine)).copied().unwrap_or("unknown")
}

/// All cells, the narrowest first: whoever looks takes the first that matches. There is one for a family of devices only
/// where the fit saw a case of it.
pub(crate) fn of(cases: &[Case], held_out: u64, effects: &Effects) -> Vec<Cell> {
    let mut keys = Vec::new();
    for engine in 0..ENGINES.len() as u8 {
        let seen = cases.iter().filter(|case| case.fold != held_out);
        let kinds: Vec<&Kind> = seen.map(|case| &case.kind).filter(|kind| kind.engine == engine).collect();
        let formats: BTreeSet<u8> = kinds.iter().map(|kind| kind.format).chain([0, 3]).collect();
        let any = Key { engine: Some(engine), ..ANY };
        let eras: BTreeSet<u64> = kinds.iter().filter_map(|kind| era(kind)).collect();
        for before in eras {
            // Old releases are told apart where they were measured, and by format elsewhere.
            let of_era = kinds.iter().filter(|kind| era(kind) == Some(before));
            let measured: BTreeSet<Key> = of_era
                .map(|kind| Key {
                    before: Some(before),
                    format: Some(kind.format),
                    memory: Some(kind.memory),
                    family: Some(kind.family),
                    ..any
                })
                .collect();
            keys.extend(measured);
            keys.extend(formats.iter().map(|&format| Key { before: Some(before), format: Some(format), ..any }));
        }
        let families: BTreeSet<(u8, &'static str)> = kinds.iter().map(|kind| (kind.memory, kind.family)).collect();
        let memories: BTreeSet<u8> = families.iter().map(|(memory, _)| *memory).collect();
        for format in formats.iter().map(|&format| Key { format: Some(format), ..any }) {
            let family = |&(memory, family)| Key { memory: Some(memory), family: Some(family), ..format };
            keys.extend(families.iter().map(family));
            keys.extend(memories.iter().map(|&memory| Key { memory: Some(memory), ..format }));
            keys.push(format);
        }
        keys.push(any);
    }
    keys.push(ANY);
    keys.into_iter().map(|key| cell(key, effects)).collect()
}

fn cell(key: Key, effects: &Effects) -> Cell {
    let Key { engine, before, format, memory, family } = key;
    Cell { engine, before, format, memory, family, constants: effects.constants(&key) }
}

/// The first cell that matches.
pub(crate) fn of_kind<'a>(cells: &'a [Cell], kind: &Kind) -> Option<&'a Cell> {
    cells.iter().find(|cell| cell.matches(kind))
}

/// Its constants.
pub(crate) fn efficiency(cells: &[Cell], kind: &Kind) -> Efficiency {
    of_kind(cells, kind).map_or(Efficiency::IDEAL, Cell::efficiency)
}

/// The cells as the catalogue's data.
pub(crate) fn json(cells: &[Cell]) -> Vec<Value> {
    cells
        .iter()
        .map(|cell| {
            let mut entry = Map::new();
            let name = |names: &[&str], place: Option<u8>| {
                place.and_then(|place| names.get(usize::from(place))).map(|name| json!(name))
            };
            let keys = [
                ("engine", name(&ENGINES, cell.engine)),
                ("before", cell.before.map(|before| json!(before))),
                ("format", name(&FORMATS, cell.format)),
                ("memory", name(&MEMORIES, cell.memory)),
                ("family", cell.family.map(|family| json!(family))),
            ];
            entry.extend(keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
            for (&(name, units), &constant) in CONSTANTS.iter().zip(&cell.constants) {
                entry.insert(name.to_owned(), json!(constant as f64 / units));
            }
            Value::Object(entry)
        })
        .collect()
}
