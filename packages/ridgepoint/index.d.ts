// Sizes are bytes, times seconds, rates per second. What is not known, or does not apply, is null.

/** The report for a query, a link or settings. Throws an `Error` with one sentence if it cannot be read. */
export function estimate(input: Input): Report;
/** The layouts of the devices. Throws as `estimate` does. */
export function plan(input: Input): Plan;
/** The models of the catalogue. */
export function models(): Choice[];
/** The devices of the catalogue. */
export function devices(): Choice[];

/** The same answers as JSON text, to the byte as the command line prints them. */
export const json: {
  estimate(input: Input): string;
  plan(input: Input): string;
  models(): string;
  devices(): string;
};

/** A query such as `model=llama-3.1-8b&gpu=l40s`, a share link, or an object of either kind. */
export type Input = string | SettingsInput | QueryInput;

export interface QueryInput {
  query: string;
  /** The `config.json` of a model, which takes the place of the query's. */
  config?: object;
}

export interface SettingsInput extends Settings {
  query?: undefined;
  /** The `config.json` of a model, which takes the place of `model`. */
  config?: object;
}

/** A setting that is null or undefined is not given. */
export type Setting = string | number | bigint | boolean | null | undefined;

/** The keys of links, all optional. */
export interface Settings {
  v?: Setting;
  /** Id or alias of the catalogue. */
  model?: Setting;
  /** Id of the catalogue, or several with counts: `rtx-4090:2,rtx-3090:1`. */
  gpu?: Setting;
  /** Number of devices. */
  n?: Setting;
  /** GiB of each device, where its owner fitted the memory. */
  mem?: Setting;
  engine?: Setting;
  /** Version of the engine. */
  ev?: Setting;
  /** Format of the weights. */
  w?: Setting;
  /** Format of the KV cache. */
  kv?: Setting;
  /** Concurrent sequences. */
  batch?: Setting;
  /** Prompt tokens of each sequence. */
  in?: Setting;
  /** Output tokens of each sequence. */
  out?: Setting;
  /** Pictures in a prompt and their size: `2:1920x1080`. */
  images?: Setting;
  /** Seconds of sound in a prompt. */
  audio?: Setting;
  tp?: Setting;
  pp?: Setting;
  ep?: Setting;
  dp?: Setting;
  /** Share of a device's memory that the engine may take. */
  util?: Setting;
  /** Tokens of a forward pass. */
  chunk?: Setting;
  "max-seqs"?: Setting;
  eager?: Setting;
  fa?: Setting;
  "swa-full"?: Setting;
  kvu?: Setting;
  ngl?: Setting;
  "cpu-moe"?: Setting;
  mla?: Setting;
  prefix?: Setting;
  draft?: Setting;
  lora?: Setting;
  disagg?: Setting;
  price?: Setting;
  energy?: Setting;
  /** Longest time to first token under load, in seconds. */
  ttft?: Setting;
  /** Longest time per output token, in seconds. */
  tpot?: Setting;
  view?: Setting;
  embed?: Setting;
  theme?: Setting;
  /** What sets another scenario of the link apart. The answers are about the first. */
  [compared: `${"b" | "c" | "d"}.${string}`]: Setting;
}

export interface Choice {
  id: string;
  name: string;
  /** Publisher of a model, vendor and class of a device. */
  group: string;
  detail: string;
}

/** Schema 1. */
export interface Report {
  schema: number;
  /** The scenario as a query. */
  link: string;
  model: Model;
  memory: Memory;
  capacity: Capacity;
  latency: Latency;
  throughput: Throughput;
  roofline: Roofline;
  parallelism: Parallelism;
  extras: Extras | null;
  warnings: string[];
  /** What of the input could not be taken as it stands. */
  notices: string[];
}

export interface Model {
  id: string;
  name: string;
  parameters: Parameters;
  /** Parameters of every component by its name. */
  components: Record<string, number>;
  mtp_parameters: number;
  kv_bytes_per_token: number;
  /** Of one sequence of all prompt and output tokens. */
  kv_bytes_at_context: number;
  state_bytes_per_sequence: number;
  weights_bytes: number;
}

export interface Parameters {
  total: number;
  active: number;
  embedding: number;
  lm_head: number;
  attention: number;
  mlp: number;
  routed_experts: number;
  shared_experts: number;
  router: number;
  norms: number;
  other: number;
}

export interface Memory {
  fits: boolean | null;
  /** Weights, cache and state on all devices. */
  minimum_bytes: number;
  devices: Device[];
  shortfall: Shortfall | null;
  /** Changes that make it fit, each tried. */
  fixes: Fix[];
}

export interface Device {
  id: string;
  rank: number;
  nominal_bytes: number | null;
  usable_bytes: number | null;
  weights_bytes: number;
  kv_cache_bytes: number;
  state_bytes: number;
  activation_bytes: number;
  overhead_bytes: number;
  total_bytes: number;
  /** Negative where it does not fit. */
  headroom_bytes: number | null;
  /** Activations and overhead by the engine's own names. */
  components: Record<string, number>;
}

export interface Shortfall {
  bytes: number;
  id: string;
  rank: number;
  component: string;
  component_bytes: number;
}

export interface Fix {
  change: string;
  query: string;
  headroom_bytes: number;
}

