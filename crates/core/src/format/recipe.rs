//! What `llama-quantize` makes of each tensor: the recipes behind the GGUF file types.
//!
//! The rules are those of `llama_tensor_get_type_impl` in llama.cpp's `src/llama-quant.cpp` at 007dbbf3fd17. Types that
//! `llama-quantize` refuses to make without an importance matrix, and IQ3_XXS, are made with one; all others without,
//! as in the table of `tools/quantize/README.md`.

use super::ggml::GgmlType;
use super::gguf::{GgufFile, GgufRules};

/// What a tensor is to a recipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The head, or the embedding that serves as one.
    Output,
    /// Lookup tables of tokens.
    TokenEmbedding,
    /// `attn_v`, or `attn_qkv` where the three are one tensor.
    Value,
    /// `attn_k`.
    Key,
    /// `attn_q`.
    Query,
    /// `attn_output`.
    AttentionOutput,
    /// `ffn_down`: dense, of all experts or of a shared one.
    Down,
    /// `ffn_gate` and `ffn_up`.
    GateOrUp,
    /// Any other matrix.
    Other,
}

/// What the recipes ask about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub(crate) file: GgufFile,
    pub(crate) rules: GgufRules,
    /// Whether at least four query heads share a key.
    pub(crate) grouped_by_four: bool,
    /// Routed experts.
    pub(crate) experts: u64,
}

/// What the recipes ask about a layer's place in the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// How many value projections come before, up to 4.
    pub(crate) values_before: u64,
    /// Whether its value projection is among the half that gets more bits.
    pub(crate) value_is_chosen: bool,
    /// Whether its down projection is.
    pub(crate) down_is_chosen: bool,
    /// Whether that is in the first eighth.
    pub(crate) down_in_first_eighth: bool,
    /// Whether it is in the first sixteenth.
    pub(crate) down_in_first_sixteenth: bool,
    /// How many of the layer's down projections are among the first eighth where every one of them counts.
    pub(crate) early_downs: u64,
    /// Whether the layer is neither in the first nor in the last eighth.
    pub(crate) is_middle: bool,
}

/// One tensor of a layer as a recipe sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) part: Part,
    /// Values in a row.
    pub(crate) inputs: u64,
    /// Whether it holds several matrices.
    pub(crate) stacked: bool,
    /// How many of its layer's down projections come before it.
    pub(crate) nth_down: u64,
}

/// Whether the `i`-th of `n` gets more bits: all of the first and last eighth and every third between
/// (`use_more_bits`).
pub(crate) const fn is_chosen(i: u64, n: u64) -> bool {
    i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2
}

impl Recipe {
    /// The type of a tensor in a layer at `place`. Tensors outside the layers have none.
    pub(crate) fn choose(&self, subject: Subject, place: Place) -> GgmlType {
        let default = self.file.default_type();
        if default.is_plain() {
            return default;
        }
        let wanted = if subject.part == Part::Output {
            self.output(subject.inputs)
        } else if self.file == GgufFile::Mxfp4Moe {
            if subject.stacked { GgmlType::Mxfp4 } else { GgmlType::Q8_0 }
        } else if self.is(&NARROW) {
            self.narrow(subject, place)
        } else {
            match subject.part {
                Part::Output | Part::Other => default,
                Part::TokenEmbedding => self.embedding(),
                Part::Value => self.value(place),
                Part::Key if self.experts == 8 => GgmlType::Q8_0,
                Part::Key | Part::Query => self.first(&[
                    (self.is(&[GgufFile::Iq3Xs]), GgmlType::Iq3Xxs),
                    (self.is(&[GgufFile::Iq3Xxs]), GgmlType::Iq2S),
                ]),
                Part::AttentionOutput => self.attention_output(),
                Part::Down => self.down(place),
                Part::GateOrUp => self.first(&[(self.is(&[GgufFile::Iq3Xs]) && place.is_middle, GgmlType::Iq3Xxs)]),
            }
        };
        wanted.for_rows_of(subject.inputs)
    }

    fn is(&self, files: &[GgufFile]) -> bool {
        files.contains(&self.file)
    }

    /// The type behind the first rule that holds, else the default.
    fn first(&self, rules: &[(bool, GgmlType)]) -> GgmlType {
        rules.iter().find(|(holds, _)| *holds).map_or(self.file.default_type(), |&(_, kind)| kind)
    }

    fn output(&self, inputs: u64) -> GgmlType {
        use GgufFile::{Iq1M, Iq1S, Iq2M, Iq2S, Iq2Xs, Iq2Xxs, Iq3Xxs, Mxfp4Moe, Q8_0};
        let broken = !inputs.is_multiple_of(self.file.default_type().block().0);
        self.first(&[
            (self.is(&[Mxfp4Moe]) || self.rules == GgufRules::Falcon || broken, GgmlType::Q8_0),
            (self.is(&[Iq1S, Iq1M, Iq2Xxs, Iq2Xs, Iq2S, Iq2M, Iq3Xxs]), GgmlType::Q5K),
            (!self.is(&[Q8_0]), GgmlType::Q6K),
        ])
    }

    fn embedding(&self) -> GgmlType {
        use GgufFile::{Iq1M, Iq1S, Iq2M, Iq2S, Iq2Xs, Iq2Xxs, Iq3Xxs, Q2_0, Tq1_0, Tq2_0};
        self.first(&[
            (self.is(&[Iq1S, Iq1M, Iq2Xxs, Iq2Xs]), GgmlType::Q2K),
            (self.is(&[Iq2S, Iq2M, Iq3Xxs]), GgmlType::Iq3S),
            (self.is(&[Tq1_0, Tq2_0, Q2_0]), GgmlType::Q4K),
        ])
    }

