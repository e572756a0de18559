//! `ridgepoint finetune`: the memory of each device while weights are trained.

use std::io::{self, Write};

use clap::ValueEnum;
use ridgepoint_calculator::finetune::Finetuning;
use ridgepoint_core::training::{self, AdapterTargets, Trained, Training};
use serde_json::json;

use crate::{Problem, estimate, text};

/// What to train and how to print it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A query such as "model=llama-3.1-8b&gpu=rtx-4090&w=nf4&batch=2&in=2048": sequences on each device and their tokens
    query: String,
    /// Train adapters of this rank instead of all weights (LoRA; QLoRA with weights in 4 bit)
    #[arg(long, value_name = "RANK")]
    lora: Option<u64>,
    /// What the adapters are added to
    #[arg(long, value_enum, default_value = "query-value")]
    targets: Targets,
    /// Drop inputs of the adapters at random
    #[arg(long)]
    dropout: bool,
    /// The optimiser
    #[arg(long, value_enum, default_value = "adamw")]
    optimizer: Optimizer,
    /// Keep trained weights and moments in 32 bit beside 16-bit weights
    #[arg(long)]
    mixed: bool,
    /// ZeRO stage: what the devices deal out among each other; 3 is FSDP
    #[arg(long, value_name = "STAGE", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=3))]
    zero: u8,
    /// What waits in the memory of the host
    #[arg(long, value_enum, default_value = "none")]
    offload: Offload,
    /// Keep only what enters a layer and compute the rest again
    #[arg(long)]
    checkpointing: bool,
    /// Use each gradient as soon as it is known
    #[arg(long)]
    fused_update: bool,
    /// Let a compiler join element-wise work
    #[arg(long)]
    compiled: bool,
    /// Parts in which the loss is computed
    #[arg(long, value_name = "PARTS", default_value_t = 1)]
    loss_chunks: u64,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Targets {
    QueryValue,
    Attention,
    AllLinear,
}

#[derive(Clone, Copy, ValueEnum)]
enum Optimizer {
    Sgd,
    Adamw,
    #[value(name = "adamw-8bit")]
    Adamw8Bit,
}

#[derive(Clone, Copy, ValueEnum)]
enum Offload {
    None,
    States,
    All,
}

impl Arguments {
    fn training(&self) -> Training {
        let on = match self.targets {
            Targets::QueryValue => AdapterTargets::QueryAndValue,
            Targets::Attention => AdapterTargets::Attention,
            Targets::AllLinear => AdapterTargets::AllLinear,
        };
        Training {
            trained: self.lora.map_or(Trained::All, |rank| Trained::Adapters { rank, on, dropout: self.dropout }),
            optimizer: match self.optimizer {
                Optimizer::Sgd => training::Optimizer::Sgd,
                Optimizer::Adamw => training::Optimizer::AdamW,
                Optimizer::Adamw8Bit => training::Optimizer::AdamW8Bit,
            },
            mixed: self.mixed,
            zero: match self.zero {
                0 => training::Zero::None,
                1 => training::Zero::States,
                2 => training::Zero::Gradients,
                _ => training::Zero::Weights,
            },
            offload: match self.offload {
                Offload::None => training::Offload::None,
                Offload::States => training::Offload::States,
                Offload::All => training::Offload::All,
            },
            checkpointing: self.checkpointing,
            fused_update: self.fused_update,
            compiled: self.compiled,
            loss_chunks: self.loss_chunks,
            ..Training::default()
        }
    }
}

/// Prints what each device holds.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Problem> {
    let mut out = io::stdout().lock();
    let link = estimate::read(&arguments.query, None)?;
    let finetuning = Finetuning::of(&link.scenario, arguments.training());
    if !arguments.json {
        let table = finetuning.table();
        writeln!(out, "{}\n{}", table.caption, text::table(&table))?;
        for notice in &link.notices {
            writeln!(out, "notice: {notice}")?;
        }
        return Ok(());
    }
    let memory = finetuning.memory;
    let view = json!({
        "schema": 1,
        "trained_parameters": finetuning.trained,
        "weights_bytes": memory.weights.get(),
        "gradient_bytes": memory.gradients.get(),
        "optimizer_bytes": memory.states.get(),
        "activation_bytes": memory.activations.get(),
        "loss_bytes": memory.loss.get(),
        "gathered_bytes": memory.gathered.get(),
        "allocated_bytes": memory.total().get(),
        "context_bytes": finetuning.context.get(),
        "total_bytes": finetuning.total().get(),
        "usable_bytes": finetuning.usable.map(|usable| usable.get()),
        "headroom_bytes": finetuning.headroom(),
        "fits": finetuning.headroom().map(|headroom| headroom >= 0),
        "notices": link.notices.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    writeln!(out, "{view:#}")?;
    Ok(())
}
