//! What clients read, taken apart to see whether it is RESP.

/// What some bytes are.
pub(super) enum Speech {
    /// Replies, the last of them complete.
    Whole,
    /// The last one is not complete.
    Cut,
    /// From this byte on it is no RESP.
    Malformed(usize),
}

/// Reads replies to the end.
pub(super) fn read_all(bytes: &[u8]) -> Speech {
    let mut reader = Reader { bytes, at: 0 };
    while reader.at < bytes.len() {
        match reader.reply() {
            Ok(()) => {}
            Err(None) => return Speech::Cut,
            Err(Some(at)) => return Speech::Malformed(at),
        }
    }
    Speech::Whole
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// `None` for bytes that are not there, otherwise the place of one that should not be.
type Result<T> = std::result::Result<T, Option<usize>>;

impl<'a> Reader<'a> {
    /// Replies are as deep as what a database or a script makes, which has limits.
    fn reply(&mut self) -> Result<()> {
        let start = self.at;
        let kind = *self.bytes.get(start).ok_or(None)?;
        self.at += 1;
        let line = self.line()?;
        match kind {
            b'+' | b'-' => Ok(()),
            b':' => number(line).map(drop).ok_or(Some(start)),
            b'_' if line.is_empty() => Ok(()),
            b'#' if matches!(line, b"t" | b"f") => Ok(()),
            b',' if !line.is_empty() => Ok(()),
            b'(' if !line.is_empty() => Ok(()),
            b'$' | b'*' if line == b"-1" => Ok(()),
            b'$' | b'=' => self.text(length(line).ok_or(Some(start))?),
            b'*' | b'~' | b'>' => self.items(length(line).ok_or(Some(start))?),
            b'%' => self.items(2 * length(line).ok_or(Some(start))?),
            _ => Err(Some(start)),
        }
    }

    /// The rest of a line, without its end.
    fn line(&mut self) -> Result<&'a [u8]> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\r' || byte == b'\n').ok_or(None)?;
        self.at += length;
        self.line_end()?;
        Ok(&rest[..length])
    }

    fn line_end(&mut self) -> Result<()> {
        for expected in *b"\r\n" {
            match self.bytes.get(self.at) {
                None => return Err(None),
                Some(&byte) if byte == expected => self.at += 1,
                Some(_) => return Err(Some(self.at)),
            }
        }
        Ok(())
    }

    fn text(&mut self, length: usize) -> Result<()> {
        self.at = self.bytes.len().min(self.at.saturating_add(length));
        self.line_end()
    }

    fn items(&mut self, count: usize) -> Result<()> {
        (0..count).try_for_each(|_| self.reply())
    }
}

fn number(line: &[u8]) -> Option<i64> {
    std::str::from_utf8(line).ok()?.parse().ok()
}

fn length(line: &[u8]) -> Option<usize> {
    number(line)?.try_into().ok()
}
