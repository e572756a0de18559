//! What to fetch for what a person typed, and what to say when that fails.

use core::fmt;

use ridgepoint_calculator::numbers;
use ridgepoint_core::Bytes;
use ridgepoint_reader::headers::{gguf, index};

/// Where Hugging Face ids are looked up unless the reader names a mirror.
pub const HUB: &str = "https://huggingface.co";

/// Most bytes of a `config.json` that are read: the largest published ones list every module and have 3 MB.
pub const MOST_CONFIG_BYTES: usize = 8 << 20;

/// A file to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its address.
    pub url: String,
    /// What to call the model.
    pub name: String,
    /// Whether it is worth asking for its start alone: weights are large and begin with all that is needed. What the
    /// file really is, its first bytes tell.
    pub only_start: bool,
    /// Most bytes that are read.
    pub most: u64,
}

impl Request {
    fn new(url: String, file: &str, name: &str) -> Self {
        let lower = file.to_ascii_lowercase();
        let only_start = lower.ends_with(".gguf") || lower.ends_with(".safetensors");
        let most = if only_start {
            gguf::LONGEST_HEADER
        } else if lower.ends_with(".index.json") {
            index::LONGEST
        } else {
            MOST_CONFIG_BYTES as u64
        };
        Self { url, name: name.into(), only_start, most }
    }
}

/// What to fetch for `text`: a Hugging Face id (`org/name`, `org/name@revision`), an address on the hub, or the `https`
/// address of a file. Ids are looked up on the hub at `endpoint`, or on the public one if that is empty.
///
/// ```
/// # use ridgepoint_importer::{request, HUB};
/// let found = request("Qwen/Qwen3-8B", HUB).expect("an id");
/// assert_eq!(found.url, "https://huggingface.co/Qwen/Qwen3-8B/resolve/main/config.json");
/// let found = request("https://huggingface.co/Qwen/Qwen3-8B/tree/main", HUB).expect("a page of the hub");
/// assert_eq!(found.url, "https://huggingface.co/Qwen/Qwen3-8B/resolve/main/config.json");
/// assert!(request("ftp://example.org/config.json", HUB).is_err());
/// ```
///
/// # Errors
/// A sentence that says what is expected.
pub fn request(text: &str, endpoint: &str) -> Result<Request, String> {
    let text = text.trim();
    let endpoint = endpoint.trim().trim_end_matches('/');
    let endpoint = if endpoint.is_empty() { HUB } else { endpoint };
    if text.is_empty() {
        return Err("enter a Hugging Face id such as Qwen/Qwen3-8B, or the https address of a file".into());
    }
    for hub in [endpoint, HUB] {
        if let Some(path) = text.strip_prefix(hub).and_then(|rest| rest.strip_prefix('/')) {
            return on_hub(path, endpoint);
        }
    }
    if !text.contains("://") {
        return on_hub(text, endpoint);
    }
    check_scheme(text)?;
    Ok(file(text))
}

fn check_scheme(url: &str) -> Result<(), String> {
    match url.split_once("://") {
        Some(("https", _)) => Ok(()),
        // A mirror on this machine has no certificate.
        Some(("http", rest)) if is_this_machine(rest) => Ok(()),
        Some(_) | None => Err("the address must start with https: browsers refuse the rest".into()),
    }
}

fn is_this_machine(rest: &str) -> bool {
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    matches!(host, "localhost" | "127.0.0.1")
}

fn file(url: &str) -> Request {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let file = path.rsplit('/').next().unwrap_or(path);
    Request::new(url.into(), file, file)
}

/// A repository, a page of it or a file in it.
fn on_hub(path: &str, endpoint: &str) -> Result<Request, String> {
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_matches('/');
    let parts: Vec<&str> = path.split('/').collect();
    if !parts.iter().all(|part| is_name(part)) {
        return Err(format!("“{path}” is not a Hugging Face id: it should look like Qwen/Qwen3-8B"));
    }
    check_scheme(endpoint)?;
    let resolve = |repository: &str, revision: &str, file: &str| {
        let name = repository.rsplit('/').next().unwrap_or(repository);
        Request::new(format!("{endpoint}/{repository}/resolve/{revision}/{file}"), file, name)
    };
    match parts.as_slice() {
        [name] | [_, name] if !name.is_empty() => {
            let (repository, revision) = path.split_once('@').unwrap_or((path, "main"));
            Ok(resolve(repository, revision, "config.json"))
        }
        [organisation, name, "tree", revision, ..] => {
            Ok(resolve(&format!("{organisation}/{name}"), revision, "config.json"))
        }
        [organisation, name, "blob" | "resolve", revision, file @ ..] if !file.is_empty() => {
            Ok(resolve(&format!("{organisation}/{name}"), revision, &file.join("/")))
        }
        _ => Err(format!("“{path}” is neither a repository nor a file of the hub")),
    }
}

