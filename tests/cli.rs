//! The command line, tested as scripts use it: the built program, its output and its exit codes.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Runs `ridgepoint` with these arguments and this standard input.
fn ridgepoint(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ridgepoint"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("the program reads its input");
    child.wait_with_output().expect("the program ends")
}

fn report(query: &str) -> Value {
    let output = ridgepoint(&["estimate", query, "--json"], "");
    assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

/// The value at a dotted path.
fn at<'a>(report: &'a Value, path: &str) -> &'a Value {
    let pointer = format!("/{}", path.replace('.', "/"));
    report.pointer(&pointer).unwrap_or_else(|| panic!("no field {path}"))
}

#[test]
fn the_report_has_every_field_of_schema_1() {
    let report = report("model=llama-3.1-8b");
    let fields = include_str!("cases/report/fields.txt");
    for field in fields.lines() {
        at(&report, field);
    }
    assert!(fields.lines().count() > 80);
}

#[test]
fn known_models_have_their_published_sizes() {
    expect(include_str!("cases/report/models.json"));
}

#[test]
fn engines_reserve_what_their_logs_say() {
    expect(include_str!("cases/report/engines.json"));
}

#[test]
fn extras_are_what_a_hand_computes() {
    expect(include_str!("cases/report/extras.json"));
}

/// Compares the report of each case with what it expects.
fn expect(cases: &str) {
    let cases: Value = serde_json::from_str(cases).expect("the cases are JSON");
    let cases = cases["cases"].as_array().expect("a list of cases");
    for case in cases {
        let query = case["query"].as_str().expect("a query");
        let report = report(query);
        for (path, expected) in case["expected"].as_object().expect("expected fields") {
            assert_eq!(at(&report, path), expected, "{query}: {path}, because {}", case["because"]);
        }
    }
    assert!(cases.len() >= 8);
}

#[test]
fn many_queries_give_one_line_each_and_bad_ones_do_not_stop_the_rest() {
    let output = ridgepoint(
        &["estimate", "--stdin"],
        "model=llama-3.1-8b\nmodel=nonsense\n\n{\"query\": \"batch=2\"}\n{broken\n",
    );
    assert!(output.status.success());
    let lines: Vec<Value> = String::from_utf8(output.stdout)
        .expect("UTF-8")
        .lines()
        .map(|line| serde_json::from_str(line).expect("each line is JSON"))
        .collect();
    let errors: Vec<bool> = lines.iter().map(|line| line.get("error").is_some()).collect();
    assert_eq!(errors, [false, true, true, false, true]);
    assert_eq!(at(&lines[3], "link").as_str().map(|link| link.contains("batch=2")), Some(true));
}

