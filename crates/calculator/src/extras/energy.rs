//! Energy: what devices draw at most, for each token.

use super::Block;
use crate::deployment::Resolved;
use crate::facts::Fact;
use crate::numbers;
use crate::prediction::Predicted;
use crate::report::Report;

/// What the devices in use draw at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Power {
    /// The sum of their thermal design powers, in watts.
    Known(f64),
    /// The catalogue has no thermal design power of a device.
    Unknown {
        /// Name of the device.
        device: &'static str,
    },
}

impl Power {
    pub(super) fn of(run: &Resolved) -> Self {
        let mut watts = 0.0;
        for part in run.runs() {
            match part.device.tdp_watts {
                Some(tdp) => watts += tdp * part.ranks as f64,
                None => return Self::Unknown { device: part.device.name },
            }
        }
        Self::Known(watts)
    }

    /// Joules for an output token in steady serving, if the devices drew all that they may: devices x TDP / tokens per
    /// second. An upper bound of what the devices take; hosts, network and cooling come on top.
    pub fn of_output(&self, report: &Report) -> Option<Predicted> {
        let rate = report.predicted_rate(report.tpot_metric(), |speed| speed.output.get())?;
        match self {
            Self::Known(watts) if report.writes() => {
                Some(Predicted { value: watts / rate.value, low: watts / rate.high, high: watts / rate.low })
            }
            Self::Known(_) | Self::Unknown { .. } => None,
        }
    }

    pub(super) fn block(&self, report: &Report) -> Block {
        let mut facts = Vec::new();
        let notes = match self {
            Self::Known(watts) => {
                facts.push(Fact { label: "Devices", value: format!("at most {}", numbers::watts(*watts)) });
                if let Some(energy) = self.of_output(report) {
                    let [value, low, high] = [energy.value, energy.low, energy.high].map(numbers::significant);
                    facts
                        .push(Fact { label: "An output token", value: format!("at most {value} J ({low} to {high})") });
                }
                "An upper bound: devices seldom draw all of their thermal design power. Hosts, network and cooling come on \
                 top."
                    .to_owned()
            }
            Self::Unknown { device } => format!("The thermal design power of {device} is not known."),
        };
        Block { key: "energy", title: "Energy", facts, notes: vec![notes] }
    }
}
