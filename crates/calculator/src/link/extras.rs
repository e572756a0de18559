//! Reading and writing what a service has beside its model, and what it promises: the keys of [`Extras`] and
//! [`Targets`](crate::scenario::Targets).

use ridgepoint_catalog::find_model;
use ridgepoint_core::{Adapters, Seconds, ServedTargets};

use super::reader::{Reader, hint, millionths};
use super::shown;
use crate::names;
use crate::numbers;
use crate::options;
use crate::scenario::{Disaggregation, Draft, Drafter, Extras, MOST_CACHED, ModelChoice, PriceChoice, Scenario};

/// Most tokens drafted in a step.
const MAX_DRAFTED: u64 = 64;
/// Most adapters, and the largest rank.
const MAX_ADAPTERS: u64 = 10_000;
const MAX_RANK: u64 = 4096;
/// Most replicas on either side.
const MAX_REPLICAS: u64 = 10_000;
/// Most US dollars for an hour of a device.
const MAX_PRICE: f64 = 10_000.0;
/// Longest time that a request may take, in seconds.
const MAX_TARGET: f64 = 86_400.0;

impl Reader {
    /// Takes the value of a key of [`Extras`]; `false` for any other key.
    pub(super) fn extra(&mut self, key: &str, value: &str) -> bool {
        match key {
            "prefix" => self.prefix(value),
            "draft" => self.draft(value),
            "lora" => self.adapters(value),
            "disagg" => self.disaggregation(value),
            "price" => self.price(value),
            "energy" => self.scenario.extras.energy = self.flag(key, value, false),
            "ttft" => self.scenario.targets.ttft = self.target(key, value),
            "tpot" => self.scenario.targets.tpot = self.target(key, value),
            _ => return false,
        }
        true
    }

    /// Leaves the scenario as one without this key of [`Extras`].
    pub(super) fn clear(&mut self, key: &str) {
        let Scenario { extras, targets, .. } = &mut self.scenario;
        match key {
            "prefix" => extras.prefix = 0.0,
            "draft" => extras.draft = None,
            "lora" => extras.adapters = None,
            "disagg" => extras.disaggregation = None,
            "price" => extras.price = None,
            "energy" => extras.energy = false,
            "ttft" => targets.ttft = None,
            "tpot" => targets.tpot = None,
            _ => {}
        }
    }

    fn prefix(&mut self, value: &str) {
        match self.share("prefix", value, MOST_CACHED) {
            Some(share) => self.scenario.extras.prefix = share,
            None => self.adjusted(format!("prefix: “{}” is not a share between 0 and 1", shown(value)), "0 is used"),
        }
    }

    /// A share from 0 to `most`. `None` for what is no number at all.
    fn share(&mut self, key: &str, value: &str, most: f64) -> Option<f64> {
        let share = numbers::parse_decimal(value).map(millionths)?;
        if share > most {
            let most = numbers::decimal(most);
            self.adjusted(format!("{key}: {} is more than {most}", shown(value)), format!("{most} is used"));
        }
        Some(share.min(most))
    }

    /// `MODEL:TOKENS:ACCEPTANCE`.
    fn draft(&mut self, value: &str) {
        let mut parts = value.split(':').map(str::trim);
        let (Some(id), Some(tokens), Some(acceptance), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            let problem = format!("draft: “{}” is not a model, tokens and acceptance such as mtp:1:0.8", shown(value));
            return self.adjusted(problem, "nothing is drafted");
        };
        let drafter = if id == Drafter::PREDICTION_ID {
            Drafter::Prediction
        } else if let Some(entry) = find_model(id) {
            Drafter::Model(entry.id.into())
        } else {
            let hint = hint(options::nearest_model(id));
            let problem = format!("draft: “{}” is not in the catalogue{hint}", shown(id));
            return self.replaced(problem, "nothing is drafted");
        };
        let Some(acceptance) = self.share("draft", acceptance, 1.0) else {
            let problem = format!("draft: “{}” is not an acceptance between 0 and 1", shown(acceptance));
            return self.adjusted(problem, "nothing is drafted");
        };
        let tokens = self.number("draft", tokens, 1, MAX_DRAFTED, 1);
        self.scenario.extras.draft = Some(Draft { drafter, tokens, acceptance });
    }

    /// `COUNT:RANK`, and perhaps `:TARGETS`.
    fn adapters(&mut self, value: &str) {
        let mut parts = value.split(':').map(str::trim);
        let (Some(count), Some(rank), targets, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            let problem = format!("lora: “{}” is not a number of adapters and their rank such as 4:16", shown(value));
            return self.adjusted(problem, "there are no adapters");
        };
        let count = self.number("lora", count, 1, MAX_ADAPTERS, 1);
        let rank = self.number("lora", rank, 1, MAX_RANK, 16);
        let on = targets.map_or(ServedTargets::All, |targets| {
            self.choice("lora", targets, ServedTargets::ALL, |on| names::adapter_targets(on).id, ServedTargets::All)
        });
        self.scenario.extras.adapters = Some(Adapters { count, rank, on });
    }