export interface Capacity {
  kv_cache_bytes: number | null;
  kv_cache_tokens: number | null;
  max_concurrency: number | null;
  max_context_tokens: number | null;
  max_batch: number | null;
  min_devices: number | null;
  best_weights: string | null;
  best_kv: string | null;
  best_formats: { weights: string; kv: string } | null;
}

/** A prediction with the interval that holds four in five measurements, and the speed of light. */
export interface Figure {
  value: number | null;
  low: number | null;
  high: number | null;
  ideal: number | null;
}

export interface Latency {
  ttft_s: Figure;
  ttft_loaded_s: Figure;
  tpot_s: Figure;
  e2e_s: Figure;
  prefill_s: Figure;
  decode_step_s: Figure;
  static_batch_s: Figure;
}

export interface Throughput {
  output_tokens_per_s: Figure;
  output_tokens_per_s_per_device: Figure;
  tokens_per_s_per_user: Figure;
  prefill_tokens_per_s: Figure;
  max_output_tokens_per_s: Figure;
  requests_per_s: Figure;
}

export type Bound = "compute" | "memory" | "interconnect";

export interface Roofline {
  ridge_flop_per_byte: number | null;
  phases: Phase[];
}

export interface Phase {
  phase: "prefill" | "decode";
  intensity: number | null;
  attainable_flop_per_s: number | null;
  bound: Bound;
  predicted_time_s: number | null;
  predicted_step_s: number | null;
  predicted_sequences_s: number | null;
  operations: Operation[];
}

export interface Operation {
  name: string;
  count: number;
  flops: number;
  bytes: number;
  intensity: number | null;
  time_s: number;
  predicted_time_s: number | null;
  bound: Bound;
}

export interface Parallelism {
  tp: number;
  pp: number;
  ep: number;
  dp: number;
}

export interface Extras {
  prefix: {
    share: number;
    cached_tokens: number;
    read_tokens: number;
    ttft_without_s: number | null;
    prefill_without_s: number | null;
  } | null;
  draft: {
    id: string;
    tokens: number;
    acceptance: number;
    expected_tokens_per_step: number;
    tp: number;
    weights_bytes: number;
    kv_cache_bytes: number;
    decode_step_without_s: number | null;
    tpot_without_s: number | null;
    speedup: number | null;
  } | null;
  lora: { count: number; rank: number; targets: string; adapter_bytes: number; device_bytes: number } | null;
  disagg: {
    prefill_replicas: number;
    decode_replicas: number;
    devices: number;
    transfer_bytes: number;
    transfer_s: number | null;
    ttft_s: Figure;
    tpot_s: Figure;
    requests_per_s: Figure;
    prefill_requests_per_s: number | null;
    decode_requests_per_s: number | null;
    balanced_prefill_per_decode: number | null;
  } | null;
  cost: {
    usd_per_hour: number | null;
    usd_per_million_output_tokens: Figure;
    usd_per_million_input_tokens: Figure;
    quotes: {
      device: string;
      low_usd_per_hour: number;
      high_usd_per_hour: number;
      date: string;
      source: string;
    }[];
    unknown_device: string | null;
  } | null;
  energy: {
    most_watts: number | null;
    most_joules_per_output_token: Figure;
    unknown_device: string | null;
  } | null;
}

/** Schema 1. */
export interface Plan {
  schema: number;
  devices: number;
  best: Record<Objective, Best | null>;
  /** Layouts that fit, those that meet the targets first, and among them those with the most output. */
  layouts: Layout[];
  rejected: { layout: string; reason: string }[];
  /** Which layers go where, if layers are dealt out. */
  placements: Placement[];
  /** Layouts and loads of which no other is better both for each user and for each device. */
  front: Service[];
  /** The most sequences at once that each layout serves within the targets. */
  within_targets: Service[];
  notices: string[];
}

export type Objective = "latency" | "throughput" | "fewest-devices" | "cost";

export interface Best {
  layout: string;
  query: string;
  /** The command that starts the engine. */
  command: string;
  notes: string[];
}

export interface Layout {
  layout: string;
  parallelism: Parallelism;
  devices: number;
  query: string;
  headroom_bytes: number;
  ttft_loaded_s: number | null;
  tpot_s: number | null;
  e2e_s: number | null;
  tokens_per_s_per_user: number | null;
  output_tokens_per_s: number | null;
  output_tokens_per_s_per_device: number | null;
  usd_per_million_output_tokens: number | null;
  meets_targets: boolean;
  on_front: boolean;
  best_at: Objective[];
}

export interface Service {
  layout: string;
  query: string;
  batch: number;
  ttft_loaded_s: number;
  tpot_s: number;
  tokens_per_s_per_user: number;
  output_tokens_per_s: number;
  output_tokens_per_s_per_device: number;
}

export interface Placement {
  aim: "even" | "room" | "speed";
  fits: boolean | null;
  stages: Stage[];
  total_bytes: number;
  /** llama.cpp's `--tensor-split`. */
  tensor_split: string;
  /** Share of the model that each device holds. */
  split_ratio: number[];
  /** Device of each module, as accelerate names them. */
  device_map: Record<string, number>;
  max_context_tokens: number | null;
  max_batch: number | null;
  tpot_s: number | null;
  ttft_loaded_s: number | null;
  output_tokens_per_s: number | null;
}

export interface Stage {
  device: string;
  /** The first layer, and the one after the last. */
  layers: [number, number];
  total_bytes: number;
  limit_bytes: number | null;
  headroom_bytes: number | null;
}
