//! A server that answers like a hub of models, on a port of its own, and writes down what it was asked.
//!
//! The repository decides how it answers: `org/gated` refuses, `org/slow` takes its time, and so on.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, thread};

use crate::Trouble;

/// A file larger than any machine's memory.
pub const HUGE: u64 = 1 << 40;

/// How long `org/slow` takes.
pub const SLOW: Duration = Duration::from_millis(1500);

/// The configuration of `org/name`: one that no catalogue has.
pub const CONFIG: &str = r#"{
  "model_type": "llama", "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 6,
  "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 32000, "tie_word_embeddings": false,
  "max_position_embeddings": 4096, "torch_dtype": "bfloat16"
}"#;

/// The same with another width: what a second answer is told apart by.
pub const OTHER_CONFIG: &str = r#"{
  "model_type": "llama", "hidden_size": 1024, "intermediate_size": 1536, "num_hidden_layers": 6,
  "num_attention_heads": 8, "num_key_value_heads": 2, "vocab_size": 32000, "tie_word_embeddings": false,
  "max_position_embeddings": 4096, "torch_dtype": "bfloat16"
}"#;

/// A hub, which answers until the tests end.
#[derive(Debug)]
pub struct Hub {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    /// Starts a hub on a free port.
    pub fn start() -> Result<Self, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let hub = Self { address: listener.local_addr()?, asked: Arc::default() };
        let asked = Arc::clone(&hub.asked);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let asked = Arc::clone(&asked);
                // A browser may leave in the middle of an answer; some tests make it.
                thread::spawn(move || drop(answer(&connection, &asked)));
            }
        });
        Ok(hub)
    }

    /// Its address, without a slash at the end.
    pub fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked until now: method, path and range.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A file of `tests/cases/headers`.
pub fn case(name: &str) -> Result<PathBuf, Trouble> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("run the tests with: cargo xtask test")?;
    Ok(Path::new(&package).join("cases").join("headers").join(name))
}

/// An answer: status, headers, and what follows them.
struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
    /// What the length says, where it is not that of the body.
    claims: Option<u64>,
}

impl Answer {
    fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: "Access-Control-Allow-Origin: *\r\n".into(), body: body.into(), claims: None }
    }

    fn with(mut self, header: &str) -> Self {
        self.headers += &format!("{header}\r\n");
        self
    }
}

fn answer(connection: &TcpStream, asked: &Mutex<Vec<String>>) -> io::Result<()> {
    connection.set_read_timeout(Some(Duration::from_secs(30)))?;
    connection.set_write_timeout(Some(Duration::from_secs(30)))?;
    let mut lines = BufReader::new(connection).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut range = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            range = name.eq_ignore_ascii_case("range").then(|| value.to_owned()).or(range);
        }
    }
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let note = [Some(method), Some(path), range.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(note);

    let Answer { status, headers, body, claims } =
        if method == "GET" { answer_to(path, range.as_deref()) } else { Answer::new("405 Method Not Allowed", "") };
    let length = claims.unwrap_or(body.len() as u64);
    let mut connection = connection;
    write!(connection, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n")?;
    connection.write_all(&body)?;
    // The rest of a longer file, as long as anybody listens.
    let zeros = [0; 1 << 16];
    let mut sent = body.len() as u64;
    while sent < length {
        connection.write_all(&zeros)?;
        sent += zeros.len() as u64;
    }
    connection.flush()
}

fn answer_to(path: &str, range: Option<&str>) -> Answer {
    let file = path.rsplit('/').next().unwrap_or_default();
    let repository = path.split("/resolve/").next().unwrap_or_default();
    match repository {
        "/org/name" => Answer::new("200 OK", CONFIG),
        "/org/other" => Answer::new("200 OK", OTHER_CONFIG),
        "/org/moved" => Answer::new("307 Temporary Redirect", "").with("Location: /org/other/resolve/main/config.json"),
        "/org/gated" => Answer::new("401 Unauthorized", "{}"),
        "/org/refused" => Answer::new("403 Forbidden", "{}"),
        "/org/busy" => Answer::new("429 Too Many Requests", ""),
        "/org/broken" => Answer::new("503 Service Unavailable", ""),
        "/org/page" => Answer::new("200 OK", "<!doctype html><title>Sign in</title>"),
        "/org/odd" => Answer::new("200 OK", r#"{ "model_type": "<b id=injected>x</b>" }"#),
        "/org/large" => Answer { claims: Some(HUGE), ..Answer::new("200 OK", "{") },
        "/org/closed" => Answer { headers: String::new(), ..Answer::new("200 OK", CONFIG) },
        "/org/slow" => {
            thread::sleep(SLOW);
            Answer::new("200 OK", CONFIG)
        }
        "/org/weights" => part_of(file, range),
        // What a plain server does with a range: nothing.
        "/org/whole" => Answer { claims: Some(HUGE), ..Answer::new("200 OK", bytes_of(file)) },
        _ => Answer::new("404 Not Found", "not found"),
    }
}

/// A header as the official packages write it.
fn bytes_of(file: &str) -> Vec<u8> {
    case(file).and_then(|path| Ok(fs::read(path)?)).unwrap_or_default()
}

/// A part of a file that starts like one of the cases and goes on for long.
fn part_of(file: &str, range: Option<&str>) -> Answer {
    let ends = range.and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let Some((Ok(from), Ok(to))) = ends.map(|(from, to)| (from.parse::<usize>(), to.parse::<usize>())) else {
        return Answer { claims: Some(HUGE), ..Answer::new("200 OK", "") };
    };
    let mut bytes = bytes_of(file);
    bytes.resize(bytes.len().max(to + 1), 0);
    let part = bytes.get(from..=to).unwrap_or_default();
    Answer::new("206 Partial Content", part).with(&format!("Content-Range: bytes {from}-{to}/{HUGE}"))
}
