//! `screenshots [--whole] [QUERY ...]`: pictures of the built page, to be looked at by a person.
//!
//! Each query (`view=memory&batch=16`, a question mark before it is allowed) is shown in three sizes, light and dark.
//! `--whole` takes the page from top to bottom instead of what the window shows.

use std::process::ExitCode;

use ridgepoint_tests::Trouble;
use ridgepoint_tests::browser::{Browser, save, shots_folder};
use ridgepoint_tests::screen::Screen;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match take_pictures().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn take_pictures() -> Result<(), Trouble> {
    let mut queries: Vec<String> = std::env::args().skip(1).collect();
    let whole = queries.iter().any(|argument| argument == "--whole");
    queries.retain(|argument| argument != "--whole");
    if queries.is_empty() {
        queries.push(String::new());
    }

    let folder = shots_folder().ok_or("RIDGEPOINT_SHOTS names no folder for the pictures")?;
    let browser = Browser::start().await?;
    let mut faults = 0;
    for query in &queries {
        for (size, embedded) in [(Screen::DESKTOP, false), (Screen::PHONE, false), (Screen::EMBED, true)] {
            for screen in [size, size.dark()] {
                match take_picture(&browser, query, screen, embedded, whole).await {
                    Ok((name, png, errors)) => {
                        println!("{}", save(&folder, &name, &png)?.display());
                        errors.iter().for_each(|error| println!("    {error}"));
                        faults += errors.len();
                    }
                    Err(error) => {
                        println!("{query} {}x{}: {error}", screen.width, screen.height);
                        faults += 1;
                    }
                }
            }
        }
    }
    browser.close().await?;
    if faults == 0 { Ok(()) } else { Err(format!("errors in the page: {faults}").into()) }
}

async fn take_picture(
    browser: &Browser,
    query: &str,
    screen: Screen,
    embedded: bool,
    whole: bool,
) -> Result<(String, Vec<u8>, Vec<String>), Trouble> {
    let query = query.trim_start_matches('?');
    let embed = match (embedded, query) {
        (false, _) => "",
        (true, "") => "embed=1",
        (true, _) => "&embed=1",
    };
    let page = browser.open(&format!("/?{query}{embed}"), screen).await?;
    let png = if whole { page.whole_picture().await? } else { page.picture().await? };
    let name = format!("{}-{}x{}-{}", file_name(query), screen.width, screen.height, screen.scheme.css());
    Ok((name, png, page.errors().await?))
}

/// A query as the beginning of a file name.
fn file_name(query: &str) -> String {
    if query.is_empty() {
        return "default".to_owned();
    }
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || ".=-".contains(letter) { letter } else { '_' };
    query.chars().take(80).map(plain).collect()
}
