//! A client of the Redis protocol that does as little as can be.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, bail};

/// Where a database is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    /// What its connections say first.
    pub(crate) greeting: Vec<String>,
}

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    sending: Vec<u8>,
}

impl Client {
    pub(crate) fn connect(place: &Place) -> Result<Self> {
        let stream = TcpStream::connect(place.address)?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream: BufReader::new(stream), sending: Vec::new() };
        let greeting: Vec<&[u8]> = place.greeting.iter().map(String::as_bytes).collect();
        if !greeting.is_empty() {
            client.run(&greeting)?;
        }
        Ok(client)
    }

    /// Runs one command; an error is an error. The text of its reply, if that is one string or number.
    pub(crate) fn run(&mut self, words: &[&[u8]]) -> Result<Vec<u8>> {
        self.queue(words);
        self.flush()?;
        self.read()
    }

    /// Adds a command to what [`flush`](Self::flush) sends.
    pub(crate) fn queue(&mut self, words: &[&[u8]]) {
        self.sending.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.sending.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            self.sending.extend_from_slice(word);
            self.sending.extend_from_slice(b"\r\n");
        }
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        self.stream.get_mut().write_all(&self.sending)?;
        self.sending.clear();
        Ok(())
    }

    pub(crate) fn read(&mut self) -> Result<Vec<u8>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the server closed the connection");
        }
        let (kind, text) = line.trim_end().split_at(1);
        match kind {
            "+" | ":" => Ok(text.as_bytes().to_vec()),
            "$" if text == "-1" => Ok(Vec::new()),
            "$" => {
                let mut bytes = vec![0; text.parse::<usize>()? + 2];
                self.stream.read_exact(&mut bytes)?;
                bytes.truncate(bytes.len() - 2);
                Ok(bytes)
            }
            _ => bail!("{}", line.trim_end()),
        }
    }
}
