//! Writes the catalogue as the file that the page fetches: `catalogue FILE`. A file that holds it already is left alone,
//! so that nobody who watches it builds the page again.

use std::fs;
use std::process::ExitCode;

use ridgepoint_catalog::catalogue::BYTES;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: catalogue FILE");
        return ExitCode::from(2);
    };
    if fs::read(&path).is_ok_and(|written| written == BYTES) {
        return ExitCode::SUCCESS;
    }
    match fs::write(&path, BYTES) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
