//! What constants predict that were fitted without a case's own sweep, for every case.

use std::thread;

use ridgepoint_catalog::calibration::Cell;

use crate::accuracy::{self, Miss};
use crate::cases::{Case, FOLDS, HELD_OUT};
use crate::cells;
use crate::effects::Effects;
use crate::kernels::Kernel;

/// Constants fitted without each part of the cases, in the order of the parts; the published ones are the first.
pub(crate) fn fit(cases: &[Case], kernels: &[Kernel]) -> Vec<Vec<Cell>> {
    let of = |held_out| cells::of(cases, held_out, &Effects::of(cases, kernels, held_out));
    thread::scope(|scope| {
        let fits: Vec<_> = (0..FOLDS).map(|part| scope.spawn(move || of((part + HELD_OUT) % FOLDS))).collect();
        fits.into_iter().map(|fit| fit.join().unwrap_or_default()).collect()
    })
}

/// What each case misses with the constants that were fitted without its part.
pub(crate) fn misses<'a>(cases: &'a [Case], fits: &[Vec<Cell>]) -> Vec<Miss<'a>> {
    let cells =
        |case: &Case| fits.get(((case.fold + FOLDS - HELD_OUT) % FOLDS) as usize).map_or(&[][..], Vec::as_slice);
    cases.iter().map(|case| accuracy::miss_of(case, cells(case))).collect()
}
