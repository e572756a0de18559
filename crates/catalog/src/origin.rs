//! Where the figures of engines come from, as the catalogue stores it.

use ridgepoint_core::packed_struct;

/// Where a figure comes from, from a version on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The figure, as in `data/engines`.
    pub(crate) name: &'static str,
    /// The first version that it holds for, as [`version_number`](crate::version_number) has it.
    pub(crate) since: u64,
    /// How it is known, by its place in `Basis::ALL`.
    pub(crate) basis: u8,
    /// Who says so.
    pub(crate) source: &'static str,
}

packed_struct! { static Origin { name, since, basis, source } }