#[test]
fn what_cannot_be_read_ends_with_2_and_one_line() {
    let arguments: [&[&str]; 8] = [
        &["estimate", "two\nlines"],
        &["sweep", "gpu=abacus"],
        &["estimate", "model=no-such-model-at-all"],
        &["estimate", "gpu=abacus"],
        &["estimate", "hello"],
        &["estimate", ""],
        &["estimate"],
        &["dance"],
    ];
    for arguments in arguments {
        let output = ridgepoint(arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        let lines = String::from_utf8(output.stderr).expect("UTF-8").lines().count();
        assert_eq!(lines, 1, "{arguments:?}");
    }
    let output = ridgepoint(&["estimate", "model=lama-3.1-8b"], "");
    let line = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(line, "ridgepoint: model: “lama-3.1-8b” is not in the catalogue (did you mean llama-3.1-8b?)\n");
}

#[test]
fn odd_values_give_a_notice_and_the_nearest_valid_value() {
    let cases = [
        ("batch=0", "v=1", "batch: 0 is too small; 1 is used"),
        ("batch=-7", "batch=1", "batch: -7 is too small; 1 is used"),
        (
            "batch=99999999999999999999999999",
            "batch=1000000",
            "batch: 99999999999999999999999999 is too large; 1000000 is used",
        ),
        ("in=1e5", "in=2048", "in: “1e5” is not a whole number; 2048 is used"),
        ("batch=2&batch=3", "batch=2", "batch: given more than once; the first value is used"),
        ("kv=int3", "kv=bf16", "kv: “int3” is not known; bf16 is used"),
        ("kv=q8_0,q4_0", "kv=q8_0", "kv: only llama.cpp has a format for values; q8_0 is used for both"),
        ("engine=llama.cpp&kv=q8_0,int3", "kv=q8_0", "kv: “int3” is not known; q8_0 is used"),
        ("batc=4", "batch=1", "batc: not a setting of Ridgepoint; it is ignored"),
        ("w=%F0%9F%92%A9", "v=1", "w: “💩” is not a known weight format; the model's native one is used"),
        ("util=1.5", "util=1", "util: 1.5 is more than all of the memory; 1 is used"),
        ("tp=%ZZ", "v=1", "tp: “%ZZ” is neither a whole number nor auto; auto is used"),
        ("theme=pink", "v=1", "theme: “pink” is not known; auto is used"),
    ];
    for (query, used, notice) in cases {
        let report = report(query);
        assert_eq!(at(&report, "notices.0"), notice);
        let link = at(&report, "link").as_str().expect("a link");
        assert!(link.split('&').any(|pair| pair == used), "{query}: {link}");
    }
}

#[test]
fn a_share_link_is_a_query_too() {
    let from_link = report("https://example.org/some/path/?model=mixtral-8x7b&n=2#top");
    assert_eq!(from_link, report("model=mixtral-8x7b&n=2"));
    assert_eq!(report("https://example.org/ridgepoint/"), report("model=llama-3.1-8b"));
}

/// A model that is in no catalogue.
const CONFIG: &str = r#"{ "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 256, "intermediate_size": 512,
    "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 1000, "tie_word_embeddings": false }"#;
/// 2 x 1000 x 256 for the vocabulary, 4 layers of 2 x 256 x 256 + 2 x 64 x 256 + 3 x 256 x 512 + 2 x 256, one norm.
const CONFIG_PARAMETERS: u64 = 2 * 1000 * 256 + 4 * (2 * 256 * 256 + 2 * 64 * 256 + 3 * 256 * 512 + 2 * 256) + 256;

#[test]
fn a_configuration_takes_the_place_of_the_model() {
    for query in ["gpu=h100-sxm-80gb", "model=custom&n=2", "model=no-such-model-at-all"] {
        let line =
            serde_json::json!({ "query": query, "config": serde_json::from_str::<Value>(CONFIG).expect("JSON") });
        let output = ridgepoint(&["estimate", "--stdin"], &format!("{line}\n"));
        let read: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(at(&read, "model.parameters.total"), CONFIG_PARAMETERS);
        let output = ridgepoint(&["estimate", query, "--config", "-", "--json"], CONFIG);
        assert_eq!(read, serde_json::from_slice::<Value>(&output.stdout).expect("JSON"));
        // The link carries the configuration with it.
        let again = report(at(&read, "link").as_str().expect("a link"));
        assert_eq!(at(&again, "model.parameters.total"), CONFIG_PARAMETERS);
    }
    for broken in ["", "[]", "{\"hidden_size\": 256}", "{\"model_type\": \"new-thing\"}"] {
        let output = ridgepoint(&["estimate", "n=1", "--config", "-"], broken);
        assert_eq!(output.status.code(), Some(2), "{broken}");
    }
}

#[test]
fn lists_name_everything_that_can_be_chosen() {
    for (list, least) in [("models", 150), ("devices", 139), ("formats", 25), ("engines", 6)] {
        let output = ridgepoint(&[list, "--json"], "");
        let entries: Value = serde_json::from_slice(&output.stdout).expect("the list is JSON");
        let entries = entries.as_array().expect("a list");
        assert!(entries.len() >= least, "{list}: {}", entries.len());
        assert!(entries.iter().all(|entry| entry["id"].is_string() && entry["name"].is_string()));
        let text = String::from_utf8(ridgepoint(&[list], "").stdout).expect("UTF-8");
        assert!(entries.iter().all(|entry| text.contains(entry["id"].as_str().expect("checked above"))));
    }
}

/// Its rows are those of the charts, which have tests of their own: here it matters that they come out.
#[test]
fn a_sweep_has_a_row_for_each_doubling_and_for_the_scenario() {
    let output = ridgepoint(&["sweep", "model=llama-3.1-8b&gpu=h100-sxm-80gb&batch=24&in=3000"], "");
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).expect("text");
    let first = |start: &str| text.lines().filter(|line| line.trim_start().starts_with(start)).count();
    for row in ["16  ", "24  ", "32  ", "2,048  ", "3,000  ", "4,096  "] {
        assert_eq!(first(row), 1, "{row}: {text}");
    }
    assert!(text.contains("compute-bound"), "{text}");
}