    /// `PREFILL:DECODE`.
    fn disaggregation(&mut self, value: &str) {
        let Some((prefill, decode)) = value.split_once(':') else {
            let problem = format!("disagg: “{}” is not two numbers of replicas such as 1:2", shown(value));
            return self.adjusted(problem, "prefill and decode share their devices");
        };
        let [prefill, decode] =
            [prefill, decode].map(|replicas| self.number("disagg", replicas.trim(), 1, MAX_REPLICAS, 1));
        self.scenario.extras.disaggregation = Some(Disaggregation { prefill, decode });
    }

    fn price(&mut self, value: &str) {
        if value.eq_ignore_ascii_case(PriceChoice::LISTED_ID) {
            self.scenario.extras.price = Some(PriceChoice::Listed);
            return;
        }
        match numbers::parse_decimal(value).map(millionths) {
            Some(price) if price > MAX_PRICE => {
                let most = numbers::decimal(MAX_PRICE);
                self.adjusted(format!("price: {} is too large", shown(value)), format!("{most} is used"));
                self.scenario.extras.price = Some(PriceChoice::Given(MAX_PRICE));
            }
            Some(price) if price > 0.0 => self.scenario.extras.price = Some(PriceChoice::Given(price)),
            Some(_) | None => {
                let problem = format!("price: “{}” is neither US dollars per device-hour nor listed", shown(value));
                self.adjusted(problem, "no cost is computed");
            }
        }
    }

    /// Seconds that requests may take.
    fn target(&mut self, key: &str, value: &str) -> Option<Seconds> {
        match numbers::parse_decimal(value).map(millionths) {
            Some(most) if most > MAX_TARGET => {
                let used = numbers::decimal(MAX_TARGET);
                self.adjusted(format!("{key}: {} seconds is too long", shown(value)), format!("{used} is used"));
                Some(Seconds::new(MAX_TARGET))
            }
            Some(most) if most > 0.0 => Some(Seconds::new(most)),
            Some(_) | None => {
                let problem = format!("{key}: “{}” is not a time in seconds such as 0.5", shown(value));
                self.adjusted(problem, "no limit is set");
                None
            }
        }
    }

    /// What the model has to have for its extras, once it is known.
    pub(super) fn check_extras(&mut self) {
        let is_prediction = |draft: &Draft| draft.drafter == Drafter::Prediction;
        if !self.scenario.extras.draft.as_ref().is_some_and(is_prediction) {
            return;
        }
        let model = match &self.scenario.model {
            ModelChoice::Catalogue(id) => find_model(id).map(|entry| entry.model()),
            ModelChoice::Custom(custom) => Some(custom.model()),
        };
        if model.is_none_or(|model| model.mtp_parameters == 0) {
            let id = self.scenario.model.id();
            let problem = format!("draft: {id} has no multi-token-prediction layers");
            self.scenario.extras.draft = None;
            self.adjusted(problem, "nothing is drafted");
        }
    }
}

/// What a link says of the extras and the targets of a scenario, in its order.
pub(super) fn keys(scenario: &Scenario) -> [(&'static str, Option<String>); 8] {
    let Scenario { extras, targets, .. } = scenario;
    let Extras { prefix, draft, adapters, disaggregation, price, energy } = extras;
    let time = |most: Seconds| numbers::decimal(most.get());
    let draft = draft.as_ref().map(|Draft { drafter, tokens, acceptance }| {
        format!("{}:{tokens}:{}", drafter.id(), numbers::decimal(*acceptance))
    });
    let adapters =
        adapters.map(|Adapters { count, rank, on }| format!("{count}:{rank}:{}", names::adapter_targets(on).id));
    let replicas = disaggregation.map(|Disaggregation { prefill, decode }| format!("{prefill}:{decode}"));
    let price = price.map(|price| match price {
        PriceChoice::Listed => PriceChoice::LISTED_ID.to_owned(),
        PriceChoice::Given(dollars) => numbers::decimal(dollars),
    });
    [
        ("prefix", (*prefix > 0.0).then(|| numbers::decimal(*prefix))),
        ("draft", draft),
        ("lora", adapters),
        ("disagg", replicas),
        ("price", price),
        ("energy", energy.then(|| "1".to_owned())),
        ("ttft", targets.ttft.map(time)),
        ("tpot", targets.tpot.map(time)),
    ]
}
