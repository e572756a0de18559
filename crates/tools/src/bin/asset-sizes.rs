//! `asset-sizes FOLDER`: how many bytes each file below a folder costs to send.
//!
//! One line per file, fields separated by tabs: path, raw, gzip and brotli bytes. The compressed sizes are those of
//! the strongest setting, which is what a static host that compresses ahead of time sends.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

fn main() -> ExitCode {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: asset-sizes FOLDER");
        return ExitCode::from(2);
    };
    match print_sizes(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot measure {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn print_sizes(folder: &Path) -> io::Result<()> {
    let mut files = files_below(folder)?;
    files.sort();
    for file in files {
        let bytes = fs::read(&file)?;
        let name = file.strip_prefix(folder).unwrap_or(&file);
        println!("{}\t{}\t{}\t{}", name.display(), bytes.len(), gzip(&bytes)?, brotli(&bytes)?);
    }
    Ok(())
}

fn files_below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

fn gzip(bytes: &[u8]) -> io::Result<usize> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn brotli(bytes: &[u8]) -> io::Result<usize> {
    let mut compressed = Vec::new();
    // Quality 11 and a 4 MiB window: the defaults of `brotli --best` for a file of this size.
    let strongest =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &strongest)?;
    Ok(compressed.len())
}
