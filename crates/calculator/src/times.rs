//! The table of times and rates: what is predicted, where four in five measurements lie, and what physics would allow.

use ridgepoint_catalog::Metric;
use ridgepoint_core::{Seconds, Speed, TokensPerSecond};

use crate::numbers;
use crate::prediction::Predicted;
use crate::report::Report;
use crate::table::{Column, Row, Table};

impl Report {
    /// Every time and rate of the workload.
    pub fn times(&self) -> Table {
        let (tpot, decode) = (self.tpot_metric(), self.decode_metric());
        let mut rows = vec![
            self.time("TTFT, alone", Metric::Ttft, |speed| speed.ttft),
            self.time("Prefill of all sequences", Metric::Prefill, |speed| speed.prefill_batch),
            self.rate("Input tokens", Metric::Prefill, |speed| speed.prompt),
        ];
        if self.writes() {
            rows.extend([
                self.time("TTFT, under load", Metric::LoadedTtft, |speed| speed.ttft_loaded),
                self.time("TPOT", tpot, |speed| speed.tpot),
                self.time("Whole request", tpot, |speed| speed.end_to_end),
                self.rate("Output, each user", tpot, |speed| speed.per_user),
                self.rate("Output, all sequences", tpot, |speed| speed.output),
                self.saturated(),
                self.time("Decode step", decode, |speed| speed.decode.time),
                self.time("Static batch", Metric::StaticBatch, |speed| speed.static_batch),
            ]);
        }
        Table {
            caption: "Times and rates as predicted, and at the speed of light".into(),
            columns: vec![
                Column::text("Figure"),
                Column::figures("Predicted"),
                Column::figures("4 in 5 measurements"),
                Column::figures("At best"),
            ],
            rows,
        }
    }

    fn time(&self, label: &str, metric: Metric, time: fn(&Speed) -> Seconds) -> Row {
        let amount = |seconds| numbers::seconds(Seconds::new(seconds));
        let ideal = self.speed.as_ref().map(|speed| time(speed).get());
        row(label, self.predicted_time(metric, time), ideal, amount)
    }

    fn rate(&self, label: &str, metric: Metric, rate: fn(&Speed) -> TokensPerSecond) -> Row {
        let amount = |rate| numbers::tokens_per_second(TokensPerSecond::new(rate));
        let predicted = self.predicted_rate(metric, |speed| rate(speed).get());
        row(label, predicted, self.speed.as_ref().map(|speed| rate(speed).get()), amount)
    }

    fn saturated(&self) -> Row {
        let amount = |rate| numbers::tokens_per_second(TokensPerSecond::new(rate));
        row(
            "Output, as many as fit",
            self.predicted_saturation(),
            self.saturated_output.map(TokensPerSecond::get),
            amount,
        )
    }
}

fn row(label: &str, predicted: Option<Predicted>, ideal: Option<f64>, amount: fn(f64) -> numbers::Amount) -> Row {
    let unknown = || "–".to_string();
    let value = predicted.map_or_else(unknown, |predicted| amount(predicted.value).to_string());
    let range =
        predicted.map_or_else(unknown, |predicted| format!("{} to {}", amount(predicted.low), amount(predicted.high)));
    let ideal = ideal.map_or_else(unknown, |ideal| amount(ideal).to_string());
    Row { cells: vec![label.to_owned(), value, range, ideal], ..Row::default() }
}