#[test]
fn figures_are_explained_with_formula_numbers_and_sources() {
    let output = ridgepoint(&["explain", "model=llama-3.1-8b&gpu=h100-sxm-80gb"], "");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && text.contains("KV cache per token: 128 KiB (derived)"), "{text}");
    assert!(text.contains("= 32 × 8 × (128 + 128) × 2 B"), "{text}");
    assert!(text.contains("context: 512 MiB (assumed)") && text.contains("source: "), "{text}");
    assert_eq!(ridgepoint(&["explain", "gpu=abacus"], "").status.code(), Some(2));
}

#[test]
fn what_is_missing_and_what_would_fit_is_said() {
    let read = report("model=llama-3.1-70b&gpu=h100-sxm-80gb");
    let missing = at(&read, "memory.shortfall.bytes").as_i64();
    assert_eq!(at(&read, "memory.devices.0.headroom_bytes").as_i64(), missing.map(|bytes| -bytes));
    assert_eq!(at(&read, "memory.shortfall.component"), "weights");
    assert_eq!(at(&read, "memory.shortfall.component_bytes"), at(&read, "memory.devices.0.weights_bytes"));
    assert_eq!((at(&read, "capacity.best_weights"), at(&read, "capacity.best_kv")), (&"fp8".into(), &Value::Null));
    let formats = |report: &Value| report["capacity"]["best_formats"].clone();
    assert_eq!(formats(&read), serde_json::json!({ "weights": "fp8", "kv": "bf16" }));
    // 61,000 tokens in BF16 are 7.4 GiB, which do not fit beside 15.0 GiB of weights; half of that does.
    let long = report("model=llama-3.1-8b&gpu=rtx-4090&in=60000&out=1000&batch=1");
    assert_eq!(at(&long, "capacity.best_weights"), "fp8");
    assert_eq!(formats(&long), serde_json::json!({ "weights": "native", "kv": "fp8" }));
    let text = ridgepoint(&["estimate", "model=llama-3.1-70b&gpu=h100-sxm-80gb"], "").stdout;
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(text.contains("missing: 61.7 GiB on rank 0") && text.contains("Widest weights     FP8"), "{text}");
    let fits = report("model=llama-3.1-8b");
    assert_eq!(at(&fits, "memory.shortfall"), &Value::Null);
    assert_eq!((at(&fits, "capacity.best_weights"), at(&fits, "capacity.best_kv")), (&"native".into(), &"bf16".into()));
}

