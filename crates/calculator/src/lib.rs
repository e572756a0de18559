//! The calculator without a screen: from a [`Scenario`](scenario::Scenario) to a [`Report`](report::Report), a verdict,
//! bars and charts, all plain data. The page and the command line only show what is computed here.
//!
//! The way of a figure: [`link`] reads a scenario, [`deployment`] looks its names up and lays the model over devices,
//! [`report`] and [`capacity`] ask the physics, [`ladder`] and [`fixes`] try what would help, and [`verdict`], [`breakdown`],
//! [`charts`], [`operations`], [`spent`] and [`facts`] put the answers into words; [`working`] shows how figures come
//! about, and [`compare`] sets scenarios side by side. [`extras`] is what follows from drafts, adapters, prices and the like.
//! [`json`] is the same report for programs.
//!
//! From "will it run" to "run it like this": [`plan`] tries every layout, [`placement`] deals layers out over devices that
//! differ, [`launch`] words the command, [`ranking`] and [`matrix`] try other devices and models, and [`finetune`] asks what training
//! takes.

pub mod breakdown;
pub mod capacity;
pub mod chart;
pub mod charts;
pub mod compare;
pub mod custom;
pub mod deployment;
pub mod evidence;
pub mod extras;
pub mod facts;
pub mod finetune;
pub mod fixes;
pub mod grid;
pub mod ink;
pub mod json;
pub mod ladder;
pub mod launch;
pub mod link;
pub mod matrix;
pub mod media;
pub mod names;
pub mod numbers;
pub mod operations;
pub mod options;
mod order;
pub mod parameters;
pub mod placement;
pub mod plan;
pub mod prediction;
pub mod ranking;
pub mod report;
pub mod saturation;
pub mod scenario;
pub mod spent;
pub mod table;
pub mod times;
pub mod verdict;
pub mod warning;
pub mod working;
