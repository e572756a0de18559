//! The arithmetic that is shown gives the result that is shown, for every figure of memory and every engine.

use ridgepoint_calculator::ladder;
use ridgepoint_calculator::link;
use ridgepoint_calculator::options;
use ridgepoint_calculator::report::Report;
use ridgepoint_calculator::working::{self, Working};
use ridgepoint_catalog::Basis;
use ridgepoint_core::Engine;

use ridgepoint_calculator::names;

/// Reads sums as they are shown: `+ − × ÷`, parentheses, `⌊ ⌋`, `max( ; )`, `min( ; )`, numbers with or without a unit of
/// memory.
struct Expression<'a>(&'a str);

impl Expression<'_> {
    fn value(text: &str) -> f64 {
        let mut expression = Expression(text);
        let value = expression.sum();
        assert!(expression.0.trim().is_empty(), "{text}: “{}” is left", expression.0);
        value
    }

    /// Takes `token` if it comes next.
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(token);
        if let Some(rest) = rest {
            self.0 = rest;
        }
        rest.is_some()
    }

    fn expects(&mut self, token: &str) {
        assert!(self.takes(token), "{token} is expected before “{}”", self.0);
    }

    fn sum(&mut self) -> f64 {
        let mut value = self.product();
        loop {
            if self.takes("+") {
                value += self.product();
            } else if self.takes("−") {
                value -= self.product();
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> f64 {
        let mut value = self.factor();
        loop {
            if self.takes("×") {
                value *= self.factor();
            } else if self.takes("÷") {
                value /= self.factor();
            } else {
                return value;
            }
        }
    }

    fn factor(&mut self) -> f64 {
        for (name, choose) in [("max(", f64::max as fn(f64, f64) -> f64), ("min(", f64::min)] {
            if self.takes(name) {
                let first = self.sum();
                self.expects(";");
                let second = self.sum();
                self.expects(")");
                return choose(first, second);
            }
        }
        if self.takes("(") {
            let value = self.sum();
            self.expects(")");
            return value;
        }
        if self.takes("⌊") {
            let value = self.sum();
            self.expects("⌋");
            return value.floor();
        }
        self.number()
    }

    fn number(&mut self) -> f64 {
        let text = self.0.trim_start();
        let end = text.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(text.len());
        let (digits, rest) = text.split_at(end);
        self.0 = rest;
        let value: f64 =
            digits.replace(',', "").parse().unwrap_or_else(|_| panic!("a number is expected before “{text}”"));
        value * self.unit()
    }

    fn unit(&mut self) -> f64 {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        for (index, unit) in units.into_iter().enumerate() {
            if self.takes(unit) {
                return 1024_f64.powi(index as i32 + 1);
            }
        }
        self.takes("B");
        1.0
    }
}

/// A result as shown, and half of its last digit.
fn shown(result: &str) -> (f64, f64) {
    let (sign, text) = result.strip_prefix('-').map_or((1.0, result), |text| (-1.0, text));
    let number = text.split(' ').next().expect("a number");
    let places = number.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let unit = Expression(text.strip_prefix(number).expect("it begins so")).unit();
    (sign * Expression::value(text), 0.5 * 10_f64.powi(-(places as i32)) * unit)
}

fn check(query: &str, workings: &[Working]) {
    for Working { figure, substituted, result, .. } in workings {
        let value = Expression::value(substituted);
        let (expected, half) = shown(result);
        assert!(
            (value - expected).abs() <= half * (1.0 + 1e-9) + value.abs() * 1e-13,
            "{query}: {figure} is shown as {result}, but {substituted} is {value}"
        );
    }
}

/// Every model of the catalogue on every engine, with other settings from one to the next: far more than 200 scenarios.
#[test]
fn the_arithmetic_shown_gives_the_result_shown() {
    let of = |groups: Vec<options::Group>| -> Vec<String> {
        groups.into_iter().flat_map(|group| group.choices).map(|choice| choice.id).collect()
    };
    let (models, devices) = (of(options::models()), of(options::devices()));
    let settings = [
        "",
        "&util=0.85&eager=1",
        "&chunk=1024&fa=0",
        "&max-seqs=16",
        "&swa-full=1",
        "&kvu=1",
        "&mla=1&cpu-moe=3",
        "&ngl=12&mla=0",
        "&ev=0.7&tp=2",
        "&ev=0.9.2",
        "&ev=b5192",
        "&pp=3",
        "&dp=2",
        "&images=2:1024x1024",
        "&audio=60",
        "&draft=llama-3.2-1b:4:0.7&lora=4:16",
        "&draft=mtp:2:0.8",
        "&pp=2&draft=qwen3-0.6b:3:0.6&lora=2:64:mlp",
    ];
    let mut count = 0;
    for engine in Engine::ALL {
        let (weights, caches) = (ladder::weight_formats(engine), ladder::kv_formats(engine));
        for (index, model) in models.iter().enumerate() {
            let pick = |step: usize, length: usize| (index * step + engine as usize) % length;
            let query = format!(
                "model={model}&gpu={}&n={}&engine={}&w={}&kv={}&batch={}&in={}&out={}{}",
                devices[pick(7, devices.len())],
                [1, 2, 4, 6, 8][pick(3, 5)],
                names::engine(engine).id,
                names::weight_format(weights[pick(1, weights.len())]).id,
                names::kv_format(caches[pick(1, caches.len())]).id,
                [1, 3, 16, 100][pick(5, 4)],
                [2048, 100, 30_000, 4000][pick(1, 4)],
                [256, 1, 1000][pick(1, 3)],
                settings[pick(11, settings.len())],
            );
            let mut scenario = link::decode(&query).scenario;
            scenario.settings.value_cache = Some(caches[pick(5, caches.len())]).filter(|_| engine == Engine::LlamaCpp);
            let workings = working::of(&scenario);
            let has_working = |figure: &str| workings.iter().any(|working| working.figure == figure);
            for row in Report::of(&scenario).breakdown().table.rows {
                assert!(row.figure.is_none_or(has_working), "{query}: no working of {:?}", row.figure);
            }
            assert!(workings.len() >= 8, "{query}");
            check(&query, &workings);
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

/// What is explained is what is reported.
#[test]
fn workings_end_in_the_figures_of_the_report() {
    for engine in Engine::ALL {
        let query = format!("model=qwen3-8b&gpu=rtx-4090&n=2&engine={}&batch=4", names::engine(engine).id);
        let scenario = link::decode(&query).scenario;
        let (report, workings) = (Report::of(&scenario), working::of(&scenario));
        let result = |figure: &str| {
            let working = workings.iter().find(|working| working.figure == figure);
            working.unwrap_or_else(|| panic!("{query}: no {figure}")).result.clone()
        };
        let device = report.tightest().expect("there are devices");
        let bytes = |bytes| ridgepoint_calculator::numbers::bytes(bytes).to_string();
        assert_eq!(result("Weights"), bytes(device.memory.weights));
        assert_eq!(result("KV cache"), bytes(device.memory.kv_cache));
        assert_eq!(result("KV cache per token"), bytes(report.model.kv_bytes_per_token));
        assert_eq!(result("Activations"), bytes(device.memory.activations));
        assert_eq!(result(working::TOTAL), bytes(device.memory.total()));
        assert_eq!(result(working::OVERHEAD), bytes(device.memory.overhead.total()));
        assert_eq!(result(working::MINIMUM), bytes(device.memory.minimum));
        assert_eq!(result(working::RESERVED), bytes(device.reserved(engine).expect("it fits")));
        assert_eq!(result(working::LIMIT), bytes(device.room.expect("an RTX 4090 is known").limit));
        let tokens = report.capacity.kv_cache_tokens.expect("an RTX 4090 is known");
        assert_eq!(result("KV tokens"), ridgepoint_calculator::numbers::count(tokens));
        for (figure, held) in names::overhead(engine, device.memory.overhead) {
            assert_eq!(result(figure), bytes(held), "{query}: {figure}");
        }
    }
}

/// Every constant of an engine's own is cited with how it is known.
#[test]
fn constants_have_a_source() {
    for engine in Engine::ALL {
        let query = format!("model=qwen3-8b&gpu=h100-sxm-80gb&n=2&engine={}", names::engine(engine).id);
        for working in working::of(&link::decode(&query).scenario) {
            assert_eq!(working.basis.is_some(), !working.sources.is_empty(), "{query}: {}", working.figure);
            let has_constant =
                ["context", "Activations", "non_torch", "cuda_graphs", "runtime_buffers", "communication"];
            if has_constant.contains(&working.figure) {
                assert!(!working.sources.is_empty(), "{query}: {} has no source", working.figure);
            }
        }
    }
    // A sum is no more certain than its parts, and what is left no more than what was taken.
    for engine in Engine::ALL {
        let query = format!("model=qwen3-8b&gpu=h100-sxm-80gb&n=2&engine={}", names::engine(engine).id);
        let workings = working::of(&link::decode(&query).scenario);
        let basis = |figure: &str| workings.iter().find(|working| working.figure == figure).and_then(|of| of.basis);
        let parts = ["Weights", "KV cache", "Activations"].into_iter();
        let taken = parts.chain(names::overhead(engine, Default::default()).into_iter().map(|(figure, _)| figure));
        let least = taken.map(basis).max().flatten();
        assert_eq!(basis("Total"), least, "{query}");
        for figure in ["Headroom", "Room for cache", "Concurrency", "KV tokens"] {
            assert!(basis(figure) >= basis("Total").max(basis("Engine limit")), "{query}: {figure}");
        }
    }
    let context = |query: &str| {
        let workings = working::of(&link::decode(query).scenario);
        workings.into_iter().find(|working| working.figure == "context").and_then(|working| working.basis)
    };
    assert_eq!(context("engine=vllm"), Some(Basis::Assumed));
    assert_eq!(context("engine=llama.cpp&w=q4_k_m"), Some(Basis::Measured));
}
