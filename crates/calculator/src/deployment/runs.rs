//! Which ranks are which device in which stage.

use ridgepoint_catalog::devices::Device;
use ridgepoint_core::Parallelism;

use super::Resolved;

/// Ranks that are the same device in the same stage.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// The device.
    pub device: &'static Device,
    /// Its place in the scenario's list.
    pub device_index: usize,
    /// The pipeline stage.
    pub stage: u64,
    /// The first of its ranks.
    pub first_rank: u64,
    /// How many ranks.
    pub ranks: u64,
}

impl Resolved {
    /// Runs of ranks that are the same device in the same pipeline stage, in rank order.
    ///
    /// Ranks count tensor-parallel neighbours first, then stages, then replicas; devices that the layout does not use
    /// do not appear.
    pub fn runs(&self) -> Vec<Run> {
        let Parallelism { tensor, data, .. } = self.parallelism;
        let stages = self.spans.len() as u64;
        let mut runs: Vec<Run> = Vec::new();
        let mut first_rank = 0;
        for (index, &(device, count)) in self.devices.iter().enumerate() {
            let end = first_rank + count;
            while first_rank < end.min(tensor * stages * data) {
                // A run ends with its stage or with its devices.
                let stage = first_rank / tensor % stages;
                let stage_end = (first_rank / tensor + 1) * tensor;
                let ranks = stage_end.min(end) - first_rank;
                match runs.last_mut() {
                    // Without a pipeline the replicas follow each other in one run.
                    Some(run) if run.stage == stage && run.device_index == index => run.ranks += ranks,
                    Some(_) | None => runs.push(Run { device, device_index: index, stage, first_rank, ranks }),
                }
                first_rank += ranks;
            }
            first_rank = end;
        }
        runs
    }

    /// The runs that differ in device or stage, one of each.
    pub fn distinct_runs(&self) -> Vec<Run> {
        if let &[(device, count)] = self.devices.as_slice() {
            // However many replicas there are, the stages of the first are all.
            let ranks = self.parallelism.tensor;
            let stages = (0..self.spans.len() as u64).take_while(|stage| stage * ranks < count);
            let run = |stage| Run { device, device_index: 0, stage, first_rank: stage * ranks, ranks };
            return stages.map(run).collect();
        }
        let mut distinct: Vec<Run> = Vec::new();
        for run in self.runs() {
            let same = |other: &Run| other.stage == run.stage && other.device_index == run.device_index;
            if !distinct.iter().any(same) {
                distinct.push(run);
            }
        }
        distinct
    }

    /// The runs of which two neighbours differ in what they hold or in the device: enough to see whether all fit.
    pub fn unlike_runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for run in self.distinct_runs() {
            let held = |run: &Run| self.stages.get(run.stage as usize).copied();
            let same = |other: &Run| {
                run.device_index == other.device_index
                    && held(&run).zip(held(other)).is_some_and(|((stage, weights), (other_stage, other_weights))| {
                        weights == other_weights && self.hold_the_same(stage, other_stage)
                    })
            };
            if !runs.last().is_some_and(same) {
                runs.push(run);
            }
        }
        runs
    }
}
