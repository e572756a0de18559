//! What tokens cost at the price of the devices' hours.

use ridgepoint_catalog::{Metric, Price};

use super::Block;
use crate::deployment::Resolved;
use crate::facts::Fact;
use crate::numbers;
use crate::prediction::Predicted;
use crate::report::Report;
use crate::scenario::PriceChoice;

/// What an hour of all devices in use costs.
#[derive(Clone, Debug, PartialEq)]
pub enum Rent {
    /// In US dollars.
    Known {
        /// The figure, and the lowest and highest that it may be.
        hourly: Predicted,
        /// The quotes behind it, each with the name of the device; none where the scenario says the price.
        quotes: Vec<(&'static str, Price)>,
        /// Devices in use.
        devices: u64,
    },
    /// The catalogue has no dated quote for a device.
    Unknown {
        /// Name of the device.
        device: &'static str,
    },
}

impl Rent {
    pub(crate) fn of(run: &Resolved, choice: PriceChoice) -> Self {
        let mut hourly = Predicted { value: 0.0, low: 0.0, high: 0.0 };
        let (mut quotes, mut devices) = (Vec::new(), 0);
        for part in run.runs() {
            let (low, middle, high) = match choice {
                PriceChoice::Given(price) => (price, price, price),
                PriceChoice::Listed => match part.device.price {
                    Some(price) => {
                        let quote = (part.device.name, price);
                        if !quotes.contains(&quote) {
                            quotes.push(quote);
                        }
                        (price.low, price.middle(), price.high)
                    }
                    None => return Self::Unknown { device: part.device.name },
                },
            };
            let ranks = part.ranks as f64;
            hourly.value += middle * ranks;
            hourly.low += low * ranks;
            hourly.high += high * ranks;
            devices += part.ranks;
        }
        Self::Known { hourly, quotes, devices }
    }

    /// US dollars for a million output tokens in steady serving, prompts included. The interval is that of the rate and of
    /// the price together.
    pub fn of_output(&self, report: &Report) -> Option<Predicted> {
        let rate = report.predicted_rate(report.tpot_metric(), |speed| speed.output.get())?;
        self.of_rate(rate).filter(|_| report.writes())
    }

    /// US dollars for a million input tokens while the devices do nothing but read prompts.
    pub fn of_input(&self, report: &Report) -> Option<Predicted> {
        self.of_rate(report.predicted_rate(Metric::Prefill, |speed| speed.prompt.get())?)
    }

    /// US dollars for a million tokens at so many tokens per second. `None` where no price is known.
    pub fn per_million(&self, tokens_per_second: f64) -> Option<f64> {
        match self {
            Self::Known { hourly, .. } => Some(per_million(hourly.value, tokens_per_second)),
            Self::Unknown { .. } => None,
        }
    }

    fn of_rate(&self, rate: Predicted) -> Option<Predicted> {
        match self {
            Self::Known { hourly, .. } => Some(Predicted {
                value: per_million(hourly.value, rate.value),
                low: per_million(hourly.low, rate.high),
                high: per_million(hourly.high, rate.low),
            }),
            Self::Unknown { .. } => None,
        }
    }

    pub(super) fn block(&self, report: &Report) -> Block {
        let (mut facts, mut notes) = (Vec::new(), Vec::new());
        match self {
            Self::Unknown { device } => {
                notes.push(format!("No price is known of {device}: enter one."));
            }
            Self::Known { hourly, quotes, devices } => {
                let dollars = numbers::dollars(hourly.value);
                let value = format!("{dollars} for {}", numbers::devices(*devices));
                facts.push(Fact { label: "An hour", value });
                let costs = [
                    ("A million output tokens", self.of_output(report)),
                    ("A million input tokens", self.of_input(report)),
                ];
                for (label, cost) in costs.into_iter().filter_map(|(label, cost)| Some((label, cost?))) {
                    let [value, low, high] = [cost.value, cost.low, cost.high].map(numbers::dollars);
                    facts.push(Fact { label, value: format!("{value} ({low} to {high})") });
                }
                for (device, Price { low, high, date, source }) in quotes {
                    let [low, high] = [*low, *high].map(numbers::dollars);
                    notes.push(format!(
                        "The middle of quotes from {low} to {high} for an hour of {device}, read {date} ({source}). Prices \
                         change: enter yours."
                    ));
                }
                notes.push(
                    "Output is that of steady serving and carries the prompts; input is prompts alone. The two do not add up."
                        .to_owned(),
                );
            }
        }
        Block { key: "price", title: "Cost", facts, notes }
    }
}

/// US dollars for a million tokens at so many dollars an hour and tokens a second.
///
/// ```
/// # use ridgepoint_calculator::extras::cost::per_million;
/// // 3.60 USD an hour at 1000 tokens a second, which are 3.6 million an hour.
/// assert_eq!(per_million(3.6, 1000.0), 1.0);
/// ```
pub fn per_million(hourly: f64, tokens_per_second: f64) -> f64 {
    hourly * 1e6 / (3600.0 * tokens_per_second)
}