    /// The file types below 3 bit have rules of their own.
    fn narrow(&self, subject: Subject, place: Place) -> GgmlType {
        use GgufFile::{Iq1M, Iq1S, Iq2M, Iq2S};
        let default = self.file.default_type();
        let better = if self.is(&[Iq2S, Iq2M]) { GgmlType::Iq3S } else { GgmlType::Q2K };
        match subject.part {
            Part::TokenEmbedding => self.embedding(),
            Part::Value => self.first(&[(self.grouped_by_four || self.experts >= 4, GgmlType::Q4K), (true, better)]),
            Part::Key => self.first(&[(self.experts == 8, GgmlType::Q4K)]),
            Part::Down => self.first(&[(subject.nth_down < place.early_downs, better)]),
            Part::AttentionOutput => self.first(&[
                (self.experts == 8, GgmlType::Q5K),
                (self.is(&[Iq1S, Iq1M]), GgmlType::Iq2Xxs),
                (self.is(&[Iq2S, Iq2M]), GgmlType::Iq3S),
            ]),
            Part::Output | Part::Query | Part::GateOrUp | Part::Other => default,
        }
    }

    fn value(&self, place: Place) -> GgmlType {
        use GgufFile::{Iq3M, Iq3S, Iq3Xs, Iq3Xxs, Iq4Nl, Iq4Xs, Q2K, Q2KS, Q3KL, Q3KM, Q4KM, Q4KS, Q5KM};
        let grouped = self.grouped_by_four;
        let chosen = self.first(&[
            (self.is(&[Q2K, Q2KS, Iq3Xxs, Iq3Xs, Iq3S]) && grouped, GgmlType::Q4K),
            (self.is(&[Q2K]), GgmlType::Q3K),
            (self.is(&[Q3KM]) && place.values_before < 2, GgmlType::Q5K),
            (self.is(&[Q3KM, Iq3M]), GgmlType::Q4K),
            (self.is(&[Q3KL]), GgmlType::Q5K),
            (self.is(&[Iq4Nl, Iq4Xs]) && grouped, GgmlType::Q5K),
            (self.is(&[Q4KM, Q5KM]) && place.value_is_chosen, GgmlType::Q6K),
            (self.is(&[Q4KS]) && place.values_before < 4, GgmlType::Q5K),
        ]);
        // Eight query heads share a key in a 70B, so its value projections are small and worth the bits.
        let promoted = self.rules == GgufRules::SeventyB && matches!(chosen, GgmlType::Q3K | GgmlType::Q4K);
        match (self.experts == 8, promoted) {
            (true, _) => GgmlType::Q8_0,
            (false, true) => GgmlType::Q5K,
            (false, false) => chosen,
        }
    }

    fn attention_output(&self) -> GgmlType {
        use GgufFile::{Iq3M, Iq3S, Iq3Xs, Iq3Xxs, Iq4Nl, Iq4Xs, Q2K, Q3KL, Q3KM, Q3KS, Q4KM, Q4KS};
        if self.rules == GgufRules::Falcon {
            return self.first(&[(self.is(&[Q3KL]), GgmlType::Q4K)]);
        }
        if self.experts == 8 {
            let better = [Q2K, Iq3Xs, Iq3Xxs, Q3KS, Q3KM, Iq4Nl, Q4KS, Q4KM, Iq3S, Iq3M, Iq4Xs];
            return self.first(&[(self.is(&better), GgmlType::Q5K)]);
        }
        self.first(&[
            (self.is(&[Q2K]), GgmlType::Q3K),
            (self.is(&[Iq3Xxs]), GgmlType::Iq3S),
            (self.is(&[Q3KM, Iq3M]), GgmlType::Q4K),
            (self.is(&[Q3KL]), GgmlType::Q5K),
        ])
    }

    fn down(&self, place: Place) -> GgmlType {
        use GgufFile::{Iq3M, Iq4Nl, Iq4Xs, Q2K, Q2KS, Q3KL, Q3KM, Q4KM, Q4KS, Q5KM};
        let falcon = self.rules == GgufRules::Falcon;
        let Place { down_is_chosen: chosen, down_in_first_eighth: eighth, down_in_first_sixteenth: sixteenth, .. } =
            place;
        self.first(&[
            (self.is(&[Q2K]), GgmlType::Q3K),
            (self.is(&[Q2KS]) && eighth, GgmlType::Q4K),
            (self.is(&[Q3KM]) && sixteenth, GgmlType::Q5K),
            (self.is(&[Q3KM]) && (!falcon || chosen), GgmlType::Q4K),
            (self.is(&[Iq3M]) && (eighth || self.experts == 8 && chosen), GgmlType::Q4K),
            (self.is(&[Q3KL]), if falcon { GgmlType::Q4K } else { GgmlType::Q5K }),
            (self.is(&[Q4KM]) && falcon && chosen && !sixteenth, GgmlType::Q5K),
            (self.is(&[Q4KM, Q5KM]) && chosen, GgmlType::Q6K),
            (self.is(&[Iq4Nl, Iq4Xs]) && eighth, GgmlType::Q5K),
            (self.is(&[Q4KS]) && !falcon && eighth, GgmlType::Q5K),
        ])
    }
}

/// The file types with rules of their own for every tensor of a layer.
const NARROW: [GgufFile; 6] =
    [GgufFile::Iq1S, GgufFile::Iq1M, GgufFile::Iq2Xxs, GgufFile::Iq2Xs, GgufFile::Iq2S, GgufFile::Iq2M];