/// Whether a part of a path is made of the letters that repositories, revisions and files use.
fn is_name(part: &str) -> bool {
    !part.is_empty()
        && !part.starts_with('.')
        && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
}

/// Why a file could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The browser has no network.
    Offline,
    /// No answer that the page may read: a wrong name, a refusal, or a server without CORS headers. Browsers do not
    /// tell which.
    Unreachable,
    /// The server answered with this status instead of the file.
    Status(u16),
    /// The server sends whole files only, and this one is too large to fetch for its header.
    NoRange,
    /// The file is larger than any that is expected.
    TooLarge,
    /// What came is none of the files that can be read: often a page that asks to sign in.
    NotAModel,
    /// The browser cannot read a file of this machine.
    Unreadable,
}

/// How far a file has been read.
pub fn progress(name: &str, bytes: u64) -> String {
    match bytes {
        0 => format!("Waiting for {name}"),
        _ => format!("Reading {name}: {}", numbers::bytes(Bytes::new(bytes))),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offline => f.write_str("you are offline: paste the config.json instead, or try again later"),
            Self::Unreachable => f.write_str(
                "no answer that this page may read: check the address, or open the file yourself and paste it here \
                 (servers without CORS headers cannot be read from a page)",
            ),
            Self::Status(401 | 403) => f.write_str(
                "the repository is gated, private or misspelt: open it in your browser, accept its terms, and paste its \
                 config.json here",
            ),
            Self::Status(404) => {
                f.write_str("not found: check the spelling, the revision, and whether the repository has a config.json")
            }
            Self::Status(429) => f.write_str("the server asks for patience: try again in a minute, or paste the config.json"),
            Self::Status(status) => {
                write!(f, "the server answered with status {status}: try again later, or paste the config.json")
            }
            Self::NoRange => f.write_str(
                "the server cannot send a part of a file: download the file and drop it here, only its header is read",
            ),
            Self::TooLarge => f.write_str("the file is too large for a config.json: check which one it is"),
            Self::NotAModel => f.write_str(
                "this is not JSON, nor a GGUF or safetensors file: open the address in your browser to see what it \
                 sends, or paste the config.json",
            ),
            Self::Unreadable => f.write_str("the file cannot be read: choose it again, and files rather than a folder"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste_leads_to_the_file_that_they_mean() {
        let cases = [
            ("org/name", "https://huggingface.co/org/name/resolve/main/config.json"),
            ("gpt2", "https://huggingface.co/gpt2/resolve/main/config.json"),
            ("org/name@v2.0", "https://huggingface.co/org/name/resolve/v2.0/config.json"),
            (" https://huggingface.co/org/name ", "https://huggingface.co/org/name/resolve/main/config.json"),
            ("https://huggingface.co/org/name?library=x", "https://huggingface.co/org/name/resolve/main/config.json"),
            (
                "https://huggingface.co/org/name/blob/main/sub/model.gguf",
                "https://huggingface.co/org/name/resolve/main/sub/model.gguf",
            ),
            ("https://example.org/a/config.json?raw=1", "https://example.org/a/config.json?raw=1"),
            ("http://localhost:8000/model.safetensors", "http://localhost:8000/model.safetensors"),
        ];
        for (text, url) in cases {
            assert_eq!(request(text, HUB).map(|found| found.url), Ok(url.into()), "{text}");
        }
        let mirror = request("org/name", "https://mirror.example/").expect("an id");
        assert_eq!(mirror.url, "https://mirror.example/org/name/resolve/main/config.json");
    }

    #[test]
    fn what_cannot_be_fetched_is_refused_with_a_sentence() {
        for text in [
            "",
            "a b",
            "org/na me",
            "../etc",
            "org//name",
            "http://example.org/config.json",
            "javascript:alert(1)",
            "a/b/c/d",
        ] {
            assert!(request(text, HUB).is_err(), "{text}");
        }
    }

    #[test]
    fn only_the_start_of_weights_is_wanted() {
        let of_file = |file: &str| request(&format!("https://example.org/{file}"), HUB).expect(file);
        assert!(of_file("Q4_K_M.GGUF").only_start);
        assert!(of_file("model-00001-of-00002.safetensors?download=true").only_start);
        assert!(!of_file("config.json").only_start);
        assert_eq!(of_file("model.safetensors.index.json").most, index::LONGEST);
    }

    #[test]
    fn a_mirror_is_held_to_the_same_rules() {
        assert!(request("org/name", "mirror.example").is_err());
        assert!(request("org/name", "http://mirror.example").is_err());
        assert!(request("org/name", "http://localhost:8080/").is_ok());
    }
}
