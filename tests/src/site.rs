//! A web server for the built page: as plain as the hosts that it will live on.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs, thread};

use crate::Trouble;

/// Where the page is served a second time, as it is on a host that gives each project a folder.
pub const SUB_PATH: &str = "/sub/path/";

/// Where a page of somebody else is served, which shows the calculator of its own query in a frame.
pub const HOST_PAGE: &str = "/elsewhere/host.html";

/// The built page, served on this machine until the tests end.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
}

impl Site {
    /// Serves `dist/` at `/` and at [`SUB_PATH`], from one server for all tests of a program.
    pub fn of_dist() -> Result<&'static Self, Trouble> {
        static SITE: OnceLock<Result<Site, String>> = OnceLock::new();
        SITE.get_or_init(|| Self::start().map_err(|error| error.to_string()))
            .as_ref()
            .map_err(|reason| reason.clone().into())
    }

    /// The address of a path of the site, which begins with a slash.
    pub fn address_of(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn start() -> Result<Self, Trouble> {
        // Cargo sets it for the programs that it runs, so that a moved repository finds its new place.
        let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("run the tests with: cargo xtask test")?;
        let dist = Path::new(&package).join("..").join("dist");
        if !dist.join("index.html").is_file() {
            return Err("dist/ has no page. Build it with: cargo xtask build".into());
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let dist = dist.clone();
                // A browser opens connections that it never uses or leaves early; that is no error of the page.
                thread::spawn(move || drop(answer(&connection, &dist)));
            }
        });
        Ok(Self { address })
    }
}

fn answer(connection: &TcpStream, dist: &Path) -> io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }

    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let file = file_of(target, dist).filter(|file| file.is_file());
    let (status, kind, body) = match (method, file) {
        ("GET", _) if target.split('?').next() == Some(HOST_PAGE) => {
            ("200 OK", "text/html; charset=utf-8", include_bytes!("pages/host.html").to_vec())
        }
        ("GET" | "HEAD", Some(file)) => ("200 OK", media_type(&file), fs::read(file)?),
        ("GET" | "HEAD", None) => ("404 Not Found", "text/plain", b"not found".to_vec()),
        _ => ("405 Method Not Allowed", "text/plain", Vec::new()),
    };

    let mut connection = connection;
    write!(connection, "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n", body.len())?;
    write!(connection, "Cache-Control: no-cache\r\nConnection: close\r\n\r\n")?;
    if method != "HEAD" {
        connection.write_all(&body)?;
    }
    connection.flush()
}

/// The file that a request asks for, if it lies inside the folder.
fn file_of(target: &str, dist: &Path) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?;
    let path = path.strip_prefix(SUB_PATH).or_else(|| path.strip_prefix('/'))?;
    let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
    let name = if path.is_empty() || path.ends_with('/') { "index.html" } else { "" };
    inside.then(|| dist.join(format!("{path}{name}")))
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        // A browser compiles WebAssembly while it arrives only if it is called by this name.
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
