//! The program that drives the browser.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Trouble;

/// A running chromedriver, which ends with its owner.
#[derive(Debug)]
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts it on a free port. Many of them start at once, and one may lose its port to another before it listens.
    pub fn start() -> Result<Self, Trouble> {
        let mut attempts = (0..3).map(|_| Self::start_once());
        attempts
            .find(Result::is_ok)
            .unwrap_or_else(|| Err("chromedriver ended three times before it had a port".into()))
    }

    fn start_once() -> Result<Self, Trouble> {
        let program = env::var_os("RIDGEPOINT_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut process = Command::new(&program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let stdout = process.stdout.take().ok_or("chromedriver has no output")?;
        let mut driver = Self { process, port: 0 };
        let mut lines = BufReader::new(stdout).lines();
        driver.port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok())
            .ok_or("chromedriver ended before it had a port")?;
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(driver)
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked to, it also removes the browser's temporary files.
        let address = (Ipv4Addr::LOCALHOST, self.port);
        let asked = TcpStream::connect(address).and_then(|mut driver| {
            driver.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
            driver.set_read_timeout(Some(Duration::from_secs(5)))?;
            driver.read_to_end(&mut Vec::new())
        });
        if asked.is_err() {
            // It may have ended by itself.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
