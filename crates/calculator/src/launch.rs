//! Commands that start an engine as a scenario says, and nothing that the scenario does not say.
//!
//! The flags are those of `catalog/data/launch.json`, where each has its source.

use ridgepoint_catalog::{DeviceClass, find_model, version_number};
use ridgepoint_core::{Engine, KvFormat, Number, Packing, Parallelism, Stack, WeightFormat};

use crate::deployment::{Resolved, fast_domain};
use crate::names;
use crate::numbers;
use crate::placement;
use crate::scenario::{Extras, ModelChoice, Scenario};

/// What to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The command, or for transformers a few lines of Python.
    pub command: String,
    /// What has to be done beside it.
    pub notes: Vec<String>,
}

impl Launch {
    /// Starts the engine of a scenario in its layout.
    pub fn of(scenario: &Scenario) -> Self {
        let resolved = Resolved::of(scenario);
        let mut writer = Writer { scenario, resolved: &resolved, command: String::new(), notes: Vec::new() };
        match scenario.engine {
            Engine::Vllm => writer.vllm(),
            Engine::Sglang => writer.sglang(),
            Engine::TensorRtLlm => writer.tensorrt_llm(),
            Engine::LlamaCpp => writer.llama_cpp(),
            Engine::Transformers => writer.transformers(),
            Engine::Mlx => writer.mlx(),
        }
        writer.several_hosts();
        writer.extras();
        Self { command: writer.command, notes: writer.notes }
    }
}

/// Where the weights come from.
enum Checkpoint {
    /// As published.
    Published(String),
    /// As published, and quantised by the engine while it loads them.
    Quantised(String),
    /// Somebody has to say where weights in this format are.
    Other(String),
}

struct Writer<'a> {
    scenario: &'a Scenario,
    resolved: &'a Resolved,
    command: String,
    notes: Vec<String>,
}

