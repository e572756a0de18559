//! Fetching a file, or its start, from an address that the reader named. Nothing else in the page uses the network.

use gloo_net::http::{Request, Response};
use js_sys::{Reflect, Uint8Array};
use ridgepoint_importer::{self as importer, Failure};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, ReadableStreamDefaultReader, RequestCredentials};

/// Adds bytes of a file to those that are already here, up to `wanted` from its start; returns whether that is all of
/// it. `progress` hears how many are here.
pub(super) async fn fetch_more(
    file: &importer::Request,
    wanted: u64,
    bytes: &mut Vec<u8>,
    signal: &AbortSignal,
    progress: &dyn Fn(u64),
) -> Result<bool, Failure> {
    let from = bytes.len() as u64;
    let mut request = Request::get(&file.url).credentials(RequestCredentials::Omit).abort_signal(Some(signal));
    if file.only_start {
        request = request.header("Range", &format!("bytes={from}-{}", wanted - 1));
    }
    let response = request.send().await.map_err(|_| unreachable())?;
    let status = response.status();
    let is_part = status == 206 && file.only_start;
    let most = match status {
        206 if file.only_start => wanted,
        200 if !file.only_start => file.most,
        // The server does not know of ranges. A file as small as a configuration can come whole.
        200 if from == 0 && length(&response).is_some_and(|length| length <= importer::MOST_CONFIG_BYTES as u64) => {
            file.most
        }
        200 => {
            give_up(&response);
            return Err(Failure::NoRange);
        }
        // It has no more bytes than are here.
        416 if from > 0 => return Ok(true),
        _ => return Err(Failure::Status(status)),
    };
    if !is_part && length(&response).is_some_and(|length| length > most) {
        give_up(&response);
        return Err(Failure::TooLarge);
    }
    let Some(body) = response.body() else { return Ok(true) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    while let Some(chunk) = next(&reader).await? {
        if bytes.len() as u64 + u64::from(chunk.length()) > most {
            // The rest stays where it is, whatever becomes of the request.
            drop(reader.cancel());
            return Err(Failure::TooLarge);
        }
        bytes.extend(chunk.to_vec());
        progress(bytes.len() as u64);
    }
    Ok(!is_part || (bytes.len() as u64) < wanted)
}

async fn next(reader: &ReadableStreamDefaultReader) -> Result<Option<Uint8Array>, Failure> {
    let step = JsFuture::from(reader.read()).await.map_err(|_| unreachable())?;
    let value = Reflect::get(&step, &JsValue::from_str("value")).unwrap_or_default();
    Ok(value.dyn_into().ok())
}

/// The length that the server announces; of a packed file it is that of the pack.
fn length(response: &Response) -> Option<u64> {
    response.headers().get("Content-Length")?.parse().ok()
}

/// Ends the transfer. What the server has sent until then is lost, and wanted by nobody.
fn give_up(response: &Response) {
    if let Some(body) = response.body() {
        drop(body.cancel());
    }
}

/// No answer: because there is no network, or for a reason that browsers do not tell.
fn unreachable() -> Failure {
    let is_online = web_sys::window().is_none_or(|window| window.navigator().on_line());
    if is_online { Failure::Unreachable } else { Failure::Offline }
}
