//! Published times of single kernels: what engines reach of arithmetic, bandwidth and links, without a scheduler.

use std::fs;
use std::path::Path;

use ridgepoint_catalog::calibration::{self, Kind};
use ridgepoint_catalog::find_device;
use ridgepoint_core::{
    Accelerator, Arithmetic, Bytes, ComputePrecision, Cost, Efficiency, Engine, Flops, KvFormat, Operation,
    OperationKind, WeightFormat, all_reduce_bytes,
};
use ridgepoint_core::{Role, Tensor};
use serde::Deserialize;
use serde_json::Value;

/// Bytes of an activation.
const ACTIVATION_BYTES: u64 = 2;

#[derive(Deserialize)]
struct File {
    operations: Vec<Table>,
}

#[derive(Deserialize)]
struct Table {
    operation: String,
    rows: Vec<Vec<Value>>,
}

/// A kernel with its measured time.
pub(crate) struct Kernel {
    /// What it does, as the file calls it.
    pub(crate) name: String,
    /// Its format, as the file calls it.
    pub(crate) format: String,
    pub(crate) device: &'static str,
    pub(crate) kind: Kind,
    /// Seconds.
    pub(crate) measured: f64,
    operation: Operation,
    accelerator: Accelerator,
}

impl Kernel {
    /// Seconds that `efficiency` predicts.
    pub(crate) fn predict(&self, efficiency: Efficiency) -> Option<f64> {
        efficiency.time(self.operation, &self.accelerator).map(|(time, _)| time.get())
    }
}

/// Reads every kernel.
pub(crate) fn read(path: &Path) -> Result<Vec<Kernel>, String> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{place}: {error}"))?;
    let file: File = serde_json::from_str(&text).map_err(|error| format!("{place}: {error}"))?;
    let mut kernels = Vec::new();
    for Table { operation, rows } in file.operations {
        for row in rows {
            kernels.push(kernel(&operation, &row).ok_or_else(|| format!("{place}: {row:?}: not a kernel"))?);
        }
    }
    Ok(kernels)
}

fn kernel(name: &str, row: &[Value]) -> Option<Kernel> {
    let text = |place: usize| row.get(place)?.as_str();
    let device = find_device(text(0)?)?;
    let engine =
        Engine::ALL.into_iter().find(|engine| crate::cells::engine_name(*engine as u8) == text(1).unwrap_or(""))?;
    let sixteen_bit = Arithmetic::Native(ComputePrecision::Bf16);
    let (arithmetic, weights, cache) = match text(2)? {
        "bf16" => (sixteen_bit, WeightFormat::Bf16, KvFormat::Bf16),
        "fp8" => (Arithmetic::Native(ComputePrecision::Fp8), WeightFormat::Fp8, KvFormat::Fp8),
        "nvfp4" => (Arithmetic::Native(ComputePrecision::Fp4), WeightFormat::Nvfp4, KvFormat::Fp8),
        _ => return None,
    };
    let numbers: Option<Vec<u64>> = row.get(3..row.len() - 1)?.iter().map(Value::as_u64).collect();
    let of = |kind, arithmetic, ranks, cost| Operation { kind, count: 1, cost, arithmetic, ranks };
    let (operation, arithmetic) = match (name, numbers?.as_slice()) {
        ("matrix product", &[m, n, k]) => {
            let matrix = Tensor::matrix(Role::Up, n, k);
            let cost = Cost {
                flops: Flops::new(2.0 * m as f64 * n as f64 * k as f64),
                traffic: weights.packing(matrix, true).bytes(n, k) + Bytes::new(m * (n + k) * ACTIVATION_BYTES),
                communication: Bytes::ZERO,
            };
            (of(OperationKind::DenseMlp, Some(arithmetic), 1, cost), arithmetic)
        }
        ("decode attention", &[sequences, context, heads, kv_heads, head_dim]) => {
            let cost = attention(sequences, 1, context, [heads, kv_heads, head_dim], cache);
            (of(OperationKind::FullAttention, Some(sixteen_bit), 1, cost), sixteen_bit)
        }
        ("prefill attention", &[sequences, context, heads, kv_heads, head_dim]) => {
            let cost = attention(sequences, context, context, [heads, kv_heads, head_dim], cache);
            (of(OperationKind::FullAttention, Some(sixteen_bit), 1, cost), sixteen_bit)
        }
        ("all-reduce", &[ranks, bytes]) => {
            let cost = Cost { communication: all_reduce_bytes(Bytes::new(bytes), ranks), ..Cost::default() };
            (of(OperationKind::AllReduce, None, ranks, cost), sixteen_bit)
        }
        _ => return None,
    };
    Some(Kernel {
        name: name.to_owned(),
        format: text(2)?.to_owned(),
        device: device.name,
        kind: calibration::kind(engine, None, arithmetic, device),
        measured: row.last()?.as_f64()? / 1e6,
        operation,
        accelerator: device.accelerator(Default::default()).ok()?,
    })
}

/// Causal attention of the last `new` of `context` tokens of each sequence, with heads, KV heads and their width.
fn attention(sequences: u64, new: u64, context: u64, [heads, kv_heads, dim]: [u64; 3], cache: KvFormat) -> Cost {
    let past = context - new;
    let pairs = sequences as f64 * new as f64 * (past as f64 + (new + 1) as f64 / 2.0);
    Cost {
        flops: Flops::new(2.0 * heads as f64 * 2.0 * dim as f64 * pairs),
        traffic: cache.bytes(2 * kv_heads * dim * context * sequences)
            + Bytes::new(2 * sequences * new * heads * dim * ACTIVATION_BYTES),
        communication: Bytes::ZERO,
    }
}