#[test]
fn every_command_of_the_list_of_earlier_tools_runs() {
    let commands = include_str!("../docs/SEEDS.md").split('`').filter_map(|code| code.strip_prefix("ridgepoint "));
    let mut count = 0;
    for command in commands.filter(|command| !command.contains("FILE") && !command.contains("--stdin")) {
        let arguments: Vec<&str> = command.split(' ').map(|argument| argument.trim_matches('"')).collect();
        let output = ridgepoint(&arguments, "");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.len() > 1000 && !text.contains("notice: "), "{command}: {text}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}

/// What `ridgepoint` prints as JSON.
fn printed(arguments: &[&str]) -> Value {
    let output = ridgepoint(arguments, "");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_plan_ranks_layouts_and_says_why_others_are_not_possible() {
    let deepseek = "model=deepseek-v3&gpu=h200-sxm-141gb&n=16&w=fp8&batch=64";
    let plan = printed(&["plan", deepseek, "--json"]);
    let layouts = plan["layouts"].as_array().expect("layouts");
    let output = |layout: &Value| layout["output_tokens_per_s"].as_f64().expect("a rate");
    assert!(layouts.is_sorted_by(|a, b| output(a) >= output(b)));
    let words: Vec<&str> = layouts.iter().filter_map(|layout| layout["layout"].as_str()).collect();
    assert!(words.contains(&"16 devices = 2 replicas x TP 8"), "{words:?}");
    let rejected = plan["rejected"].as_array().expect("reasons");
    let reason = |layout: &str| {
        rejected.iter().find(|rejected| rejected["layout"] == layout).map(|rejected| rejected["reason"].to_string())
    };
    assert!(reason("16 replicas").is_some_and(|reason| reason.contains("does not fit")));
    assert!(reason("TP 3").is_some_and(|reason| reason.contains("do not divide")));
    // 3 and 6 devices cannot share 64 heads of a dense model, but they can share its layers.
    for (devices, fewest) in [(3, "3 devices = PP 3"), (6, "3 devices = PP 3")] {
        let query = format!("model=llama-3.3-70b&gpu=h100-sxm-80gb&n={devices}&batch=16");
        let plan = printed(&["plan", &query, "--json"]);
        assert_eq!(at(&plan, "best.fewest-devices.layout"), fewest, "{query}");
        assert!(at(&plan, "best.latency.command").as_str().is_some_and(|command| command.starts_with("vllm serve")));
    }
    let late = printed(&["plan", deepseek, "--tpot", "0.0001", "--json"]);
    assert_eq!(at(&late, "best.throughput"), &Value::Null);
}

#[test]
fn layers_go_to_unequal_devices_in_order() {
    let plan = printed(&["plan", "model=llama-2-70b&gpu=rtx-4090:2,rtx-3090:1&engine=llama.cpp&w=q4_k_m", "--json"]);
    let placements = plan["placements"].as_array().expect("placements");
    assert_eq!(placements.len(), 2);
    for placement in placements {
        assert_eq!(placement["fits"], true);
        let stages = placement["stages"].as_array().expect("stages");
        let layers = |stage: &Value, end: &str| at(stage, &format!("layers.{end}")).as_u64().expect("a layer");
        assert_eq!(stages.iter().map(|stage| layers(stage, "1") - layers(stage, "0")).sum::<u64>(), 80);
        assert!(stages.iter().all(|stage| stage["headroom_bytes"].as_i64().is_some_and(|spare| spare >= 0)));
        assert_eq!(placement["device_map"].as_object().expect("a map").len(), 84);
    }
}

#[test]
fn devices_and_models_are_ranked_for_a_query() {
    let devices = printed(&["devices", "--for", "model=llama-3.1-8b&batch=8", "--tpot", "0.05", "--json"]);
    let devices = devices.as_array().expect("a list");
    assert_eq!(devices[0]["fits"], true);
    assert!(at(&devices[0], "within_targets.batch").as_u64() > Some(8));
    let models = printed(&["models", "--for", "gpu=rtx-4090&engine=llama.cpp&w=q4_k_m", "--json"]);
    let fits: Vec<bool> = models.as_array().expect("a list").iter().map(|model| model["fits"] == true).collect();
    assert!(fits.is_sorted_by(|a, b| a >= b) && fits.contains(&false) && fits.contains(&true));
    assert_eq!(ridgepoint(&["devices", "--for", "model=nonsense"], "").status.code(), Some(2));
    assert_eq!(ridgepoint(&["plan", "n=2", "--ttft", "soon"], "").status.code(), Some(2));
}
