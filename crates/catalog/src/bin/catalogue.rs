//! Writes the catalogue as the file that the page fetches: `catalogue FILE`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: catalogue FILE");
        return ExitCode::from(2);
    };
    match std::fs::write(&path, ridgepoint_catalog::catalogue::BYTES) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