impl Writer<'_> {
    fn vllm(&mut self) {
        self.stages("VLLM_PP_LAYER_PARTITION");
        self.command += "vllm serve";
        self.model("", &[WeightFormat::Fp8, WeightFormat::Nf4]);
        self.degrees(["--tensor-parallel-size", "--pipeline-parallel-size"]);
        let Parallelism { data, expert, tensor, .. } = self.resolved.parallelism;
        let shares_experts = expert > tensor;
        // With --data-parallel-size vLLM spreads experts over all replicas, with or without expert parallelism.
        if shares_experts || self.resolved.model.experts() == 0 && self.is_on_one_host() {
            self.degree("--data-parallel-size", data);
        } else {
            self.replicas();
        }
        if expert > 1 {
            self.word("--enable-expert-parallel");
        }
        self.number("--max-model-len", Some(self.length()));
        let settings = self.scenario.settings;
        self.fraction("--gpu-memory-utilization");
        self.number("--max-num-seqs", settings.max_sequences);
        self.number("--max-num-batched-tokens", settings.tokens_per_pass);
        if settings.eager == Some(true) {
            self.word("--enforce-eager");
        }
        self.cache("--kv-cache-dtype", "fp8");
    }

    fn sglang(&mut self) {
        self.stages("SGLANG_PP_LAYER_PARTITION");
        self.command += "python -m sglang.launch_server";
        self.model("--model-path", &[WeightFormat::Fp8]);
        self.degrees(["--tp-size", "--pp-size"]);
        let Parallelism { data, expert, .. } = self.resolved.parallelism;
        if self.is_on_one_host() {
            self.degree("--dp-size", data);
        } else {
            self.replicas();
        }
        self.degree("--ep-size", expert);
        self.number("--context-length", Some(self.length()));
        let settings = self.scenario.settings;
        self.fraction("--mem-fraction-static");
        self.number("--max-running-requests", settings.max_sequences);
        self.number("--chunked-prefill-size", settings.tokens_per_pass);
        if settings.eager == Some(true) {
            self.word("--disable-cuda-graph");
        }
        self.cache("--kv-cache-dtype", "fp8_e4m3");
    }

    fn tensorrt_llm(&mut self) {
        self.command += "trtllm-serve";
        self.model("", &[]);
        if self.is_before("1.0") {
            // Before 1.0 it built an engine for the C++ runtime unless told otherwise.
            self.flag("--backend", "pytorch");
        }
        self.degrees(["--tp_size", "--pp_size"]);
        self.degree("--ep_size", self.resolved.parallelism.expert);
        self.number("--max_seq_len", Some(self.length()));
        let settings = self.scenario.settings;
        self.fraction("--kv_cache_free_gpu_memory_fraction");
        self.number("--max_batch_size", settings.max_sequences);
        self.number("--max_num_tokens", settings.tokens_per_pass);
        if self.scenario.kv == KvFormat::Fp8 {
            self.note("an FP8 cache has no flag: write “kv_cache_config: {dtype: fp8}” to a file and name it with --extra_llm_api_options");
        }
        if self.resolved.devices.len() > 1 && self.resolved.stages.len() > 1 {
            self.note("layers are dealt out evenly, whatever the devices: the placement has no flag");
        }
        self.replicas();
    }

    fn llama_cpp(&mut self) {
        let Resolved { numerics, knobs, devices, parallelism, stages, .. } = self.resolved;
        self.command += "llama-server";
        let format = names::weight_format(numerics.weights);
        let file = format!("{}-{}.gguf", self.resolved.model_id, format.id.trim_start_matches("gguf-"));
        self.flag("--model", &file);
        self.note(&format!("{file} stands for the file with the weights in {}", format.label));
        let workload = self.resolved.workload;
        let slots = workload.batch.div_ceil(parallelism.data.max(1));
        self.number("--parallel", Some(slots));
        self.number("--ctx-size", Some(self.length().saturating_mul(slots)));
        let on_host = devices.iter().all(|(device, _)| device.class == DeviceClass::Cpu);
        // More layers than any model has stand for all of them, the head included.
        let all = if on_host { 0 } else { 999 };
        self.number("--n-gpu-layers", Some(self.scenario.settings.device_layers.unwrap_or(all)));
        let there: u64 = devices.iter().map(|&(_, count)| count).sum();
        // Without a split it takes all devices that it sees, by their free memory.
        let is_idle = parallelism.data == 1 && there > parallelism.devices();
        if stages.len() > 1 && (devices.len() > 1 || is_idle) {
            self.flag("--tensor-split", &placement::tensor_split(self.resolved));
        } else if stages.len() == 1 && is_idle {
            self.flag("--split-mode", "none");
        }
        if knobs.host.expert_layers > 0 && self.resolved.model.experts() > 0 {
            self.number("--n-cpu-moe", Some(knobs.host.expert_layers as u64));
        }
        match (self.is_before("b6325"), knobs.flash_attention, self.scenario.settings.flash_attention) {
            // It was off unless asked for, and a flag without a value.
            (true, true, _) => self.word("--flash-attn"),
            (true, false, _) | (false, _, None) => {}
            (false, is_on, Some(_)) => self.flag("--flash-attn", if is_on { "on" } else { "off" }),
        }
        for (flag, format) in [("--cache-type-k", numerics.kv.keys), ("--cache-type-v", numerics.kv.values)] {
            match format {
                KvFormat::Fp16 | KvFormat::Bf16 => {}
                KvFormat::Fp32 => self.flag(flag, "f32"),
                KvFormat::Q8_0 | KvFormat::Q5_1 | KvFormat::Q5_0 | KvFormat::Q4_1 | KvFormat::Q4_0 => {
                    self.flag(flag, names::kv_format(format).id);
                }
                KvFormat::Fp8 | KvFormat::Int8 => self.foreign_cache(),
            }
        }
        if self.scenario.settings.unified_cache == Some(true) {
            self.word("--kv-unified");
        }
        let pass = self.scenario.settings.tokens_per_pass;
        // A pass is a part of a batch, which has 2048 tokens unless told otherwise.
        self.number("--batch-size", pass.filter(|&tokens| tokens > 2048));
        self.number("--ubatch-size", pass);
        if knobs.full_sliding_cache {
            self.word("--swa-full");
        }
        self.replicas();
    }

    fn mlx(&mut self) {
        self.command += "mlx_lm.server";
        self.model("--model", &[]);
        if self.resolved.parallelism.devices() > 1 {
            self.note("the server runs on one device: start it with mlx.launch on several");
        }
        self.cache_by_default();
    }

    fn transformers(&mut self) {
        let (name, config) =
            match self.checkpoint(&[WeightFormat::Nf4, WeightFormat::Nf4Double, WeightFormat::BitsAndBytes8]) {
                Checkpoint::Published(name) => (name, ""),
                Checkpoint::Quantised(name) => (
                    name,
                    match self.scenario.weights {
                        Some(WeightFormat::Nf4) => "load_in_4bit=True, bnb_4bit_quant_type=\"nf4\"",
                        Some(WeightFormat::Nf4Double) => {
                            "load_in_4bit=True, bnb_4bit_quant_type=\"nf4\", bnb_4bit_use_double_quant=True"
                        }
                        Some(_) | None => "load_in_8bit=True",
                    },
                ),
                Checkpoint::Other(name) => (name, ""),
            };
        let several = self.resolved.devices.len() > 1 && self.resolved.stages.len() > 1;
        let mut text = String::new();
        if several {
            text += "import json\n\n";
            self.note("device_map.json is the device map of the plan (ridgepoint plan --json)");
        }
        let class = match self.resolved.model.stack() {
            Stack::Decoder => "AutoModelForCausalLM",
            Stack::EncoderDecoder => "AutoModelForSeq2SeqLM",
            Stack::Encoder | Stack::None => "AutoModel",
        };
        text += &format!("from transformers import {class}, AutoTokenizer");
        text += if config.is_empty() { "\n\n" } else { ", BitsAndBytesConfig\n\n" };
        text += &format!("name = {}\n", python(&name));
        text += "tokenizer = AutoTokenizer.from_pretrained(name)\n";
        // Renamed in 4.56.
        let dtype = if self.is_before("4.56") { "torch_dtype" } else { "dtype" };
        let map = if several { "json.load(open(\"device_map.json\"))" } else { "\"auto\"" };
        text += &format!("model = {class}.from_pretrained(\n    name,\n    {dtype}={},\n", self.dtype());
        text += &format!("    device_map={map},\n");
        if !config.is_empty() {
            text += &format!("    quantization_config=BitsAndBytesConfig({config}),\n");
        }
        self.command = text + ")";
        let there: u64 = self.resolved.devices.iter().map(|&(_, count)| count).sum();
        if !several && there > self.resolved.parallelism.devices() {
            self.note("it spreads over all devices that it sees: leave the others out of CUDA_VISIBLE_DEVICES");
        }
        self.cache_by_default();
        self.replicas();
    }

    /// The model, and how it is quantised where the engine can do that while it loads the weights.
    fn model(&mut self, flag: &str, online: &[WeightFormat]) {
        let (name, is_quantised) = match self.checkpoint(online) {
            Checkpoint::Published(name) | Checkpoint::Other(name) => (name, false),
            Checkpoint::Quantised(name) => (name, true),
        };
        if flag.is_empty() {
            self.word(&shell(&name));
        } else {
            self.flag(flag, &name);
        }
        if is_quantised {
            let is_fp8 = self.scenario.weights == Some(WeightFormat::Fp8);
            self.flag("--quantization", if is_fp8 { "fp8" } else { "bitsandbytes" });
        }
        let dtype = self.dtype();
        let takes_it = matches!(self.scenario.engine, Engine::Vllm | Engine::Sglang);
        if dtype != "\"auto\"" && takes_it {
            self.flag("--dtype", dtype.trim_matches('"'));
        }
    }

    /// Where the weights are, for an engine that quantises to the formats `online` while it loads.
    fn checkpoint(&mut self, online: &[WeightFormat]) -> Checkpoint {
        let name = match &self.scenario.model {
            ModelChoice::Catalogue(id) => find_model(id).map_or(id.as_str(), |entry| entry.hub_id).to_string(),
            ModelChoice::Custom(custom) => {
                self.note("the name of the model stands for its path or id on the Hub");
                custom.name().to_string()
            }
        };
        let published = names::published(&self.resolved.model).packing;
        let is_plain = matches!(published, Packing::Plain { .. });
        let Some(asked) = self.scenario.weights else { return Checkpoint::Published(name) };
        let is_published = match asked {
            WeightFormat::Native => true,
            WeightFormat::Fp32 | WeightFormat::Bf16 | WeightFormat::Fp16 => is_plain,
            WeightFormat::Fp8 => matches!(
                published,
                Packing::PerTensor { number: Number::Fp8 }
                    | Packing::PerRow { number: Number::Fp8, .. }
                    | Packing::PerTile { number: Number::Fp8, .. }
            ),
            WeightFormat::Mxfp4 => published == Packing::MXFP4,
            WeightFormat::Int8
            | WeightFormat::BitsAndBytes8
            | WeightFormat::GptqInt8
            | WeightFormat::GptqInt4
            | WeightFormat::AwqInt4
            | WeightFormat::Int4
            | WeightFormat::HqqInt4
            | WeightFormat::Nf4
            | WeightFormat::Nf4Double
            | WeightFormat::Nvfp4
            | WeightFormat::Mlx4
            | WeightFormat::Mlx6
            | WeightFormat::Mlx8
            | WeightFormat::Gguf(_) => false,
        };
        if is_published {
            return Checkpoint::Published(name);
        }
        if is_plain && online.contains(&asked) {
            return Checkpoint::Quantised(name);
        }
        let format = names::weight_format(asked);
        let place = format!("path/to/{}-{}", self.resolved.model_id, format.id);
        self.note(&format!("{place} stands for the path or Hub id of the weights in {}", format.label));
        Checkpoint::Other(place)
    }

    /// The type of plain weights as Python says it, where the scenario asks for another than they are published in.
    fn dtype(&self) -> &'static str {
        let published = names::published(&self.resolved.model).packing;
        match (self.scenario.weights, published) {
            (Some(WeightFormat::Fp32), Packing::Plain { number }) if number != Number::Fp32 => "\"float32\"",
            (Some(WeightFormat::Bf16), Packing::Plain { number }) if number != Number::Bf16 => "\"bfloat16\"",
            (Some(WeightFormat::Fp16), Packing::Plain { number }) if number != Number::Fp16 => "\"float16\"",
            (Some(_) | None, _) => "\"auto\"",
        }
    }

    /// Tokens of a sequence.
    fn length(&self) -> u64 {
        self.resolved.workload.context_tokens()
    }

    /// Whether the scenario is about a version before this one.
    fn is_before(&self, version: &str) -> bool {
        let asked = self.scenario.engine_version.as_deref().and_then(version_number);
        asked.is_some_and(|asked| version_number(version).is_some_and(|known| asked < known))
    }

    /// Layers of each stage in the environment, where devices differ.
    fn stages(&mut self, variable: &str) {
        let Resolved { devices, stages, .. } = self.resolved;
        if devices.len() > 1 && stages.len() > 1 {
            let layers: Vec<String> = stages.iter().map(|(stage, _)| stage.layers.to_string()).collect();
            self.command += &format!("{variable}={} ", layers.join(","));
        }
    }

    fn degrees(&mut self, [tensor, pipeline]: [&str; 2]) {
        let parallelism = self.resolved.parallelism;
        self.degree(tensor, parallelism.tensor);
        self.degree(pipeline, parallelism.pipeline);
    }

    /// A degree of parallelism, unless it is 1.
    fn degree(&mut self, flag: &str, degree: u64) {
        self.number(flag, Some(degree).filter(|&degree| degree > 1));
    }

    fn fraction(&mut self, flag: &str) {
        if let Some(fraction) = self.scenario.settings.memory_fraction {
            self.flag(flag, &numbers::decimal(fraction));
        }
    }

    /// The cache of an engine that stores it in 16 bit or in FP8.
    fn cache(&mut self, flag: &str, fp8: &str) {
        match self.scenario.kv {
            KvFormat::Fp16 | KvFormat::Bf16 => {}
            KvFormat::Fp8 => self.flag(flag, fp8),
            KvFormat::Fp32
            | KvFormat::Int8
            | KvFormat::Q8_0
            | KvFormat::Q5_1
            | KvFormat::Q5_0
            | KvFormat::Q4_1
            | KvFormat::Q4_0 => self.foreign_cache(),
        }
    }

    /// The cache of an engine that stores it in 16 bit unless each request says otherwise.
    fn cache_by_default(&mut self) {
        if !matches!(self.scenario.kv, KvFormat::Fp16 | KvFormat::Bf16) {
            self.foreign_cache();
        }
    }

    fn foreign_cache(&mut self) {
        self.note(&format!(
            "the command leaves the KV cache as it is: no flag stores it in {}",
            names::kv_format(self.scenario.kv).label
        ));
    }

    /// Replicas that share nothing are as many servers.
    fn replicas(&mut self) {
        let data = self.resolved.parallelism.data;
        if data > 1 {
            self.note(&format!(
                "this is one of {data} replicas: start it {data} times on devices of its own, behind a balancer"
            ));
        }
    }

    /// Devices that one host holds, or one fast domain.
    fn host(&self) -> u64 {
        self.resolved.devices.iter().map(|(device, _)| fast_domain(device)).min().unwrap_or(1)
    }

    fn is_on_one_host(&self) -> bool {
        self.resolved.parallelism.devices() <= self.host()
    }

    /// A server that spans hosts has to be started on each of them.
    fn several_hosts(&mut self) {
        let Parallelism { tensor, pipeline, expert, .. } = self.resolved.parallelism;
        let (used, most) = (tensor.max(expert) * pipeline, self.host());
        if used > most {
            self.note(&format!(
                "{used} devices are more than the {most} of one host: the engine's guide to several hosts says how to join them"
            ));
        }
    }

    /// What the command does not say.
    fn extras(&mut self) {
        let Extras { prefix, draft, adapters, disaggregation, price: _, energy: _ } = &self.scenario.extras;
        let missing = [
            ("prefix caching", *prefix > 0.0),
            ("drafts", draft.is_some()),
            ("adapters", adapters.is_some()),
            ("disaggregation", disaggregation.is_some()),
        ];
        let missing: Vec<&str> = missing.into_iter().filter_map(|(what, is_on)| is_on.then_some(what)).collect();
        if !missing.is_empty() {
            self.note(&format!("the engine's guide says how to add {}", missing.join(", ")));
        }
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_string());
    }

    fn word(&mut self, word: &str) {
        self.command += " ";
        self.command += word;
    }

    fn flag(&mut self, flag: &str, value: &str) {
        self.word(flag);
        self.word(&shell(value));
    }

    fn number(&mut self, flag: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.flag(flag, &value.to_string());
        }
    }
}

/// A word as a POSIX shell reads it.
fn shell(word: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+".contains(c);
    // A word that begins with a dash would be read as a flag.
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(is_safe) {
        return word.to_string();
    }
    let word = word.trim_start_matches('-');
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A text as Python reads it.
fn python(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("\"{}\"", plain.replace('\\', r"\\").replace('"', "\\\""))
}
